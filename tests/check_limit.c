/*
 * check_limit.c - asynchat_set_limit(): a piece that is longer than the limit
 * goes to handle_overflow(), which closes by default; where it does not, the
 * rest of the piece is thrown away with its terminator and the next one is as
 * any other.
 */
#include "feeder.h"
#include "talker.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

const char testing_suite[] = "limit";

/* ---- The default. ---- */

static void
trace_log(struct asyncore_dispatcher *d, const char *message, const char *type)
{
	(void)d;
	trace("%s%s", type, strstr(message, "5 bytes") ? ":5" : ":?");
}

static int
trace_close(struct asyncore_dispatcher *d)
{
	trace("close");
	return asyncore_close(d);
}

static int
trace_overflow(struct asyncore_dispatcher *d)
{
	(void)d;
	trace("overflow");
	return 0;
}

static const struct asynchat_class logging = {
	.dispatcher = {
		.base = &talker_class.dispatcher,
		.flags = ASYNCHAT_CLASS,
		.handle_close = trace_close,
		.log_info = trace_log,
	},
};

static const struct asynchat_class staying = {
	.dispatcher = {
		.base = &talker_class.dispatcher,
		.flags = ASYNCHAT_CLASS,
	},
	.handle_overflow = trace_overflow,
};

static void
start_limited(const struct asynchat_class *cls, const char *terminator)
{
	start_of(cls, terminator);
	ck_assert_int_eq(asynchat_set_limit(chat, 5), 0);
}

START_TEST(overflow_logs_an_error_and_closes)
{
	start_limited(&logging, "\n");
	hear("1\n123456");
	ck_trace("1 | error:5 close");
	ck_assert(asyncore_closed(chat));
	end();
}
END_TEST

START_TEST(overflow_counts_what_came_before)
{
	start_limited(&logging, "\n");
	hear("123");
	hear("45");
	hear("6\n");
	ck_trace("123 45 error:5 close");
	end();
}
END_TEST

START_TEST(piece_as_long_as_the_limit_is_fine)
{
	start_limited(&logging, "\r\n");
	hear("12345\r\n12345\r");
	hear("\n123");
	hear("45\r\n");
	ck_trace("12345 | 12345 | 123 45 |");
	end();
}
END_TEST

/* What is held back may still be the terminator, and does not count. */
START_TEST(beginning_of_a_terminator_counts_when_it_is_none)
{
	start_limited(&logging, "\r\n");
	hear("12345\r");
	ck_trace("12345");
	hear("6");
	ck_trace("error:5 close");
	end();
}
END_TEST

/* A chat that connects anew starts with a piece of nothing. */
START_TEST(new_socket_has_not_overflown)
{
	int fds[2];

	start_limited(&logging, "\n");
	hear(_i ? "123" : "123456");
	clear_trace();
	ck_assert_int_eq(asyncore_close(chat), 0);
	ck_assert_int_eq(close(chat_peer), 0);
	make_pair(fds);
	chat_peer = fds[1];
	ck_assert_int_eq(asyncore_set_socket(chat, fds[0]), 0);
	ck_assert_int_eq(asyncore_set_connected(chat, true), 0);
	hear("123\n45678\n");
	ck_trace("123 | 45678 |");
	end();
}
END_TEST

/* ---- The channel stays open. ---- */

START_TEST(rest_of_the_piece_is_thrown_away_with_its_terminator)
{
	start_limited(&staying, "\n");
	hear("1\n1234567\n2\n");
	ck_trace("1 | overflow 2 |");
	end();
}
END_TEST

START_TEST(overflow_is_called_once_a_piece)
{
	start_limited(&staying, "\r\n");
	hear("123");
	hear("456");
	hear("789");
	hear("012345678\r");
	hear("x\r");
	hear("\n2\r\n1234567\r\n3");
	ck_trace("123 overflow 2 | overflow 3");
	end();
}
END_TEST

START_TEST(overflow_ends_with_a_count)
{
	start_limited(&staying, "");
	ck_assert_int_eq(asynchat_set_terminator_count(chat, 8), 0);
	hear("123");
	hear("456");
	hear("789");
	hear("0");
	ck_trace("123 overflow 9 0");
	end();
}
END_TEST

START_TEST(limit_binds_where_a_count_is_longer)
{
	start_limited(&staying, "");
	ck_assert_int_eq(asynchat_set_terminator_count(chat, 5), 0);
	hear("12345");
	ck_trace("12345 |");
	ck_assert_int_eq(asynchat_set_terminator_count(chat, 6), 0);
	hear("123456");
	ck_trace("overflow");
	end();
}
END_TEST

static int
overflow_and_fail(struct asyncore_dispatcher *d)
{
	(void)trace_overflow(d);
	return -EIO;
}

START_TEST(overflow_that_fails_is_over_all_the_same)
{
	struct asynchat_class cls = staying;

	cls.handle_overflow = overflow_and_fail;
	start_limited(&cls, "\n");
	hear("123456");
	ck_trace("overflow EIO");
	hear("789\n1\n");
	ck_trace("1 |");
	end();
}
END_TEST

/* ---- What handle_overflow() does. ---- */

static int
overflow_and_read(struct asyncore_dispatcher *d)
{
	trace("overflow");
	if (n_ends == 0)
		feed_text(d, "12\n123");
	trace("read");
	return 0;
}

static int
trace_end(struct asyncore_dispatcher *d)
{
	(void)d;
	trace("|");
	return 0;
}

