/*
 * check_loop.c - asyncore_loop(), asyncore_poll() and asyncore_poll2(): how
 * many passes they run, how long a pass waits, and what ends them.
 *
 * Waits are measured against the monotonic clock, with a lower bound only;
 * where a pass waits for ever, the harness ends a test that it never leaves.
 */
#include "probe.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

const char testing_suite[] = "loop";

static void
add_asked(int id, bool r, bool w)
{
	put_pair(&asked_probe_class, id, r, w);
}

/* ---- How many passes. ---- */

START_TEST(count_0_runs_no_pass)
{
	add_asked(0, true, true);
	ck_assert_int_eq(asyncore_loop(FOR_EVER, _i, map, 0), 0);
	ck_trace("");
	close_peers();
}
END_TEST

START_TEST(count_n_runs_n_passes)
{
	add_asked(0, true, false);
	ck_assert_int_eq(asyncore_loop(FOR_EVER, _i, map, 3), 0);
	ck_trace("R0 W0 r0 R0 W0 r0 R0 W0 r0");
	ck_assert_int_eq(asyncore_loop(FOR_EVER, _i, map, 1), 0);
	ck_trace("R0 W0 r0");
	close_peers();
}
END_TEST

START_TEST(poll_and_poll2_run_one_pass)
{
	add_asked(0, true, false);
	ck_assert_int_eq(asyncore_poll(FOR_EVER, map), 0);
	ck_trace("R0 W0 r0");
	ck_assert_int_eq(asyncore_poll2(FOR_EVER, map), 0);
	ck_trace("R0 W0 r0");
	close_peers();
}
END_TEST

static int reads;

static int
close_at_the_third(struct asyncore_dispatcher *d)
{
	return ++reads == 3 ? asyncore_close(d) : 0;
}

START_TEST(a_negative_count_runs_until_the_map_is_empty)
{
	static const int counts[] = { -1, -7, INT_MIN };

	reads = 0;
	add_pair(0, true, false);
	probe(0)->on_read = close_at_the_third;
	ck_assert_int_eq(asyncore_loop(FOR_EVER, false, map, counts[_i]), 0);
	ck_trace("r0 r0 r0");
	close_peers();
}
END_TEST

START_TEST(an_empty_map_ends_it_before_the_count)
{
	add_pair(0, true, false);
	probe(0)->on_read = close_self;
	ck_assert_int_eq(asyncore_loop(FOR_EVER, _i, map, 5), 0);
	ck_trace("r0");
	close_peers();
}
END_TEST

START_TEST(an_empty_map_is_not_waited_for)
{
	ck_assert_int_eq(asyncore_loop(FOR_EVER, _i, map, -1), 0);
	ck_assert_int_eq(asyncore_loop(FOR_EVER, _i, map, 2), 0);
	ck_assert_int_eq(asyncore_poll(FOR_EVER, map), 0);
	ck_assert_int_eq(asyncore_poll2(FOR_EVER, map), 0);
}
END_TEST

START_TEST(without_a_map_it_is_the_socket_map)
{
	int fds[2];

	make_pair(fds);
	ck_assert_int_eq(asyncore_loop(FOR_EVER, false, NULL, -1), 0);
	put_probe(&probe_class, 0, fds[0], NULL);
	probe(0)->w = true;
	probe(0)->on_write = close_self;
	ck_assert_int_eq(asyncore_loop(FOR_EVER, false, NULL, -1), 0);
	ck_trace("w0");
	close(fds[1]);
}
END_TEST

/* ---- How long a pass waits. ---- */

START_TEST(nothing_wanted_sleeps_the_timeout)
{
	double start;

	add_pair(0, false, false);
	start = now();
	ck_assert_int_eq(asyncore_loop(0.05, _i, map, 1), 0);
	ck_waited(start, 0.05);
	ck_trace("");
	close_peers();
}
END_TEST

START_TEST(nothing_ready_sleeps_the_timeout)
{
	char c;
	double start;

	add_pair(0, true, false);
	ck_assert_int_eq(asyncore_recv(channel[0], &c, 1), 1);
	start = now();
	ck_assert_int_eq(asyncore_loop(0.05, _i, map, 1), 0);
	ck_waited(start, 0.05);
	ck_trace("");
	close_peers();
}
END_TEST

