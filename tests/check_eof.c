/*
 * check_eof.c - the peer has finished sending: handle_eof(), which closes by
 * default, and lets a class that overrides it go on sending.
 */
#include "testing.h"
#include "places.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define REPLY ((size_t)3 * 1024 * 1024)

const char testing_suite[] = "eof";

static size_t to_send;
static int eof_result;
static bool close_in_eof;

static int
on_read(struct asyncore_dispatcher *d)
{
	char buf[16];
	ssize_t n = asyncore_recv(d, buf, sizeof buf);

	if (n >= 0)
		trace("read:%d", (int)n);
	return (int)n;
}

static bool
has_more(struct asyncore_dispatcher *d)
{
	(void)d;
	return to_send > 0;
}

static int
on_write(struct asyncore_dispatcher *d)
{
	static const char zeros[65536];
	ssize_t n = asyncore_send(d, zeros,
	    to_send < sizeof zeros ? to_send : sizeof zeros);

	if (n > 0)
		to_send -= (size_t)n;
	return n < 0 ? (int)n : 0;
}

static int
on_eof(struct asyncore_dispatcher *d)
{
	trace("eof");
	if (close_in_eof)
		ck_assert_int_eq(asyncore_close(d), 0);
	return eof_result;
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
	trace(err == -EPROTO ? "error" : "other-error");
	return asyncore_close(d);
}

static const struct asyncore_class closing = {
	.name = "Closing",
	.base = &asyncore_file_dispatcher_class,
	.writable = has_more,
	.handle_read = on_read,
	.handle_write = on_write,
	.handle_close = on_close,
	.handle_error = on_error,
};

static const struct asyncore_class staying = {
	.base = &closing,
	.handle_eof = on_eof,
};

static int peer;

static struct asyncore_dispatcher *
new_channel(const struct asyncore_class *cls)
{
	struct asyncore_dispatcher *d;
	int fds[2];

	make_pair(fds);
	peer = fds[1];
	d = asyncore_new_socket(cls, fds[0], map);
	ck_assert_ptr_nonnull(d);
	return d;
}

static struct asyncore_dispatcher *
new_tcp_channel(const struct asyncore_class *cls)
{
	struct asyncore_dispatcher *d;
	struct place p;

	listen_place(&p, inet);
	peer = call_place(&p);
	d = asyncore_new_socket(cls, accept(p.fd, NULL, NULL), map);
	drop_place(&p);
	ck_assert_ptr_nonnull(d);
	return d;
}

static void
end_channel(struct asyncore_dispatcher *d)
{
	ck_assert_int_eq(asyncore_close(d), 0);
	asyncore_unref(d);
	ck_assert_int_eq(close(peer), 0);
}

static void
end_input(const struct asyncore_dispatcher *d)
{
	ck_assert_int_eq(shutdown(peer, SHUT_WR), 0);
	await(asyncore_fileno(d), POLLIN);
}

static void
run_pass(bool use_poll)
{
	ck_assert_int_eq(asyncore_loop(10, use_poll, map, 1), 0);
}

START_TEST(end_closes_by_default)
{
	struct asyncore_dispatcher *d = _i & 2 ? new_channel(&closing) :
	    new_tcp_channel(&closing);

	write_all(peer, "bye", 3);
	end_input(d);
	run_pass(_i & 1);
	ck_trace("read:3");
	run_pass(_i & 1);
	ck_trace("close read:0");
	ck_assert(asyncore_closed(d));
	end_channel(d);
}
END_TEST

/* It is no longer watched for reading: nothing wakes the loop. */
START_TEST(overridden_end_comes_once_and_does_not_spin)
{
	struct asyncore_dispatcher *d = _i & 2 ? new_channel(&staying) :
	    new_tcp_channel(&staying);
	double start;

	end_input(d);
	run_pass(_i & 1);
	ck_trace("eof read:0");
	ck_assert(asyncore_connected(d));
	start = now();
	ck_assert_int_eq(asyncore_loop(0.03, _i & 1, map, 2), 0);
	ck_waited(start, 2 * 0.03);
	ck_trace("");
	ck_assert(!asyncore_closed(d));
	end_channel(d);
}
END_TEST

static size_t
drain(void)
{
	char buf[65536];
	size_t sum = 0;
	ssize_t n;

	while ((n = recv(peer, buf, sizeof buf, MSG_DONTWAIT)) > 0)
		sum += (size_t)n;
	ck_assert_int_eq(n, -1);
	ck_assert_int_eq(errno, EAGAIN);
	return sum;
}

