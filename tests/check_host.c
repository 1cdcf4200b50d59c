/*
 * check_host.c - a base that a map does not have for itself: the host runs it
 * between passes, another map is on it, the process forks.
 *
 * Events of ours that are armed and ready must neither spin nor get lost then.
 */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

const char testing_suite[] = "host";

static struct event_base *
base(void)
{
	return asyncore_map_base(map);
}

/* ---- Two maps on one base. ---- */

static struct asyncore_map *second;

/* Number 3, in the second map, with input. */
static void
add_second(bool r, bool w)
{
	int fds[2];

	second = asyncore_map_new(base());
	ck_assert_ptr_nonnull(second);
	make_pair(fds);
	peer[3] = fds[1];
	write_all(peer[3], "x", 1);
	put_probe(&probe_class, 3, fds[0], second);
	probe(3)->r = r;
	probe(3)->w = w;
}

static void
end_second(void)
{
	ck_assert_int_eq(asyncore_close_all(second, false), 0);
	ck_assert_int_eq(asyncore_map_free(second), 0);
	close_peers();
}

START_TEST(two_maps_on_a_base_lose_nothing_of_each_other)
{
	int i;

	add_second(true, true);
	add_three();
	ck_assert_int_eq(asyncore_map_set_presume(map, _i), 0);
	ck_assert_int_eq(asyncore_map_set_presume(second, _i), 0);
	for (i = 0; i < 3; i++) {
		ck_poll(map, "r0 r1 r2 w0 w1 w2");
		ck_poll(second, "r3 w3");
	}
	end_second();
}
END_TEST

/* Armed and ready, the other map's channel must not spin in our wait. */
START_TEST(the_other_map_on_a_base_does_not_spin)
{
	struct event *ev;

	add_second(true, true);
	ck_assert_int_eq(asyncore_map_set_presume(second, _i), 0);
	ck_poll(second, "r3 w3");
	add_pair(0, false, false);
	ck_assert_int_eq(asyncore_poll(0, map), 0);
	ev = every(1000);
	ck_assert_int_eq(asyncore_poll(FOR_EVER, map), 0);
	ck_trace("t");
	event_free(ev);
	ck_poll(second, "r3 w3");
	end_second();
}
END_TEST

START_TEST(stop_of_one_map_is_not_of_the_other_on_its_base)
{
	add_second(true, false);
	add_three();
	ck_assert_int_eq(asyncore_stop(second), 0);
	ck_poll(map, "r0 r1 r2 w0 w1 w2");
	ck_poll(second, "");
	ck_poll(second, "r3");
	end_second();
}
END_TEST

static int
close_second(struct asyncore_dispatcher *d)
{
	(void)d;
	ck_assert_int_eq(asyncore_close_all(second, false), 0);
	return 0;
}

START_TEST(a_hook_may_close_the_channels_of_the_other_map)
{
	add_second(true, true);
	add_three();
	ck_poll(second, "r3 w3");
	probe(0)->on_read = close_second;
	ck_poll(map, "r0 r1 r2 w0 w1 w2");
	ck_poll(second, "");
	end_second();
}
END_TEST

/* ---- The host runs the base itself. ---- */

static void
host_runs(int flags)
{
	ck_assert_int_ge(event_base_loop(base(), flags), 0);
}

/* What was armed for a pass disarms itself: the host's next round waits. */
START_TEST(the_host_s_own_loop_does_not_spin)
{
	ck_assert_int_eq(asyncore_map_set_presume(map, _i), 0);
	add_three();
	ck_poll(map, "r0 r1 r2 w0 w1 w2");
	host_runs(EVLOOP_ONCE | EVLOOP_NONBLOCK);
	ck_trace("");
	after(1000, foreign);
	host_runs(EVLOOP_ONCE);
	ck_trace("t");
	after(1000, foreign);
	host_runs(EVLOOP_ONCE);
	ck_trace("t");
	close_peers();
}
END_TEST

START_TEST(the_host_s_own_loop_loses_nothing)
{
	ck_assert_int_eq(asyncore_map_set_presume(map, _i), 0);
	add_three();
	ck_poll(map, "r0 r1 r2 w0 w1 w2");
	host_runs(EVLOOP_ONCE | EVLOOP_NONBLOCK);
	host_runs(EVLOOP_ONCE | EVLOOP_NONBLOCK);
	ck_poll(map, "r0 r1 r2 w0 w1 w2");
	ck_poll(map, "r0 r1 r2 w0 w1 w2");
	close_peers();
}
END_TEST

/* Nothing of theirs changes but that they were disarmed. */
START_TEST(the_host_s_own_loop_loses_no_input)
{
	static const struct asyncore_class reader_class = {
		.base = &probe_class,
		.readable = asyncore_always,
		.writable = asyncore_never,
	};
	int i;

	for (i = 0; i < 4; i++)
		put_pair(i % 2 ? &reader_class : &probe_class, i, true,
		    false);
	ck_poll(map, "r0 r1 r2 r3");
	host_runs(EVLOOP_ONCE | EVLOOP_NONBLOCK);
	ck_poll(map, "r0 r1 r2 r3");
	close_peers();
}
END_TEST

START_TEST(the_host_s_dispatch_ends_though_channels_are_ready)
{
	ck_assert_int_eq(asyncore_map_set_presume(map, _i), 0);
	add_three();
	ck_poll(map, "r0 r1 r2 w0 w1 w2");
	ck_assert_int_eq(event_base_dispatch(base()), 1);
	ck_trace("");
	ck_poll(map, "r0 r1 r2 w0 w1 w2");
	close_peers();
}
END_TEST