START_TEST(each_pass_has_the_whole_timeout)
{
	double start;

	add_pair(0, false, false);
	start = now();
	ck_assert_int_eq(asyncore_loop(0.03, _i, map, 3), 0);
	ck_waited(start, 3 * 0.03);
	close_peers();
}
END_TEST

START_TEST(timeout_0_does_not_wait)
{
	static const double nothing[] = { 0.0, -0.0, 1e-9, 5e-324 };

	add_asked(0, false, false);
	ck_assert_int_eq(asyncore_loop(nothing[_i], false, map, 2), 0);
	ck_assert_int_eq(asyncore_loop(nothing[_i], true, map, 2), 0);
	ck_trace("R0 W0 R0 W0 R0 W0 R0 W0");
	close_peers();
}
END_TEST

START_TEST(timeout_0_sees_what_is_ready)
{
	add_three();
	ck_assert_int_eq(asyncore_poll(0, map), 0);
	ck_trace("r0 r1 r2 w0 w1 w2");
	close_peers();
}
END_TEST

START_TEST(a_timeout_that_is_no_number_is_refused)
{
	add_asked(0, true, true);
	ck_assert_int_eq(asyncore_loop(NAN, false, map, -1), -EINVAL);
	ck_assert_int_eq(asyncore_loop(-NAN, true, map, 0), -EINVAL);
	ck_assert_int_eq(asyncore_poll(NAN, map), -EINVAL);
	ck_assert_int_eq(asyncore_poll2(NAN, map), -EINVAL);
	ck_trace("");
	close_peers();
}
END_TEST

START_TEST(a_wait_without_end_is_ended_by_a_foreign_event)
{
	static const double ever[] = { -1, -1e-9, -INFINITY, INFINITY, 1e300 };
	struct event *ev;

	add_pair(0, false, false);
	ev = every(1000);
	ck_assert_int_eq(asyncore_loop(ever[_i], false, map, 1), 0);
	ck_trace("t");
	event_free(ev);
	close_peers();
}
END_TEST

/* Ended by an alarm then; to return would be wrong. */
static void
wait_in_child(int use_poll)
{
	const struct itimerval soon = { { 0, 0 }, { 0, 50000 } };

	if (signal(SIGALRM, SIG_DFL) == SIG_ERR ||
	    setitimer(ITIMER_REAL, &soon, NULL) != 0)
		end_child(2);
	(void)asyncore_loop(FOR_EVER, use_poll, map, 1);
	end_child(1);
}

START_TEST(a_wait_for_ever_for_nothing_does_not_return)
{
	pid_t pid;
	int status;

	add_pair(0, false, false);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		wait_in_child(_i);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGALRM);
	close_peers();
}
END_TEST

START_TEST(a_foreign_event_ends_one_pass)
{
	struct event *ev;

	add_asked(0, false, false);
	ev = every(1000);
	ck_assert_int_eq(asyncore_loop(FOR_EVER, _i, map, 2), 0);
	ck_trace("R0 W0 t R0 W0 t");
	event_free(ev);
	close_peers();
}
END_TEST

/* The timer of a pass must not be there in the next one. */
START_TEST(a_timeout_does_not_outlive_its_pass)
{
	struct event *ev;

	add_pair(0, true, false);
	ck_assert_int_eq(asyncore_poll(0.02, map), 0);
	ck_trace("r0");
	probe(0)->r = false;
	ev = every(60000);
	ck_assert_int_eq(asyncore_poll(FOR_EVER, map), 0);
	ck_trace("t");
	event_free(ev);
	close_peers();
}
END_TEST

/* ---- asyncore_stop(). ---- */

START_TEST(stop_in_a_hook_ends_it_after_the_pass)
{
	add_three();
	probe(0)->on_read = stop_map;
	ck_assert_int_eq(asyncore_loop(FOR_EVER, _i, map, -1), 0);
	ck_trace(_i ? "r0 w0 r1 w1 r2 w2" : "r0 r1 r2 w0 w1 w2");
	probe(0)->on_read = NULL;
	ck_assert_int_eq(asyncore_loop(FOR_EVER, false, map, 1), 0);
	ck_trace("r0 r1 r2 w0 w1 w2");
	close_peers();
}
END_TEST

START_TEST(stop_in_a_predicate_ends_it_after_the_pass)
{
	add_asked(0, true, false);
	probe(0)->on_writable = stop_map;
	ck_assert_int_eq(asyncore_loop(FOR_EVER, _i, map, -1), 0);
	ck_trace("R0 W0 r0");
	close_peers();
}
END_TEST

