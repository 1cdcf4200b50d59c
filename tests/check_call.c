/*
 * check_call.c - scheduled calls: when they run, in which order, what their
 * results do, and how they are cancelled.
 */
#include "probe.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

const char testing_suite[] = "call";

/* Seconds between calls whose order matters. */
#define APART 0.05

/* Traces its argument, a text. */
static int
say(void *text)
{
	trace("%s", (const char *)text);
	return 0;
}

static long long
later(double seconds, const char *text)
{
	long long call = asyncore_call_later(map, seconds, say, (void *)text);

	ck_assert_int_gt(call, 0);
	return call;
}

static void
run_all(void)
{
	ck_assert_int_eq(asyncore_loop(LONG, false, map, -1), 0);
}

/*
 * Calls that are scheduled in another order than they are due in.  A busy
 * machine may take longer to schedule two of them than they are apart: so each
 * has the times between which it must be due.
 */
struct planned {
	double from, until;
	bool ran;
};

static struct planned plan[8];
static int n_planned;

static int
run_planned(void *arg)
{
	struct planned *p = arg;
	int i;

	p->ran = true;
	for (i = 0; i < n_planned; i++)
		ck_assert_msg(plan[i].ran || plan[i].until >= p->from,
		    "call %d runs, call %d is due before it", (int)(p - plan),
		    i);
	return 0;
}

static void
planned(double seconds)
{
	struct planned *p = &plan[n_planned++];

	p->from = now() + seconds;
	ck_assert_int_gt(asyncore_call_later(map, seconds, run_planned, p), 0);
	p->until = now() + seconds;
}

static void
run_planned_ones(void)
{
	int i;

	run_all();
	for (i = 0; i < n_planned; i++)
		ck_assert(plan[i].ran);
}

START_TEST(a_pending_call_keeps_the_loop_going)
{
	const double start = now();

	later(0.02, "a");
	run_all();
	ck_trace("a");
	ck_waited(start, 0.02);
	ck_assert_double_lt(now() - start, LONG);
	run_all();
	ck_trace("");
}
END_TEST

START_TEST(calls_run_in_order_of_time)
{
	planned(3 * APART);
	planned(2 * APART);
	planned(4 * APART);
	planned(1 * APART);
	run_planned_ones();
}
END_TEST

/* However late the loop looks at them. */
START_TEST(calls_that_are_due_at_once_run_in_order_of_time)
{
	double until;

	planned(3 * APART);
	planned(2 * APART);
	planned(1 * APART);
	later(0, "0");
	later(0, "1");
	later(0, "2");
	until = now() + 4 * APART;
	while (now() < until)
		continue;
	run_planned_ones();
	ck_trace("0 1 2");
}
END_TEST

static int
say_and_call(void *text)
{
	trace("%s", (const char *)text);
	later(0, "inner");
	return 0;
}

START_TEST(a_call_without_delay_runs_in_the_next_pass_behind_the_channels)
{
	add_pair(0, true, false);
	ck_assert_int_gt(asyncore_call_later(map, 0, say_and_call, "a"), 0);
	ck_poll(map, "r0 a");
	ck_poll(map, "r0 inner");
	ck_poll(map, "r0");
	close_peers();
}
END_TEST

START_TEST(a_cancelled_call_does_not_run)
{
	long long a = later(0, "a");

	later(0, "b");
	ck_assert_int_eq(asyncore_cancel_call(map, a), 0);
	ck_assert_int_eq(asyncore_cancel_call(map, a), -ENOENT);
	run_all();
	ck_trace("b");
}
END_TEST

START_TEST(a_call_that_ran_cannot_be_cancelled_though_its_place_is_used_again)
{
	long long a = later(0, "a"), b;

	run_all();
	b = later(0, "b");
	ck_assert_int_ne(a, b);
	ck_assert_int_eq(asyncore_cancel_call(map, a), -ENOENT);
	ck_assert_int_eq(asyncore_reschedule_call(map, a, 0), -ENOENT);
	run_all();
	ck_trace("a b");
}
END_TEST

