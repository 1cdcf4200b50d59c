/*
 * check_map.c - maps: their life, what is in them and by which number,
 * and what becomes of dispatchers whose map is gone.
 */
#include "probe.h"

#include <errno.h>
#include <limits.h>
#include <sys/socket.h>
#include <unistd.h>

const char testing_suite[] = "map";

static struct asyncore_map *
new_map(void)
{
	struct asyncore_map *m = asyncore_map_new(NULL);

	ck_assert_ptr_nonnull(m);
	return m;
}

static int
new_socket(void)
{
	const int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_ge(fd, 0);
	return fd;
}

static void
put_readers(int n)
{
	int i;

	for (i = 0; i < n; i++)
		add_pair(i, true, false);
}

/* ---- Life. ---- */

START_TEST(a_new_map_is_empty_and_has_a_base)
{
	struct asyncore_map *m = new_map();

	ck_assert_uint_eq(asyncore_map_len(m), 0);
	ck_assert_ptr_nonnull(asyncore_map_base(m));
	ck_assert_ptr_ne(asyncore_map_base(m), asyncore_map_base(map));
	ck_assert_int_eq(asyncore_map_free(m), 0);
}
END_TEST

START_TEST(freeing_none_is_fine)
{
	ck_assert_int_eq(asyncore_map_free(NULL), 0);
}
END_TEST

START_TEST(a_map_with_channels_is_not_freed)
{
	put_readers(1);
	ck_assert_int_eq(asyncore_map_free(map), -EBUSY);
	ck_assert_uint_eq(asyncore_map_len(map), 1);
	ck_assert_int_eq(asyncore_poll(LONG, map), 0);
	ck_trace("r0");
	close_peers();
}
END_TEST

static int
close_and_free(struct asyncore_dispatcher *d)
{
	ck_assert_int_eq(asyncore_close(d), 0);
	trace("%d", asyncore_map_free(map) == -EBUSY);
	return 0;
}

START_TEST(a_map_is_not_freed_by_its_hooks)
{
	put_readers(1);
	probe(0)->on_read = close_and_free;
	ck_assert_int_eq(asyncore_loop(LONG, _i, map, -1), 0);
	ck_trace("r0 1");
	close_peers();
}
END_TEST

START_TEST(a_map_is_not_freed_by_its_predicates)
{
	put_readers(1);
	probe(0)->on_writable = close_and_free;
	ck_assert_int_eq(asyncore_loop(LONG, _i, map, -1), 0);
	ck_trace("1");
	close_peers();
}
END_TEST

static void
close_and_free_later(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	(void)close_and_free(channel[0]);
}

START_TEST(a_map_is_not_freed_inside_of_its_wait)
{
	const struct timeval tv = { 0, 0 };

	put_readers(1);
	probe(0)->r = false;
	ck_assert_int_eq(event_base_once(asyncore_map_base(map), -1,
	    EV_TIMEOUT, close_and_free_later, NULL, &tv), 0);
	ck_assert_int_eq(asyncore_loop(LONG, _i, map, -1), 0);
	ck_trace("1");
	close_peers();
}
END_TEST

static int
close_and_free_it(struct asyncore_dispatcher *d, void *arg)
{
	(void)arg;
	return close_and_free(d);
}

START_TEST(a_map_is_not_freed_inside_of_a_walk)
{
	put_readers(1);
	ck_assert_int_eq(asyncore_map_foreach(map, close_and_free_it, NULL),
	    0);
	ck_trace("1");
	close_peers();
}
END_TEST

/* A dispatcher that still calls a freed map its own. */
static struct asyncore_dispatcher *
orphan(int fd)
{
	struct asyncore_map *m = new_map();
	struct asyncore_dispatcher *d = fd < 0 ?
	    asyncore_new(&probe_class, m) :
	    asyncore_new_socket(&probe_class, fd, m);

	ck_assert_ptr_nonnull(d);
	ck_assert_int_eq(asyncore_del_channel(d), 0);
	ck_assert_int_eq(asyncore_map_free(m), 0);
	return d;
}

