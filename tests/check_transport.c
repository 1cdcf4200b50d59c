/*
 * check_transport.c - a socket is whatever behaves like one: a transport in
 * memory, which answers what a test tells it to, without a descriptor and with
 * one of a socket pair.
 */
#include "testing.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char testing_suite[] = "transport";

/* ---- The transport. ---- */

struct memory {
	ssize_t recv_result, send_result;	/* if not 0 */
	const char *input;
	char output[64];
	size_t output_len;
	int error;
	int close_result, n_closed;
};

static struct memory memory, other;

static ssize_t
memory_recv(void *state, int fd, void *buf, size_t len)
{
	struct memory *m = state;
	size_t n = m->input != NULL ? strlen(m->input) : 0;

	(void)fd;
	if (m->recv_result != 0)
		return m->recv_result;
	if (n > len)
		n = len;
	if (n == 0)
		return 0;
	memcpy(buf, m->input, n);
	m->input += n;
	return (ssize_t)n;
}

static ssize_t
memory_send(void *state, int fd, const void *buf, size_t len)
{
	struct memory *m = state;

	(void)fd;
	if (m->send_result != 0)
		return m->send_result;
	ck_assert_uint_le(m->output_len + len, sizeof m->output - 1);
	memcpy(m->output + m->output_len, buf, len);
	m->output_len += len;
	return (ssize_t)len;
}

static int
memory_close(void *state, int fd)
{
	struct memory *m = state;

	m->n_closed++;
	if (fd >= 0)
		ck_assert_int_eq(close(fd), 0);
	return m->close_result;
}

static int
memory_so_error(void *state, int fd)
{
	const struct memory *m = state;

	(void)fd;
	return m->error;
}

static const struct asyncore_transport in_memory = {
	.name = "memory",
	.recv = memory_recv,
	.send = memory_send,
	.close = memory_close,
	.so_error = memory_so_error,
};

/* ---- The channel. ---- */

static int
on_read(struct asyncore_dispatcher *d)
{
	char buf[4];
	ssize_t n = asyncore_recv(d, buf, sizeof buf);

	trace("r%d", (int)n);
	return n < 0 ? (int)n : 0;
}

static int
on_write(struct asyncore_dispatcher *d)
{
	(void)d;
	trace("w");
	return 0;
}

static int
on_expt(struct asyncore_dispatcher *d)
{
	(void)d;
	trace("expt");
	return 0;
}

static int
on_connect(struct asyncore_dispatcher *d)
{
	(void)d;
	trace("connect");
	return 0;
}

static int
on_close(struct asyncore_dispatcher *d)
{
	trace("close");
	return asyncore_close(d);
}

static int
on_error(struct asyncore_dispatcher *d, int err)
{
	(void)d;
	trace("error:%d", -err);
	return 0;
}

static const struct asyncore_class channel = {
	.name = "Channel",
	.handle_read = on_read,
	.handle_write = on_write,
	.handle_expt = on_expt,
	.handle_connect = on_connect,
	.handle_close = on_close,
	.handle_error = on_error,
};

static const struct asyncore_class reader = {
	.base = &channel,
	.writable = asyncore_never,
};

static const struct asyncore_class idler = {
	.base = &reader,
	.readable = asyncore_never,
};

static struct asyncore_dispatcher *
new_channel(const struct asyncore_class *cls, int fd)
{
	struct asyncore_dispatcher *d = asyncore_new(cls, map);

	ck_assert_ptr_nonnull(d);
	ck_assert_int_eq(asyncore_set_transport(d, &in_memory, &memory, fd), 0);
	ck_assert_int_eq(asyncore_fileno(d), fd);
	ck_assert_uint_eq(asyncore_map_len(map), 1);
	return d;
}

static void
end_channel(struct asyncore_dispatcher *d)
{
	ck_assert_int_eq(asyncore_close(d), 0);
	asyncore_unref(d);
	ck_assert_int_eq(memory.n_closed, 1);
}

static void
run_pass(bool use_poll)
{
	ck_assert_int_eq(asyncore_loop(0, use_poll, map, 1), 0);
}

/* ---- Bytes and readiness. ---- */

