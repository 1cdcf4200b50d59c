/*
 * check_stats.c - asyncore_map_get_stats() and asyncore_map_set_timing().
 */
#include "talker.h"
#include "probe.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

const char testing_suite[] = "stats";

static struct asyncore_stats
stats(void)
{
	struct asyncore_stats s;

	ck_assert_int_eq(asyncore_map_get_stats(map, &s, sizeof s), 0);
	return s;
}

START_TEST(a_new_map_has_done_nothing)
{
	struct asyncore_stats s, none;

	memset(&none, 0, sizeof none);
	memset(&s, 1, sizeof s);
	ck_assert_int_eq(asyncore_map_get_stats(map, &s, sizeof s), 0);
	ck_assert_mem_eq(&s, &none, sizeof s);
}
END_TEST

START_TEST(passes_channels_predicates_and_hooks_are_counted)
{
	struct asyncore_stats s;

	ck_assert_int_eq(asyncore_map_set_presume(map, false), 0);
	add_three();
	ck_poll(map, "r0 r1 r2 w0 w1 w2");
	ck_poll(map, "r0 r1 r2 w0 w1 w2");
	s = stats();
	ck_assert_uint_eq(s.passes, 2);
	ck_assert_uint_eq(s.channels, 3);
	ck_assert_uint_eq(s.predicates, 12);
	ck_assert_uint_eq(s.interest_changes, 6);
	ck_assert_uint_eq(s.handle_read, 6);
	ck_assert_uint_eq(s.handle_write, 6);
	ck_assert_uint_eq(s.handle_close, 0);
	ck_assert_uint_eq(s.errors, 0);
	ck_assert(s.wait_time <= 0 && s.hook_time <= 0);
	ck_assert_ptr_null(s.longest_hook_name);
	close_peers();
}
END_TEST

static int
receive_and_answer(struct asyncore_dispatcher *d)
{
	ck_assert_int_eq(receive(d), 3);
	ck_assert_int_eq(asyncore_send(d, "hello", 5), 5);
	return 0;
}

START_TEST(bytes_are_counted_both_ways)
{
	struct asyncore_stats s;

	add_pair(0, true, false);
	write_all(peer[0], "yz", 2);
	probe(0)->on_read = receive_and_answer;
	ck_poll(map, "r0 'xyz'");
	s = stats();
	ck_assert_uint_eq(s.bytes_in, 3);
	ck_assert_uint_eq(s.bytes_out, 5);
	close_peers();
}
END_TEST

START_TEST(a_chat_s_bytes_and_hooks_are_counted)
{
	struct asyncore_stats s;

	start("\n");
	hear("ab\ncd\n");
	ck_assert_int_eq(asynchat_push(chat, "answer", 6), 0);
	deliver();
	s = stats();
	ck_assert_uint_eq(s.collect_incoming_data, 2);
	ck_assert_uint_eq(s.found_terminator, 2);
	ck_assert_uint_eq(s.bytes_in, 6);
	ck_assert_uint_eq(s.bytes_out, 6);
	clear_trace();
	end();
}
END_TEST

static int
raise_it(struct asyncore_dispatcher *d)
{
	(void)d;
	return -EIO;
}

static int
fail_once(void *arg)
{
	(void)arg;
	return -EIO;
}

static void
say_nothing(struct asyncore_map *m, const char *message, const char *type,
    void *arg)
{
	(void)m;
	(void)message;
	(void)type;
	(void)arg;
}

START_TEST(errors_of_hooks_and_of_calls_are_counted)
{
	struct asyncore_stats s;

	ck_assert_int_eq(asyncore_map_set_log(map, say_nothing, NULL), 0);
	add_pair(0, true, false);
	probe(0)->on_read = raise_it;
	ck_poll(map, "r0 e0");
	ck_assert_int_gt(asyncore_call_later(map, 0, fail_once, NULL), 0);
	probe(0)->r = false;
	ck_assert_int_eq(asyncore_poll(LONG, map), 0);
	s = stats();
	ck_assert_uint_eq(s.errors, 2);
	ck_assert_uint_eq(s.handle_error, 1);
	close_peers();
}
END_TEST

/* ---- Times. ---- */

/* Spends time; nobody waits for anything here. */
static int
be_slow(struct asyncore_dispatcher *d)
{
	const double until = now() + 0.005;

	(void)d;
	while (now() < until)
		continue;
	return 0;
}

START_TEST(times_are_measured_where_somebody_asks_for_them)
{
	struct asyncore_stats s;

	add_pair(0, true, false);
	probe(0)->on_read = be_slow;
	ck_poll(map, "r0");
	ck_assert(stats().hook_time <= 0);
	ck_assert_int_eq(asyncore_map_set_timing(map, true), 0);
	ck_poll(map, "r0");
	s = stats();
	ck_assert(s.hook_time >= 0.005 && s.longest_hook >= 0.005);
	ck_assert(s.longest_hook <= s.hook_time);
	ck_assert_str_eq(s.longest_hook_name, "handle_read");
	ck_assert(s.wait_time > 0);
	ck_assert_int_eq(asyncore_map_set_timing(map, false), 0);
	ck_poll(map, "r0");
	ck_assert(stats().hook_time <= s.hook_time);
	close_peers();
}
END_TEST

