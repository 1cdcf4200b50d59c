/*
 * check_freed.c - maps that were freed, or cannot be: what still points to one
 * gets an error, and a channel outlives its map.
 */
#include "testing.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/bufferevent.h>

#include "asynchat.h"

const char testing_suite[] = "freed";

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
	.handle_read = on_read,
	.handle_close = on_close,
};

static const struct asyncore_class file = {
	.base = &asyncore_file_dispatcher_class,
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

static int
count_one(struct asyncore_dispatcher *d, void *arg)
{
	(void)d;
	++*(int *)arg;
	return 0;
}

START_TEST(map_with_a_channel_is_not_freed)
{
	struct asyncore_dispatcher *d;
	int peer;

	d = new_pair(&peer);
	ck_assert_int_eq(asyncore_map_free(map), -EBUSY);
	end_pair(d, peer);
}
END_TEST

START_TEST(freed_map_is_EINVAL)
{
	struct asyncore_map *freed = asyncore_map_new(NULL);
	struct asyncore_dispatcher *d = asyncore_new(&channel, freed);
	int n = 0;

	ck_assert_int_eq(asyncore_map_free(freed), 0);
	ck_assert_ptr_eq(asyncore_map_of(d), freed);
	ck_assert_int_eq(asyncore_loop(1, false, freed, 1), -EINVAL);
	ck_assert_int_eq(asyncore_poll(1, freed), -EINVAL);
	ck_assert_int_eq(asyncore_poll2(1, freed), -EINVAL);
	ck_assert_int_eq(asyncore_stop(freed), -EINVAL);
	ck_assert_int_eq(asyncore_close_all(freed, false), -EINVAL);
	ck_assert_int_eq(asyncore_map_foreach(freed, count_one, &n), -EINVAL);
	ck_assert_int_eq(asyncore_map_set_presume(freed, false), -EINVAL);
	ck_assert_ptr_null(asyncore_map_base(freed));
	ck_assert_ptr_null(asyncore_map_get(freed, 0));
	ck_assert_uint_eq(asyncore_map_len(freed), 0);
	ck_assert_int_lt(asyncore_map_free(freed), 0);
	ck_assert_int_eq(n, 0);
	asyncore_unref(d);
}
END_TEST

static int
never(void *arg)
{
	(void)arg;
	ck_abort_msg("a call of a map that was freed");
	return 0;
}

static int
never_tied(struct asyncore_dispatcher *d, void *arg)
{
	(void)d;
	return never(arg);
}

START_TEST(freed_map_schedules_nothing_and_is_not_reached)
{
	struct asyncore_map *freed = asyncore_map_new(NULL);
	struct asyncore_dispatcher *d = asyncore_new(&channel, freed);

	ck_assert_int_eq(asyncore_map_enable_threads(freed), 0);
	ck_assert_int_eq(asyncore_map_free(freed), 0);
	ck_assert_int_eq(asyncore_call_later(freed, 0, never, NULL), -EINVAL);
	ck_assert_int_eq(asyncore_call_every(freed, 1, never, NULL), -EINVAL);
	ck_assert_int_eq(asyncore_channel_call_later(d, 0, never_tied, NULL),
	    -EINVAL);
	ck_assert_int_eq(asyncore_set_timeout(d, 1), -EINVAL);
	ck_assert_int_eq(asyncore_cancel_call(freed, 1), -ENOENT);
	ck_assert_int_eq(asyncore_interrupt_on(freed, SIGUSR1), -EINVAL);
	ck_assert_int_eq(asyncore_map_enable_threads(freed), -EINVAL);
	ck_assert_int_eq(asyncore_wakeup(freed), -EINVAL);
	ck_assert_int_eq(asyncore_call_soon_threadsafe(freed, never, NULL),
	    -EINVAL);
	ck_assert_int_eq(asyncore_attach(freed), -EINVAL);
	ck_assert_int_eq(asyncore_detach_map(freed), -EINVAL);
	asyncore_unref(d);
}
END_TEST

START_TEST(freed_map_connects_and_binds_nothing)
{
	struct asyncore_map *freed = asyncore_map_new(NULL);
	struct asyncore_dispatcher *d = asyncore_new(&channel, freed);
	struct bufferevent *bev;

	ck_assert_int_eq(asyncore_map_free(freed), 0);
	ck_assert_int_eq(asyncore_connect_hostname(d, NULL, AF_INET,
	    "127.0.0.1", 1), -EINVAL);
	ck_assert_int_eq(asyncore_bind_hostname(d, AF_INET, "127.0.0.1", "0"),
	    -EINVAL);
	errno = 0;
	ck_assert_ptr_null(asyncore_give_bufferevent(d, 0));
	ck_assert_int_eq(errno, EINVAL);
	bev = bufferevent_socket_new(asyncore_map_base(map), -1, 0);
	errno = 0;
	ck_assert_ptr_null(asyncore_take_bufferevent(&channel, bev, freed));
	ck_assert_int_eq(errno, EINVAL);
	bufferevent_free(bev);
	ck_assert_int_eq(asyncore_fileno(d), -1);
	asyncore_unref(d);
}
END_TEST

static int
close_and_free(struct asyncore_dispatcher *d, const void *data, size_t len)
{
	struct asyncore_map *m = asyncore_map_of(d);

	trace("%.*s", (int)len, (const char *)data);
	ck_assert_int_eq(asyncore_close(d), 0);
	ck_assert_int_eq(asyncore_map_free(m), 0);
	return 0;
}

/* Read by hand, as a map is not freed inside of a loop of its own. */
START_TEST(chat_may_free_its_map_when_it_has_read)
{
	static const struct asynchat_class cls = {
		.dispatcher = {
			.base = &asynchat_async_chat_class.dispatcher,
			.flags = ASYNCHAT_CLASS,
		},
		.collect_incoming_data = close_and_free,
	};
	struct asyncore_dispatcher *d;
	int fds[2];

	make_pair(fds);
	write_all(fds[1], "abc", 3);
	d = asynchat_new_socket(&cls, fds[0], asyncore_map_new(NULL));
	ck_assert_ptr_nonnull(d);
	ck_assert_int_eq(asyncore_read(d), 0);
	ck_trace("abc");
	asyncore_unref(d);
	ck_assert_int_eq(close(fds[1]), 0);
}
END_TEST

START_TEST(freed_map_takes_no_channel)
{
	struct asyncore_map *freed = asyncore_map_new(NULL);
	struct asyncore_dispatcher *d = asyncore_new(&channel, freed);
	const int fds_before = count_fds();
	int fds[2];

	ck_assert_int_eq(asyncore_map_free(freed), 0);
	errno = 0;
	ck_assert_ptr_null(asyncore_new(&channel, freed));
	ck_assert_int_eq(errno, EINVAL);
	make_pair(fds);
	errno = 0;
	ck_assert_ptr_null(asyncore_new_socket(&channel, fds[0], freed));
	ck_assert_int_eq(errno, EINVAL);
	ck_assert(!is_open(fds[0]));
	errno = 0;
	ck_assert_ptr_null(asyncore_new_file(&file, fds[1], freed));
	ck_assert_int_eq(errno, EINVAL);
	ck_assert(is_open(fds[1]));
	ck_assert_int_eq(asyncore_create_socket(d, AF_INET, SOCK_STREAM),
	    -EINVAL);
	ck_assert_int_eq(asyncore_set_socket(d, fds[1]), -EINVAL);
	ck_assert(!is_open(fds[1]));
	ck_assert_int_eq(asyncore_fileno(d), -1);
	asyncore_unref(d);
	ck_assert_int_lt(count_fds(), fds_before);
}
END_TEST

START_TEST(channel_outlives_its_map_and_moves_to_another)
{
	struct asyncore_map *freed = asyncore_map_new(NULL);
	struct asyncore_dispatcher *d;
	int fds[2];

	make_pair(fds);
	d = asyncore_new_socket(&channel, fds[0], freed);
	ck_assert_ptr_nonnull(d);
	ck_assert_int_eq(asyncore_del_channel(d), 0);
	ck_assert_int_eq(asyncore_map_free(freed), 0);
	ck_assert_int_eq(asyncore_add_channel(d, NULL), -EINVAL);
	ck_assert_int_eq(asyncore_add_channel(d, map), 0);
	ck_assert_ptr_eq(asyncore_map_of(d), map);
	end_pair(d, fds[1]);
}
END_TEST

static int
trace_piece(struct asyncore_dispatcher *d, const void *data, size_t len)
{
	(void)d;
	trace("%.*s", (int)len, (const char *)data);
	return 0;
}

/* The map has had a buffer for its input, which went with the map. */
START_TEST(chat_that_has_read_outlives_its_map_and_reads_again)
{
	static const struct asynchat_class cls = {
		.dispatcher = {
			.base = &asynchat_async_chat_class.dispatcher,
			.flags = ASYNCHAT_CLASS,
		},
		.collect_incoming_data = trace_piece,
	};
	struct asyncore_map *freed = asyncore_map_new(NULL);
	struct asyncore_dispatcher *d;
	int fds[2];

	make_pair(fds);
	d = asynchat_new_socket(&cls, fds[0], freed);
	ck_assert_ptr_nonnull(d);
	write_all(fds[1], "abc", 3);
	ck_assert_int_eq(asyncore_read(d), 0);
	ck_assert_int_eq(asyncore_del_channel(d), 0);
	ck_assert_int_eq(asyncore_map_free(freed), 0);
	write_all(fds[1], "def", 3);
	ck_assert_int_eq(asyncore_read(d), 0);
	write_all(fds[1], "ghi", 3);
	ck_assert_int_eq(asyncore_read(d), 0);
	ck_trace("abc def ghi");
	asyncore_unref(d);
	ck_assert_int_eq(close(fds[1]), 0);
}
END_TEST

static int
nothing_for_now(struct asynchat_producer *producer, struct evbuffer *out)
{
	(void)producer;
	(void)out;
	return -EAGAIN;
}

/* Nobody would wake it there, so that it is asked as soon as it is in a map. */
START_TEST(producer_with_nothing_for_now_outlives_the_map)
{
	struct asynchat_producer producer = { .more = nothing_for_now };
	struct asyncore_map *freed = asyncore_map_new(NULL);
	struct asyncore_dispatcher *d;
	int fds[2];

	make_pair(fds);
	d = asynchat_new_socket(&asynchat_async_chat_class, fds[0], freed);
	ck_assert_ptr_nonnull(d);
	ck_assert_int_eq(asyncore_del_channel(d), 0);
	ck_assert_int_eq(asyncore_map_free(freed), 0);
	ck_assert_int_eq(asynchat_push_with_producer(d, &producer), 0);
	ck_assert(asyncore_writable(d));
	asyncore_unref(d);
	ck_assert_int_eq(close(fds[1]), 0);
}
END_TEST

START_TEST(failed_add_leaves_a_channel_in_no_map)
{
	struct asyncore_map *freed = asyncore_map_new(NULL);
	struct asyncore_dispatcher *keeper = asyncore_new(&channel, freed);
	struct asyncore_dispatcher *d;
	int peer;

	ck_assert_int_eq(asyncore_map_free(freed), 0);
	d = new_pair(&peer);
	ck_assert_int_eq(asyncore_add_channel(d, freed), -EINVAL);
	ck_assert_uint_eq(asyncore_map_len(map), 0);
	ck_assert(!asyncore_closed(d));
	ck_assert_int_ge(asyncore_fileno(d), 0);
	ck_assert_int_eq(asyncore_add_channel(d, map), 0);
	end_pair(d, peer);
	asyncore_unref(keeper);
}
END_TEST

void
testing_add(TCase *tc)
{
	tcase_add_test(tc, map_with_a_channel_is_not_freed);
	tcase_add_test(tc, freed_map_is_EINVAL);
	tcase_add_test(tc, freed_map_schedules_nothing_and_is_not_reached);
	tcase_add_test(tc, freed_map_connects_and_binds_nothing);
	tcase_add_test(tc, chat_may_free_its_map_when_it_has_read);
	tcase_add_test(tc, freed_map_takes_no_channel);
	tcase_add_test(tc, channel_outlives_its_map_and_moves_to_another);
	tcase_add_test(tc, chat_that_has_read_outlives_its_map_and_reads_again);
	tcase_add_test(tc, producer_with_nothing_for_now_outlives_the_map);
	tcase_add_test(tc, failed_add_leaves_a_channel_in_no_map);
}
