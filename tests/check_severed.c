/*
 * check_severed.c - a conversation over TCP that is cut at every byte of it, in
 * each way: what came before the cut has been heard, what was said has arrived,
 * the end is told once, and nothing after it.
 *
 * The conversation is a list of turns.  A chat plays one of its sides, and the
 * peer, a plain socket, the other one, up to the byte where the cut is.
 */
#include "testing.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/util.h>

#include "asynchat.h"

const char testing_suite[] = "severed";

enum side { SERVER, CLIENT };

#define BODY "a body of 25 bytes, which"

/* A line ends with CRLF, a body by its count. */
static const struct turn {
	enum side side;
	const char *text;
} turns[] = {
	{ SERVER, "220 here I am\r\n" },
	{ CLIENT, "HELO there\r\n" },
	{ SERVER, "250 there\r\n" },
	{ CLIENT, "DATA 25\r\n" },
	{ SERVER, "354 go on\r\n" },
	{ CLIENT, BODY },
	{ SERVER, "250 it says " BODY "\r\n" },
	{ CLIENT, "QUIT\r\n" },
	{ SERVER, "221 good bye\r\n" },
};
#define N_TURNS (sizeof turns / sizeof *turns)

enum cut { RESET, CLOSE, HALF, HALF_AND_WAIT, VANISH, OURS, N_CUTS };

/* Of the chat: its side, its turn, and what happened. */
static enum side ours;
static size_t turn, heard, said;
static int n_ends, n_timeouts, n_gone;
static bool waits;		/* at the end of the peer's words */
static bool closed_by_itself;	/* before the cut */

/* ---- The chat. ---- */

/* By turns a piece, and a producer of one. */
static int
say(struct asyncore_dispatcher *d, const char *text)
{
	struct asynchat_producer *p;
	const size_t len = strlen(text);

	said += len;
	if (turn % 4 < 2)
		return asynchat_push(d, text, len);
	p = asynchat_simple_producer(text, len, 7);
	ck_assert_ptr_nonnull(p);
	return asynchat_push_with_producer(d, p);
}

/* Its own turns, up to the next one of the peer's. */
static int
go_on(struct asyncore_dispatcher *d)
{
	const char *text;

	while (turn < N_TURNS && turns[turn].side == ours && !asyncore_closed(d)) {
		ck_assert_int_eq(say(d, turns[turn].text), 0);
		turn++;
	}
	if (turn == N_TURNS)
		return asynchat_close_when_done(d);
	text = turns[turn].text;
	return strcmp(text, BODY) == 0 ?
	    asynchat_set_terminator_count(d, sizeof BODY - 1) :
	    asynchat_set_terminator(d, "\r\n", 2);
}

static int
on_collect(struct asyncore_dispatcher *d, const void *data, size_t len)
{
	ck_assert(!asyncore_closed(d));
	ck_assert_int_eq(n_ends, 0);
	heard += len;
	return asynchat_collect(d, data, len);
}

static int
on_found(struct asyncore_dispatcher *d)
{
	const char *expected = turns[turn].text;
	const bool line = strcmp(expected, BODY) != 0;
	size_t len;
	const char *got = asynchat_get_data(d, &len);

	ck_assert_int_eq(n_ends, 0);
	ck_assert_ptr_nonnull(got);
	ck_assert_uint_eq(len, strlen(expected) - (line ? 2 : 0));
	ck_assert_mem_eq(got, expected, len);
	heard += line ? 2 : 0;
	turn++;
	return go_on(d);
}

static int
on_end(struct asyncore_dispatcher *d)
{
	ck_assert(!asyncore_closed(d));
	n_ends++;
	return asyncore_close(d);
}

static int
on_eof(struct asyncore_dispatcher *d)
{
	return waits ? asynchat_close_when_done(d) : asyncore_handle_close(d);
}

static int
on_timeout(struct asyncore_dispatcher *d)
{
	n_timeouts++;
	return on_end(d);
}

static int
on_error(struct asyncore_dispatcher *d, int err)
{
	(void)d;
	ck_abort_msg("an end is no error: %s", strerror(-err));
	return 0;
}

static void
on_finalize(struct asyncore_dispatcher *d)
{
	(void)d;
	n_gone++;
}

static const struct asynchat_class party = {
	.dispatcher = {
		.name = "Party",
		.base = &asynchat_async_chat_class.dispatcher,
		.flags = ASYNCHAT_CLASS,
		.handle_close = on_end,
		.handle_eof = on_eof,
		.handle_error = on_error,
		.handle_timeout = on_timeout,
		.finalize = on_finalize,
	},
	.collect_incoming_data = on_collect,
	.found_terminator = on_found,
};

/* ---- The peer. ---- */

static int peer;
static size_t told, got;	/* bytes, each way */

/* Where byte `place` of the whole is: in which turn, and where there. */
static const struct turn *
find(size_t place, size_t *offset)
{
	size_t i;

	for (i = 0; place >= strlen(turns[i].text); i++)
		place -= strlen(turns[i].text);
	*offset = place;
	return &turns[i];
}

static size_t
whole(void)
{
	size_t i, n = 0;

	for (i = 0; i < N_TURNS; i++)
		n += strlen(turns[i].text);
	return n;
}

