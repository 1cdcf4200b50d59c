/*
 * trace.c - see trace.h.
 */
#include "trace.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "line.h"
#include "util.h"

/* ---- Who is who: maps by process and address, lanes by map and channel. */

struct known {
	long long owner;	/* the process, or the map's place */
	const char *address;	/* interned */
	int index;
};

static int
compare(const void *a, const void *b)
{
	const struct known *x = a, *y = b;

	if (x->owner != y->owner)
		return x->owner < y->owner ? -1 : 1;
	return strcmp(x->address, y->address);
}

/* The entry of that key; index -1: it is new. */
static struct known *
look_up(void **tree, long long owner, const char *address)
{
	const struct known key = { owner, address, -1 };
	struct known **found = tfind(&key, tree, compare), *e;

	if (found != NULL)
		return *found;
	e = must_alloc(sizeof *e);
	*e = key;
	if (tsearch(e, tree, compare) == NULL)
		die("not enough memory");
	return e;
}

/* A header begins a map, at the address of an older one too. */
static struct map *
map_of(struct trace *t, const struct line *line)
{
	struct known *e = look_up(&t->known_maps, line->pid, line->map);
	struct map *m;

	if (e->index >= 0 && !line->is_header)
		return &t->maps[e->index];
	must_grow(&t->maps, &t->maps_size, t->n_maps, sizeof *t->maps);
	e->index = (int)t->n_maps++;
	m = &t->maps[e->index];
	*m = (struct map){
		.pid = line->pid, .address = line->map,
		.version = line->version, .own_lane = -1
	};
	return m;
}

static int
add_lane(struct map *m, const struct line *line)
{
	must_grow(&m->lanes, &m->lanes_size, m->n_lanes, sizeof *m->lanes);
	m->lanes[m->n_lanes] = (struct lane){
		line->channel, line->class, line->repr, (int)line->fd
	};
	return (int)m->n_lanes++;
}

