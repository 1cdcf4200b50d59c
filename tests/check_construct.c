/*
 * check_construct.c - constructors that fail undo everything: nothing in the
 * map, finalize() does not run, and the descriptor is closed or left alone as
 * the contract says.
 */
#include "testing.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "asynchat.h"

const char testing_suite[] = "construct";

static void
never_finalize(struct asyncore_dispatcher *d)
{
	ck_abort_msg("finalize of %p, which was not made", (void *)d);
}

static const struct asyncore_class plain = {
	.name = "Plain",
	.finalize = never_finalize,
};

static bool
is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void
ck_failed(const struct asyncore_dispatcher *d, int err)
{
	const int e = errno;

	ck_assert_ptr_null(d);
	ck_assert_int_eq(e, err);
	ck_assert_uint_eq(asyncore_map_len(map), 0);
}

/* ---- Classes that cannot be. ---- */

static const struct asyncore_class ring2;
static const struct asyncore_class ring0 = { .base = &ring2 };
static const struct asyncore_class ring1 = { .base = &ring0 };
static const struct asyncore_class ring2 = { .base = &ring1 };
static const struct asyncore_class itself = { .base = &itself };
static const struct asyncore_class leads_to_ring = { .base = &ring1 };
static const struct asyncore_class large = { .instance_size = 100 };
static const struct asyncore_class middle = { .base = &large };
static const struct asyncore_class small = {
	.base = &middle,
	.instance_size = 99,
	.finalize = never_finalize,
};
static const struct asyncore_class flagged = { .flags = 0x2u };
static const struct asyncore_class above_flagged = { .base = &flagged };
static const struct asyncore_class huge = { .instance_size = SIZE_MAX };

/* Which a later release has given a meaning. */
#define LAST_RESERVED							\
	(sizeof asyncore_dispatcher_class.reserved /			\
	    sizeof asyncore_dispatcher_class.reserved[0] - 1)

static void
later_slot(void)
{
}

static const struct asyncore_class later = {
	.finalize = never_finalize,
	.reserved = { [LAST_RESERVED] = later_slot },
};
static const struct asyncore_class above_later = { .base = &later };

static const struct {
	const struct asyncore_class *cls;
	int err;
} bad[] = {
	{ NULL, EINVAL }, { &ring0, EINVAL }, { &itself, EINVAL },
	{ &leads_to_ring, EINVAL }, { &small, EINVAL }, { &flagged, EINVAL },
	{ &above_flagged, EINVAL }, { &huge, ENOMEM }, { &later, ENOTSUP },
	{ &above_later, ENOTSUP },
};
#define N_BAD (int)(sizeof bad / sizeof bad[0])

START_TEST(bad_class_makes_no_dispatcher)
{
	ck_failed(asyncore_new(bad[_i].cls, map), bad[_i].err);
}
END_TEST

START_TEST(bad_class_closes_the_socket)
{
	int fds[2];

	make_pair(fds);
	ck_failed(asyncore_new_socket(bad[_i].cls, fds[0], map), bad[_i].err);
	ck_assert(!is_open(fds[0]));
	ck_failed(asyncore_spawn(bad[_i].cls, fds[1], map), bad[_i].err);
	ck_assert(!is_open(fds[1]));
}
END_TEST

START_TEST(bad_class_leaves_the_file_to_the_caller)
{
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	ck_failed(asyncore_new_file(bad[_i].cls, fds[0], map), bad[_i].err);
	ck_assert_int_eq(close(fds[0]), 0);
	ck_assert_int_eq(close(fds[1]), 0);
}
END_TEST

