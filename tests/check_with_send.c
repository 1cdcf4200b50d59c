/*
 * check_with_send.c - dispatcher_with_send: send() takes everything, tries at
 * once, and sends the rest when there is room; and half-closed connections, on
 * which it and a chat go on sending where the class asks for it.
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

const char testing_suite[] = "with_send";

static char data[3 << 20];

static void
fill_data(void)
{
	size_t i;

	for (i = 0; i < sizeof data; i++)
		data[i] = (char)(i % 65521 % 251);
}

static int
on_read(struct asyncore_dispatcher *d)
{
	char buf[16];
	const ssize_t n = asyncore_recv(d, buf, sizeof buf);

	if (n > 0)
		trace("%.*s", (int)n, buf);
	return n < 0 ? (int)n : 0;
}

static int
on_connect(struct asyncore_dispatcher *d)
{
	trace("connect");
	return (int)asyncore_send(d, "b", 1);
}

static int
on_close(struct asyncore_dispatcher *d)
{
	trace("close");
	return asyncore_close(d);
}

static int
on_error(struct asyncore_dispatcher *d, int err)
{
	(void)d;
	trace(err == -EIO ? "EIO" : "another-error");
	return 0;
}

static const struct asyncore_class sender = {
	.name = "Sender",
	.base = &asyncore_dispatcher_with_send_class,
	.instance_size = 100,
	.handle_read = on_read,
	.handle_connect = on_connect,
	.handle_close = on_close,
	.handle_error = on_error,
};

static void
start_type(const struct asyncore_class *cls, int type)
{
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, type, 0, fds), 0);
	chat_peer = fds[1];
	chat = asyncore_new_socket(cls, fds[0], map);
	ck_assert_ptr_nonnull(chat);
}

static void
start_sender(void)
{
	start_type(&sender, SOCK_STREAM);
}

static size_t
pending(void)
{
	struct evbuffer *out = asyncore_out_buffer(chat);

	ck_assert_ptr_nonnull(out);
	return evbuffer_get_length(out);
}

static void
run_pass(void)
{
	ck_assert_int_eq(asyncore_loop(10, false, map, 1), 0);
}

/* The peer forgets what fill() has written. */
static void
make_room(void)
{
	take_in(INBOX_SIZE);
	inbox_len = 0;
}

/* ---- send(). ---- */

START_TEST(send_sends_at_once)
{
	start_sender();
	ck_assert_int_eq(asyncore_send(chat, "abc", 3), 3);
	ck_inbox("abc");
	ck_assert_uint_eq(pending(), 0);
	ck_assert(!asyncore_writable(chat));
	ck_assert(asyncore_readable(chat));
	end();
}
END_TEST

START_TEST(send_takes_everything_and_sends_at_most_65536_at_once)
{
	int n;

	fill_data();
	start_sender();
	ck_assert_int_eq(asyncore_send(chat, data, 200000), 200000);
	ck_assert_int_eq(ioctl(chat_peer, FIONREAD, &n), 0);
	ck_assert_int_gt(n, 0);
	ck_assert_int_le(n, 65536);
	ck_assert_uint_eq(pending(), 200000 - (size_t)n);
	ck_assert(asyncore_writable(chat));
	take_in(INBOX_SIZE);
	run_pass();
	ck_assert_uint_ge(pending(), 200000 - (size_t)n - 65536);
	deliver();
	ck_inbox_bytes(data, 200000);
	ck_assert(!asyncore_writable(chat));
	end();
}
END_TEST

START_TEST(send_while_something_is_pending_is_behind_it)
{
	start_sender();
	fill(asyncore_fileno(chat));
	ck_assert_int_eq(asyncore_send(chat, "abc", 3), 3);
	ck_assert_int_eq(asyncore_send(chat, "de", 2), 2);
	ck_assert_uint_eq(pending(), 5);
	ck_assert(asyncore_writable(chat));
	make_room();
	ck_assert_int_eq(asyncore_send(chat, "f", 1), 1);
	ck_assert_uint_eq(pending(), 0);
	ck_inbox("abcdef");
	end();
}
END_TEST