START_TEST(bytes_go_through_the_transport)
{
	struct asyncore_dispatcher *d = new_channel(&channel, -1);
	char buf[8];

	memory.input = "hello";
	ck_assert_int_eq(asyncore_recv(d, buf, 3), 3);
	ck_assert_mem_eq(buf, "hel", 3);
	ck_assert_int_eq(asyncore_recv(d, buf, sizeof buf), 2);
	ck_assert_mem_eq(buf, "lo", 2);
	ck_assert_int_eq(asyncore_send(d, "you", 3), 3);
	ck_assert_int_eq(asyncore_send(d, "!", 1), 1);
	ck_assert_str_eq(memory.output, "you!");
	end_channel(d);
}
END_TEST

START_TEST(transport_without_a_descriptor_is_always_ready)
{
	struct asyncore_dispatcher *d = new_channel(&channel, -1);

	memory.input = "hello";
	run_pass(_i);
	ck_trace("r4 w");
	run_pass(_i);
	ck_trace("r1 w");
	ck_assert_ptr_null(asyncore_map_get(map, -1));
	end_channel(d);
}
END_TEST

START_TEST(transport_without_a_descriptor_follows_its_predicates)
{
	struct asyncore_dispatcher *d = new_channel(_i ? &reader : &idler, -1);

	memory.input = "hello";
	run_pass(false);
	run_pass(true);
	ck_trace(_i ? "r4 r1" : "");
	end_channel(d);
}
END_TEST

START_TEST(two_transports_without_a_descriptor_are_two_channels)
{
	struct asyncore_dispatcher *d = new_channel(&reader, -1);
	struct asyncore_dispatcher *e = asyncore_new(&reader, map);

	ck_assert_int_eq(asyncore_set_transport(e, &in_memory, &other, -1), 0);
	ck_assert_uint_eq(asyncore_map_len(map), 2);
	memory.input = "abc";
	other.input = "d";
	run_pass(_i);
	ck_trace("r3 r1");
	asyncore_unref(e);
	ck_assert_int_eq(asyncore_close(e), 0);
	ck_assert_int_eq(other.n_closed, 1);
	ck_assert_int_eq(memory.n_closed, 0);
	end_channel(d);
}
END_TEST

START_TEST(transport_with_a_descriptor_is_ready_when_that_is)
{
	struct asyncore_dispatcher *d;
	int fds[2];

	make_pair(fds);
	d = new_channel(&reader, fds[0]);
	ck_assert_ptr_eq(asyncore_map_get(map, fds[0]), d);
	memory.input = "hello";
	run_pass(_i);
	ck_trace("");
	write_all(fds[1], "x", 1);
	run_pass(_i);
	ck_trace("r4");
	end_channel(d);
	ck_assert_int_eq(close(fds[1]), 0);
}
END_TEST

/* As a plain socket's. */
START_TEST(slots_that_are_missing_are_those_of_a_socket)
{
	static const struct asyncore_transport empty = { .name = "empty" };
	struct asyncore_dispatcher *d = asyncore_new(&channel, map);
	char buf[8];
	int fds[2];

	make_pair(fds);
	ck_assert_int_eq(asyncore_set_transport(d, &empty, NULL, fds[0]), 0);
	write_all(fds[1], "hello", 5);
	ck_assert_int_eq(asyncore_recv(d, buf, sizeof buf), 5);
	ck_assert_int_eq(asyncore_recv(d, buf, sizeof buf), -EAGAIN);
	ck_assert_int_eq(asyncore_send(d, "you", 3), 3);
	ck_assert_int_eq(read(fds[1], buf, sizeof buf), 3);
	ck_assert_int_eq(asyncore_handle_expt_event(d), 0);
	ck_trace("expt");
	ck_assert_int_eq(asyncore_close(d), 0);
	asyncore_unref(d);
	ck_assert_int_eq(read(fds[1], buf, sizeof buf), 0);
	ck_assert_int_eq(close(fds[1]), 0);
}
END_TEST

/* ---- Errors of recv and send. ---- */

static const int disconnected[] = {
	ECONNRESET, ENOTCONN, ESHUTDOWN, ECONNABORTED, EPIPE, EBADF
};

