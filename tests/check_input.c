/*
 * check_input.c - bad input: NULL for every pointer, descriptors that are
 * closed or taken, addresses and numbers out of range.  The answer is an error,
 * nothing is lost, and (the fixture counts) nothing is leaked.  Maps that were
 * freed are in check_freed.c.
 */
#include "testing.h"
#include "places.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

const char testing_suite[] = "input";

static int
on_connect(struct asyncore_dispatcher *d)
{
	(void)d;
	trace("connect");
	return 0;
}

static int
on_read(struct asyncore_dispatcher *d)
{
	char buf[8];

	trace("read");
	return (int)asyncore_recv(d, buf, sizeof buf);
}

static int
on_close(struct asyncore_dispatcher *d)
{
	trace("close");
	return asyncore_close(d);
}

static const struct asyncore_class channel = {
	.name = "Channel",
	.writable = asyncore_never,
	.handle_connect = on_connect,
	.handle_read = on_read,
	.handle_close = on_close,
};

static bool
is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static struct asyncore_dispatcher *
new_pair(int *peer)
{
	struct asyncore_dispatcher *d;
	int fds[2];

	make_pair(fds);
	*peer = fds[1];
	d = asyncore_new_socket(&channel, fds[0], map);
	ck_assert_ptr_nonnull(d);
	return d;
}

/* It is as it was: in its map, and it works. */
static void
ck_works(struct asyncore_dispatcher *d, int peer)
{
	char buf[8];

	ck_trace("");
	ck_assert(!asyncore_closed(d));
	ck_assert_ptr_eq(asyncore_map_get(map, asyncore_fileno(d)), d);
	ck_assert_uint_eq(asyncore_map_len(map), 1);
	write_all(peer, "abc", 3);
	ck_assert_int_eq(asyncore_loop(10, false, map, 1), 0);
	ck_trace("read");
	ck_assert_int_eq(asyncore_send(d, "abc", 3), 3);
	ck_assert_int_eq(read(peer, buf, sizeof buf), 3);
}

static void
end_pair(struct asyncore_dispatcher *d, int peer)
{
	ck_works(d, peer);
	ck_assert_int_eq(asyncore_close(d), 0);
	asyncore_unref(d);
	ck_assert_int_eq(close(peer), 0);
}

/* ---- NULL. ---- */

START_TEST(no_dispatcher_is_EINVAL_for_the_methods)
{
	struct place p;
	char c = 'x';

	inet(&p);
	ck_assert_int_eq(asyncore_add_channel(NULL, map), -EINVAL);
	ck_assert_int_eq(asyncore_del_channel(NULL), -EINVAL);
	ck_assert_int_eq(asyncore_create_socket(NULL, AF_INET, SOCK_STREAM),
	    -EINVAL);
	ck_assert_int_eq(asyncore_detach(NULL), -EINVAL);
	ck_assert_int_eq(asyncore_set_reuse_addr(NULL), -EINVAL);
	ck_assert_int_eq(asyncore_listen(NULL, 1), -EINVAL);
	ck_assert_int_eq(asyncore_bind(NULL, &p.addr.sa, p.len), -EINVAL);
	ck_assert_int_eq(asyncore_connect(NULL, &p.addr.sa, p.len), -EINVAL);
	ck_assert_int_eq(asyncore_accept(NULL, NULL, NULL), -EINVAL);
	ck_assert_int_eq(asyncore_send(NULL, &c, 1), -EINVAL);
	ck_assert_int_eq(asyncore_recv(NULL, &c, 1), -EINVAL);
	ck_assert_int_eq(asyncore_close(NULL), -EINVAL);
	ck_assert_int_eq(asyncore_repr(NULL, &c, 1), -EINVAL);
	ck_assert_int_eq(c, 'x');
	asyncore_log(NULL, "nobody");
	asyncore_log_info(NULL, "info", "nobody");
	asyncore_touch(NULL);
	asyncore_unref(NULL);
}
END_TEST

