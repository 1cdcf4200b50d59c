/*
 * check_slots.c - slots that undo what their caller is about to do: left_map
 * that puts the channel back, the last reference given back inside of any slot,
 * and methods of the class object on a channel that the map alone holds.
 *
 * The rule in all of them: memory that a frame of the library still needs is
 * there, and what has no descriptor is in no map.
 */
#include "testing.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

const char testing_suite[] = "slots";

static int finalized, depth, visits;
static int peer = -1;

static void
count_finalize(struct asyncore_dispatcher *d)
{
	(void)d;
	ck_assert_int_eq(depth, 0);
	finalized++;
}

static const struct asyncore_class counted = {
	.name = "Counted",
	.finalize = count_finalize,
};

static struct asyncore_dispatcher *
add_ready(const struct asyncore_class *cls)
{
	struct asyncore_dispatcher *d;
	int fds[2];

	make_pair(fds);
	write_all(fds[1], "x", 1);
	peer = fds[1];
	d = asyncore_new_socket(cls, fds[0], map);
	ck_assert_ptr_nonnull(d);
	return d;
}

/* Of a test. */
static void
end(void)
{
	ck_assert_uint_eq(asyncore_map_len(map), 0);
	ck_assert_int_eq(close(peer), 0);
}

static int
run_pass(bool use_poll)
{
	return use_poll ? asyncore_poll2(0, map) : asyncore_poll(0, map);
}

/* ---- left_map that puts the channel back. ---- */

static struct asyncore_map *back_to;
static int last_error;

static void
put_back(struct asyncore_dispatcher *d, struct asyncore_map *from)
{
	ck_assert_int_le(++visits, 4);
	last_error = asyncore_add_channel(d, back_to != NULL ? back_to : from);
}

static const struct asyncore_class clinging = {
	.base = &counted,
	.handle_read = asyncore_close,
	.left_map = put_back,
	.finalize = count_finalize,
};

START_TEST(closed_channel_cannot_be_put_back_by_left_map)
{
	struct asyncore_dispatcher *d = add_ready(&clinging);

	if (_i == 0)
		ck_assert_int_eq(asyncore_close(d), 0);
	else
		ck_assert_int_eq(run_pass(_i == 2), 0);
	ck_assert_int_eq(visits, 1);
	ck_assert_int_eq(last_error, -EBADF);
	ck_assert_uint_eq(asyncore_map_len(map), 0);
	ck_assert_int_eq(run_pass(false), 0);
	asyncore_unref(d);
	ck_assert_int_eq(finalized, 1);
	end();
}
END_TEST

/* The call that is answered with 0 is the one whose map it is in. */
START_TEST(channel_is_where_add_channel_was_told_whatever_left_map_does)
{
	struct asyncore_map *to = asyncore_map_new(NULL);
	struct asyncore_dispatcher *d = add_ready(&clinging);
	int err;

	back_to = asyncore_map_new(NULL);
	err = asyncore_add_channel(d, to);
	if (err == 0)
		ck_assert_ptr_eq(asyncore_map_of(d), to);
	else
		ck_assert_uint_eq(asyncore_map_len(to) +
		    asyncore_map_len(back_to), 0);
	ck_assert_int_eq(asyncore_close(d), 0);
	asyncore_unref(d);
	ck_assert_int_eq(asyncore_map_free(to), 0);
	ck_assert_int_eq(asyncore_map_free(back_to), 0);
	end();
}
END_TEST

static int
add_and_fail(struct asyncore_dispatcher *d, struct asyncore_map *m)
{
	ck_assert_int_le(++visits, 4);
	ck_assert_int_eq(asyncore_dispatcher_class.add_channel(d, m), 0);
	return -EPERM;
}

static void
put_back_as_dispatcher(struct asyncore_dispatcher *d, struct asyncore_map *from)
{
	ck_assert_int_le(++visits, 4);
	last_error = asyncore_dispatcher_class.add_channel(d, from);
}

static const struct asyncore_class stubborn = {
	.base = &counted,
	.add_channel = add_and_fail,
	.left_map = put_back_as_dispatcher,
};

