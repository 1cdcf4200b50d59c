/*
 * check_chat_reentry.c - hooks of a chat that run a loop which reads the same chat,
 * and hooks that fail: no byte comes twice, none is lost, the order is kept.
 *
 * In the traces what was collected stands as it came, '|' is
 * found_terminator(), and brackets are around what an inner loop did.
 */
#include "talker.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

const char testing_suite[] = "chat_reentry";

/* ---- Actions. ---- */

static int
nothing_there(struct asyncore_dispatcher *d)
{
	(void)d;
	return -EAGAIN;
}

static int
exit_now(struct asyncore_dispatcher *d)
{
	(void)d;
	return ASYNCORE_EXIT_NOW;
}

static int
read_more_and_fail(struct asyncore_dispatcher *d)
{
	(void)read_more(d);
	return -EIO;
}

static int
read_the_end(struct asyncore_dispatcher *d)
{
	(void)d;
	ck_assert_int_eq(shutdown(chat_peer, SHUT_WR), 0);
	trace("(");
	ck_assert_int_eq(asyncore_loop(10, false, map, 1), 0);
	trace(")");
	return 0;
}

static int
look(struct asyncore_dispatcher *d)
{
	(void)d;
	trace("(");
	ck_assert_int_eq(asyncore_loop(0, false, map, 1), 0);
	trace(")");
	return 0;
}

/* Another connection takes the place of this one; a loop hears `more` on it. */
static int
begin_anew_and_read(struct asyncore_dispatcher *d)
{
	int fds[2];

	ck_assert_int_eq(asyncore_close(d), 0);
	ck_assert_int_eq(close(chat_peer), 0);
	make_pair(fds);
	chat_peer = fds[1];
	ck_assert_int_eq(asyncore_set_socket(d, fds[0]), 0);
	ck_assert_int_eq(asyncore_set_connected(d, true), 0);
	return read_more(d);
}

/* ---- A loop inside of found_terminator(). ---- */

START_TEST(loop_in_found_takes_over_what_is_not_parsed)
{
	start("\n");
	on_found = read_more;
	more = "d\ne";
	hear("a\nb\nc\n");
	ck_trace("a | ( b | c | d | e )");
	hear("f\n");
	ck_trace("f |");
	end();
}
END_TEST

START_TEST(loop_in_found_completes_a_terminator)
{
	start("\r\n");
	on_found = read_more;
	more = "\nc\r";
	hear("a\r\nb\r");
	ck_trace("a | ( b | c )");
	hear("\n");
	ck_trace("|");
	end();
}
END_TEST

static int
read_more_deeper(struct asyncore_dispatcher *d)
{
	on_found = read_more;
	return read_more(d);
}

START_TEST(loop_in_a_loop_in_found_keeps_the_order)
{
	start("\n");
	on_found = read_more_deeper;
	more = "x\n";
	hear("a\nb\nc\n");
	ck_trace("a | ( b | ( c | x | x | ) )");
	end();
}
END_TEST

START_TEST(loop_in_found_that_reads_nothing_leaves_the_rest)
{
	start("\n");
	on_found = look;
	hear("a\nb\n");
	ck_trace("a | ( ) b |");
	end();
}
END_TEST

START_TEST(loop_in_found_that_reads_the_end_ends_the_parsing)
{
	start("\n");
	on_found = read_the_end;
	hear("a\nb\n");
	ck_trace("a | ( close )");
	end();
}
END_TEST

START_TEST(error_in_a_loop_in_found_costs_no_byte)
{
	start("\n");
	on_found = read_more;
	on_collect = NULL;
	more = "c\n";
	hear("a\n");
	ck_trace("a | ( c | )");
	on_found = read_more_and_fail;
	more = "f\ng\n";
	hear("d\ne\n");
	ck_trace("d | ( e | f | g | ) EIO");
	hear("h\n");
	ck_trace("h |");
	end();
}
END_TEST

/* ---- A loop inside of collect_incoming_data(). ---- */

START_TEST(loop_in_collect_puts_its_input_behind)
{
	start("\n");
	on_collect = read_more;
	more = "ef\ngh";
	hear("ab\ncd\n");
	ck_trace("ab ( ) | cd | ef | gh");
	hear("\n");
	ck_trace("|");
	end();
}
END_TEST

START_TEST(loop_in_collect_puts_its_input_behind_without_a_terminator)
{
	start("");
	on_collect = read_more;
	more = "cd";
	hear("ab");
	ck_trace("ab ( ) cd");
	end();
}
END_TEST

START_TEST(loop_in_collect_puts_its_input_behind_in_a_count)
{
	start("");
	ck_assert_int_eq(asynchat_set_terminator_count(chat, 5), 0);
	on_collect = read_more;
	more = "cdef";
	hear("ab");
	ck_trace("ab ( ) cde | f");
	end();
}
END_TEST