START_TEST(bytes_that_wait_are_a_copy)
{
	char text[] = "abc";

	start_sender();
	fill(asyncore_fileno(chat));
	ck_assert_int_eq(asyncore_send(chat, text, 3), 3);
	memset(text, 'x', 3);
	make_room();
	deliver();
	ck_inbox("abc");
	end();
}
END_TEST

START_TEST(slow_reader_gets_all_of_it)
{
	fill_data();
	start_sender();
	ck_assert_int_eq(asyncore_send(chat, data, 1), 1);
	ck_assert_int_eq(asyncore_send(chat, data + 1, 99999), 99999);
	ck_assert_int_eq(asyncore_send(chat, data + 100000,
	    sizeof data - 100000), (int)sizeof data - 100000);
	while (asyncore_writable(chat)) {
		take_in(20000);
		ck_assert_int_eq(asyncore_loop(0, false, map, 1), 0);
	}
	ck_inbox_bytes(data, sizeof data);
	end();
}
END_TEST

START_TEST(state_is_the_classs_own)
{
	unsigned char *self;
	size_t i;

	start_sender();
	self = asyncore_self(chat);
	memset(self, 0xff, 100);
	fill(asyncore_fileno(chat));
	ck_assert_int_eq(asyncore_send(chat, "abc", 3), 3);
	make_room();
	deliver();
	ck_inbox("abc");
	for (i = 0; i < 100; i++)
		ck_assert_uint_eq(self[i], 0xff);
	end();
}
END_TEST

static ssize_t
shouting_send(struct asyncore_dispatcher *d, const void *bytes, size_t len)
{
	char text[100];
	size_t i;

	ck_assert_uint_le(len, sizeof text);
	for (i = 0; i < len; i++)
		text[i] = (char)(((const char *)bytes)[i] - 'a' + 'A');
	return asyncore_dispatcher_with_send_class.send(d, text, len);
}

START_TEST(send_that_is_overridden_is_called_once)
{
	struct asyncore_class cls = sender;

	cls.send = shouting_send;
	start_type(&cls, SOCK_STREAM);
	fill(asyncore_fileno(chat));
	ck_assert_int_eq(asyncore_send(chat, "abc", 3), 3);
	make_room();
	deliver();
	ck_inbox("ABC");
	end();
}
END_TEST

/* Differs: Python's handle_write() sends b'' here. */
START_TEST(handle_write_with_nothing_pending_sends_nothing)
{
	start_type(&sender, SOCK_DGRAM);
	ck_assert_int_eq(asyncore_handle_write(chat), 0);
	ck_assert_int_lt(recv(chat_peer, data, 1, MSG_DONTWAIT), 0);
	ck_assert_int_eq(errno, EAGAIN);
	ck_assert_int_eq(asyncore_send(chat, "", 0), 0);
	ck_assert_int_eq(recv(chat_peer, data, 1, MSG_DONTWAIT), 0);
	end();
}
END_TEST

/* ---- out_buffer. ---- */

START_TEST(out_buffer_may_be_added_to_and_drained)
{
	struct evbuffer *out;

	start_sender();
	out = asyncore_out_buffer(chat);
	ck_assert_int_eq(evbuffer_add(out, "abc", 3), 0);
	ck_assert(asyncore_writable(chat));
	run_pass();
	ck_assert(!asyncore_writable(chat));
	ck_inbox("abc");
	fill(asyncore_fileno(chat));
	ck_assert_int_eq(asyncore_send(chat, "xyz", 3), 3);
	ck_assert_ptr_eq(asyncore_out_buffer(chat), out);
	ck_assert_mem_eq(evbuffer_pullup(out, -1), "xyz", 3);
	ck_assert_int_eq(evbuffer_drain(out, 2), 0);
	make_room();
	deliver();
	ck_inbox("z");
	end();
}
END_TEST

