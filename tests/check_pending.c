/*
 * check_pending.c - transports that hold something back, as TLS does: input
 * that the kernel does not know of, a handshake that must write where the
 * channel wants to read, and an exchange in place after a plain greeting.
 *
 * Each test runs with the three kinds of class, as the library asks them at
 * different times: known predicates, predicates that are asked every pass, and
 * ASYNCORE_ASK_ON_CHANGE.
 */
#include "testing.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

const char testing_suite[] = "pending";

/* ---- A session, whose records are larger than what a hook reads. ---- */

struct session {
	char inside[64];
	size_t len;
	/* Until the handshake is over: what it waits for; 0 after it. */
	unsigned handshake;
	int n_closed;
};

static struct session session;

/* Each step waits for the next direction: READ, WRITE, over. */
static bool
shakes(struct session *s, int fd)
{
	char c;

	if (s->handshake == ASYNCORE_READ && read(fd, &c, 1) == 1) {
		trace("got-hello");
		s->handshake = ASYNCORE_WRITE;
		return true;
	}
	if (s->handshake == ASYNCORE_WRITE && write(fd, "!", 1) == 1) {
		trace("sent-hello");
		s->handshake = 0;
	}
	return s->handshake != 0;
}

static ssize_t
session_recv(void *state, int fd, void *buf, size_t len)
{
	struct session *s = state;
	ssize_t n;

	if (shakes(s, fd))
		return -EAGAIN;
	if (s->len == 0) {
		n = read(fd, s->inside, sizeof s->inside);
		if (n <= 0)
			return n < 0 ? -errno : 0;
		s->len = (size_t)n;
	}
	if (len > s->len)
		len = s->len;
	memcpy(buf, s->inside, len);
	s->len -= len;
	memmove(s->inside, s->inside + len, s->len);
	return (ssize_t)len;
}

static ssize_t
session_send(void *state, int fd, const void *buf, size_t len)
{
	ssize_t n;

	if (shakes(state, fd))
		return -EAGAIN;
	n = write(fd, buf, len);
	return n < 0 ? -errno : n;
}

static int
session_close(void *state, int fd)
{
	struct session *s = state;

	s->n_closed++;
	return close(fd) == 0 ? 0 : -errno;
}

static bool
session_pending(void *state, int fd)
{
	const struct session *s = state;

	(void)fd;
	return s->len > 0;
}

static unsigned
session_interest(void *state, int fd, unsigned want)
{
	const struct session *s = state;

	(void)fd;
	return s->handshake != 0 ? s->handshake : want;
}

static const struct asyncore_transport tls = {
	.name = "tls",
	.recv = session_recv,
	.send = session_send,
	.close = session_close,
	.pending = session_pending,
	.interest = session_interest,
};

/* ---- The channel, a class of each kind. ---- */

static bool wants_read = true, wants_write;

static int
on_read(struct asyncore_dispatcher *d)
{
	char buf[4];
	ssize_t n = asyncore_recv(d, buf, sizeof buf);

	if (n > 0)
		trace("%.*s", (int)n, buf);
	else if (n == 0)
		trace("end");
	return (int)n;
}

static int
on_write(struct asyncore_dispatcher *d)
{
	ssize_t n = asyncore_send(d, "out", 3);

	trace("w%d", (int)n);
	if (n > 0)
		wants_write = false;
	return (int)n;
}

static bool
readable(struct asyncore_dispatcher *d)
{
	(void)d;
	return wants_read;
}

static bool
writable(struct asyncore_dispatcher *d)
{
	(void)d;
	return wants_write;
}

static const struct asyncore_class known = {
	.name = "Known",
	.writable = asyncore_never,
	.handle_read = on_read,
	.handle_write = on_write,
};

static const struct asyncore_class asked = {
	.name = "Asked",
	.readable = readable,
	.writable = writable,
	.handle_read = on_read,
	.handle_write = on_write,
};

static const struct asyncore_class on_change = {
	.name = "OnChange",
	.flags = ASYNCORE_ASK_ON_CHANGE,
	.readable = readable,
	.writable = writable,
	.handle_read = on_read,
	.handle_write = on_write,
};

static const struct asyncore_class *const kinds[] = {
	&known, &asked, &on_change
};
#define N_KINDS 3

static int peer;

static struct asyncore_dispatcher *
new_channel(const struct asyncore_class *cls)
{
	struct asyncore_dispatcher *d = asyncore_new(cls, map);
	int fds[2];

	make_pair(fds);
	peer = fds[1];
	ck_assert_ptr_nonnull(d);
	ck_assert_int_eq(asyncore_set_transport(d, &tls, &session, fds[0]), 0);
	return d;
}