START_TEST(no_dispatcher_is_EINVAL_for_the_hooks)
{
	ck_assert(!asyncore_readable(NULL));
	ck_assert(!asyncore_writable(NULL));
	ck_assert_int_eq(asyncore_handle_read(NULL), -EINVAL);
	ck_assert_int_eq(asyncore_handle_write(NULL), -EINVAL);
	ck_assert_int_eq(asyncore_handle_expt(NULL), -EINVAL);
	ck_assert_int_eq(asyncore_handle_connect(NULL), -EINVAL);
	ck_assert_int_eq(asyncore_handle_accept(NULL), -EINVAL);
	ck_assert_int_eq(asyncore_handle_accepted(NULL, -1, NULL, 0), -EINVAL);
	ck_assert_int_eq(asyncore_handle_close(NULL), -EINVAL);
	ck_assert_int_eq(asyncore_handle_error(NULL, -EIO), -EINVAL);
	ck_assert_int_eq(asyncore_handle_eof(NULL), -EINVAL);
	ck_assert_int_eq(asyncore_handle_read_event(NULL), -EINVAL);
	ck_assert_int_eq(asyncore_handle_write_event(NULL), -EINVAL);
	ck_assert_int_eq(asyncore_handle_expt_event(NULL), -EINVAL);
	ck_assert_int_eq(asyncore_handle_connect_event(NULL), -EINVAL);
	ck_assert_int_eq(asyncore_read(NULL), -EINVAL);
	ck_assert_int_eq(asyncore_write(NULL), -EINVAL);
	ck_assert_int_eq(asyncore_exception(NULL), -EINVAL);
	ck_assert_int_eq(asyncore_readwrite(NULL, ~0), -EINVAL);
}
END_TEST

START_TEST(no_dispatcher_has_no_attributes)
{
	socklen_t len = 5;

	ck_assert_ptr_null(asyncore_ref(NULL));
	ck_assert_ptr_null(asyncore_self(NULL));
	ck_assert_int_eq(asyncore_fileno(NULL), -1);
	ck_assert(!asyncore_connected(NULL));
	ck_assert(!asyncore_connecting(NULL));
	ck_assert(!asyncore_accepting(NULL));
	ck_assert(!asyncore_closed(NULL));
	ck_assert_ptr_null(asyncore_addr(NULL, &len));
	ck_assert_ptr_null(asyncore_addr(NULL, NULL));
	ck_assert_ptr_null(asyncore_class_of(NULL));
	ck_assert_ptr_null(asyncore_map_of(NULL));
	ck_assert_int_eq(asyncore_set_connected(NULL, true), -EINVAL);
	ck_assert_int_eq(asyncore_set_connecting(NULL, true), -EINVAL);
	ck_assert_int_eq(asyncore_set_accepting(NULL, true), -EINVAL);
	ck_assert_int_eq(asyncore_set_addr(NULL, NULL, 0), -EINVAL);
	ck_assert_int_eq(asyncore_set_ignore_log_types(NULL, "x"), -EINVAL);
}
END_TEST

/* Owned, also by a call that fails. */
START_TEST(no_dispatcher_takes_a_socket_and_closes_it)
{
	int fds[2];

	make_pair(fds);
	ck_assert_int_eq(asyncore_set_socket(NULL, fds[0]), -EINVAL);
	ck_assert(!is_open(fds[0]));
	ck_assert_int_eq(asyncore_handle_accepted(NULL, fds[1], NULL, 0),
	    -EINVAL);
	ck_assert(!is_open(fds[1]));
}
END_TEST

START_TEST(no_dispatcher_takes_no_transport)
{
	static const struct asyncore_transport t = { .name = "t" };
	int fds[2];

	make_pair(fds);
	ck_assert_int_eq(asyncore_set_transport(NULL, &t, NULL, fds[0]),
	    -EINVAL);
	ck_assert(is_open(fds[0]));
	ck_assert_int_eq(close(fds[0]), 0);
	ck_assert_int_eq(close(fds[1]), 0);
}
END_TEST

START_TEST(other_pointers_that_are_NULL)
{
	const char *no_format = NULL;
	struct asyncore_dispatcher *d;
	struct sockaddr_storage addr;
	int peer;

	d = new_pair(&peer);
	ck_assert_int_eq(asyncore_bind(d, NULL, 0), -EINVAL);
	ck_assert_int_eq(asyncore_bind(d, NULL, 16), -EINVAL);
	ck_assert_int_eq(asyncore_connect(d, NULL, 0), -EINVAL);
	ck_assert_int_eq(asyncore_accept(d, (struct sockaddr *)&addr, NULL),
	    -EINVAL);
	ck_assert_int_eq(asyncore_send(d, NULL, 1), -EINVAL);
	ck_assert_int_eq(asyncore_recv(d, NULL, 1), -EINVAL);
	ck_assert_int_eq(asyncore_repr(d, NULL, 1), -EINVAL);
	ck_assert_int_eq(asyncore_set_transport(d, NULL, NULL,
	    asyncore_fileno(d)), -EINVAL);
	ck_assert_int_eq(asyncore_map_foreach(map, NULL, NULL), -EINVAL);
	asyncore_log(d, no_format, 1);
	asyncore_log_info(d, "info", no_format, 1);
	end_pair(d, peer);
}
END_TEST

