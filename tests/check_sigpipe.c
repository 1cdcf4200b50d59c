/*
 * check_sigpipe.c - SIGPIPE is never raised: with its default action a test
 * process would die of it.  write(2) to a pipe has no flag against it, so what
 * the library does instead must leave the program's own signals alone.
 */
#include "testing.h"
#include "places.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

const char testing_suite[] = "sigpipe";

static volatile sig_atomic_t n_caught;

static int
on_close(struct asyncore_dispatcher *d)
{
	trace("close");
	return asyncore_close(d);
}

static const struct asyncore_class writer = {
	.name = "Writer",
	.base = &asyncore_file_dispatcher_class,
	.handle_close = on_close,
};

/* ---- Channels whose reader is gone. ---- */

static struct asyncore_dispatcher *
to_local_socket(void)
{
	int fds[2];

	make_pair(fds);
	ck_assert_int_eq(close(fds[1]), 0);
	return asyncore_new_socket(&writer, fds[0], map);
}

/* The reset itself has been reported: what is left is a broken pipe. */
static struct asyncore_dispatcher *
to_tcp_socket(void)
{
	struct place p;
	int fd, err;
	socklen_t len = sizeof err;

	listen_place(&p, inet);
	fd = call_place(&p);
	drop_place(&p);
	await(fd, POLLIN);
	ck_assert_int_eq(getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len), 0);
	return asyncore_new_socket(&writer, fd, map);
}

static struct asyncore_dispatcher *
to_file(int fds[2])
{
	struct asyncore_dispatcher *d;

	ck_assert_int_eq(close(fds[0]), 0);
	d = asyncore_new_file(&writer, fds[1], map);
	ck_assert_int_eq(close(fds[1]), 0);
	return d;
}

static struct asyncore_dispatcher *
to_pipe(void)
{
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	return to_file(fds);
}

static struct asyncore_dispatcher *
to_socket_as_file(void)
{
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	return to_file(fds);
}

static struct asyncore_dispatcher *(*const makers[])(void) = {
	to_pipe, to_socket_as_file, to_local_socket, to_tcp_socket
};
#define N_MAKERS 4

static void
send_in_vain(int i)
{
	struct asyncore_dispatcher *d = makers[i]();

	ck_assert_ptr_nonnull(d);
	ck_assert_int_eq(asyncore_send(d, "x", 1), 0);
	ck_trace("close");
	ck_assert(asyncore_closed(d));
	asyncore_unref(d);
}

/* ---- The program's signals. ---- */

static bool
is_pending(void)
{
	sigset_t set;

	ck_assert_int_eq(sigpending(&set), 0);
	return sigismember(&set, SIGPIPE) == 1;
}

static bool
is_blocked(void)
{
	sigset_t set;

	ck_assert_int_eq(sigprocmask(SIG_BLOCK, NULL, &set), 0);
	return sigismember(&set, SIGPIPE) == 1;
}

static void
set_blocked(bool blocked)
{
	sigset_t set;

	ck_assert_int_eq(sigemptyset(&set), 0);
	ck_assert_int_eq(sigaddset(&set, SIGPIPE), 0);
	ck_assert_int_eq(sigprocmask(blocked ? SIG_BLOCK : SIG_UNBLOCK, &set,
	    NULL), 0);
}

static void
set_action(void (*action)(int))
{
	const struct sigaction sa = { .sa_handler = action };

	ck_assert_int_eq(sigaction(SIGPIPE, &sa, NULL), 0);
}

static void
on_sigpipe(int sig)
{
	(void)sig;
	n_caught++;
}

START_TEST(send_to_nobody_closes_and_kills_nobody)
{
	set_action(SIG_DFL);
	set_blocked(false);
	send_in_vain(_i);
	ck_assert(!is_blocked());
	ck_assert(!is_pending());
}
END_TEST

START_TEST(handler_of_the_program_is_not_called)
{
	set_action(on_sigpipe);
	send_in_vain(_i);
	ck_assert_int_eq(n_caught, 0);
	ck_assert_int_eq(raise(SIGPIPE), 0);
	ck_assert_int_eq(n_caught, 1);
}
END_TEST

START_TEST(ignored_signal_is_no_trouble)
{
	set_action(SIG_IGN);
	send_in_vain(_i);
	ck_assert(!is_blocked());
	ck_assert(!is_pending());
}
END_TEST

START_TEST(signal_blocked_by_the_program_stays_blocked_and_none_is_left)
{
	set_action(SIG_DFL);
	set_blocked(true);
	send_in_vain(_i);
	ck_assert(is_blocked());
	ck_assert(!is_pending());
	set_blocked(false);
}
END_TEST

START_TEST(signal_pending_before_is_pending_after)
{
	set_action(on_sigpipe);
	set_blocked(true);
	ck_assert_int_eq(raise(SIGPIPE), 0);
	send_in_vain(_i);
	ck_assert(is_pending());
	ck_assert_int_eq(n_caught, 0);
	set_blocked(false);
	ck_assert_int_eq(n_caught, 1);
}
END_TEST

START_TEST(send_that_works_changes_no_signal)
{
	struct asyncore_dispatcher *d;
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	d = asyncore_new_file(&writer, fds[1], map);
	ck_assert_int_eq(asyncore_send(d, "x", 1), 1);
	ck_assert(!is_blocked());
	set_blocked(true);
	ck_assert_int_eq(asyncore_send(d, "x", 1), 1);
	ck_assert(is_blocked());
	set_blocked(false);
	ck_assert_int_eq(asyncore_close(d), 0);
	asyncore_unref(d);
	ck_assert_int_eq(close(fds[0]), 0);
	ck_assert_int_eq(close(fds[1]), 0);
}
END_TEST

void
testing_add(TCase *tc)
{
	tcase_add_loop_test(tc, send_to_nobody_closes_and_kills_nobody, 0,
	    N_MAKERS);
	tcase_add_loop_test(tc, handler_of_the_program_is_not_called, 0,
	    N_MAKERS);
	tcase_add_loop_test(tc, ignored_signal_is_no_trouble, 0, N_MAKERS);
	tcase_add_loop_test(tc,
	    signal_blocked_by_the_program_stays_blocked_and_none_is_left, 0,
	    N_MAKERS);
	tcase_add_loop_test(tc, signal_pending_before_is_pending_after, 0,
	    N_MAKERS);
	tcase_add_test(tc, send_that_works_changes_no_signal);
}