START_TEST(channel_of_a_failed_constructor_cannot_be_put_back)
{
	int fds[2];

	make_pair(fds);
	ck_assert_ptr_null(asyncore_new_socket(&stubborn, fds[0], map));
	ck_assert_int_eq(errno, EPERM);
	ck_assert_int_eq(finalized, 0);
	ck_assert_uint_eq(asyncore_map_len(map), 0);
	ck_assert_int_eq(run_pass(false), 0);
	ck_assert_int_eq(close(fds[1]), 0);
}
END_TEST

START_TEST(channel_without_a_socket_cannot_be_put_back)
{
	struct asyncore_dispatcher *d = asyncore_new(&stubborn, map);

	ck_assert_int_eq(asyncore_create_socket(d, AF_INET, SOCK_STREAM),
	    -EPERM);
	ck_assert_int_eq(asyncore_fileno(d), -1);
	ck_assert_uint_eq(asyncore_map_len(map), 0);
	ck_assert_int_eq(run_pass(false), 0);
	asyncore_unref(d);
	ck_assert_int_eq(finalized, 1);
}
END_TEST

/* ---- close() and the methods that it calls. ---- */

static int
do_nothing(struct asyncore_dispatcher *d)
{
	visits++;
	ck_assert(asyncore_closed(d));
	return 0;
}

static int
delete_and_fail(struct asyncore_dispatcher *d)
{
	visits++;
	ck_assert_int_eq(asyncore_dispatcher_class.del_channel(d), 0);
	return -EPERM;
}

START_TEST(closed_channel_is_in_no_map_though_del_channel_does_nothing)
{
	static const struct asyncore_class idle = {
		.base = &counted, .del_channel = do_nothing,
	};
	struct asyncore_dispatcher *d = add_ready(&idle);

	ck_assert_int_eq(asyncore_close(d), 0);
	ck_assert_int_eq(visits, 1);
	ck_assert_uint_eq(asyncore_map_len(map), 0);
	ck_assert_int_eq(run_pass(false), 0);
	asyncore_unref(d);
	ck_assert_int_eq(finalized, 1);
	end();
}
END_TEST

START_TEST(error_of_del_channel_is_the_result_of_close_that_has_closed)
{
	static const struct asyncore_class unwilling = {
		.base = &counted, .del_channel = delete_and_fail,
	};
	struct asyncore_dispatcher *d = add_ready(&unwilling);
	const int fd = asyncore_fileno(d);

	ck_assert_int_eq(asyncore_close(d), -EPERM);
	ck_assert_int_eq(visits, 1);
	ck_assert(asyncore_closed(d));
	ck_assert_int_eq(asyncore_fileno(d), -1);
	ck_assert_int_lt(fcntl(fd, F_GETFD), 0);
	asyncore_unref(d);
	ck_assert_int_eq(finalized, 1);
	end();
}
END_TEST

static void
close_it(struct asyncore_dispatcher *d, struct asyncore_map *from)
{
	(void)from;
	if (visits++ == 0)
		ck_assert_int_eq(asyncore_close(d), 0);
}

START_TEST(channel_that_left_map_closes_does_not_move)
{
	static const struct asyncore_class closing = {
		.base = &counted, .left_map = close_it,
	};
	struct asyncore_map *to = asyncore_map_new(NULL);
	struct asyncore_dispatcher *d = add_ready(&closing);

	ck_assert_int_eq(asyncore_add_channel(d, to), -EBADF);
	ck_assert(asyncore_closed(d));
	ck_assert_uint_eq(asyncore_map_len(to), 0);
	asyncore_unref(d);
	ck_assert_int_eq(finalized, 1);
	ck_assert_int_eq(asyncore_map_free(to), 0);
	end();
}
END_TEST

/* ---- The last reference goes inside of a slot. ---- */

static void
drop(struct asyncore_dispatcher *d)
{
	depth++;
	if (visits++ == 0)
		asyncore_unref(d);
	ck_assert_int_eq(finalized, 0);
	ck_assert_ptr_nonnull(asyncore_class_of(d));
	depth--;
}

