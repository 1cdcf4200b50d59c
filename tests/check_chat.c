/*
 * check_chat.c - the hooks of a chat and its collector; what is parsed after a
 * hook has closed it, or has forgotten its input.
 */
#include "talker.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

const char testing_suite[] = "chat";

/* ---- Hooks that nobody overrides. ---- */

static void
say_error(struct asyncore_dispatcher *d, const char *message, const char *type)
{
	(void)d;
	trace("%s%s", type, strstr(message, ", in collect_incoming_data)") ?
	    ":collect" : strstr(message, ", in found_terminator)") ?
	    ":found" : ":?");
}

static const struct asynchat_class bare = {
	.dispatcher = {
		.name = "Bare",
		.base = &asynchat_async_chat_class.dispatcher,
		.flags = ASYNCHAT_CLASS,
		.log_info = say_error,
	},
};

START_TEST(collect_that_is_not_there_is_an_error)
{
	start_of(&bare, "\n");
	hear("a\n");
	ck_trace("error:collect");
	ck_assert(asyncore_closed(chat));
	end();
}
END_TEST

START_TEST(found_that_is_not_there_is_an_error)
{
	start_of(&bare, "\n");
	hear("\n");
	ck_trace("error:found");
	ck_assert(asyncore_closed(chat));
	end();
}
END_TEST

START_TEST(hooks_that_are_not_there_answer_ENOSYS)
{
	const struct asynchat_class *base = &asynchat_async_chat_class;

	start_of(&bare, "\n");
	ck_assert_int_eq(base->collect_incoming_data(chat, "a", 1), -ENOSYS);
	ck_assert_int_eq(base->found_terminator(chat), -ENOSYS);
	end();
}
END_TEST

/* ---- The collector. ---- */

static int
trace_data(struct asyncore_dispatcher *d)
{
	size_t len;
	const char *data = asynchat_get_data(d, &len);

	trace("<%.*s>", (int)len, data);
	return 0;
}

static const struct asynchat_class collector = {
	.dispatcher = {
		.name = "Collector",
		.base = &asynchat_async_chat_class.dispatcher,
		.flags = ASYNCHAT_CLASS,
	},
	.collect_incoming_data = asynchat_collect,
	.found_terminator = trace_data,
};

START_TEST(collector_keeps_what_came_for_get_data)
{
	start_of(&collector, "\n");
	hear("one\ntw");
	hear("o\n\nthr");
	hear("ee");
	ck_trace("<one> <two> <>");
	(void)trace_data(chat);
	ck_trace("<three>");
	(void)trace_data(chat);
	ck_trace("<>");
	end();
}
END_TEST

START_TEST(collected_data_is_whole_however_long)
{
	static char line[1 << 20];
	const char *data;
	size_t len = 0;

	start_of(&collector, "\n");
	memset(line, 'x', sizeof line);
	for (len = 0; len < sizeof line; len += 65536) {
		write_all(chat_peer, line + len, 65536);
		ck_assert_int_eq(asyncore_loop(10, false, map, 1), 0);
	}
	data = asynchat_get_data(chat, &len);
	ck_assert_uint_eq(len, sizeof line);
	ck_assert_mem_eq(data, line, len);
	end();
}
END_TEST

START_TEST(data_is_good_until_it_is_asked_for_again)
{
	const char *first, *none;
	size_t len;

	start_of(&collector, "\n");
	ck_assert_int_eq(asynchat_collect(chat, "first", 5), 0);
	first = asynchat_get_data(chat, &len);
	ck_assert_int_eq(asynchat_collect(chat, "second", 6), 0);
	hear("third");
	ck_assert_mem_eq(first, "first", 5);
	ck_assert_ptr_nonnull(asynchat_get_data(chat, &len));
	ck_assert_uint_eq(len, 11);
	none = asynchat_get_data(chat, NULL);
	ck_assert_ptr_nonnull(none);
	end();
}
END_TEST

static int
trace_second(struct asyncore_dispatcher *d)
{
	static int n;

	return ++n % 2 == 0 ? trace_data(d) : 0;
}

/* A line that is in one read is only copied if nobody asks for it. */
START_TEST(what_found_terminator_does_not_ask_for_is_kept)
{
	struct asynchat_class cls = collector;

	cls.found_terminator = trace_second;
	start_of(&cls, "\n");
	hear("one\ntwo\nthree\n");
	hear("four\n\nfive\n");
	hear("six\n");
	ck_trace("<onetwo> <threefour> <five>");
	(void)trace_data(chat);
	ck_trace("<six>");
	end();
}
END_TEST

static int
fail_once(struct asyncore_dispatcher *d)
{
	static int n;

	return ++n == 1 ? -EIO : trace_data(d);
}

static int
go_on_after_error(struct asyncore_dispatcher *d, int err)
{
	(void)d;
	trace("%d", err);
	return 0;
}