START_TEST(numbers_that_were_never_given_are_unknown)
{
	ck_assert_int_eq(asyncore_cancel_call(map, 0), -ENOENT);
	ck_assert_int_eq(asyncore_cancel_call(map, -1), -ENOENT);
	ck_assert_int_eq(asyncore_cancel_call(map, 1), -ENOENT);
	ck_assert_int_eq(asyncore_cancel_call(map, 0x100000000LL), -ENOENT);
	ck_assert_int_eq(asyncore_cancel_call(map, 0x1ffffffffLL), -ENOENT);
	later(0, "a");
	ck_assert_int_eq(asyncore_cancel_call(map, 1), -ENOENT);
	ck_assert_int_eq(asyncore_cancel_call(map, 0x100000000LL), -ENOENT);
	ck_assert_int_eq(asyncore_cancel_call(map, 0x1ffffffffLL), -ENOENT);
	run_all();
	ck_trace("a");
}
END_TEST

START_TEST(a_rescheduled_call_runs_at_its_new_time)
{
	long long a = later(APART, "a");

	later(2 * APART, "b");
	ck_assert_int_eq(asyncore_reschedule_call(map, a, 4 * APART), 0);
	run_all();
	ck_trace("b a");
	a = later(1000, "a");
	ck_assert_int_eq(asyncore_reschedule_call(map, a, 0), 0);
	ck_assert_int_eq(asyncore_reschedule_call(map, a, -1), -EINVAL);
	run_all();
	ck_trace("a");
}
END_TEST

START_TEST(a_call_rescheduled_without_end_waits_to_be_rescheduled)
{
	long long a = later(0, "a");

	ck_assert_int_eq(asyncore_reschedule_call(map, a, INFINITY), 0);
	later(0, "b");
	ck_assert_int_eq(asyncore_loop(0, false, map, 1), 0);
	ck_trace("b");
	ck_assert_int_eq(asyncore_reschedule_call(map, a, 0), 0);
	run_all();
	ck_trace("a");
}
END_TEST

static long long victim;

static int
cancel_victim(void *text)
{
	trace("%s", (const char *)text);
	trace("%d", asyncore_cancel_call(map, victim));
	return 0;
}

/* Though it is due in the same pass. */
START_TEST(a_call_may_cancel_one_that_is_due_behind_it)
{
	ck_assert_int_gt(asyncore_call_later(map, 0, cancel_victim, "a"), 0);
	victim = later(0, "b");
	later(0, "c");
	run_all();
	ck_trace("a 0 c");
}
END_TEST

START_TEST(a_call_cannot_cancel_itself_any_more)
{
	victim = asyncore_call_later(map, 0, cancel_victim, "a");
	run_all();
	ck_assert_int_eq(-ENOENT, -2);
	ck_trace("a -2");
}
END_TEST

/* ---- Again and again. ---- */

static int
third_ends(void *arg)
{
	int *n = arg;

	trace("%d", ++*n);
	if (*n == 3)
		ck_assert_int_eq(asyncore_cancel_call(map, victim), 0);
	return 0;
}

START_TEST(a_repeated_call_may_end_itself)
{
	int n = 0;

	victim = asyncore_call_every(map, 0.001, third_ends, &n);
	ck_assert_int_gt(victim, 0);
	run_all();
	ck_trace("1 2 3");
}
END_TEST

static int
slow_once(void *arg)
{
	int *n = arg;
	const double until = now() + (*n == 0 ? 0.22 : 0);

	while (now() < until)
		continue;
	return third_ends(arg);
}

START_TEST(times_of_a_repeated_call_that_were_missed_are_left_out)
{
	const double start = now();
	int n = 0;

	/* At 0.1, until 0.32; then, for 0.2; and at 0.4.  Otherwise all by
	 * 0.32.  On a busy machine the coarse clock is more than a tick late. */
	victim = asyncore_call_every(map, 0.1, slow_once, &n);
	run_all();
	ck_trace("1 2 3");
	ck_assert_double_ge(now() - start, 0.36);
}
END_TEST

