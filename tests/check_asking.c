/*
 * check_asking.c - what a predicate may do while it is asked: close, add and
 * change channels, and run loops.
 *
 * A stall shows as a pass that waits for ever: such tests wait without a limit
 * and are ended by the harness.
 */
#include "probe.h"

#include <string.h>

const char testing_suite[] = "asking";

/* Passes that do not wait. */
static void
glance(int passes)
{
	ck_assert_int_eq(asyncore_loop(0, false, map, passes), 0);
}

static void
wait_for_ever(int passes)
{
	ck_assert_int_eq(asyncore_loop(FOR_EVER, false, map, passes), 0);
}

static const struct asyncore_class changing_class = {
	.base = &probe_class,
	.flags = ASYNCORE_ASK_ON_CHANGE,
	.readable = asked_readable,
	.writable = asked_writable,
};

static const struct asyncore_class reader_class = {
	.base = &probe_class,
	.readable = asyncore_always,
	.writable = asyncore_never,
};

static void
put_three(const struct asyncore_class *cls, bool r, bool w)
{
	int i;

	for (i = 0; i < 3; i++)
		put_pair(cls, i, r, w);
}

START_TEST(closes_itself_and_is_not_asked_further)
{
	put_three(&asked_probe_class, true, true);
	probe(0)->on_readable = close_0;
	probe(1)->on_writable = close_1;
	ck_assert_int_eq(asyncore_poll(LONG, map), 0);
	ck_trace("R0 R1 W1 R2 W2 r2 w2");
	ck_assert_uint_eq(asyncore_map_len(map), 1);
	close_peers();
}
END_TEST

START_TEST(closes_a_later_one_before_it_is_asked)
{
	put_three(_i ? &changing_class : &asked_probe_class, true, true);
	probe(0)->on_readable = close_1;
	ck_assert_int_eq(asyncore_poll(LONG, map), 0);
	ck_trace("R0 W0 R2 W2 r0 r2 w0 w2");
	close_peers();
}
END_TEST

START_TEST(closes_an_earlier_one_after_it_was_asked)
{
	put_three(_i ? &changing_class : &asked_probe_class, true, true);
	probe(1)->on_readable = close_0;
	ck_assert_int_eq(asyncore_poll(LONG, map), 0);
	ck_trace("R0 W0 R1 W1 R2 W2 r1 r2 w1 w2");
	close_peers();
}
END_TEST

START_TEST(closes_the_last_one_and_ends_the_loop)
{
	put_pair(_i ? &changing_class : &asked_probe_class, 0, true, true);
	probe(0)->on_readable = close_0;
	wait_for_ever(-1);
	ck_trace("R0");
	close_peers();
}
END_TEST

static int
give_up(struct asyncore_dispatcher *d)
{
	asyncore_unref(d);
	return asyncore_close(d);
}

START_TEST(gives_up_its_last_reference)
{
	put_pair(_i ? &changing_class : &asked_probe_class, 0, true, true);
	asyncore_ref(channel[0]);
	probe(0)->tells_end = true;
	probe(0)->on_readable = give_up;
	wait_for_ever(-1);
	ck_trace("R0 f0");
	close_peers();
}
END_TEST

static int
add_fourth(struct asyncore_dispatcher *d)
{
	(void)d;
	probe(0)->on_readable = NULL;
	put_pair(&asked_probe_class, 3, true, false);
	return 0;
}

START_TEST(an_added_channel_is_asked_in_the_next_pass)
{
	put_three(&asked_probe_class, true, false);
	probe(0)->on_readable = add_fourth;
	ck_assert_int_eq(asyncore_poll(LONG, map), 0);
	ck_trace("R0 W0 R1 W1 R2 W2 r0 r1 r2");
	ck_assert_int_eq(asyncore_poll(LONG, map), 0);
	ck_trace("R0 W0 R1 W1 R2 W2 R3 W3 r0 r1 r2 r3");
	close_peers();
}
END_TEST

START_TEST(an_added_channel_is_not_waited_without)
{
	put_pair(&asked_probe_class, 0, false, false);
	probe(0)->on_readable = add_fourth;
	wait_for_ever(2);
	ck_trace("R0 W0 R0 W0 R3 W3 r3");
	close_peers();
}
END_TEST

static int other;

static int
wake_other(struct asyncore_dispatcher *d)
{
	probe_of(d)->on_readable = NULL;
	probe(other)->r = true;
	asyncore_touch(channel[other]);
	return 0;
}

static int
call_other(struct asyncore_dispatcher *d)
{
	probe_of(d)->on_readable = NULL;
	probe(other)->r = true;
	ck_assert_int_eq(asyncore_send(channel[other], "y", 1), 1);
	return 0;
}

static const probe_action change_other[] = { wake_other, call_other };