static bool
drop_in_predicate(struct asyncore_dispatcher *d)
{
	drop(d);
	return true;
}

static int
drop_in_hook(struct asyncore_dispatcher *d)
{
	drop(d);
	return 0;
}

static int
drop_in_error(struct asyncore_dispatcher *d, int err)
{
	(void)err;
	drop(d);
	return 0;
}

static ssize_t
drop_in_send(struct asyncore_dispatcher *d, const void *data, size_t len)
{
	(void)data;
	drop(d);
	return (ssize_t)len;
}

static ssize_t
drop_in_recv(struct asyncore_dispatcher *d, void *buf, size_t len)
{
	(void)buf;
	drop(d);
	return (ssize_t)len;
}

static int
drop_in_accept(struct asyncore_dispatcher *d, struct sockaddr *addr,
    socklen_t *len)
{
	(void)addr;
	(void)len;
	drop(d);
	return -EAGAIN;
}

static int
drop_in_close(struct asyncore_dispatcher *d)
{
	int err = asyncore_dispatcher_class.close(d);

	drop(d);
	return err;
}

static int
drop_in_add_channel(struct asyncore_dispatcher *d, struct asyncore_map *m)
{
	(void)m;
	drop(d);
	return 0;
}

static void
drop_in_log(struct asyncore_dispatcher *d, const char *message)
{
	(void)message;
	drop(d);
}

static void
drop_in_log_info(struct asyncore_dispatcher *d, const char *message,
    const char *type)
{
	(void)message;
	(void)type;
	drop(d);
}

static const struct asyncore_class dropping = {
	.base = &counted,
	.readable = drop_in_predicate,
	.writable = drop_in_predicate,
	.handle_read = drop_in_hook,
	.handle_write = drop_in_hook,
	.handle_expt = drop_in_hook,
	.handle_connect = drop_in_hook,
	.handle_accept = drop_in_hook,
	.handle_close = drop_in_hook,
	.handle_eof = drop_in_hook,
	.handle_error = drop_in_error,
	.handle_read_event = drop_in_hook,
	.handle_write_event = drop_in_hook,
	.handle_expt_event = drop_in_hook,
	.handle_connect_event = drop_in_hook,
	.send = drop_in_send,
	.recv = drop_in_recv,
	.accept = drop_in_accept,
	.close = drop_in_close,
	.add_channel = drop_in_add_channel,
	.del_channel = drop_in_hook,
	.log = drop_in_log,
	.log_info = drop_in_log_info,
};

static void
call_readable(struct asyncore_dispatcher *d)
{
	ck_assert(asyncore_readable(d));
}

static void
call_writable(struct asyncore_dispatcher *d)
{
	ck_assert(asyncore_writable(d));
}

static void
call_error(struct asyncore_dispatcher *d)
{
	ck_assert_int_eq(asyncore_handle_error(d, -EPROTO), 0);
}

static void
call_send(struct asyncore_dispatcher *d)
{
	ck_assert_int_eq(asyncore_send(d, "x", 1), 1);
}

static void
call_recv(struct asyncore_dispatcher *d)
{
	char byte;

	ck_assert_int_eq(asyncore_recv(d, &byte, 1), 1);
}

static void
call_accept(struct asyncore_dispatcher *d)
{
	ck_assert_int_eq(asyncore_accept(d, NULL, NULL), -EAGAIN);
}

static void
call_add_channel(struct asyncore_dispatcher *d)
{
	ck_assert_int_eq(asyncore_add_channel(d, map), 0);
}

static void
call_create_socket(struct asyncore_dispatcher *d)
{
	ck_assert_int_eq(asyncore_create_socket(d, AF_INET, SOCK_STREAM), 0);
}

static void
call_log(struct asyncore_dispatcher *d)
{
	asyncore_log(d, "%s", "a message");
}

static void
call_log_info(struct asyncore_dispatcher *d)
{
	asyncore_log_info(d, "info", "%0300d", 1);
}