static void
end_channel(struct asyncore_dispatcher *d)
{
	ck_assert_int_eq(asyncore_close(d), 0);
	ck_assert_int_eq(session.n_closed, 1);
	asyncore_unref(d);
	ck_assert_int_eq(session.n_closed, 1);
	ck_assert_int_eq(close(peer), 0);
}

/* A pass that finds what is ready, and waits for nothing. */
static void
look(bool use_poll, const char *expected)
{
	ck_assert_int_eq(asyncore_loop(0, use_poll, map, 1), 0);
	ck_trace(expected);
}

/* ---- Pending input. ---- */

static void
reads_what_is_inside(const struct asyncore_class *cls, bool use_poll)
{
	struct asyncore_dispatcher *d = new_channel(cls);

	look(use_poll, "");
	write_all(peer, "onetwothree", 11);
	look(use_poll, "onet");
	look(use_poll, "woth");
	look(use_poll, "ree");
	look(use_poll, "");
	look(use_poll, "");
	write_all(peer, "four5", 5);
	look(use_poll, "four");
	look(use_poll, "5");
	look(use_poll, "");
	end_channel(d);
}

START_TEST(pending_input_is_ready_and_then_no_more)
{
	reads_what_is_inside(kinds[_i], false);
}
END_TEST

START_TEST(pending_input_is_ready_for_poll2)
{
	reads_what_is_inside(kinds[_i], true);
}
END_TEST

/* Bytes that a call, and not a hook, has drawn into the session. */
START_TEST(pending_input_after_a_call_by_hand_is_ready)
{
	struct asyncore_dispatcher *d = new_channel(kinds[_i]);
	char c;

	look(false, "");
	write_all(peer, "x1234y", 6);
	ck_assert_int_eq(asyncore_recv(d, &c, 1), 1);
	look(false, "1234");
	ck_assert_int_eq(asyncore_recv(d, &c, 1), 1);
	ck_assert_int_eq(c, 'y');
	look(false, "");
	end_channel(d);
}
END_TEST

START_TEST(pending_input_waits_for_one_that_does_not_read)
{
	struct asyncore_dispatcher *d = new_channel(kinds[_i]);

	write_all(peer, "123456", 6);
	look(false, "1234");
	wants_read = false;
	asyncore_touch(d);
	look(false, "");
	look(true, "");
	wants_read = true;
	asyncore_touch(d);
	look(false, "56");
	look(false, "");
	end_channel(d);
}
END_TEST

START_TEST(end_is_found_behind_pending_input)
{
	struct asyncore_dispatcher *d = new_channel(kinds[_i]);

	write_all(peer, "123456", 6);
	ck_assert_int_eq(shutdown(peer, SHUT_WR), 0);
	look(false, "1234");
	look(false, "56");
	look(false, "end");
	ck_assert(asyncore_closed(d));
	end_channel(d);
}
END_TEST

/* ---- Interest. ---- */

/* It wants to read, and nothing else; the kernel says that it may write. */
START_TEST(handshake_of_a_reader_writes)
{
	struct asyncore_dispatcher *d = new_channel(kinds[_i % N_KINDS]);
	const bool use_poll = _i >= N_KINDS;
	char c;

	session.handshake = ASYNCORE_READ;
	asyncore_touch(d);
	look(use_poll, "");
	write_all(peer, "?", 1);
	look(use_poll, "got-hello");
	look(use_poll, "sent-hello");
	ck_assert_int_eq(read(peer, &c, 1), 1);
	look(use_poll, "");
	write_all(peer, "data", 4);
	look(use_poll, "data");
	end_channel(d);
}
END_TEST

/* It wants to write, which the kernel allows, and has to wait for input. */
START_TEST(handshake_of_a_writer_waits_for_input)
{
	struct asyncore_dispatcher *d = new_channel(kinds[1 + _i % 2]);
	const bool use_poll = _i >= 2;

	session.handshake = ASYNCORE_READ;
	wants_read = false;
	wants_write = true;
	asyncore_touch(d);
	look(use_poll, "");
	write_all(peer, "?", 1);
	look(use_poll, "got-hello w0");
	look(use_poll, "sent-hello w3");
	look(use_poll, "");
	end_channel(d);
}
END_TEST

START_TEST(either_direction_calls_every_one_that_is_wanted)
{
	struct asyncore_dispatcher *d = new_channel(kinds[1 + _i % 2]);
	const bool use_poll = _i >= 2;

	session.handshake = ASYNCORE_READ;
	wants_write = true;
	asyncore_touch(d);
	look(use_poll, "");
	write_all(peer, "?", 1);
	look(use_poll, "got-hello sent-hello w3");
	look(use_poll, "");
	end_channel(d);
}
END_TEST

