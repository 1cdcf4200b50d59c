/*
 * check_accept.c - listeners: what is accepted and how it is handed over, and
 * that a listener outlives what goes wrong with one connection, and a want of
 * descriptors.
 */
#include "testing.h"
#include "places.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

const char testing_suite[] = "accept";

static int accepted_result;
static struct asyncore_dispatcher *child;
static int n_errors;

/* ---- Children. ---- */

static int
child_read(struct asyncore_dispatcher *d)
{
	char buf[100];
	ssize_t n = asyncore_recv(d, buf, sizeof buf);

	trace("child-read:%d", (int)n);
	return n < 0 ? (int)n : 0;
}

static int
child_close(struct asyncore_dispatcher *d)
{
	trace("child-close");
	return asyncore_close(d);
}

static const struct asyncore_class child_class = {
	.name = "Child",
	.writable = asyncore_never,
	.handle_read = child_read,
	.handle_close = child_close,
};

/* ---- Listeners. ---- */

static void
on_log_info(struct asyncore_dispatcher *d, const char *message,
    const char *type)
{
	(void)d;
	if (strcmp(type, "error") == 0)
		n_errors++;
	if (strcmp(type, "warning") == 0)
		trace("%s", strstr(message, "accepted") != NULL ? "unhandled" :
		    message);
}

static int
on_error(struct asyncore_dispatcher *d, int err)
{
	(void)d;
	trace("error:%s", strerror(-err));
	return 0;
}

/* Gives the socket to a child, and answers what the test wants. */
static int
on_accepted(struct asyncore_dispatcher *d, int fd, const struct sockaddr *addr,
    socklen_t len)
{
	(void)addr;
	ck_assert_int_gt(len, 0);
	trace("accepted");
	child = asyncore_spawn(&child_class, fd, asyncore_map_of(d));
	ck_assert_ptr_nonnull(child);
	return accepted_result;
}

static int
refuse(struct asyncore_dispatcher *d, int fd, const struct sockaddr *addr,
    socklen_t len)
{
	(void)d;
	(void)addr;
	(void)len;
	trace("refuse");
	ck_assert_int_eq(close(fd), 0);
	return accepted_result;
}

static int
accept_by_hand(struct asyncore_dispatcher *d)
{
	int fd = asyncore_accept(d, NULL, NULL);

	ck_assert_int_ge(fd, 0);
	trace("by-hand");
	ck_assert_int_eq(close(fd), 0);
	return asyncore_accept(d, NULL, NULL);
}

static bool
asked_readable(struct asyncore_dispatcher *d)
{
	(void)d;
	trace("readable?");
	return true;
}

static bool
asked_writable(struct asyncore_dispatcher *d)
{
	(void)d;
	trace("writable?");
	return true;
}

static int
on_write_event(struct asyncore_dispatcher *d)
{
	trace("write-event");
	return asyncore_dispatcher_class.handle_write_event(d);
}

static int
on_write(struct asyncore_dispatcher *d)
{
	(void)d;
	trace("write");
	return 0;
}

static const struct asyncore_class with_defaults = {
	.name = "Default",
	.log_info = on_log_info,
};

static const struct asyncore_class server = {
	.name = "Server",
	.handle_write = on_write,
	.handle_accepted = on_accepted,
	.handle_error = on_error,
	.log_info = on_log_info,
};

static const struct asyncore_class refusing_server = {
	.base = &server,
	.handle_accepted = refuse,
};

static const struct asyncore_class server_by_hand = {
	.base = &server,
	.handle_accept = accept_by_hand,
};

static const struct asyncore_class asked_server = {
	.base = &server,
	.readable = asked_readable,
	.writable = asked_writable,
	.handle_write_event = on_write_event,
};

/* Listens at p, whose descriptor is a duplicate of the channel's. */
static struct asyncore_dispatcher *
new_server(const struct asyncore_class *cls, struct place *p, place_maker make)
{
	struct asyncore_dispatcher *d;

	listen_place(p, make);
	d = asyncore_new_socket(cls, dup(p->fd), map);
	ck_assert_ptr_nonnull(d);
	ck_assert_int_eq(asyncore_listen(d, 16), 0);
	ck_assert(asyncore_accepting(d));
	return d;
}

static void
end_server(struct asyncore_dispatcher *d, struct place *p)
{
	ck_assert_int_eq(asyncore_close(d), 0);
	ck_assert(!asyncore_accepting(d));
	asyncore_unref(d);
	drop_place(p);
}

