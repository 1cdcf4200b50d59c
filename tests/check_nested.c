/*
 * check_nested.c - loops inside of loops: in a hook, where they are legal, and
 * in a callback of the base's own loop, where they are not.
 *
 * What CPython does in the same scenes is what is expected, but for channels
 * that were closed inside: those get nothing more.
 */
#include "probe.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

const char testing_suite[] = "nested";

static bool use_poll;

/* One pass inside, once, in brackets; what it answers is passed on. */
static int
run_a_pass(struct asyncore_dispatcher *d)
{
	int err;

	probe_of(d)->on_read = probe_of(d)->on_write = NULL;
	trace("[");
	err = asyncore_loop(LONG, use_poll, asyncore_map_of(d), 1);
	trace("]");
	return err;
}

static int
run_until_stopped(struct asyncore_dispatcher *d)
{
	int err;

	probe_of(d)->on_read = NULL;
	trace("[");
	err = asyncore_loop(LONG, use_poll, asyncore_map_of(d), -1);
	trace("]");
	return err;
}

START_TEST(a_hook_may_run_a_pass)
{
	use_poll = _i;
	add_three();
	probe(0)->on_read = run_a_pass;
	ck_pass(use_poll, "r0 [ r0 r1 r2 w0 w1 w2 ] r1 r2 w0 w1 w2",
	    "r0 [ r0 w0 r1 w1 r2 w2 ] w0 r1 w1 r2 w2");
	close_peers();
}
END_TEST

static int
receive_then_run(struct asyncore_dispatcher *d)
{
	int err = run_a_pass(d);

	probe_of(d)->on_read = receive;
	return err;
}

/* The outer pass saw it ready, and says so. */
START_TEST(what_was_read_inside_is_delivered_outside)
{
	int i;

	use_poll = _i;
	for (i = 0; i < 3; i++) {
		add_pair(i, true, false);
		probe(i)->on_read = i == 0 ? receive_then_run : receive;
	}
	ck_pass(use_poll, "r0 [ r0 r1 'x' r2 'x' ] r1 -11 r2 -11",
	    "r0 [ r0 r1 'x' r2 'x' ] r1 -11 r2 -11");
	ck_assert_uint_eq(asyncore_map_len(map), 3);
	close_peers();
}
END_TEST

static int
close_both(struct asyncore_dispatcher *d)
{
	ck_assert_int_eq(close_2(d), 0);
	return close_1(d);
}

START_TEST(what_was_closed_inside_gets_nothing_outside)
{
	use_poll = _i;
	add_three();
	probe(0)->on_read = run_a_pass;
	probe(1)->on_read = close_both;
	ck_pass(use_poll, "r0 [ r0 r1 w0 ] w0", "r0 [ r0 w0 r1 ] w0");
	close_peers();
}
END_TEST

START_TEST(closed_inside_of_its_own_hook_it_gets_nothing_more)
{
	use_poll = _i;
	add_three();
	probe(0)->on_read = run_a_pass;
	probe(1)->on_read = close_0;
	ck_pass(use_poll, "r0 [ r0 r1 r2 w1 w2 ] r1 r2 w1 w2",
	    "r0 [ r0 w0 r1 w1 r2 w2 ] r1 w1 r2 w2");
	close_peers();
}
END_TEST

static int
close_everything(struct asyncore_dispatcher *d)
{
	return asyncore_close_all(asyncore_map_of(d), false);
}

START_TEST(an_emptied_map_ends_both)
{
	use_poll = _i;
	add_three();
	probe(0)->on_read = run_until_stopped;
	probe(1)->on_read = close_everything;
	ck_assert_int_eq(asyncore_loop(LONG, use_poll, map, -1), 0);
	ck_trace(_i ? "r0 [ r0 w0 r1 ]" : "r0 [ r0 r1 ]");
	close_peers();
}
END_TEST

static int
add_a_hundred(struct asyncore_dispatcher *d)
{
	int i;

	for (i = 3; i < 103; i++)
		add_pair(i, true, false);
	return run_a_pass(d);
}