/* Reads at most so much, and compares; false: the end, of whatever kind. */
static bool
take(const char *expected, size_t most)
{
	char buf[256];
	ssize_t n = recv(peer, buf, most, MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return true;
	if (n <= 0)
		return false;
	ck_assert_mem_eq(buf, expected, (size_t)n);
	got += (size_t)n;
	return true;
}

/* As much as can be said or heard now, but for what is behind the cut. */
static void
play(size_t cut)
{
	const struct turn *t;
	size_t at, n;
	ssize_t sent;

	if (told + got == cut)
		return;
	t = find(told + got, &at);
	n = strlen(t->text) - at;
	if (n > cut - told - got)
		n = cut - told - got;
	if (t->side == ours) {
		(void)take(t->text + at, n);
	} else {
		sent = send(peer, t->text + at, n, MSG_NOSIGNAL);
		ck_assert_int_eq(sent, n);
		told += n;
	}
}

/* ---- The cut. ---- */

static void
reset(int fd)
{
	const struct linger at_once = { 1, 0 };

	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once,
	    sizeof at_once), 0);
}

static void
pass(void)
{
	ck_assert_int_eq(asyncore_loop(0, false, map, 1), 0);
}

/* A terminator that has begun is kept back, as it may yet be one. */
static size_t
kept_back(void)
{
	size_t at;
	const struct turn *t;

	if (told + got == 0)
		return 0;
	t = find(told + got - 1, &at);
	return t->side != ours && t->text[at] == '\r';
}

/* Only then is it silent: a timeout that is over before is no loss of ours. */
static void
say_and_hear_all(struct asyncore_dispatcher *d)
{
	const double limit = now() + HANGS;

	while (!asyncore_closed(d) &&
	    (asyncore_writable(d) || heard + kept_back() < told)) {
		pass();
		ck_assert(now() < limit);
	}
}

static void
sever(struct asyncore_dispatcher *d, enum cut how)
{
	switch (how) {
	case RESET:
		reset(peer);
		/* FALLTHROUGH */
	case CLOSE:
		ck_assert_int_eq(close(peer), 0);
		peer = -1;
		break;
	case HALF:
	case HALF_AND_WAIT:
		ck_assert_int_eq(shutdown(peer, SHUT_WR), 0);
		break;
	case VANISH:
		say_and_hear_all(d);
		if (!asyncore_closed(d))
			ck_assert_int_eq(asyncore_set_timeout(d, 0.001), 0);
		break;
	default:
		reset(asyncore_fileno(d));
		ck_assert_int_eq(asyncore_close(d), 0);
		break;
	}
}

/* Whatever comes still must be what follows. */
static void
hear_the_end(void)
{
	const double limit = now() + HANGS;
	size_t at;
	const struct turn *t;

	if (peer < 0)
		return;
	do {
		t = told + got < whole() ? find(told + got, &at) : NULL;
		ck_assert(now() < limit);
	} while (take(t != NULL ? t->text + at : "",
	    t != NULL && t->side == ours ? strlen(t->text + at) : 1));
	ck_assert_int_eq(close(peer), 0);
}

/* ---- The conversation. ---- */

/* No small piece waits for the acknowledgement of another. */
static int
hurry(int fd)
{
	const int on = 1;

	ck_assert_int_eq(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on,
	    sizeof on), 0);
	return fd;
}

static struct asyncore_dispatcher *
meet(enum side side)
{
	struct sockaddr_in addr;
	const int fd = listen_on_loopback(&addr);
	struct asyncore_dispatcher *d;

	ours = side;
	turn = heard = said = told = got = 0;
	n_ends = n_timeouts = n_gone = 0;
	peer = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(peer, (struct sockaddr *)&addr, sizeof addr),
	    0);
	(void)hurry(peer);
	d = asynchat_new_socket(&party, hurry(accept(fd, NULL, NULL)), map);
	ck_assert_ptr_nonnull(d);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(go_on(d), 0);
	return d;
}

/*
 * A reset may overtake what is on its way, and a class that closes at the end of
 * the peer's words drops what it has not sent; in no other way is anything lost.
 */
static void
ck_end(enum cut how)
{
	const bool complete = turn == N_TURNS;

	ck_assert_int_eq(n_ends, how == OURS && !closed_by_itself ? 0 : 1);
	ck_assert_int_eq(n_timeouts, how == VANISH && !complete);
	ck_assert_int_eq(n_gone, 1);
	ck_assert_uint_le(heard, told);
	ck_assert_uint_le(got, said);
	if (how == HALF || how == HALF_AND_WAIT || how == VANISH)
		ck_assert_uint_eq(heard + kept_back(), told);
	if (how == HALF_AND_WAIT || how == VANISH)
		ck_assert_uint_eq(got, said);
}

static void
converse(enum side side, enum cut how, size_t cut)
{
	struct asyncore_dispatcher *d = meet(side);
	const double limit = now() + HANGS;

	waits = how == HALF_AND_WAIT;
	while (told + got < cut) {
		play(cut);
		pass();
		ck_assert(now() < limit);
	}
	closed_by_itself = asyncore_closed(d);
	if (!closed_by_itself)
		sever(d, how);
	while (asyncore_map_len(map) > 0) {
		pass();
		ck_assert(now() < limit);
	}
	ck_assert(asyncore_closed(d));
	hear_the_end();
	asyncore_unref(d);
	ck_end(how);
}

START_TEST(cut_at_every_byte_loses_nothing_and_is_told_once)
{
	const enum side side = _i % 2 == 0 ? SERVER : CLIENT;
	size_t cut;

	for (cut = 0; cut <= whole(); cut++)
		converse(side, (enum cut)(_i / 2), cut);
}
END_TEST

void
testing_add(TCase *tc)
{
	tcase_add_loop_test(tc, cut_at_every_byte_loses_nothing_and_is_told_once,
	    0, 2 * N_CUTS);
}
