/*
 * layout.c - see layout.h.  One walk over the events, with a cursor; and for
 * each lane how many blocks are open in it, so that what happens in a block
 * stands below its name.
 */
#include "layout.h"

#include <stdlib.h>
#include <string.h>

#include "label.h"
#include "util.h"

#define ASK_PILL 8	/* from the left of a pass to what was asked */
#define ASK_KNOB 40	/* and to what was armed */
#define ASK_WIDTH 54
#define WAIT_WIDTH 66
#define INDENT 6	/* of what is in a block */
#define PASS_WIDTH 196	/* at least; its head has to fit */
#define BREAK_WIDTH 128	/* the same of what is between passes */

/* What is known of a lane on the way. */
struct state {
	int open;		/* blocks */
	unsigned armed;
	int wire;		/* the last one */
	int alive;		/* its span; -1: none is open */
	int watched[3];
};

enum zone { OUTSIDE, ASKING, WAITING, DISPATCHING };

/* A pass under way. */
struct pass {
	int event, x;
	enum zone zone;
	int wait_x;
	size_t blocks;		/* open when it began */
};

struct walk {
	struct layout *l;
	const struct map *map;
	struct state *lanes;
	struct pass *passes;
	size_t n_passes, passes_size;
	size_t blocks;		/* open ones */
	int x;
	int i;			/* the event */
};

unsigned
direction(const char *name)
{
	static const struct {
		const char *name;
		unsigned bit;
	} names[] = {
		{ "read", READ }, { "readable", READ },
		{ "handle_read_event", READ }, { "write", WRITE },
		{ "writable", WRITE }, { "handle_write_event", WRITE },
		{ "expt", EXPT }, { "handle_expt_event", EXPT }
	};
	size_t i;

	for (i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(names[i].name, name) == 0)
			return names[i].bit;
	return 0;
}

int
layout_height(int rows)
{
	return 2 * LANE_PAD + (rows > 2 ? rows : 2) * ROW;
}

int
layout_event_rows(const struct layout *l, int event)
{
	return l->places[event].row + 1;
}

int
layout_wire_rows(const struct wire *w)
{
	const unsigned bits = w->asked | w->armed | w->fired;

	return w->row + (bits & EXPT ? 3 : bits & WRITE ? 2 : 1);
}

static const struct event *
event(const struct walk *w)
{
	return &w->map->events[w->i];
}

static struct place *
place(const struct walk *w)
{
	return &w->l->places[w->i];
}

static struct column *
column(const struct walk *w)
{
	return &w->l->columns[w->l->n_columns - 1];
}

static struct pass *
innermost(const struct walk *w)
{
	return w->n_passes > 0 ? &w->passes[w->n_passes - 1] : NULL;
}

/* Where it is, if no hook is under way there. */
static enum zone
zone(const struct walk *w)
{
	const struct pass *p = innermost(w);

	return p != NULL && w->blocks == p->blocks ? p->zone : OUTSIDE;
}

static void
use_rows(const struct walk *w, int lane, int rows)
{
	if (w->l->rows[lane] < rows)
		w->l->rows[lane] = rows;
}

/* ---- Spans. ---- */

static int
begin_span(const struct walk *w, enum span_kind kind, int lane, int x)
{
	struct layout *l = w->l;

	must_grow(&l->spans, &l->spans_size, l->n_spans, sizeof *l->spans);
	l->spans[l->n_spans] = (struct span){
		kind, lane, (int)l->n_columns - 1, x, -1, 0
	};
	return (int)l->n_spans++;
}

static void
end_span(const struct walk *w, int *span, int x)
{
	struct span *s;

	if (*span < 0)
		return;
	s = &w->l->spans[*span];
	s->end_column = (int)w->l->n_columns - 1;
	s->end_x = x;
	*span = -1;
}

/* What the trace does not say is added is so from its first event on. */
static void
be_alive(const struct walk *w, int lane, int x)
{
	struct state *s = &w->lanes[lane];

	if (s->alive < 0 && event(w)->kind != FREE &&
	    event(w)->kind != REMOVE && !is_end(event(w)))
		s->alive = begin_span(w, ALIVE, lane, x);
}

static void
watch(const struct walk *w, int lane, unsigned bit, int x)
{
	struct state *s = &w->lanes[lane];
	const int i = bit == READ ? 0 : bit == WRITE ? 1 : 2;

	if (bit == 0 || s->armed & bit)
		return;
	s->armed |= bit;
	s->watched[i] = begin_span(w, (enum span_kind)(WATCHED_READ + i),
	    lane, x);
	use_rows(w, lane, i + 1);
}

static void
unwatch(const struct walk *w, int lane, unsigned bits, int x)
{
	struct state *s = &w->lanes[lane];
	int i;

	s->armed &= ~bits;
	for (i = 0; i < 3; i++)
		if (bits & 1u << i)
			end_span(w, &s->watched[i], x);
}

