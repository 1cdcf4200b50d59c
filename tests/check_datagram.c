/*
 * check_datagram.c - datagram sockets: watched from their birth, connected to
 * nobody or to one peer, and never ended by a datagram of no bytes, which is
 * data (Differs: asyncore takes it for the end).
 */
#include "testing.h"
#include "places.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

const char testing_suite[] = "datagram";

static const place_maker makers[] = { inet, path };

static int
on_connect(struct asyncore_dispatcher *d)
{
	trace("connect:%d", asyncore_connecting(d));
	return 0;
}

static int
on_read(struct asyncore_dispatcher *d)
{
	char buf[100];
	ssize_t n = asyncore_recv(d, buf, sizeof buf);

	trace("%d", (int)n);
	return n < 0 ? (int)n : 0;
}

static int
on_write(struct asyncore_dispatcher *d)
{
	(void)d;
	trace("write");
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
	trace("error:%s", strerror(-err));
	return 0;
}

static const struct asyncore_class listener = {
	.name = "Datagrams",
	.writable = asyncore_never,
	.handle_connect = on_connect,
	.handle_read = on_read,
	.handle_close = on_close,
	.handle_error = on_error,
};

static const struct asyncore_class writer = {
	.base = &listener,
	.writable = asyncore_always,
	.handle_write = on_write,
};

static struct asyncore_dispatcher *
new_socket(const struct asyncore_class *cls, int family)
{
	struct asyncore_dispatcher *d = asyncore_new(cls, map);

	ck_assert_ptr_nonnull(d);
	ck_assert_int_eq(asyncore_create_socket(d, family, SOCK_DGRAM), 0);
	return d;
}

/* A channel that is bound; p is where. */
static struct asyncore_dispatcher *
new_bound(struct place *p, place_maker make)
{
	struct asyncore_dispatcher *d;

	make(p);
	d = new_socket(&listener, p->addr.sa.sa_family);
	ck_assert_int_eq(asyncore_bind(d, &p->addr.sa, p->len), 0);
	ck_addr(d, p);
	p->fd = dup(asyncore_fileno(d));
	if (p->addr.sa.sa_family != AF_UNIX)
		ck_assert_int_eq(getsockname(p->fd, &p->addr.sa, &p->len), 0);
	return d;
}

static void
end_channel(struct asyncore_dispatcher *d)
{
	ck_assert_int_eq(asyncore_close(d), 0);
	asyncore_unref(d);
}

static void
send_to(const struct place *p, const char *data)
{
	int fd = socket(p->addr.sa.sa_family, SOCK_DGRAM, 0);

	ck_assert_int_eq(sendto(fd, data, strlen(data), 0, &p->addr.sa, p->len),
	    (ssize_t)strlen(data));
	ck_assert_int_eq(close(fd), 0);
}

static void
run_pass(bool use_poll)
{
	ck_assert_int_eq(asyncore_loop(10, use_poll, map, 1), 0);
}

static void
datagrams_are_read(place_maker make, bool use_poll)
{
	struct place p;
	struct asyncore_dispatcher *d = new_bound(&p, make);

	send_to(&p, "hello");
	send_to(&p, "");
	send_to(&p, "you");
	run_pass(use_poll);
	run_pass(use_poll);
	run_pass(use_poll);
	ck_trace("5 0 3");
	ck_assert(!asyncore_connected(d));
	ck_assert(!asyncore_closed(d));
	end_channel(d);
	drop_place(&p);
}

START_TEST(unconnected_socket_reads_from_anybody_and_empty_is_data)
{
	datagrams_are_read(makers[_i], false);
	datagrams_are_read(makers[_i], true);
}
END_TEST

START_TEST(unconnected_socket_is_watched_for_writing_at_once)
{
	struct asyncore_dispatcher *d = new_socket(&writer, AF_INET);

	run_pass(_i);
	ck_trace("write");
	ck_assert(!asyncore_connected(d));
	end_channel(d);
}
END_TEST

/* "is connected if it has a peer": what waits to be read makes none. */
START_TEST(socket_given_with_a_datagram_waiting_is_not_connected)
{
	struct place p;
	struct asyncore_dispatcher *d;

	bind_place(&p, inet, SOCK_DGRAM);
	send_to(&p, "hello");
	await(p.fd, POLLIN);
	d = asyncore_new_socket(&listener, p.fd, map);
	ck_assert_ptr_nonnull(d);
	ck_assert(!asyncore_connected(d));
	ck_assert_ptr_null(asyncore_addr(d, NULL));
	run_pass(false);
	ck_trace("5");
	end_channel(d);
}
END_TEST

START_TEST(recv_says_when_nothing_is_there)
{
	struct asyncore_dispatcher *d = new_socket(&listener, AF_INET);
	char c;

	ck_assert_int_eq(asyncore_recv(d, &c, 1), -EAGAIN);
	ck_assert(!asyncore_closed(d));
	end_channel(d);
}
END_TEST