START_TEST(lengths_of_nothing)
{
	struct asyncore_dispatcher *d;
	int peer;
	char c;

	d = new_pair(&peer);
	ck_assert_int_eq(asyncore_send(d, NULL, 0), 0);
	ck_assert_int_eq(asyncore_send(d, "", 0), 0);
	ck_assert_int_eq(asyncore_recv(d, &c, 0), -EINVAL);
	end_pair(d, peer);
}
END_TEST

START_TEST(no_map_is_the_socket_map)
{
	struct asyncore_dispatcher *d = asyncore_new(&channel, NULL);

	ck_assert_ptr_eq(asyncore_map_of(d), asyncore_socket_map());
	ck_assert_int_eq(asyncore_create_socket(d, AF_INET, SOCK_DGRAM), 0);
	ck_assert_uint_eq(asyncore_map_len(NULL), 1);
	ck_assert_ptr_eq(asyncore_map_get(NULL, asyncore_fileno(d)), d);
	ck_assert_ptr_eq(asyncore_map_base(NULL),
	    asyncore_map_base(asyncore_socket_map()));
	ck_assert_int_eq(asyncore_map_set_presume(NULL, true), 0);
	ck_assert_int_eq(asyncore_stop(NULL), 0);
	ck_assert_int_eq(asyncore_loop(0, false, NULL, 1), 0);
	ck_assert_int_eq(asyncore_poll(0, NULL), 0);
	ck_assert_int_eq(asyncore_poll2(0, NULL), 0);
	ck_assert_int_eq(asyncore_close_all(NULL, false), 0);
	ck_assert_uint_eq(asyncore_map_len(NULL), 0);
	ck_assert_int_eq(asyncore_map_free(NULL), 0);
	asyncore_unref(d);
}
END_TEST

/* ---- Without a descriptor. ---- */

START_TEST(dispatcher_without_a_descriptor_says_so)
{
	struct asyncore_dispatcher *d = asyncore_new(&channel, map);
	struct place p;
	char c;

	inet(&p);
	ck_assert_int_eq(asyncore_add_channel(d, map), -EBADF);
	ck_assert_int_eq(asyncore_add_channel(d, NULL), -EBADF);
	ck_assert_int_eq(asyncore_del_channel(d), 0);
	ck_assert_int_eq(asyncore_detach(d), -ENOTCONN);
	ck_assert_int_eq(asyncore_set_reuse_addr(d), -EBADF);
	ck_assert_int_eq(asyncore_listen(d, 1), -EBADF);
	ck_assert_int_eq(asyncore_bind(d, &p.addr.sa, p.len), -EBADF);
	ck_assert_ptr_null(asyncore_addr(d, NULL));
	ck_assert_int_eq(asyncore_send(d, "x", 1), -ENOTCONN);
	ck_assert_int_eq(asyncore_recv(d, &c, 1), -ENOTCONN);
	ck_assert_int_eq(asyncore_fileno(d), -1);
	ck_assert(!asyncore_closed(d));
	ck_assert_uint_eq(asyncore_map_len(map), 0);
	ck_assert_int_eq(asyncore_close(d), 0);
	ck_trace("");
	asyncore_unref(d);
}
END_TEST

START_TEST(closed_dispatcher_does_nothing)
{
	struct asyncore_dispatcher *d = asyncore_new(&channel, map);
	char c;

	ck_assert_int_eq(asyncore_create_socket(d, AF_INET, SOCK_STREAM), 0);
	ck_assert_int_eq(asyncore_close(d), 0);
	ck_assert_int_eq(asyncore_close(d), 0);
	ck_assert_int_eq(asyncore_send(d, "x", 1), 0);
	ck_assert_int_eq(asyncore_recv(d, &c, 1), 0);
	ck_assert_int_eq(asyncore_add_channel(d, map), -EBADF);
	ck_assert_int_eq(asyncore_del_channel(d), 0);
	ck_assert_int_eq(asyncore_detach(d), -ENOTCONN);
	ck_assert_int_eq(asyncore_listen(d, 1), -EBADF);
	ck_assert_int_eq(asyncore_set_reuse_addr(d), -EBADF);
	ck_assert(!asyncore_readable(d));
	ck_assert(!asyncore_writable(d));
	ck_assert(asyncore_closed(d));
	ck_trace("");
	asyncore_unref(d);
}
END_TEST

