/*
 * check_wakeup.c - a map that other threads and signal handlers reach: calls
 * in its own thread, stop, wakeup.
 */
#include "probe.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

/* The harness's own is not for other threads. */
#undef asyncore_stop

const char testing_suite[] = "wakeup";

static pthread_t self_thread;

static void
enable(void)
{
	ck_assert_int_eq(asyncore_map_enable_threads(map), 0);
	self_thread = pthread_self();
}

static void
run_all(void)
{
	ck_assert_int_eq(asyncore_loop(LONG, false, map, -1), 0);
}

static int
say(void *text)
{
	ck_assert(pthread_equal(pthread_self(), self_thread));
	trace("%s", (const char *)text);
	return 0;
}

static void
soon(const char *text)
{
	ck_assert_int_eq(asyncore_call_soon_threadsafe(map, say,
	    (void *)text), 0);
}

START_TEST(a_map_is_not_reachable_unless_it_says_so)
{
	ck_assert_int_eq(asyncore_wakeup(map), -ENOTSUP);
	ck_assert_int_eq(asyncore_call_soon_threadsafe(map, say, ""),
	    -ENOTSUP);
	enable();
	ck_assert_int_eq(asyncore_map_enable_threads(map), 0);
	ck_assert_int_eq(asyncore_wakeup(map), 0);
	ck_assert_int_eq(asyncore_wakeup(NULL), -EINVAL);
	ck_assert_int_eq(asyncore_call_soon_threadsafe(map, NULL, ""),
	    -EINVAL);
	ck_assert_int_eq(asyncore_call_soon_threadsafe(NULL, say, ""),
	    -EINVAL);
}
END_TEST

START_TEST(calls_run_in_their_order_behind_the_channels)
{
	enable();
	add_pair(0, true, false);
	ck_assert_int_gt(asyncore_call_later(map, 0, say, "later"), 0);
	soon("a");
	soon("b");
	soon("c");
	ck_poll(map, "r0 later a b c");
	close_peers();
}
END_TEST

static int
say_and_call(void *text)
{
	soon("inner");
	return say(text);
}

START_TEST(calls_made_by_calls_run_in_the_next_pass)
{
	enable();
	add_pair(0, true, false);
	ck_assert_int_eq(asyncore_call_soon_threadsafe(map, say_and_call,
	    "a"), 0);
	soon("b");
	ck_poll(map, "r0 a b");
	ck_poll(map, "r0 inner");
	close_peers();
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
	enable();
	ck_assert_int_eq(asyncore_call_soon_threadsafe(map, leave, NULL), 0);
	soon("b");
	ck_assert_int_eq(asyncore_loop(LONG, false, map, -1),
	    ASYNCORE_EXIT_NOW);
	ck_trace("");
	run_all();
	ck_trace("b");
}
END_TEST

START_TEST(a_wakeup_ends_the_next_wait)
{
	const double start = now();

	enable();
	add_pair(0, false, false);
	ck_assert_int_eq(asyncore_wakeup(map), 0);
	ck_assert_int_eq(asyncore_wakeup(map), 0);
	ck_assert_int_eq(asyncore_poll(LONG, map), 0);
	ck_assert_double_lt(now() - start, LONG);
	close_peers();
}
END_TEST

START_TEST(a_host_s_run_of_the_base_loses_no_call)
{
	enable();
	soon("a");
	ck_assert_int_ge(event_base_loop(asyncore_map_base(map),
	    EVLOOP_ONCE | EVLOOP_NONBLOCK), 0);
	ck_trace("");
	run_all();
	ck_trace("a");
}
END_TEST

START_TEST(an_attached_map_is_reached_too)
{
	enable();
	ck_assert_int_eq(asyncore_attach(map), 0);
	soon("a");
	ck_assert_int_eq(asyncore_stop(map), 0);
	ck_assert_int_ge(event_base_dispatch(asyncore_map_base(map)), 0);
	ck_trace("");
	ck_assert_int_eq(asyncore_call_soon_threadsafe(map, leave, NULL), 0);
	ck_assert_int_ge(event_base_dispatch(asyncore_map_base(map)), 0);
	ck_trace("a");
	ck_assert_int_eq(asyncore_detach_map(map), ASYNCORE_EXIT_NOW);
}
END_TEST