START_TEST(many_channels_added_inside_disturb_nothing_outside)
{
	const char *p;

	use_poll = _i;
	add_three();
	probe(0)->on_read = add_a_hundred;
	ck_assert_int_eq(asyncore_loop(LONG, use_poll, map, 1), 0);
	p = strchr(traced(), ']');
	ck_assert_ptr_nonnull(p);
	ck_assert_str_eq(p, _i ? "] w0 r1 w1 r2 w2" : "] r1 r2 w0 w1 w2");
	close_peers();
}
END_TEST

#define DEPTH 40

static int depth;

static int
go_deeper(struct asyncore_dispatcher *d)
{
	if (++depth == DEPTH)
		return close_2(d);
	ck_assert_int_eq(asyncore_loop(LONG, use_poll, map, 1), 0);
	return 0;
}

START_TEST(loops_may_be_nested_deeply)
{
	int i;

	use_poll = _i;
	depth = 0;
	for (i = 0; i < 3; i++)
		add_pair(i, true, false);
	probe(0)->on_read = go_deeper;
	ck_assert_int_eq(asyncore_loop(LONG, use_poll, map, 1), 0);
	ck_assert_ptr_null(strstr(traced(), "r2"));
	for (i = 0; i < DEPTH; i++)
		trace("r0");
	for (i = 0; i < DEPTH; i++)
		trace("r1");
	ck_assert_uint_eq(strlen(traced()), (size_t)DEPTH * 12 - 1);
	close_peers();
}
END_TEST

static struct asyncore_map *second;

static int
run_the_second(struct asyncore_dispatcher *d)
{
	(void)d;
	trace("[");
	ck_assert_int_eq(asyncore_loop(LONG, use_poll, second, 1), 0);
	trace("]");
	return 0;
}

/* With the same base and with one of its own. */
START_TEST(a_hook_may_run_a_pass_of_another_map)
{
	int fds[2];

	second = asyncore_map_new(_i ? asyncore_map_base(map) : NULL);
	ck_assert_ptr_nonnull(second);
	make_pair(fds);
	put_probe(&probe_class, 3, fds[0], second);
	probe(3)->w = true;
	add_three();
	probe(1)->on_read = run_the_second;
	ck_pass(use_poll, "r0 r1 [ w3 ] r2 w0 w1 w2", "");
	ck_assert_int_eq(asyncore_close(channel[3]), 0);
	ck_assert_int_eq(asyncore_map_free(second), 0);
	close(fds[1]);
	close_peers();
}
END_TEST

/* ---- Leaving. ---- */

static int
stop_once(struct asyncore_dispatcher *d)
{
	probe_of(d)->on_read = NULL;
	return asyncore_stop(asyncore_map_of(d));
}

START_TEST(stop_inside_ends_both)
{
	use_poll = _i;
	add_three();
	probe(0)->on_read = run_until_stopped;
	probe(1)->on_read = stop_once;
	ck_assert_int_eq(asyncore_loop(LONG, use_poll, map, -1), 0);
	ck_trace(_i ? "r0 [ r0 w0 r1 w1 r2 w2 ] w0 r1 w1 r2 w2" :
	    "r0 [ r0 r1 r2 w0 w1 w2 ] r1 r2 w0 w1 w2");
	ck_pass(use_poll, "r0 r1 r2 w0 w1 w2", "r0 w0 r1 w1 r2 w2");
	close_peers();
}
END_TEST

START_TEST(exit_now_inside_leaves_both_if_passed_on)
{
	use_poll = _i;
	add_three();
	probe(0)->on_read = run_until_stopped;
	probe(1)->on_read = exit_now;
	ck_assert_int_eq(asyncore_loop(LONG, use_poll, map, -1),
	    ASYNCORE_EXIT_NOW);
	ck_trace(_i ? "r0 [ r0 w0 r1 ]" : "r0 [ r0 r1 ]");
	probe(1)->on_read = NULL;
	ck_pass(use_poll, "r0 r1 r2 w0 w1 w2", "r0 w0 r1 w1 r2 w2");
	close_peers();
}
END_TEST