START_TEST(what_a_found_terminator_that_fails_left_is_kept)
{
	struct asynchat_class cls = collector;

	cls.found_terminator = fail_once;
	cls.dispatcher.handle_error = go_on_after_error;
	start_of(&cls, "\n");
	hear("one\n");
	hear("two\n");
	ck_assert_int_eq(-EIO, -5);
	ck_trace("-5 <onetwo>");
	end();
}
END_TEST

static int
collect_in_parts(struct asyncore_dispatcher *d, const void *data, size_t len)
{
	const char *text = data;
	int err;

	if ((err = asynchat_collect(d, "[", 1)) != 0 ||
	    (err = asynchat_collect(d, text, len)) != 0)
		return err;
	return asynchat_collect(d, "]", 1);
}

static int
collect_twice(struct asyncore_dispatcher *d, const void *data, size_t len)
{
	int err = asynchat_collect(d, data, len);

	return err != 0 ? err : asynchat_collect(d, data, len);
}

START_TEST(a_collector_may_add_and_repeat)
{
	struct asynchat_class cls = collector;

	cls.collect_incoming_data = _i ? collect_twice : collect_in_parts;
	start_of(&cls, "\n");
	hear("one\ntw");
	hear("o\nthree\n");
	ck_trace(_i ? "<oneone> <twtwoo> <threethree>" :
	    "<[one]> <[tw][o]> <[three]>");
	end();
}
END_TEST

static int
collect_beginning(struct asyncore_dispatcher *d, const void *data, size_t len)
{
	return asynchat_collect(d, data, len > 2 ? 2 : len);
}

START_TEST(a_collector_may_keep_the_beginning_only)
{
	struct asynchat_class cls = collector;

	cls.collect_incoming_data = collect_beginning;
	start_of(&cls, "\n");
	hear("one\ntwo\nth\n");
	ck_trace("<on> <tw> <th>");
	end();
}
END_TEST

static int
collect_capital(struct asyncore_dispatcher *d, const void *data, size_t len)
{
	char c = (char)(*(const char *)data - 'a' + 'A');
	int err;

	ck_assert_uint_eq(len, 3);
	err = asynchat_collect(d, &c, 1);
	c = '?';
	return err;
}

START_TEST(a_collector_may_keep_bytes_of_its_own)
{
	struct asynchat_class cls = collector;

	cls.collect_incoming_data = collect_capital;
	start_of(&cls, "\n");
	hear("one\ntwo\n");
	ck_trace("<O> <T>");
	end();
}
END_TEST

/* Its data may have an end of its own, and what was lent has none. */
static int
take_one_without_its_length(struct asyncore_dispatcher *d)
{
	const char *data = asynchat_get_data(d, NULL);

	trace("%.1s", data);
	return trace_data(d);
}

START_TEST(data_may_be_asked_for_without_its_length)
{
	struct asynchat_class cls = collector;

	cls.found_terminator = take_one_without_its_length;
	start_of(&cls, "\n");
	hear("one\nt");
	hear("wo\n");
	ck_trace("o <> t <>");
	end();
}
END_TEST

START_TEST(discard_buffers_forgets_what_was_lent)
{
	struct asynchat_class cls = collector;

	cls.found_terminator = asynchat_discard_buffers;
	start_of(&cls, "\n");
	hear("one\n");
	(void)trace_data(chat);
	ck_trace("<>");
	end();
}
END_TEST

START_TEST(collected_data_outlives_a_close)
{
	start_of(&collector, "\n");
	hear("abc");
	ck_assert_int_eq(asyncore_close(chat), 0);
	(void)trace_data(chat);
	ck_trace("<abc>");
	end();
}
END_TEST

/* ---- Closing. ---- */

START_TEST(close_in_found_ends_the_parsing)
{
	start("\n");
	on_found = asyncore_close;
	hear("a\nb\nc\n");
	ck_trace("a |");
	end();
}
END_TEST

START_TEST(close_in_collect_ends_the_parsing)
{
	start("\n");
	on_collect = asyncore_close;
	hear("a\nb\nc\n");
	ck_trace("a");
	end();
}
END_TEST

START_TEST(close_in_collect_of_a_count_ends_the_parsing)
{
	start("");
	ck_assert_int_eq(asynchat_set_terminator_count(chat, 1), 0);
	on_collect = asyncore_close;
	hear("abc");
	ck_trace("a");
	end();
}
END_TEST

/* The map alone holds it: it goes in the middle of the parser. */
START_TEST(closed_chat_that_nobody_holds_goes_quietly)
{
	int fds[2];

	make_pair(fds);
	chat = asynchat_spawn(&talker_class, fds[0], map);
	ck_assert_ptr_nonnull(chat);
	ck_assert_int_eq(asynchat_set_terminator(chat, "\n", 1), 0);
	if (_i)
		on_collect = asyncore_close;
	else
		on_found = asyncore_close;
	write_all(fds[1], "a\nb\n", 4);
	ck_assert_int_eq(asyncore_loop(10, false, map, -1), 0);
	ck_trace(_i ? "a" : "a |");
	ck_assert_int_eq(close(fds[1]), 0);
}
END_TEST

static int second_peer;

