/*
 * check_close.c - what a closed channel answers, and handle_close() in all its
 * ways.  Who may close whom, and when, is in check_matrix.c; channels that are
 * opened again are in check_reopen.c, descriptors that are given up in
 * check_detach.c.
 */
#include "testing.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

const char testing_suite[] = "close";

static int
run_passes(bool use_poll, int n)
{
	return asyncore_loop(0, use_poll, map, n);
}

static bool
is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* ---- A closed channel. ---- */

static int
tell(struct asyncore_dispatcher *d)
{
	(void)d;
	trace("hook");
	return -EPROTO;
}

static int
tell_error(struct asyncore_dispatcher *d, int err)
{
	(void)err;
	return tell(d);
}

static int
tell_accepted(struct asyncore_dispatcher *d, int fd,
    const struct sockaddr *addr, socklen_t addrlen)
{
	(void)fd;
	(void)addr;
	(void)addrlen;
	return tell(d);
}

static bool
tell_predicate(struct asyncore_dispatcher *d)
{
	return tell(d) < 0;
}

static void
tell_left_map(struct asyncore_dispatcher *d, struct asyncore_map *m)
{
	ck_assert_ptr_eq(m, map);
	ck_assert(asyncore_closed(d));
	trace("left");
}

static const struct asyncore_class telling = {
	.name = "Telling",
	.readable = tell_predicate,
	.writable = tell_predicate,
	.handle_read = tell,
	.handle_write = tell,
	.handle_expt = tell,
	.handle_connect = tell,
	.handle_accept = tell,
	.handle_accepted = tell_accepted,
	.handle_close = tell,
	.handle_error = tell_error,
	.handle_eof = tell,
	.handle_read_event = tell,
	.handle_write_event = tell,
	.handle_expt_event = tell,
	.handle_connect_event = tell,
	.left_map = tell_left_map,
};

static void
by_close(struct asyncore_dispatcher *d)
{
	ck_assert_int_eq(asyncore_close(d), 0);
}

static void
by_detach(struct asyncore_dispatcher *d)
{
	ck_assert_int_eq(close(asyncore_detach(d)), 0);
}

static void
by_default_handle_close(struct asyncore_dispatcher *d)
{
	ck_assert_int_eq(asyncore_dispatcher_class.handle_close(d), 0);
}

static void
by_close_all(struct asyncore_dispatcher *d)
{
	ck_assert_ptr_eq(asyncore_map_of(d), map);
	ck_assert_int_eq(asyncore_close_all(map, false), 0);
}

static void
by_del_channel_and_close(struct asyncore_dispatcher *d)
{
	ck_assert_int_eq(asyncore_add_channel(d, map), 0);
	ck_assert_int_eq(asyncore_close(d), 0);
}

static void (*const ways[])(struct asyncore_dispatcher *d) = {
	by_close, by_detach, by_default_handle_close, by_close_all,
	by_del_channel_and_close
};
#define N_WAYS (int)(sizeof ways / sizeof ways[0])

static struct asyncore_dispatcher *
closed_channel(int way)
{
	struct asyncore_dispatcher *d;
	int fds[2];

	make_pair(fds);
	write_all(fds[1], "x", 1);
	d = asyncore_new_socket(&telling, fds[0], map);
	ck_assert_ptr_nonnull(d);
	ways[way](d);
	ck_assert_int_eq(close(fds[1]), 0);
	ck_trace("left");
	return d;
}

START_TEST(closed_channel_has_no_state_and_no_descriptor)
{
	struct asyncore_dispatcher *d = closed_channel(_i);

	ck_assert(asyncore_closed(d));
	ck_assert(!asyncore_connected(d));
	ck_assert(!asyncore_connecting(d));
	ck_assert(!asyncore_accepting(d));
	ck_assert_int_eq(asyncore_fileno(d), -1);
	ck_assert_ptr_eq(asyncore_map_of(d), map);
	ck_assert_uint_eq(asyncore_map_len(map), 0);
	asyncore_unref(d);
}
END_TEST