START_TEST(frozen_out_buffer_is_an_error_and_is_sent_once_afterwards)
{
	struct evbuffer *out;

	start_sender();
	out = asyncore_out_buffer(chat);
	ck_assert_int_eq(evbuffer_add(out, "abc", 3), 0);
	ck_assert_int_eq(evbuffer_freeze(out, 1), 0);
	run_pass();
	ck_trace("another-error");
	ck_assert_int_eq((int)asyncore_send(chat, "d", 1), -EBUSY);
	ck_assert_uint_eq(pending(), 4);
	ck_assert_int_eq(evbuffer_unfreeze(out, 1), 0);
	deliver();
	ck_trace("");
	ck_inbox("abcd");
	end();
}
END_TEST

START_TEST(others_have_no_out_buffer)
{
	struct asyncore_dispatcher *d = asyncore_new(
	    &asyncore_dispatcher_class, map);

	ck_assert_ptr_null(asyncore_out_buffer(d));
	ck_assert_ptr_null(asyncore_out_buffer(NULL));
	asyncore_unref(d);
	d = asyncore_new(&asyncore_file_dispatcher_class, map);
	ck_assert_ptr_null(asyncore_out_buffer(d));
	asyncore_unref(d);
}
END_TEST

/* ---- The connection comes and goes. ---- */

START_TEST(writable_until_it_is_connected)
{
	start_sender();
	ck_assert(!asyncore_writable(chat));
	ck_assert_int_eq(asyncore_set_connected(chat, false), 0);
	ck_assert(asyncore_writable(chat));
	ck_assert_int_eq(asyncore_set_connected(chat, true), 0);
	ck_assert(!asyncore_writable(chat));
	end();
}
END_TEST

START_TEST(send_in_handle_connect_is_sent)
{
	struct place p;

	listen_place(&p, tcp_places[_i]);
	chat = asyncore_new(&sender, map);
	ck_assert_int_eq(asyncore_create_socket(chat, p.addr.sa.sa_family,
	    SOCK_STREAM), 0);
	ck_assert_int_eq(connect_to(chat, &p), 0);
	chat_peer = accept(p.fd, NULL, NULL);
	drop_place(&p);
	run_pass();
	ck_trace("connect");
	ck_inbox("b");
	end();
}
END_TEST

/* As in Python. */
START_TEST(what_is_pending_outlives_a_close)
{
	int fds[2];

	start_sender();
	fill(asyncore_fileno(chat));
	ck_assert_int_eq(asyncore_send(chat, "abc", 3), 3);
	ck_assert_int_eq(asyncore_close(chat), 0);
	ck_assert(!asyncore_writable(chat));
	ck_assert_int_eq(asyncore_send(chat, "d", 1), 0);
	ck_assert_int_eq(close(chat_peer), 0);
	make_pair(fds);
	chat_peer = fds[1];
	ck_assert_int_eq(asyncore_set_socket(chat, fds[0]), 0);
	ck_assert_int_eq(asyncore_set_connected(chat, true), 0);
	ck_assert(asyncore_writable(chat));
	deliver();
	ck_inbox("abc");
	end();
}
END_TEST

START_TEST(pending_output_goes_with_its_channel)
{
	start_sender();
	ck_assert_int_eq(asyncore_send(chat, data, sizeof data),
	    (int)sizeof data);
	end();
}
END_TEST

/* Where something is pending and where nothing is: two ways through. */
START_TEST(send_to_a_peer_that_is_gone_closes_and_answers_0)
{
	start_sender();
	if (_i) {
		fill(asyncore_fileno(chat));
		ck_assert_int_eq(asyncore_send(chat, "abc", 3), 3);
	}
	ck_assert_int_eq(close(chat_peer), 0);
	ck_assert_int_eq(asyncore_send(chat, "d", 1), 0);
	ck_trace("close");
	ck_assert(asyncore_closed(chat));
	asyncore_unref(chat);
}
END_TEST