/* What is known of a channel when it is freed is what was known at best. */
static void
note(struct lane *lane, const struct line *line)
{
	/* There is one.  NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
	if (strlen(line->repr) > strlen(lane->repr))
		lane->repr = line->repr;
	if (lane->fd < 0)
		lane->fd = (int)line->fd;
}

static bool
needs_lane(enum event_kind kind)
{
	return kind != PASS_BEGIN && kind != PASS_END && kind != WAIT_BEGIN &&
	    kind != WAIT_END;
}

/* Calls that are no channel's have a lane of the map's own. */
static int
lane_of(struct trace *t, struct map *m, const struct line *line)
{
	struct known *e;
	int lane;

	if (!needs_lane(line->kind))
		return -1;
	if (line->channel[0] == '\0') {
		if (m->own_lane < 0)
			m->own_lane = add_lane(m, line);
		return m->own_lane;
	}
	e = look_up(&t->known_lanes, m - t->maps, line->channel);
	if (e->index < 0)
		e->index = add_lane(m, line);
	else
		note(&m->lanes[e->index], line);
	lane = e->index;
	if (line->kind == FREE)
		e->index = -1;	/* what comes there is another one */
	return lane;
}

/* ---- Brackets. ---- */

static enum event_kind
begin_of(enum event_kind end)
{
	switch (end) {
	case PASS_END:
		return PASS_BEGIN;
	case WAIT_END:
		return WAIT_BEGIN;
	case HOOK_END:
		return HOOK_BEGIN;
	default:
		return CALL_BEGIN;
	}
}

static bool
match(const struct event *begin, const struct event *end)
{
	if (begin->kind != begin_of(end->kind))
		return false;
	if (end->kind == PASS_END || end->kind == WAIT_END)
		return begin->pass == end->pass;
	return begin->lane == end->lane && begin->name == end->name;
}

static struct event *
append(struct map *m, const struct event *e)
{
	must_grow(&m->events, &m->events_size, m->n_events,
	    sizeof *m->events);
	m->events[m->n_events] = *e;
	return &m->events[m->n_events++];
}

/* Its end is e, which is appended. */
static void
close_innermost(struct map *m, const struct event *e)
{
	const int begin = m->open[--m->n_open];

	m->events[begin].mate = (int)m->n_events;
	append(m, e)->mate = begin;
}

static void
make_up_end(struct map *m, const struct event *at)
{
	struct event e = m->events[m->open[m->n_open - 1]];

	e.kind = (enum event_kind)(e.kind + 1);	/* see trace.h */
	e.made_up = true;
	e.time = at->time;
	e.line = at->line;
	e.result = 0;
	close_innermost(m, &e);
}

static void
end_bracket(struct map *m, const struct event *e)
{
	size_t i = m->n_open;

	while (i > 0 && !match(&m->events[m->open[i - 1]], e))
		i--;
	if (i == 0)
		return;		/* its beginning is not in the file */
	while (m->n_open > i)
		make_up_end(m, e);
	close_innermost(m, e);
}

static void
begin_bracket(struct map *m, const struct event *e)
{
	must_grow(&m->open, &m->open_size, m->n_open, sizeof *m->open);
	m->open[m->n_open++] = (int)m->n_events;
	append(m, e)->mate = 0;
}

static void
add_event(struct map *m, const struct event *e)
{
	if (is_end(e))
		end_bracket(m, e);
	else if (e->kind == PASS_BEGIN || e->kind == WAIT_BEGIN ||
	    e->kind == HOOK_BEGIN || e->kind == CALL_BEGIN)
		begin_bracket(m, e);
	else
		append(m, e);
}

static void
finish(struct map *m)
{
	struct event last;

	if (m->n_events == 0)
		return;
	last = m->events[m->n_events - 1];
	m->ends_inside = m->n_open > 0;
	while (m->n_open > 0)
		make_up_end(m, &last);
}

/* ---- Lines. ---- */

struct input {
	FILE *in;
	const char *file;
	char text[JSON_LINE + 1];
	size_t len;
	bool is_whole;		/* it ends with a newline */
};

_Noreturn static void
bad(const struct trace *t, const struct input *in, const char *message)
{
	die("%s:%ld: %s", in->file, t->lines, message);
}

/* False: there is none. */
static bool
next_line(struct trace *t, struct input *in)
{
	int c;

	in->len = 0;
	in->is_whole = false;
	while (!in->is_whole && (c = getc(in->in)) != EOF) {
		if (c == '\n')
			in->is_whole = true;
		else if (in->len == JSON_LINE)
			break;
		else
			in->text[in->len++] = (char)c;
	}
	if (in->len == 0 && !in->is_whole && !ferror(in->in))
		return false;
	t->lines++;
	t->bytes += in->len;
	if (ferror(in->in))
		bad(t, in, strerror(errno));
	if (in->len == JSON_LINE && !in->is_whole)
		bad(t, in, "the line is too long: this is no trace");
	return true;
}

static void
take_line(struct trace *t, const struct line *line)
{
	struct event e = {
		.kind = line->kind, .mate = -1, .fd = (int)line->fd,
		.line = t->lines, .pass = line->pass, .time = line->time,
		.name = line->name, .repr = line->repr,
		.argument = line->argument, .result = line->result
	};
	struct map *m;

	if (!line->is_header && line->kind == EVENT_KINDS)
		return;
	m = map_of(t, line);
	if (line->is_header)
		return;
	/* Nothing goes back in time. */
	if (m->n_events > 0 && e.time < m->events[m->n_events - 1].time)
		e.time = m->events[m->n_events - 1].time;
	e.lane = lane_of(t, m, line);
	add_event(m, &e);
}

/* Only the last line may be cut, and only where a trace has begun. */
static bool
is_cut(const struct trace *t, struct input *in)
{
	return !in->is_whole && t->lines > 1 && feof(in->in);
}

void
trace_read(struct trace *t, FILE *stream, const char *file)
{
	static struct input in;
	struct line line;
	size_t i;

	in.in = stream;
	in.file = file;
	while (next_line(t, &in)) {
		if (t->lines > TRACE_LINES || t->bytes > TRACE_BYTES) {
			t->is_long = true;
			t->lines--;
			break;
		}
		line_parse(&line, in.text, in.len);
		if (line.error != NULL && is_cut(t, &in)) {
			t->is_cut = true;
			break;
		}
		if (line.error != NULL)
			bad(t, &in, line.error);
		if (t->lines == 1 && !line.is_header)
			bad(t, &in, "this is no trace: it does not begin with "
			    "\"asyncore_trace\"");
		take_line(t, &line);
	}
	if (t->lines == 0) {
		t->lines = 1;
		bad(t, &in, "this is no trace: it is empty");
	}
	for (i = 0; i < t->n_maps; i++)
		finish(&t->maps[i]);
}

void
trace_free(struct trace *t)
{
	size_t i;

	for (i = 0; i < t->n_maps; i++) {
		free(t->maps[i].events);
		free(t->maps[i].lanes);
		free(t->maps[i].open);
	}
	free(t->maps);
	free_tree(&t->known_maps, compare);
	free_tree(&t->known_lanes, compare);
}
