/*
 * check_limits.c - what a server stops at: connections of a listener, bytes
 * that wait for a slow reader.
 */
#include "places.h"
#include "probe.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "asynchat.h"

const char testing_suite[] = "limits";

/* ---- Connections. ---- */

/* A local place: with TCP a connection may come to the queue a moment after its
 * connect() is over. */
static struct asyncore_dispatcher *listener, *accepted[16];
static struct place place;
static int n_accepted, client[16];

static int
take_connection(struct asyncore_dispatcher *d, int fd,
    const struct sockaddr *addr, socklen_t addrlen)
{
	static const struct asyncore_class quiet_class = {
		.readable = asyncore_never, .writable = asyncore_never,
	};

	(void)d;
	(void)addr;
	(void)addrlen;
	accepted[n_accepted] = asyncore_new_socket(&quiet_class, fd, map);
	ck_assert_ptr_nonnull(accepted[n_accepted++]);
	return 0;
}

static void
listen_for(int max)
{
	static const struct asyncore_class listener_class = {
		.name = "Listener", .handle_accepted = take_connection,
	};

	listen_place(&place, path);
	listener = asyncore_new_socket(&listener_class, dup(place.fd), map);
	ck_assert_ptr_nonnull(listener);
	ck_assert_int_eq(asyncore_set_accepting(listener, true), 0);
	ck_assert_int_eq(asyncore_set_max_connections(listener, max), 0);
}

static void
call_it(int n)
{
	int i;

	for (i = 0; i < n; i++)
		client[i] = call_place(&place);
	drop_place(&place);
}

/* Until nobody is accepted any more. */
static void
settle(void)
{
	int i;

	for (i = 0; i < 8; i++)
		ck_assert_int_eq(asyncore_poll(0, map), 0);
}

static void
hang_up(int from, int n)
{
	int i;

	for (i = from; i < n_accepted; i++)
		asyncore_unref(accepted[i]);
	for (i = 0; i < n; i++)
		ck_assert_int_eq(close(client[i]), 0);
	asyncore_unref(listener);
}

START_TEST(no_more_than_so_many_connections_are_accepted)
{
	listen_for(2);
	call_it(5);
	settle();
	ck_assert_int_eq(n_accepted, 2);
	ck_assert_int_eq(asyncore_accept(listener, NULL, NULL), -EAGAIN);
	hang_up(0, 5);
}
END_TEST

START_TEST(one_that_closes_makes_room_for_one)
{
	listen_for(2);
	call_it(5);
	settle();
	ck_assert_int_eq(asyncore_close(accepted[0]), 0);
	settle();
	ck_assert_int_eq(n_accepted, 3);
	ck_assert_int_eq(close(asyncore_detach(accepted[1])), 0);
	settle();
	ck_assert_int_eq(n_accepted, 4);
	settle();
	ck_assert_int_eq(n_accepted, 4);
	hang_up(0, 5);
}
END_TEST

START_TEST(the_limit_may_be_raised_and_taken_away)
{
	listen_for(0);
	call_it(5);
	settle();
	ck_assert_int_eq(n_accepted, 0);
	ck_assert_int_eq(asyncore_set_max_connections(listener, 1), 0);
	settle();
	ck_assert_int_eq(n_accepted, 1);
	ck_assert_int_eq(asyncore_set_max_connections(listener, -1), 0);
	settle();
	ck_assert_int_eq(n_accepted, 5);
	ck_assert_int_eq(asyncore_set_max_connections(listener, 4), 0);
	ck_assert_int_eq(asyncore_close(accepted[0]), 0);
	ck_assert_int_eq(asyncore_set_max_connections(accepted[1], 1),
	    -EINVAL);
	hang_up(0, 5);
}
END_TEST

START_TEST(connections_outlive_their_listener)
{
	listen_for(2);
	call_it(2);
	settle();
	ck_assert_int_eq(n_accepted, 2);
	ck_assert_int_eq(asyncore_close(listener), 0);
	asyncore_unref(listener);
	listener = NULL;
	ck_assert_int_eq(asyncore_close(accepted[0]), 0);
	hang_up(0, 2);
}
END_TEST

/* Nothing of the connection stays with the map that is no more. */
START_TEST(a_listener_may_accept_when_its_map_was_freed)
{
	struct asyncore_map *freed = asyncore_map_new(NULL);
	int fd;

	listen_for(2);
	call_it(1);
	await(asyncore_fileno(listener), POLLIN);
	ck_assert_int_eq(asyncore_add_channel(listener, freed), 0);
	ck_assert_int_eq(asyncore_del_channel(listener), 0);
	ck_assert_int_eq(asyncore_map_free(freed), 0);
	fd = asyncore_accept(listener, NULL, NULL);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(close(fd), 0);
	hang_up(0, 1);
}
END_TEST

START_TEST(a_listener_may_go_between_accept_and_its_connection)
{
	int fd;

	listen_for(1);
	call_it(1);
	await(asyncore_fileno(listener), POLLIN);
	fd = asyncore_accept(listener, NULL, NULL);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(asyncore_close(listener), 0);
	asyncore_unref(listener);
	listener = NULL;
	ck_assert_ptr_nonnull(asyncore_spawn(&asyncore_dispatcher_class, fd,
	    map));
	hang_up(0, 1);
}
END_TEST

/* ---- Bytes. ---- */

static char block[4096];