START_TEST(closed_channel_has_no_hooks)
{
	static int (*const hooks[])(struct asyncore_dispatcher *) = {
		asyncore_handle_read, asyncore_handle_write,
		asyncore_handle_expt, asyncore_handle_connect,
		asyncore_handle_accept, asyncore_handle_close,
		asyncore_handle_eof, asyncore_handle_read_event,
		asyncore_handle_write_event, asyncore_handle_expt_event,
		asyncore_handle_connect_event, asyncore_read, asyncore_write,
		asyncore_exception, asyncore_close, asyncore_del_channel
	};
	struct asyncore_dispatcher *d = closed_channel(_i);
	size_t i;

	for (i = 0; i < sizeof hooks / sizeof hooks[0]; i++)
		ck_assert_int_eq(hooks[i](d), 0);
	ck_assert_int_eq(asyncore_handle_error(d, -EIO), 0);
	ck_assert_int_eq(asyncore_readwrite(d, (short)(POLLIN | POLLOUT |
	    POLLPRI | POLLHUP | POLLERR | POLLNVAL)), 0);
	ck_assert(!asyncore_readable(d));
	ck_assert(!asyncore_writable(d));
	ck_assert_int_eq(run_passes(_i % 2, 1), 0);
	ck_trace("");
	asyncore_unref(d);
}
END_TEST

START_TEST(closed_channel_sends_and_receives_nothing)
{
	struct asyncore_dispatcher *d = closed_channel(_i);
	char buf[10];

	ck_assert_int_eq(asyncore_recv(d, buf, sizeof buf), 0);
	ck_assert_int_eq(asyncore_send(d, "x", 1), 0);
	ck_assert_int_eq(asyncore_dispatcher_class.recv(d, buf, 1), 0);
	ck_assert_int_eq(asyncore_dispatcher_class.send(d, "x", 1), 0);
	ck_assert_int_eq(asyncore_add_channel(d, map), -EBADF);
	ck_assert_int_eq(asyncore_listen(d, 1), -EBADF);
	ck_assert_int_eq(asyncore_set_reuse_addr(d), -EBADF);
	ck_assert_int_eq(asyncore_detach(d), -ENOTCONN);
	asyncore_touch(d);
	ck_trace("");
	asyncore_unref(d);
}
END_TEST

static int
telling_accept(struct asyncore_dispatcher *d, struct sockaddr *addr,
    socklen_t *len)
{
	trace("accept");
	return asyncore_dispatcher_class.accept(d, addr, len);
}

static ssize_t
telling_recv(struct asyncore_dispatcher *d, void *buf, size_t len)
{
	trace("recv");
	return asyncore_dispatcher_class.recv(d, buf, len);
}

static ssize_t
telling_send(struct asyncore_dispatcher *d, const void *data, size_t len)
{
	trace("send");
	return asyncore_dispatcher_class.send(d, data, len);
}

static const struct asyncore_class overriding = {
	.name = "Overriding",
	.accept = telling_accept,
	.recv = telling_recv,
	.send = telling_send,
};

START_TEST(closed_channel_calls_no_override)
{
	struct asyncore_dispatcher *d = asyncore_new(&overriding, map);
	char buf[10];

	ck_assert_int_eq(asyncore_create_socket(d, AF_INET, SOCK_STREAM), 0);
	ck_assert_int_eq(asyncore_listen(d, 1), 0);
	ck_assert_int_eq(asyncore_accept(d, NULL, NULL), -EAGAIN);
	ck_trace("accept");
	ck_assert_int_eq(asyncore_close(d), 0);
	ck_assert_int_eq(asyncore_accept(d, NULL, NULL), -EAGAIN);
	ck_assert_int_eq(asyncore_recv(d, buf, sizeof buf), 0);
	ck_assert_int_eq(asyncore_send(d, "x", 1), 0);
	ck_trace("");
	asyncore_unref(d);
}
END_TEST

