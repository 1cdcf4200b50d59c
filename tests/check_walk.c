/*
 * check_walk.c - asyncore_map_foreach(): a walk over a map while channels come
 * and go.
 */
#include "probe.h"

#include <errno.h>

const char testing_suite[] = "walk";

static void
put_four(void)
{
	int i;

	for (i = 0; i < 4; i++)
		add_pair(i, true, false);
}

static int at;			/* the number whose turn is special */
static probe_action act;

static int
visit(struct asyncore_dispatcher *d, void *arg)
{
	const int id = probe_of(d)->id;

	ck_assert_ptr_eq(arg, &at);
	trace("%d", id);
	return id == at ? act(d) : 0;
}

#define ck_walk(number, action, result, expected)			\
	do {								\
		put_four();						\
		at = number;						\
		act = action;						\
		ck_assert_int_eq(asyncore_map_foreach(map, visit, &at),	\
		    result);						\
		ck_trace(expected);					\
		close_peers();						\
	} while (0)

static int
do_nothing(struct asyncore_dispatcher *d)
{
	(void)d;
	return 0;
}

START_TEST(a_walk_is_in_order_of_insertion)
{
	ck_walk(0, do_nothing, 0, "0 1 2 3");
	asyncore_ref(channel[1]);
	ck_assert_int_eq(asyncore_del_channel(channel[1]), 0);
	ck_assert_int_eq(asyncore_add_channel(channel[1], NULL), 0);
	asyncore_unref(channel[1]);
	ck_assert_int_eq(asyncore_map_foreach(map, visit, &at), 0);
	ck_trace("0 2 3 1");
}
END_TEST

START_TEST(a_walk_over_nothing_calls_nothing)
{
	ck_assert_int_eq(asyncore_map_foreach(map, visit, &at), 0);
	ck_trace("");
	ck_assert_int_eq(asyncore_map_foreach(map, NULL, NULL), -EINVAL);
}
END_TEST

START_TEST(a_walk_survives_that_the_visited_one_leaves)
{
	ck_walk(_i, close_self, 0, "0 1 2 3");
	ck_assert_uint_eq(asyncore_map_len(map), 3);
}
END_TEST

START_TEST(a_walk_passes_over_one_that_left)
{
	ck_walk(1, close_2, 0, "0 1 3");
}
END_TEST

START_TEST(a_walk_survives_that_an_earlier_one_leaves)
{
	ck_walk(2, close_1, 0, "0 1 2 3");
}
END_TEST

static int
close_them_all(struct asyncore_dispatcher *d)
{
	return asyncore_close_all(asyncore_map_of(d), false);
}

START_TEST(a_walk_ends_when_all_leave)
{
	ck_walk(1, close_them_all, 0, "0 1");
}
END_TEST

static int
add_fifth(struct asyncore_dispatcher *d)
{
	(void)d;
	add_pair(4, true, false);
	return 0;
}

START_TEST(a_walk_does_not_reach_new_ones)
{
	ck_walk(3, add_fifth, 0, "0 1 2 3");
	ck_assert_uint_eq(asyncore_map_len(map), 5);
}
END_TEST

static int
move_to_the_end(struct asyncore_dispatcher *d)
{
	asyncore_ref(d);
	ck_assert_int_eq(asyncore_del_channel(d), 0);
	ck_assert_int_eq(asyncore_add_channel(d, NULL), 0);
	asyncore_unref(d);
	return 0;
}

START_TEST(a_walk_does_not_visit_twice)
{
	ck_walk(_i, move_to_the_end, 0, "0 1 2 3");
}
END_TEST

static int
answer_7(struct asyncore_dispatcher *d)
{
	(void)d;
	return 7;
}

START_TEST(a_result_ends_the_walk)
{
	ck_walk(1, answer_7, 7, "0 1");
}
END_TEST

START_TEST(a_negative_result_ends_the_walk)
{
	ck_walk(2, exit_now, ASYNCORE_EXIT_NOW, "0 1 2");
}
END_TEST

static int
walk_inside(struct asyncore_dispatcher *d)
{
	at = 2;
	act = close_2;
	return asyncore_map_foreach(asyncore_map_of(d), visit, &at);
}

START_TEST(walks_may_be_nested)
{
	ck_walk(1, walk_inside, 0, "0 1 0 1 2 3 3");
}
END_TEST

void
testing_add(TCase *tc)
{
	tcase_add_test(tc, a_walk_is_in_order_of_insertion);
	tcase_add_test(tc, a_walk_over_nothing_calls_nothing);
	tcase_add_loop_test(tc, a_walk_survives_that_the_visited_one_leaves, 0,
	    4);
	tcase_add_test(tc, a_walk_passes_over_one_that_left);
	tcase_add_test(tc, a_walk_survives_that_an_earlier_one_leaves);
	tcase_add_test(tc, a_walk_ends_when_all_leave);
	tcase_add_test(tc, a_walk_does_not_reach_new_ones);
	tcase_add_loop_test(tc, a_walk_does_not_visit_twice, 0, 4);
	tcase_add_test(tc, a_result_ends_the_walk);
	tcase_add_test(tc, a_negative_result_ends_the_walk);
	tcase_add_test(tc, walks_may_be_nested);
}
