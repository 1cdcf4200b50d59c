/*
 * check_bulk.c - ten megabytes to a slow reader arrive whole, byte for byte,
 * though no send takes them all: both ends are channels of one loop, over each
 * kind of stream, with and without presumed room.
 */
#include "testing.h"
#include "places.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define TOTAL ((size_t)10 * 1024 * 1024)
#define SLOW 4093	/* bytes a read; a prime, so that no border fits */

const char testing_suite[] = "bulk";

static unsigned char *data;
static size_t n_sent, n_received;
static int n_writes;
static size_t chunk;	/* what a hook offers at most */

/* No two stretches of it are alike for long. */
static unsigned char
byte_at(size_t i)
{
	return (unsigned char)(i ^ i >> 8 ^ i >> 16);
}

static void
make_data(void)
{
	size_t i;

	data = malloc(TOTAL);
	ck_assert_ptr_nonnull(data);
	for (i = 0; i < TOTAL; i++)
		data[i] = byte_at(i);
}

/* ---- The sender: Python's pattern of a buffer and writable(). ---- */

static bool
has_more(struct asyncore_dispatcher *d)
{
	(void)d;
	return n_sent < TOTAL;
}

static int
on_write(struct asyncore_dispatcher *d)
{
	size_t len = TOTAL - n_sent;
	ssize_t n;

	n_writes++;
	if (len > chunk)
		len = chunk;
	n = asyncore_send(d, data + n_sent, len);
	if (n < 0)
		return (int)n;
	n_sent += (size_t)n;
	return 0;
}

static const struct asyncore_class sender = {
	.name = "Sender",
	.base = &asyncore_file_dispatcher_class,
	.readable = asyncore_never,
	.writable = has_more,
	.handle_write = on_write,
};

static const struct asyncore_class sender_on_change = {
	.base = &sender,
	.flags = ASYNCORE_ASK_ON_CHANGE,
	.readable = asyncore_never,
	.writable = has_more,
};

/* ---- The reader, which ends the loop when it has all. ---- */

static int
on_read(struct asyncore_dispatcher *d)
{
	unsigned char buf[SLOW];
	ssize_t n = asyncore_recv(d, buf, sizeof buf), i;

	for (i = 0; i < n; i++)
		if (buf[i] != byte_at(n_received + (size_t)i))
			return -EBADMSG;
	if (n > 0)
		n_received += (size_t)n;
	if (n_received == TOTAL)
		return ASYNCORE_EXIT_NOW;
	return n < 0 ? (int)n : 0;
}

static int
on_error(struct asyncore_dispatcher *d, int err)
{
	(void)d;
	ck_abort_msg("error %d at byte %zu", err, n_received);
	return 0;
}

static const struct asyncore_class reader = {
	.name = "Reader",
	.base = &asyncore_file_dispatcher_class,
	.writable = asyncore_never,
	.handle_read = on_read,
	.handle_error = on_error,
};

/* ---- The streams. ---- */

static void
give_sockets(const struct asyncore_class *cls, int from, int to)
{
	ck_assert_ptr_nonnull(asyncore_spawn(cls, from, map));
	ck_assert_ptr_nonnull(asyncore_spawn(&reader, to, map));
}

static void
local_pair(const struct asyncore_class *cls)
{
	int fds[2];

	make_pair(fds);
	give_sockets(cls, fds[0], fds[1]);
}

static void
tcp_pair(const struct asyncore_class *cls)
{
	struct place p;
	int from;

	listen_place(&p, inet);
	from = call_place(&p);
	give_sockets(cls, from, accept(p.fd, NULL, NULL));
	drop_place(&p);
}

static void
pipe_pair(const struct asyncore_class *cls)
{
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	asyncore_unref(asyncore_new_file(&reader, fds[0], map));
	asyncore_unref(asyncore_new_file(cls, fds[1], map));
	ck_assert_uint_eq(asyncore_map_len(map), 2);
	ck_assert_int_eq(close(fds[0]), 0);
	ck_assert_int_eq(close(fds[1]), 0);
}

/* Bits of i: presume, use_poll, the class. */
static void
arrives_whole(void (*make)(const struct asyncore_class *), int i)
{
	make_data();
	ck_assert_int_eq(asyncore_map_set_presume(map, i & 1), 0);
	make(i & 4 ? &sender_on_change : &sender);
	ck_assert_int_eq(asyncore_loop(10, i & 2, map, -1), ASYNCORE_EXIT_NOW);
	ck_assert_uint_eq(n_sent, TOTAL);
	ck_assert_uint_eq(n_received, TOTAL);
	ck_assert_int_eq(asyncore_close_all(map, false), 0);
	free(data);
}

START_TEST(all_at_once_over_a_local_socket_arrives_whole)
{
	chunk = TOTAL;
	arrives_whole(local_pair, _i);
}
END_TEST

START_TEST(in_chunks_over_a_local_socket_arrives_whole)
{
	chunk = 5003;
	arrives_whole(local_pair, _i);
}
END_TEST

START_TEST(all_at_once_over_tcp_arrives_whole)
{
	chunk = TOTAL;
	arrives_whole(tcp_pair, _i);
}
END_TEST

START_TEST(all_at_once_through_a_pipe_arrives_whole)
{
	chunk = TOTAL;
	arrives_whole(pipe_pair, _i);
}
END_TEST

/* A call by hand has found it full: no hook is told that there is room. */
START_TEST(full_socket_is_not_written)
{
	struct asyncore_dispatcher *d;
	int fds[2];

	make_data();
	ck_assert_int_eq(asyncore_map_set_presume(map, _i & 1), 0);
	make_pair(fds);
	d = asyncore_new_socket(&sender, fds[0], map);
	while (asyncore_send(d, data, SLOW) > 0)
		continue;
	chunk = 1;
	ck_assert_int_eq(asyncore_loop(0, _i & 2, map, 1), 0);
	ck_assert_uint_eq(n_sent, 0);
	ck_assert_int_eq(n_writes, 0);
	ck_assert_int_eq(asyncore_close(d), 0);
	asyncore_unref(d);
	ck_assert_int_eq(close(fds[1]), 0);
	free(data);
}
END_TEST

void
testing_add(TCase *tc)
{
	tcase_add_loop_test(tc,
	    all_at_once_over_a_local_socket_arrives_whole, 0, 8);
	tcase_add_loop_test(tc, in_chunks_over_a_local_socket_arrives_whole,
	    0, 4);
	tcase_add_loop_test(tc, all_at_once_over_tcp_arrives_whole, 0, 4);
	tcase_add_loop_test(tc, all_at_once_through_a_pipe_arrives_whole, 0,
	    4);
	tcase_add_loop_test(tc, full_socket_is_not_written, 0, 4);
}
