/*
 * check_faults.c - any allocation and any system call may fail, in programs of
 * example size (faults/scenes.c): nothing crashes, leaks or hangs; either the
 * job is done, or somebody has heard why not; and the map is good for the same
 * again.
 *
 * ASYNCORE_FAULTS=all in the environment tries every error at every call;
 * without it the errors take turns.
 */
#include "testing.h"

#include "faults/faults.h"
#include "faults/scenes.h"
#include "faults/single.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <event2/event.h>

const char testing_suite[] = "faults";

#define N_MAX 100000		/* more calls than any scene makes */

/* What a process may lose. */
struct belongings {
	long blocks;
	unsigned long long fds;
};

static struct belongings
take_stock(void)
{
	struct belongings b = { faults_blocks(), 0 };
	int fd;

	for (fd = 0; fd < 64; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			b.fds |= 1ULL << fd;
	return b;
}

static void
perform(const struct scene *scene, struct asyncore_map *m, bool use_poll,
    bool again)
{
	play.map = m;
	play.again = again;
	play.use_poll = use_poll;
	play.done = false;
	play.heard = 0;
	scene->run();
}

static void
clear_stage(void)
{
	(void)asyncore_close_all(play.map, true);
	strike();
	ck_assert_uint_eq(asyncore_map_len(play.map), 0);
}

/* On a map that has been through a failure, nothing fails any more. */
static void
perform_well(const struct scene *scene, struct asyncore_map *m, bool use_poll)
{
	faults_begin();
	perform(scene, m, use_poll, true);
	faults_end();
	ck_assert_msg(play.done, "%s: and once more: not done", play.where);
	clear_stage();
}

/* What became of the scene, and of what was planned to fail. */
struct outcome {
	bool done, happened;
};

static struct outcome
no_map(void)
{
	ck_assert(faults_happened());
	ck_assert_int_eq(errno, ENOMEM);
	faults_end();
	return (struct outcome){ .done = false, .happened = true };
}

/* The scene, on a map of its own, and once more when nothing fails. */
static struct outcome
try(const struct scene *scene, bool use_poll)
{
	struct asyncore_map *m = asyncore_map_new(NULL);
	struct outcome o;

	if (m == NULL)
		return no_map();
	perform(scene, m, use_poll, false);
	o.done = play.done;
	ck_assert_msg(o.done || play.heard > 0, "%s: not done, and nobody knows",
	    play.where);
	clear_stage();
	faults_end();
	o.happened = faults_happened();
	ck_assert_msg(o.done || !faults_must_not_matter(), "%s: not done",
	    play.where);
	perform_well(scene, m, use_poll);
	ck_assert_int_eq(asyncore_map_free(m), 0);
	return o;
}

/* For the message of an assertion that fails, wherever it stands. */
static void
say_where(const struct scene *scene, int call, unsigned n, int err, bool all)
{
	(void)snprintf(play.where, sizeof play.where, "%s, %s call %u of %s: %s",
	    scene->name, all ? "from" : "at", n, faults[call].name,
	    strerror(err));
}

/* false: there is no n-th call. */
static bool
try_to_fail(const struct scene *scene, int call, unsigned n, int err, bool all)
{
	const struct belongings before = take_stock();
	struct belongings after;
	struct outcome o;

	say_where(scene, call, n, err, all);
	faults_fail(call, n, err, all);
	o = try(scene, n % 2 == 1);
	after = take_stock();
	ck_assert_msg(after.blocks == before.blocks, "%s: %ld blocks are lost",
	    play.where, after.blocks - before.blocks);
	ck_assert_msg(after.fds == before.fds, "%s: descriptors %#llx",
	    play.where, after.fds ^ before.fds);
	return o.happened;
}

static void
warm_up(const struct scene *scene)
{
	faults_begin();
	ck_assert_msg(try(scene, false).done, "%s", scene->name);
}

START_TEST(any_allocation_may_fail)
{
	const struct scene *scene = &scenes[_i / 2];
	const int memory = faults_find("malloc");
	unsigned n;

	warm_up(scene);
	for (n = 0; n < N_MAX; n++)
		if (!try_to_fail(scene, memory, n, ENOMEM, _i % 2 == 1))
			break;
	ck_assert_uint_gt(n, 0);
}
END_TEST

static bool
tries_all(void)
{
	const char *all = getenv("ASYNCORE_FAULTS");

	return all != NULL && strcmp(all, "all") == 0;
}

static int
n_errors(const struct fault *fault)
{
	int n = 0;

	while (fault->errors[n] != 0)
		n++;
	return n;
}

/* Every error at the n-th call; or one of them, another at the next. */
static bool
try_errors(const struct scene *scene, int call, unsigned n)
{
	const int *errors = faults[call].errors;
	const unsigned number = (unsigned)n_errors(&faults[call]);
	unsigned i;

	if (!tries_all())
		return try_to_fail(scene, call, n, errors[n % number], false);
	for (i = 0; i < number; i++)
		if (!try_to_fail(scene, call, n, errors[i], false))
			return false;
	return true;
}

START_TEST(any_system_call_may_fail)
{
	const struct scene *scene = &scenes[_i];
	int call;
	unsigned n;

	warm_up(scene);
	for (call = 1; call < n_faults; call++)
		for (n = 0; n < N_MAX; n++)
			if (!try_errors(scene, call, n))
				break;
}
END_TEST

START_TEST(one_byte_at_a_time_is_as_good)
{
	const struct scene *scene = &scenes[_i / 2];

	faults_shorten();
	ck_assert_msg(try(scene, _i % 2 == 1).done, "%s", scene->name);
}
END_TEST

static void
on_alarm(int signo)
{
	(void)signo;
}

/* A timer's signal every 100 us, which restarts nothing. */
static void
storm(bool on)
{
	const struct sigaction action = { .sa_handler = on_alarm };
	const struct itimerval timer = {
		{ 0, on ? 100 : 0 }, { 0, on ? 100 : 0 }
	};

	if (on)
		ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &timer, NULL), 0);
}