/* ---- Descriptors. ---- */

static void
ck_no_socket(int fd, int err)
{
	struct asyncore_dispatcher *d = asyncore_new(&channel, map);

	errno = 0;
	ck_assert_ptr_null(asyncore_new_socket(&channel, fd, map));
	ck_assert_int_eq(errno, err);
	errno = 0;
	ck_assert_ptr_null(asyncore_spawn(&channel, fd, map));
	ck_assert_int_eq(errno, err == ENOTSOCK ? EBADF : err);
	ck_assert_int_eq(asyncore_set_socket(d, fd), -EBADF);
	ck_assert_int_eq(asyncore_fileno(d), -1);
	ck_assert_uint_eq(asyncore_map_len(map), 0);
	asyncore_unref(d);
}

START_TEST(descriptor_that_is_none_is_EBADF)
{
	int fds[2];

	make_pair(fds);
	ck_assert_int_eq(close(fds[0]), 0);
	ck_no_socket(fds[0], EBADF);
	ck_no_socket(-1, EBADF);
	ck_no_socket(-2, EBADF);
	ck_no_socket(INT_MIN, EBADF);
	ck_no_socket(INT_MAX, EBADF);
	ck_assert_int_eq(close(fds[1]), 0);
}
END_TEST

/* A file is no socket; it was given, and is closed. */
START_TEST(descriptor_that_is_no_socket_is_ENOTSOCK)
{
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	ck_no_socket(fds[0], ENOTSOCK);
	ck_assert(!is_open(fds[0]));
	ck_assert_int_eq(close(fds[1]), 0);
}
END_TEST

START_TEST(descriptor_of_a_channel_stays_that_channels)
{
	struct asyncore_dispatcher *d, *e = asyncore_new(&channel, map);
	int peer, fd;

	d = new_pair(&peer);
	fd = asyncore_fileno(d);
	errno = 0;
	ck_assert_ptr_null(asyncore_new_socket(&channel, fd, map));
	ck_assert_int_eq(errno, EEXIST);
	errno = 0;
	ck_assert_ptr_null(asyncore_spawn(&channel, fd, map));
	ck_assert_int_eq(errno, EEXIST);
	ck_assert_int_eq(asyncore_set_socket(e, fd), -EEXIST);
	ck_assert_int_eq(asyncore_set_socket(d, fd), -EEXIST);
	ck_assert_int_eq(asyncore_fileno(e), -1);
	asyncore_unref(e);
	end_pair(d, peer);
}
END_TEST

/* Out of the map it is still its own. */
START_TEST(own_descriptor_given_again_is_not_closed)
{
	struct asyncore_dispatcher *d;
	int peer;

	d = new_pair(&peer);
	ck_assert_int_eq(asyncore_del_channel(d), 0);
	ck_assert_int_eq(asyncore_set_socket(d, asyncore_fileno(d)), -EEXIST);
	ck_assert_int_eq(asyncore_add_channel(d, NULL), 0);
	end_pair(d, peer);
}
END_TEST

START_TEST(second_descriptor_is_EBUSY_and_the_first_stays)
{
	struct asyncore_dispatcher *d;
	int peer, fds[2];

	d = new_pair(&peer);
	ck_assert_int_eq(asyncore_create_socket(d, AF_INET, SOCK_STREAM),
	    -EBUSY);
	make_pair(fds);
	ck_assert_int_eq(asyncore_set_socket(d, fds[0]), -EBUSY);
	ck_assert(!is_open(fds[0]));
	ck_assert_int_eq(close(fds[1]), 0);
	end_pair(d, peer);
}
END_TEST

