/*
 * check_close_all.c - asyncore_close_all(): in which order it closes, at which
 * errors it ends, and that it leaves nothing in the map.
 */
#include "probe.h"

#include <errno.h>

const char testing_suite[] = "close_all";

static int results[4];		/* of each close() */
static bool stays;		/* close() does not close */

static int
closer_close(struct asyncore_dispatcher *d)
{
	const int id = probe_of(d)->id;

	trace("k%d", id);
	if (!stays)
		ck_assert_int_eq(asyncore_dispatcher_class.close(d), 0);
	return results[id];
}

static const struct asyncore_class closer_class = {
	.base = &probe_class,
	.close = closer_close,
};

static void
put_closers(void)
{
	int i;

	for (i = 0; i < 4; i++) {
		results[i] = 0;
		put_pair(&closer_class, i, true, false);
	}
	stays = false;
}

static void
ck_close_all(bool ignore_all, int result, size_t left, const char *expected)
{
	ck_assert_int_eq(asyncore_close_all(map, ignore_all), result);
	ck_trace(expected);
	ck_assert_uint_eq(asyncore_map_len(map), left);
	close_peers();
}

START_TEST(close_all_closes_in_order_and_empties_the_map)
{
	put_closers();
	ck_close_all(_i, 0, 0, "k0 k1 k2 k3");
}
END_TEST

START_TEST(close_all_of_nothing_is_fine)
{
	ck_close_all(_i, 0, 0, "");
}
END_TEST

START_TEST(close_all_passes_over_ebadf)
{
	put_closers();
	results[1] = -EBADF;
	ck_close_all(_i, 0, 0, "k0 k1 k2 k3");
}
END_TEST

START_TEST(close_all_ends_at_another_error)
{
	put_closers();
	results[1] = -EIO;
	ck_close_all(false, -EIO, 2, "k0 k1");
}
END_TEST

START_TEST(close_all_goes_on_if_it_ignores_all)
{
	put_closers();
	results[1] = -EIO;
	results[2] = -4095;
	ck_close_all(true, 0, 0, "k0 k1 k2 k3");
}
END_TEST

START_TEST(close_all_ends_at_exit_now)
{
	put_closers();
	results[1] = ASYNCORE_EXIT_NOW - _i;
	ck_close_all(_i, results[1], 2, "k0 k1");
}
END_TEST

START_TEST(close_all_takes_out_what_does_not_leave)
{
	put_closers();
	stays = true;
	ck_close_all(_i, 0, 0, "k0 k1 k2 k3");
}
END_TEST

static int
add_in_close(struct asyncore_dispatcher *d)
{
	const int err = asyncore_dispatcher_class.close(d);

	add_pair(1, true, false);
	return err;
}

START_TEST(close_all_takes_out_what_a_close_adds)
{
	static const struct asyncore_class cls = {
		.base = &probe_class,
		.close = add_in_close,
	};

	put_pair(&cls, 0, true, false);
	close_peer(0);
	ck_close_all(_i, 0, 0, "");
}
END_TEST

static void
come_back(struct asyncore_dispatcher *d, struct asyncore_map *m)
{
	trace("l%d", probe_of(d)->id);
	(void)asyncore_add_channel(d, m);
}

START_TEST(close_all_takes_out_what_comes_back)
{
	static const struct asyncore_class cls = {
		.base = &closer_class,
		.left_map = come_back,
	};

	put_pair(&cls, 0, true, false);
	results[0] = 0;
	stays = true;
	ck_close_all(_i, 0, 0, "k0 l0");
}
END_TEST

static int
close_them_all(struct asyncore_dispatcher *d)
{
	return asyncore_close_all(asyncore_map_of(d), false);
}

START_TEST(close_all_in_a_hook_ends_the_pass_and_the_loop)
{
	add_three();
	probe(_i)->on_read = close_them_all;
	ck_assert_int_eq(asyncore_loop(LONG, false, map, -1), 0);
	ck_trace(_i == 0 ? "r0" : _i == 1 ? "r0 r1" : "r0 r1 r2");
	close_peers();
}
END_TEST

void
testing_add(TCase *tc)
{
	tcase_add_loop_test(tc, close_all_closes_in_order_and_empties_the_map,
	    0, 2);
	tcase_add_loop_test(tc, close_all_of_nothing_is_fine, 0, 2);
	tcase_add_loop_test(tc, close_all_passes_over_ebadf, 0, 2);
	tcase_add_test(tc, close_all_ends_at_another_error);
	tcase_add_test(tc, close_all_goes_on_if_it_ignores_all);
	tcase_add_loop_test(tc, close_all_ends_at_exit_now, 0, 2);
	tcase_add_loop_test(tc, close_all_takes_out_what_does_not_leave, 0, 2);
	tcase_add_loop_test(tc, close_all_takes_out_what_a_close_adds, 0, 2);
	tcase_add_loop_test(tc, close_all_takes_out_what_comes_back, 0, 2);
	tcase_add_loop_test(tc, close_all_in_a_hook_ends_the_pass_and_the_loop,
	    0, 3);
}