static const int others[] = {
	EINTR, EIO, ETIMEDOUT, ECONNREFUSED, EHOSTUNREACH, EPERM, ENOBUFS,
	EPROTO, ENOMEM, EINVAL, ENOTSOCK
};

#define N(array) (int)(sizeof (array) / sizeof *(array))

START_TEST(recv_of_a_lost_connection_is_0_after_handle_close)
{
	struct asyncore_dispatcher *d = new_channel(&channel, -1);
	char c;

	memory.recv_result = -disconnected[_i];
	ck_assert_int_eq(asyncore_recv(d, &c, 1), 0);
	ck_trace("close");
	ck_assert(asyncore_closed(d));
	ck_assert_int_eq(asyncore_recv(d, &c, 1), 0);
	ck_trace("");
	end_channel(d);
}
END_TEST

START_TEST(send_to_a_lost_connection_is_0_after_handle_close)
{
	struct asyncore_dispatcher *d = new_channel(&channel, -1);

	memory.send_result = -disconnected[_i];
	ck_assert_int_eq(asyncore_send(d, "x", 1), 0);
	ck_trace("close");
	ck_assert(asyncore_closed(d));
	ck_assert_int_eq(asyncore_send(d, "x", 1), 0);
	ck_trace("");
	end_channel(d);
}
END_TEST

START_TEST(recv_at_the_end_is_0_after_handle_close)
{
	struct asyncore_dispatcher *d = new_channel(&channel, -1);
	char c;

	ck_assert_int_eq(asyncore_recv(d, &c, 1), 0);
	ck_trace("close");
	end_channel(d);
}
END_TEST

START_TEST(not_now_is_EAGAIN_of_recv_and_0_of_send)
{
	const int err = _i ? EWOULDBLOCK : EAGAIN;
	struct asyncore_dispatcher *d = new_channel(&channel, -1);
	char c;

	memory.recv_result = memory.send_result = -err;
	ck_assert_int_eq(asyncore_recv(d, &c, 1), -EAGAIN);
	ck_assert_int_eq(asyncore_send(d, "x", 1), 0);
	ck_trace("");
	run_pass(false);
	run_pass(true);
	ck_trace("r-11 w r-11 w");
	ck_assert(!asyncore_closed(d));
	end_channel(d);
}
END_TEST

START_TEST(other_errors_are_the_result_and_call_no_hook)
{
	struct asyncore_dispatcher *d = new_channel(&channel, -1);
	char c;

	memory.recv_result = memory.send_result = -others[_i];
	ck_assert_int_eq(asyncore_recv(d, &c, 1), -others[_i]);
	ck_assert_int_eq(asyncore_send(d, "x", 1), -others[_i]);
	ck_trace("");
	ck_assert(!asyncore_closed(d));
	end_channel(d);
}
END_TEST

START_TEST(other_errors_that_a_hook_passes_on_are_handled_once)
{
	struct asyncore_dispatcher *d = new_channel(&reader, -1);
	char expected[64];

	(void)snprintf(expected, sizeof expected, "r%d error:%d", -others[_i],
	    others[_i]);
	memory.recv_result = -others[_i];
	run_pass(false);
	ck_trace(expected);
	run_pass(true);
	ck_trace(expected);
	end_channel(d);
}
END_TEST

/* ---- The pending error. ---- */

START_TEST(so_error_decides_what_becomes_of_a_connection)
{
	struct asyncore_dispatcher *d = new_channel(&channel, -1);

	ck_assert_int_eq(asyncore_set_connecting(d, true), 0);
	memory.error = ECONNREFUSED;
	ck_assert_int_eq(asyncore_handle_connect_event(d), -ECONNREFUSED);
	ck_trace("");
	ck_assert(asyncore_connecting(d));
	memory.error = 0;
	ck_assert_int_eq(asyncore_handle_connect_event(d), 0);
	ck_trace("connect");
	ck_assert(asyncore_connected(d));
	ck_assert(!asyncore_connecting(d));
	end_channel(d);
}
END_TEST

