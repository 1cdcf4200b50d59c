/*
 * fuzz_asynchat.c - input for asynchat's parser, and what hooks do meanwhile.
 *
 * An input is a script (limits, terminators, what is done in which call of a
 * hook) and behind it the stream, which comes over a transport in memory whole,
 * byte by byte, and in pieces that the script says; each time the hooks are
 * called as the model says, and all of them are called alike.  What hooks push
 * arrives as it was pushed, in a peer that takes little at a time.
 */
#include "chat_model.h"

#include <errno.h>
#include <string.h>

#include <event2/buffer.h>

#include "asynchat.h"

#define OUT_MAX 4096

static const struct script *script;
static const struct cut *cut;
static struct asyncore_map *map;
static struct asyncore_dispatcher *chat;
static struct record record;
static size_t at, cut_at, step;
static unsigned failures, closes;
static bool collects, has_failed, has_read;

/* ---- The transport. ---- */

static size_t offered;			/* of the stream, to the next recv() */
static uint8_t wished[OUT_MAX], sent[OUT_MAX];
static size_t wished_len, sent_len, take_at;
static uint8_t takes[4];		/* how much the peer takes, in turn */
static bool takes_all;

static ssize_t
give(void *state, int fd, void *buf, size_t len)
{
	const size_t n = offered;

	(void)state, (void)fd;
	must(n <= len);
	memcpy(buf, script->stream + at, n);
	at += n;
	offered = 0;
	return (ssize_t)n;
}

static ssize_t
take(void *state, int fd, const void *buf, size_t len)
{
	const size_t most = takes_all ? OUT_MAX : takes[take_at++ % 4] % 8;
	const size_t n = len < most ? len : most;

	(void)state, (void)fd;
	if (n == 0)
		return -EAGAIN;
	must(n <= OUT_MAX - sent_len);
	memcpy(sent + sent_len, buf, n);
	sent_len += n;
	return (ssize_t)n;
}

static const struct asyncore_transport memory = {
	.name = "memory",
	.recv = give,
	.send = take,
};

/* At the end of the stream it is the end that is read. */
static void
read_next(void)
{
	offered = next_piece(script, cut, at, &cut_at);
	must(asyncore_read(chat) == 0);
}

/* ---- What is pushed. ---- */

static void
push(unsigned how)
{
	static const char text[] = "abcdefghijklmnopqrstuvwxyz";
	const size_t len = how % sizeof text;
	struct evbuffer *buffer;

	if (len > OUT_MAX - wished_len)
		return;
	memcpy(wished + wished_len, text, len);
	wished_len += len;
	switch (how % 3) {
	case 0:
		must(asynchat_push(chat, text, len) == 0);
		break;
	case 1:
		must(asynchat_push_with_producer(chat,
		    asynchat_simple_producer(text, len, 1 + how % 5)) == 0);
		break;
	default:
		must((buffer = evbuffer_new()) != NULL);
		must(evbuffer_add(buffer, text, len) == 0);
		must(asynchat_push_buffer(chat, buffer) == 0);
		evbuffer_free(buffer);
	}
}

/* Where the chat is told to end then, nothing more is sent, and it closes. */
static void
drain(bool ends)
{
	unsigned i;

	takes_all = true;
	if (ends) {
		must(asynchat_close_when_done(chat) == 0);
		must(asyncore_closed(chat) || asynchat_push(chat, "!", 1) == 0);
	}
	for (i = 0; i < OUT_MAX && !asyncore_closed(chat) &&
	    asyncore_writable(chat); i++)
		must(asyncore_write(chat) == 0);
	must(closes == ends && asyncore_closed(chat) == ends);
	must(sent_len == wished_len && memcmp(sent, wished, sent_len) == 0);
}

/* ---- The hooks. ---- */

static size_t taken;			/* of record.got, by get_data() */
static unsigned gets;

static int
collect(struct asyncore_dispatcher *d, const void *data, size_t len)
{
	must(d == chat && len > 0 && len <= STREAM_MAX - record.len);
	memcpy(record.got + record.len, data, len);
	record.len += len;
	must(!collects || asynchat_collect(d, data, len) == 0);
	if (script->reads_at > 0 && record.len >= script->reads_at &&
	    !has_read) {
		has_read = true;
		if (at < script->len)
			read_next();
	}
	if (script->fails_at > 0 && record.len >= script->fails_at &&
	    !has_failed) {
		has_failed = true;
		return -EPROTO;
	}
	return 0;
}

