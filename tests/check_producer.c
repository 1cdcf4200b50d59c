/*
 * check_producer.c - asynchat_push_with_producer(): when a producer is asked,
 * in which order with what else was pushed, what it may do while it is asked,
 * and that it is freed exactly once, whatever happens.
 */
#include "talker.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>

const char testing_suite[] = "producer";

/* ---- A send() that tells what it was given. ---- */

static size_t room = SIZE_MAX;		/* what the next one takes */

static ssize_t
tracing_send(struct asyncore_dispatcher *d, const void *bytes, size_t len)
{
	trace("send:%zu", len);
	return asyncore_dispatcher_class.send(d, bytes,
	    len < room ? len : room);
}

static const struct asynchat_class sender = {
	.dispatcher = {
		.name = "Sender",
		.base = &talker_class.dispatcher,
		.flags = ASYNCHAT_CLASS,
		.send = tracing_send,
	},
};

static void
run_pass(void)
{
	ck_assert_int_eq(asyncore_loop(10, false, map, 1), 0);
}

static void
push_text(const char *text)
{
	ck_assert_int_eq(asynchat_push(chat, text, strlen(text)), 0);
}

/* ---- A producer that gives its letters out, one by one. ---- */

struct letters {
	struct asynchat_producer producer;
	const char *next;
	talker_action on_more, on_free;
};

/* Traces "a?" when it is asked and gives 'a' out, ".?" for the last time. */
static int
letters_more(struct asynchat_producer *producer, struct evbuffer *out)
{
	struct letters *p = (struct letters *)producer;
	const char letter = *p->next;
	const talker_action act = p->on_more;

	trace("%c?", letter != '\0' ? letter : '.');
	if (letter != '\0') {
		ck_assert_int_eq(evbuffer_add(out, &letter, 1), 0);
		p->next++;
	}
	p->on_more = NULL;
	return act != NULL ? act(chat) : 0;
}

static void
letters_free(struct asynchat_producer *producer)
{
	struct letters *p = (struct letters *)producer;

	trace("free");
	if (p->on_free != NULL)
		(void)p->on_free(chat);
	free(p);
}

static struct letters *
new_letters(const char *letters)
{
	struct letters *p = calloc(1, sizeof *p);

	ck_assert_ptr_nonnull(p);
	p->producer.more = letters_more;
	p->producer.free = letters_free;
	p->next = letters;
	return p;
}

static void
push_letters(const char *letters)
{
	ck_assert_int_eq(asynchat_push_with_producer(chat,
	    &new_letters(letters)->producer), 0);
}

/* Asked for the first time, it does this. */
static void
push_acting(const char *letters, talker_action act)
{
	struct letters *p = new_letters(letters);

	p->on_more = act;
	ck_assert_int_eq(asynchat_push_with_producer(chat, &p->producer), 0);
}

/* ---- In order. ---- */

START_TEST(producer_is_asked_when_its_output_is_sent)
{
	start_of(&sender, "\n");
	push_letters("ab");
	ck_trace("a? send:1");
	run_pass();
	ck_trace("b? send:1");
	ck_assert(asyncore_writable(chat));
	run_pass();
	ck_trace(".? free");
	ck_assert(!asyncore_writable(chat));
	ck_inbox("ab");
	end();
}
END_TEST

START_TEST(producer_is_not_asked_before_its_output_is_taken)
{
	start_of(&sender, "\n");
	room = 0;
	push_letters("ab");
	run_pass();
	run_pass();
	ck_trace("a? send:1 send:1 send:1");
	room = SIZE_MAX;
	deliver();
	ck_trace("send:1 b? send:1 .? free");
	ck_inbox("ab");
	end();
}
END_TEST

START_TEST(producer_of_nothing_is_passed_over)
{
	start_of(&sender, "\n");
	push_letters("");
	ck_trace(".? free");
	room = 0;
	push_letters("a");
	push_letters("");
	push_text("b");
	clear_trace();
	room = SIZE_MAX;
	run_pass();
	ck_trace("send:1");
	run_pass();
	ck_trace(".? free .? free send:1");
	ck_inbox("ab");
	end();
}
END_TEST

