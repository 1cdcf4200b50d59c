/*
 * check_timeout.c - idle timeouts: the hook for a channel over which nothing
 * went for a while.
 */
#include "probe.h"

#include <errno.h>
#include <math.h>
#include <time.h>
#include <unistd.h>

const char testing_suite[] = "timeout";

/* One of the waits below: a clock tick must not matter to it. */
#define SHORT 0.05

static int
timed_out(struct asyncore_dispatcher *d)
{
	struct probe *p = probe_of(d);

	trace("t%d", p->id);
	return p->on_close != NULL ? p->on_close(d) : asyncore_close(d);
}

static const struct asyncore_class timed_class = {
	.name = "Timed",
	.base = &probe_class,
	.handle_timeout = timed_out,
};

static void
add_timed(int id, bool r, double seconds)
{
	put_pair(&timed_class, id, r, false);
	ck_assert_int_eq(asyncore_set_timeout(channel[id], seconds), 0);
}

static void
run_all(void)
{
	ck_assert_int_eq(asyncore_loop(LONG, false, map, -1), 0);
}

START_TEST(an_idle_channel_times_out)
{
	const double start = now();

	add_timed(0, false, SHORT);
	run_all();
	ck_trace("t0");
	ck_waited(start, SHORT);
	close_peers();
}
END_TEST

START_TEST(by_default_it_is_closed)
{
	put_pair(&probe_class, 0, false, false);
	ck_assert_int_eq(asyncore_set_timeout(channel[0], 0.001), 0);
	run_all();
	ck_trace("c0");
	close_peers();
}
END_TEST

START_TEST(channels_with_the_same_timeout_go_in_order)
{
	add_timed(0, false, SHORT);
	add_timed(1, false, SHORT);
	add_timed(2, false, SHORT);
	run_all();
	ck_trace("t0 t1 t2");
	close_peers();
}
END_TEST

/* libevent counts from the last tick of its clock: a tick that is near makes
 * its timers early. */
static void
until_the_next_tick(void)
{
#ifdef CLOCK_MONOTONIC_COARSE
	struct timespec start, ts;

	ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC_COARSE, &start), 0);
	do
		ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC_COARSE, &ts), 0);
	while (ts.tv_sec == start.tv_sec && ts.tv_nsec == start.tv_nsec);
#endif
}

/* Of libevent's clock, in seconds. */
static double
tick(void)
{
	struct timespec ts = { 0, 10000000 };

#ifdef CLOCK_MONOTONIC_COARSE
	ck_assert_int_eq(clock_getres(CLOCK_MONOTONIC_COARSE, &ts), 0);
#endif
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int
busy_for_some_ticks(void *arg)
{
	const double start = now();

	(void)arg;
	trace("busy");
	while (now() - start < 2 * tick())
		;
	return 0;
}

START_TEST(time_that_goes_by_in_between_does_not_change_their_order)
{
	add_timed(0, false, SHORT);
	ck_assert_int_gt(asyncore_call_later(map, SHORT, busy_for_some_ticks,
	    NULL), 0);
	add_timed(1, false, SHORT);
	until_the_next_tick();
	run_all();
	ck_trace("t0 busy t1");
	close_peers();
}
END_TEST

/* Before the last byte went: its own time is later, and how much, nobody knows. */
static double last;

static int
receive_later(struct asyncore_dispatcher *d, void *arg)
{
	(void)arg;
	last = now();
	ck_assert_int_eq(receive(d), 1);
	return 0;
}

static int
send_later(struct asyncore_dispatcher *d, void *arg)
{
	(void)arg;
	last = now();
	ck_assert_int_eq((int)asyncore_send(d, "z", 1), 1);
	trace("s");
	return 0;
}

START_TEST(what_is_received_puts_it_off)
{
	put_pair(&timed_class, 0, false, false);
	ck_assert_int_gt(asyncore_channel_call_later(channel[0], SHORT * 0.75,
	    receive_later, NULL), 0);
	ck_assert_int_eq(asyncore_set_timeout(channel[0], SHORT), 0);
	run_all();
	ck_trace("'x' t0");
	ck_waited(last, SHORT);
	close_peers();
}
END_TEST

START_TEST(what_is_sent_puts_it_off)
{
	put_pair(&timed_class, 0, false, false);
	ck_assert_int_gt(asyncore_channel_call_later(channel[0], SHORT * 0.75,
	    send_later, NULL), 0);
	ck_assert_int_eq(asyncore_set_timeout(channel[0], SHORT), 0);
	run_all();
	ck_trace("s t0");
	ck_waited(last, SHORT);
	close_peers();
}
END_TEST

static int
exchange_nothing(struct asyncore_dispatcher *d, void *sends)
{
	char c;

	last = now();
	if (sends != NULL) {
		ck_assert_int_eq((int)asyncore_send(d, "", 0), 0);
	} else {
		ck_assert_int_eq((int)send(peer[0], "", 0, 0), 0);
		ck_assert_int_eq((int)asyncore_recv(d, &c, 1), 0);
	}
	trace("x");
	return 0;
}

START_TEST(a_datagram_of_no_bytes_puts_it_off)
{
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), 0);
	put_probe(&timed_class, 0, fds[0], map);
	peer[0] = fds[1];
	ck_assert_int_gt(asyncore_channel_call_later(channel[0], SHORT * 0.75,
	    exchange_nothing, _i == 0 ? NULL : &fds), 0);
	ck_assert_int_eq(asyncore_set_timeout(channel[0], SHORT), 0);
	run_all();
	ck_trace("x t0");
	ck_waited(last, SHORT);
	close_peers();
}
END_TEST