static void
run_pass(bool use_poll)
{
	ck_assert_int_eq(asyncore_loop(10, use_poll, map, 1), 0);
}

static void
ck_hung_up(int fd)
{
	char c;

	await(fd, POLLIN);
	ck_assert_int_eq(read(fd, &c, 1), 0);
	ck_assert_int_eq(close(fd), 0);
}

/* ---- The ways to accept. ---- */

START_TEST(default_closes_what_it_accepts)
{
	struct place p;
	struct asyncore_dispatcher *d;
	int fd;

	d = new_server(&with_defaults, &p, inet);
	fd = call_place(&p);
	run_pass(_i);
	ck_trace("unhandled");
	ck_hung_up(fd);
	end_server(d, &p);
}
END_TEST

/* The address of the child is what it would ask for itself. */
static void
spawns_a_child(place_maker make)
{
	struct place p, here;
	struct asyncore_dispatcher *d;
	int fd;

	d = new_server(&server, &p, make);
	fd = call_place(&p);
	run_pass(false);
	ck_trace("accepted");
	ck_assert(asyncore_connected(child));
	here.len = sizeof here.addr;
	ck_assert_int_eq(getsockname(fd, &here.addr.sa, &here.len), 0);
	ck_addr(child, &here);
	write_all(fd, "hello", 5);
	run_pass(false);
	ck_trace("child-read:5");
	ck_assert_int_eq(close(fd), 0);
	run_pass(false);
	ck_trace("child-close child-read:0");
	ck_assert_uint_eq(asyncore_map_len(map), 1);
	end_server(d, &p);
}

START_TEST(handle_accepted_spawns_a_child_over_tcp)
{
	spawns_a_child(tcp_places[_i]);
}
END_TEST

START_TEST(handle_accepted_spawns_a_child_over_local_sockets)
{
	spawns_a_child(local_places[_i]);
}
END_TEST

START_TEST(child_does_not_block_and_is_not_inherited)
{
	struct place p;
	struct asyncore_dispatcher *d;
	int fd, accepted;

	d = new_server(&server, &p, local_places[0]);
	fd = call_place(&p);
	accepted = asyncore_accept(d, NULL, NULL);
	ck_assert_int_ge(accepted, 0);
	ck_assert(fcntl(accepted, F_GETFL) & O_NONBLOCK);
	ck_assert(fcntl(accepted, F_GETFD) & FD_CLOEXEC);
	ck_assert_int_eq(close(accepted), 0);
	ck_hung_up(fd);
	end_server(d, &p);
}
END_TEST

START_TEST(handle_accept_overridden_accepts_by_hand)
{
	struct place p;
	struct asyncore_dispatcher *d;
	int fd;

	d = new_server(&server_by_hand, &p, inet);
	fd = call_place(&p);
	run_pass(_i);
	ck_trace("by-hand");
	ck_hung_up(fd);
	end_server(d, &p);
}
END_TEST

/* A pass accepts one; the others are there in the next. */
START_TEST(each_pass_accepts_one)
{
	struct place p;
	struct asyncore_dispatcher *d;
	int fds[3], i;

	d = new_server(&refusing_server, &p, inet);
	for (i = 0; i < 3; i++)
		fds[i] = call_place(&p);
	for (i = 0; i < 3; i++) {
		run_pass(_i);
		ck_trace("refuse");
	}
	ck_assert_int_eq(asyncore_loop(0.01, _i, map, 1), 0);
	ck_trace("");
	for (i = 0; i < 3; i++)
		ck_hung_up(fds[i]);
	end_server(d, &p);
}
END_TEST

START_TEST(accept_gives_the_address_as_accept_does)
{
	struct place p, here;
	struct sockaddr_storage addr;
	struct asyncore_dispatcher *d;
	socklen_t len = sizeof addr;
	int fd, accepted;

	d = new_server(&server, &p, inet);
	fd = call_place(&p);
	await(p.fd, POLLIN);
	here.len = sizeof here.addr;
	ck_assert_int_eq(getsockname(fd, &here.addr.sa, &here.len), 0);
	accepted = asyncore_accept(d, (struct sockaddr *)&addr, &len);
	ck_assert_int_ge(accepted, 0);
	ck_assert_int_eq(len, here.len);
	ck_assert_mem_eq(&addr, &here.addr, len);
	ck_assert_int_eq(close(accepted), 0);
	ck_assert_int_eq(close(fd), 0);
	end_server(d, &p);
}
END_TEST

