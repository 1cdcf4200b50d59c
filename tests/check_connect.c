/*
 * check_connect.c - connections that a channel makes, at once and pending, over
 * every family, and what connected, connecting and addr say at each step.
 * Those that fail are in check_refused.c, datagrams in check_datagram.c.
 *
 * The traces are those of CPython's asyncore unless a test says otherwise.
 */
#include "testing.h"
#include "places.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

const char testing_suite[] = "connect";

/* ---- A channel that tells all that happens to it. ---- */

static int connect_result;
static bool close_in_connect;
static const struct place *elsewhere;

static const char *
state(const struct asyncore_dispatcher *d)
{
	const bool connected = asyncore_connected(d);
	const bool connecting = asyncore_connecting(d);

	if (asyncore_closed(d))
		return connected || connecting ? "closed?" : "closed";
	if (connected)
		return connecting ? "both" : "connected";
	return connecting ? "connecting" : "idle";
}

static void
turn_to(struct asyncore_dispatcher *d, const struct place *p)
{
	ck_assert_int_eq(asyncore_close(d), 0);
	ck_assert_int_eq(asyncore_create_socket(d, p->addr.sa.sa_family,
	    SOCK_STREAM), 0);
	ck_assert_int_eq(connect_to(d, p), 0);
}

static int
on_connect(struct asyncore_dispatcher *d)
{
	const struct place *p = elsewhere;

	trace("connect:%s", state(d));
	elsewhere = NULL;
	if (p != NULL)
		turn_to(d, p);
	if (close_in_connect)
		ck_assert_int_eq(asyncore_close(d), 0);
	return connect_result;
}

static int
on_read(struct asyncore_dispatcher *d)
{
	char buf[100];
	ssize_t n = asyncore_recv(d, buf, sizeof buf);

	trace("read:%d", (int)n);
	return n < 0 ? (int)n : 0;
}

static int
on_write(struct asyncore_dispatcher *d)
{
	trace("write:%s", state(d));
	return 0;
}

static int
on_error(struct asyncore_dispatcher *d, int err)
{
	trace("error:%s:%s", err == -EPROTO ? "EPROTO" : "?", state(d));
	return asyncore_close(d);
}

static int
on_close(struct asyncore_dispatcher *d)
{
	trace("close");
	return asyncore_close(d);
}

static const struct asyncore_class client = {
	.name = "Client",
	.handle_connect = on_connect,
	.handle_read = on_read,
	.handle_write = on_write,
	.handle_error = on_error,
	.handle_close = on_close,
};

static const struct asyncore_class reader = {
	.base = &client,
	.writable = asyncore_never,
};

static struct asyncore_dispatcher *
new_client(const struct asyncore_class *cls, const struct place *p)
{
	struct asyncore_dispatcher *d = asyncore_new(cls, map);

	ck_assert_ptr_nonnull(d);
	ck_assert_int_eq(asyncore_create_socket(d, p->addr.sa.sa_family,
	    SOCK_STREAM), 0);
	ck_assert_str_eq(state(d), "idle");
	ck_assert_ptr_null(asyncore_addr(d, NULL));
	return d;
}

static void
end_client(struct asyncore_dispatcher *d)
{
	ck_assert_int_eq(asyncore_close(d), 0);
	ck_assert_str_eq(state(d), "closed");
	asyncore_unref(d);
}

/* The connection is made, and the pass will see it. */
static void
run_connect_pass(struct asyncore_dispatcher *d, bool use_poll)
{
	await(asyncore_fileno(d), POLLOUT);
	ck_assert_int_eq(asyncore_loop(10, use_poll, map, 1), 0);
}

/* ---- At once. ---- */

START_TEST(local_connection_is_there_when_connect_returns)
{
	struct place p;
	struct asyncore_dispatcher *d;

	listen_place(&p, local_places[_i]);
	d = new_client(&client, &p);
	ck_assert_int_eq(connect_to(d, &p), 0);
	ck_trace("connect:connecting");
	ck_assert_str_eq(state(d), "connected");
	ck_addr(d, &p);
	run_connect_pass(d, false);
	ck_trace("write:connected");
	end_client(d);
	drop_place(&p);
}
END_TEST