/* The program has frozen it: what cannot be kept is not said to be taken. */
START_TEST(out_buffer_that_takes_nothing_is_told_of)
{
	const int small = 4096;
	struct evbuffer *out;
	ssize_t n;

	start_sender();
	ck_assert_int_eq(setsockopt(asyncore_fileno(chat), SOL_SOCKET,
	    SO_SNDBUF, &small, sizeof small), 0);
	out = asyncore_out_buffer(chat);
	ck_assert_int_eq(evbuffer_freeze(out, 0), 0);
	n = asyncore_send(chat, data, sizeof data);
	ck_assert(n > 0 && n < (ssize_t)sizeof data);
	fill(asyncore_fileno(chat));
	ck_assert_int_eq(asyncore_send(chat, "abc", 3), -ENOMEM);
	ck_assert_int_eq(evbuffer_unfreeze(out, 0), 0);
	ck_assert_int_eq(asyncore_send(chat, "def", 3), 3);
	ck_assert_int_eq(evbuffer_freeze(out, 0), 0);
	ck_assert_int_eq(asyncore_send(chat, "ghi", 3), -ENOMEM);
	ck_assert_int_eq(evbuffer_unfreeze(out, 0), 0);
	make_room();
	deliver();
	ck_inbox("def");
	end();
}
END_TEST

/* Whatever is pending; and by the methods themselves. */
START_TEST(without_a_connection_nothing_is_sent_nor_lost)
{
	const struct asyncore_class *base =
	    &asyncore_dispatcher_with_send_class;
	struct asyncore_dispatcher *d = asyncore_new(&sender, map);

	ck_assert_int_eq(asyncore_send(d, "abc", 3), -ENOTCONN);
	ck_assert_int_eq(evbuffer_add(asyncore_out_buffer(d), "def", 3), 0);
	ck_assert_int_eq(base->handle_write(d), -ENOTCONN);
	ck_assert_int_eq(asyncore_close(d), 0);
	ck_assert_int_eq(base->handle_write(d), 0);
	ck_assert_uint_eq(asyncore_pending_output(d), 3);
	ck_assert_int_eq(evbuffer_drain(asyncore_out_buffer(d), 3), 0);
	ck_assert_int_eq(base->send(d, "abc", 3), 0);
	ck_assert_uint_eq(asyncore_pending_output(d), 0);
	ck_trace("");
	asyncore_unref(d);
}
END_TEST

START_TEST(peer_that_goes_while_something_is_pending_closes_once)
{
	start_sender();
	fill(asyncore_fileno(chat));
	ck_assert_int_eq(asyncore_send(chat, "abc", 3), 3);
	ck_assert_int_eq(close(chat_peer), 0);
	ck_assert_int_eq(asyncore_loop(10, _i, map, -1), 0);
	ck_trace("close");
	asyncore_unref(chat);
}
END_TEST

static ssize_t failing_send(void *state, int fd, const void *bytes, size_t len);
static ssize_t transport_error;

static const struct asyncore_transport failing = {
	.send = failing_send,
};

static ssize_t
failing_send(void *state, int fd, const void *bytes, size_t len)
{
	(void)state;
	return transport_error != 0 ? transport_error :
	    send(fd, bytes, len, MSG_NOSIGNAL);
}

START_TEST(failed_send_keeps_the_data)
{
	start_sender();
	ck_assert_int_eq(asyncore_set_transport(chat, &failing, NULL,
	    asyncore_fileno(chat)), 0);
	transport_error = -EIO;
	ck_assert_int_eq(asyncore_send(chat, "abc", 3), -EIO);
	ck_assert_int_eq(asyncore_send(chat, "def", 3), -EIO);
	run_pass();
	ck_trace("EIO");
	ck_assert_uint_eq(pending(), 6);
	transport_error = 0;
	deliver();
	ck_inbox("abcdef");
	end();
}
END_TEST