START_TEST(descriptor_given_to_handle_accepted_of_a_closed_channel_is_closed)
{
	struct asyncore_dispatcher *d = closed_channel(_i);
	int fds[2];

	make_pair(fds);
	ck_assert_int_eq(asyncore_handle_accepted(d, fds[0], NULL, 0), 0);
	ck_assert(!is_open(fds[0]));
	ck_trace("");
	ck_assert_int_eq(close(fds[1]), 0);
	asyncore_unref(d);
}
END_TEST

START_TEST(channel_that_never_had_a_descriptor_is_not_connected)
{
	struct asyncore_dispatcher *d = asyncore_new(&telling, map);
	char buf[10];

	ck_assert_int_eq(asyncore_recv(d, buf, sizeof buf), -ENOTCONN);
	ck_assert_int_eq(asyncore_send(d, "x", 1), -ENOTCONN);
	ck_assert_int_eq(asyncore_detach(d), -ENOTCONN);
	ck_assert_int_eq(asyncore_add_channel(d, map), -EBADF);
	ck_assert_int_eq(asyncore_accept(d, NULL, NULL), -EBADF);
	ck_assert_int_eq(asyncore_del_channel(d), 0);
	ck_assert(!asyncore_closed(d));
	ck_trace("");
	ck_assert_int_eq(asyncore_close(d), 0);
	ck_assert(asyncore_closed(d));
	ck_trace("");
	asyncore_unref(d);
}
END_TEST

/* What is not there has the error of a bad descriptor. */
START_TEST(channel_that_never_had_a_descriptor_has_an_error)
{
	const struct asyncore_class *base = &asyncore_dispatcher_class;
	struct asyncore_dispatcher *d = asyncore_new(&telling, map);

	ck_assert_int_eq(base->handle_connect_event(d), -EBADF);
	ck_trace("");
	ck_assert_int_eq(base->handle_expt_event(d), -EPROTO);
	ck_trace("hook");
	asyncore_unref(d);
}
END_TEST

START_TEST(closed_says_whether_the_last_descriptor_is_gone)
{
	struct asyncore_dispatcher *d = asyncore_new(NULL, map);

	ck_assert_ptr_null(d);
	d = asyncore_new(&asyncore_dispatcher_class, map);
	ck_assert(!asyncore_closed(d));
	ck_assert_int_lt(asyncore_create_socket(d, -1, SOCK_STREAM), 0);
	ck_assert(!asyncore_closed(d));
	ck_assert_int_eq(asyncore_create_socket(d, AF_INET, SOCK_STREAM), 0);
	ck_assert(!asyncore_closed(d));
	ck_assert_int_eq(asyncore_del_channel(d), 0);
	ck_assert(!asyncore_closed(d));
	ck_assert_int_eq(asyncore_close(d), 0);
	ck_assert(asyncore_closed(d));
	ck_assert_int_lt(asyncore_create_socket(d, -1, SOCK_STREAM), 0);
	ck_assert(asyncore_closed(d));
	ck_assert_int_eq(asyncore_create_socket(d, AF_INET, SOCK_STREAM), 0);
	ck_assert(!asyncore_closed(d));
	ck_assert_int_eq(close(asyncore_detach(d)), 0);
	ck_assert(asyncore_closed(d));
	ck_assert(!asyncore_closed(NULL));
	asyncore_unref(d);
}
END_TEST

START_TEST(close_is_for_the_peer_to_see)
{
	struct asyncore_dispatcher *d;
	char byte;
	int fds[2];

	make_pair(fds);
	d = asyncore_new_socket(&telling, fds[0], map);
	ck_assert_int_eq(asyncore_close(d), 0);
	ck_assert(!is_open(fds[0]));
	ck_assert_int_eq(read(fds[1], &byte, 1), 0);
	ck_assert_int_eq(close(fds[1]), 0);
	ck_assert_int_eq(asyncore_close(d), 0);
	ck_trace("left");
	asyncore_unref(d);
}
END_TEST

/* ---- handle_close(). ---- */

static int deep, drained;