static int
run_and_hide(struct asyncore_dispatcher *d)
{
	ck_assert_int_eq(run_until_stopped(d), ASYNCORE_EXIT_NOW);
	probe(1)->on_read = NULL;
	return 0;
}

START_TEST(exit_now_inside_leaves_one_if_hidden)
{
	use_poll = _i;
	add_three();
	probe(0)->on_read = run_and_hide;
	probe(1)->on_read = exit_now;
	ck_pass(use_poll, "r0 [ r0 r1 ] r1 r2 w0 w1 w2",
	    "r0 [ r0 w0 r1 ] w0 r1 w1 r2 w2");
	close_peers();
}
END_TEST

/* ---- Inside of the base's own loop. ---- */

static struct asyncore_map *target;

static void
try_to_loop(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	trace("t");
	ck_assert_int_eq(asyncore_loop(LONG, false, target, 1), -EBUSY);
	ck_assert_int_eq(asyncore_loop(LONG, true, target, -1), -EBUSY);
	ck_assert_int_eq(asyncore_poll(0, target), -EBUSY);
	ck_assert_int_eq(asyncore_poll2(0, target), -EBUSY);
}

START_TEST(a_loop_in_a_foreign_callback_is_refused)
{
	use_poll = _i;
	target = map;
	add_three();
	after(0, try_to_loop);
	ck_pass(use_poll, "t r0 r1 r2 w0 w1 w2", "t r0 w0 r1 w1 r2 w2");
	ck_pass(use_poll, "r0 r1 r2 w0 w1 w2", "r0 w0 r1 w1 r2 w2");
	close_peers();
}
END_TEST

/* libevent warns on stderr about a loop inside of a loop. */
static void
be_silent(int severity, const char *message)
{
	(void)severity;
	(void)message;
}

/* What writing to stderr does where it is closed. */
static void
fail_to_warn(int severity, const char *message)
{
	be_silent(severity, message);
	errno = EBADF;
}

START_TEST(a_loop_in_the_host_s_own_loop_is_refused)
{
	use_poll = _i;
	target = map;
	event_set_log_callback(_i ? be_silent : fail_to_warn);
	ck_assert_int_eq(asyncore_map_set_presume(map, _i), 0);
	add_three();
	after(0, try_to_loop);
	ck_assert_int_eq(event_base_loop(asyncore_map_base(map), EVLOOP_ONCE),
	    0);
	ck_trace("t");
	ck_pass(use_poll, "r0 r1 r2 w0 w1 w2", "r0 w0 r1 w1 r2 w2");
	close_peers();
}
END_TEST

START_TEST(a_loop_of_another_map_in_a_foreign_callback_is_refused)
{
	int fds[2];

	use_poll = _i;
	event_set_log_callback(be_silent);
	target = asyncore_map_new(asyncore_map_base(map));
	ck_assert_ptr_nonnull(target);
	make_pair(fds);
	put_probe(&probe_class, 3, fds[0], target);
	probe(3)->w = true;
	add_three();
	after(0, try_to_loop);
	ck_pass(use_poll, "t r0 r1 r2 w0 w1 w2", "t r0 w0 r1 w1 r2 w2");
	ck_assert_int_eq(asyncore_poll(LONG, target), 0);
	ck_trace("w3");
	ck_assert_int_eq(asyncore_close(channel[3]), 0);
	ck_assert_int_eq(asyncore_map_free(target), 0);
	close(fds[1]);
	close_peers();
}
END_TEST

static void
break_base(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	trace("t");
	ck_assert_int_eq(event_base_loopbreak(asyncore_map_base(map)), 0);
}

/* The count is there to end a test that fails. */
START_TEST(a_pass_inside_does_not_hide_that_libevent_ended_the_outer_loop)
{
	add_pair(0, false, true);
	probe(0)->on_write = run_a_pass;
	after(0, break_base);
	ck_assert_int_eq(asyncore_loop(LONG, false, map, 20), 0);
	ck_trace("t w0 [ w0 ]");
	close_peers();
}
END_TEST

