/*
 * check_detach.c - giving a descriptor up: it stays open and is the caller's,
 * the channel is as after a close, and whoever takes the descriptor next
 * inherits nothing.
 */
#include "testing.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

const char testing_suite[] = "detach";

static int
read_and_tell(struct asyncore_dispatcher *d)
{
	char buf[10];
	ssize_t n = asyncore_recv(d, buf, sizeof buf);

	trace("read:%.*s", (int)(n > 0 ? n : 0), buf);
	return 0;
}

static void
tell_left_map(struct asyncore_dispatcher *d, struct asyncore_map *m)
{
	ck_assert_ptr_eq(m, map);
	trace("left:%d", asyncore_fileno(d) >= 0);
}

static void
tell_finalize(struct asyncore_dispatcher *d)
{
	(void)d;
	trace("finalize");
}

static const struct asyncore_class reader = {
	.name = "Reader",
	.writable = asyncore_never,
	.handle_read = read_and_tell,
	.left_map = tell_left_map,
	.finalize = tell_finalize,
};

static int peer = -1;

static struct asyncore_dispatcher *
connected(void)
{
	struct asyncore_dispatcher *d;
	int fds[2];

	make_pair(fds);
	peer = fds[1];
	d = asyncore_new_socket(&reader, fds[0], map);
	ck_assert(asyncore_connected(d));
	return d;
}

static struct asyncore_dispatcher *
connecting(void)
{
	struct asyncore_dispatcher *d = asyncore_new(&reader, map);
	struct sockaddr_in addr;

	peer = listen_on_loopback(&addr);
	ck_assert_int_eq(asyncore_create_socket(d, AF_INET, SOCK_STREAM), 0);
	ck_assert_int_eq(asyncore_connect(d, (struct sockaddr *)&addr,
	    sizeof addr), 0);
	ck_assert(asyncore_connecting(d));
	return d;
}

static struct asyncore_dispatcher *
listening(void)
{
	struct asyncore_dispatcher *d;
	struct sockaddr_in addr;

	d = asyncore_new_socket(&reader, listen_on_loopback(&addr), map);
	ck_assert_int_eq(asyncore_listen(d, 1), 0);
	ck_assert(asyncore_accepting(d));
	return d;
}

static struct asyncore_dispatcher *
created(void)
{
	struct asyncore_dispatcher *d = asyncore_new(&reader, map);

	ck_assert_int_eq(asyncore_create_socket(d, AF_INET, SOCK_STREAM), 0);
	return d;
}

static struct asyncore_dispatcher *
opened_again(void)
{
	struct asyncore_dispatcher *d = created();

	ck_assert_int_eq(asyncore_close(d), 0);
	ck_assert_int_eq(asyncore_create_socket(d, AF_INET, SOCK_STREAM), 0);
	clear_trace();
	return d;
}

/* A channel that was asked and watched already. */
static struct asyncore_dispatcher *
watched(void)
{
	struct asyncore_dispatcher *d = connected();

	write_all(peer, "x", 1);
	ck_assert_int_eq(asyncore_poll(0, map), 0);
	ck_trace("read:x");
	return d;
}

static struct asyncore_dispatcher *
a_file(void)
{
	static const struct asyncore_class file = {
		.base = &asyncore_file_dispatcher_class,
		.left_map = tell_left_map,
		.finalize = tell_finalize,
	};
	struct asyncore_dispatcher *d;
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	d = asyncore_new_file(&file, fds[0], map);
	ck_assert_ptr_nonnull(d);
	ck_assert_int_eq(close(fds[0]), 0);
	peer = fds[1];
	return d;
}

static struct asyncore_dispatcher *(*const makers[])(void) = {
	connected, connecting, listening, created, opened_again, watched,
	a_file
};
#define N_MAKERS (int)(sizeof makers / sizeof makers[0])

static void
ck_nothing_left(const struct asyncore_dispatcher *d, int fd)
{
	ck_assert(asyncore_closed(d));
	ck_assert(!asyncore_connected(d));
	ck_assert(!asyncore_connecting(d));
	ck_assert(!asyncore_accepting(d));
	ck_assert_int_eq(asyncore_fileno(d), -1);
	ck_assert_ptr_null(asyncore_map_get(map, fd));
	ck_assert_uint_eq(asyncore_map_len(map), 0);
}