START_TEST(a_map_may_be_freed_with_calls_that_did_not_run)
{
	enable();
	soon("a");
	soon("b");
}
END_TEST

/* No assertions in the child: Check would take them for the test's end. */
static int
wake_in_child(void)
{
	if (event_reinit(asyncore_map_base(map)) != 0)
		return 2;
	if (asyncore_map_enable_threads(map) != 0)
		return 3;
	if (asyncore_call_soon_threadsafe(map, say, "child") != 0)
		return 4;
	if (asyncore_loop(LONG, false, map, -1) != 0)
		return 5;
	return strcmp(traced(), "child") == 0 ? 0 : 6;
}

START_TEST(a_forked_child_has_a_way_of_its_own)
{
	pid_t pid;
	int status;

	enable();
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		end_child(wake_in_child());
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	soon("parent");
	run_all();
	ck_trace("parent");
}
END_TEST

static void
run_host(void)
{
	int i;

	for (i = 0; i < 8; i++)
		(void)event_base_loop(asyncore_map_base(map),
		    EVLOOP_NONBLOCK);
}

static int
go_on_in_child(bool attached)
{
	if (event_reinit(asyncore_map_base(map)) != 0)
		return 2;
	if (asyncore_map_enable_threads(map) != 0)
		return 3;
	if (attached)
		run_host();
	else if (asyncore_loop(LONG, false, map, -1) != 0)
		return 4;
	return strcmp(traced(), "a b") == 0 ? 0 : 5;
}

/* As scheduled calls, channels and all else of a map. */
START_TEST(what_was_called_before_a_fork_runs_in_both_processes)
{
	pid_t pid;
	int status;

	enable();
	if (_i) {
		ck_assert_int_eq(asyncore_attach(map), 0);
		run_host();
	}
	soon("a");
	soon("b");
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		end_child(go_on_in_child(_i));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	if (_i)
		run_host();
	else
		run_all();
	ck_trace("a b");
}
END_TEST

/* ---- Threads. ---- */

#define THREADS 4
#define CALLS 1000

static int sum, seen[THREADS];

struct job {
	int thread, number;
};

static int
add_up(void *arg)
{
	const struct job *job = arg;

	ck_assert(pthread_equal(pthread_self(), self_thread));
	ck_assert_int_eq(job->number, seen[job->thread]++);
	if (++sum == THREADS * CALLS)
		ck_assert_int_eq(asyncore_stop(map), 0);
	return 0;
}

static void *
make_calls(void *arg)
{
	struct job *jobs = arg;
	int i;

	for (i = 0; i < CALLS; i++)
		if (asyncore_call_soon_threadsafe(map, add_up, &jobs[i]) != 0)
			abort();
	return NULL;
}

START_TEST(calls_of_many_threads_all_run_each_thread_s_in_order)
{
	static struct job jobs[THREADS][CALLS];
	pthread_t thread[THREADS];
	int i, k;

	enable();
	add_pair(0, false, false);
	for (i = 0; i < THREADS; i++) {
		for (k = 0; k < CALLS; k++)
			jobs[i][k] = (struct job){ i, k };
		ck_assert_int_eq(pthread_create(&thread[i], NULL, make_calls,
		    jobs[i]), 0);
	}
	run_all();
	ck_assert_int_eq(sum, THREADS * CALLS);
	for (i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_join(thread[i], NULL), 0);
	close_peers();
}
END_TEST

static void *
stop_the_map(void *arg)
{
	if (asyncore_stop(arg) != 0)
		abort();
	return NULL;
}