/* ---- Wires. ---- */

/* The one of this lane in this pass. */
static struct wire *
wire_of(const struct walk *w, int lane)
{
	struct layout *l = w->l;
	struct state *s = &w->lanes[lane];
	const int pass = innermost(w)->event;

	if (s->wire < 0 || l->wires[s->wire].pass != pass) {
		must_grow(&l->wires, &l->wires_size, l->n_wires,
		    sizeof *l->wires);
		s->wire = (int)l->n_wires++;
		l->wires[s->wire] = (struct wire){
			.lane = lane, .row = s->open, .pass = pass,
			.armed = s->armed
		};
	}
	return &l->wires[s->wire];
}

/* The wait begins: what is watched now is what counts. */
static void
settle_wires(const struct walk *w)
{
	size_t i = (size_t)column(w)->first_wire;

	for (; i < w->l->n_wires; i++)
		if (w->l->wires[i].pass == innermost(w)->event)
			w->l->wires[i].armed =
			    w->lanes[w->l->wires[i].lane].armed;
}

/* ---- Events. ---- */

/* Something of this width in its turn. */
static void
put(struct walk *w, int width)
{
	const int lane = event(w)->lane;

	*place(w) = (struct place){ w->x, width, w->lanes[lane].open, -1 };
	use_rows(w, lane, w->lanes[lane].open + 1);
	w->x += width + 3;
}

static void
begin_pass(struct walk *w)
{
	must_grow(&w->passes, &w->passes_size, w->n_passes,
	    sizeof *w->passes);
	w->passes[w->n_passes] = (struct pass){
		w->i, w->x, ASKING, 0, w->blocks
	};
	*place(w) = (struct place){ w->x, 0, (int)w->n_passes++, -1 };
	w->x += ASK_WIDTH;
	if (w->l->depth < (int)w->n_passes)
		w->l->depth = (int)w->n_passes;
}