static void
set_end(const struct step *s)
{
	if (s->end == BYTES)
		must(asynchat_set_terminator(chat, s->bytes, s->len) == 0);
	else if (s->end == COUNT)
		must(asynchat_set_terminator_count(chat, s->count) == 0);
	else if (s->end == NOTHING)
		must(asynchat_set_terminator(chat, NULL, 0) == 0);
}

static void
discard(void)
{
	must(asynchat_discard_buffers(chat) == 0);
	wished_len = sent_len;
	taken = record.len;
}

static int
do_step(bool overflow)
{
	const struct step *s = &script->steps[step];

	must(record.n_marks < sizeof record.marks / sizeof record.marks[0]);
	record.marks[record.n_marks].at = record.len;
	record.marks[record.n_marks++].overflow = overflow;
	if (step == script->n_steps)
		return 0;
	step++;
	if (!overflow && s->discards)
		discard();
	if (!overflow)
		set_end(s);
	if (s->sets_limit)
		must(asynchat_set_limit(chat, s->limit) == 0);
	push(s->pushes);
	if (s->reads && at < script->len)
		read_next();
	return s->fails ? -EPROTO : 0;
}

/* What get_data() lends is there until the hook that asked for it returns. */
static int
do_step_with_data(bool overflow)
{
	const size_t begin = taken, all = record.len - taken;
	const unsigned mine = ++gets;
	size_t len;
	const void *data = asynchat_get_data(chat, &len);
	int err;

	must(data != NULL && len == all);
	must(memcmp(data, record.got + begin, len) == 0);
	taken = record.len;
	err = do_step(overflow);
	if (gets == mine)
		must(memcmp(data, record.got + begin, len) == 0);
	return err;
}

static int
found(struct asyncore_dispatcher *d)
{
	must(d == chat);
	return collects ? do_step_with_data(false) : do_step(false);
}

static int
overflow(struct asyncore_dispatcher *d)
{
	must(d == chat);
	return collects ? do_step_with_data(true) : do_step(true);
}

static int
error(struct asyncore_dispatcher *d, int err)
{
	must(d == chat && err == -EPROTO);
	failures++;
	return 0;
}

static int
end_of_stream(struct asyncore_dispatcher *d)
{
	must(d == chat);
	return 0;
}

static int
close_chat(struct asyncore_dispatcher *d)
{
	closes++;
	return asyncore_close(d);
}

static const struct asynchat_class chat_class = {
	.dispatcher = {
		.name = "Fuzzed",
		.base = &asynchat_async_chat_class.dispatcher,
		.flags = ASYNCHAT_CLASS,
		.handle_error = error,
		.handle_eof = end_of_stream,
		.handle_close = close_chat,
	},
	.collect_incoming_data = collect,
	.found_terminator = found,
	.handle_overflow = overflow,
};

/* ---- A run. ---- */

static void
begin(const struct script *s, const struct cut *c)
{
	script = s;
	cut = c;
	record.len = record.n_marks = 0;
	at = cut_at = step = take_at = taken = wished_len = sent_len = 0;
	failures = closes = gets = 0;
	has_failed = has_read = takes_all = false;
	set_end(&s->first);
	must(asynchat_set_limit(chat, s->first.limit) == 0);
}

static void
ck_terminator(const struct model *m)
{
	long long count;
	size_t len;
	const void *bytes = asynchat_get_terminator(chat, &len, &count);

	must(len == m->bytes_len);
	must(len == 0 || memcmp(bytes, m->bytes, len) == 0);
	must(count == m->count || (count == -1 && m->count == 0));
}

static void
ck_model(const struct model *m)
{
	const struct record *r = &m->record;

	must(record.len == r->len && record.n_marks == r->n_marks);
	must(memcmp(record.got, r->got, r->len) == 0);
	must(memcmp(record.marks, r->marks,
	    r->n_marks * sizeof r->marks[0]) == 0);
	must(failures == m->failures);
	ck_terminator(m);
}