START_TEST(loop_in_collect_that_completes_a_terminator)
{
	start("\r\n");
	on_collect = read_more;
	more = "\ncd\r";
	hear("ab\r");
	ck_trace("ab ( ) | cd");
	hear("\n");
	ck_trace("|");
	end();
}
END_TEST

static int
read_more_twice(struct asyncore_dispatcher *d)
{
	(void)read_more(d);
	more = "ef\n";
	return read_more(d);
}

START_TEST(loops_in_collect_keep_their_order)
{
	start("\n");
	on_collect = read_more_twice;
	more = "c\nd";
	hear("ab\n");
	ck_trace("ab ( ) ( ) | c | def |");
	end();
}
END_TEST

static int
read_more_in_found_too(struct asyncore_dispatcher *d)
{
	on_found = read_more;
	return read_more(d);
}

START_TEST(loop_in_collect_and_another_in_found_keep_the_order)
{
	start("\n");
	on_collect = read_more_in_found_too;
	more = "x\n";
	hear("a\nb\n");
	ck_trace("a ( ) | ( b | x | x | )");
	end();
}
END_TEST

START_TEST(loop_in_collect_that_reads_the_end_ends_the_parsing)
{
	start("\n");
	on_collect = read_the_end;
	hear("a\nb\n");
	ck_trace("a ( close )");
	end();
}
END_TEST

START_TEST(loop_in_collect_that_fails_costs_no_byte)
{
	start("\n");
	on_collect = read_more_and_fail;
	more = "e\n";
	hear("ab\ncd\n");
	ck_trace("ab ( ) EIO");
	hear("f\n");
	ck_trace("| cd | e | f |");
	end();
}
END_TEST

/* ---- A recv() that reads. ---- */

static ssize_t
reading_recv(struct asyncore_dispatcher *d, void *buf, size_t len)
{
	static bool inside;
	ssize_t n = asyncore_dispatcher_class.recv(d, buf, len);

	if (!inside) {
		inside = true;
		say(more);
		ck_assert_int_eq(asyncore_handle_read(d), 0);
		inside = false;
	}
	return n;
}

/* What the inner one has read stands before what the outer one answers. */
START_TEST(recv_that_reads_costs_no_byte)
{
	struct asynchat_class cls = talker_class;

	cls.dispatcher.recv = reading_recv;
	start_of(&cls, "\n");
	more = "c\nd";
	hear("ab");
	ck_trace("c | d ab");
	end();
}
END_TEST

/* ---- Hooks that fail. ---- */

START_TEST(rest_after_a_failed_found_is_parsed_at_the_next_read)
{
	start("\n");
	on_found = raise_EIO;
	hear("a\nb\nc\n");
	ck_trace("a | EIO");
	hear("d\n");
	ck_trace("b | c | d |");
	end();
}
END_TEST

START_TEST(rest_after_a_failed_collect_is_parsed_at_the_next_read)
{
	start("\n");
	on_collect = raise_EIO;
	hear("a\nb\n");
	ck_trace("a EIO");
	hear("c\n");
	ck_trace("| b | c |");
	end();
}
END_TEST

START_TEST(beginning_of_a_terminator_outlives_a_failed_collect)
{
	start("\r\n");
	on_collect = raise_EIO;
	hear("a\r");
	ck_trace("a EIO");
	hear("\nb\r\n");
	ck_trace("| b |");
	end();
}
END_TEST

/* The count is of what came, and not of what went well. */
START_TEST(count_goes_on_after_a_failed_collect)
{
	long long count;

	start("");
	ck_assert_int_eq(asynchat_set_terminator_count(chat, 5), 0);
	on_collect = raise_EIO;
	hear("ab");
	ck_trace("ab EIO");
	ck_assert_ptr_null(asynchat_get_terminator(chat, NULL, &count));
	ck_assert_int_eq(count, 3);
	hear("cdef");
	ck_trace("cde | f");
	end();
}
END_TEST

START_TEST(count_that_is_complete_ends_after_a_failed_collect)
{
	start("");
	ck_assert_int_eq(asynchat_set_terminator_count(chat, 3), 0);
	on_collect = raise_EIO;
	hear("abcdef");
	ck_trace("abc EIO");
	hear("g");
	ck_trace("| defg");
	end();
}
END_TEST

START_TEST(EAGAIN_is_a_normal_return)
{
	start("\n");
	on_found = on_collect = nothing_there;
	hear("a\nb\n");
	ck_trace("a | b |");
	end();
}
END_TEST

START_TEST(exit_leaves_the_loop_and_the_rest)
{
	start("\n");
	say("a\nb\n");
	on_found = exit_now;
	ck_assert_int_eq(asyncore_loop(10, false, map, -1), ASYNCORE_EXIT_NOW);
	ck_trace("a |");
	hear("c\n");
	ck_trace("b | c |");
	end();
}
END_TEST

