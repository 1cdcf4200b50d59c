/*
 * check_terminator.c - what ends a piece of input: bytes, a count, or nothing;
 * and how it is changed.  However the input is cut into reads, the hooks see
 * the same pieces.
 */
#include "feeder.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

const char testing_suite[] = "terminator";

/* The same text in all chunk sizes, each to a chat of its own. */
static void
ck_in_all_sizes(const char *text, const char *terminator, const char *expected)
{
	struct asyncore_dispatcher *d;
	size_t chunk;

	for (chunk = 1; chunk <= strlen(text); chunk++) {
		d = new_feeder(terminator, strlen(terminator));
		feed_in(d, text, strlen(text), chunk);
		ck_pieces(expected);
		end_feeder(d);
	}
}

/* ---- Bytes. ---- */

static const char lines[] = "one\r\ntwo\r\n\r\nf\rour\n\r\nfi\r\rve\r";

START_TEST(lines_are_found_in_chunks_of_any_size)
{
	ck_in_all_sizes(lines, "\r\n", "one|two||f\rour\n|fi\r\rve");
}
END_TEST

START_TEST(lines_are_found_wherever_the_input_is_split_once)
{
	struct asyncore_dispatcher *d;
	size_t at;

	for (at = 1; at < strlen(lines); at++) {
		d = new_feeder("\r\n", 2);
		feed(d, lines, at);
		feed_text(d, lines + at);
		ck_pieces("one|two||f\rour\n|fi\r\rve");
		end_feeder(d);
	}
}
END_TEST

/* All 2048 ways. */
START_TEST(lines_are_found_in_every_way_to_split_the_input)
{
	const char text[] = "a\r\n\r\rb\r\n\r\nc";
	struct asyncore_dispatcher *d;
	unsigned ways, at;

	for (ways = 0; ways < 1u << (strlen(text) - 1); ways++) {
		const char *from = text;

		d = new_feeder("\r\n", 2);
		for (at = 1; at < strlen(text); at++)
			if (ways & 1u << (at - 1)) {
				feed(d, from, (size_t)(text + at - from));
				from = text + at;
			}
		feed_text(d, from);
		ck_pieces("a|\r\rb||c");
		end_feeder(d);
	}
}
END_TEST

START_TEST(line_of_nothing_is_found_and_nothing_is_collected)
{
	struct asyncore_dispatcher *d = new_feeder("\n", 1);

	feed_text(d, "\n\n\n");
	ck_assert_uint_eq(n_ends, 3);
	ck_assert_uint_eq(got_len, 0);
	end_feeder(d);
}
END_TEST

/* Some of which a beginning is an end, and what must not be missed. */
static const struct {
	const char *terminator, *text, *expected;
} overlapping[] = {
	{ "aab", "aaab", "a|" },
	{ "aab", "aaaaabaabaa", "aaa||" },
	{ "abab", "ababab", "|" },
	{ "abab", "abaababab", "aba|" },
	{ "aaa", "aaaaaaaa", "||" },
	{ "aaab", "aaaaaaaaaaaaaaaaaaaaaaaaaac", "aaaaaaaaaaaaaaaaaaaaaaaaaac" },
	{ "\r\n.\r\n", "a\r\n.\r\r\n.\r\n\r\n.\r\n\r\n.", "a\r\n.\r||" },
};
#define N_OVERLAPPING ((int)(sizeof overlapping / sizeof overlapping[0]))

START_TEST(overlapping_terminators_are_found)
{
	ck_in_all_sizes(overlapping[_i].text, overlapping[_i].terminator,
	    overlapping[_i].expected);
}
END_TEST

/* The terminator is copied. */
START_TEST(bytes_of_a_terminator_stay_the_callers)
{
	char bytes[20];
	struct asyncore_dispatcher *d;

	memset(bytes, '=', sizeof bytes);
	d = new_feeder(bytes, _i == 0 ? 2 : sizeof bytes);
	memset(bytes, 'x', sizeof bytes);
	feed_text(d, "a=====================b");
	ck_assert_uint_ge(n_ends, 1);
	ck_assert_int_eq(got[0], 'a');
	end_feeder(d);
}
END_TEST