START_TEST(one_disarmed_by_the_host_may_leave)
{
	add_three();
	ck_poll(map, "r0 r1 r2 w0 w1 w2");
	host_runs(EVLOOP_ONCE | EVLOOP_NONBLOCK);
	ck_assert_int_eq(asyncore_close(channel[0]), 0);
	asyncore_ref(channel[1]);
	ck_assert_int_eq(asyncore_del_channel(channel[1]), 0);
	ck_poll(map, "r2 w2");
	ck_assert_int_eq(asyncore_add_channel(channel[1], NULL), 0);
	asyncore_unref(channel[1]);
	ck_poll(map, "r2 r1 w2 w1");
	close_peers();
}
END_TEST

static void
replace_in_callback(evutil_socket_t fd, short what, void *arg)
{
	foreign(fd, what, arg);
	ck_assert_int_eq(asyncore_close(channel[1]), 0);
	add_pair(3, true, false);
}

START_TEST(the_host_s_own_loop_may_close_and_create_channels)
{
	ck_assert_int_eq(asyncore_map_set_presume(map, _i), 0);
	add_three();
	ck_poll(map, "r0 r1 r2 w0 w1 w2");
	after(0, replace_in_callback);
	host_runs(EVLOOP_ONCE);
	host_runs(EVLOOP_ONCE | EVLOOP_NONBLOCK);
	ck_trace("t");
	ck_poll(map, "r0 r2 r3 w0 w2");
	close_peers();
}
END_TEST

/* ---- The wait fails. ---- */

/* libevent warns on stderr about it. */
static void
be_silent(int severity, const char *message)
{
	(void)severity;
	(void)message;
}

/* Puts /dev/null in the place of `fd`, which epoll_wait(2) then refuses. */
static void
replace_by_null(int fd)
{
	int null = open("/dev/null", O_RDWR);

	ck_assert_int_eq(dup2(null, fd), fd);
	ck_assert_int_eq(close(null), 0);
}

/* Only epoll's can: poll and select have no descriptor of their own. */
START_TEST(an_error_of_the_wait_is_the_result_of_the_loop)
{
	const int lowest = dup(STDIN_FILENO);
	struct event_base *own;
	struct asyncore_map *m;
	int fds[2], expected = 0;

	ck_assert_int_eq(close(lowest), 0);
	own = event_base_new();
	m = asyncore_map_new(own);
	make_pair(fds);
	put_probe(&probe_class, 0, fds[0], m);
	probe(0)->r = true;
	ck_assert_int_eq(asyncore_poll(0, m), 0);
	event_set_log_callback(be_silent);
	if (strcmp(event_base_get_method(own), "epoll") == 0) {
		replace_by_null(lowest);
		expected = -EINVAL;
	}
	ck_assert_int_eq(asyncore_poll(0, m), expected);
	ck_assert_int_eq(asyncore_close_all(m, false), 0);
	ck_assert_int_eq(asyncore_map_free(m), 0);
	event_base_free(own);
	close(fds[1]);
}
END_TEST

/* ---- Forks. ---- */

/* No assertions in the child: Check would take them for the test's end. */
static int
pass_in_child(void)
{
	if (event_reinit(base()) != 0)
		return 2;
	if (asyncore_poll(LONG, map) != 0)
		return 3;
	if (strcmp(traced(), "r0 r1 r2 w0 w1 w2") != 0)
		return 4;
	if (asyncore_close_all(map, false) != 0)
		return 5;
	return 0;
}

START_TEST(a_forked_child_goes_on_after_event_reinit)
{
	pid_t pid;
	int status;

	ck_assert_int_eq(asyncore_map_set_presume(map, _i), 0);
	add_three();
	ck_poll(map, "r0 r1 r2 w0 w1 w2");
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		end_child(pass_in_child());
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_poll(map, "r0 r1 r2 w0 w1 w2");
	close_peers();
}
END_TEST

/* With presumed writes and without them. */
void
testing_add(TCase *tc)
{
	tcase_add_loop_test(tc, two_maps_on_a_base_lose_nothing_of_each_other,
	    0, 2);
	tcase_add_loop_test(tc, the_other_map_on_a_base_does_not_spin, 0, 2);
	tcase_add_test(tc, stop_of_one_map_is_not_of_the_other_on_its_base);
	tcase_add_test(tc, a_hook_may_close_the_channels_of_the_other_map);
	tcase_add_loop_test(tc, the_host_s_own_loop_does_not_spin, 0, 2);
	tcase_add_loop_test(tc, the_host_s_own_loop_loses_nothing, 0, 2);
	tcase_add_test(tc, the_host_s_own_loop_loses_no_input);
	tcase_add_loop_test(tc,
	    the_host_s_dispatch_ends_though_channels_are_ready, 0, 2);
	tcase_add_test(tc, one_disarmed_by_the_host_may_leave);
	tcase_add_loop_test(tc,
	    the_host_s_own_loop_may_close_and_create_channels, 0, 2);
	tcase_add_test(tc, an_error_of_the_wait_is_the_result_of_the_loop);
	tcase_add_loop_test(tc, a_forked_child_goes_on_after_event_reinit, 0,
	    2);
}