START_TEST(socket_that_cannot_be_made_leaves_the_dispatcher_as_it_was)
{
	struct asyncore_dispatcher *d = asyncore_new(&channel, map);
	int fds_before = count_fds();

	ck_assert_int_lt(asyncore_create_socket(d, 9999, SOCK_STREAM), 0);
	ck_assert_int_lt(asyncore_create_socket(d, -1, SOCK_STREAM), 0);
	ck_assert_int_lt(asyncore_create_socket(d, AF_INET, 9999), 0);
	ck_assert_int_lt(asyncore_create_socket(d, AF_INET, -1), 0);
	ck_assert_int_eq(asyncore_fileno(d), -1);
	ck_assert(!asyncore_closed(d));
	ck_assert_int_eq(count_fds(), fds_before);
	ck_assert_int_eq(asyncore_create_socket(d, AF_INET, SOCK_STREAM), 0);
	asyncore_unref(d);
}
END_TEST

/* Closed behind the library's back: Python answers the same. */
START_TEST(descriptor_closed_behind_the_back_is_a_close)
{
	struct asyncore_dispatcher *d;
	int peer;
	char c;

	d = new_pair(&peer);
	ck_assert_int_eq(close(asyncore_fileno(d)), 0);
	ck_assert_int_eq(_i ? asyncore_recv(d, &c, 1) :
	    asyncore_send(d, "x", 1), 0);
	ck_trace("close");
	ck_assert(asyncore_closed(d));
	ck_assert_uint_eq(asyncore_map_len(map), 0);
	asyncore_unref(d);
	ck_assert_int_eq(close(peer), 0);
}
END_TEST

/* ---- Addresses. ---- */

START_TEST(address_of_a_wrong_length_is_EINVAL)
{
	static const socklen_t lengths[] = {
		0, 1, sizeof(struct sockaddr_storage) + 1, 100000,
		(socklen_t)-1
	};
	static union {
		struct sockaddr sa;
		char bytes[100000];
	} addr;
	const socklen_t len = lengths[_i];
	struct asyncore_dispatcher *d = asyncore_new(&channel, map);
	struct place here;

	addr.sa.sa_family = AF_INET;
	inet(&here);
	ck_assert_int_eq(asyncore_create_socket(d, AF_INET, SOCK_STREAM), 0);
	ck_assert_int_eq(asyncore_set_addr(d, &here.addr.sa, here.len), 0);
	ck_assert_int_eq(asyncore_bind(d, &addr.sa, len), -EINVAL);
	ck_assert_int_eq(asyncore_connect(d, &addr.sa, len), -EINVAL);
	ck_assert_int_eq(asyncore_set_addr(d, &addr.sa, len), -EINVAL);
	ck_addr(d, &here);
	ck_assert(!asyncore_connecting(d));
	ck_assert(!asyncore_closed(d));
	asyncore_unref(d);
}
END_TEST

/* Long enough for any address, but not for one of this family. */
START_TEST(address_cut_short_is_EINVAL)
{
	struct asyncore_dispatcher *d = asyncore_new(&channel, map);
	struct place p;

	inet(&p);
	ck_assert_int_eq(asyncore_create_socket(d, AF_INET, SOCK_STREAM), 0);
	ck_assert_int_eq(asyncore_bind(d, &p.addr.sa, 4), -EINVAL);
	ck_assert_int_eq(asyncore_connect(d, &p.addr.sa, 4), -EINVAL);
	ck_assert_ptr_null(asyncore_addr(d, NULL));
	ck_assert(!asyncore_connecting(d));
	asyncore_unref(d);
}
END_TEST

START_TEST(address_in_use_is_answered)
{
	struct asyncore_dispatcher *d = asyncore_new(&channel, map);
	struct place p;

	listen_place(&p, _i ? path : inet);
	ck_assert_int_eq(asyncore_create_socket(d, p.addr.sa.sa_family,
	    SOCK_STREAM), 0);
	ck_assert_int_eq(asyncore_bind(d, &p.addr.sa, p.len), -EADDRINUSE);
	ck_assert_ptr_null(asyncore_addr(d, NULL));
	asyncore_unref(d);
	drop_place(&p);
}
END_TEST

START_TEST(own_address_can_be_set_again)
{
	struct asyncore_dispatcher *d = asyncore_new(&channel, map);
	struct place p;
	const struct sockaddr *sa;
	socklen_t len;

	(_i ? path : inet)(&p);
	ck_assert_int_eq(asyncore_set_addr(d, &p.addr.sa, p.len), 0);
	sa = asyncore_addr(d, &len);
	ck_assert_int_eq(asyncore_set_addr(d, sa, len), 0);
	ck_addr(d, &p);
	asyncore_unref(d);
}
END_TEST