/* So often that no number says how often it was missed. */
START_TEST(a_call_may_be_repeated_as_often_as_there_are_passes)
{
	int n = 0;

	victim = asyncore_call_every(map, DBL_TRUE_MIN, third_ends, &n);
	ck_assert_int_gt(victim, 0);
	ck_assert_int_eq(asyncore_loop(0.05, false, map, 10), 0);
	ck_trace("1 2 3");
}
END_TEST

/* ---- Results. ---- */

static int
break_down(void *arg)
{
	(void)arg;
	return -EIO;
}

static int
again(void *arg)
{
	(void)arg;
	return -EAGAIN;
}

static void
take_log(struct asyncore_map *m, const char *message, const char *type,
    void *arg)
{
	ck_assert_ptr_eq(m, map);
	ck_assert_str_eq((const char *)arg, "log");
	trace("%s: %s", type, message);
}

START_TEST(an_error_is_logged_and_the_loop_goes_on)
{
	char expected[128];

	ck_assert_int_eq(asyncore_map_set_log(map, take_log, "log"), 0);
	ck_assert_int_gt(asyncore_call_later(map, 0, break_down, NULL), 0);
	ck_assert_int_gt(asyncore_call_later(map, 0, again, NULL), 0);
	later(0, "b");
	run_all();
	(void)snprintf(expected, sizeof expected, "error: uncaptured error in "
	    "a scheduled call ([Errno %d] %s) b", EIO, strerror(EIO));
	ck_trace(expected);
}
END_TEST

static int
leave(void *arg)
{
	(void)arg;
	return ASYNCORE_EXIT_NOW;
}

START_TEST(exit_now_leaves_the_loop_and_the_others_run_in_the_next)
{
	ck_assert_int_gt(asyncore_call_later(map, 0, leave, NULL), 0);
	later(0, "b");
	ck_assert_int_eq(asyncore_loop(LONG, false, map, -1),
	    ASYNCORE_EXIT_NOW);
	ck_trace("");
	run_all();
	ck_trace("b");
}
END_TEST

static int
nested(void *text)
{
	trace("(%s", (const char *)text);
	ck_assert_int_eq(asyncore_loop(LONG, false, map, 1), 0);
	trace(")");
	return 0;
}

START_TEST(a_loop_inside_of_a_call_runs_the_others)
{
	ck_assert_int_gt(asyncore_call_later(map, 0, nested, "a"), 0);
	later(0, "b");
	later(0, "c");
	run_all();
	ck_trace("(a b c )");
}
END_TEST

START_TEST(stop_ends_the_loop_though_calls_are_pending)
{
	later(1000, "a");
	ck_assert_int_eq(asyncore_stop(map), 0);
	run_all();
	ck_trace("");
}
END_TEST

START_TEST(many_calls_run_in_order_and_some_are_cancelled)
{
	static char text[1000][12];
	static long long call[1000];
	int i;

	for (i = 0; i < 1000; i++) {
		(void)snprintf(text[i], sizeof text[i], "%d", i);
		call[i] = later(i * 1e-6, text[i]);
	}
	for (i = 0; i < 1000; i++)
		if (i % 100 != 7)
			ck_assert_int_eq(asyncore_cancel_call(map, call[i]), 0);
	run_all();
	ck_trace("7 107 207 307 407 507 607 707 807 907");
}
END_TEST

#define MANY 3000

static int numbers[MANY], n_called;

static int
in_its_turn(void *arg)
{
	const int *number = arg;

	ck_assert_int_eq(*number, n_called++);
	return 0;
}

/* Those of a tick come from libevent in any order. */
START_TEST(calls_that_are_due_together_run_as_they_were_scheduled)
{
	int i;

	for (i = 0; i < MANY; i++) {
		numbers[i] = i;
		ck_assert_int_gt(asyncore_call_later(map, 0, in_its_turn,
		    &numbers[i]), 0);
	}
	run_all();
	ck_assert_int_eq(n_called, MANY);
}
END_TEST

/* ---- Those of a channel. ---- */

static int
say_channel(struct asyncore_dispatcher *d, void *text)
{
	trace("%s%d", (const char *)text, probe_of(d)->id);
	return 0;
}