START_TEST(file_wants_a_class_of_files)
{
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	ck_failed(asyncore_new_file(&plain, fds[0], map), EINVAL);
	ck_assert_int_eq(fcntl(fds[0], F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_eq(close(fds[0]), 0);
	ck_assert_int_eq(close(fds[1]), 0);
}
END_TEST

/* ---- Maps that were freed. ---- */

START_TEST(freed_map_takes_nothing)
{
	struct asyncore_map *m = asyncore_map_new(NULL);
	struct asyncore_dispatcher *d;
	int fds[2];

	d = asyncore_new(&asyncore_dispatcher_class, m);
	ck_assert_int_eq(asyncore_map_free(m), 0);
	make_pair(fds);
	ck_failed(asyncore_new(&plain, m), EINVAL);
	ck_failed(asyncore_new_socket(&plain, fds[0], m), EINVAL);
	ck_failed(asyncore_new_file(&asyncore_file_dispatcher_class, fds[1],
	    m), EINVAL);
	ck_failed(asyncore_spawn(&plain, fds[1], m), EINVAL);
	ck_assert(!is_open(fds[0]) && !is_open(fds[1]));
	make_pair(fds);
	ck_assert_int_eq(asyncore_set_socket(d, fds[0]), -EINVAL);
	ck_assert(!is_open(fds[0]));
	ck_assert_int_eq(asyncore_create_socket(d, AF_INET, SOCK_STREAM),
	    -EINVAL);
	ck_assert_int_eq(close(fds[1]), 0);
	asyncore_unref(d);
}
END_TEST

/* ---- Descriptors that are none. ---- */

START_TEST(bad_descriptor_is_EBADF)
{
	static const struct asyncore_class file = {
		.base = &asyncore_file_dispatcher_class,
		.finalize = never_finalize,
	};
	const int fds[] = { -1, -1000, 1000 };

	ck_failed(asyncore_new_socket(&plain, fds[_i], map), EBADF);
	ck_failed(asyncore_spawn(&plain, fds[_i], map), EBADF);
	ck_failed(asyncore_new_file(&file, fds[_i], map), EBADF);
}
END_TEST

START_TEST(what_is_no_socket_is_ENOTSOCK_and_closed)
{
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	ck_failed(asyncore_new_socket(&plain, fds[0], map), ENOTSOCK);
	ck_failed(asyncore_spawn(&plain, fds[1], map), ENOTSOCK);
	ck_assert(!is_open(fds[0]) && !is_open(fds[1]));
}
END_TEST

static int
tell_read(struct asyncore_dispatcher *d)
{
	char byte;

	trace("read:%d", (int)asyncore_recv(d, &byte, 1));
	return 0;
}

static const struct asyncore_class reader = {
	.name = "Reader",
	.writable = asyncore_never,
	.handle_read = tell_read,
};

static struct asyncore_dispatcher *first;

static void
ck_unharmed(int peer)
{
	ck_assert_ptr_eq(asyncore_map_get(map, asyncore_fileno(first)), first);
	ck_assert_uint_eq(asyncore_map_len(map), 1);
	write_all(peer, "x", 1);
	ck_assert_int_eq(asyncore_poll(0, map), 0);
	ck_trace("read:1");
}

START_TEST(descriptor_of_another_channel_stays_that_channels)
{
	struct asyncore_dispatcher *d = asyncore_new(&reader, map);
	int fds[2];

	make_pair(fds);
	first = asyncore_new_socket(&reader, fds[0], map);
	ck_assert_ptr_null(asyncore_new_socket(&plain, fds[0], map));
	ck_assert_int_eq(errno, EEXIST);
	ck_unharmed(fds[1]);
	ck_assert_ptr_null(asyncore_spawn(&plain, fds[0], map));
	ck_assert_int_eq(errno, EEXIST);
	ck_unharmed(fds[1]);
	ck_assert_int_eq(asyncore_set_socket(d, fds[0]), -EEXIST);
	ck_assert_int_eq(asyncore_set_socket(first, fds[0]), -EEXIST);
	ck_assert_int_eq(asyncore_set_transport(d,
	    &(struct asyncore_transport){ .name = "T" }, NULL, fds[0]),
	    -EEXIST);
	ck_assert_int_eq(asyncore_fileno(d), -1);
	ck_unharmed(fds[1]);
	ck_assert_int_eq(asyncore_close(first), 0);
	asyncore_unref(first);
	asyncore_unref(d);
	ck_assert_int_eq(close(fds[1]), 0);
}
END_TEST

START_TEST(set_socket_of_an_open_channel_is_EBUSY_and_closes)
{
	struct asyncore_dispatcher *d;
	int fds[2], more[2];

	make_pair(fds);
	make_pair(more);
	first = asyncore_new_socket(&reader, fds[0], map);
	d = first;
	ck_assert_int_eq(asyncore_set_socket(d, more[0]), -EBUSY);
	ck_assert(!is_open(more[0]));
	ck_assert_int_eq(asyncore_create_socket(d, AF_INET, SOCK_STREAM),
	    -EBUSY);
	ck_unharmed(fds[1]);
	ck_assert_int_eq(asyncore_close(d), 0);
	ck_assert_int_eq(asyncore_set_socket(d, more[1]), 0);
	ck_assert_int_eq(asyncore_close(d), 0);
	asyncore_unref(d);
	ck_assert_int_eq(close(fds[1]), 0);
}
END_TEST

START_TEST(set_socket_that_fails_closes_and_changes_nothing)
{
	struct asyncore_dispatcher *d = asyncore_new(&reader, map);
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	if (_i == 1)
		ck_assert_int_eq(asyncore_close(d), 0);
	ck_assert_int_eq(asyncore_set_socket(d, fds[0]), -ENOTSOCK);
	ck_assert(!is_open(fds[0]));
	ck_assert_int_eq(asyncore_set_socket(d, -1), -EBADF);
	ck_assert_int_eq(asyncore_set_socket(NULL, fds[1]), -EINVAL);
	ck_assert(!is_open(fds[1]));
	ck_assert_int_eq(asyncore_fileno(d), -1);
	ck_assert_int_eq(asyncore_closed(d), _i == 1);
	ck_assert_uint_eq(asyncore_map_len(map), 0);
	asyncore_unref(d);
}
END_TEST

/* ---- add_channel() that fails. ---- */

static int
refuse(struct asyncore_dispatcher *d, struct asyncore_map *m)
{
	(void)d;
	(void)m;
	return -EPERM;
}

static int
add_then_refuse(struct asyncore_dispatcher *d, struct asyncore_map *m)
{
	ck_assert_int_eq(asyncore_dispatcher_class.add_channel(d, m), 0);
	return -EPERM;
}

/* The number is a stranger's at once. */
static int
close_and_refuse(struct asyncore_dispatcher *d, struct asyncore_map *m)
{
	const int fd = asyncore_fileno(d);

	(void)m;
	ck_assert_int_eq(asyncore_close(d), 0);
	ck_assert(!is_open(fd));
	ck_assert_int_eq(dup2(STDIN_FILENO, fd), fd);
	return -EPERM;
}

static void
tell_left_map(struct asyncore_dispatcher *d, struct asyncore_map *m)
{
	(void)d;
	ck_assert_ptr_eq(m, map);
	trace("left");
}

static const struct asyncore_class refusing[] = {
	{ .base = &plain, .add_channel = refuse, .left_map = tell_left_map },
	{ .base = &plain, .add_channel = add_then_refuse,
	    .left_map = tell_left_map },
	{ .base = &asyncore_file_dispatcher_class, .add_channel = refuse,
	    .left_map = tell_left_map, .finalize = never_finalize },
	{ .base = &asyncore_file_dispatcher_class,
	    .add_channel = add_then_refuse,
	    .left_map = tell_left_map, .finalize = never_finalize },
};

START_TEST(refused_socket_is_closed)
{
	int fds[2];

	make_pair(fds);
	if (_i == 0)
		ck_failed(asyncore_new_socket(&refusing[0], fds[0], map),
		    EPERM);
	else
		ck_failed(asyncore_spawn(&refusing[1], fds[0], map), EPERM);
	ck_trace(_i == 0 ? "" : "left");
	ck_assert(!is_open(fds[0]));
	ck_assert_int_eq(close(fds[1]), 0);
}
END_TEST

static int
do_not_add(struct asyncore_dispatcher *d, struct asyncore_map *m)
{
	(void)d;
	(void)m;
	return 0;
}

START_TEST(spawned_channel_that_enters_no_map_is_an_error)
{
	static const struct asyncore_class outside = {
		.base = &plain, .add_channel = do_not_add,
		.finalize = never_finalize,
	};
	static const struct asynchat_class chat_outside = {
		.dispatcher = {
			.base = &asynchat_async_chat_class.dispatcher,
			.flags = ASYNCHAT_CLASS,
			.add_channel = do_not_add,
			.finalize = never_finalize,
		},
	};
	int fds[2];

	make_pair(fds);
	if (_i == 0)
		ck_failed(asyncore_spawn(&outside, fds[0], map), EBADF);
	else
		ck_failed(asynchat_spawn(&chat_outside, fds[0], map), EBADF);
	ck_assert(!is_open(fds[0]));
	ck_assert_int_eq(close(fds[1]), 0);
}
END_TEST

START_TEST(refused_file_is_the_callers_as_it_was)
{
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	ck_failed(asyncore_new_file(&refusing[2 + _i], fds[0], map), EPERM);
	ck_trace(_i == 0 ? "" : "left");
	ck_assert_int_eq(fcntl(fds[0], F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_eq(close(fds[0]), 0);
	ck_assert_int_eq(close(fds[1]), 0);
}
END_TEST

START_TEST(socket_that_add_channel_closes_is_closed_once)
{
	static const struct asyncore_class closing = {
		.base = &plain,
		.add_channel = close_and_refuse,
	};
	int fds[2];

	make_pair(fds);
	ck_assert_ptr_null(asyncore_new_socket(&closing, fds[0], map));
	ck_assert_uint_eq(asyncore_map_len(map), 0);
	ck_assert_int_eq(close(fds[0]), 0);
	ck_assert_int_eq(close(fds[1]), 0);
}
END_TEST

/* As above, but where it leaves the map again; 1: it gives it up. */
static void
close_leaving(struct asyncore_dispatcher *d, struct asyncore_map *m)
{
	const int fd = asyncore_fileno(d);

	(void)m;
	ck_assert_int_eq(asyncore_close(d), 0);
	ck_assert(!is_open(fd));
	ck_assert_int_eq(dup2(STDIN_FILENO, fd), fd);
}

static void
detach_leaving(struct asyncore_dispatcher *d, struct asyncore_map *m)
{
	const int fd = asyncore_fileno(d);

	(void)m;
	ck_assert_int_eq(asyncore_detach(d), fd);
}

START_TEST(socket_that_left_map_takes_from_a_refused_one_is_not_closed)
{
	static const struct asyncore_class taking[] = {
		{ .add_channel = add_then_refuse, .left_map = close_leaving },
		{ .add_channel = add_then_refuse, .left_map = detach_leaving },
	};
	struct asyncore_dispatcher *d = asyncore_new(&taking[_i], map);
	int fds[2];

	make_pair(fds);
	(void)asyncore_set_socket(d, fds[0]);
	ck_assert_int_eq(close(fds[0]), 0);
	ck_assert_int_eq(asyncore_fileno(d), -1);
	ck_assert(asyncore_closed(d));
	asyncore_unref(d);
	ck_assert_int_eq(close(fds[1]), 0);
}
END_TEST

static int
name_and_add(struct asyncore_dispatcher *d, struct asyncore_map *m)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	(void)memset(un.sun_path, 'a', sizeof un.sun_path - 1);
	ck_assert_int_eq(asyncore_set_addr(d, (struct sockaddr *)&un,
	    sizeof un), 0);
	return asyncore_dispatcher_class.add_channel(d, m);
}

/* That what the first one had in memory is freed is for valgrind to see. */
START_TEST(address_of_the_peer_takes_the_place_of_add_channels)
{
	static const struct asyncore_class naming = {
		.add_channel = name_and_add,
	};
	struct asyncore_dispatcher *d;
	socklen_t len;
	int fds[2];

	make_pair(fds);
	d = asyncore_new_socket(&naming, fds[0], map);
	ck_assert_ptr_nonnull(d);
	ck_assert_ptr_nonnull(asyncore_addr(d, &len));
	ck_assert_uint_lt(len, sizeof(struct sockaddr_un));
	ck_assert_int_eq(asyncore_close(d), 0);
	asyncore_unref(d);
	ck_assert_int_eq(close(fds[1]), 0);
}
END_TEST

static struct asyncore_map *elsewhere;

static int
add_elsewhere(struct asyncore_dispatcher *d, struct asyncore_map *m)
{
	(void)m;
	return asyncore_dispatcher_class.add_channel(d, elsewhere);
}

/* The number is another channel's, in the map that add_channel() means. */
START_TEST(descriptor_of_a_channel_of_another_map_is_not_closed)
{
	static const struct asyncore_class emigrant = {
		.add_channel = add_elsewhere,
	};
	struct asyncore_dispatcher *d = asyncore_new(&emigrant, map), *other;
	int fds[2];

	elsewhere = asyncore_map_new(NULL);
	make_pair(fds);
	other = asyncore_new_socket(&asyncore_dispatcher_class, fds[0],
	    elsewhere);
	ck_assert_ptr_nonnull(other);
	ck_assert_int_eq(asyncore_set_socket(d, fds[0]), -EEXIST);
	ck_assert(is_open(fds[0]));
	ck_assert_int_eq(asyncore_fileno(d), -1);
	asyncore_unref(d);
	ck_assert_int_eq(asyncore_close(other), 0);
	asyncore_unref(other);
	ck_assert_int_eq(asyncore_map_free(elsewhere), 0);
	ck_assert_int_eq(close(fds[1]), 0);
}
END_TEST

START_TEST(refused_create_socket_leaves_the_dispatcher_without_one)
{
	static const struct asyncore_class unlucky = {
		.add_channel = add_then_refuse,
		.left_map = tell_left_map,
	};
	struct asyncore_dispatcher *d = asyncore_new(&unlucky, map);
	int i;

	for (i = 0; i < 3; i++) {
		ck_assert_int_eq(asyncore_create_socket(d, AF_INET,
		    SOCK_STREAM), -EPERM);
		ck_trace("left");
		ck_assert_int_eq(asyncore_fileno(d), -1);
		ck_assert(!asyncore_closed(d));
		ck_assert_uint_eq(asyncore_map_len(map), 0);
	}
	asyncore_unref(d);
}
END_TEST

void
testing_add(TCase *tc)
{
	tcase_add_loop_test(tc, bad_class_makes_no_dispatcher, 0, N_BAD);
	tcase_add_loop_test(tc, bad_class_closes_the_socket, 0, N_BAD);
	tcase_add_loop_test(tc, bad_class_leaves_the_file_to_the_caller, 0,
	    N_BAD);
	tcase_add_test(tc, file_wants_a_class_of_files);
	tcase_add_test(tc, freed_map_takes_nothing);
	tcase_add_loop_test(tc, bad_descriptor_is_EBADF, 0, 3);
	tcase_add_test(tc, what_is_no_socket_is_ENOTSOCK_and_closed);
	tcase_add_test(tc, descriptor_of_another_channel_stays_that_channels);
	tcase_add_test(tc, set_socket_of_an_open_channel_is_EBUSY_and_closes);
	tcase_add_loop_test(tc,
	    set_socket_that_fails_closes_and_changes_nothing, 0, 2);
	tcase_add_loop_test(tc, refused_socket_is_closed, 0, 2);
	tcase_add_loop_test(tc,
	    spawned_channel_that_enters_no_map_is_an_error, 0, 2);
	tcase_add_loop_test(tc, refused_file_is_the_callers_as_it_was, 0, 2);
	tcase_add_test(tc, socket_that_add_channel_closes_is_closed_once);
	tcase_add_test(tc,
	    address_of_the_peer_takes_the_place_of_add_channels);
	tcase_add_loop_test(tc,
	    socket_that_left_map_takes_from_a_refused_one_is_not_closed, 0, 2);
	tcase_add_test(tc,
	    descriptor_of_a_channel_of_another_map_is_not_closed);
	tcase_add_test(tc,
	    refused_create_socket_leaves_the_dispatcher_without_one);
}