/* EISCONN.  Linux tells the first one that asks again: connected, just now. */
START_TEST(connect_of_a_connected_socket_calls_handle_connect)
{
	struct place p;
	struct asyncore_dispatcher *d;
	int i;

	listen_place(&p, inet);
	d = new_client(&client, &p);
	ck_assert_int_eq(connect_to(d, &p), 0);
	run_connect_pass(d, false);
	clear_trace();
	for (i = 0; i < 3; i++) {
		ck_assert_int_eq(connect_to(d, &p), 0);
		ck_trace("connect:connecting");
		ck_assert_str_eq(state(d), "connected");
	}
	end_client(d);
	drop_place(&p);
}
END_TEST

/* Differs: asyncore leaves connected set, and goes on to the other hooks. */
static void
closed_at_once(int result)
{
	struct place p;
	struct asyncore_dispatcher *d;

	close_in_connect = true;
	connect_result = result;
	listen_place(&p, path);
	d = new_client(&client, &p);
	ck_assert_int_eq(connect_to(d, &p), result);
	ck_trace("connect:connecting");
	ck_assert_str_eq(state(d), "closed");
	ck_assert_uint_eq(asyncore_map_len(map), 0);
	asyncore_unref(d);
	drop_place(&p);
}

START_TEST(close_in_handle_connect_at_once_is_the_end)
{
	closed_at_once(0);
}
END_TEST

START_TEST(handle_connect_that_closes_and_fails_at_once_is_answered)
{
	closed_at_once(-EPROTO);
}
END_TEST

START_TEST(handle_connect_that_fails_at_once_is_answered)
{
	struct place p;
	struct asyncore_dispatcher *d;

	connect_result = -EPROTO;
	listen_place(&p, path);
	d = new_client(&client, &p);
	ck_assert_int_eq(connect_to(d, &p), -EPROTO);
	ck_trace("connect:connecting");
	ck_assert_str_eq(state(d), "idle");
	ck_assert_ptr_eq(asyncore_map_get(map, asyncore_fileno(d)), d);
	end_client(d);
	drop_place(&p);
}
END_TEST

/* ---- Pending. ---- */

static void
pending_then_made(place_maker make, bool use_poll)
{
	struct place p;
	struct asyncore_dispatcher *d;

	listen_place(&p, make);
	d = new_client(&client, &p);
	ck_assert_int_eq(connect_to(d, &p), 0);
	ck_assert_str_eq(state(d), "connecting");
	ck_addr(d, &p);
	ck_trace("");
	run_connect_pass(d, use_poll);
	ck_trace("connect:connecting write:connected");
	ck_assert_str_eq(state(d), "connected");
	ck_addr(d, &p);
	end_client(d);
	drop_place(&p);
}

START_TEST(tcp_connection_is_pending_until_a_pass)
{
	pending_then_made(tcp_places[_i], false);
	pending_then_made(tcp_places[_i], true);
}
END_TEST

/* The server has spoken before the client's first pass. */
static void
greeted(const struct asyncore_class *cls, bool use_poll, const char *expected)
{
	struct place p;
	struct asyncore_dispatcher *d;
	int peer;

	listen_place(&p, inet);
	d = new_client(cls, &p);
	ck_assert_int_eq(connect_to(d, &p), 0);
	peer = accept(p.fd, NULL, NULL);
	ck_assert_int_ge(peer, 0);
	write_all(peer, "hello", 5);
	await(asyncore_fileno(d), POLLIN);
	run_connect_pass(d, use_poll);
	ck_trace(expected);
	end_client(d);
	ck_assert_int_eq(close(peer), 0);
	drop_place(&p);
}

START_TEST(greeting_is_read_after_handle_connect)
{
	greeted(&client, _i, "connect:connecting read:5 write:connected");
}
END_TEST

START_TEST(channel_that_never_writes_connects_with_its_first_input)
{
	greeted(&reader, _i, "connect:connecting read:5");
}
END_TEST

START_TEST(close_in_handle_connect_is_the_end)
{
	close_in_connect = true;
	greeted(&client, _i, "connect:connecting");
}
END_TEST

START_TEST(handle_connect_that_fails_is_an_error_and_the_end)
{
	connect_result = -EPROTO;
	greeted(&client, _i, "connect:connecting error:EPROTO:connecting");
}
END_TEST

/* EALREADY, or made meanwhile. */
START_TEST(connect_again_while_pending_is_one_connection)
{
	struct place p;
	struct asyncore_dispatcher *d;

	listen_place(&p, inet);
	d = new_client(&client, &p);
	ck_assert_int_eq(connect_to(d, &p), 0);
	ck_assert_int_eq(connect_to(d, &p), 0);
	run_connect_pass(d, false);
	ck_trace("connect:connecting write:connected");
	ck_assert_str_eq(state(d), "connected");
	end_client(d);
	drop_place(&p);
}
END_TEST

