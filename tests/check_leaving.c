/*
 * check_leaving.c - how channels leave a map: moved to another one, closed,
 * given up; and the slot that hears of it.
 */
#include "probe.h"

#include <errno.h>
#include <unistd.h>

const char testing_suite[] = "leaving";

static struct asyncore_map *second;

static void
make_second(bool same_base)
{
	second = asyncore_map_new(same_base ? asyncore_map_base(map) : NULL);
	ck_assert_ptr_nonnull(second);
}

static void
end_second(void)
{
	ck_assert_int_eq(asyncore_close_all(second, false), 0);
	ck_assert_int_eq(asyncore_map_free(second), 0);
}

/* ---- Moving: 0 between two bases, 1 on one. ---- */

START_TEST(add_channel_moves_from_map_to_map)
{
	make_second(_i);
	add_three();
	ck_poll(map, "r0 r1 r2 w0 w1 w2");
	ck_assert_int_eq(asyncore_add_channel(channel[1], second), 0);
	ck_assert_ptr_eq(asyncore_map_of(channel[1]), second);
	ck_assert_uint_eq(asyncore_map_len(map), 2);
	ck_assert_uint_eq(asyncore_map_len(second), 1);
	ck_poll(map, "r0 r2 w0 w2");
	ck_poll(second, "r1 w1");
	ck_assert_int_eq(asyncore_add_channel(channel[1], map), 0);
	ck_poll(second, "");
	ck_poll(map, "r0 r2 r1 w0 w2 w1");
	end_second();
	close_peers();
}
END_TEST

START_TEST(without_a_map_add_channel_means_the_one_it_was_in)
{
	make_second(_i);
	add_three();
	ck_assert_int_eq(asyncore_add_channel(channel[1], second), 0);
	ck_assert_int_eq(asyncore_add_channel(channel[1], NULL), 0);
	ck_assert_ptr_eq(asyncore_map_of(channel[1]), second);
	asyncore_ref(channel[1]);
	ck_assert_int_eq(asyncore_del_channel(channel[1]), 0);
	ck_assert_int_eq(asyncore_add_channel(channel[1], NULL), 0);
	asyncore_unref(channel[1]);
	ck_poll(second, "r1 w1");
	end_second();
	close_peers();
}
END_TEST

static int
move_1(struct asyncore_dispatcher *d)
{
	(void)d;
	return asyncore_add_channel(channel[1], second);
}

START_TEST(moved_in_a_hook_it_is_not_served_here)
{
	make_second(_i);
	add_three();
	probe(0)->on_read = move_1;
	ck_poll(map, "r0 r2 w0 w2");
	ck_poll(second, "r1 w1");
	ck_poll(map, "r0 r2 w0 w2");
	end_second();
	close_peers();
}
END_TEST

/* As in Python, where readwrite() does not look into the map again. */
START_TEST(moved_in_its_own_hook_it_is_served_by_poll2_only)
{
	make_second(_i);
	add_three();
	probe(1)->on_read = move_1;
	ck_assert_int_eq(asyncore_poll2(LONG, map), 0);
	ck_trace("r0 w0 r1 w1 r2 w2");
	ck_assert_int_eq(asyncore_add_channel(channel[1], map), 0);
	ck_poll(map, "r0 r2 r1 w0 w2");
	ck_poll(second, "r1 w1");
	end_second();
	close_peers();
}
END_TEST

START_TEST(moved_in_a_predicate_it_is_not_served_here)
{
	make_second(_i);
	add_three();
	probe(0)->on_readable = probe(1)->on_writable = move_1;
	ck_poll(map, "r0 r2 w0 w2");
	probe(1)->on_writable = NULL;
	ck_poll(second, "r1 w1");
	end_second();
	close_peers();
}
END_TEST

static int
move_there_and_back(struct asyncore_dispatcher *d)
{
	ck_assert_int_eq(move_1(d), 0);
	return asyncore_add_channel(channel[1], map);
}

/* As in Python, where it is found in the map again. */
START_TEST(moved_there_and_back_it_is_served_here)
{
	make_second(_i);
	add_three();
	probe(0)->on_read = move_there_and_back;
	ck_poll(map, "r0 r1 r2 w0 w1 w2");
	end_second();
	close_peers();
}
END_TEST

