/*
 * check_finalize.c - the end of a dispatcher: it leaves its map, its descriptor
 * is closed, finalize() runs; and what finalize() may do and cannot.
 */
#include "testing.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

const char testing_suite[] = "finalize";

static int finalized;

static struct asyncore_dispatcher *
new_channel(const struct asyncore_class *cls, int *peer)
{
	struct asyncore_dispatcher *d;
	int fds[2];

	make_pair(fds);
	d = asyncore_new_socket(cls, fds[0], map);
	ck_assert_ptr_nonnull(d);
	*peer = fds[1];
	return d;
}

static bool
is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* ---- The order of the end. ---- */

static void
tell_left_map(struct asyncore_dispatcher *d, struct asyncore_map *m)
{
	trace("left:%d", m == map);
	ck_assert_ptr_null(asyncore_map_get(m, asyncore_fileno(d)));
	ck_assert(is_open(asyncore_fileno(d)));
	trace(asyncore_closed(d) ? "closed" : "open");
}

static void
tell_finalize(struct asyncore_dispatcher *d)
{
	trace("finalize");
	ck_assert_int_eq(asyncore_fileno(d), -1);
	ck_assert(asyncore_closed(d));
}

static const struct asyncore_class telling = {
	.name = "Telling",
	.left_map = tell_left_map,
	.finalize = tell_finalize,
};

START_TEST(channel_leaves_its_map_then_closes_then_is_finalized)
{
	int peer;
	struct asyncore_dispatcher *d = new_channel(&telling, &peer);
	const int fd = asyncore_fileno(d);

	ck_assert_int_eq(asyncore_close(d), 0);
	ck_trace("left:1 closed");
	ck_assert(!is_open(fd));
	asyncore_unref(d);
	ck_trace("finalize");
	ck_assert_int_eq(close(peer), 0);
}
END_TEST

START_TEST(channel_leaves_each_map_once)
{
	struct asyncore_map *other = asyncore_map_new(NULL);
	int peer;
	struct asyncore_dispatcher *d = new_channel(&telling, &peer);

	ck_assert_int_eq(asyncore_add_channel(d, map), 0);
	ck_trace("");
	ck_assert_int_eq(asyncore_add_channel(d, other), 0);
	ck_trace("left:1 open");
	ck_assert_int_eq(asyncore_del_channel(d), 0);
	ck_trace("left:0 open");
	ck_assert_int_eq(asyncore_del_channel(d), 0);
	ck_assert_int_eq(asyncore_close(d), 0);
	ck_trace("");
	asyncore_unref(d);
	ck_trace("finalize");
	ck_assert_int_eq(asyncore_map_free(other), 0);
	ck_assert_int_eq(close(peer), 0);
}
END_TEST

START_TEST(channel_that_was_in_no_map_leaves_none)
{
	asyncore_unref(asyncore_new(&telling, map));
	ck_trace("finalize");
}
END_TEST

static void
derived_finalize(struct asyncore_dispatcher *d)
{
	trace("derived");
	telling.finalize(d);
}

static const struct asyncore_class derived = {
	.base = &telling,
	.finalize = derived_finalize,
};

START_TEST(finalize_of_the_class_that_extends_comes_first)
{
	asyncore_unref(asyncore_new(&derived, map));
	ck_trace("derived finalize");
}
END_TEST

/* ---- In finalize. ---- */

static void
do_everything(struct asyncore_dispatcher *d)
{
	char byte;

	finalized++;
	asyncore_unref(asyncore_ref(d));
	asyncore_ref(asyncore_ref(d));
	asyncore_unref(d);
	asyncore_unref(d);
	ck_assert_int_eq(asyncore_handle_read(d), 0);
	ck_assert_int_eq(asyncore_handle_close(d), 0);
	ck_assert_int_eq(asyncore_handle_error(d, -EIO), 0);
	ck_assert_int_eq(asyncore_read(d), 0);
	ck_assert_int_eq(asyncore_recv(d, &byte, 1), 0);
	ck_assert_int_eq(asyncore_send(d, "x", 1), 0);
	ck_assert_int_eq(asyncore_close(d), 0);
	ck_assert_int_eq(asyncore_del_channel(d), 0);
	ck_assert(!asyncore_readable(d));
	ck_assert_int_eq(asyncore_detach(d), -ENOTCONN);
	asyncore_touch(d);
	ck_assert_int_eq(finalized, 1);
}

static int
never_call(struct asyncore_dispatcher *d)
{
	ck_abort_msg("a hook of %p in finalize", (void *)d);
	return 0;
}

static const struct asyncore_class busy_at_the_end = {
	.handle_read = never_call,
	.handle_close = never_call,
	.finalize = do_everything,
};

START_TEST(finalize_may_call_anything_and_runs_once)
{
	int peer;
	struct asyncore_dispatcher *d = new_channel(&busy_at_the_end, &peer);

	if (_i == 0)
		ck_assert_int_eq(asyncore_close(d), 0);
	else
		ck_assert_int_eq(asyncore_del_channel(d), 0);
	asyncore_unref(d);
	ck_assert_int_eq(finalized, 1);
	ck_assert_int_eq(close(peer), 0);
}
END_TEST