START_TEST(a_change_of_a_later_one_counts_in_this_pass)
{
	put_three(&changing_class, false, false);
	glance(1);
	clear_trace();
	other = 2;
	probe(0)->on_readable = change_other[_i];
	asyncore_touch(channel[0]);
	wait_for_ever(2);
	ck_assert_int_eq(strcmp(traced() + strlen(traced()) - 2, "r2"), 0);
	close_peers();
}
END_TEST

START_TEST(a_change_of_an_earlier_one_is_not_lost)
{
	put_three(&changing_class, false, false);
	glance(1);
	clear_trace();
	probe(2)->on_readable = change_other[_i];
	other = 0;
	asyncore_touch(channel[2]);
	wait_for_ever(2);
	ck_trace("R2 W2 R0 W0 r0");
	close_peers();
}
END_TEST

START_TEST(a_touch_of_an_earlier_one_asked_every_pass_is_not_lost)
{
	put_three(&asked_probe_class, false, false);
	probe(2)->on_readable = wake_other;
	other = 0;
	wait_for_ever(2);
	ck_trace("R0 W0 R1 W1 R2 W2 R0 W0 R1 W1 R2 W2 r0");
	close_peers();
}
END_TEST

/* ---- Loops inside of a predicate. ---- */

static int
run_a_pass(struct asyncore_dispatcher *d)
{
	probe_of(d)->on_readable = NULL;
	trace("[");
	ck_assert_int_eq(asyncore_poll(LONG, map), 0);
	trace("]");
	return 0;
}

START_TEST(runs_a_whole_pass_inside)
{
	put_three(&asked_probe_class, true, false);
	probe(1)->on_readable = run_a_pass;
	ck_assert_int_eq(asyncore_poll(LONG, map), 0);
	ck_trace("R0 W0 R1 [ R0 W0 R1 W1 R2 W2 r0 r1 r2 ] W1 R2 W2 r0 r1 r2");
	close_peers();
}
END_TEST

/* The outer pass has not come to the new ones yet, but the inner one must. */
START_TEST(a_pass_inside_asks_those_still_to_be_asked)
{
	put_pair(&asked_probe_class, 0, false, false);
	put_pair(_i ? &changing_class : &reader_class, 1, true, false);
	probe(0)->on_readable = run_a_pass;
	ck_assert_int_eq(asyncore_poll(LONG, map), 0);
	ck_assert_ptr_nonnull(strstr(traced(), "r1 ]"));
	close_peers();
}
END_TEST

START_TEST(a_pass_inside_closes_what_is_still_to_be_asked)
{
	put_three(&asked_probe_class, true, false);
	probe(0)->on_readable = run_a_pass;
	probe(1)->on_read = close_2;
	ck_assert_int_eq(asyncore_poll(LONG, map), 0);
	ck_trace("R0 [ R0 W0 R1 W1 R2 W2 r0 r1 ] W0 R1 W1 r0 r1");
	close_peers();
}
END_TEST

START_TEST(a_pass_inside_may_close_the_one_that_runs_it)
{
	put_three(&asked_probe_class, true, false);
	probe(0)->on_readable = run_a_pass;
	probe(1)->on_read = close_0;
	ck_assert_int_eq(asyncore_poll(LONG, map), 0);
	ck_trace("R0 [ R0 W0 R1 W1 R2 W2 r0 r1 r2 ] R1 W1 R2 W2 r1 r2");
	close_peers();
}
END_TEST

void
testing_add(TCase *tc)
{
	tcase_add_test(tc, closes_itself_and_is_not_asked_further);
	tcase_add_loop_test(tc, closes_a_later_one_before_it_is_asked, 0, 2);
	tcase_add_loop_test(tc, closes_an_earlier_one_after_it_was_asked, 0,
	    2);
	tcase_add_loop_test(tc, closes_the_last_one_and_ends_the_loop, 0, 2);
	tcase_add_loop_test(tc, gives_up_its_last_reference, 0, 2);
	tcase_add_test(tc, an_added_channel_is_asked_in_the_next_pass);
	tcase_add_test(tc, an_added_channel_is_not_waited_without);
	tcase_add_loop_test(tc, a_change_of_a_later_one_counts_in_this_pass, 0,
	    2);
	tcase_add_loop_test(tc, a_change_of_an_earlier_one_is_not_lost, 0, 2);
	tcase_add_test(tc,
	    a_touch_of_an_earlier_one_asked_every_pass_is_not_lost);
	tcase_add_test(tc, runs_a_whole_pass_inside);
	tcase_add_loop_test(tc, a_pass_inside_asks_those_still_to_be_asked, 0,
	    2);
	tcase_add_test(tc, a_pass_inside_closes_what_is_still_to_be_asked);
	tcase_add_test(tc, a_pass_inside_may_close_the_one_that_runs_it);
}
