/*
 * check_interrupt.c - signals that end a loop as Ctrl-C does in Python.
 */
#include "probe.h"

#include <errno.h>
#include <signal.h>

const char testing_suite[] = "interrupt";

static void
interrupt_on(int signo)
{
	ck_assert_int_eq(asyncore_interrupt_on(map, signo), 0);
}

/* The signal is pending when the wait begins. */
START_TEST(a_signal_ends_the_loop_in_its_wait_and_no_hook_runs)
{
	add_three();
	interrupt_on(SIGINT);
	ck_assert_int_eq(raise(SIGINT), 0);
	ck_assert_int_eq(asyncore_loop(LONG, false, map, -1),
	    ASYNCORE_KEYBOARD_INTERRUPT);
	ck_trace("");
	ck_poll(map, "r0 r1 r2 w0 w1 w2");
	close_peers();
}
END_TEST

START_TEST(the_loop_may_run_again_and_be_ended_again)
{
	int i;

	add_pair(0, false, false);
	interrupt_on(SIGINT);
	interrupt_on(SIGTERM);
	interrupt_on(SIGINT);
	for (i = 0; i < 4; i++) {
		ck_assert_int_eq(raise(i % 2 ? SIGTERM : SIGINT), 0);
		ck_assert_int_eq(asyncore_loop(FOR_EVER, false, map, -1),
		    ASYNCORE_KEYBOARD_INTERRUPT);
	}
	close_peers();
}
END_TEST

static int
raise_it(struct asyncore_dispatcher *d)
{
	(void)d;
	return raise(SIGINT) == 0 ? 0 : -errno;
}

START_TEST(hooks_of_the_pass_in_which_it_comes_still_run)
{
	add_three();
	interrupt_on(SIGINT);
	probe(0)->on_read = raise_it;
	ck_assert_int_eq(asyncore_loop(LONG, false, map, -1),
	    ASYNCORE_KEYBOARD_INTERRUPT);
	ck_trace("r0 r1 r2 w0 w1 w2");
	close_peers();
}
END_TEST

static int
nest(struct asyncore_dispatcher *d)
{
	(void)d;
	probe(0)->on_read = raise_it;
	return asyncore_loop(LONG, false, map, -1);
}

START_TEST(a_loop_inside_of_a_hook_is_ended_and_the_hook_passes_it_on)
{
	add_pair(0, true, false);
	interrupt_on(SIGINT);
	probe(0)->on_read = nest;
	ck_assert_int_eq(asyncore_loop(LONG, false, map, -1),
	    ASYNCORE_KEYBOARD_INTERRUPT);
	ck_trace("r0 r0");
	close_peers();
}
END_TEST

START_TEST(it_leaves_the_host_s_loop)
{
	add_pair(0, false, false);
	interrupt_on(SIGINT);
	ck_assert_int_eq(asyncore_attach(map), 0);
	ck_assert_int_eq(raise(SIGINT), 0);
	ck_assert_int_ge(event_base_dispatch(asyncore_map_base(map)), 0);
	ck_assert_int_eq(asyncore_detach_map(map),
	    ASYNCORE_KEYBOARD_INTERRUPT);
	close_peers();
}
END_TEST

/* The host has run the base before: there is nothing to wait for any more. */
START_TEST(one_that_came_before_the_first_turn_leaves_the_host_s_loop)
{
	struct event_base *base = asyncore_map_base(map);

	add_pair(0, false, false);
	interrupt_on(SIGINT);
	ck_assert_int_eq(raise(SIGINT), 0);
	ck_assert_int_ge(event_base_loop(base, EVLOOP_ONCE), 0);
	ck_assert_int_eq(asyncore_attach(map), 0);
	ck_assert_int_ge(event_base_dispatch(base), 0);
	ck_assert_int_eq(asyncore_detach_map(map),
	    ASYNCORE_KEYBOARD_INTERRUPT);
	close_peers();
}
END_TEST

START_TEST(what_is_no_signal_is_EINVAL)
{
	ck_assert_int_eq(asyncore_interrupt_on(map, 0), -EINVAL);
	ck_assert_int_eq(asyncore_interrupt_on(map, -1), -EINVAL);
	ck_assert_int_eq(asyncore_interrupt_on(map, 100000), -EINVAL);
}
END_TEST

void
testing_add(TCase *tc)
{
	tcase_add_test(tc,
	    a_signal_ends_the_loop_in_its_wait_and_no_hook_runs);
	tcase_add_test(tc, the_loop_may_run_again_and_be_ended_again);
	tcase_add_test(tc, hooks_of_the_pass_in_which_it_comes_still_run);
	tcase_add_test(tc,
	    a_loop_inside_of_a_hook_is_ended_and_the_hook_passes_it_on);
	tcase_add_test(tc, it_leaves_the_host_s_loop);
	tcase_add_test(tc,
	    one_that_came_before_the_first_turn_leaves_the_host_s_loop);
	tcase_add_test(tc, what_is_no_signal_is_EINVAL);
}