static int
third_closes(struct asyncore_dispatcher *d)
{
	static int n;

	return ++n == 3 ? asyncore_close(d) : 0;
}

START_TEST(one_that_does_not_close_is_called_again)
{
	add_timed(0, false, 0.002);
	probe(0)->on_close = third_closes;
	run_all();
	ck_trace("t0 t0 t0");
	close_peers();
}
END_TEST

static int
no_more(struct asyncore_dispatcher *d)
{
	ck_assert_int_eq(asyncore_set_timeout(d, -1), 0);
	return stop_map(d);
}

START_TEST(it_may_be_taken_back_in_the_hook)
{
	add_timed(0, false, 0.001);
	probe(0)->on_close = no_more;
	run_all();
	ck_trace("t0");
	ck_assert_int_eq(asyncore_loop(0.01, false, map, 1), 0);
	ck_trace("");
	close_peers();
}
END_TEST

START_TEST(the_last_one_set_holds)
{
	const double start = now();

	add_timed(0, false, 1000);
	ck_assert_int_eq(asyncore_set_timeout(channel[0], 0.002), 0);
	ck_assert_int_eq(asyncore_set_timeout(channel[0], 0.001), 0);
	ck_assert_int_eq(asyncore_set_timeout(channel[0], 0), -EINVAL);
	ck_assert_int_eq(asyncore_set_timeout(channel[0], NAN), -EINVAL);
	ck_assert_int_eq(asyncore_set_timeout(NULL, 1), -EINVAL);
	run_all();
	ck_trace("t0");
	ck_assert_double_lt(now() - start, LONG);
	close_peers();
}
END_TEST

static int
break_down(struct asyncore_dispatcher *d)
{
	(void)d;
	return -EIO;
}

START_TEST(an_error_of_the_hook_goes_to_handle_error)
{
	add_timed(0, false, 0.001);
	probe(0)->on_close = break_down;
	probe(0)->on_error = close_self;
	run_all();
	ck_trace("t0 e0");
	close_peers();
}
END_TEST

START_TEST(the_hook_may_be_called_by_hand_but_not_on_a_closed_channel)
{
	struct asyncore_dispatcher *d;

	put_pair(&timed_class, 0, false, false);
	d = asyncore_ref(channel[0]);
	probe(0)->on_close = break_down;
	ck_assert_int_eq(asyncore_handle_timeout(d), -EIO);
	probe(0)->on_close = NULL;
	ck_assert_int_eq(asyncore_handle_timeout(d), 0);
	ck_assert(asyncore_closed(d));
	ck_trace("t0 t0");
	ck_assert_int_eq(asyncore_handle_timeout(d), 0);
	ck_trace("");
	ck_assert_int_eq(asyncore_handle_timeout(NULL), -EINVAL);
	asyncore_unref(d);
	close_peers();
}
END_TEST