static int
on_read(struct asyncore_dispatcher *d)
{
	char byte;

	trace("read:%d", (int)asyncore_recv(d, &byte, 1));
	return 0;
}

static int
on_write(struct asyncore_dispatcher *d)
{
	(void)d;
	trace("write");
	return 0;
}

static int
ignore_close(struct asyncore_dispatcher *d)
{
	(void)d;
	trace("close");
	return 0;
}

static const struct asyncore_class ignoring = {
	.name = "Ignoring",
	.writable = asyncore_never,
	.handle_read = on_read,
	.handle_write = on_write,
	.handle_close = ignore_close,
};

static const struct asyncore_class ignoring_and_writing = {
	.base = &ignoring,
	.writable = asyncore_always,
};

static struct asyncore_dispatcher *
at_its_end(const struct asyncore_class *cls)
{
	struct asyncore_dispatcher *d;
	int fds[2];

	make_pair(fds);
	ck_assert_int_eq(close(fds[1]), 0);
	d = asyncore_new_socket(cls, fds[0], map);
	ck_assert_ptr_nonnull(d);
	return d;
}

static void
end(struct asyncore_dispatcher *d)
{
	ck_assert_int_eq(asyncore_close(d), 0);
	asyncore_unref(d);
}

/* The traces are CPython's. */
START_TEST(handle_close_that_does_not_close_is_called_again)
{
	static const struct {
		const struct asyncore_class *cls;
		const char *poll, *poll2;
	} cases[] = {
		{ &ignoring, "close read:0", "close read:0 close" },
		{ &ignoring_and_writing, "close read:0 write",
		    "close read:0 write close" },
	};
	struct asyncore_dispatcher *d = at_its_end(cases[_i / 2].cls);
	int i;

	for (i = 0; i < 3; i++) {
		ck_assert_int_eq(run_passes(_i % 2, 1), 0);
		ck_trace(_i % 2 ? cases[_i / 2].poll2 : cases[_i / 2].poll);
	}
	end(d);
}
END_TEST

static int
read_to_the_end(struct asyncore_dispatcher *d)
{
	char byte;

	ck_assert_int_eq(deep++, 0);
	drained++;
	while (asyncore_recv(d, &byte, 1) > 0)
		continue;
	ck_assert_int_eq(asyncore_recv(d, &byte, 1), 0);
	deep--;
	return 0;
}

static int
drain_and_close(struct asyncore_dispatcher *d)
{
	ck_assert_int_eq(read_to_the_end(d), 0);
	return asyncore_close(d);
}

static const struct asyncore_class draining = {
	.base = &ignoring,
	.handle_close = drain_and_close,
};

/* Differs: asyncore's recv() calls handle_close() each time. */
START_TEST(handle_close_that_reads_to_the_end_is_not_called_within_itself)
{
	struct asyncore_dispatcher *d = at_its_end(&draining);

	ck_assert_int_eq(run_passes(_i, 1), 0);
	ck_assert_int_eq(drained, 1);
	ck_trace("read:0");
	ck_assert(asyncore_closed(d));
	asyncore_unref(d);
}
END_TEST

static const struct asyncore_class draining_at_eof = {
	.base = &ignoring,
	.handle_eof = drain_and_close,
};

START_TEST(handle_eof_that_reads_to_the_end_is_not_called_within_itself)
{
	struct asyncore_dispatcher *d = at_its_end(&draining_at_eof);

	ck_assert_int_eq(run_passes(_i, 1), 0);
	ck_assert_int_eq(drained, 1);
	ck_trace("read:0");
	ck_assert(asyncore_closed(d));
	asyncore_unref(d);
}
END_TEST

static int
call_myself(struct asyncore_dispatcher *d)
{
	ck_assert_int_eq(deep++, 0);
	ck_assert_int_eq(asyncore_handle_close(d), 0);
	ck_assert_int_eq(asyncore_handle_eof(d), 0);
	deep--;
	trace("close");
	return asyncore_dispatcher_class.handle_close(d);
}