START_TEST(a_move_that_fails_leaves_it_in_no_map)
{
	int fd;

	make_second(_i);
	add_three();
	fd = asyncore_fileno(channel[1]);
	put_probe(&probe_class, 3, fd, second);
	asyncore_ref(channel[1]);
	ck_assert_int_eq(asyncore_add_channel(channel[1], second), -EEXIST);
	ck_assert_ptr_null(asyncore_map_get(map, fd));
	ck_assert_ptr_eq(asyncore_map_get(second, fd), channel[3]);
	ck_assert_int_eq(asyncore_detach(channel[1]), fd);
	asyncore_unref(channel[1]);
	ck_poll(map, "r0 r2 w0 w2");
	end_second();
	close_peers();
}
END_TEST

/* ---- left_map. ---- */

static void
tell(struct asyncore_dispatcher *d, struct asyncore_map *m)
{
	trace("l%d%s", probe_of(d)->id, m == map ? "" : "'");
	ck_assert_ptr_null(asyncore_map_get(m, asyncore_fileno(d)));
}

static const struct asyncore_class teller_class = {
	.base = &probe_class,
	.left_map = tell,
};

static int
close_them_all(struct asyncore_dispatcher *d)
{
	return asyncore_close_all(asyncore_map_of(d), false);
}

static int
del_0(struct asyncore_dispatcher *d)
{
	(void)d;
	return asyncore_del_channel(channel[0]);
}

static int
move_0(struct asyncore_dispatcher *d)
{
	(void)d;
	return asyncore_add_channel(channel[0], second);
}

static int
detach_0(struct asyncore_dispatcher *d)
{
	(void)d;
	return close(asyncore_detach(channel[0]));
}

static const probe_action ways[] = { close_0, close_them_all, del_0, move_0,
    detach_0 };

#define WAYS ((int)(sizeof ways / sizeof ways[0]))

START_TEST(left_map_is_called_once_whichever_way_it_leaves)
{
	struct asyncore_dispatcher *d;

	make_second(false);
	put_pair(&teller_class, 0, true, false);
	d = asyncore_ref(channel[0]);
	ck_assert_int_eq(ways[_i](d), 0);
	ck_trace("l0");
	(void)asyncore_add_channel(d, second);
	ck_trace("");
	(void)asyncore_close(d);
	clear_trace();
	asyncore_unref(d);
	ck_trace("");
	end_second();
	close_peers();
}
END_TEST

START_TEST(left_map_is_called_in_a_hook_at_once)
{
	make_second(false);
	put_pair(&teller_class, 0, true, false);
	add_pair(1, true, false);
	asyncore_ref(channel[0]);
	probe(0)->on_read = ways[_i];
	ck_assert_int_eq(asyncore_poll(LONG, map), 0);
	ck_trace(ways[_i] == close_them_all ? "r0 l0" : "r0 l0 r1");
	asyncore_unref(channel[0]);
	end_second();
	close_peers();
}
END_TEST

START_TEST(left_map_is_told_which_map)
{
	make_second(_i);
	put_pair(&teller_class, 0, true, false);
	ck_assert_int_eq(asyncore_add_channel(channel[0], second), 0);
	ck_trace("l0");
	ck_assert_int_eq(asyncore_add_channel(channel[0], map), 0);
	ck_trace("l0'");
	end_second();
	close_peers();
}
END_TEST

START_TEST(left_map_is_not_called_for_one_that_was_in_none)
{
	put_pair(&teller_class, 0, true, false);
	asyncore_ref(channel[0]);
	ck_assert_int_eq(asyncore_del_channel(channel[0]), 0);
	ck_trace("l0");
	ck_assert_int_eq(asyncore_del_channel(channel[0]), 0);
	ck_assert_int_eq(asyncore_close(channel[0]), 0);
	asyncore_unref(channel[0]);
	ck_trace("");
	close_peers();
}
END_TEST

/* As a binding does that keeps a reference for each channel of a map. */
static void
give_back(struct asyncore_dispatcher *d, struct asyncore_map *m)
{
	tell(d, m);
	asyncore_unref(d);
}

START_TEST(left_map_may_give_the_last_reference_back)
{
	static const struct asyncore_class cls = {
		.base = &probe_class,
		.left_map = give_back,
	};

	put_pair(&cls, 0, true, false);
	asyncore_ref(channel[0]);
	probe(0)->tells_end = true;
	probe(0)->on_read = close_self;
	ck_assert_int_eq(asyncore_loop(LONG, _i, map, -1), 0);
	ck_trace("r0 l0 f0");
	close_peers();
}
END_TEST