/* ---- debug. ---- */

static void
trace_log(struct asyncore_dispatcher *d, const char *message, const char *type)
{
	(void)d;
	trace("%s: %s;", type, message);
}

START_TEST(debug_logs_what_is_given_to_send)
{
	struct asyncore_class cls = sender;

	cls.log_info = trace_log;
	start_type(&cls, SOCK_STREAM);
	ck_assert_int_eq(asyncore_send(chat, "abc", 3), 3);
	ck_trace("");
	ck_assert_int_eq(asyncore_set_debug(chat, true), 0);
	ck_assert_int_eq(asyncore_send(chat, "de", 2), 2);
	fill(asyncore_fileno(chat));
	ck_assert_int_eq(asyncore_send(chat, data, 10), 10);
	ck_assert_int_eq(asyncore_send(chat, data, 11), 11);
	ck_trace("info: sending 2 bytes; info: sending 10 bytes; "
	    "info: sending 11 bytes;");
	ck_assert_int_eq(asyncore_set_debug(chat, false), 0);
	ck_assert_int_eq(asyncore_send(chat, "f", 1), 1);
	ck_assert_int_eq(asyncore_set_debug(NULL, true), -EINVAL);
	end();
}
END_TEST

/* ---- The peer has finished sending, and reads on. ---- */

/* Answers each request with a lot, and closes at the end of them. */
static int
answer(struct asyncore_dispatcher *d)
{
	char buf[16];
	const ssize_t n = asyncore_recv(d, buf, sizeof buf);

	return n > 0 ? (int)asyncore_send(d, data, sizeof data) : (int)n;
}

static int
note_eof(struct asyncore_dispatcher *d)
{
	bool *ended = asyncore_self(d);

	trace("eof");
	*ended = true;
	return 0;
}

static int
write_and_end(struct asyncore_dispatcher *d)
{
	const bool *ended = asyncore_self(d);
	const int err = asyncore_dispatcher_with_send_class.handle_write(d);

	if (err < 0 || !*ended || asyncore_writable(d))
		return err;
	return asyncore_handle_close(d);
}

static const struct asyncore_class server = {
	.base = &asyncore_dispatcher_with_send_class,
	.instance_size = sizeof(bool),
	.handle_read = answer,
	.handle_write = write_and_end,
	.handle_close = on_close,
	.handle_eof = note_eof,
};

static int
answer_line(struct asyncore_dispatcher *d)
{
	return asynchat_push(d, data, sizeof data);
}

static int
end_when_done(struct asyncore_dispatcher *d)
{
	trace("eof");
	return asynchat_close_when_done(d);
}

static const struct asynchat_class chat_server = {
	.dispatcher = {
		.base = &asynchat_async_chat_class.dispatcher,
		.flags = ASYNCHAT_CLASS,
		.handle_close = on_close,
		.handle_eof = end_when_done,
	},
	.collect_incoming_data = asynchat_collect,
	.found_terminator = answer_line,
};

static int
tcp_pair(void)
{
	struct place p;
	int fd;

	listen_place(&p, inet);
	chat_peer = call_place(&p);
	fd = accept(p.fd, NULL, NULL);
	drop_place(&p);
	return fd;
}

static int
local_pair(void)
{
	int fds[2];

	make_pair(fds);
	chat_peer = fds[1];
	return fds[0];
}

static void
start_server(int fd, int i)
{
	fill_data();
	if (i < 2)
		chat = asyncore_new_socket(&server, fd, map);
	else
		chat = asynchat_new_socket(&chat_server, fd, map);
	ck_assert_ptr_nonnull(chat);
	if (i >= 2)
		ck_assert_int_eq(asynchat_set_terminator(chat, "\n", 1), 0);
}