START_TEST(a_dispatcher_that_outlives_its_map_gets_no_descriptor)
{
	struct asyncore_dispatcher *d = orphan(-1);

	ck_assert_int_eq(asyncore_create_socket(d, AF_INET, SOCK_STREAM),
	    -EINVAL);
	ck_assert_int_eq(asyncore_set_socket(d, new_socket()), -EINVAL);
	ck_assert_int_eq(asyncore_fileno(d), -1);
	asyncore_unref(d);
}
END_TEST

START_TEST(a_dispatcher_that_outlives_its_map_may_enter_another)
{
	struct asyncore_dispatcher *d;
	int fds[2];

	make_pair(fds);
	d = orphan(fds[0]);
	ck_assert_int_eq(asyncore_add_channel(d, NULL), -EINVAL);
	ck_assert_int_eq(asyncore_fileno(d), fds[0]);
	ck_assert_int_eq(asyncore_add_channel(d, map), 0);
	ck_assert_ptr_eq(asyncore_map_of(d), map);
	probe_of(d)->w = true;
	ck_assert_int_eq(asyncore_poll(LONG, map), 0);
	ck_trace("w0");
	asyncore_unref(d);
	close(fds[1]);
}
END_TEST

START_TEST(a_dispatcher_that_outlives_its_map_may_be_used_and_closed)
{
	struct asyncore_dispatcher *d;
	int fds[2];

	make_pair(fds);
	d = orphan(fds[0]);
	ck_assert_int_eq(asyncore_send(d, "x", 1), 1);
	asyncore_touch(d);
	ck_assert_int_eq(asyncore_set_connected(d, true), 0);
	ck_assert_int_eq(asyncore_del_channel(d), 0);
	ck_assert_int_eq(asyncore_close(d), 0);
	asyncore_unref(d);
	close(fds[1]);
}
END_TEST

static int
count_it(struct asyncore_dispatcher *d, void *arg)
{
	int *n = arg;

	(void)d;
	++*n;
	return 0;
}

START_TEST(a_freed_map_is_refused)
{
	struct asyncore_dispatcher *d = orphan(-1);
	struct asyncore_map *m = asyncore_map_of(d);
	int n = 0;

	ck_assert_ptr_null(asyncore_new(&probe_class, m));
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_ptr_null(asyncore_new_socket(&probe_class, new_socket(), m));
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(asyncore_loop(LONG, false, m, -1), -EINVAL);
	ck_assert_int_eq(asyncore_poll(LONG, m), -EINVAL);
	ck_assert_int_eq(asyncore_poll2(LONG, m), -EINVAL);
	ck_assert_int_eq(asyncore_stop(m), -EINVAL);
	ck_assert_int_eq(asyncore_close_all(m, false), -EINVAL);
	ck_assert_int_eq(asyncore_map_set_presume(m, false), -EINVAL);
	ck_assert_int_eq(asyncore_map_foreach(m, count_it, &n), -EINVAL);
	ck_assert_int_eq(n, 0);
	ck_assert_uint_eq(asyncore_map_len(m), 0);
	ck_assert_ptr_null(asyncore_map_get(m, 0));
	asyncore_unref(d);
}
END_TEST

START_TEST(a_channel_does_not_enter_a_freed_map)
{
	struct asyncore_dispatcher *d = orphan(-1);
	const int fds_before = count_fds();
	struct asyncore_dispatcher *c = asyncore_new_socket(&probe_class,
	    new_socket(), map);

	ck_assert_int_eq(asyncore_add_channel(c, asyncore_map_of(d)), -EINVAL);
	ck_assert_uint_eq(asyncore_map_len(map), 0);
	ck_assert_int_eq(asyncore_add_channel(c, map), 0);
	ck_assert_int_eq(asyncore_close(c), 0);
	ck_assert_int_eq(count_fds(), fds_before);
	asyncore_unref(c);
	asyncore_unref(d);
}
END_TEST