/* The other map runs the same base, which forgets that it was ended. */
START_TEST(nor_does_a_pass_of_another_map)
{
	int fds[2];

	use_poll = _i;
	second = asyncore_map_new(asyncore_map_base(map));
	ck_assert_ptr_nonnull(second);
	make_pair(fds);
	put_probe(&probe_class, 3, fds[0], second);
	probe(3)->w = true;
	add_pair(0, false, true);
	probe(0)->on_write = run_the_second;
	after(0, break_base);
	ck_assert_int_eq(asyncore_loop(LONG, use_poll, map, 20), 0);
	ck_trace("t w0 [ w3 ]");
	ck_assert_int_eq(asyncore_close(channel[3]), 0);
	ck_assert_int_eq(asyncore_map_free(second), 0);
	close(fds[1]);
	close_peers();
}
END_TEST

static int
break_once(struct asyncore_dispatcher *d)
{
	probe_of(d)->on_write = NULL;
	return event_base_loopbreak(asyncore_map_base(map));
}

static int
run_and_break(struct asyncore_dispatcher *d)
{
	int err = run_a_pass(d);

	return err != 0 ? err : break_once(d);
}

START_TEST(a_loopbreak_behind_a_pass_inside_ends_the_outer_loop)
{
	use_poll = _i;
	add_pair(0, false, true);
	probe(0)->on_write = run_and_break;
	ck_assert_int_eq(asyncore_loop(LONG, use_poll, map, 20), 0);
	ck_trace("w0 [ w0 ]");
	close_peers();
}
END_TEST

/* The second of the loops inside is not the outer one's end either. */
static int
run_two(struct asyncore_dispatcher *d)
{
	probe_of(d)->on_write = break_once;
	trace("[");
	ck_assert_int_eq(asyncore_loop(LONG, use_poll, map, 20), 0);
	trace("]");
	return run_a_pass(d);
}

START_TEST(a_loopbreak_inside_ends_the_innermost_loop_alone)
{
	use_poll = _i;
	add_pair(0, false, true);
	probe(0)->on_write = run_two;
	ck_assert_int_eq(asyncore_loop(LONG, use_poll, map, 2), 0);
	ck_trace("w0 [ w0 ] [ w0 ] w0");
	close_peers();
}
END_TEST

static int
run_the_second_once(struct asyncore_dispatcher *d)
{
	probe_of(d)->on_write = NULL;
	return run_the_second(d);
}

START_TEST(a_loopbreak_in_another_map_s_loop_ends_that_alone)
{
	int fds[2];

	use_poll = _i;
	second = asyncore_map_new(asyncore_map_base(map));
	ck_assert_ptr_nonnull(second);
	make_pair(fds);
	put_probe(&probe_class, 3, fds[0], second);
	probe(3)->w = true;
	probe(3)->on_write = break_once;
	add_pair(0, false, true);
	probe(0)->on_write = run_the_second_once;
	ck_assert_int_eq(asyncore_loop(LONG, use_poll, map, 2), 0);
	ck_trace("w0 [ w3 ] w0");
	ck_assert_int_eq(asyncore_close(channel[3]), 0);
	ck_assert_int_eq(asyncore_map_free(second), 0);
	close(fds[1]);
	close_peers();
}
END_TEST

static int
break_its_base(struct asyncore_dispatcher *d)
{
	probe_of(d)->on_write = NULL;
	return event_base_loopbreak(asyncore_map_base(asyncore_map_of(d)));
}

/* Two loops inside, each on a base of its own. */
static int
run_one_of_each(struct asyncore_dispatcher *d)
{
	probe_of(d)->on_write = break_once;
	trace("[");
	ck_assert_int_eq(asyncore_loop(LONG, use_poll, map, 20), 0);
	trace("]");
	return run_the_second(d);
}