START_TEST(another_thread_stops_a_loop_that_waits_for_ever)
{
	pthread_t thread;

	enable();
	add_pair(0, false, false);
	ck_assert_int_eq(pthread_create(&thread, NULL, stop_the_map, map), 0);
	ck_assert_int_eq(asyncore_loop(FOR_EVER, false, map, -1), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	close_peers();
}
END_TEST

/* ---- Several maps, each in its thread. ---- */

/* To and fro, until told that all are there. */
static int
echo_byte(struct asyncore_dispatcher *d)
{
	char byte;

	if (asyncore_recv(d, &byte, 1) != 1 ||
	    asyncore_send(d, &byte, 1) != 1)
		abort();
	return byte == '.' ? asyncore_close(d) : 0;
}

static void *
serve(void *arg)
{
	static const struct asyncore_class echo_class = {
		.name = "Echo",
		.writable = asyncore_never,
		.handle_read = echo_byte,
	};
	struct asyncore_map *m = asyncore_map_new(NULL);

	if (m == NULL || asyncore_spawn(&echo_class, *(int *)arg, m) == NULL ||
	    asyncore_loop(LONG, false, m, -1) != 0 ||
	    asyncore_map_free(m) != 0)
		abort();
	return NULL;
}

static int
read_byte(int fd)
{
	char byte;

	return read(fd, &byte, 1) == 1 ? byte : -1;
}

START_TEST(maps_work_side_by_side_in_threads)
{
	pthread_t thread[THREADS];
	int fds[THREADS][2], i;

	for (i = 0; i < THREADS; i++) {
		make_pair(fds[i]);
		ck_assert_int_eq(pthread_create(&thread[i], NULL, serve,
		    &fds[i][0]), 0);
	}
	for (i = 0; i < THREADS; i++)
		write_all(fds[i][1], "x", 1);
	for (i = 0; i < THREADS; i++)
		ck_assert_int_eq(read_byte(fds[i][1]), 'x');
	for (i = 0; i < THREADS; i++)
		write_all(fds[i][1], ".", 1);
	for (i = 0; i < THREADS; i++) {
		ck_assert_int_eq(pthread_join(thread[i], NULL), 0);
		ck_assert_int_eq(read_byte(fds[i][1]), '.');
		ck_assert_int_eq(close(fds[i][1]), 0);
	}
}
END_TEST

/* ---- Signal handlers. ---- */

static void
stop_in_handler(int signo)
{
	(void)signo;
	(void)asyncore_stop(map);
}

START_TEST(a_signal_handler_stops_a_loop_that_waits_for_ever)
{
	const struct itimerval soon_enough = { .it_value = { 0, 10000 } };
	struct sigaction action;

	memset(&action, 0, sizeof action);
	action.sa_handler = stop_in_handler;
	ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
	enable();
	add_pair(0, false, false);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &soon_enough, NULL), 0);
	ck_assert_int_eq(asyncore_loop(FOR_EVER, false, map, -1), 0);
	close_peers();
}
END_TEST

void
testing_add(TCase *tc)
{
	tcase_add_test(tc, a_map_is_not_reachable_unless_it_says_so);
	tcase_add_test(tc, calls_run_in_their_order_behind_the_channels);
	tcase_add_test(tc, calls_made_by_calls_run_in_the_next_pass);
	tcase_add_test(tc,
	    exit_now_leaves_the_loop_and_the_others_run_in_the_next);
	tcase_add_test(tc, a_wakeup_ends_the_next_wait);
	tcase_add_test(tc, a_host_s_run_of_the_base_loses_no_call);
	tcase_add_test(tc, an_attached_map_is_reached_too);
	tcase_add_test(tc, a_map_may_be_freed_with_calls_that_did_not_run);
	tcase_add_test(tc, a_forked_child_has_a_way_of_its_own);
	tcase_add_loop_test(tc,
	    what_was_called_before_a_fork_runs_in_both_processes, 0, 2);
	tcase_add_test(tc,
	    calls_of_many_threads_all_run_each_thread_s_in_order);
	tcase_add_test(tc,
	    another_thread_stops_a_loop_that_waits_for_ever);
	tcase_add_test(tc, maps_work_side_by_side_in_threads);
	tcase_add_test(tc,
	    a_signal_handler_stops_a_loop_that_waits_for_ever);
}
