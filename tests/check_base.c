/*
 * check_base.c - a map on the event_base of its host, who has timers, signals
 * and descriptors of his own there, whose callbacks may do to channels what
 * they like.
 */
#include "probe.h"

#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

const char testing_suite[] = "base";

static struct event_base *
base(void)
{
	return asyncore_map_base(map);
}

static void
on_host(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	trace("h");
}

/* Something of the host's, which the test ends itself. */
static struct event *
host_event(int fd, short what)
{
	struct event *ev = event_new(base(), fd, what | EV_PERSIST, on_host,
	    NULL);

	ck_assert_ptr_nonnull(ev);
	ck_assert_int_eq(event_add(ev, NULL), 0);
	return ev;
}

/* ---- Whose it is. ---- */

START_TEST(the_host_s_base_survives_the_map)
{
	struct event_base *own = event_base_new();
	struct asyncore_map *m = asyncore_map_new(own);
	int fds[2];

	ck_assert_ptr_nonnull(m);
	ck_assert_ptr_eq(asyncore_map_base(m), own);
	make_pair(fds);
	put_probe(&probe_class, 0, fds[0], m);
	probe(0)->r = true;
	ck_assert_int_eq(asyncore_poll(0.001, m), 0);
	ck_assert_int_eq(asyncore_close_all(m, false), 0);
	ck_assert_int_eq(asyncore_map_free(m), 0);
	ck_assert_int_eq(event_base_get_num_events(own,
	    EVENT_BASE_COUNT_ADDED), 0);
	ck_assert_int_eq(event_base_dispatch(own), 1);
	event_base_free(own);
	close(fds[1]);
}
END_TEST

/* An idle map must not keep the host's event_base_dispatch() from ending. */
START_TEST(a_map_without_channels_keeps_nothing_on_the_base)
{
	add_three();
	ck_poll(map, "r0 r1 r2 w0 w1 w2");
	ck_assert_int_eq(asyncore_close_all(map, false), 0);
	ck_assert_int_eq(event_base_get_num_events(base(),
	    EVENT_BASE_COUNT_ADDED), 0);
	close_peers();
}
END_TEST

/* ---- The host's events beside channels. ---- */

START_TEST(timers_run_while_a_pass_waits)
{
	const struct timeval tv = { 0, 1000 };
	struct event *ev = event_new(base(), -1, EV_PERSIST, foreign, NULL);

	add_pair(0, false, false);
	ck_assert_int_eq(event_add(ev, &tv), 0);
	ck_assert_int_eq(asyncore_loop(FOR_EVER, _i, map, 3), 0);
	ck_assert_str_eq(traced(), "t t t");
	event_free(ev);
	close_peers();
}
END_TEST

START_TEST(signals_end_a_pass)
{
	struct event *ev = host_event(SIGUSR1, EV_SIGNAL);

	add_pair(0, false, false);
	ck_assert_int_eq(raise(SIGUSR1), 0);
	ck_assert_int_eq(asyncore_loop(FOR_EVER, _i, map, 1), 0);
	ck_trace("h");
	event_free(ev);
	close_peers();
}
END_TEST

static int
raise_it(struct asyncore_dispatcher *d)
{
	probe_of(d)->r = false;
	return raise(SIGUSR1);
}

START_TEST(a_signal_raised_by_a_hook_comes_in_the_next_pass)
{
	struct event *ev = host_event(SIGUSR1, EV_SIGNAL);

	add_pair(0, true, false);
	probe(0)->on_read = raise_it;
	ck_assert_int_eq(asyncore_loop(FOR_EVER, _i, map, 2), 0);
	ck_trace("r0 h");
	event_free(ev);
	close_peers();
}
END_TEST

static volatile sig_atomic_t interrupts;

static void
on_alarm(int sig)
{
	(void)sig;
	interrupts++;
}

/* A signal that libevent knows nothing of neither ends nor fails a pass. */
START_TEST(an_interrupted_wait_goes_on)
{
	const struct itimerval often = { { 0, 2000 }, { 0, 2000 } };
	const struct itimerval never = { { 0, 0 }, { 0, 0 } };
	struct sigaction action = { .sa_handler = on_alarm };
	double start;

	add_pair(0, false, false);
	ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &often, NULL), 0);
	start = now();
	ck_assert_int_eq(asyncore_loop(0.05, _i, map, 1), 0);
	ck_waited(start, 0.05);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &never, NULL), 0);
	ck_assert_int_gt(interrupts, 0);
	close_peers();
}
END_TEST