static int
take_another_socket(struct asyncore_dispatcher *d)
{
	int fds[2];

	make_pair(fds);
	second_peer = fds[1];
	ck_assert_int_eq(asyncore_close(d), 0);
	ck_assert_int_eq(asyncore_set_socket(d, fds[0]), 0);
	return asyncore_set_connected(d, true);
}

/* What came by the old socket is not parsed as the new one's. */
START_TEST(new_socket_begins_anew)
{
	start("\n");
	on_found = take_another_socket;
	hear("a\nb\nc\n");
	ck_trace("a |");
	ck_assert_int_eq(close(chat_peer), 0);
	chat_peer = second_peer;
	hear("d\n");
	ck_trace("d |");
	end();
}
END_TEST

/* ---- discard_buffers(). ---- */

START_TEST(discard_in_found_forgets_the_rest)
{
	start("\n");
	on_found = asynchat_discard_buffers;
	hear("a\nb\nc");
	ck_trace("a |");
	hear("d\n");
	ck_trace("d |");
	end();
}
END_TEST

/* As in Python: the terminator that was seen counts. */
START_TEST(discard_in_collect_forgets_the_rest)
{
	start("\n");
	on_collect = asynchat_discard_buffers;
	hear("a\nb\nc");
	ck_trace("a |");
	hear("d\n");
	ck_trace("d |");
	end();
}
END_TEST

START_TEST(discard_forgets_the_beginning_of_a_terminator)
{
	start("\r\n");
	hear("a\r");
	ck_assert_int_eq(asynchat_discard_buffers(chat), 0);
	hear("\nb\r\n");
	ck_trace("a \nb |");
	end();
}
END_TEST

/* As in Python: what came of the piece counts, though it is forgotten. */
START_TEST(discard_in_the_middle_of_a_count_keeps_it)
{
	long long left;

	start("");
	ck_assert_int_eq(asynchat_set_terminator_count(chat, 10), 0);
	hear("abcd");
	ck_assert_int_eq(asynchat_discard_buffers(chat), 0);
	ck_assert_ptr_null(asynchat_get_terminator(chat, NULL, &left));
	ck_assert_int_eq(left, 6);
	hear("efghijkl");
	ck_trace("abcd efghij | kl");
	end();
}
END_TEST

START_TEST(discard_forgets_what_a_loop_put_behind)
{
	start("\n");
	on_collect = read_more;
	on_found = asynchat_discard_buffers;
	more = "c\n";
	hear("a\nb\n");
	ck_trace("a ( ) |");
	hear("d\n");
	ck_trace("d |");
	end();
}
END_TEST

START_TEST(discard_forgets_what_was_collected_and_what_was_pushed)
{
	start_of(&collector, "\n");
	hear("abc");
	fill(asyncore_fileno(chat));
	ck_assert_int_eq(asynchat_push(chat, "out", 3), 0);
	ck_assert(asyncore_writable(chat));
	ck_assert_int_eq(asynchat_discard_buffers(chat), 0);
	ck_assert(!asyncore_writable(chat));
	hear("\n");
	ck_trace("<>");
	end();
}
END_TEST

void
testing_add(TCase *tc)
{
	tcase_add_test(tc, collect_that_is_not_there_is_an_error);
	tcase_add_test(tc, found_that_is_not_there_is_an_error);
	tcase_add_test(tc, hooks_that_are_not_there_answer_ENOSYS);
	tcase_add_test(tc, collector_keeps_what_came_for_get_data);
	tcase_add_test(tc, what_found_terminator_does_not_ask_for_is_kept);
	tcase_add_test(tc, what_a_found_terminator_that_fails_left_is_kept);
	tcase_add_loop_test(tc, a_collector_may_add_and_repeat, 0, 2);
	tcase_add_test(tc, a_collector_may_keep_the_beginning_only);
	tcase_add_test(tc, a_collector_may_keep_bytes_of_its_own);
	tcase_add_test(tc, data_may_be_asked_for_without_its_length);
	tcase_add_test(tc, discard_buffers_forgets_what_was_lent);
	tcase_add_test(tc, collected_data_is_whole_however_long);
	tcase_add_test(tc, data_is_good_until_it_is_asked_for_again);
	tcase_add_test(tc, collected_data_outlives_a_close);
	tcase_add_test(tc, close_in_found_ends_the_parsing);
	tcase_add_test(tc, close_in_collect_ends_the_parsing);
	tcase_add_test(tc, close_in_collect_of_a_count_ends_the_parsing);
	tcase_add_loop_test(tc, closed_chat_that_nobody_holds_goes_quietly,
	    0, 2);
	tcase_add_test(tc, new_socket_begins_anew);
	tcase_add_test(tc, discard_in_found_forgets_the_rest);
	tcase_add_test(tc, discard_in_collect_forgets_the_rest);
	tcase_add_test(tc, discard_forgets_the_beginning_of_a_terminator);
	tcase_add_test(tc, discard_in_the_middle_of_a_count_keeps_it);
	tcase_add_test(tc, discard_forgets_what_a_loop_put_behind);
	tcase_add_test(tc,
	    discard_forgets_what_was_collected_and_what_was_pushed);
}