/* Nothing the first time that it is asked, and then its letters. */
static int
late_more(struct asynchat_producer *producer, struct evbuffer *out)
{
	(void)out;
	trace("later");
	producer->more = letters_more;
	return -EAGAIN;
}

static void
push_late(const char *letters)
{
	struct letters *p = new_letters(letters);

	p->producer.more = late_more;
	ck_assert_int_eq(asynchat_push_with_producer(chat, &p->producer), 0);
}

START_TEST(producer_with_nothing_for_now_does_not_spin_and_is_asked_again)
{
	double start;

	start_of(&sender, "\n");
	start = now();
	push_late("a");
	ck_trace("later");
	ck_assert(!asyncore_writable(chat));
	while (*traced() == '\0')
		run_pass();
	ck_waited(start, 0.1);
	ck_trace("a? send:1");
	run_pass();
	ck_inbox("a");
	clear_trace();
	end();
}
END_TEST

START_TEST(producer_with_nothing_for_now_is_asked_by_the_next_push)
{
	start_of(&sender, "\n");
	push_late("a");
	push_text("b");
	ck_trace("later a? send:1");
	run_pass();
	run_pass();
	ck_inbox("ab");
	clear_trace();
	end();
}
END_TEST

/* Who would have it asked again is there no more. */
START_TEST(producer_with_nothing_for_now_is_asked_in_another_map)
{
	struct asyncore_map *other = asyncore_map_new(NULL);

	start_of(&sender, "\n");
	push_late("a");
	ck_trace("later");
	ck_assert_int_eq(asyncore_add_channel(chat, other), 0);
	ck_assert_int_eq(asyncore_loop(0, false, other, 1), 0);
	ck_trace("a? send:1");
	ck_assert_int_eq(asyncore_add_channel(chat, map), 0);
	run_pass();
	ck_trace(".? free");
	ck_inbox("a");
	end();
	ck_assert_int_eq(asyncore_map_free(other), 0);
}
END_TEST

START_TEST(producers_and_bytes_keep_their_order)
{
	start_of(&sender, "\n");
	room = 0;
	push_text("1");
	push_letters("ab");
	push_text("2");
	push_text("3");
	push_letters("cd");
	push_letters("e");
	push_text("4");
	ck_assert_int_eq(asynchat_close_when_done(chat), 0);
	room = SIZE_MAX;
	deliver();
	clear_trace();
	ck_inbox("1ab23cde4");
	end();
}
END_TEST

START_TEST(producer_is_not_asked_before_the_connection)
{
	start_of(&sender, "\n");
	ck_assert_int_eq(asyncore_set_connected(chat, false), 0);
	push_letters("a");
	ck_assert_int_eq(asynchat_initiate_send(chat), 0);
	ck_trace("");
	ck_assert_int_eq(asyncore_set_connected(chat, true), 0);
	deliver();
	ck_trace("a? send:1 .? free");
	ck_inbox("a");
	end();
}
END_TEST

static char much[200000];

static int
give_much(struct asynchat_producer *producer, struct evbuffer *out)
{
	trace("more");
	producer->more = letters_more;
	ck_assert_int_eq(evbuffer_add(out, much, sizeof much), 0);
	return 0;
}

START_TEST(much_at_once_is_sent_in_pieces_of_65536)
{
	struct letters *p = new_letters("");

	memset(much, 'm', sizeof much);
	p->producer.more = give_much;
	start_of(&sender, "\n");
	ck_assert_int_eq(asynchat_push_with_producer(chat, &p->producer), 0);
	deliver();
	ck_trace("more send:65536 send:65536 send:65536 send:3392 .? free");
	ck_inbox_bytes(much, sizeof much);
	end();
}
END_TEST

/* ---- simple_producer. ---- */