START_TEST(detach_gives_the_descriptor_open)
{
	struct asyncore_dispatcher *d = makers[_i]();
	const int fd = asyncore_fileno(d);

	ck_assert_int_eq(asyncore_detach(d), fd);
	ck_trace("left:1");
	ck_nothing_left(d, fd);
	ck_assert_int_eq(asyncore_detach(d), -ENOTCONN);
	asyncore_unref(d);
	ck_trace("finalize");
	ck_assert_int_eq(close(fd), 0);
	if (peer >= 0)
		ck_assert_int_eq(close(peer), 0);
}
END_TEST

START_TEST(detach_out_of_any_map_gives_the_descriptor_open)
{
	struct asyncore_dispatcher *d = makers[_i]();
	const int fd = asyncore_fileno(d);

	ck_assert_int_eq(asyncore_del_channel(d), 0);
	ck_trace("left:1");
	ck_assert_int_eq(asyncore_fileno(d), fd);
	ck_assert_int_eq(asyncore_detach(d), fd);
	ck_trace("");
	ck_nothing_left(d, fd);
	asyncore_unref(d);
	ck_assert_int_eq(close(fd), 0);
	if (peer >= 0)
		ck_assert_int_eq(close(peer), 0);
}
END_TEST

START_TEST(detach_of_what_has_no_descriptor_is_ENOTCONN)
{
	struct asyncore_dispatcher *d = asyncore_new(&reader, map);

	ck_assert_int_eq(asyncore_detach(d), -ENOTCONN);
	ck_assert(!asyncore_closed(d));
	ck_assert_int_eq(asyncore_close(d), 0);
	ck_assert_int_eq(asyncore_detach(d), -ENOTCONN);
	ck_assert_int_eq(asyncore_detach(NULL), -EINVAL);
	asyncore_unref(d);
}
END_TEST

static int
close_transport(void *state, int fd)
{
	ck_assert_ptr_eq(state, &peer);
	trace("transport");
	return close(fd);
}

START_TEST(transport_of_ones_own_cannot_be_detached)
{
	static const struct asyncore_transport own = {
		.name = "own",
		.close = close_transport,
	};
	struct asyncore_dispatcher *d = asyncore_new(&reader, map);
	int fds[2];

	make_pair(fds);
	ck_assert_int_eq(asyncore_set_transport(d, &own, &peer, fds[0]), 0);
	ck_assert_int_eq(asyncore_detach(d), -ENOTSUP);
	ck_assert(!asyncore_closed(d));
	ck_assert_ptr_eq(asyncore_map_get(map, fds[0]), d);
	write_all(fds[1], "x", 1);
	ck_assert_int_eq(asyncore_poll(0, map), 0);
	ck_trace("read:x");
	ck_assert_int_eq(asyncore_close(d), 0);
	ck_trace("left:1 transport");
	asyncore_unref(d);
	ck_assert_int_eq(close(fds[1]), 0);
}
END_TEST

static int taken = -1;

static void
take_first(struct asyncore_dispatcher *d, struct asyncore_map *m)
{
	ck_assert_ptr_eq(m, map);
	taken = asyncore_detach(d);
}

/* Two callers, one descriptor: one of them owns it. */
START_TEST(detach_within_detach_gives_the_descriptor_once)
{
	static const struct asyncore_class greedy = { .left_map = take_first };
	struct asyncore_dispatcher *d;
	int fds[2], fd;

	make_pair(fds);
	d = asyncore_new_socket(&greedy, fds[0], map);
	fd = asyncore_detach(d);
	ck_assert(fd == fds[0] || taken == fds[0]);
	ck_assert(fd == -ENOTCONN || taken == -ENOTCONN);
	ck_nothing_left(d, fds[0]);
	asyncore_unref(d);
	ck_assert_int_eq(close(fds[0]), 0);
	ck_assert_int_eq(close(fds[1]), 0);
}
END_TEST

static int second = -1;

static void
take_and_open(struct asyncore_dispatcher *d, struct asyncore_map *m)
{
	ck_assert_ptr_eq(m, map);
	if (second < 0)
		return;
	taken = asyncore_detach(d);
	ck_assert_int_eq(asyncore_set_socket(d, second), 0);
	second = -1;
}