START_TEST(stop_before_the_loop_ends_the_next_one)
{
	add_asked(0, true, false);
	ck_assert_int_eq(asyncore_stop(map), 0);
	ck_assert_int_eq(asyncore_stop(map), 0);
	ck_assert_int_eq(asyncore_loop(FOR_EVER, _i, map, -1), 0);
	ck_trace("");
	ck_assert_int_eq(asyncore_loop(FOR_EVER, _i, map, 1), 0);
	ck_trace("R0 W0 r0");
	close_peers();
}
END_TEST

static void
stop_it(evutil_socket_t fd, short what, void *arg)
{
	foreign(fd, what, arg);
	ck_assert_int_eq(asyncore_stop(map), 0);
}

START_TEST(stop_in_a_foreign_callback_ends_it)
{
	add_pair(0, false, false);
	after(1000, stop_it);
	ck_assert_int_eq(asyncore_loop(FOR_EVER, _i, map, -1), 0);
	ck_trace("t");
	close_peers();
}
END_TEST

START_TEST(stop_of_the_socket_map_is_not_of_others)
{
	add_pair(0, true, false);
	ck_assert_int_eq(asyncore_stop(NULL), 0);
	ck_assert_int_eq(asyncore_poll(FOR_EVER, map), 0);
	ck_trace("r0");
	ck_assert_int_eq(asyncore_loop(FOR_EVER, false, NULL, -1), 0);
	close_peers();
}
END_TEST

/* ---- What leaves it. ---- */

static int result;

static int
answer(struct asyncore_dispatcher *d)
{
	(void)d;
	return result;
}

START_TEST(a_value_below_4095_leaves_it)
{
	static const int values[] = { ASYNCORE_EXIT_NOW, -4097, -5000,
	    INT_MIN };

	add_three();
	result = values[_i];
	probe(1)->on_read = answer;
	ck_assert_int_eq(asyncore_loop(FOR_EVER, false, map, -1), result);
	ck_trace("r0 r1");
	ck_assert_int_eq(asyncore_poll2(FOR_EVER, map), result);
	ck_trace("r0 w0 r1");
	close_peers();
}
END_TEST

START_TEST(an_error_does_not_leave_it)
{
	add_three();
	result = -4095;
	probe(1)->on_read = answer;
	probe(1)->stays = true;
	ck_assert_int_eq(asyncore_loop(FOR_EVER, false, map, 1), 0);
	ck_trace("r0 r1 e1 r2 w0 w1 w2");
	close_peers();
}
END_TEST

START_TEST(a_map_that_was_left_is_good_for_more)
{
	add_three();
	probe(0)->on_read = exit_now;
	ck_assert_int_eq(asyncore_loop(FOR_EVER, _i, map, -1),
	    ASYNCORE_EXIT_NOW);
	clear_trace();
	probe(0)->on_read = NULL;
	ck_assert_int_eq(asyncore_loop(FOR_EVER, _i, map, 2), 0);
	ck_trace(_i ? "r0 w0 r1 w1 r2 w2 r0 w0 r1 w1 r2 w2" :
	    "r0 r1 r2 w0 w1 w2 r0 r1 r2 w0 w1 w2");
	close_peers();
}
END_TEST

/* ---- libevent's own ways. ---- */

static void
break_base(evutil_socket_t fd, short what, void *arg)
{
	foreign(fd, what, arg);
	ck_assert_int_eq(event_base_loopbreak(asyncore_map_base(map)), 0);
}

static void
exit_base(evutil_socket_t fd, short what, void *arg)
{
	foreign(fd, what, arg);
	ck_assert_int_eq(event_base_loopexit(asyncore_map_base(map), NULL), 0);
}

static const event_callback_fn end_base[] = { break_base, exit_base };

START_TEST(loopbreak_and_loopexit_end_it)
{
	add_pair(0, false, false);
	after(1000, end_base[_i]);
	ck_assert_int_eq(asyncore_loop(FOR_EVER, false, map, -1), 0);
	ck_trace("t");
	close_peers();
}
END_TEST

START_TEST(a_loop_that_libevent_ended_can_be_run_again)
{
	add_pair(0, false, false);
	after(1000, end_base[_i]);
	ck_assert_int_eq(asyncore_loop(FOR_EVER, false, map, -1), 0);
	clear_trace();
	probe(0)->r = true;
	ck_assert_int_eq(asyncore_loop(FOR_EVER, false, map, 2), 0);
	ck_trace("r0 r0");
	close_peers();
}
END_TEST