/* Presumed room is the kernel's, and a handshake may stand before it. */
START_TEST(connected_writer_in_a_handshake_does_not_spin)
{
	struct asyncore_dispatcher *d = new_channel(kinds[1 + _i % 2]);
	const bool use_poll = _i >= 2;

	ck_assert_int_eq(asyncore_set_connected(d, true), 0);
	wants_write = true;
	session.handshake = ASYNCORE_READ;
	asyncore_touch(d);
	(void)asyncore_loop(0, use_poll, map, 1);
	clear_trace();
	look(use_poll, "");
	look(use_poll, "");
	end_channel(d);
}
END_TEST

/* ---- Exchange in place. ---- */

static int
on_greeting(struct asyncore_dispatcher *d)
{
	char buf[64];
	ssize_t n;

	if (session.inside[0] != '\0')
		return on_read(d);
	n = asyncore_recv(d, buf, sizeof buf);
	if (n <= 0)
		return (int)n;
	trace("plain:%.*s", (int)n, buf);
	memcpy(session.inside, "early", 5);
	session.len = 5;
	return asyncore_set_transport(d, &tls, &session, asyncore_fileno(d));
}

static const struct asyncore_class starters[N_KINDS] = {
	{ .base = &known, .handle_read = on_greeting },
	{ .base = &asked, .handle_read = on_greeting },
	{ .base = &on_change, .handle_read = on_greeting },
};

/* As STARTTLS: what came with the greeting is inside of the session now. */
START_TEST(transport_is_exchanged_in_place)
{
	struct asyncore_dispatcher *d;
	int fds[2];

	make_pair(fds);
	peer = fds[1];
	d = asyncore_new_socket(&starters[_i], fds[0], map);
	ck_assert_ptr_nonnull(d);
	write_all(peer, "STARTTLS", 8);
	look(false, "plain:STARTTLS");
	look(false, "earl");
	look(true, "y");
	look(false, "");
	write_all(peer, "more", 4);
	look(false, "more");
	ck_assert(asyncore_connected(d));
	ck_assert_ptr_nonnull(asyncore_addr(d, NULL));
	ck_assert_ptr_eq(asyncore_map_get(map, fds[0]), d);
	ck_assert_uint_eq(asyncore_map_len(map), 1);
	end_channel(d);
}
END_TEST

START_TEST(exchange_outside_of_a_hook_is_seen_by_the_next_pass)
{
	struct asyncore_dispatcher *d;
	int fds[2];

	make_pair(fds);
	peer = fds[1];
	d = asyncore_new_socket(kinds[_i], fds[0], map);
	look(false, "");
	memcpy(session.inside, "early", 5);
	session.len = 5;
	ck_assert_int_eq(asyncore_set_transport(d, &tls, &session, fds[0]), 0);
	look(false, "earl");
	look(false, "y");
	end_channel(d);
}
END_TEST

START_TEST(exchange_keeps_the_channel_out_of_the_map_out_of_it)
{
	struct asyncore_dispatcher *d;
	int fds[2];

	make_pair(fds);
	peer = fds[1];
	d = asyncore_new_socket(&known, fds[0], map);
	ck_assert_int_eq(asyncore_del_channel(d), 0);
	ck_assert_int_eq(asyncore_set_transport(d, &tls, &session, fds[0]), 0);
	end_channel(d);
}
END_TEST

void
testing_add(TCase *tc)
{
	tcase_add_loop_test(tc, pending_input_is_ready_and_then_no_more, 0,
	    N_KINDS);
	tcase_add_loop_test(tc, pending_input_is_ready_for_poll2, 0, N_KINDS);
	tcase_add_loop_test(tc, pending_input_after_a_call_by_hand_is_ready, 0,
	    N_KINDS);
	tcase_add_loop_test(tc,
	    pending_input_waits_for_one_that_does_not_read, 1, N_KINDS);
	tcase_add_loop_test(tc, end_is_found_behind_pending_input, 0, N_KINDS);
	tcase_add_loop_test(tc, handshake_of_a_reader_writes, 0, 2 * N_KINDS);
	tcase_add_loop_test(tc, handshake_of_a_writer_waits_for_input, 0, 4);
	tcase_add_loop_test(tc, either_direction_calls_every_one_that_is_wanted,
	    0, 4);
	tcase_add_loop_test(tc, connected_writer_in_a_handshake_does_not_spin,
	    0, 4);
	tcase_add_loop_test(tc, transport_is_exchanged_in_place, 0, N_KINDS);
	tcase_add_loop_test(tc,
	    exchange_outside_of_a_hook_is_seen_by_the_next_pass, 0, N_KINDS);
	tcase_add_test(tc,
	    exchange_keeps_the_channel_out_of_the_map_out_of_it);
}