START_TEST(a_loopbreak_inside_is_not_the_outer_loop_s_behind_another_base_s)
{
	int fds[2];

	use_poll = _i;
	second = asyncore_map_new(NULL);
	ck_assert_ptr_nonnull(second);
	make_pair(fds);
	put_probe(&probe_class, 3, fds[0], second);
	probe(3)->w = true;
	probe(3)->on_write = break_its_base;
	add_pair(0, false, true);
	probe(0)->on_write = run_one_of_each;
	ck_assert_int_eq(asyncore_loop(LONG, use_poll, map, 2), 0);
	ck_trace("w0 [ w0 ] [ w3 ] w0");
	ck_assert_int_eq(asyncore_close(channel[3]), 0);
	ck_assert_int_eq(asyncore_map_free(second), 0);
	close(fds[1]);
	close_peers();
}
END_TEST

static int
run_in_predicate(struct asyncore_dispatcher *d)
{
	probe_of(d)->on_readable = NULL;
	return asyncore_loop(0, use_poll, asyncore_map_of(d), 1);
}

/* libevent's own flag is there until the base is run again. */
START_TEST(a_past_loopbreak_does_not_end_a_later_loop)
{
	use_poll = _i;
	add_pair(0, false, false);
	after(0, break_base);
	ck_assert_int_eq(asyncore_loop(LONG, use_poll, map, -1), 0);
	ck_trace("t");
	probe(0)->r = true;
	probe(0)->on_readable = run_in_predicate;
	ck_assert_int_eq(asyncore_loop(LONG, use_poll, map, 2), 0);
	ck_trace("r0 r0 r0");
	close_peers();
}
END_TEST

static void
add_inside(TCase *tc)
{
	tcase_add_loop_test(tc, a_hook_may_run_a_pass, 0, 2);
	tcase_add_loop_test(tc, what_was_read_inside_is_delivered_outside, 0,
	    2);
	tcase_add_loop_test(tc, what_was_closed_inside_gets_nothing_outside, 0,
	    2);
	tcase_add_loop_test(tc,
	    closed_inside_of_its_own_hook_it_gets_nothing_more, 0, 2);
	tcase_add_loop_test(tc, an_emptied_map_ends_both, 0, 2);
	tcase_add_loop_test(tc,
	    many_channels_added_inside_disturb_nothing_outside, 0, 2);
	tcase_add_loop_test(tc, loops_may_be_nested_deeply, 0, 2);
	tcase_add_loop_test(tc, a_hook_may_run_a_pass_of_another_map, 0, 2);
}

void
testing_add(TCase *tc)
{
	add_inside(tc);
	tcase_add_loop_test(tc, stop_inside_ends_both, 0, 2);
	tcase_add_loop_test(tc, exit_now_inside_leaves_both_if_passed_on, 0,
	    2);
	tcase_add_loop_test(tc, exit_now_inside_leaves_one_if_hidden, 0, 2);
	tcase_add_loop_test(tc, a_loop_in_a_foreign_callback_is_refused, 0, 2);
	tcase_add_loop_test(tc, a_loop_in_the_host_s_own_loop_is_refused, 0,
	    2);
	tcase_add_loop_test(tc,
	    a_loop_of_another_map_in_a_foreign_callback_is_refused, 0, 2);
	tcase_add_test(tc,
	    a_pass_inside_does_not_hide_that_libevent_ended_the_outer_loop);
	tcase_add_loop_test(tc, nor_does_a_pass_of_another_map, 0, 2);
	tcase_add_loop_test(tc,
	    a_loopbreak_behind_a_pass_inside_ends_the_outer_loop, 0, 2);
	tcase_add_loop_test(tc,
	    a_loopbreak_inside_ends_the_innermost_loop_alone, 0, 2);
	tcase_add_loop_test(tc,
	    a_loopbreak_in_another_map_s_loop_ends_that_alone, 0, 2);
	tcase_add_loop_test(tc,
	    a_loopbreak_inside_is_not_the_outer_loop_s_behind_another_base_s,
	    0, 2);
	tcase_add_loop_test(tc, a_past_loopbreak_does_not_end_a_later_loop, 0,
	    2);
}