static void
come_back(struct asyncore_dispatcher *d)
{
	int fds[2];

	finalized++;
	make_pair(fds);
	ck_assert_int_lt(asyncore_create_socket(d, AF_INET, SOCK_STREAM), 0);
	ck_assert_int_lt(asyncore_set_socket(d, fds[0]), 0);
	ck_assert(!is_open(fds[0]));
	ck_assert_int_lt(asyncore_set_transport(d,
	    &(struct asyncore_transport){ .name = "T" }, NULL, -1), 0);
	ck_assert_int_lt(asyncore_add_channel(d, map), 0);
	ck_assert_int_eq(asyncore_fileno(d), -1);
	ck_assert_int_eq(close(fds[1]), 0);
}

static int
never_run(struct asyncore_dispatcher *d, void *arg)
{
	(void)arg;
	return never_call(d);
}

/* What would come later, when there is no channel any more. */
static void
plan_ahead(struct asyncore_dispatcher *d)
{
	finalized++;
	ck_assert_int_eq(asyncore_set_timeout(d, 1), -EINVAL);
	ck_assert_int_eq(asyncore_channel_call_later(d, 0, never_run, NULL),
	    -EINVAL);
	ck_assert_int_eq(asyncore_channel_call_every(d, 1, never_run, NULL),
	    -EINVAL);
	ck_assert_int_eq(asyncore_connect_hostname(d, NULL, AF_INET,
	    "127.0.0.1", 80), -EINVAL);
	ck_assert_int_eq(asyncore_bind_hostname(d, AF_INET, "127.0.0.1", "0"),
	    -EINVAL);
	ck_assert_int_eq(asyncore_set_max_connections(d, 1), -EINVAL);
	errno = 0;
	ck_assert_ptr_null(asyncore_give_bufferevent(d, 0));
	ck_assert_int_eq(errno, EINVAL);
}

static const struct asyncore_class planner = { .finalize = plan_ahead };

START_TEST(finalize_cannot_begin_what_would_come_later)
{
	asyncore_unref(asyncore_new(&planner, map));
	ck_assert_int_eq(finalized, 1);
	ck_assert_int_eq(asyncore_poll(0, map), 0);
}
END_TEST

static const struct asyncore_class undead = { .finalize = come_back };

START_TEST(finalize_cannot_bring_the_channel_back)
{
	asyncore_unref(asyncore_new(&undead, map));
	ck_assert_int_eq(finalized, 1);
	ck_assert_uint_eq(asyncore_map_len(map), 0);
}
END_TEST

struct link {
	struct asyncore_dispatcher *next;
};

static void
end_next(struct asyncore_dispatcher *d)
{
	struct link *self = asyncore_self(d);

	finalized++;
	if (self->next != NULL && asyncore_fileno(self->next) >= 0)
		ck_assert_int_eq(asyncore_close(self->next), 0);
	asyncore_unref(self->next);
}

static const struct asyncore_class chained = {
	.instance_size = sizeof(struct link),
	.finalize = end_next,
};

START_TEST(finalize_may_end_others)
{
	struct asyncore_dispatcher *d = NULL, *next;
	int i, peers[100];

	for (i = 0; i < 100; i++) {
		next = d;
		d = new_channel(&chained, &peers[i]);
		((struct link *)asyncore_self(d))->next = next;
	}
	ck_assert_int_eq(asyncore_close(d), 0);
	asyncore_unref(d);
	ck_assert_int_eq(finalized, 100);
	ck_assert_uint_eq(asyncore_map_len(map), 0);
	for (i = 0; i < 100; i++)
		ck_assert_int_eq(close(peers[i]), 0);
}
END_TEST

static void
free_own_map(struct asyncore_dispatcher *d)
{
	finalized++;
	ck_assert_int_eq(asyncore_map_free(asyncore_map_of(d)), 0);
}

static const struct asyncore_class owner = { .finalize = free_own_map };

START_TEST(finalize_may_free_its_map)
{
	asyncore_unref(asyncore_new(&owner, asyncore_map_new(NULL)));
	ck_assert_int_eq(finalized, 1);
}
END_TEST

void
testing_add(TCase *tc)
{
	tcase_add_test(tc,
	    channel_leaves_its_map_then_closes_then_is_finalized);
	tcase_add_test(tc, channel_leaves_each_map_once);
	tcase_add_test(tc, channel_that_was_in_no_map_leaves_none);
	tcase_add_test(tc, finalize_of_the_class_that_extends_comes_first);
	tcase_add_loop_test(tc, finalize_may_call_anything_and_runs_once, 0, 2);
	tcase_add_test(tc, finalize_cannot_bring_the_channel_back);
	tcase_add_test(tc, finalize_cannot_begin_what_would_come_later);
	tcase_add_test(tc, finalize_may_end_others);
	tcase_add_test(tc, finalize_may_free_its_map);
}
