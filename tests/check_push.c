/*
 * check_push.c - asynchat_push(), push_buffer and close_when_done: what is sent
 * at once, what later, in which order, and what becomes of it when the channel
 * closes.
 */
#include "talker.h"
#include "places.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>

const char testing_suite[] = "push";

static char data[1 << 20];

static void
fill_data(void)
{
	size_t i;

	for (i = 0; i < sizeof data; i++)
		data[i] = (char)(i % 251);
}

static void
push_text(const char *text)
{
	ck_assert_int_eq(asynchat_push(chat, text, strlen(text)), 0);
}

static void
run_pass(void)
{
	ck_assert_int_eq(asyncore_loop(10, false, map, 1), 0);
}

/* ---- A send() that tells what it was given. ---- */

static size_t room;			/* what the next one takes */
static ssize_t (*on_send)(struct asyncore_dispatcher *d);

static ssize_t
tracing_send(struct asyncore_dispatcher *d, const void *bytes, size_t len)
{
	ssize_t (*const act)(struct asyncore_dispatcher *) = on_send;
	ssize_t err;

	trace("send:%zu", len);
	on_send = NULL;
	if (act != NULL && (err = act(d)) < 0)
		return err;
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
start_sender(void)
{
	room = SIZE_MAX;
	start_of(&sender, "\n");
}

START_TEST(long_data_is_sent_in_pieces_of_65536)
{
	fill_data();
	start_sender();
	ck_assert_int_eq(asynchat_push(chat, data, 200000), 0);
	ck_trace("send:65536");
	while (asyncore_writable(chat)) {
		take_in(sizeof inbox);
		run_pass();
	}
	ck_trace("send:65536 send:65536 send:3392");
	ck_inbox_bytes(data, 200000);
	end();
}
END_TEST

/* The library's own send(), which takes another way. */
START_TEST(push_sends_at_most_65536_at_once)
{
	int n;

	start("\n");
	ck_assert_int_eq(asynchat_push(chat, data, sizeof data), 0);
	ck_assert_int_eq(ioctl(chat_peer, FIONREAD, &n), 0);
	ck_assert_int_gt(n, 0);
	ck_assert_int_le(n, 65536);
	ck_inbox_bytes(data, (size_t)n);
	run_pass();
	take_in(sizeof inbox);
	ck_assert_uint_gt(inbox_len, 0);
	ck_assert_uint_le(inbox_len, 65536);
	end();
}
END_TEST

START_TEST(push_sends_at_most_the_classs_size)
{
	struct asynchat_class cls = _i ? sender : talker_class;

	room = SIZE_MAX;
	cls.ac_out_buffer_size = 4;
	start_of(&cls, "\n");
	push_text("abcdefghij");
	ck_inbox("abcd");
	run_pass();
	ck_inbox("efgh");
	run_pass();
	ck_inbox("ij");
	ck_assert(!asyncore_writable(chat));
	clear_trace();
	end();
}
END_TEST

START_TEST(what_a_send_did_not_take_is_sent_later)
{
	start_sender();
	room = 2;
	push_text("abcde");
	ck_trace("send:5");
	ck_inbox("ab");
	run_pass();
	ck_trace("send:3");
	room = 0;
	run_pass();
	ck_trace("send:1");
	room = 1;
	run_pass();
	ck_trace("send:1");
	ck_inbox("cde");
	ck_assert(!asyncore_writable(chat));
	end();
}
END_TEST

/* Differs: in Python each push is a send of its own. */
START_TEST(pushes_that_wait_are_sent_together)
{
	start_sender();
	room = 0;
	push_text("ab");
	push_text("cd");
	push_text("e");
	clear_trace();
	room = SIZE_MAX;
	run_pass();
	ck_trace("send:5");
	ck_inbox("abcde");
	end();
}
END_TEST

START_TEST(push_of_nothing_sends_nothing)
{
	start_sender();
	ck_assert_int_eq(asynchat_push(chat, "", 0), 0);
	ck_assert_int_eq(asynchat_initiate_send(chat), 0);
	ck_trace("");
	ck_assert(!asyncore_writable(chat));
	end();
}
END_TEST

START_TEST(pushed_bytes_stay_the_callers)
{
	char text[] = "abc";

	start_sender();
	room = 0;
	push_text(text);
	memset(text, 'x', 3);
	room = SIZE_MAX;
	run_pass();
	clear_trace();
	ck_inbox("abc");
	end();
}
END_TEST

/* ---- Inside of send(). ---- */

static ssize_t
push_b(struct asyncore_dispatcher *d)
{
	return asynchat_push(d, "b", 1);
}

/* Differs: in Python "b" would be sent first, and "a" twice. */
START_TEST(push_inside_of_send_is_queued)
{
	start_sender();
	on_send = push_b;
	push_text("a");
	ck_trace("send:1");
	ck_inbox("a");
	run_pass();
	ck_trace("send:1");
	ck_inbox("b");
	end();
}
END_TEST

START_TEST(push_inside_of_send_is_behind_what_was_not_taken)
{
	start_sender();
	room = _i;
	on_send = push_b;
	push_text("aaa");
	room = SIZE_MAX;
	push_text("c");
	deliver();
	clear_trace();
	ck_inbox("aaabc");
	end();
}
END_TEST

START_TEST(push_inside_of_a_later_send_is_queued)
{
	start_sender();
	room = 0;
	push_text("aaa");
	room = 2;
	on_send = push_b;
	run_pass();
	room = SIZE_MAX;
	deliver();
	clear_trace();
	ck_inbox("aaab");
	end();
}
END_TEST

static ssize_t
discard(struct asyncore_dispatcher *d)
{
	return asynchat_discard_buffers(d);
}

START_TEST(discard_inside_of_a_later_send_leaves_nothing)
{
	start_sender();
	room = 0;
	push_text("aaa");
	push_text("aaa");
	room = 2;
	on_send = discard;
	run_pass();
	ck_assert(!asyncore_writable(chat));
	clear_trace();
	ck_inbox("aa");
	end();
}
END_TEST

static ssize_t
close_it(struct asyncore_dispatcher *d)
{
	return asyncore_close(d);
}

START_TEST(close_inside_of_send_is_no_error)
{
	start_sender();
	on_send = close_it;
	push_text("abc");
	ck_trace("send:3");
	ck_assert(asyncore_closed(chat));
	ck_inbox_end();
	end();
}
END_TEST

/* ---- A send() that fails. ---- */

static ssize_t
fail_send(struct asyncore_dispatcher *d)
{
	(void)d;
	return -EIO;
}

static ssize_t
exit_send(struct asyncore_dispatcher *d)
{
	(void)d;
	return ASYNCORE_EXIT_NOW;
}

START_TEST(failed_send_goes_to_handle_error_and_keeps_the_data)
{
	start_sender();
	on_send = fail_send;
	push_text("abc");
	ck_trace("send:3 EIO");
	on_send = fail_send;
	run_pass();
	ck_trace("send:3 EIO");
	run_pass();
	ck_trace("send:3");
	ck_inbox("abc");
	end();
}
END_TEST

START_TEST(what_leaves_the_loop_is_answered_and_keeps_the_data)
{
	start_sender();
	on_send = exit_send;
	ck_assert_int_eq(asynchat_push(chat, "abc", 3), ASYNCORE_EXIT_NOW);
	on_send = exit_send;
	ck_assert_int_eq(asynchat_push(chat, "d", 1), ASYNCORE_EXIT_NOW);
	on_send = exit_send;
	ck_assert_int_eq(asyncore_loop(10, false, map, 1), ASYNCORE_EXIT_NOW);
	run_pass();
	ck_trace("send:3 send:4 send:4 send:4");
	ck_inbox("abcd");
	end();
}
END_TEST

/* ---- Connections that come and go. ---- */

static void
connect_chat(place_maker make)
{
	struct place p;

	listen_place(&p, make);
	ck_assert_int_eq(asyncore_create_socket(chat, p.addr.sa.sa_family,
	    SOCK_STREAM), 0);
	ck_assert_int_eq(connect_to(chat, &p), 0);
	chat_peer = accept(p.fd, NULL, NULL);
	ck_assert_int_ge(chat_peer, 0);
	drop_place(&p);
}

static int
say_hello(struct asyncore_dispatcher *d)
{
	trace("connect");
	return asynchat_push(d, "b", 1);
}

static const struct asynchat_class caller = {
	.dispatcher = {
		.base = &talker_class.dispatcher,
		.flags = ASYNCHAT_CLASS,
		.handle_connect = say_hello,
	},
};

START_TEST(push_before_the_connection_is_sent_after_it)
{
	chat = asynchat_new(&caller, map);
	push_text("a");
	ck_assert(asyncore_writable(chat));
	connect_chat(tcp_places[_i]);
	run_pass();
	ck_trace("connect");
	ck_inbox("ab");
	ck_assert(!asyncore_writable(chat));
	end();
}
END_TEST

START_TEST(close_when_done_before_the_connection_closes_after_it)
{
	chat = asynchat_new(&talker_class, map);
	push_text("a");
	ck_assert_int_eq(asynchat_close_when_done(chat), 0);
	connect_chat(local_places[_i]);
	ck_assert_int_eq(asyncore_loop(10, false, map, -1), 0);
	ck_trace("close");
	ck_inbox("a");
	ck_inbox_end();
	end();
}
END_TEST

/* As in Python. */
START_TEST(queue_outlives_a_close)
{
	start_sender();
	room = 2;
	push_text("abcde");
	ck_inbox("ab");
	ck_assert_int_eq(asyncore_close(chat), 0);
	push_text("f");
	ck_assert_int_eq(close(chat_peer), 0);
	connect_chat(inet);
	room = SIZE_MAX;
	deliver();
	ck_inbox("cdef");
	clear_trace();
	end();
}
END_TEST

START_TEST(push_to_a_peer_that_is_gone_closes_and_keeps_the_data)
{
	start("\n");
	ck_assert_int_eq(close(chat_peer), 0);
	push_text("abc");
	ck_trace("close");
	ck_assert(asyncore_closed(chat));
	connect_chat(inet);
	deliver();
	ck_inbox("abc");
	end();
}
END_TEST

/* ---- close_when_done(). ---- */

static int
leave(struct asyncore_dispatcher *d)
{
	const int err = asyncore_close(d);

	return err < 0 ? err : ASYNCORE_EXIT_NOW;
}

START_TEST(exit_of_handle_close_is_the_answer_of_a_push)
{
	struct asynchat_class cls = talker_class;

	cls.dispatcher.handle_close = leave;
	start_of(&cls, "\n");
	ck_assert_int_eq(close(chat_peer), 0);
	chat_peer = dup(STDIN_FILENO);
	ck_assert_int_eq(asynchat_push(chat, "abc", 3), ASYNCORE_EXIT_NOW);
	ck_assert(asyncore_closed(chat));
	ck_assert_uint_eq(asyncore_pending_output(chat), 3);
	end();
}
END_TEST

START_TEST(close_when_done_closes_in_the_next_pass)
{
	start("\n");
	push_text("abc");
	ck_assert_int_eq(asynchat_close_when_done(chat), 0);
	ck_assert(!asyncore_closed(chat));
	ck_assert(asyncore_writable(chat));
	run_pass();
	ck_trace("close");
	ck_inbox("abc");
	ck_inbox_end();
	end();
}
END_TEST

START_TEST(close_when_done_waits_for_what_was_pushed)
{
	fill_data();
	start("\n");
	ck_assert_int_eq(asynchat_push(chat, data, sizeof data), 0);
	ck_assert_int_eq(asynchat_close_when_done(chat), 0);
	while (!asyncore_closed(chat)) {
		ck_trace("");
		take_in(50000);
		ck_assert_int_eq(asyncore_loop(0, false, map, 1), 0);
	}
	ck_trace("close");
	ck_inbox_bytes(data, sizeof data);
	ck_inbox_end();
	end();
}
END_TEST

START_TEST(push_after_close_when_done_is_not_sent)
{
	start_sender();
	room = 0;
	push_text("a");
	ck_assert_int_eq(asynchat_close_when_done(chat), 0);
	push_text("b");
	ck_assert_int_eq(asynchat_close_when_done(chat), 0);
	room = SIZE_MAX;
	deliver();
	ck_trace("send:1 send:1 send:1 close");
	ck_inbox("a");
	ck_inbox_end();
	end();
}
END_TEST

static int
stay_open(struct asyncore_dispatcher *d)
{
	(void)d;
	trace("stay");
	return 0;
}

/* As in Python: the end is taken out of the queue, and the rest goes on. */
START_TEST(close_when_done_calls_handle_close_once)
{
	struct asynchat_class cls = talker_class;

	cls.dispatcher.handle_close = stay_open;
	start_of(&cls, "\n");
	ck_assert_int_eq(asynchat_close_when_done(chat), 0);
	push_text("a");
	ck_trace("stay");
	ck_inbox("");
	run_pass();
	ck_trace("");
	ck_inbox("a");
	end();
}
END_TEST

START_TEST(push_behind_the_end_closes_at_once)
{
	start("\n");
	ck_assert_int_eq(asynchat_close_when_done(chat), 0);
	push_text("a");
	ck_trace("close");
	ck_inbox("");
	end();
}
END_TEST

/* ---- push_buffer(). ---- */

static int n_cleaned;

static void
count_cleanup(const void *bytes, size_t len, void *arg)
{
	(void)bytes;
	(void)len;
	(void)arg;
	n_cleaned++;
}

START_TEST(push_buffer_empties_the_buffer)
{
	struct evbuffer *buffer = evbuffer_new();

	start("\n");
	ck_assert_int_eq(evbuffer_add(buffer, "abc", 3), 0);
	ck_assert_int_eq(asynchat_push_buffer(chat, buffer), 0);
	ck_assert_uint_eq(evbuffer_get_length(buffer), 0);
	ck_inbox("abc");
	ck_assert_int_eq(asynchat_push_buffer(chat, buffer), 0);
	ck_inbox("");
	ck_assert(!asyncore_writable(chat));
	ck_assert_int_eq(evbuffer_add(buffer, "d", 1), 0);
	ck_assert_int_eq(asynchat_push_buffer(chat, buffer), 0);
	evbuffer_free(buffer);
	ck_inbox("d");
	end();
}
END_TEST

START_TEST(buffer_that_gives_nothing_away_keeps_it)
{
	struct evbuffer *buffer = evbuffer_new();

	start("\n");
	ck_assert_int_eq(evbuffer_add(buffer, "abc", 3), 0);
	ck_assert_int_eq(evbuffer_freeze(buffer, 1), 0);
	ck_assert_int_eq(asynchat_push_buffer(chat, buffer), -ENOMEM);
	ck_assert_uint_eq(evbuffer_get_length(buffer), 3);
	ck_assert_int_eq(asynchat_push(chat, "1", 1), 0);
	ck_assert_int_eq(evbuffer_unfreeze(buffer, 1), 0);
	ck_assert_int_eq(asynchat_push_buffer(chat, buffer), 0);
	evbuffer_free(buffer);
	deliver();
	ck_inbox("1abc");
	end();
}
END_TEST

/* What is changed in the memory that waits is what the peer gets. */
START_TEST(push_buffer_copies_nothing)
{
	struct evbuffer *buffer = evbuffer_new();

	fill_data();
	start("\n");
	fill(asyncore_fileno(chat));
	ck_assert_int_eq(evbuffer_add_reference(buffer, data, sizeof data,
	    count_cleanup, NULL), 0);
	ck_assert_int_eq(asynchat_push_buffer(chat, buffer), 0);
	evbuffer_free(buffer);
	ck_assert_int_eq(n_cleaned, 0);
	memset(data, 'x', sizeof data);
	take_in(sizeof inbox);
	inbox_len = 0;
	deliver();
	ck_assert_int_eq(n_cleaned, 1);
	ck_inbox_bytes(data, sizeof data);
	end();
}
END_TEST

START_TEST(pushed_buffer_that_is_not_wanted_is_released)
{
	struct evbuffer *buffer = evbuffer_new();

	start("\n");
	fill(asyncore_fileno(chat));
	ck_assert_int_eq(evbuffer_add_reference(buffer, data, sizeof data,
	    count_cleanup, NULL), 0);
	ck_assert_int_eq(asynchat_push_buffer(chat, buffer), 0);
	evbuffer_free(buffer);
	if (_i) {
		ck_assert_int_eq(asynchat_discard_buffers(chat), 0);
		ck_assert_int_eq(n_cleaned, 1);
	}
	end();
	ck_assert_int_eq(n_cleaned, 1);
}
END_TEST

START_TEST(buffers_and_bytes_keep_their_order)
{
	struct evbuffer *buffer = evbuffer_new();
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
	int i;

	start_sender();
	room = 0;
	for (i = 0; i < 26; i++) {
		if (i % 3 == 0) {
			ck_assert_int_eq(asynchat_push(chat, letters + i, 1),
			    0);
			continue;
		}
		ck_assert_int_eq(evbuffer_add(buffer, letters + i, 1), 0);
		ck_assert_int_eq(asynchat_push_buffer(chat, buffer), 0);
	}
	evbuffer_free(buffer);
	room = 5;
	deliver();
	ck_inbox(letters);
	clear_trace();
	end();
}
END_TEST

/* ---- A slow reader. ---- */

static char big[(size_t)10 << 20];

static void
push_piece(const char *piece, size_t len, struct evbuffer *buffer)
{
	if (len % 2 == 0) {
		ck_assert_int_eq(asynchat_push(chat, piece, len), 0);
		return;
	}
	ck_assert_int_eq(evbuffer_add(buffer, piece, len), 0);
	ck_assert_int_eq(asynchat_push_buffer(chat, buffer), 0);
}

START_TEST(slow_reader_gets_all_of_it_byte_for_byte)
{
	struct evbuffer *buffer = evbuffer_new();
	size_t at, len;

	for (at = 0; at < sizeof big; at++)
		big[at] = (char)(at % 65521);
	start("\n");
	for (at = 0; at < sizeof big; at += len) {
		len = at / 7 % 100000 + 1;
		if (len > sizeof big - at)
			len = sizeof big - at;
		push_piece(big + at, len, buffer);
	}
	evbuffer_free(buffer);
	ck_assert_int_eq(asynchat_close_when_done(chat), 0);
	while (!asyncore_closed(chat)) {
		take_in(20000);
		ck_assert_int_eq(asyncore_loop(0, false, map, 1), 0);
	}
	ck_trace("close");
	ck_inbox_bytes(big, sizeof big);
	end();
}
END_TEST

static void
add_sending(TCase *tc)
{
	tcase_add_test(tc, long_data_is_sent_in_pieces_of_65536);
	tcase_add_test(tc, push_sends_at_most_65536_at_once);
	tcase_add_loop_test(tc, push_sends_at_most_the_classs_size, 0, 2);
	tcase_add_test(tc, what_a_send_did_not_take_is_sent_later);
	tcase_add_test(tc, pushes_that_wait_are_sent_together);
	tcase_add_test(tc, push_of_nothing_sends_nothing);
	tcase_add_test(tc, pushed_bytes_stay_the_callers);
	tcase_add_test(tc, push_inside_of_send_is_queued);
	tcase_add_loop_test(tc,
	    push_inside_of_send_is_behind_what_was_not_taken, 0, 4);
	tcase_add_test(tc, push_inside_of_a_later_send_is_queued);
	tcase_add_test(tc, discard_inside_of_a_later_send_leaves_nothing);
	tcase_add_test(tc, close_inside_of_send_is_no_error);
	tcase_add_test(tc,
	    failed_send_goes_to_handle_error_and_keeps_the_data);
	tcase_add_test(tc,
	    what_leaves_the_loop_is_answered_and_keeps_the_data);
}

static void
add_closing(TCase *tc)
{
	tcase_add_loop_test(tc, push_before_the_connection_is_sent_after_it,
	    0, n_tcp_places());
	tcase_add_loop_test(tc,
	    close_when_done_before_the_connection_closes_after_it, 0,
	    n_local_places());
	tcase_add_test(tc, queue_outlives_a_close);
	tcase_add_test(tc,
	    push_to_a_peer_that_is_gone_closes_and_keeps_the_data);
	tcase_add_test(tc, exit_of_handle_close_is_the_answer_of_a_push);
	tcase_add_test(tc, close_when_done_closes_in_the_next_pass);
	tcase_add_test(tc, close_when_done_waits_for_what_was_pushed);
	tcase_add_test(tc, push_after_close_when_done_is_not_sent);
	tcase_add_test(tc, close_when_done_calls_handle_close_once);
	tcase_add_test(tc, push_behind_the_end_closes_at_once);
}

void
testing_add(TCase *tc)
{
	add_sending(tc);
	add_closing(tc);
	tcase_add_test(tc, push_buffer_empties_the_buffer);
	tcase_add_test(tc, buffer_that_gives_nothing_away_keeps_it);
	tcase_add_test(tc, push_buffer_copies_nothing);
	tcase_add_loop_test(tc, pushed_buffer_that_is_not_wanted_is_released,
	    0, 2);
	tcase_add_test(tc, buffers_and_bytes_keep_their_order);
	tcase_add_test(tc, slow_reader_gets_all_of_it_byte_for_byte);
}