START_TEST(beginning_that_is_none_is_handed_out_with_what_follows)
{
	struct asyncore_dispatcher *d = new_feeder("\r\n", 2);

	feed_text(d, "a\r");
	ck_pieces("a");
	feed_text(d, "b\r");
	ck_pieces("a\rb");
	feed_text(d, "\r");
	ck_pieces("a\rb\r");
	feed_text(d, "\n");
	ck_pieces("a\rb\r|");
	end_feeder(d);
}
END_TEST

START_TEST(beginning_of_a_terminator_is_lost_at_the_end)
{
	struct asyncore_dispatcher *d;
	int fds[2];

	make_pair(fds);
	got_len = n_ends = 0;
	d = asynchat_new_socket(&feeder_class, fds[0], map);
	ck_assert_ptr_nonnull(d);
	ck_assert_int_eq(asynchat_set_terminator(d, "\r\n", 2), 0);
	write_all(fds[1], "ab\r", 3);
	ck_assert_int_eq(close(fds[1]), 0);
	ck_assert_int_eq(asyncore_loop(10, _i, map, -1), 0);
	ck_assert(asyncore_closed(d));
	ck_pieces("ab");
	end_feeder(d);
}
END_TEST

/* ---- Counts, and none. ---- */

static void
ck_count(struct asyncore_dispatcher *d, long long expected)
{
	long long count = 7;
	size_t len = 7;

	ck_assert_ptr_null(asynchat_get_terminator(d, &len, &count));
	ck_assert_uint_eq(len, 0);
	ck_assert_int_eq(count, expected);
}

START_TEST(count_ends_once_and_then_everything_is_collected)
{
	struct asyncore_dispatcher *d;
	size_t chunk;

	for (chunk = 1; chunk <= 10; chunk++) {
		d = new_feeder(NULL, 0);
		ck_assert_int_eq(asynchat_set_terminator_count(d, 4), 0);
		feed_in(d, "abcdefghij", 10, chunk);
		ck_pieces("abcd|efghij");
		ck_count(d, 0);
		end_feeder(d);
	}
}
END_TEST

START_TEST(count_goes_down_as_input_comes)
{
	struct asyncore_dispatcher *d = new_feeder(NULL, 0);

	ck_assert_int_eq(asynchat_set_terminator_count(d, LLONG_MAX), 0);
	feed_text(d, "ab");
	ck_count(d, LLONG_MAX - 2);
	ck_assert_int_eq(asynchat_set_terminator_count(d, 5), 0);
	feed_text(d, "abc");
	ck_count(d, 2);
	feed_text(d, "d");
	ck_count(d, 1);
	ck_assert_uint_eq(n_ends, 0);
	feed_text(d, "e");
	ck_count(d, 0);
	ck_pieces("ababcde|");
	end_feeder(d);
}
END_TEST

START_TEST(count_of_nothing_is_none)
{
	struct asyncore_dispatcher *d = new_feeder("\n", 1);

	ck_assert_int_eq(asynchat_set_terminator_count(d, 0), 0);
	ck_count(d, 0);
	feed_text(d, "a\nb");
	ck_pieces("a\nb");
	end_feeder(d);
}
END_TEST

START_TEST(negative_count_is_EINVAL_and_the_old_one_holds)
{
	struct asyncore_dispatcher *d = new_feeder("\n", 1);

	ck_assert_int_eq(asynchat_set_terminator_count(d, -1), -EINVAL);
	ck_assert_int_eq(asynchat_set_terminator_count(d, LLONG_MIN), -EINVAL);
	feed_text(d, "a\nb");
	ck_pieces("a|b");
	end_feeder(d);
}
END_TEST

START_TEST(without_a_terminator_everything_is_collected)
{
	struct asyncore_dispatcher *d = new_feeder(NULL, 0);

	ck_count(d, -1);
	feed_text(d, "a\r\nb");
	ck_pieces("a\r\nb");
	ck_assert_int_eq(asynchat_set_terminator(d, "\n", 1), 0);
	ck_assert_int_eq(asynchat_set_terminator(d, _i ? "" : NULL, 0), 0);
	ck_count(d, -1);
	feed_text(d, "\n");
	ck_pieces("a\r\nb\n");
	end_feeder(d);
}
END_TEST