START_TEST(so_error_decides_what_an_exceptional_condition_is)
{
	struct asyncore_dispatcher *d = new_channel(&channel, -1);

	ck_assert_int_eq(asyncore_exception(d), 0);
	ck_trace("expt");
	memory.error = EPROTO;
	ck_assert_int_eq(asyncore_exception(d), 0);
	ck_trace("close");
	end_channel(d);
}
END_TEST

/* ---- Ownership. ---- */

START_TEST(last_reference_closes_once)
{
	struct asyncore_dispatcher *d = new_channel(&channel, -1);

	ck_assert_int_eq(asyncore_del_channel(d), 0);
	ck_assert_int_eq(memory.n_closed, 0);
	asyncore_unref(d);
	ck_assert_int_eq(memory.n_closed, 1);
	ck_trace("");
}
END_TEST

START_TEST(close_all_closes_once)
{
	struct asyncore_dispatcher *d = new_channel(&channel, -1);

	ck_assert_int_eq(asyncore_close_all(map, false), 0);
	ck_assert_int_eq(memory.n_closed, 1);
	end_channel(d);
}
END_TEST

START_TEST(close_answers_what_the_transport_does)
{
	static const int results[] = { 0, -EIO, -ENOTCONN, -EBADF, -ENOSPC };
	static const int expected[] = { 0, -EIO, 0, 0, -ENOSPC };
	struct asyncore_dispatcher *d = new_channel(&channel, -1);

	memory.close_result = results[_i];
	ck_assert_int_eq(asyncore_close(d), expected[_i]);
	ck_assert(asyncore_closed(d));
	ck_assert_uint_eq(asyncore_map_len(map), 0);
	end_channel(d);
}
END_TEST

START_TEST(detach_is_not_for_transports_of_ones_own)
{
	struct asyncore_dispatcher *d = new_channel(&channel, -1);

	ck_assert_int_eq(asyncore_detach(d), -ENOTSUP);
	ck_assert(!asyncore_closed(d));
	ck_assert_uint_eq(asyncore_map_len(map), 1);
	end_channel(d);
}
END_TEST

static void
ck_not_taken(struct asyncore_dispatcher *d, int fd, int expected)
{
	const int fd_before = asyncore_fileno(d);
	const bool was_closed = asyncore_closed(d);

	ck_assert_int_eq(asyncore_set_transport(d, &in_memory, &other, fd),
	    expected);
	ck_assert_int_eq(asyncore_fileno(d), fd_before);
	ck_assert_int_eq(asyncore_closed(d), was_closed);
	ck_assert_int_eq(other.n_closed, 0);
	if (fd >= 0)
		ck_assert_int_ge(fcntl(fd, F_GETFD), 0);
}

START_TEST(set_transport_that_fails_takes_nothing)
{
	struct asyncore_dispatcher *d, *e = asyncore_new(&channel, map);
	int fds[2];

	make_pair(fds);
	d = new_channel(&idler, fds[0]);
	ck_not_taken(d, fds[1], -EBUSY);
	ck_not_taken(d, -1, -EBUSY);
	ck_not_taken(e, fds[0], -EEXIST);
	ck_not_taken(e, -2, -EINVAL);
	ck_assert_int_eq(asyncore_set_transport(e, &in_memory, &other, 1 << 20),
	    -EBADF);
	ck_assert_int_eq(asyncore_fileno(e), -1);
	ck_assert_int_eq(asyncore_set_transport(e, NULL, &other, fds[1]),
	    -EINVAL);
	ck_assert_ptr_eq(asyncore_map_get(map, fds[0]), d);
	ck_assert_uint_eq(asyncore_map_len(map), 1);
	asyncore_unref(e);
	ck_assert_int_eq(other.n_closed, 0);
	end_channel(d);
	ck_assert_int_eq(close(fds[1]), 0);
}
END_TEST

static void
later_slot(void)
{
}