START_TEST(half_closed_peer_gets_what_is_unsent)
{
	start_server(tcp_pair(), _i);
	say("get\n");
	ck_assert_int_eq(shutdown(chat_peer, SHUT_WR), 0);
	while (!asyncore_closed(chat)) {
		take_in(INBOX_SIZE);
		ck_assert_int_eq(asyncore_loop(10, _i & 1, map, 1), 0);
	}
	ck_trace("eof close");
	ck_inbox_bytes(data, sizeof data);
	ck_inbox_end();
	end();
}
END_TEST

/* The end is seen once: no pass is spent on it again. */
START_TEST(half_closed_channel_does_not_spin)
{
	double begin;

	start_server(local_pair(), _i);
	say("get\n");
	run_pass();
	fill(asyncore_fileno(chat));
	ck_assert_int_eq(shutdown(chat_peer, SHUT_WR), 0);
	ck_assert_int_eq(asyncore_loop(0, _i & 1, map, 3), 0);
	ck_trace("eof");
	begin = now();
	ck_assert_int_eq(asyncore_loop(0.05, _i & 1, map, 4), 0);
	ck_waited(begin, 4 * 0.05);
	end();
}
END_TEST

/* As in Python, where the class does not ask for it. */
START_TEST(end_of_input_closes_by_default_and_loses_what_is_unsent)
{
	struct asyncore_class cls = server;

	cls.handle_eof = NULL;
	fill_data();
	start_type(&cls, SOCK_STREAM);
	say("get\n");
	ck_assert_int_eq(shutdown(chat_peer, SHUT_WR), 0);
	ck_assert_int_eq(asyncore_loop(10, false, map, -1), 0);
	ck_trace("close");
	take_in(INBOX_SIZE);
	ck_assert_uint_gt(inbox_len, 0);
	ck_assert_uint_lt(inbox_len, sizeof data);
	end();
}
END_TEST

void
testing_add(TCase *tc)
{
	tcase_add_test(tc, send_sends_at_once);
	tcase_add_test(tc,
	    send_takes_everything_and_sends_at_most_65536_at_once);
	tcase_add_test(tc, send_while_something_is_pending_is_behind_it);
	tcase_add_test(tc, bytes_that_wait_are_a_copy);
	tcase_add_test(tc, slow_reader_gets_all_of_it);
	tcase_add_test(tc, state_is_the_classs_own);
	tcase_add_test(tc, send_that_is_overridden_is_called_once);
	tcase_add_test(tc, handle_write_with_nothing_pending_sends_nothing);
	tcase_add_test(tc, out_buffer_may_be_added_to_and_drained);
	tcase_add_test(tc,
	    frozen_out_buffer_is_an_error_and_is_sent_once_afterwards);
	tcase_add_test(tc, others_have_no_out_buffer);
	tcase_add_test(tc, writable_until_it_is_connected);
	tcase_add_loop_test(tc, send_in_handle_connect_is_sent, 0,
	    n_tcp_places());
	tcase_add_test(tc, what_is_pending_outlives_a_close);
	tcase_add_test(tc, pending_output_goes_with_its_channel);
	tcase_add_loop_test(tc,
	    send_to_a_peer_that_is_gone_closes_and_answers_0, 0, 2);
	tcase_add_test(tc, out_buffer_that_takes_nothing_is_told_of);
	tcase_add_test(tc, without_a_connection_nothing_is_sent_nor_lost);
	tcase_add_loop_test(tc,
	    peer_that_goes_while_something_is_pending_closes_once, 0, 2);
	tcase_add_test(tc, failed_send_keeps_the_data);
	tcase_add_test(tc, debug_logs_what_is_given_to_send);
	tcase_add_loop_test(tc, half_closed_peer_gets_what_is_unsent, 0, 4);
	tcase_add_loop_test(tc, half_closed_channel_does_not_spin, 0, 4);
	tcase_add_test(tc,
	    end_of_input_closes_by_default_and_loses_what_is_unsent);
}