/* As above, but what the inner one has read waits for its terminator's end. */
START_TEST(recv_that_reads_keeps_the_beginning_of_a_terminator)
{
	struct asynchat_class cls = talker_class;

	cls.dispatcher.recv = reading_recv;
	start_of(&cls, "\r\n");
	more = "ab\r";
	hear("\ncd\r\n");
	ck_trace("ab | cd |");
	end();
}
END_TEST

static void
add_nested(TCase *tc)
{
	tcase_add_test(tc, loop_in_found_takes_over_what_is_not_parsed);
	tcase_add_test(tc, loop_in_found_completes_a_terminator);
	tcase_add_test(tc, loop_in_a_loop_in_found_keeps_the_order);
	tcase_add_test(tc, loop_in_found_that_reads_nothing_leaves_the_rest);
	tcase_add_test(tc,
	    loop_in_found_that_reads_the_end_ends_the_parsing);
	tcase_add_test(tc, error_in_a_loop_in_found_costs_no_byte);
	tcase_add_test(tc, loop_in_collect_puts_its_input_behind);
	tcase_add_test(tc,
	    loop_in_collect_puts_its_input_behind_without_a_terminator);
	tcase_add_test(tc,
	    loop_in_collect_puts_its_input_behind_in_a_count);
	tcase_add_test(tc, loop_in_collect_that_completes_a_terminator);
	tcase_add_test(tc, loops_in_collect_keep_their_order);
	tcase_add_test(tc,
	    loop_in_collect_and_another_in_found_keep_the_order);
	tcase_add_test(tc,
	    loop_in_collect_that_reads_the_end_ends_the_parsing);
	tcase_add_test(tc, loop_in_collect_that_fails_costs_no_byte);
	tcase_add_test(tc, recv_that_reads_costs_no_byte);
	tcase_add_test(tc,
	    recv_that_reads_keeps_the_beginning_of_a_terminator);
}

static void
add_failing(TCase *tc)
{
	tcase_add_test(tc,
	    rest_after_a_failed_found_is_parsed_at_the_next_read);
	tcase_add_test(tc,
	    rest_after_a_failed_collect_is_parsed_at_the_next_read);
	tcase_add_test(tc,
	    beginning_of_a_terminator_outlives_a_failed_collect);
	tcase_add_test(tc, count_goes_on_after_a_failed_collect);
	tcase_add_test(tc,
	    count_that_is_complete_ends_after_a_failed_collect);
	tcase_add_test(tc, EAGAIN_is_a_normal_return);
	tcase_add_test(tc, exit_leaves_the_loop_and_the_rest);
}

/* ---- A loop that reads another connection. ---- */

START_TEST(loop_in_found_on_a_new_connection_keeps_its_input)
{
	start("\r\n");
	on_found = begin_anew_and_read;
	more = "c\r";
	hear("a\r\nb\r\n");
	ck_trace("a | ( c )");
	hear("\nd\r\n");
	ck_trace("| d |");
	end();
}
END_TEST

START_TEST(loop_in_collect_on_a_new_connection_keeps_its_input)
{
	start("\n");
	on_collect = begin_anew_and_read;
	more = "c\nd";
	hear("a\nb\n");
	ck_trace("a ( ) c | d");
	hear("e\n");
	ck_trace("e |");
	end();
}
END_TEST

/* As begin_anew_and_read(), but that connection is closed, too. */
static int
begin_anew_read_and_close(struct asyncore_dispatcher *d)
{
	const int err = begin_anew_and_read(d);

	ck_assert_int_eq(asyncore_close(d), 0);
	return err;
}

static int
trace_overflow(struct asyncore_dispatcher *d)
{
	(void)d;
	trace("overflow");
	return 0;
}

/* With a terminator, with a count, and with less room than there is input. */
START_TEST(what_came_on_a_connection_that_a_hook_closed_goes_nowhere)
{
	struct asynchat_class cls = talker_class;

	cls.handle_overflow = trace_overflow;
	start_of(&cls, "\n");
	if (_i == 1)
		ck_assert_int_eq(asynchat_set_terminator_count(chat, 1), 0);
	if (_i == 2)
		ck_assert_int_eq(asynchat_set_limit(chat, 2), 0);
	on_collect = begin_anew_read_and_close;
	more = "cde\nf\n";
	hear("a\n");
	ck_trace("a ( )");
	end();
}
END_TEST

void
testing_add(TCase *tc)
{
	add_nested(tc);
	add_failing(tc);
	tcase_add_test(tc,
	    loop_in_found_on_a_new_connection_keeps_its_input);
	tcase_add_test(tc,
	    loop_in_collect_on_a_new_connection_keeps_its_input);
	tcase_add_loop_test(tc,
	    what_came_on_a_connection_that_a_hook_closed_goes_nowhere, 0, 3);
}