START_TEST(handle_connect_may_turn_to_another_server)
{
	struct place p, q;
	struct asyncore_dispatcher *d;

	listen_place(&p, inet);
	listen_place(&q, inet);
	d = new_client(&client, &p);
	ck_assert_int_eq(connect_to(d, &p), 0);
	elsewhere = &q;
	run_connect_pass(d, _i);
	ck_trace("connect:connecting");
	ck_assert_str_eq(state(d), "connecting");
	ck_addr(d, &q);
	run_connect_pass(d, _i);
	ck_trace("connect:connecting write:connected");
	end_client(d);
	drop_place(&p);
	drop_place(&q);
}
END_TEST

START_TEST(closed_channel_connects_again)
{
	struct place p;
	struct asyncore_dispatcher *d = asyncore_new(&client, map);
	int i;

	listen_place(&p, inet);
	for (i = 0; i < 3; i++) {
		ck_assert_int_eq(asyncore_create_socket(d, AF_INET,
		    SOCK_STREAM), 0);
		ck_assert_str_eq(state(d), "idle");
		ck_assert_int_eq(connect_to(d, &p), 0);
		run_connect_pass(d, _i);
		ck_trace("connect:connecting write:connected");
		ck_assert_int_eq(asyncore_close(d), 0);
		ck_assert_str_eq(state(d), "closed");
	}
	asyncore_unref(d);
	drop_place(&p);
}
END_TEST

START_TEST(connect_copies_the_address)
{
	struct place p, copy;
	struct asyncore_dispatcher *d;

	listen_place(&p, _i ? path : inet);
	copy = p;
	d = new_client(&client, &p);
	ck_assert_int_eq(connect_to(d, &copy), 0);
	memset(&copy, 0xff, sizeof copy);
	ck_addr(d, &p);
	end_client(d);
	drop_place(&p);
}
END_TEST

/* ---- Sockets that are given. ---- */

START_TEST(socket_given_with_a_peer_is_connected_without_a_hook)
{
	struct place p;
	struct asyncore_dispatcher *d;

	listen_place(&p, inet);
	d = asyncore_new_socket(&client, call_place(&p), map);
	ck_assert_ptr_nonnull(d);
	ck_assert_str_eq(state(d), "connected");
	ck_addr(d, &p);
	run_connect_pass(d, false);
	ck_trace("write:connected");
	end_client(d);
	drop_place(&p);
}
END_TEST

START_TEST(socket_given_without_a_peer_can_connect)
{
	struct place p;
	struct asyncore_dispatcher *d;

	listen_place(&p, inet);
	d = asyncore_new_socket(&client, socket(AF_INET, SOCK_STREAM, 0), map);
	ck_assert_ptr_nonnull(d);
	ck_assert_str_eq(state(d), "idle");
	ck_assert_ptr_null(asyncore_addr(d, NULL));
	ck_assert_int_eq(connect_to(d, &p), 0);
	run_connect_pass(d, false);
	ck_trace("connect:connecting write:connected");
	end_client(d);
	drop_place(&p);
}
END_TEST

/* A listener that was handed over, say, by the program that started us. */
START_TEST(listener_given_with_a_call_waiting_is_not_connected)
{
	struct place p;
	struct asyncore_dispatcher *d;
	int fd;

	listen_place(&p, inet);
	fd = call_place(&p);
	await(p.fd, POLLIN);
	d = asyncore_new_socket(&client, p.fd, map);
	ck_assert_ptr_nonnull(d);
	ck_assert_str_eq(state(d), "idle");
	end_client(d);
	ck_assert_int_eq(close(fd), 0);
}
END_TEST

/* ---- Before a connection. ---- */

/* Differs: asyncore polls it, hears of a hang-up, and closes it. */
START_TEST(stream_socket_is_not_watched_before_it_connects)
{
	struct place p;
	struct asyncore_dispatcher *d;

	inet(&p);
	d = new_client(&client, &p);
	ck_assert_int_eq(asyncore_loop(0.01, _i, map, 2), 0);
	ck_trace("");
	ck_assert_int_eq(asyncore_set_connected(d, false), 0);
	ck_assert_int_eq(asyncore_loop(0.01, _i, map, 2), 0);
	ck_trace("");
	ck_assert_str_eq(state(d), "idle");
	end_client(d);
}
END_TEST