START_TEST(negative_backlog_is_EINVAL)
{
	struct asyncore_dispatcher *d = asyncore_new(&channel, map);

	ck_assert_int_eq(asyncore_create_socket(d, AF_INET, SOCK_STREAM), 0);
	ck_assert_int_eq(asyncore_listen(d, -1), -EINVAL);
	ck_assert_int_eq(asyncore_listen(d, INT_MIN), -EINVAL);
	ck_assert(!asyncore_accepting(d));
	asyncore_unref(d);
}
END_TEST

/* ---- Numbers of the loop. ---- */

START_TEST(timeout_that_is_no_number_is_EINVAL)
{
	struct asyncore_dispatcher *d;
	int peer;

	d = new_pair(&peer);
	ck_assert_int_eq(asyncore_loop((double)NAN, false, map, 1), -EINVAL);
	ck_assert_int_eq(asyncore_loop((double)NAN, true, map, -1), -EINVAL);
	ck_assert_int_eq(asyncore_poll((double)NAN, map), -EINVAL);
	ck_assert_int_eq(asyncore_poll2((double)NAN, map), -EINVAL);
	end_pair(d, peer);
}
END_TEST

START_TEST(timeouts_out_of_all_range_are_for_ever)
{
	static const double timeouts[] = {
		1e300, (double)INFINITY, -(double)INFINITY, -1e300
	};
	struct asyncore_dispatcher *d;
	int peer;

	d = new_pair(&peer);
	write_all(peer, "x", 1);
	ck_assert_int_eq(asyncore_loop(timeouts[_i], false, map, 1), 0);
	ck_trace("read");
	end_pair(d, peer);
}
END_TEST

START_TEST(map_get_of_a_strange_number_is_NULL)
{
	struct asyncore_dispatcher *d;
	int peer;

	d = new_pair(&peer);
	ck_assert_ptr_null(asyncore_map_get(map, -1));
	ck_assert_ptr_null(asyncore_map_get(map, INT_MIN));
	ck_assert_ptr_null(asyncore_map_get(map, INT_MAX));
	ck_assert_ptr_null(asyncore_map_get(map, peer));
	end_pair(d, peer);
}
END_TEST

static void
add_nulls(TCase *tc)
{
	tcase_add_test(tc, no_dispatcher_is_EINVAL_for_the_methods);
	tcase_add_test(tc, no_dispatcher_is_EINVAL_for_the_hooks);
	tcase_add_test(tc, no_dispatcher_has_no_attributes);
	tcase_add_test(tc, no_dispatcher_takes_a_socket_and_closes_it);
	tcase_add_test(tc, no_dispatcher_takes_no_transport);
	tcase_add_test(tc, other_pointers_that_are_NULL);
	tcase_add_test(tc, lengths_of_nothing);
	tcase_add_test(tc, no_map_is_the_socket_map);
}

static void
add_descriptors(TCase *tc)
{
	tcase_add_test(tc, dispatcher_without_a_descriptor_says_so);
	tcase_add_test(tc, closed_dispatcher_does_nothing);
	tcase_add_test(tc, descriptor_that_is_none_is_EBADF);
	tcase_add_test(tc, descriptor_that_is_no_socket_is_ENOTSOCK);
	tcase_add_test(tc, descriptor_of_a_channel_stays_that_channels);
	tcase_add_test(tc, own_descriptor_given_again_is_not_closed);
	tcase_add_test(tc, second_descriptor_is_EBUSY_and_the_first_stays);
	tcase_add_test(tc,
	    socket_that_cannot_be_made_leaves_the_dispatcher_as_it_was);
	tcase_add_loop_test(tc, descriptor_closed_behind_the_back_is_a_close,
	    0, 2);
}

void
testing_add(TCase *tc)
{
	add_nulls(tc);
	add_descriptors(tc);
	tcase_add_loop_test(tc, address_of_a_wrong_length_is_EINVAL, 0, 5);
	tcase_add_test(tc, address_cut_short_is_EINVAL);
	tcase_add_loop_test(tc, address_in_use_is_answered, 0, 2);
	tcase_add_loop_test(tc, own_address_can_be_set_again, 0, 2);
	tcase_add_test(tc, negative_backlog_is_EINVAL);
	tcase_add_test(tc, timeout_that_is_no_number_is_EINVAL);
	tcase_add_loop_test(tc, timeouts_out_of_all_range_are_for_ever, 0, 4);
	tcase_add_test(tc, map_get_of_a_strange_number_is_NULL);
}