/* Out of the map and open, it has no channel to keep the loop going. */
START_TEST(a_timeout_does_not_keep_the_loop_going)
{
	struct asyncore_dispatcher *d;

	add_timed(0, false, 1000);
	d = asyncore_ref(channel[0]);
	ck_assert_int_eq(asyncore_del_channel(d), 0);
	run_all();
	ck_trace("");
	asyncore_unref(d);
	close_peers();
}
END_TEST

START_TEST(what_is_no_time_is_EINVAL_and_changes_nothing)
{
	static const double bad[] = { 0, -0.0, NAN };
	size_t i;

	add_timed(0, false, 0.001);
	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		ck_assert_int_eq(asyncore_set_timeout(channel[0], bad[i]),
		    -EINVAL);
	ck_assert_int_eq(asyncore_set_timeout(NULL, 1), -EINVAL);
	run_all();
	ck_trace("t0");
	close_peers();
}
END_TEST

START_TEST(one_that_has_none_may_be_told_to_have_none)
{
	add_pair(0, true, false);
	ck_assert_int_eq(asyncore_set_timeout(channel[0], -1), 0);
	ck_poll(map, "r0");
	close_peers();
}
END_TEST

START_TEST(more_values_than_libevent_has_queues_work_too)
{
	int i;

	for (i = 0; i < 300; i++)
		add_timed(i, false, 0.001 + i * 1e-5);
	probe(299)->on_close = stop_map;
	run_all();
	ck_assert_uint_eq(asyncore_map_len(map), 1);
	close_peers();
}
END_TEST

static int
say(void *text)
{
	trace("%s", (const char *)text);
	return 0;
}

/* The number of its timeout is another call's there. */
START_TEST(a_timeout_in_another_map_cancels_no_call_of_that_map)
{
	struct asyncore_map *other = asyncore_map_new(NULL);

	add_timed(0, false, LONG);
	ck_assert_int_gt(asyncore_call_later(other, 0, say, "call"), 0);
	ck_assert_int_eq(asyncore_add_channel(channel[0], other), 0);
	ck_assert_int_eq(asyncore_set_timeout(channel[0], 0.001), 0);
	ck_assert_int_eq(asyncore_loop(LONG, false, other, -1), 0);
	ck_trace("call t0");
	ck_assert_int_eq(asyncore_map_free(other), 0);
	close_peers();
}
END_TEST

void
testing_add(TCase *tc)
{
	tcase_add_test(tc, an_idle_channel_times_out);
	tcase_add_test(tc, by_default_it_is_closed);
	tcase_add_test(tc, channels_with_the_same_timeout_go_in_order);
	tcase_add_test(tc,
	    time_that_goes_by_in_between_does_not_change_their_order);
	tcase_add_test(tc, what_is_received_puts_it_off);
	tcase_add_test(tc, what_is_sent_puts_it_off);
	tcase_add_loop_test(tc, a_datagram_of_no_bytes_puts_it_off, 0, 2);
	tcase_add_test(tc, one_that_does_not_close_is_called_again);
	tcase_add_test(tc, it_may_be_taken_back_in_the_hook);
	tcase_add_test(tc, the_last_one_set_holds);
	tcase_add_test(tc, an_error_of_the_hook_goes_to_handle_error);
	tcase_add_test(tc,
	    the_hook_may_be_called_by_hand_but_not_on_a_closed_channel);
	tcase_add_test(tc, a_timeout_does_not_keep_the_loop_going);
	tcase_add_test(tc,
	    a_timeout_in_another_map_cancels_no_call_of_that_map);
	tcase_add_test(tc, what_is_no_time_is_EINVAL_and_changes_nothing);
	tcase_add_test(tc, one_that_has_none_may_be_told_to_have_none);
	tcase_add_test(tc, more_values_than_libevent_has_queues_work_too);
}