#if HAVE_DECL_SOCK_CLOEXEC
/* socket(2) takes flags with the type, and so does create_socket(). */
START_TEST(stream_created_with_flags_is_a_stream)
{
	struct asyncore_dispatcher *d = asyncore_new(&client, map);

	ck_assert_int_eq(asyncore_create_socket(d, AF_INET,
	    SOCK_STREAM | SOCK_CLOEXEC), 0);
	ck_assert_int_eq(asyncore_loop(0.01, _i, map, 2), 0);
	ck_trace("");
	ck_assert_str_eq(state(d), "idle");
	end_client(d);
}
END_TEST
#endif

START_TEST(created_socket_does_not_block_and_is_not_inherited)
{
	struct asyncore_dispatcher *d = asyncore_new(&client, map);
	int fd;

	ck_assert_int_eq(asyncore_create_socket(d, AF_INET, SOCK_STREAM), 0);
	fd = asyncore_fileno(d);
	ck_assert(fcntl(fd, F_GETFL) & O_NONBLOCK);
	ck_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	ck_assert_ptr_eq(asyncore_map_get(map, fd), d);
	end_client(d);
}
END_TEST

START_TEST(bind_names_the_channel_until_it_connects)
{
	struct place here, p;
	struct asyncore_dispatcher *d;

	inet(&here);
	listen_place(&p, inet);
	d = new_client(&client, &p);
	ck_assert_int_eq(asyncore_bind(d, &here.addr.sa, here.len), 0);
	ck_addr(d, &here);
	ck_assert_str_eq(state(d), "idle");
	ck_assert_int_eq(connect_to(d, &p), 0);
	ck_addr(d, &p);
	end_client(d);
	drop_place(&p);
}
END_TEST

static void
add_at_once(TCase *tc)
{
	tcase_add_loop_test(tc,
	    local_connection_is_there_when_connect_returns, 0,
	    n_local_places());
	tcase_add_test(tc, connect_of_a_connected_socket_calls_handle_connect);
	tcase_add_test(tc, close_in_handle_connect_at_once_is_the_end);
	tcase_add_test(tc,
	    handle_connect_that_closes_and_fails_at_once_is_answered);
	tcase_add_test(tc, handle_connect_that_fails_at_once_is_answered);
}

static void
add_pending(TCase *tc)
{
	tcase_add_loop_test(tc, tcp_connection_is_pending_until_a_pass, 0,
	    n_tcp_places());
	tcase_add_loop_test(tc, greeting_is_read_after_handle_connect, 0, 2);
	tcase_add_loop_test(tc,
	    channel_that_never_writes_connects_with_its_first_input, 0, 2);
	tcase_add_loop_test(tc, close_in_handle_connect_is_the_end, 0, 2);
	tcase_add_loop_test(tc,
	    handle_connect_that_fails_is_an_error_and_the_end, 0, 2);
	tcase_add_test(tc, connect_again_while_pending_is_one_connection);
	tcase_add_loop_test(tc, handle_connect_may_turn_to_another_server, 0,
	    2);
	tcase_add_loop_test(tc, closed_channel_connects_again, 0, 2);
	tcase_add_loop_test(tc, connect_copies_the_address, 0, 2);
}

void
testing_add(TCase *tc)
{
	if (n_tcp_places() < 2)
		testing_skip("tcp_connection_is_pending_until_a_pass",
		    "IPv6: there is no ::1");
	if (n_local_places() < 2)
		testing_skip("local_connection_is_there_when_connect_returns",
		    "abstract names: this system has none");
	add_at_once(tc);
	add_pending(tc);
	tcase_add_test(tc,
	    socket_given_with_a_peer_is_connected_without_a_hook);
	tcase_add_test(tc, socket_given_without_a_peer_can_connect);
	tcase_add_test(tc,
	    listener_given_with_a_call_waiting_is_not_connected);
	tcase_add_loop_test(tc,
	    stream_socket_is_not_watched_before_it_connects, 0, 2);
#if HAVE_DECL_SOCK_CLOEXEC
	tcase_add_loop_test(tc, stream_created_with_flags_is_a_stream, 0, 2);
#endif
	tcase_add_test(tc,
	    created_socket_does_not_block_and_is_not_inherited);
	tcase_add_test(tc, bind_names_the_channel_until_it_connects);
}