static const struct {
	size_t len, piece;
	const char *expected;
} simple[] = {
	{ 1300, 0, "send:512 send:512 send:276" },
	{ 1024, 512, "send:512 send:512" },
	{ 10, 4, "send:4 send:4 send:2" },
	{ 100000, 100000, "send:65536 send:34464" },
	{ 1, 65536, "send:1" },
	{ 0, 0, "" },
};
#define N_SIMPLE ((int)(sizeof simple / sizeof simple[0]))

START_TEST(simple_producer_gives_its_data_in_pieces)
{
	struct asynchat_producer *p;
	char data[100000];
	size_t i;

	for (i = 0; i < sizeof data; i++)
		data[i] = (char)(i % 251);
	p = asynchat_simple_producer(data, simple[_i].len, simple[_i].piece);
	ck_assert_ptr_nonnull(p);
	memset(data, 0, sizeof data);
	start_of(&sender, "\n");
	ck_assert_int_eq(asynchat_push_with_producer(chat, p), 0);
	deliver();
	ck_trace(simple[_i].expected);
	for (i = 0; i < sizeof data; i++)
		data[i] = (char)(i % 251);
	ck_inbox_bytes(data, simple[_i].len);
	end();
}
END_TEST

/* ---- What it may do while it is asked. ---- */

static int
push_xy(struct asyncore_dispatcher *d)
{
	ck_assert_int_eq(asynchat_push(d, "x", 1), 0);
	return asynchat_push(d, "y", 1);
}

START_TEST(push_of_a_producer_is_behind_all)
{
	start_of(&sender, "\n");
	room = 0;
	push_acting("ab", push_xy);
	push_text("1");
	ck_trace("a? send:1 send:1");
	room = SIZE_MAX;
	deliver();
	ck_trace("send:1 b? send:1 .? free send:3");
	ck_inbox("abxy1");
	end();
}
END_TEST

static int
push_a_producer(struct asyncore_dispatcher *d)
{
	return asynchat_push_with_producer(d, &new_letters("xy")->producer);
}

START_TEST(producer_of_a_producer_is_behind_all)
{
	start_of(&sender, "\n");
	push_acting("ab", push_a_producer);
	push_text("1");
	deliver();
	ck_inbox("abxy1");
	ck_trace("a? send:1 b? send:1 .? free x? send:1 y? send:1 .? free "
	    "send:1");
	end();
}
END_TEST

START_TEST(producer_that_finishes_and_pushes_another_goes_on)
{
	start_of(&sender, "\n");
	push_acting("", push_a_producer);
	ck_trace(".? free x? send:1");
	deliver();
	clear_trace();
	ck_inbox("xy");
	end();
}
END_TEST

static int
run_a_loop(struct asyncore_dispatcher *d)
{
	(void)d;
	return asyncore_loop(0, false, map, 2);
}

START_TEST(producer_that_runs_a_loop_is_not_asked_inside_of_it)
{
	start_of(&sender, "\n");
	push_acting("ab", run_a_loop);
	ck_trace("a? send:1");
	deliver();
	ck_trace("b? send:1 .? free");
	ck_inbox("ab");
	end();
}
END_TEST

static int
close_when_done(struct asyncore_dispatcher *d)
{
	return asynchat_close_when_done(d);
}

START_TEST(close_when_done_of_a_producer_waits_for_it)
{
	start_of(&sender, "\n");
	push_acting("abc", close_when_done);
	deliver();
	ck_trace("a? send:1 b? send:1 c? send:1 .? free close");
	ck_inbox("abc");
	end();
}
END_TEST

/* As in Python the queue outlives the close, and the producer with it. */
START_TEST(producer_that_closes_sends_nothing)
{
	start_of(&sender, "\n");
	push_acting("ab", asyncore_close);
	ck_trace("a?");
	ck_inbox_end();
	ck_assert_int_eq(asyncore_close(chat), 0);
	asyncore_unref(chat);
	ck_trace("free");
	ck_assert_int_eq(close(chat_peer), 0);
}
END_TEST

