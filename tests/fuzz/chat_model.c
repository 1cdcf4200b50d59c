/*
 * chat_model.c - the model of asynchat's parser; see chat_model.h.
 *
 * All that came and was not handed out is in one buffer; terminators are looked
 * for from its beginning.  Where a hook reads, the buffer is the inner read's,
 * but in the middle of collect_incoming_data(): what comes then waits aside.
 */
#include "chat_model.h"

#include <stddef.h>
#include <string.h>

size_t
next_piece(const struct script *s, const struct cut *cut, size_t at, size_t *k)
{
	const size_t left = s->len - at;
	size_t n = cut->sizes[*k];

	*k = (*k + 1) % cut->n;
	return n < left ? n : left;
}

static void
set_end(struct model *m, const struct step *step)
{
	if (step->sets_limit)
		m->limit = step->limit;
	if (step->end == KEEP)
		return;
	m->bytes = step->end == BYTES ? step->bytes : NULL;
	m->bytes_len = step->end == BYTES ? step->len : 0;
	m->count = step->end == COUNT ? step->count : 0;
}

void
model_begin(struct model *m, const struct script *s, const struct cut *cut)
{
	memset(m, 0, offsetof(struct model, record));
	m->record.len = m->record.n_marks = 0;
	m->script = s;
	m->cut = cut;
	set_end(m, &s->first);
}

/* ---- Hooks. ---- */

static void
mark(struct model *m, bool overflow)
{
	struct record *r = &m->record;

	must(r->n_marks < sizeof r->marks / sizeof r->marks[0]);
	r->marks[r->n_marks].at = r->len;
	r->marks[r->n_marks++].overflow = overflow;
}

/* The next step; where there is none, nothing is done. */
static bool
do_step(struct model *m, bool overflow)
{
	const struct step *step = &m->script->steps[m->step];

	mark(m, overflow);
	if (m->step == m->script->n_steps)
		return true;
	m->step++;
	if (!overflow && step->discards)
		m->len = m->aside_len = 0;
	if (!overflow)
		set_end(m, step);
	else if (step->sets_limit)
		m->limit = step->limit;
	if (step->reads && m->at < m->script->len)
		model_read(m);
	return !step->fails;
}

static bool
found(struct model *m)
{
	const bool overflown = m->overflown;

	if (m->due == DUE_BY_COUNT)
		m->count = 0;
	m->due = NOT_DUE;
	m->collected = 0;
	m->overflown = false;
	return overflown || do_step(m, false);
}

static void
read_aside(struct model *m)
{
	const size_t n = next_piece(m->script, m->cut, m->at, &m->cut_at);

	memcpy(m->aside + m->aside_len, m->script->stream + m->at, n);
	m->aside_len += n;
	m->at += n;
}

/* The first n bytes of the buffer are those of a piece. */
static bool
collect(struct model *m, size_t n)
{
	const struct script *s = m->script;
	struct record *r = &m->record;

	memcpy(r->got + r->len, m->buf, n);
	r->len += n;
	m->collected += n;
	if (s->reads_at > 0 && r->len >= s->reads_at && !m->has_read) {
		m->has_read = true;
		if (m->at < s->len)
			read_aside(m);
	}
	if (s->fails_at > 0 && r->len >= s->fails_at && !m->has_failed) {
		m->has_failed = true;
		return false;
	}
	return true;
}

/* ---- Parsing. ---- */

static void
drop(struct model *m, size_t n)
{
	m->len -= n;
	memmove(m->buf, m->buf + n, m->len);
}

/* n bytes of a piece, and behind it the terminator if that is due. */
static bool
take(struct model *m, size_t n, size_t behind)
{
	const size_t all = n + behind;
	bool ok = true;

	if (n > 0 && !m->overflown && m->limit > 0 &&
	    m->collected + n > m->limit) {
		m->overflown = true;
		drop(m, all);
		return do_step(m, true);
	}
	if (n > 0 && !m->overflown)
		ok = collect(m, n);
	drop(m, all);
	return ok;
}

static bool
take_all(struct model *m)
{
	const size_t n = m->len;
	bool ok;

	m->overflown = false;
	ok = collect(m, n);
	drop(m, n);
	m->collected = 0;
	return ok;
}

static bool
take_count(struct model *m)
{
	size_t n = m->len;

	if ((unsigned long long)m->count > n) {
		m->count -= (long long)n;
		return take(m, n, 0);
	}
	m->due = DUE_BY_COUNT;
	return take(m, (size_t)m->count, 0);
}

static bool
stands_at(const struct model *m, size_t at, size_t n)
{
	return memcmp(m->buf + at, m->bytes, n) == 0;
}

/* *more turns false where only a beginning of the terminator is left. */
static bool
take_bytes(struct model *m, bool *more)
{
	size_t at, held;

	for (at = 0; at + m->bytes_len <= m->len; at++)
		if (stands_at(m, at, m->bytes_len)) {
			m->due = DUE;
			return take(m, at, m->bytes_len);
		}
	held = m->bytes_len - 1 < m->len ? m->bytes_len - 1 : m->len;
	while (held > 0 && !stands_at(m, m->len - held, held))
		held--;
	*more = held == 0;
	return take(m, m->len - held, 0);
}

/* As long as there is something, and no hook has failed, or has read. */
static bool
parse(struct model *m)
{
	const unsigned reads = m->reads;
	bool ok = true, more = true;

	while (ok && more && m->len > 0 && m->reads == reads) {
		if (m->due == NOT_DUE && m->count > 0)
			ok = take_count(m);
		else if (m->due == NOT_DUE && m->bytes != NULL)
			ok = take_bytes(m, &more);
		else if (m->due == NOT_DUE)
			ok = take_all(m);
		if (ok && m->due != NOT_DUE && m->reads == reads)
			ok = found(m);
	}
	return ok;
}

static void
take_aside(struct model *m)
{
	memcpy(m->buf + m->len, m->aside, m->aside_len);
	m->len += m->aside_len;
	m->aside_len = 0;
}

void
model_read(struct model *m)
{
	const size_t n = next_piece(m->script, m->cut, m->at, &m->cut_at);
	bool ok;

	m->reads++;
	take_aside(m);
	memcpy(m->buf + m->len, m->script->stream + m->at, n);
	m->len += n;
	m->at += n;
	ok = parse(m);
	while (m->aside_len > 0) {
		take_aside(m);
		if (ok)
			ok = parse(m);
	}
	m->failures += !ok;
}