static void
free_it(struct asyncore_dispatcher *d, struct asyncore_map *m)
{
	tell(d, m);
	ck_assert_int_eq(asyncore_map_free(m), 0);
}

START_TEST(left_map_may_free_the_map)
{
	static const struct asyncore_class cls = {
		.base = &probe_class,
		.left_map = free_it,
	};
	int fds[2];

	make_second(_i);
	make_pair(fds);
	put_probe(&cls, 0, fds[0], second);
	ck_assert_int_eq(asyncore_close(channel[0]), 0);
	ck_trace("l0'");
	close(fds[1]);
}
END_TEST

static int came_back;

static void
come_back(struct asyncore_dispatcher *d, struct asyncore_map *m)
{
	tell(d, m);
	came_back = asyncore_add_channel(d, m);
}

static const struct asyncore_class returner_class = {
	.base = &probe_class,
	.left_map = come_back,
};

START_TEST(left_map_may_put_it_back)
{
	put_pair(&returner_class, 0, true, false);
	ck_assert_int_eq(asyncore_del_channel(channel[0]), 0);
	ck_trace("l0");
	ck_assert_int_eq(came_back, 0);
	ck_assert_uint_eq(asyncore_map_len(map), 1);
	ck_poll(map, "r0");
	ck_assert_int_eq(asyncore_close(channel[0]), 0);
	close_peers();
}
END_TEST

START_TEST(left_map_does_not_put_back_what_is_closed)
{
	static const probe_action closing_ways[] = { close_0, detach_0 };

	put_pair(&returner_class, 0, true, false);
	asyncore_ref(channel[0]);
	ck_assert_int_eq(closing_ways[_i](channel[0]), 0);
	ck_trace("l0");
	ck_assert_int_eq(came_back, -EBADF);
	ck_assert_uint_eq(asyncore_map_len(map), 0);
	asyncore_unref(channel[0]);
	close_peers();
}
END_TEST

START_TEST(left_map_does_not_hinder_a_move)
{
	make_second(_i);
	put_pair(&returner_class, 0, true, false);
	ck_assert_int_eq(asyncore_add_channel(channel[0], second), 0);
	ck_trace("l0");
	ck_assert_int_eq(came_back, -EBADF);
	ck_assert_ptr_eq(asyncore_map_of(channel[0]), second);
	ck_assert_uint_eq(asyncore_map_len(map), 0);
	ck_poll(second, "r0");
	end_second();
	close_peers();
}
END_TEST

static void
add_moves(TCase *tc)
{
	tcase_add_loop_test(tc, add_channel_moves_from_map_to_map, 0, 2);
	tcase_add_loop_test(tc,
	    without_a_map_add_channel_means_the_one_it_was_in, 0, 2);
	tcase_add_loop_test(tc, moved_in_a_hook_it_is_not_served_here, 0, 2);
	tcase_add_loop_test(tc,
	    moved_in_its_own_hook_it_is_served_by_poll2_only, 0, 2);
	tcase_add_loop_test(tc, moved_in_a_predicate_it_is_not_served_here, 0,
	    2);
	tcase_add_loop_test(tc, moved_there_and_back_it_is_served_here, 0, 2);
	tcase_add_loop_test(tc, a_move_that_fails_leaves_it_in_no_map, 0, 2);
}

void
testing_add(TCase *tc)
{
	add_moves(tc);
	tcase_add_loop_test(tc,
	    left_map_is_called_once_whichever_way_it_leaves, 0, WAYS);
	tcase_add_loop_test(tc, left_map_is_called_in_a_hook_at_once, 0, WAYS);
	tcase_add_loop_test(tc, left_map_is_told_which_map, 0, 2);
	tcase_add_test(tc, left_map_is_not_called_for_one_that_was_in_none);
	tcase_add_loop_test(tc, left_map_may_give_the_last_reference_back, 0,
	    2);
	tcase_add_loop_test(tc, left_map_may_free_the_map, 0, 2);
	tcase_add_test(tc, left_map_may_put_it_back);
	tcase_add_loop_test(tc, left_map_does_not_hinder_a_move, 0, 2);
	tcase_add_loop_test(tc, left_map_does_not_put_back_what_is_closed, 0,
	    2);
}