START_TEST(signals_all_the_time_change_nothing)
{
	const struct scene *scene = &scenes[_i / 2];
	bool done;

	storm(true);
	faults_begin();
	done = try(scene, _i % 2 == 1).done;
	storm(false);
	ck_assert_msg(done, "%s", scene->name);
}
END_TEST

/* ---- What is promised of single calls. ---- */

static int n_logged;

static void
count_errors(struct asyncore_dispatcher *d, const char *message,
    const char *type)
{
	(void)d;
	(void)message;
	n_logged += strcmp(type, "error") == 0;
}

static int
note_and_close(struct asyncore_dispatcher *d, int fd,
    const struct sockaddr *addr, socklen_t len)
{
	(void)d;
	(void)addr;
	(void)len;
	trace("accepted");
	return close(fd);
}

static const struct asyncore_class listener_class = {
	.name = "Listener",
	.handle_accepted = note_and_close,
	.log_info = count_errors,
};

static int caller;

/* A listener with a connection in its queue. */
static struct asyncore_dispatcher *
called_listener(void)
{
	struct sockaddr_in addr;
	const int fd = listen_on_loopback(&addr);
	struct asyncore_dispatcher *d;

	d = asyncore_new_socket(&listener_class, fd, map);
	ck_assert_ptr_nonnull(d);
	ck_assert_int_eq(asyncore_listen(d, 5), 0);
	caller = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(caller, (struct sockaddr *)&addr,
	    sizeof addr), 0);
	return d;
}

static void
end_listener(struct asyncore_dispatcher *d)
{
	ck_assert_int_eq(asyncore_close(d), 0);
	asyncore_unref(d);
	ck_assert_int_eq(close(caller), 0);
}

#ifdef HAVE_ACCEPT4
#define ACCEPT "accept4"
#else
#define ACCEPT "accept"
#endif

/* Of the connection, or of the network on its way here. */
static const int passing[] = {
	ECONNABORTED, EPROTO, EPERM, ENOPROTOOPT, ENETDOWN, ENETUNREACH,
	EHOSTUNREACH, ETIMEDOUT,
#ifdef __linux__
	EHOSTDOWN, ENONET,
#endif
};

START_TEST(passing_error_of_accept_does_not_concern_the_listener)
{
	struct asyncore_dispatcher *d = called_listener();

	faults_fail(faults_find(ACCEPT), 0, passing[_i], true);
	ck_assert_int_eq(asyncore_accept(d, NULL, NULL), -EAGAIN);
	ck_assert_int_eq(asyncore_loop(1, false, map, 1), 0);
	faults_end();
	ck_assert(faults_happened());
	ck_assert(asyncore_accepting(d));
	ck_trace("");
	ck_assert_int_eq(asyncore_loop(1, false, map, 1), 0);
	ck_trace("accepted");
	ck_assert_int_eq(n_logged, 0);
	end_listener(d);
}
END_TEST

static const int shortages[] = { EMFILE, ENFILE, ENOBUFS, ENOMEM };

START_TEST(shortage_of_any_kind_is_said_once_and_pauses_the_listener)
{
	const double end = now() + HANGS;
	struct asyncore_dispatcher *d = called_listener();

	faults_fail(faults_find(ACCEPT), 0, shortages[_i], true);
	ck_assert_int_eq(asyncore_loop(1, false, map, 3), 0);
	faults_end();
	ck_assert(faults_happened());
	ck_assert_int_eq(n_logged, 1);
	while (traced()[0] == '\0' && now() < end)
		ck_assert_int_eq(asyncore_loop(1, false, map, 1), 0);
	ck_trace("accepted");
	ck_assert_int_eq(n_logged, 1);
	end_listener(d);
}
END_TEST

static int
read_byte(struct asyncore_dispatcher *d)
{
	char c;
	ssize_t n = asyncore_recv(d, &c, 1);

	if (n > 0)
		trace("read");
	return n < 0 ? (int)n : 0;
}