/* The known loss of asyncore: half-closed, and unsent output thrown away. */
START_TEST(half_closed_channel_sends_all_it_has)
{
	struct asyncore_dispatcher *d = _i & 2 ? new_channel(&staying) :
	    new_tcp_channel(&staying);
	size_t received = 0;

	to_send = REPLY;
	end_input(d);
	while (to_send > 0) {
		run_pass(_i & 1);
		received += drain();
	}
	ck_trace("eof read:0");
	ck_assert(!asyncore_closed(d));
	while (received < REPLY) {
		await(peer, POLLIN);
		received += drain();
	}
	ck_assert_uint_eq(received, REPLY);
	end_channel(d);
}
END_TEST

START_TEST(peer_that_leaves_after_its_end_is_found_by_the_next_send)
{
	struct asyncore_dispatcher *d = new_channel(&staying);

	end_input(d);
	run_pass(_i);
	ck_trace("eof read:0");
	ck_assert_int_eq(close(peer), 0);
	peer = open("/dev/null", O_RDONLY);
	to_send = 1;
	run_pass(_i);
	ck_trace("close");
	end_channel(d);
}
END_TEST

START_TEST(end_of_a_pipe_is_an_end_too)
{
	struct asyncore_dispatcher *d;
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	d = asyncore_new_file(&staying, fds[0], map);
	ck_assert_ptr_nonnull(d);
	ck_assert_int_eq(close(fds[0]), 0);
	peer = dup(fds[1]);
	ck_assert_int_eq(close(fds[1]), 0);
	ck_assert_int_eq(close(peer), 0);
	peer = open("/dev/null", O_RDONLY);
	run_pass(false);
	ck_trace("eof read:0");
	ck_assert_int_eq(asyncore_loop(0.01, false, map, 1), 0);
	ck_trace("");
	end_channel(d);
}
END_TEST

START_TEST(handle_eof_that_fails_is_an_error)
{
	struct asyncore_dispatcher *d = new_channel(&staying);
	char c;

	eof_result = -EPROTO;
	end_input(d);
	ck_assert_int_eq(asyncore_recv(d, &c, 1), -EPROTO);
	ck_trace("eof");
	end_channel(d);
}
END_TEST

START_TEST(handle_eof_that_fails_in_a_pass_is_handled_once)
{
	struct asyncore_dispatcher *d = new_channel(&staying);

	eof_result = -EPROTO;
	end_input(d);
	run_pass(_i);
	ck_trace("eof error");
	ck_assert(asyncore_closed(d));
	end_channel(d);
}
END_TEST

START_TEST(handle_eof_may_close)
{
	struct asyncore_dispatcher *d = new_channel(&staying);

	close_in_eof = true;
	to_send = 1;
	end_input(d);
	run_pass(_i);
	ck_trace("eof read:0");
	ck_assert_uint_eq(to_send, 1);
	ck_assert_uint_eq(asyncore_map_len(map), 0);
	end_channel(d);
}
END_TEST

/* An end belongs to its descriptor. */
START_TEST(next_socket_is_read_again)
{
	struct asyncore_dispatcher *d = new_channel(&staying);
	int fds[2];

	end_input(d);
	run_pass(_i);
	ck_trace("eof read:0");
	ck_assert_int_eq(asyncore_close(d), 0);
	make_pair(fds);
	ck_assert_int_eq(asyncore_set_socket(d, fds[0]), 0);
	write_all(fds[1], "again", 5);
	run_pass(_i);
	ck_trace("read:5");
	ck_assert_int_eq(close(fds[1]), 0);
	end_channel(d);
}
END_TEST

void
testing_add(TCase *tc)
{
	tcase_add_loop_test(tc, end_closes_by_default, 0, 4);
	tcase_add_loop_test(tc, overridden_end_comes_once_and_does_not_spin, 0,
	    4);
	tcase_add_loop_test(tc, half_closed_channel_sends_all_it_has, 0, 4);
	tcase_add_loop_test(tc,
	    peer_that_leaves_after_its_end_is_found_by_the_next_send, 0, 2);
	tcase_add_test(tc, end_of_a_pipe_is_an_end_too);
	tcase_add_test(tc, handle_eof_that_fails_is_an_error);
	tcase_add_loop_test(tc,
	    handle_eof_that_fails_in_a_pass_is_handled_once, 0, 2);
	tcase_add_loop_test(tc, handle_eof_may_close, 0, 2);
	tcase_add_loop_test(tc, next_socket_is_read_again, 0, 2);
}