static void
tied(int id, double seconds, const char *text)
{
	ck_assert_int_gt(asyncore_channel_call_later(channel[id], seconds,
	    say_channel, (void *)text), 0);
}

START_TEST(a_channel_s_calls_go_with_it)
{
	add_pair(0, true, false);
	add_pair(1, false, false);
	tied(0, 0, "a");
	tied(1, 0, "a");
	tied(0, 0, "b");
	tied(1, 0, "b");
	probe(0)->on_read = close_1;
	ck_poll(map, "r0 a0 b0");
	close_peers();
}
END_TEST

static int
close_channel(struct asyncore_dispatcher *d, void *text)
{
	trace("%s%d", (const char *)text, probe_of(d)->id);
	return asyncore_close(d);
}

START_TEST(a_channel_s_call_may_close_it)
{
	add_pair(0, false, false);
	probe(0)->tells_end = true;
	ck_assert_int_gt(asyncore_channel_call_every(channel[0], 0.001,
	    close_channel, "x"), 0);
	tied(0, 1000, "a");
	run_all();
	ck_trace("x0 f0");
	close_peers();
}
END_TEST

static int
break_channel(struct asyncore_dispatcher *d, void *arg)
{
	(void)d;
	(void)arg;
	return -EIO;
}

static void
trace_log_info(struct asyncore_dispatcher *d, const char *message,
    const char *type)
{
	trace("%d %s: %s", probe_of(d)->id, type, message);
}

START_TEST(an_error_of_a_channel_s_call_is_logged_by_the_channel)
{
	static const struct asyncore_class logging_class = {
		.base = &probe_class, .log_info = trace_log_info,
	};
	char expected[128];

	put_pair(&logging_class, 7, false, false);
	ck_assert_int_gt(asyncore_channel_call_later(channel[7], 0,
	    break_channel, NULL), 0);
	tied(7, 0, "b");
	(void)snprintf(expected, sizeof expected, "7 error: uncaptured error in "
	    "a scheduled call ([Errno %d] %s) b7", EIO, strerror(EIO));
	ck_poll(map, expected);
	close_peers();
}
END_TEST

START_TEST(calls_end_with_detach_and_with_another_map)
{
	struct asyncore_map *second = asyncore_map_new(NULL);
	struct asyncore_dispatcher *d;
	int fd;

	add_pair(0, false, false);
	tied(0, 0, "a");
	ck_assert_int_eq(asyncore_add_channel(channel[0], second), 0);
	d = asyncore_ref(channel[0]);
	tied(0, 0, "b");
	fd = asyncore_detach(d);
	ck_assert_int_ge(fd, 0);
	run_all();
	ck_assert_int_eq(asyncore_loop(LONG, false, second, -1), 0);
	ck_trace("");
	ck_assert_int_eq(asyncore_map_free(second), 0);
	close(fd);
	asyncore_unref(d);
	close_peers();
}
END_TEST

START_TEST(a_closed_dispatcher_may_have_calls)
{
	struct asyncore_dispatcher *d;

	add_pair(0, false, false);
	d = asyncore_ref(channel[0]);
	ck_assert_int_eq(asyncore_close(d), 0);
	tied(0, 0, "a");
	run_all();
	ck_trace("a0");
	tied(0, 0, "b");
	asyncore_unref(d);
	run_all();
	ck_trace("");
	close_peers();
}
END_TEST

/* ---- Bad input. ---- */

START_TEST(bad_delays_and_functions_are_EINVAL)
{
	ck_assert_int_eq(asyncore_call_later(map, -1, say, ""), -EINVAL);
	ck_assert_int_eq(asyncore_call_later(map, NAN, say, ""), -EINVAL);
	ck_assert_int_eq(asyncore_call_later(map, 1, NULL, ""), -EINVAL);
	ck_assert_int_eq(asyncore_call_every(map, 0, say, ""), -EINVAL);
	ck_assert_int_eq(asyncore_call_every(map, NAN, say, ""), -EINVAL);
	ck_assert_int_eq(asyncore_call_every(map, 1, NULL, ""), -EINVAL);
	ck_assert_int_eq(asyncore_channel_call_later(NULL, 1, say_channel,
	    NULL), -EINVAL);
	add_pair(0, false, false);
	ck_assert_int_eq(asyncore_channel_call_later(channel[0], -1,
	    say_channel, NULL), -EINVAL);
	ck_assert_int_eq(asyncore_channel_call_every(channel[0], 0,
	    say_channel, NULL), -EINVAL);
	ck_assert_int_eq(asyncore_channel_call_later(channel[0], 1, NULL,
	    NULL), -EINVAL);
	close_peers();
}
END_TEST