START_TEST(descriptors_of_the_host_end_a_pass)
{
	struct event *ev;
	int fds[2];

	make_pair(fds);
	ev = host_event(fds[0], EV_READ);
	add_pair(0, false, false);
	write_all(fds[1], "x", 1);
	ck_assert_int_eq(asyncore_loop(FOR_EVER, _i, map, 2), 0);
	ck_trace("h h");
	event_free(ev);
	close(fds[0]);
	close(fds[1]);
	close_peers();
}
END_TEST

START_TEST(a_busy_host_starves_no_channel)
{
	struct event *ev;
	int fds[2];

	make_pair(fds);
	ev = host_event(fds[0], EV_READ);
	write_all(fds[1], "x", 1);
	add_three();
	ck_assert_int_eq(asyncore_loop(LONG, false, map, 2), 0);
	ck_trace("h r0 r1 r2 w0 w1 w2 h r0 r1 r2 w0 w1 w2");
	event_free(ev);
	close(fds[0]);
	close(fds[1]);
	close_peers();
}
END_TEST

START_TEST(the_host_may_watch_a_channel_s_descriptor)
{
	struct event *ev;

	add_pair(0, true, false);
	ev = host_event(asyncore_fileno(channel[0]), EV_READ);
	ck_poll(map, "h r0");
	probe(0)->r = false;
	ck_poll(map, "h");
	probe(0)->r = true;
	event_free(ev);
	ck_poll(map, "r0");
	close_peers();
}
END_TEST

static struct event *activated;

static int
activate(struct asyncore_dispatcher *d)
{
	probe_of(d)->r = false;
	event_active(activated, EV_WRITE, 0);
	return 0;
}

START_TEST(an_event_activated_by_a_hook_comes_in_the_next_pass)
{
	activated = host_event(-1, 0);
	add_pair(0, true, false);
	probe(0)->on_read = activate;
	ck_assert_int_eq(asyncore_loop(FOR_EVER, _i, map, 2), 0);
	ck_trace("r0 h");
	event_free(activated);
	close_peers();
}
END_TEST

START_TEST(priorities_of_the_host_hide_no_channel)
{
	struct event_base *own = event_base_new();
	struct asyncore_map *m = asyncore_map_new(own);
	struct event *ev = event_new(own, -1, 0, foreign, NULL);
	int fds[2];

	ck_assert_int_eq(event_base_priority_init(own, 3), 0);
	ck_assert_int_eq(event_priority_set(ev, 0), 0);
	event_active(ev, EV_WRITE, 0);
	make_pair(fds);
	put_probe(&probe_class, 0, fds[0], m);
	probe(0)->r = true;
	write_all(fds[1], "x", 1);
	ck_poll(m, "t r0");
	event_free(ev);
	close(fds[1]);
	ck_assert_int_eq(asyncore_close_all(m, false), 0);
	ck_assert_int_eq(asyncore_map_free(m), 0);
	event_base_free(own);
}
END_TEST

/* ---- What a callback of the host's may do inside of a pass. ---- */

static void
close_in_callback(evutil_socket_t fd, short what, void *arg)
{
	foreign(fd, what, arg);
	ck_assert_int_eq(asyncore_close(channel[1]), 0);
}

START_TEST(a_callback_may_close_what_is_ready)
{
	ck_assert_int_eq(asyncore_map_set_presume(map, _i), 0);
	add_three();
	after(0, close_in_callback);
	ck_poll(map, "t r0 r2 w0 w2");
	ck_assert_uint_eq(asyncore_map_len(map), 2);
	close_peers();
}
END_TEST

START_TEST(a_callback_may_close_the_last_channel)
{
	add_pair(1, false, false);
	after(1000, close_in_callback);
	ck_assert_int_eq(asyncore_loop(FOR_EVER, _i, map, -1), 0);
	ck_trace("t");
	close_peers();
}
END_TEST