static int
answer_much(struct asyncore_dispatcher *d)
{
	char byte;

	if (asyncore_recv(d, &byte, 1) != 1)
		return 0;
	trace("%c", byte);
	return (int)asyncore_send(d, block, sizeof block);
}

static int
push_much(struct asyncore_dispatcher *d)
{
	char byte;

	if (asyncore_recv(d, &byte, 1) != 1)
		return 0;
	trace("%c", byte);
	return asynchat_push(d, block, sizeof block);
}

static const struct asyncore_class with_send = {
	.base = &asyncore_dispatcher_with_send_class,
	.handle_read = answer_much,
};

static const struct asynchat_class chat = {
	.dispatcher = {
		.base = &asynchat_async_chat_class.dispatcher,
		.flags = ASYNCHAT_CLASS,
		.handle_read = push_much,
	},
};

/* A server whose peer has sent "abcdefgh" and reads nothing. */
static struct asyncore_dispatcher *
slow_reader(int i, int fds[2])
{
	make_pair(fds);
	fill(fds[0]);
	write_all(fds[1], "abcdefgh", 8);
	if (i == 0)
		return asyncore_new_socket(&with_send, fds[0], map);
	return asynchat_new_socket(&chat, fds[0], map);
}

static void
drain_peer(int fd)
{
	static char sink[65536];

	ck_assert_int_eq(evutil_make_socket_nonblocking(fd), 0);
	while (read(fd, sink, sizeof sink) > 0)
		continue;
}

START_TEST(above_the_high_mark_nothing_is_read)
{
	struct asyncore_dispatcher *d;
	int fds[2], i;

	d = slow_reader(_i, fds);
	ck_assert_int_eq(asyncore_set_watermarks(d, 1000, 3 * 4096), 0);
	for (i = 0; i < 6; i++)
		ck_assert_int_eq(asyncore_poll(0, map), 0);
	ck_trace("a b c");
	ck_assert_uint_eq(asyncore_pending_output(d), 3 * 4096);
	drain_peer(fds[1]);
	for (i = 0; i < 6 && strlen(traced()) < 5; i++) {
		ck_assert_int_eq(asyncore_poll(0, map), 0);
		drain_peer(fds[1]);
	}
	ck_assert_int_eq(traced()[0], 'd');
	ck_assert_int_eq(close(fds[1]), 0);
	asyncore_unref(d);
}
END_TEST

START_TEST(without_marks_all_is_read)
{
	struct asyncore_dispatcher *d;
	int fds[2], i;

	d = slow_reader(_i, fds);
	for (i = 0; i < 10; i++)
		ck_assert_int_eq(asyncore_poll(0, map), 0);
	ck_trace("a b c d e f g h");
	ck_assert_uint_eq(asyncore_pending_output(d), 8 * 4096);
	ck_assert_int_eq(close(fds[1]), 0);
	asyncore_unref(d);
}
END_TEST

START_TEST(marks_may_be_taken_away)
{
	struct asyncore_dispatcher *d;
	int fds[2], i;

	d = slow_reader(_i, fds);
	ck_assert_int_eq(asyncore_set_watermarks(d, 0, 1), 0);
	for (i = 0; i < 3; i++)
		ck_assert_int_eq(asyncore_poll(0, map), 0);
	ck_trace("a");
	ck_assert_int_eq(asyncore_set_watermarks(d, 0, 0), 0);
	for (i = 0; i < 3; i++)
		ck_assert_int_eq(asyncore_poll(0, map), 0);
	ck_trace("b c d");
	ck_assert_int_eq(close(fds[1]), 0);
	asyncore_unref(d);
}
END_TEST

START_TEST(marks_that_make_no_sense_are_refused)
{
	struct asyncore_dispatcher *d;
	int fds[2];

	d = slow_reader(0, fds);
	ck_assert_int_eq(asyncore_set_watermarks(d, 2, 1), -EINVAL);
	ck_assert_int_eq(asyncore_set_watermarks(NULL, 0, 1), -EINVAL);
	ck_assert_int_eq(close(fds[1]), 0);
	asyncore_unref(d);
	d = asyncore_new(NULL, map);
	ck_assert_ptr_null(d);
	d = asyncore_new(&asyncore_dispatcher_class, map);
	ck_assert_int_eq(asyncore_set_watermarks(d, 1, 2), -ENOTSUP);
	ck_assert_uint_eq(asyncore_pending_output(d), 0);
	ck_assert_uint_eq(asyncore_pending_output(NULL), 0);
	ck_assert_int_eq(asyncore_set_max_connections(NULL, 1), -EINVAL);
	asyncore_unref(d);
}
END_TEST

void
testing_add(TCase *tc)
{
	tcase_add_test(tc, no_more_than_so_many_connections_are_accepted);
	tcase_add_test(tc, one_that_closes_makes_room_for_one);
	tcase_add_test(tc, the_limit_may_be_raised_and_taken_away);
	tcase_add_test(tc, connections_outlive_their_listener);
	tcase_add_test(tc, a_listener_may_accept_when_its_map_was_freed);
	tcase_add_test(tc,
	    a_listener_may_go_between_accept_and_its_connection);
	tcase_add_loop_test(tc, above_the_high_mark_nothing_is_read, 0, 2);
	tcase_add_loop_test(tc, without_marks_all_is_read, 0, 2);
	tcase_add_loop_test(tc, marks_may_be_taken_away, 0, 2);
	tcase_add_test(tc, marks_that_make_no_sense_are_refused);
}