START_TEST(producer_that_discards_is_freed_behind_its_call)
{
	start_of(&sender, "\n");
	push_acting("ab", asynchat_discard_buffers);
	ck_trace("a? free");
	ck_assert(!asyncore_writable(chat));
	push_text("1");
	clear_trace();
	ck_inbox("1");
	end();
}
END_TEST

static int
discard_and_push(struct asyncore_dispatcher *d)
{
	ck_assert_int_eq(asynchat_discard_buffers(d), 0);
	return asynchat_push(d, "x", 1);
}

START_TEST(producer_that_discards_and_pushes_sends_what_it_pushed)
{
	start_of(&sender, "\n");
	push_acting("ab", discard_and_push);
	deliver();
	ck_trace("a? free send:1");
	ck_inbox("x");
	end();
}
END_TEST

static int
close_and_begin_anew(struct asyncore_dispatcher *d)
{
	ck_assert_int_eq(asyncore_close(d), 0);
	ck_assert_int_eq(asyncore_create_socket(d, AF_INET, SOCK_STREAM), 0);
	return 0;
}

/* What it gave waits for the connection that is yet to be made. */
START_TEST(producer_that_begins_anew_sends_nothing_before_the_connection)
{
	start_of(&sender, "\n");
	push_acting("ab", close_and_begin_anew);
	ck_trace("a?");
	ck_assert(!asyncore_closed(chat));
	ck_assert(asyncore_writable(chat));
	ck_assert_int_eq(asynchat_discard_buffers(chat), 0);
	ck_trace("free");
	end();
}
END_TEST

static int
let_go(struct asyncore_dispatcher *d)
{
	asyncore_unref(d);
	return 0;
}

START_TEST(producer_that_holds_its_chat_may_let_it_go_when_discarded)
{
	struct letters *p = new_letters("ab");

	start_of(&sender, "\n");
	ck_assert_int_eq(asyncore_close(chat), 0);
	p->on_free = let_go;
	ck_assert_int_eq(asynchat_push_with_producer(chat, &p->producer), 0);
	ck_assert_int_eq(asynchat_discard_buffers(chat), 0);
	ck_trace("free");
	ck_assert_int_eq(close(chat_peer), 0);
}
END_TEST

/* The map alone holds the chat. */
START_TEST(producer_that_closes_a_chat_that_nobody_holds_is_freed)
{
	int fds[2];

	make_pair(fds);
	chat_peer = fds[1];
	chat = asynchat_spawn(&sender, fds[0], map);
	push_acting("a", asyncore_close);
	ck_trace("a? free");
	ck_assert_int_eq(close(chat_peer), 0);
}
END_TEST

/* ---- One that fails. ---- */

START_TEST(failed_producer_goes_to_handle_error_and_is_freed)
{
	start_of(&sender, "\n");
	push_acting("ab", raise_EIO);
	ck_trace("a? free EIO");
	ck_assert(!asyncore_writable(chat));
	push_text("1");
	clear_trace();
	ck_inbox("1");
	end();
}
END_TEST

static int
discard_and_fail(struct asyncore_dispatcher *d)
{
	ck_assert_int_eq(asynchat_discard_buffers(d), 0);
	return -EIO;
}

START_TEST(error_of_a_producer_that_was_discarded_is_not_lost)
{
	start_of(&sender, "\n");
	push_acting("ab", discard_and_fail);
	ck_trace("a? free EIO");
	end();
}
END_TEST

static int
discard_and_wait(struct asyncore_dispatcher *d)
{
	(void)discard_and_push(d);
	return -EAGAIN;
}

START_TEST(producer_that_was_discarded_is_not_waited_for)
{
	start_of(&sender, "\n");
	push_acting("ab", discard_and_wait);
	ck_trace("a? free send:1");
	ck_assert(!asyncore_writable(chat));
	ck_inbox("x");
	end();
}
END_TEST

START_TEST(what_is_behind_a_failed_producer_is_sent)
{
	start_of(&sender, "\n");
	room = 0;
	push_text("1");
	push_acting("ab", raise_EIO);
	push_text("2");
	room = SIZE_MAX;
	clear_trace();
	deliver();
	ck_trace("send:1 a? free EIO send:1");
	ck_inbox("12");
	end();
}
END_TEST