START_TEST(accept_cuts_the_address_and_tells_its_length)
{
	struct place p;
	unsigned char few[8];
	struct asyncore_dispatcher *d;
	socklen_t len = 4;
	int fd, accepted;

	memset(few, 0xee, sizeof few);
	d = new_server(&server, &p, inet);
	fd = call_place(&p);
	await(p.fd, POLLIN);
	accepted = asyncore_accept(d, (struct sockaddr *)(void *)few, &len);
	ck_assert_int_ge(accepted, 0);
	ck_assert_int_eq(len, (int)sizeof(struct sockaddr_in));
	ck_assert_int_ne(few[2] << 8 | few[3], 0xeeee);
	ck_assert_int_eq(few[4], 0xee);
	ck_assert_int_eq(close(accepted), 0);
	ck_assert_int_eq(close(fd), 0);
	end_server(d, &p);
}
END_TEST

START_TEST(accept_is_EAGAIN_when_nobody_is_there)
{
	struct place p;
	struct asyncore_dispatcher *d = new_server(&server, &p, inet);

	ck_assert_int_eq(asyncore_accept(d, NULL, NULL), -EAGAIN);
	ck_assert_int_eq(asyncore_handle_accept(d), -EAGAIN);
	ck_assert_int_eq(asyncore_read(d), 0);
	ck_trace("");
	end_server(d, &p);
}
END_TEST

START_TEST(accept_of_a_socket_that_does_not_listen_is_answered)
{
	struct asyncore_dispatcher *d = asyncore_new(&server, map);

	ck_assert_int_eq(asyncore_accept(d, NULL, NULL), -EBADF);
	ck_assert_int_eq(asyncore_create_socket(d, AF_INET, SOCK_STREAM), 0);
	ck_assert_int_eq(asyncore_accept(d, NULL, NULL), -EINVAL);
	ck_assert_int_eq(asyncore_close(d), 0);
	ck_assert_int_lt(asyncore_accept(d, NULL, NULL), 0);
	asyncore_unref(d);
}
END_TEST

/* Even if it is said to be connected, and its room could be presumed. */
START_TEST(listener_is_asked_but_never_watched_for_writing)
{
	struct place p;
	struct asyncore_dispatcher *d;

	d = new_server(&asked_server, &p, _i < 2 ? inet : path);
	ck_assert_int_eq(asyncore_set_connected(d, true), 0);
	ck_assert_int_eq(asyncore_loop(0.01, _i % 2, map, 1), 0);
	ck_trace("readable? writable?");
	ck_assert_int_eq(asyncore_write(d), 0);
	ck_trace("write-event");
	end_server(d, &p);
}
END_TEST

START_TEST(negative_backlog_is_EINVAL_and_makes_no_listener)
{
	struct asyncore_dispatcher *d = asyncore_new(&server, map);

	ck_assert_int_eq(asyncore_listen(d, 5), -EBADF);
	ck_assert_int_eq(asyncore_create_socket(d, AF_INET, SOCK_STREAM), 0);
	ck_assert_int_eq(asyncore_listen(d, -1), -EINVAL);
	ck_assert(!asyncore_accepting(d));
	ck_assert_int_eq(asyncore_listen(d, 0), 0);
	ck_assert(asyncore_accepting(d));
	ck_assert_int_eq(asyncore_close(d), 0);
	asyncore_unref(d);
}
END_TEST

START_TEST(listen_that_fails_makes_no_listener)
{
	struct asyncore_dispatcher *d = asyncore_new(&server, map);

	ck_assert_int_eq(asyncore_create_socket(d, AF_INET, SOCK_DGRAM), 0);
	ck_assert_int_eq(asyncore_listen(d, 5), -EOPNOTSUPP);
	ck_assert(!asyncore_accepting(d));
	ck_assert_int_eq(asyncore_close(d), 0);
	asyncore_unref(d);
}
END_TEST

/* ---- What goes wrong with one connection. ---- */

/* A caller that hangs up with a reset before anybody has answered. */
static void
call_and_reset(const struct place *p, struct place *here)
{
	const struct linger hard = { 1, 0 };
	int fd = call_place(p);

	here->len = sizeof here->addr;
	ck_assert_int_eq(getsockname(fd, &here->addr.sa, &here->len), 0);
	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard,
	    sizeof hard), 0);
	ck_assert_int_eq(close(fd), 0);
}

/*
 * Differs: in asyncore getpeername() fails, the child has no address and counts
 * as unconnected (CVE-2024-49769).
 */