/* It is not the new descriptor that is closed, or given up. */
START_TEST(opened_again_while_it_leaves_it_stays_open)
{
	static const struct asyncore_class hasty = { .left_map = take_and_open };
	struct asyncore_dispatcher *d;
	int fds[4];

	make_pair(fds);
	make_pair(fds + 2);
	d = asyncore_new_socket(&hasty, fds[0], map);
	second = fds[2];
	ck_assert_int_eq(_i ? asyncore_detach(d) : asyncore_close(d),
	    _i ? -ENOTCONN : 0);
	ck_assert_int_eq(taken, fds[0]);
	ck_assert_int_eq(asyncore_fileno(d), fds[2]);
	ck_assert(!asyncore_closed(d));
	ck_assert_ptr_eq(asyncore_map_get(map, fds[2]), d);
	ck_assert_int_eq(asyncore_close(d), 0);
	asyncore_unref(d);
	ck_assert_int_eq(close(fds[0]), 0);
	ck_assert_int_eq(close(fds[1]), 0);
	ck_assert_int_eq(close(fds[3]), 0);
}
END_TEST

/* ---- Who takes the descriptor. ---- */

START_TEST(detached_channel_may_take_its_descriptor_back)
{
	struct asyncore_dispatcher *d = watched();
	int i;

	for (i = 0; i < 3; i++) {
		clear_trace();
		ck_assert_int_eq(asyncore_set_socket(d, asyncore_detach(d)),
		    0);
		ck_assert(!asyncore_closed(d));
		write_all(peer, "y", 1);
		ck_assert_int_eq(_i ? asyncore_poll2(0, map) :
		    asyncore_poll(0, map), 0);
		ck_trace("left:1 read:y");
	}
	ck_assert_int_eq(asyncore_close(d), 0);
	asyncore_unref(d);
	ck_assert_int_eq(close(peer), 0);
}
END_TEST

static struct asyncore_dispatcher *heir, *donor;

static int
inherit(struct asyncore_dispatcher *d)
{
	int fd;

	(void)d;
	trace("inherit");
	fd = asyncore_detach(donor);
	ck_assert_int_ge(fd, 0);
	heir = asyncore_new_socket(&reader, fd, map);
	ck_assert_ptr_nonnull(heir);
	ck_assert_ptr_eq(asyncore_map_get(map, fd), heir);
	return 0;
}

static const struct asyncore_class inheriting = {
	.base = &reader,
	.handle_read = inherit,
};

/* What was ready in this pass was the donor's; the heir reads in the next. */
static void
hand_over(struct asyncore_dispatcher *actor, bool use_poll)
{
	write_all(peer, "x", 1);
	ck_assert_int_eq(use_poll ? asyncore_poll2(0, map) :
	    asyncore_poll(0, map), 0);
	ck_trace("inherit left:1");
	ck_assert_int_eq(asyncore_close(actor), 0);
	clear_trace();
	ck_assert_int_eq(use_poll ? asyncore_poll2(0, map) :
	    asyncore_poll(0, map), 0);
	ck_trace("read:x");
	asyncore_unref(donor);
	asyncore_unref(heir);
	ck_assert_int_eq(asyncore_close_all(map, false), 0);
}

START_TEST(heir_of_a_descriptor_does_not_inherit_its_readiness)
{
	struct asyncore_dispatcher *actor;
	int fds[2];

	make_pair(fds);
	write_all(fds[1], "z", 1);
	actor = asyncore_new_socket(&inheriting, fds[0], map);
	donor = connected();
	hand_over(actor, _i);
	asyncore_unref(actor);
	ck_assert_int_eq(close(fds[1]), 0);
	ck_assert_int_eq(close(peer), 0);
}
END_TEST

START_TEST(channel_may_hand_its_own_descriptor_over)
{
	int fds[2];

	make_pair(fds);
	peer = fds[1];
	donor = asyncore_new_socket(&inheriting, fds[0], map);
	hand_over(donor, _i);
	ck_assert_int_eq(close(peer), 0);
}
END_TEST

void
testing_add(TCase *tc)
{
	tcase_add_loop_test(tc, detach_gives_the_descriptor_open, 0, N_MAKERS);
	tcase_add_loop_test(tc,
	    detach_out_of_any_map_gives_the_descriptor_open, 0, N_MAKERS);
	tcase_add_test(tc, detach_of_what_has_no_descriptor_is_ENOTCONN);
	tcase_add_test(tc, transport_of_ones_own_cannot_be_detached);
	tcase_add_test(tc, detach_within_detach_gives_the_descriptor_once);
	tcase_add_loop_test(tc, opened_again_while_it_leaves_it_stays_open, 0,
	    2);
	tcase_add_loop_test(tc, detached_channel_may_take_its_descriptor_back,
	    0, 2);
	tcase_add_loop_test(tc,
	    heir_of_a_descriptor_does_not_inherit_its_readiness, 0, 2);
	tcase_add_loop_test(tc, channel_may_hand_its_own_descriptor_over, 0, 2);
}