START_TEST(delays_without_end_are_accepted)
{
	long long a = later(INFINITY, "a"), b = later(1e300, "b");

	ck_assert_int_gt(asyncore_call_every(map, INFINITY, say, "c"), 0);
	later(0, "d");
	ck_assert_int_eq(asyncore_loop(0, false, map, 1), 0);
	ck_trace("d");
	ck_assert_int_eq(asyncore_cancel_call(map, a), 0);
	ck_assert_int_eq(asyncore_cancel_call(map, b), 0);
}
END_TEST

START_TEST(a_map_may_be_freed_with_calls_pending)
{
	struct asyncore_map *m = asyncore_map_new(NULL);
	long long a = asyncore_call_later(m, 0, say, "a");

	ck_assert_int_gt(a, 0);
	ck_assert_int_gt(asyncore_call_every(m, 1, say, "b"), 0);
	ck_assert_int_eq(asyncore_map_free(m), 0);
}
END_TEST

void
testing_add(TCase *tc)
{
	tcase_add_test(tc, a_pending_call_keeps_the_loop_going);
	tcase_add_test(tc, calls_run_in_order_of_time);
	tcase_add_test(tc, calls_that_are_due_at_once_run_in_order_of_time);
	tcase_add_test(tc,
	    a_call_without_delay_runs_in_the_next_pass_behind_the_channels);
	tcase_add_test(tc, a_cancelled_call_does_not_run);
	tcase_add_test(tc,
	    a_call_that_ran_cannot_be_cancelled_though_its_place_is_used_again);
	tcase_add_test(tc, numbers_that_were_never_given_are_unknown);
	tcase_add_test(tc, a_rescheduled_call_runs_at_its_new_time);
	tcase_add_test(tc,
	    a_call_rescheduled_without_end_waits_to_be_rescheduled);
	tcase_add_test(tc, a_call_may_cancel_one_that_is_due_behind_it);
	tcase_add_test(tc, a_call_cannot_cancel_itself_any_more);
	tcase_add_test(tc, a_repeated_call_may_end_itself);
	tcase_add_test(tc,
	    times_of_a_repeated_call_that_were_missed_are_left_out);
	tcase_add_test(tc,
	    a_call_may_be_repeated_as_often_as_there_are_passes);
	tcase_add_test(tc, an_error_is_logged_and_the_loop_goes_on);
	tcase_add_test(tc,
	    exit_now_leaves_the_loop_and_the_others_run_in_the_next);
	tcase_add_test(tc, a_loop_inside_of_a_call_runs_the_others);
	tcase_add_test(tc, stop_ends_the_loop_though_calls_are_pending);
	tcase_add_test(tc, many_calls_run_in_order_and_some_are_cancelled);
	tcase_add_test(tc,
	    calls_that_are_due_together_run_as_they_were_scheduled);
	tcase_add_test(tc, a_channel_s_calls_go_with_it);
	tcase_add_test(tc, a_channel_s_call_may_close_it);
	tcase_add_test(tc,
	    an_error_of_a_channel_s_call_is_logged_by_the_channel);
	tcase_add_test(tc, calls_end_with_detach_and_with_another_map);
	tcase_add_test(tc, a_closed_dispatcher_may_have_calls);
	tcase_add_test(tc, bad_delays_and_functions_are_EINVAL);
	tcase_add_test(tc, delays_without_end_are_accepted);
	tcase_add_test(tc, a_map_may_be_freed_with_calls_pending);
}