START_TEST(the_longest_hook_is_not_the_last)
{
	const int n = 20;
	struct asyncore_stats s;

	add_pair(0, true, false);
	ck_assert_int_eq(asyncore_map_set_timing(map, true), 0);
	ck_assert_int_eq(asyncore_loop(LONG, false, map, n), 0);
	s = stats();
	ck_assert_uint_eq(s.handle_read, n);
	ck_assert(s.longest_hook <= s.hook_time);
	ck_assert(s.longest_hook * n >= s.hook_time);
	close_peers();
}
END_TEST

/* Its router only calls it. */
START_TEST(the_hooks_of_a_chat_are_timed)
{
	start("\n");
	on_collect = be_slow;
	ck_assert_int_eq(asyncore_map_set_timing(map, true), 0);
	hear("a\n");
	ck_trace("a |");
	ck_assert(stats().longest_hook >= 0.005);
	ck_assert_str_eq(stats().longest_hook_name, "handle_read");
	end();
}
END_TEST

START_TEST(a_timeout_is_timed)
{
	add_pair(0, false, false);
	ck_assert_int_eq(asyncore_map_set_timing(map, true), 0);
	ck_assert_int_eq(asyncore_handle_timeout(channel[0]), 0);
	ck_trace("c0");
	ck_assert(stats().hook_time > 0);
	ck_assert_str_eq(stats().longest_hook_name, "handle_timeout");
	close_peers();
}
END_TEST

static int
close_slowly(struct asyncore_dispatcher *d)
{
	(void)be_slow(d);
	return asyncore_handle_close(d);
}

/* A hook inside of a hook is not counted twice. */
START_TEST(the_time_of_a_hook_is_that_of_what_it_calls)
{
	const double before = now();
	struct asyncore_stats s;

	add_pair(0, true, false);
	probe(0)->on_read = close_slowly;
	probe(0)->on_close = be_slow;
	ck_assert_int_eq(asyncore_map_set_timing(map, true), 0);
	ck_poll(map, "r0 c0");
	s = stats();
	ck_assert(s.hook_time >= 0.010 && s.hook_time <= now() - before);
	ck_assert(s.longest_hook >= s.hook_time);
	ck_assert_str_eq(s.longest_hook_name, "handle_read");
	close_peers();
}
END_TEST

START_TEST(waiting_is_measured)
{
	add_pair(0, false, false);
	ck_assert_int_eq(asyncore_map_set_timing(map, true), 0);
	ck_assert_int_eq(asyncore_poll(0.02, map), 0);
	ck_assert(stats().wait_time >= 0.01);
	close_peers();
}
END_TEST

/* ---- The struct grows. ---- */

START_TEST(a_shorter_struct_gets_what_fits_and_a_longer_one_zeros)
{
	struct {
		struct asyncore_stats s;
		unsigned long long later;
	} longer;
	unsigned long long shorter[2] = { 7, 7 };

	add_three();
	ck_poll(map, "r0 r1 r2 w0 w1 w2");
	ck_assert_int_eq(asyncore_map_get_stats(map, (void *)shorter,
	    sizeof shorter[0]), 0);
	ck_assert_uint_eq(shorter[0], 1);
	ck_assert_uint_eq(shorter[1], 7);
	memset(&longer, 1, sizeof longer);
	ck_assert_int_eq(asyncore_map_get_stats(map, &longer.s,
	    sizeof longer), 0);
	ck_assert_uint_eq(longer.s.channels, 3);
	ck_assert_uint_eq(longer.later, 0);
	close_peers();
}
END_TEST

START_TEST(null_and_freed_maps_are_errors)
{
	struct asyncore_map *m = asyncore_map_new(NULL);
	struct asyncore_dispatcher *d = asyncore_new(&probe_class, m);
	struct asyncore_stats s;

	ck_assert_int_eq(asyncore_map_get_stats(map, NULL, sizeof s), -EINVAL);
	ck_assert_int_eq(asyncore_map_get_stats(NULL, &s, sizeof s), 0);
	ck_assert_int_eq(asyncore_map_set_timing(NULL, false), 0);
	ck_assert_int_eq(asyncore_map_free(m), 0);
	ck_assert_int_eq(asyncore_map_get_stats(asyncore_map_of(d), &s,
	    sizeof s), -EINVAL);
	ck_assert_int_eq(asyncore_map_set_timing(asyncore_map_of(d), true),
	    -EINVAL);
	probe_of(d)->id = 5;
	asyncore_unref(d);
}
END_TEST

void
testing_add(TCase *tc)
{
	tcase_add_test(tc, a_new_map_has_done_nothing);
	tcase_add_test(tc, passes_channels_predicates_and_hooks_are_counted);
	tcase_add_test(tc, bytes_are_counted_both_ways);
	tcase_add_test(tc, a_chat_s_bytes_and_hooks_are_counted);
	tcase_add_test(tc, errors_of_hooks_and_of_calls_are_counted);
	tcase_add_test(tc, times_are_measured_where_somebody_asks_for_them);
	tcase_add_test(tc, the_longest_hook_is_not_the_last);
	tcase_add_test(tc, the_hooks_of_a_chat_are_timed);
	tcase_add_test(tc, a_timeout_is_timed);
	tcase_add_test(tc, the_time_of_a_hook_is_that_of_what_it_calls);
	tcase_add_test(tc, waiting_is_measured);
	tcase_add_test(tc,
	    a_shorter_struct_gets_what_fits_and_a_longer_one_zeros);
	tcase_add_test(tc, null_and_freed_maps_are_errors);
}