static int
break_in_hook(struct asyncore_dispatcher *d)
{
	return event_base_loopbreak(asyncore_map_base(asyncore_map_of(d)));
}

static int
exit_in_hook(struct asyncore_dispatcher *d)
{
	return event_base_loopexit(asyncore_map_base(asyncore_map_of(d)),
	    NULL);
}

static const probe_action end_in_hook[] = { break_in_hook, exit_in_hook };

/* The count is there to end a test that fails. */
START_TEST(loopbreak_and_loopexit_in_a_hook_end_it)
{
	add_asked(0, true, false);
	probe(0)->on_read = end_in_hook[_i];
	ck_assert_int_eq(asyncore_loop(LONG, false, map, 20), 0);
	ck_assert_uint_le(strlen(traced()), strlen("R0 W0 r0 R0 W0 r0"));
	close_peers();
}
END_TEST

START_TEST(loopexit_with_a_time_ends_it_then)
{
	const struct timeval tv = { 0, 1000 };

	add_pair(0, false, false);
	ck_assert_int_eq(event_base_loopexit(asyncore_map_base(map), &tv), 0);
	ck_assert_int_eq(asyncore_loop(FOR_EVER, _i, map, -1), 0);
	close_peers();
}
END_TEST

static void
add_passes(TCase *tc)
{
	tcase_add_loop_test(tc, count_0_runs_no_pass, 0, 2);
	tcase_add_loop_test(tc, count_n_runs_n_passes, 0, 2);
	tcase_add_test(tc, poll_and_poll2_run_one_pass);
	tcase_add_loop_test(tc, a_negative_count_runs_until_the_map_is_empty,
	    0, 3);
	tcase_add_loop_test(tc, an_empty_map_ends_it_before_the_count, 0, 2);
	tcase_add_loop_test(tc, an_empty_map_is_not_waited_for, 0, 2);
	tcase_add_test(tc, without_a_map_it_is_the_socket_map);
}

static void
add_waits(TCase *tc)
{
	tcase_add_loop_test(tc, nothing_wanted_sleeps_the_timeout, 0, 2);
	tcase_add_loop_test(tc, nothing_ready_sleeps_the_timeout, 0, 2);
	tcase_add_loop_test(tc, each_pass_has_the_whole_timeout, 0, 2);
	tcase_add_loop_test(tc, timeout_0_does_not_wait, 0, 4);
	tcase_add_test(tc, timeout_0_sees_what_is_ready);
	tcase_add_test(tc, a_timeout_that_is_no_number_is_refused);
	tcase_add_loop_test(tc, a_wait_without_end_is_ended_by_a_foreign_event,
	    0, 5);
	tcase_add_loop_test(tc, a_wait_for_ever_for_nothing_does_not_return, 0,
	    2);
	tcase_add_loop_test(tc, a_foreign_event_ends_one_pass, 0, 2);
	tcase_add_test(tc, a_timeout_does_not_outlive_its_pass);
}

static void
add_ends(TCase *tc)
{
	tcase_add_loop_test(tc, stop_in_a_hook_ends_it_after_the_pass, 0, 2);
	tcase_add_loop_test(tc, stop_in_a_predicate_ends_it_after_the_pass, 0,
	    2);
	tcase_add_loop_test(tc, stop_before_the_loop_ends_the_next_one, 0, 2);
	tcase_add_loop_test(tc, stop_in_a_foreign_callback_ends_it, 0, 2);
	tcase_add_test(tc, stop_of_the_socket_map_is_not_of_others);
	tcase_add_loop_test(tc, a_value_below_4095_leaves_it, 0, 4);
	tcase_add_test(tc, an_error_does_not_leave_it);
	tcase_add_loop_test(tc, a_map_that_was_left_is_good_for_more, 0, 2);
	tcase_add_loop_test(tc, loopbreak_and_loopexit_end_it, 0, 2);
	tcase_add_loop_test(tc, a_loop_that_libevent_ended_can_be_run_again, 0,
	    2);
	tcase_add_loop_test(tc, loopbreak_and_loopexit_in_a_hook_end_it, 0, 2);
	tcase_add_loop_test(tc, loopexit_with_a_time_ends_it_then, 0, 2);
}

void
testing_add(TCase *tc)
{
	add_passes(tc);
	add_waits(tc);
	add_ends(tc);
}