static void
say_error(struct asyncore_dispatcher *d, const char *message, const char *type)
{
	(void)d;
	(void)message;
	trace("%s", type);
}

START_TEST(failed_producer_closes_by_default)
{
	struct asynchat_class cls = {
		.dispatcher = {
			.base = &asynchat_async_chat_class.dispatcher,
			.flags = ASYNCHAT_CLASS,
			.log_info = say_error,
		},
	};

	start_of(&cls, "\n");
	push_acting("ab", raise_EIO);
	ck_trace("a? free error");
	ck_assert(asyncore_closed(chat));
	end();
}
END_TEST

static int
exit_now(struct asyncore_dispatcher *d)
{
	(void)d;
	return ASYNCORE_EXIT_NOW;
}

START_TEST(producer_can_leave_the_loop)
{
	struct letters *p = new_letters("ab");

	start_of(&sender, "\n");
	p->on_more = exit_now;
	ck_assert_int_eq(asynchat_push_with_producer(chat, &p->producer),
	    ASYNCORE_EXIT_NOW);
	ck_trace("a? free");
	room = 0;
	push_text("1");
	push_acting("ab", exit_now);
	clear_trace();
	room = SIZE_MAX;
	ck_assert_int_eq(asyncore_loop(10, false, map, -1), ASYNCORE_EXIT_NOW);
	ck_trace("send:1 a? free");
	ck_inbox("1");
	end();
}
END_TEST

/* ---- Not wanted any more. ---- */

START_TEST(discard_frees_each_producer_once)
{
	start_of(&sender, "\n");
	room = 0;
	push_letters("ab");
	push_letters("cd");
	ck_trace("a? send:1 send:1");
	ck_assert_int_eq(asynchat_discard_buffers(chat), 0);
	ck_trace("free free");
	end();
}
END_TEST

START_TEST(producers_go_with_their_chat)
{
	start_of(&sender, "\n");
	room = 0;
	push_letters("ab");
	push_letters("cd");
	ck_assert_int_eq(asynchat_close_when_done(chat), 0);
	push_letters("ef");
	clear_trace();
	ck_assert_int_eq(asyncore_close(chat), 0);
	ck_trace("");
	asyncore_unref(chat);
	ck_trace("free free free");
	ck_assert_int_eq(close(chat_peer), 0);
}
END_TEST

START_TEST(producer_without_a_free_is_the_callers)
{
	struct letters p = { .producer.more = letters_more, .next = "a" };

	start_of(&sender, "\n");
	ck_assert_int_eq(asynchat_push_with_producer(chat, &p.producer), 0);
	deliver();
	ck_trace("a? send:1 .?");
	p.next = "b";
	ck_assert_int_eq(asynchat_push_with_producer(chat, &p.producer), 0);
	ck_assert_int_eq(asynchat_discard_buffers(chat), 0);
	clear_trace();
	ck_inbox("ab");
	end();
}
END_TEST

static void
push_one_that_pushes_at_its_end(const char *letters, talker_action act)
{
	struct letters *p = new_letters(letters);

	p->on_free = act;
	ck_assert_int_eq(asynchat_push_with_producer(chat, &p->producer), 0);
}

START_TEST(producer_may_push_at_its_end)
{
	start_of(&sender, "\n");
	push_one_that_pushes_at_its_end("a", push_xy);
	deliver();
	ck_trace("a? send:1 .? free send:2");
	ck_inbox("axy");
	end();
}
END_TEST

START_TEST(producer_may_close_at_its_end)
{
	start_of(&sender, "\n");
	push_one_that_pushes_at_its_end("a", asyncore_close);
	push_text("b");
	deliver();
	ck_trace("a? send:1 .? free");
	ck_inbox("a");
	end();
}
END_TEST