/* Any place, and also where only the transport is exchanged. */
START_TEST(reserved_places_in_use_are_ENOTSUP)
{
	struct asyncore_transport later = in_memory;
	struct asyncore_dispatcher *d = asyncore_new(&channel, map);
	int fds[2];

	later.reserved[_i] = later_slot;
	make_pair(fds);
	ck_assert_int_eq(asyncore_set_transport(d, &later, &other, fds[1]),
	    -ENOTSUP);
	ck_assert_int_eq(asyncore_fileno(d), -1);
	asyncore_unref(d);
	d = new_channel(&idler, fds[0]);
	ck_assert_int_eq(asyncore_set_transport(d, &later, &other, fds[0]),
	    -ENOTSUP);
	ck_assert_int_eq(other.n_closed, 0);
	end_channel(d);
	ck_assert_int_eq(close(fds[1]), 0);
}
END_TEST

START_TEST(set_transport_that_fails_after_a_close_leaves_it_closed)
{
	struct asyncore_dispatcher *d, *e = asyncore_new(&channel, map);
	int fds[2];

	make_pair(fds);
	d = new_channel(&idler, fds[0]);
	ck_assert_int_eq(asyncore_create_socket(e, PF_UNIX, SOCK_STREAM), 0);
	ck_assert_int_eq(asyncore_close(e), 0);
	ck_not_taken(e, fds[0], -EEXIST);
	asyncore_unref(e);
	end_channel(d);
	ck_assert_int_eq(close(fds[1]), 0);
}
END_TEST

START_TEST(closed_channel_gets_a_new_transport)
{
	struct asyncore_dispatcher *d = new_channel(&reader, -1);

	ck_assert_int_eq(asyncore_close(d), 0);
	ck_assert_int_eq(asyncore_set_transport(d, &in_memory, &other, -1), 0);
	ck_assert(!asyncore_closed(d));
	other.input = "abc";
	run_pass(false);
	ck_trace("r3");
	end_channel(d);
	ck_assert_int_eq(other.n_closed, 1);
}
END_TEST

static void
add_errors(TCase *tc)
{
	tcase_add_loop_test(tc,
	    recv_of_a_lost_connection_is_0_after_handle_close, 0,
	    N(disconnected));
	tcase_add_loop_test(tc,
	    send_to_a_lost_connection_is_0_after_handle_close, 0,
	    N(disconnected));
	tcase_add_test(tc, recv_at_the_end_is_0_after_handle_close);
	tcase_add_loop_test(tc, not_now_is_EAGAIN_of_recv_and_0_of_send, 0, 2);
	tcase_add_loop_test(tc, other_errors_are_the_result_and_call_no_hook,
	    0, N(others));
	tcase_add_loop_test(tc,
	    other_errors_that_a_hook_passes_on_are_handled_once, 0, N(others));
	tcase_add_test(tc, so_error_decides_what_becomes_of_a_connection);
	tcase_add_test(tc,
	    so_error_decides_what_an_exceptional_condition_is);
}

static void
add_ownership(TCase *tc)
{
	tcase_add_test(tc, last_reference_closes_once);
	tcase_add_test(tc, close_all_closes_once);
	tcase_add_loop_test(tc, close_answers_what_the_transport_does, 0, 5);
	tcase_add_test(tc, detach_is_not_for_transports_of_ones_own);
	tcase_add_test(tc, set_transport_that_fails_takes_nothing);
	tcase_add_loop_test(tc, reserved_places_in_use_are_ENOTSUP, 0,
	    N(in_memory.reserved));
	tcase_add_test(tc,
	    set_transport_that_fails_after_a_close_leaves_it_closed);
	tcase_add_test(tc, closed_channel_gets_a_new_transport);
}

void
testing_add(TCase *tc)
{
	tcase_add_test(tc, bytes_go_through_the_transport);
	tcase_add_loop_test(tc,
	    transport_without_a_descriptor_is_always_ready, 0, 2);
	tcase_add_loop_test(tc,
	    transport_without_a_descriptor_follows_its_predicates, 0, 2);
	tcase_add_loop_test(tc,
	    two_transports_without_a_descriptor_are_two_channels, 0, 2);
	tcase_add_loop_test(tc,
	    transport_with_a_descriptor_is_ready_when_that_is, 0, 2);
	tcase_add_test(tc, slots_that_are_missing_are_those_of_a_socket);
	add_errors(tc);
	add_ownership(tc);
}