/* Its piece is complete when it is called; the inner read goes on behind it. */
START_TEST(read_inside_of_it_goes_on_behind_the_piece)
{
	struct asynchat_class cls = feeder_class;
	struct asyncore_dispatcher *d;

	cls.handle_overflow = overflow_and_read;
	d = new_feeder_of(&cls, "\n", 1);
	fed_found = trace_end;
	ck_assert_int_eq(asynchat_set_limit(d, 5), 0);
	feed_text(d, "123456\n");
	ck_trace("overflow | read");
	feed_text(d, "45\n");
	ck_trace("|");
	ck_pieces("12|12345|");
	end_feeder(d);
}
END_TEST

START_TEST(a_complete_piece_that_is_discarded_counts_no_more)
{
	start_limited(&staying, "\n");
	on_collect = raise_EIO;
	hear("1234\n");
	ck_trace("1234 EIO");
	ck_assert_int_eq(asynchat_discard_buffers(chat), 0);
	hear("12345\n");
	ck_trace("12345 |");
	end();
}
END_TEST

static int
limit_2(struct asyncore_dispatcher *d)
{
	return asynchat_set_limit(d, 2);
}

static int
limit_none(struct asyncore_dispatcher *d)
{
	return asynchat_set_limit(d, 0);
}

START_TEST(limit_that_is_lowered_below_what_came_binds)
{
	start_limited(&staying, "\n");
	on_collect = limit_2;
	hear("1234");
	hear("5\n12\n");
	ck_trace("1234 overflow 12 |");
	end();
}
END_TEST

START_TEST(limit_that_is_lifted_binds_no_more)
{
	start_limited(&staying, "\n");
	on_collect = limit_none;
	hear("1234");
	hear("567890\n1234567\n");
	ck_trace("1234 567890 | 1234567 |");
	end();
}
END_TEST

START_TEST(no_limit_binds_where_there_is_no_terminator)
{
	start_limited(&staying, "");
	hear("1234567");
	hear("89");
	ck_trace("1234567 89");
	ck_assert_int_eq(asynchat_set_terminator(chat, "\n", 1), 0);
	hear("12345\n");
	ck_trace("12345 |");
	ck_assert_int_eq(asynchat_set_terminator_count(chat, 0), 0);
	hear("1234567");
	ck_trace("1234567");
	end();
}
END_TEST

START_TEST(there_is_no_limit_at_first)
{
	static char line[60000];

	start_of(&staying, "\n");
	memset(line, 'x', sizeof line - 1);
	write_all(chat_peer, line, sizeof line - 1);
	while (strlen(traced()) < sizeof line - 1)
		ck_assert_int_eq(asyncore_loop(10, false, map, 1), 0);
	ck_assert_ptr_null(strstr(traced(), "overflow"));
	clear_trace();
	end();
}
END_TEST

/* ---- In chunks of any size: the same lines. ---- */

static int
forget_line(struct asyncore_dispatcher *d)
{
	trace("overflow");
	(void)asynchat_get_data(d, NULL);
	return 0;
}

static int
trace_line(struct asyncore_dispatcher *d)
{
	size_t len;
	const char *line = asynchat_get_data(d, &len);

	trace("<%.*s>", (int)len, line);
	return 0;
}

START_TEST(same_lines_pass_in_chunks_of_any_size)
{
	static const char text[] = "ok\r\nmuch too long\r\r\n\r\nfine\r\n123456"
	    "\r\n12345\r\n";
	struct asynchat_class cls = feeder_class;
	struct asyncore_dispatcher *d;
	size_t chunk;

	cls.collect_incoming_data = asynchat_collect;
	cls.found_terminator = trace_line;
	cls.handle_overflow = forget_line;
	for (chunk = 1; chunk < sizeof text; chunk++) {
		d = new_feeder_of(&cls, "\r\n", 2);
		ck_assert_int_eq(asynchat_set_limit(d, 5), 0);
		feed_in(d, text, sizeof text - 1, chunk);
		ck_trace("<ok> overflow <> <fine> overflow <12345>");
		end_feeder(d);
	}
}
END_TEST

void
testing_add(TCase *tc)
{
	tcase_add_test(tc, overflow_logs_an_error_and_closes);
	tcase_add_test(tc, overflow_counts_what_came_before);
	tcase_add_test(tc, piece_as_long_as_the_limit_is_fine);
	tcase_add_test(tc, beginning_of_a_terminator_counts_when_it_is_none);
	tcase_add_loop_test(tc, new_socket_has_not_overflown, 0, 2);
	tcase_add_test(tc,
	    rest_of_the_piece_is_thrown_away_with_its_terminator);
	tcase_add_test(tc, overflow_is_called_once_a_piece);
	tcase_add_test(tc, overflow_ends_with_a_count);
	tcase_add_test(tc, limit_binds_where_a_count_is_longer);
	tcase_add_test(tc, overflow_that_fails_is_over_all_the_same);
	tcase_add_test(tc, read_inside_of_it_goes_on_behind_the_piece);
	tcase_add_test(tc, a_complete_piece_that_is_discarded_counts_no_more);
	tcase_add_test(tc, limit_that_is_lowered_below_what_came_binds);
	tcase_add_test(tc, limit_that_is_lifted_binds_no_more);
	tcase_add_test(tc, no_limit_binds_where_there_is_no_terminator);
	tcase_add_test(tc, there_is_no_limit_at_first);
	tcase_add_test(tc, same_lines_pass_in_chunks_of_any_size);
}