/* What it pushes while everything is forgotten is forgotten, or is sent. */
START_TEST(producer_may_push_while_it_is_discarded)
{
	start_of(&sender, "\n");
	room = 0;
	push_one_that_pushes_at_its_end("a", push_xy);
	push_one_that_pushes_at_its_end("b", push_xy);
	room = SIZE_MAX;
	ck_assert_int_eq(asynchat_discard_buffers(chat), 0);
	deliver();
	take_in(INBOX_SIZE);
	ck_assert_ptr_null(memchr(inbox, 'a', inbox_len));
	ck_assert_ptr_null(memchr(inbox, 'b', inbox_len));
	clear_trace();
	end();
}
END_TEST

START_TEST(producer_may_push_while_its_chat_goes)
{
	start_of(&sender, "\n");
	room = 0;
	push_one_that_pushes_at_its_end("a", push_xy);
	push_text("1");
	clear_trace();
	ck_assert_int_eq(asyncore_close(chat), 0);
	asyncore_unref(chat);
	ck_trace("free");
	ck_assert_int_eq(close(chat_peer), 0);
}
END_TEST

static void
add_acting(TCase *tc)
{
	tcase_add_test(tc, push_of_a_producer_is_behind_all);
	tcase_add_test(tc, producer_of_a_producer_is_behind_all);
	tcase_add_test(tc,
	    producer_that_finishes_and_pushes_another_goes_on);
	tcase_add_test(tc,
	    producer_that_runs_a_loop_is_not_asked_inside_of_it);
	tcase_add_test(tc, close_when_done_of_a_producer_waits_for_it);
	tcase_add_test(tc, producer_that_closes_sends_nothing);
	tcase_add_test(tc,
	    producer_that_begins_anew_sends_nothing_before_the_connection);
	tcase_add_test(tc,
	    producer_that_holds_its_chat_may_let_it_go_when_discarded);
	tcase_add_test(tc, producer_that_discards_is_freed_behind_its_call);
	tcase_add_test(tc,
	    producer_that_discards_and_pushes_sends_what_it_pushed);
	tcase_add_test(tc,
	    producer_that_closes_a_chat_that_nobody_holds_is_freed);
}

static void
add_ends(TCase *tc)
{
	tcase_add_test(tc, discard_frees_each_producer_once);
	tcase_add_test(tc, producers_go_with_their_chat);
	tcase_add_test(tc, producer_without_a_free_is_the_callers);
	tcase_add_test(tc, producer_may_push_at_its_end);
	tcase_add_test(tc, producer_may_close_at_its_end);
	tcase_add_test(tc, producer_may_push_while_it_is_discarded);
	tcase_add_test(tc, producer_may_push_while_its_chat_goes);
}

void
testing_add(TCase *tc)
{
	tcase_add_test(tc, producer_is_asked_when_its_output_is_sent);
	tcase_add_test(tc, producer_is_not_asked_before_its_output_is_taken);
	tcase_add_test(tc, producer_of_nothing_is_passed_over);
	tcase_add_test(tc,
	    producer_with_nothing_for_now_does_not_spin_and_is_asked_again);
	tcase_add_test(tc,
	    producer_with_nothing_for_now_is_asked_by_the_next_push);
	tcase_add_test(tc,
	    producer_with_nothing_for_now_is_asked_in_another_map);
	tcase_add_test(tc, producers_and_bytes_keep_their_order);
	tcase_add_test(tc, producer_is_not_asked_before_the_connection);
	tcase_add_test(tc, much_at_once_is_sent_in_pieces_of_65536);
	tcase_add_loop_test(tc, simple_producer_gives_its_data_in_pieces, 0,
	    N_SIMPLE);
	add_acting(tc);
	tcase_add_test(tc,
	    failed_producer_goes_to_handle_error_and_is_freed);
	tcase_add_test(tc, what_is_behind_a_failed_producer_is_sent);
	tcase_add_test(tc, error_of_a_producer_that_was_discarded_is_not_lost);
	tcase_add_test(tc, producer_that_was_discarded_is_not_waited_for);
	tcase_add_test(tc, failed_producer_closes_by_default);
	tcase_add_test(tc, producer_can_leave_the_loop);
	add_ends(tc);
}