START_TEST(peer_that_reset_before_accept_is_connected_and_ends)
{
	struct place p, here;
	struct asyncore_dispatcher *d;

	d = new_server(&server, &p, tcp_places[_i]);
	call_and_reset(&p, &here);
	run_pass(false);
#ifdef __linux__
	ck_trace("accepted");
	ck_assert(asyncore_connected(child));
	ck_addr(child, &here);
	run_pass(false);
	ck_trace("child-close child-read:0");
#endif
	ck_assert_uint_eq(asyncore_map_len(map), 1);
	ck_assert_int_eq(n_errors, 0);
	end_server(d, &p);
}
END_TEST

START_TEST(peer_that_left_in_peace_before_accept_is_connected_and_ends)
{
	struct place p;
	struct asyncore_dispatcher *d;

	d = new_server(&server, &p, _i ? path : inet);
	ck_assert_int_eq(close(call_place(&p)), 0);
	run_pass(false);
	ck_trace("accepted");
	ck_assert(asyncore_connected(child));
	run_pass(false);
	ck_trace("child-close child-read:0");
	ck_assert_uint_eq(asyncore_map_len(map), 1);
	end_server(d, &p);
}
END_TEST

/* The hook has closed the socket, or given it away: it is not touched again. */
static void
fails(const struct asyncore_class *cls, bool use_poll, const char *expected)
{
	struct place p;
	struct asyncore_dispatcher *d;
	int fds[2];

	accepted_result = -EPROTO;
	d = new_server(cls, &p, inet);
	fds[0] = call_place(&p);
	run_pass(use_poll);
	ck_trace(expected);
	ck_assert_int_eq(n_errors, 1);
	ck_assert(!asyncore_closed(d));
	fds[1] = call_place(&p);
	run_pass(use_poll);
	ck_trace(expected);
	ck_assert_int_eq(n_errors, 2);
	ck_assert(asyncore_accepting(d));
	ck_assert_int_eq(close(fds[0]), 0);
	ck_assert_int_eq(close(fds[1]), 0);
	end_server(d, &p);
}

START_TEST(handle_accepted_that_fails_is_logged_and_the_listener_lives)
{
	fails(&refusing_server, _i, "refuse");
}
END_TEST

START_TEST(handle_accepted_that_fails_leaves_its_child_alone)
{
	fails(&server, _i, "accepted");
	ck_assert(asyncore_connected(child));
}
END_TEST

static void
add_ways(TCase *tc)
{
	tcase_add_loop_test(tc, default_closes_what_it_accepts, 0, 2);
	tcase_add_loop_test(tc, handle_accepted_spawns_a_child_over_tcp, 0,
	    n_tcp_places());
	tcase_add_loop_test(tc,
	    handle_accepted_spawns_a_child_over_local_sockets, 0,
	    n_local_places());
	tcase_add_test(tc, child_does_not_block_and_is_not_inherited);
	tcase_add_loop_test(tc, handle_accept_overridden_accepts_by_hand, 0, 2);
	tcase_add_loop_test(tc, each_pass_accepts_one, 0, 2);
	tcase_add_test(tc, accept_gives_the_address_as_accept_does);
	tcase_add_test(tc, accept_cuts_the_address_and_tells_its_length);
	tcase_add_test(tc, accept_is_EAGAIN_when_nobody_is_there);
	tcase_add_test(tc,
	    accept_of_a_socket_that_does_not_listen_is_answered);
	tcase_add_loop_test(tc,
	    listener_is_asked_but_never_watched_for_writing, 0, 4);
	tcase_add_test(tc,
	    negative_backlog_is_EINVAL_and_makes_no_listener);
	tcase_add_test(tc, listen_that_fails_makes_no_listener);
}

static void
add_failures(TCase *tc)
{
	tcase_add_loop_test(tc,
	    peer_that_reset_before_accept_is_connected_and_ends, 0,
	    n_tcp_places());
	tcase_add_loop_test(tc,
	    peer_that_left_in_peace_before_accept_is_connected_and_ends, 0, 2);
	tcase_add_loop_test(tc,
	    handle_accepted_that_fails_is_logged_and_the_listener_lives, 0, 2);
	tcase_add_loop_test(tc,
	    handle_accepted_that_fails_leaves_its_child_alone, 0, 2);
}

void
testing_add(TCase *tc)
{
	if (n_tcp_places() < 2)
		testing_skip("handle_accepted_spawns_a_child_over_tcp",
		    "IPv6: there is no ::1");
	if (n_local_places() < 2)
		testing_skip(
		    "handle_accepted_spawns_a_child_over_local_sockets",
		    "abstract names: this system has none");
	add_ways(tc);
	add_failures(tc);
}