START_TEST(get_terminator_answers_the_bytes)
{
	struct asyncore_dispatcher *d = new_feeder("a\0b", 3);
	char longer[100] = "long";
	long long count = 7;
	const void *p;
	size_t len;

	p = asynchat_get_terminator(d, &len, &count);
	ck_assert_uint_eq(len, 3);
	ck_assert_mem_eq(p, "a\0b", 3);
	ck_assert_int_eq(count, -1);
	ck_assert_int_eq(asynchat_set_terminator(d, longer, sizeof longer), 0);
	p = asynchat_get_terminator(d, &len, NULL);
	ck_assert_uint_eq(len, sizeof longer);
	ck_assert_mem_eq(p, longer, sizeof longer);
	ck_assert_int_eq(asynchat_set_terminator(d, p, len), 0);
	p = asynchat_get_terminator(d, NULL, NULL);
	ck_assert_mem_eq(p, longer, sizeof longer);
	end_feeder(d);
}
END_TEST

START_TEST(terminator_that_cannot_be_kept_leaves_the_old_one)
{
	struct asyncore_dispatcher *d = new_feeder("\n", 1);

	ck_assert_int_eq(asynchat_set_terminator(d, "x", SIZE_MAX), -ENOMEM);
	ck_assert_int_eq(asynchat_set_terminator(d, NULL, 1), -EINVAL);
	feed_text(d, "a\nb");
	ck_pieces("a|b");
	end_feeder(d);
}
END_TEST

/* ---- Changed on the way. ---- */

static const struct {
	struct end ends[4];
	const char *text, *expected;
} changes[] = {
	/* A header line, a body by count, and the rest. */
	{ { { 2, 0, "\r\n" }, { 0, 5, NULL } },
	  "5\r\nhello\r\nrest", "5|hello|\r\nrest" },
	{ { { 1, 0, "\n" }, { 2, 0, "\r\n" }, { 1, 0, ";" } },
	  "a\nb\nc\r\nd;e\n", "a|b\nc|d|e\n" },
	{ { { 0, 3, NULL }, { 0, 1, NULL }, { 0, 2, NULL }, { 1, 0, "\n" } },
	  "abcdefghi\nj", "abc|d|ef|ghi|j" },
	{ { { 1, 0, "\n" }, { 0, 0, NULL } }, "a\nb\nc", "a|b\nc" },
	/* What was held for one terminator is nothing to the next. */
	{ { { 0, 2, NULL }, { 3, 0, "\r\n\r" }, { 4, 0, "\n\r\n\n" } },
	  "ab\r\n\r\n\r\n\nc", "ab|||c" },
};

START_TEST(terminator_changed_in_found_holds_for_what_is_buffered)
{
	const char *text = changes[_i].text;
	struct asyncore_dispatcher *d;
	size_t chunk, n = 0;

	while (n < 4 && (changes[_i].ends[n].len > 0 ||
	    changes[_i].ends[n].count > 0))
		n++;
	for (chunk = 1; chunk <= strlen(text); chunk++) {
		d = new_listed_feeder(changes[_i].ends, n);
		feed_in(d, text, strlen(text), chunk);
		ck_pieces(changes[_i].expected);
		end_feeder(d);
	}
}
END_TEST

static int
set_semicolon(struct asyncore_dispatcher *d)
{
	fed_collect = NULL;
	return asynchat_set_terminator(d, ";", 1);
}

/* The line that was found ends all the same. */
START_TEST(terminator_set_in_collect_holds_after_what_was_found)
{
	struct asyncore_dispatcher *d = new_feeder("\r\n", 2);

	fed_collect = set_semicolon;
	feed_text(d, "a\r\nb\r\nc;d");
	ck_pieces("a|b\r\nc|d");
	end_feeder(d);
}
END_TEST

START_TEST(terminator_set_in_collect_holds_for_the_next_read)
{
	struct asyncore_dispatcher *d = new_feeder("\n", 1);

	fed_collect = set_semicolon;
	if (_i)
		ck_assert_int_eq(asynchat_set_terminator(d, NULL, 0), 0);
	feed_text(d, "a;b");
	ck_pieces("a;b");
	feed_text(d, "c;d\n");
	ck_pieces("a;bc|d\n");
	end_feeder(d);
}
END_TEST

/* As in Python: the count that is complete ends in none. */
START_TEST(terminator_set_in_collect_is_lost_where_a_count_is_complete)
{
	struct asyncore_dispatcher *d = new_feeder(NULL, 0);

	ck_assert_int_eq(asynchat_set_terminator_count(d, 2), 0);
	fed_collect = set_semicolon;
	feed_text(d, "abc;d");
	ck_pieces("ab|c;d");
	ck_count(d, 0);
	end_feeder(d);
}
END_TEST