/* ---- The socket map. ---- */

START_TEST(the_socket_map_is_one)
{
	struct asyncore_map *m = asyncore_socket_map();

	ck_assert_ptr_nonnull(m);
	ck_assert_ptr_eq(asyncore_socket_map(), m);
	ck_assert_ptr_eq(asyncore_map_base(NULL), asyncore_map_base(m));
}
END_TEST

START_TEST(no_map_means_the_socket_map)
{
	struct asyncore_dispatcher *d;
	int n = 0;

	ck_assert_uint_eq(asyncore_map_len(NULL), 0);
	ck_assert_ptr_null(asyncore_map_get(NULL, 0));
	d = asyncore_spawn(&probe_class, new_socket(), NULL);
	ck_assert_ptr_eq(asyncore_map_of(d), asyncore_socket_map());
	ck_assert_uint_eq(asyncore_map_len(NULL), 1);
	ck_assert_ptr_eq(asyncore_map_get(NULL, asyncore_fileno(d)), d);
	ck_assert_int_eq(asyncore_map_foreach(NULL, count_it, &n), 0);
	ck_assert_int_eq(n, 1);
	ck_assert_int_eq(asyncore_close_all(NULL, false), 0);
	ck_assert_uint_eq(asyncore_map_len(NULL), 0);
}
END_TEST

START_TEST(the_socket_map_is_made_anew_after_it_was_freed)
{
	struct asyncore_dispatcher *d = asyncore_new(&probe_class, NULL);
	struct asyncore_map *m = asyncore_socket_map();

	ck_assert_ptr_eq(asyncore_map_of(d), m);
	ck_assert_int_eq(asyncore_map_free(m), 0);
	ck_assert_ptr_ne(asyncore_socket_map(), m);
	ck_assert_int_eq(asyncore_create_socket(d, AF_INET, SOCK_STREAM),
	    -EINVAL);
	ck_assert_ptr_nonnull(asyncore_spawn(&probe_class, new_socket(),
	    NULL));
	ck_assert_uint_eq(asyncore_map_len(NULL), 1);
	ck_assert_int_eq(asyncore_map_free(asyncore_socket_map()), -EBUSY);
	asyncore_unref(d);
}
END_TEST

/* ---- What is in it. ---- */

START_TEST(len_counts_and_get_finds_channels)
{
	int i;

	put_readers(3);
	ck_assert_uint_eq(asyncore_map_len(map), 3);
	for (i = 0; i < 3; i++)
		ck_assert_ptr_eq(asyncore_map_get(map,
		    asyncore_fileno(channel[i])), channel[i]);
	close_peers();
}
END_TEST

START_TEST(get_finds_nothing_under_other_numbers)
{
	put_readers(1);
	ck_assert_ptr_null(asyncore_map_get(map, peer[0]));
	ck_assert_ptr_null(asyncore_map_get(map, -1));
	ck_assert_ptr_null(asyncore_map_get(map, INT_MIN));
	ck_assert_ptr_null(asyncore_map_get(map, INT_MAX));
	close_peers();
}
END_TEST

START_TEST(get_finds_none_that_has_left)
{
	int fd;

	put_readers(2);
	fd = asyncore_fileno(channel[0]);
	asyncore_ref(channel[0]);
	ck_assert_int_eq(asyncore_del_channel(channel[0]), 0);
	ck_assert_ptr_null(asyncore_map_get(map, fd));
	ck_assert_uint_eq(asyncore_map_len(map), 1);
	ck_assert_int_eq(asyncore_fileno(channel[0]), fd);
	asyncore_unref(channel[0]);
	close_peers();
}
END_TEST