#define CALL(function)							\
static void								\
call_##function(struct asyncore_dispatcher *d)				\
{									\
	ck_assert_int_eq(asyncore_##function(d), 0);			\
}

CALL(read)
CALL(write)
CALL(exception)
CALL(handle_read)
CALL(handle_write)
CALL(handle_expt)
CALL(handle_connect)
CALL(handle_accept)
CALL(handle_close)
CALL(handle_eof)
CALL(handle_connect_event)
CALL(close)
CALL(del_channel)

static void (*const calls[])(struct asyncore_dispatcher *) = {
	call_readable, call_writable, call_error, call_send, call_recv,
	call_accept, call_add_channel, call_create_socket, call_log,
	call_log_info, call_read, call_write, call_exception,
	call_handle_read, call_handle_write, call_handle_expt,
	call_handle_connect, call_handle_accept, call_handle_close,
	call_handle_eof, call_handle_connect_event, call_close,
	call_del_channel
};

START_TEST(last_reference_may_go_inside_of_every_slot)
{
	struct asyncore_dispatcher *d = asyncore_new(&dropping, map);

	ck_assert_ptr_nonnull(d);
	calls[_i](d);
	ck_assert_int_ge(visits, 1);
	ck_assert_int_eq(finalized, 1);
	ck_assert_uint_eq(asyncore_map_len(map), 0);
}
END_TEST

static int
drop_and_fail(struct asyncore_dispatcher *d, struct asyncore_map *m)
{
	(void)m;
	drop(d);
	return -EPERM;
}

/* The descriptor is closed once: by then its number may be a stranger's. */
START_TEST(last_reference_may_go_inside_of_an_add_channel_that_fails)
{
	static const struct asyncore_class failing = {
		.base = &counted,
		.add_channel = drop_and_fail,
	};
	struct asyncore_dispatcher *d = asyncore_new(&failing, map);
	int fds[2];

	make_pair(fds);
	if (_i == 0)
		ck_assert_int_eq(asyncore_set_socket(d, fds[0]), -EPERM);
	else
		ck_assert_int_eq(asyncore_create_socket(d, AF_INET,
		    SOCK_STREAM), -EPERM);
	ck_assert_int_eq(finalized, 1);
	ck_assert_uint_eq(asyncore_map_len(map), 0);
	ck_assert_int_eq(close(fds[0]), _i == 0 ? -1 : 0);
	ck_assert_int_eq(close(fds[1]), 0);
}
END_TEST

/* ---- Methods of the class object, on a channel that the map alone holds. --- */

START_TEST(base_class_ends_a_spawned_channel)
{
	struct asyncore_dispatcher *d = add_ready(&counted);

	asyncore_unref(d);
	if (_i == 0)
		ck_assert_int_eq(asyncore_dispatcher_class.close(d), 0);
	else if (_i == 1)
		ck_assert_int_eq(asyncore_dispatcher_class.handle_close(d), 0);
	else
		ck_assert_int_eq(asyncore_dispatcher_class.del_channel(d), 0);
	ck_assert_int_eq(finalized, 1);
	ck_assert_uint_eq(asyncore_map_len(map), 0);
	end();
}
END_TEST

void
testing_add(TCase *tc)
{
	const int n_calls = sizeof calls / sizeof calls[0];

	tcase_add_loop_test(tc, closed_channel_cannot_be_put_back_by_left_map,
	    0, 3);
	tcase_add_test(tc,
	    channel_is_where_add_channel_was_told_whatever_left_map_does);
	tcase_add_test(tc, channel_of_a_failed_constructor_cannot_be_put_back);
	tcase_add_test(tc, channel_without_a_socket_cannot_be_put_back);
	tcase_add_test(tc,
	    closed_channel_is_in_no_map_though_del_channel_does_nothing);
	tcase_add_test(tc,
	    error_of_del_channel_is_the_result_of_close_that_has_closed);
	tcase_add_test(tc, channel_that_left_map_closes_does_not_move);
	tcase_add_loop_test(tc, last_reference_may_go_inside_of_every_slot, 0,
	    n_calls);
	tcase_add_loop_test(tc,
	    last_reference_may_go_inside_of_an_add_channel_that_fails, 0, 2);
	tcase_add_loop_test(tc, base_class_ends_a_spawned_channel, 0, 3);
}