static void
add_in_callback(evutil_socket_t fd, short what, void *arg)
{
	foreign(fd, what, arg);
	add_pair(3, true, false);
}

START_TEST(a_callback_may_create_a_channel)
{
	add_pair(0, false, false);
	after(1000, add_in_callback);
	ck_assert_int_eq(asyncore_loop(FOR_EVER, _i, map, 2), 0);
	ck_trace("t r3");
	close_peers();
}
END_TEST

static void
replace_in_callback(evutil_socket_t fd, short what, void *arg)
{
	close_in_callback(fd, what, arg);
	add_pair(3, true, false);
}

START_TEST(a_callback_may_close_one_and_create_one)
{
	add_three();
	after(0, replace_in_callback);
	ck_poll(map, "t r0 r2 w0 w2");
	ck_poll(map, "r0 r2 r3 w0 w2");
	close_peers();
}
END_TEST

static void
readd_in_callback(evutil_socket_t fd, short what, void *arg)
{
	foreign(fd, what, arg);
	asyncore_ref(channel[1]);
	ck_assert_int_eq(asyncore_del_channel(channel[1]), 0);
	ck_assert_int_eq(asyncore_add_channel(channel[1], NULL), 0);
	asyncore_unref(channel[1]);
}

START_TEST(a_callback_may_move_one_to_the_end)
{
	ck_assert_int_eq(asyncore_map_set_presume(map, _i), 0);
	add_three();
	after(0, readd_in_callback);
	ck_assert_int_eq(asyncore_poll(LONG, map), 0);
	clear_trace();
	ck_poll(map, "r0 r2 r1 w0 w2 w1");
	close_peers();
}
END_TEST

static void
wake_in_callback(evutil_socket_t fd, short what, void *arg)
{
	char buf[16];

	foreign(fd, what, arg);
	ck_assert_int_eq(asyncore_recv(channel[0], buf, sizeof buf), 1);
	ck_assert_int_eq(asyncore_send(channel[0], "y", 1), 1);
	ck_assert_int_eq(asyncore_read(channel[0]), 0);
	probe(0)->w = true;
}

START_TEST(a_callback_may_call_a_channel)
{
	add_pair(0, false, false);
	after(1000, wake_in_callback);
	ck_assert_int_eq(asyncore_loop(FOR_EVER, _i, map, 2), 0);
	ck_trace("t r0 w0");
	close_peers();
}
END_TEST

static void
add_beside(TCase *tc)
{
	tcase_add_test(tc, the_host_s_base_survives_the_map);
	tcase_add_test(tc, a_map_without_channels_keeps_nothing_on_the_base);
	tcase_add_loop_test(tc, timers_run_while_a_pass_waits, 0, 2);
	tcase_add_loop_test(tc, signals_end_a_pass, 0, 2);
	tcase_add_loop_test(tc,
	    a_signal_raised_by_a_hook_comes_in_the_next_pass, 0, 2);
	tcase_add_loop_test(tc, an_interrupted_wait_goes_on, 0, 2);
	tcase_add_loop_test(tc, descriptors_of_the_host_end_a_pass, 0, 2);
	tcase_add_test(tc, a_busy_host_starves_no_channel);
	tcase_add_test(tc, the_host_may_watch_a_channel_s_descriptor);
	tcase_add_loop_test(tc,
	    an_event_activated_by_a_hook_comes_in_the_next_pass, 0, 2);
	tcase_add_test(tc, priorities_of_the_host_hide_no_channel);
}

static void
add_callbacks(TCase *tc)
{
	tcase_add_loop_test(tc, a_callback_may_close_what_is_ready, 0, 2);
	tcase_add_loop_test(tc, a_callback_may_close_the_last_channel, 0, 2);
	tcase_add_loop_test(tc, a_callback_may_create_a_channel, 0, 2);
	tcase_add_test(tc, a_callback_may_close_one_and_create_one);
	tcase_add_loop_test(tc, a_callback_may_move_one_to_the_end, 0, 2);
	tcase_add_loop_test(tc, a_callback_may_call_a_channel, 0, 2);
}

void
testing_add(TCase *tc)
{
	add_beside(tc);
	add_callbacks(tc);
}