static void
end_pass(struct walk *w)
{
	const struct pass *p = &w->passes[--w->n_passes];
	/* It has begun.  NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
	struct place *begin = &w->l->places[p->event];

	w->x += INDENT;
	if (w->x < p->x + PASS_WIDTH)
		w->x = p->x + PASS_WIDTH;
	begin->width = w->x - p->x;
	*place(w) = *begin;
	w->x += INDENT;
}

static void
begin_wait(struct walk *w)
{
	struct pass *p = innermost(w);

	*place(w) = (struct place){ w->x, 0, (int)w->n_passes - 1, -1 };
	if (p == NULL)
		return;
	w->l->places[p->event].wait = w->i;
	settle_wires(w);
	p->zone = WAITING;
	p->wait_x = w->x;
	w->x += INDENT;
}

static void
end_wait(struct walk *w)
{
	struct pass *p = innermost(w);

	if (p == NULL)
		return;
	if (w->x < p->wait_x + WAIT_WIDTH)
		w->x = p->wait_x + WAIT_WIDTH;
	w->l->places[event(w)->mate].width = w->x - p->wait_x;
	p->zone = DISPATCHING;
	w->x += 2 * INDENT;
}

static void
begin_block(struct walk *w)
{
	const int lane = event(w)->lane;
	struct wire *wire;

	if (zone(w) == DISPATCHING && direction(event(w)->name) != 0) {
		wire = wire_of(w, lane);
		wire->fired |= direction(event(w)->name);
		use_rows(w, lane, wire->row + 2);
	}
	put(w, 0);
	w->x = place(w)->x + INDENT;
	w->lanes[lane].open++;
	w->blocks++;
}

static void
end_block(struct walk *w)
{
	struct place *begin = &w->l->places[event(w)->mate];
	const int least = begin->x + label_width(w->map, event(w)->mate);

	w->lanes[event(w)->lane].open--;
	w->blocks--;
	w->x += INDENT - 3;
	if (w->x < least)
		w->x = least;
	begin->width = w->x - begin->x;
	*place(w) = *begin;
	w->x += 4;
}

/* In the first zone those asked stand below each other. */
static void
put_predicate(struct walk *w)
{
	const struct event *e = event(w);
	const unsigned bit = direction(e->name);
	struct wire *wire;

	if (zone(w) != ASKING || bit == 0 ||
	    (wire = wire_of(w, e->lane))->asked & bit) {
		put(w, MARK);
		return;
	}
	wire->asked |= bit;
	if (e->result)
		wire->wished |= bit;
	use_rows(w, e->lane, wire->row + 2);
	*place(w) = (struct place){
		innermost(w)->x + ASK_PILL, MARK, wire->row + (bit == WRITE),
		-1
	};
}

static void
put_arming(struct walk *w)
{
	const struct event *e = event(w);
	const unsigned bit = direction(e->name);
	const int row = bit == WRITE ? 1 : bit == EXPT ? 2 : 0;

	if (zone(w) == ASKING && bit != 0) {
		*place(w) = (struct place){
			innermost(w)->x + ASK_KNOB, 0,
			wire_of(w, e->lane)->row + row, -1
		};
		use_rows(w, e->lane, place(w)->row + 1);
	} else {
		put(w, MARK);
	}
	if (e->kind == ARM)
		watch(w, e->lane, bit, place(w)->x);
	else
		unwatch(w, e->lane, bit, place(w)->x);
}

static void
put_other(struct walk *w)
{
	const struct event *e = event(w);

	put(w, label_width(w->map, w->i));
	if (e->kind != REMOVE && e->kind != FREE)
		return;
	unwatch(w, e->lane, READ | WRITE | EXPT, place(w)->x);
	end_span(w, &w->lanes[e->lane].alive, place(w)->x + MARK / 2);
}

static void
put_event(struct walk *w)
{
	if (event(w)->lane >= 0)
		be_alive(w, event(w)->lane,
		    zone(w) == ASKING ? innermost(w)->x :
		    event(w)->kind == ADD ? w->x + MARK / 2 : w->x);
	switch (event(w)->kind) {
	case PASS_BEGIN:
		begin_pass(w);
		break;
	case PASS_END:
		end_pass(w);
		break;
	case WAIT_BEGIN:
		begin_wait(w);
		break;
	case WAIT_END:
		end_wait(w);
		break;
	case HOOK_BEGIN:
	case CALL_BEGIN:
		begin_block(w);
		break;
	case HOOK_END:
	case CALL_END:
		end_block(w);
		break;
	case PREDICATE:
		put_predicate(w);
		break;
	case ARM:
	case DISARM:
		put_arming(w);
		break;
	default:
		put_other(w);
	}
}

/* ---- Columns. ---- */

static void
end_column(const struct walk *w)
{
	struct column *c = column(w);
	int width = w->x - INDENT;

	if (c->pass == 0)
		width = width + 2 * INDENT < BREAK_WIDTH ? BREAK_WIDTH :
		    width + 2 * INDENT;
	c->width = width;
	c->end = w->i;
	c->end_wire = (int)w->l->n_wires;
}

static void
begin_column(struct walk *w)
{
	struct layout *l = w->l;
	const bool is_pass = event(w)->kind == PASS_BEGIN;

	must_grow(&l->columns, &l->columns_size, l->n_columns,
	    sizeof *l->columns);
	l->columns[l->n_columns++] = (struct column){
		.first = w->i, .first_wire = (int)l->n_wires,
		.pass = is_pass ? event(w)->pass : 0
	};
	w->x = is_pass ? 0 : 2 * INDENT;
}

/* Outside of all brackets a pass begins one, and so does what follows it. */
static bool
begins_column(const struct walk *w)
{
	if (w->l->n_columns == 0)
		return true;
	if (w->n_passes > 0 || w->blocks > 0)
		return false;
	return event(w)->kind == PASS_BEGIN || column(w)->pass != 0;
}

static void
end_spans(struct walk *w)
{
	size_t i;
	int *last;

	for (i = 0; i < w->map->n_lanes; i++) {
		end_span(w, &w->lanes[i].alive, column(w)->width);
		for (last = w->lanes[i].watched;
		    last < w->lanes[i].watched + 3; last++)
			end_span(w, last, column(w)->width);
	}
}

static void
begin_walk(struct walk *w, struct layout *l, const struct map *m)
{
	size_t i;

	*w = (struct walk){ .l = l, .map = m };
	*l = (struct layout){ .map = m, .depth = 1 };
	l->places = must_alloc(m->n_events * sizeof *l->places);
	l->rows = must_alloc(m->n_lanes * sizeof *l->rows);
	w->lanes = must_alloc(m->n_lanes * sizeof *w->lanes);
	for (i = 0; i < m->n_lanes; i++) {
		l->rows[i] = 2;
		w->lanes[i] = (struct state){ 0, 0, -1, -1, { -1, -1, -1 } };
	}
}

void
layout_make(struct layout *l, const struct map *m)
{
	struct walk w;

	begin_walk(&w, l, m);
	for (; w.i < (int)m->n_events; w.i++) {
		if (begins_column(&w)) {
			if (l->n_columns > 0)
				end_column(&w);
			begin_column(&w);
		}
		put_event(&w);
	}
	if (l->n_columns > 0) {
		end_column(&w);
		end_spans(&w);
	}
	free(w.lanes);
	free(w.passes);
}

void
layout_free(struct layout *l)
{
	free(l->places);
	free(l->rows);
	free(l->columns);
	free(l->wires);
	free(l->spans);
}