/* The stream, and its end until no hook fails any more. */
static void
run(const struct script *s, const struct cut *c, bool ends, struct model *m)
{
	unsigned before;

	begin(s, c);
	model_begin(m, s, c);
	do {
		before = failures;
		read_next();
		model_read(m);
		ck_model(m);
	} while (at < s->len || failures != before);
	drain(ends);
}

static void
run_new(const struct script *s, const struct cut *c, bool ends,
    struct model *m)
{
	chat = asynchat_new(&chat_class, map);
	must(chat != NULL);
	must(asyncore_set_transport(chat, &memory, NULL, -1) == 0);
	must(asyncore_set_connected(chat, true) == 0);
	run(s, c, ends, m);
	must(asyncore_close(chat) == 0);
	asyncore_unref(chat);
}

/*
 * Of a piece that was too long any part that the limit allows may have come,
 * and where a hook has failed at the end of the last one found_terminator() is
 * still due.
 */
static void
ck_alike(const struct model *a, const struct model *b)
{
	const struct record *x = &a->record, *y = &b->record;
	size_t i, x_at = 0, y_at = 0, x_len, y_len, least;

	if (a->due != b->due)
		return;
	must(x->n_marks == y->n_marks);
	for (i = 0; i <= x->n_marks; i++) {
		const bool last = i == x->n_marks;
		const bool over = !last && x->marks[i].overflow;

		x_len = (last ? x->len : x->marks[i].at) - x_at;
		y_len = (last ? y->len : y->marks[i].at) - y_at;
		least = x_len < y_len ? x_len : y_len;
		must(memcmp(x->got + x_at, y->got + y_at, least) == 0);
		must(over || x_len == y_len);
		must(last || over == y->marks[i].overflow);
		x_at += x_len;
		y_at += y_len;
	}
}

/* ---- The input. ---- */

static void
read_end(struct tape *t, struct step *s)
{
	const unsigned kind = tape_byte(t);

	s->end = kind % 4;
	s->sets_limit = (kind & 4) != 0;
	s->discards = (kind & 0x18) == 0x18;
	s->reads = (kind & 0x20) != 0;
	s->fails = (kind & 0xc0) == 0xc0;
	if (s->end == BYTES) {
		s->len = 1 + tape_byte(t) % 40;
		s->bytes = tape_bytes(t, &s->len);
		s->end = s->len > 0 ? BYTES : NOTHING;
	}
	if (s->end == COUNT)
		s->count = tape_byte(t) % 64;
	if (s->sets_limit)
		s->limit = tape_byte(t);
}

static void
read_script(struct tape *t, struct script *s)
{
	size_t i;

	memset(s, 0, sizeof *s);
	read_end(t, &s->first);
	s->fails_at = tape_byte(t);
	s->reads_at = tape_byte(t);
	s->n_steps = tape_byte(t) % (STEPS_MAX + 1);
	for (i = 0; i < s->n_steps; i++) {
		read_end(t, &s->steps[i]);
		s->steps[i].pushes = tape_byte(t);
		s->discards = s->discards || s->steps[i].discards;
	}
}

static void
read_cut(struct tape *t, struct cut *c)
{
	for (c->n = 0; c->n < 4; c->n++)
		c->sizes[c->n] = 1 + tape_byte(t);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct script s;
	static struct model models[3];
	struct tape t = { data, size };
	const unsigned flags = tape_byte(&t);
	struct cut cuts[3] = { { { STREAM_MAX }, 1 }, { { 1 }, 1 } };
	size_t i;

	collects = flags & 1;
	read_cut(&t, &cuts[2]);
	for (i = 0; i < 4; i++)
		takes[i] = (uint8_t)tape_byte(&t);
	read_script(&t, &s);
	s.len = STREAM_MAX;
	s.stream = tape_bytes(&t, &s.len);
	must((map = asyncore_map_new(NULL)) != NULL);
	for (i = 0; i < 3; i++)
		run_new(&s, &cuts[i], flags & 2, &models[i]);
	must(asyncore_map_free(map) == 0);
	for (i = 1; i < 3 && !s.discards; i++)
		ck_alike(&models[0], &models[i]);
	return 0;
}