static int
write_byte(struct asyncore_dispatcher *d)
{
	ssize_t n = asyncore_send(d, "x", 1);

	if (n > 0)
		trace("written");
	return n < 0 ? (int)n : 0;
}

static int
trace_error(struct asyncore_dispatcher *d, int err)
{
	trace("error %d", -err);
	return asyncore_close(d);
}

static int
trace_close(struct asyncore_dispatcher *d)
{
	trace("close");
	return asyncore_close(d);
}

static const struct asyncore_class reader_class = {
	.name = "Reader",
	.writable = asyncore_never,
	.handle_read = read_byte,
	.handle_error = trace_error,
	.handle_close = trace_close,
};

static const struct asyncore_class writer_class = {
	.name = "Writer",
	.readable = asyncore_never,
	.handle_write = write_byte,
	.handle_error = trace_error,
	.handle_close = trace_close,
};

/* What a channel hears of an error of its transfer; `done`: it was done. */
static const char *
hears(int err, const char *done)
{
	static char error[32];

	(void)snprintf(error, sizeof error, "error %d", err);
	switch (err) {
	case EINTR:
		return done;
	case EAGAIN:
		return "";
	case ECONNRESET:
	case ENOTCONN:
	case EPIPE:
	case EBADF:
		return "close";
	default:
		return error;
	}
}

/* One pass in which the first call fails, and one in which nothing does. */
static void
fail_to_transfer(const struct asyncore_class *cls, const char *call, int err,
    const char *done)
{
	struct asyncore_dispatcher *d;
	int fds[2];

	make_pair(fds);
	write_all(fds[1], "ab", 2);
	d = asyncore_new_socket(cls, fds[0], map);
	ck_assert_ptr_nonnull(d);
	faults_fail(faults_find(call), 0, err, false);
	ck_assert_int_eq(asyncore_loop(1, false, map, 1), 0);
	faults_end();
	ck_assert(faults_happened());
	ck_trace(hears(err, done));
	ck_assert_int_eq(asyncore_loop(1, false, map, 1), 0);
	ck_trace(err == EINTR || err == EAGAIN ? done : "");
	ck_assert_int_eq(asyncore_close(d), 0);
	asyncore_unref(d);
	ck_assert_int_eq(close(fds[1]), 0);
}

START_TEST(error_of_recv_goes_where_it_belongs)
{
	fail_to_transfer(&reader_class, "recv",
	    faults[faults_find("recv")].errors[_i], "read");
}
END_TEST

START_TEST(error_of_send_goes_where_it_belongs)
{
	fail_to_transfer(&writer_class, "send",
	    faults[faults_find("send")].errors[_i], "written");
}
END_TEST

static const struct {
	int error, answer;
} closings[] = {
	{ EIO, -EIO }, { ENOSPC, -ENOSPC }, { EBADF, 0 }, { EINTR, 0 },
	{ ECONNRESET, 0 }
};

START_TEST(close_that_fails_has_closed_all_the_same)
{
	struct asyncore_dispatcher *d;
	int fds[2];

	make_pair(fds);
	d = asyncore_new_socket(&listener_class, fds[0], map);
	ck_assert_ptr_nonnull(d);
	faults_fail(faults_find("close"), 0, closings[_i].error, false);
	ck_assert_int_eq(asyncore_close(d), closings[_i].answer);
	faults_end();
	ck_assert(faults_happened());
	ck_assert(asyncore_closed(d));
	ck_assert_uint_eq(asyncore_map_len(map), 0);
	asyncore_unref(d);
	ck_assert_int_eq(close(fds[1]), 0);
}
END_TEST

#define N(list) (int)(sizeof(list) / sizeof *(list))

void
testing_add(TCase *tc)
{
	faults_install();
	tcase_add_loop_test(tc, one_byte_at_a_time_is_as_good, 0,
	    2 * n_scenes);
	tcase_add_loop_test(tc, signals_all_the_time_change_nothing, 0,
	    2 * n_scenes);
	tcase_add_loop_test(tc,
	    passing_error_of_accept_does_not_concern_the_listener, 0,
	    N(passing));
	tcase_add_loop_test(tc,
	    shortage_of_any_kind_is_said_once_and_pauses_the_listener, 0,
	    N(shortages));
	tcase_add_loop_test(tc, error_of_recv_goes_where_it_belongs, 0,
	    n_errors(&faults[faults_find("recv")]));
	tcase_add_loop_test(tc, error_of_send_goes_where_it_belongs, 0,
	    n_errors(&faults[faults_find("send")]));
	tcase_add_loop_test(tc, close_that_fails_has_closed_all_the_same, 0,
	    N(closings));
	single_add(tc);
	if (testing_is_debug()) {
		testing_skip("debug:any_allocation_may_fail, any_system_call_may_fail",
		    "libevent's debug mode ends the process then");
		return;
	}
	tcase_add_loop_test(tc, any_allocation_may_fail, 0, 2 * n_scenes);
	tcase_add_loop_test(tc, any_system_call_may_fail, 0, n_scenes);
}