START_TEST(a_channel_without_descriptor_enters_no_map)
{
	struct asyncore_dispatcher *d = asyncore_new(&probe_class, map);

	ck_assert_int_eq(asyncore_add_channel(d, map), -EBADF);
	ck_assert_int_eq(asyncore_add_channel(NULL, map), -EINVAL);
	ck_assert_uint_eq(asyncore_map_len(map), 0);
	asyncore_unref(d);
}
END_TEST

/* The descriptor stays the first one's, and works. */
START_TEST(a_descriptor_is_in_a_map_once)
{
	struct asyncore_dispatcher *d = asyncore_new(&probe_class, map);
	int fd;

	put_readers(1);
	fd = asyncore_fileno(channel[0]);
	ck_assert_ptr_null(asyncore_new_socket(&probe_class, fd, map));
	ck_assert_int_eq(errno, EEXIST);
	ck_assert_ptr_null(asyncore_spawn(&probe_class, fd, map));
	ck_assert_int_eq(errno, EEXIST);
	ck_assert_int_eq(asyncore_set_socket(d, fd), -EEXIST);
	ck_assert_int_eq(asyncore_set_socket(channel[0], fd), -EEXIST);
	ck_assert_uint_eq(asyncore_map_len(map), 1);
	ck_assert_int_eq(asyncore_poll(LONG, map), 0);
	ck_trace("r0");
	asyncore_unref(d);
	close_peers();
}
END_TEST

START_TEST(a_channel_does_not_drive_another_out)
{
	struct asyncore_dispatcher *first;

	put_readers(1);
	first = asyncore_ref(channel[0]);
	ck_assert_int_eq(asyncore_del_channel(first), 0);
	add_probe(0, asyncore_fileno(first), true, false);
	ck_assert_int_eq(asyncore_add_channel(first, map), -EEXIST);
	ck_assert_int_eq(asyncore_poll(LONG, map), 0);
	ck_trace("r0");
	ck_assert_ptr_eq(asyncore_map_get(map, asyncore_fileno(first)),
	    channel[0]);
	ck_assert_int_ge(asyncore_detach(first), 0);
	asyncore_unref(first);
	close_peers();
}
END_TEST

static void
add_life(TCase *tc)
{
	tcase_add_test(tc, a_new_map_is_empty_and_has_a_base);
	tcase_add_test(tc, freeing_none_is_fine);
	tcase_add_test(tc, a_map_with_channels_is_not_freed);
	tcase_add_loop_test(tc, a_map_is_not_freed_by_its_hooks, 0, 2);
	tcase_add_loop_test(tc, a_map_is_not_freed_by_its_predicates, 0, 2);
	tcase_add_loop_test(tc, a_map_is_not_freed_inside_of_its_wait, 0, 2);
	tcase_add_test(tc, a_map_is_not_freed_inside_of_a_walk);
	tcase_add_test(tc,
	    a_dispatcher_that_outlives_its_map_gets_no_descriptor);
	tcase_add_test(tc,
	    a_dispatcher_that_outlives_its_map_may_enter_another);
	tcase_add_test(tc,
	    a_dispatcher_that_outlives_its_map_may_be_used_and_closed);
	tcase_add_test(tc, a_freed_map_is_refused);
	tcase_add_test(tc, a_channel_does_not_enter_a_freed_map);
	tcase_add_test(tc, the_socket_map_is_one);
	tcase_add_test(tc, no_map_means_the_socket_map);
	tcase_add_test(tc, the_socket_map_is_made_anew_after_it_was_freed);
}

static void
add_content(TCase *tc)
{
	tcase_add_test(tc, len_counts_and_get_finds_channels);
	tcase_add_test(tc, get_finds_nothing_under_other_numbers);
	tcase_add_test(tc, get_finds_none_that_has_left);
	tcase_add_test(tc, a_channel_without_descriptor_enters_no_map);
	tcase_add_test(tc, a_descriptor_is_in_a_map_once);
	tcase_add_test(tc, a_channel_does_not_drive_another_out);
}

void
testing_add(TCase *tc)
{
	add_life(tc);
	add_content(tc);
}