static const struct asyncore_class calling_itself = {
	.base = &ignoring,
	.handle_close = call_myself,
};

START_TEST(handle_close_that_calls_itself_runs_once)
{
	struct asyncore_dispatcher *d = at_its_end(&calling_itself);

	ck_assert_int_eq(run_passes(_i, 1), 0);
	ck_trace("close read:0");
	asyncore_unref(d);
}
END_TEST

/* ---- Hooks that close and fail. ---- */

static int
close_and_fail(struct asyncore_dispatcher *d)
{
	ck_assert_int_eq(asyncore_close(d), 0);
	trace("closed");
	return -EPROTO;
}

static int
close_and_fail_again(struct asyncore_dispatcher *d, int err)
{
	ck_assert_int_eq(err, -EPROTO);
	return close_and_fail(d);
}

static int
just_fail(struct asyncore_dispatcher *d)
{
	(void)d;
	return -EPROTO;
}

static void
tell_log(struct asyncore_dispatcher *d, const char *message, const char *type)
{
	ck_assert(asyncore_closed(d) || strcmp(type, "error") == 0);
	ck_assert_ptr_nonnull(strstr(message, "Protocol error"));
	trace("%s", type);
}

static const struct asyncore_class quarrelling[] = {
	{ .handle_read = close_and_fail, .log_info = tell_log },
	{ .handle_write = close_and_fail, .readable = asyncore_never,
	    .log_info = tell_log },
	{ .handle_read_event = close_and_fail, .log_info = tell_log },
	{ .handle_read = asyncore_handle_close, .log_info = tell_log,
	    .handle_close = close_and_fail },
	{ .handle_read = just_fail, .log_info = tell_log,
	    .handle_error = close_and_fail_again },
};
#define N_QUARRELLING (int)(sizeof quarrelling / sizeof quarrelling[0])

START_TEST(hook_that_closes_and_fails_is_reported_once)
{
	const struct asyncore_class *cls = &quarrelling[_i / 2];
	struct asyncore_dispatcher *d;
	int fds[2];

	make_pair(fds);
	write_all(fds[1], "x", 1);
	d = asyncore_new_socket(cls, fds[0], map);
	ck_assert_int_eq(run_passes(_i % 2, 1), 0);
	ck_trace("closed error");
	ck_assert_uint_eq(asyncore_map_len(map), 0);
	ck_assert_int_eq(close(fds[1]), 0);
	asyncore_unref(d);
}
END_TEST

void
testing_add(TCase *tc)
{
	tcase_add_loop_test(tc, closed_channel_has_no_state_and_no_descriptor,
	    0, N_WAYS);
	tcase_add_loop_test(tc, closed_channel_has_no_hooks, 0, N_WAYS);
	tcase_add_loop_test(tc, closed_channel_sends_and_receives_nothing, 0,
	    N_WAYS);
	tcase_add_test(tc, closed_channel_calls_no_override);
	tcase_add_loop_test(tc,
	    descriptor_given_to_handle_accepted_of_a_closed_channel_is_closed,
	    0, N_WAYS);
	tcase_add_test(tc,
	    channel_that_never_had_a_descriptor_is_not_connected);
	tcase_add_test(tc, channel_that_never_had_a_descriptor_has_an_error);
	tcase_add_test(tc, closed_says_whether_the_last_descriptor_is_gone);
	tcase_add_test(tc, close_is_for_the_peer_to_see);
	tcase_add_loop_test(tc,
	    handle_close_that_does_not_close_is_called_again, 0, 4);
	tcase_add_loop_test(tc,
	    handle_close_that_reads_to_the_end_is_not_called_within_itself,
	    0, 2);
	tcase_add_loop_test(tc,
	    handle_eof_that_reads_to_the_end_is_not_called_within_itself,
	    0, 2);
	tcase_add_loop_test(tc, handle_close_that_calls_itself_runs_once, 0, 2);
	tcase_add_loop_test(tc, hook_that_closes_and_fails_is_reported_once, 0,
	    2 * N_QUARRELLING);
}