/* Differs: Python takes what came off the new count, or fails. */
START_TEST(count_set_in_collect_is_what_is_left)
{
	struct asyncore_dispatcher *d = new_feeder(NULL, 0);

	ck_assert_int_eq(asynchat_set_terminator_count(d, 10), 0);
	fed_collect = set_semicolon;
	feed_text(d, "abc");
	feed_text(d, "d;e");
	ck_pieces("abcd|e");
	end_feeder(d);
}
END_TEST

/* ---- find_prefix_at_end. ---- */

static const struct {
	const char *haystack, *needle;
	size_t expected;
} prefixes[] = {
	{ "qwerty\r", "\r\n", 1 },
	{ "qwertydkjf", "\r\n", 0 },
	{ "qwerty\r\n.\r", "\r\n.\r\n", 4 },
	{ "aaaa", "aab", 2 },
	{ "a", "aab", 1 },
	{ "", "aab", 0 },
	{ "abc", "c", 0 },
	{ "abc", "", 0 },
	{ "xab", "abababab", 2 },
	{ "ababa", "ababb", 3 },
};
#define N_PREFIXES ((int)(sizeof prefixes / sizeof prefixes[0]))

START_TEST(find_prefix_at_end_answers_the_longest)
{
	const char *h = prefixes[_i].haystack, *n = prefixes[_i].needle;

	ck_assert_uint_eq(asynchat_find_prefix_at_end(h, strlen(h), n,
	    strlen(n)), prefixes[_i].expected);
}
END_TEST

START_TEST(find_prefix_at_end_of_nothing_is_0)
{
	ck_assert_uint_eq(asynchat_find_prefix_at_end(NULL, 0, "ab", 2), 0);
	ck_assert_uint_eq(asynchat_find_prefix_at_end("ab", 2, NULL, 0), 0);
	ck_assert_uint_eq(asynchat_find_prefix_at_end("a", 1, "a\0", 2), 1);
	ck_assert_uint_eq(asynchat_find_prefix_at_end("x\0", 2, "\0\0", 2), 1);
}
END_TEST

static void
add_bytes(TCase *tc)
{
	tcase_add_test(tc, lines_are_found_in_chunks_of_any_size);
	tcase_add_test(tc, lines_are_found_wherever_the_input_is_split_once);
	tcase_add_test(tc, lines_are_found_in_every_way_to_split_the_input);
	tcase_add_test(tc, line_of_nothing_is_found_and_nothing_is_collected);
	tcase_add_loop_test(tc, overlapping_terminators_are_found, 0,
	    N_OVERLAPPING);
	tcase_add_loop_test(tc, bytes_of_a_terminator_stay_the_callers, 0, 2);
	tcase_add_test(tc,
	    beginning_that_is_none_is_handed_out_with_what_follows);
	tcase_add_loop_test(tc, beginning_of_a_terminator_is_lost_at_the_end,
	    0, 2);
}

static void
add_counts(TCase *tc)
{
	tcase_add_test(tc,
	    count_ends_once_and_then_everything_is_collected);
	tcase_add_test(tc, count_goes_down_as_input_comes);
	tcase_add_test(tc, count_of_nothing_is_none);
	tcase_add_test(tc, negative_count_is_EINVAL_and_the_old_one_holds);
	tcase_add_loop_test(tc, without_a_terminator_everything_is_collected,
	    0, 2);
	tcase_add_test(tc, get_terminator_answers_the_bytes);
	tcase_add_test(tc, terminator_that_cannot_be_kept_leaves_the_old_one);
}

void
testing_add(TCase *tc)
{
	add_bytes(tc);
	add_counts(tc);
	tcase_add_loop_test(tc,
	    terminator_changed_in_found_holds_for_what_is_buffered, 0,
	    (int)(sizeof changes / sizeof changes[0]));
	tcase_add_test(tc,
	    terminator_set_in_collect_holds_after_what_was_found);
	tcase_add_loop_test(tc,
	    terminator_set_in_collect_holds_for_the_next_read, 0, 2);
	tcase_add_test(tc,
	    terminator_set_in_collect_is_lost_where_a_count_is_complete);
	tcase_add_test(tc, count_set_in_collect_is_what_is_left);
	tcase_add_loop_test(tc, find_prefix_at_end_answers_the_longest, 0,
	    N_PREFIXES);
	tcase_add_test(tc, find_prefix_at_end_of_nothing_is_0);
}