/* Connected to p, which answers. */
static void
exchanges(place_maker make, bool use_poll)
{
	struct place p;
	struct asyncore_dispatcher *d, *peer = new_bound(&p, make);
	struct place here;

	make(&here);
	d = new_socket(&listener, p.addr.sa.sa_family);
	ck_assert_int_eq(asyncore_bind(d, &here.addr.sa, here.len), 0);
	ck_assert_int_eq(connect_to(d, &p), 0);
	ck_trace("connect:1");
	ck_assert(asyncore_connected(d));
	ck_addr(d, &p);
	ck_assert_int_eq(asyncore_send(d, "question", 8), 8);
	ck_assert_int_eq(asyncore_send(d, "", 0), 0);
	run_pass(use_poll);
	run_pass(use_poll);
	ck_trace("8 0");
	here.fd = dup(asyncore_fileno(d));
	ck_assert_int_eq(getsockname(here.fd, &here.addr.sa, &here.len), 0);
	ck_assert_int_eq(connect_to(peer, &here), 0);
	ck_trace("connect:1");
	ck_assert_int_eq(asyncore_send(peer, "", 0), 0);
	run_pass(use_poll);
	ck_trace("0");
	ck_assert(asyncore_connected(d));
	end_channel(d);
	end_channel(peer);
	drop_place(&p);
	drop_place(&here);
}

START_TEST(connected_sockets_exchange_datagrams_and_empty_is_data)
{
	exchanges(makers[_i], false);
	exchanges(makers[_i], true);
}
END_TEST

/* Each send is a datagram of its own. */
START_TEST(boundaries_are_kept)
{
	struct place p;
	struct asyncore_dispatcher *peer = new_bound(&p, makers[_i]);
	struct asyncore_dispatcher *d = new_socket(&listener,
	    p.addr.sa.sa_family);

	ck_assert_int_eq(connect_to(d, &p), 0);
	clear_trace();
	ck_assert_int_eq(asyncore_send(d, "one", 3), 3);
	ck_assert_int_eq(asyncore_send(d, "three", 5), 5);
	run_pass(false);
	ck_trace("3");
	run_pass(false);
	ck_trace("5");
	end_channel(d);
	end_channel(peer);
	drop_place(&p);
}
END_TEST

/* Nobody is there: the kernel says so at the next call, and nothing closes. */
START_TEST(refused_datagram_is_an_error_and_the_socket_stays)
{
	struct place p;
	struct asyncore_dispatcher *d;

	bind_place(&p, inet, SOCK_DGRAM);
	d = new_socket(&listener, AF_INET);
	ck_assert_int_eq(connect_to(d, &p), 0);
	clear_trace();
	/* It hears itself alone now, and nobody else has its port. */
	ck_assert_int_eq(connect(p.fd, &p.addr.sa, p.len), 0);
	ck_assert_int_eq(asyncore_send(d, "anybody?", 8), 8);
	await(asyncore_fileno(d), POLLERR);
	ck_assert_int_eq(asyncore_send(d, "hello?", 6), -ECONNREFUSED);
	ck_trace("");
	ck_assert(!asyncore_closed(d));
	ck_assert(asyncore_connected(d));
	end_channel(d);
	drop_place(&p);
}
END_TEST

START_TEST(datagram_that_is_too_long_is_refused_whole)
{
	static const char junk[100000];
	struct place p;
	struct asyncore_dispatcher *peer = new_bound(&p, inet);
	struct asyncore_dispatcher *d = new_socket(&listener, AF_INET);

	ck_assert_int_eq(connect_to(d, &p), 0);
	clear_trace();
	ck_assert_int_eq(asyncore_send(d, junk, sizeof junk), -EMSGSIZE);
	ck_assert(!asyncore_closed(d));
	ck_assert_int_eq(asyncore_send(d, "short", 5), 5);
	run_pass(false);
	ck_trace("5");
	end_channel(d);
	end_channel(peer);
	drop_place(&p);
}
END_TEST

/* A writer that sends to nobody: EDESTADDRREQ is an error like any other. */
START_TEST(send_to_nobody_is_answered)
{
	struct asyncore_dispatcher *d = new_socket(&listener, AF_INET);

	ck_assert_int_eq(asyncore_send(d, "x", 1), -EDESTADDRREQ);
	ck_trace("");
	ck_assert(!asyncore_closed(d));
	end_channel(d);
}
END_TEST

void
testing_add(TCase *tc)
{
	tcase_add_loop_test(tc,
	    unconnected_socket_reads_from_anybody_and_empty_is_data, 0, 2);
	tcase_add_loop_test(tc,
	    unconnected_socket_is_watched_for_writing_at_once, 0, 2);
	tcase_add_test(tc,
	    socket_given_with_a_datagram_waiting_is_not_connected);
	tcase_add_test(tc, recv_says_when_nothing_is_there);
	tcase_add_loop_test(tc,
	    connected_sockets_exchange_datagrams_and_empty_is_data, 0, 2);
	tcase_add_loop_test(tc, boundaries_are_kept, 0, 2);
	tcase_add_test(tc,
	    refused_datagram_is_an_error_and_the_socket_stays);
	tcase_add_test(tc, datagram_that_is_too_long_is_refused_whole);
	tcase_add_test(tc, send_to_nobody_is_answered);
}
