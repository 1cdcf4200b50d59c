/*
 * picture.c - see picture.h.
 */
#include "picture.h"

#include <stdlib.h>
#include <string.h>

#include "label.h"
#include "utf8.h"

#define BLOCK (ROW - 2)

static int
top(int row)
{
	return LANE_PAD + row * ROW + 1;
}

static int
middle(int row)
{
	return top(row) + BLOCK / 2;
}

/* A string cut to so many characters. */
static void
put_cut(struct text *t, const char *s, size_t most)
{
	struct text part = { NULL, 0, 0 };
	size_t i = 0, n, width, len = strlen(s);

	text_bytes(&part, "", 0);
	for (width = 0; i < len && width < most; width++) {
		n = utf8_len(s + i, len - i);
		text_bytes(&part, s + i, n);
		i += n;
	}
	text_xml(t, part.s);
	if (i < len)
		text_add(t, "…");
	free(part.s);
}

static void
put_title(struct text *t, const struct layout *l, int event)
{
	char title[1024];

	label_title(title, sizeof title, l->map, event);
	text_add(t, "<title>");
	text_xml(t, title);
	text_add(t, "</title>");
}

/* ---- Heads. ---- */

static const struct event *
mate(const struct layout *l, int event)
{
	return &l->map->events[l->map->events[event].mate];
}

static double
took(const struct layout *l, int event)
{
	return mate(l, event)->time - l->map->events[event].time;
}

static void
put_zone(struct text *t, int x, int width, int y, const char *zone,
    const char *detail)
{
	text_add(t, "<rect class='z z-%s' x='%d' y='%d' width='%d' height='3'/>"
	    "<text class='zone' x='%d' y='%d'>%s</text>", zone, x, y + HEAD - 5,
	    width, x + 2, y + 32, zone);
	if (detail[0] != '\0')
		text_add(t, "<text class='detail' x='%d' y='%d'>%s</text>",
		    x + 2, y + 44, detail);
}

static void
put_zones(struct text *t, const struct layout *l, int pass, int y)
{
	const struct place *p = &l->places[pass];
	const int wait = p->wait;
	char time[32], ready[48];
	int x, from;

	if (wait < 0) {
		put_zone(t, p->x + 6, p->width - 14, y, "ask", "");
		return;
	}
	x = l->places[wait].x;
	from = x + l->places[wait].width;
	label_duration(time, sizeof time, took(l, wait));
	*ready = '\0';
	if (!mate(l, wait)->made_up)
		(void)snprintf(ready, sizeof ready, "%lld ready",
		    mate(l, wait)->result);
	put_zone(t, p->x + 6, x - p->x - 8, y, "ask", "");
	put_zone(t, x, from - x, y, "wait", time);
	put_zone(t, from + 2, p->x + p->width - from - 10, y, "dispatch",
	    ready);
}

static void
put_pass_head(struct text *t, const struct layout *l, int pass)
{
	const struct event *e = &l->map->events[pass];
	const struct place *p = &l->places[pass];
	const int y = p->row * HEAD;
	char time[32], result[64];

	label_duration(time, sizeof time, took(l, pass));
	label_result(result, sizeof result, mate(l, pass)->result);
	text_add(t, "<g class='pass' data-pass='%lld'><title>pass %lld\nbegins "
	    "%.6f s after the first event, takes %s\nresult %s\nlines %ld to "
	    "%ld</title><rect class='hit' x='%d' y='%d' width='%d' height='%d'"
	    "/><text class='n' x='%d' y='%d'>pass %lld</text>", e->pass,
	    e->pass, e->time - l->map->events[0].time, time, result, e->line,
	    mate(l, pass)->line, p->x, y, p->width, HEAD, p->x + 8, y + 17,
	    e->pass);
	if (mate(l, pass)->made_up)
		(void)snprintf(time, sizeof time, "not ended");
	if (is_failure(mate(l, pass)->result))
		text_add(t, "<text class='took bad' x='%d' y='%d'>%s</text>",
		    p->x + p->width - 8, y + 17, result);
	else
		text_add(t, "<text class='took' x='%d' y='%d'>%s</text>",
		    p->x + p->width - 8, y + 17, time);
	put_zones(t, l, pass, y);
	text_add(t, "</g>");
}

void
picture_head(struct text *t, const struct layout *l, int column)
{
	const struct column *c = &l->columns[column];
	int i;

	if (c->pass == 0)
		text_add(t, "<text class='took out' x='10' y='17'>outside of "
		    "a pass</text>");
	for (i = c->first; i < c->end; i++)
		if (l->map->events[i].kind == PASS_BEGIN)
			put_pass_head(t, l, i);
}

void
picture_tall(struct text *t, const struct layout *l, int column)
{
	const struct column *c = &l->columns[column];
	const struct place *p;
	int i;

	for (i = c->first; i < c->end; i++) {
		p = &l->places[i];
		if (l->map->events[i].kind == PASS_BEGIN && p->row > 0)
			text_add(t, "<rect class='nest' x='%d' y='-9' "
			    "width='%d' height='110%%'/>", p->x, p->width);
		else if (l->map->events[i].kind == WAIT_BEGIN)
			text_add(t, "<rect class='wait' x='%d' y='0' width="
			    "'%d' height='100%%'/>", p->x, p->width);
	}
	text_add(t, "<path class='edge' d='M.5 0V9999'/>");
}

/* ---- Wires: from the question to the hook, through the wait. ---- */

static void
put_wire(struct text *t, const struct layout *l, const struct wire *w,
    unsigned bit, char letter)
{
	const int wait = l->places[w->pass].wait;
	const int y = middle(w->row + (bit == WRITE ? 1 : bit == EXPT ? 2 : 0));
	const int x = l->places[w->pass].x + 30;
	int end;

	if (wait < 0 || !((w->armed | w->wished | w->fired) & bit))
		return;
	end = l->places[wait].x + l->places[wait].width;
	if (!((w->asked | w->fired) & bit))
		return;
	text_add(t, "<path class='wire %c%s' d='M%d %dH%d'/>", letter,
	    w->armed & bit ? "" : " unasked", x, y, end - 4);
	if (w->fired & bit)
		text_add(t, "<path class='ready %c' d='M%d %dl9 6-9 6z'/>",
		    letter, end - 7, y - 6);
}

static void
put_wires(struct text *t, const struct layout *l, const struct wire *w)
{
	put_wire(t, l, w, READ, 'r');
	put_wire(t, l, w, WRITE, 'w');
	put_wire(t, l, w, EXPT, 'e');
}

/* ---- Events. ---- */

static void
begin_sign(struct text *t, const struct layout *l, int event,
    const char *class)
{
	const struct event *e = &l->map->events[event];

	text_add(t, "<g class='%s' data-pass='%lld' data-line='%ld'", class,
	    e->pass, e->line);
}

static void
end_name(struct text *t, const struct layout *l, int event, const char *kind)
{
	text_add(t, " data-%s='", kind);
	text_xml(t, l->map->events[event].name);
	text_add(t, "'>");
	put_title(t, l, event);
}

static void
put_pill(struct text *t, const struct layout *l, int event)
{
	const struct event *e = &l->map->events[event];
	const struct place *p = &l->places[event];
	const unsigned bit = direction(e->name);
	const char *letter = bit == READ ? "R" : bit == WRITE ? "W" : "?";

	begin_sign(t, l, event, e->result ? bit == READ ? "pill r" :
	    "pill w" : "pill dark");
	text_add(t, " data-result='%s'", e->result ? "true" : "false");
	end_name(t, l, event, "predicate");
	text_add(t, "<rect x='%d' y='%d' width='%d' height='16' rx='5'/>"
	    "<text x='%d' y='%d'>%s</text></g>", p->x, top(p->row) + 2, MARK,
	    p->x + MARK / 2, top(p->row) + 14, letter);
}

static const char *
letter_of(const char *name)
{
	const unsigned bit = direction(name);

	return bit == READ ? "r" : bit == WRITE ? "w" : "e";
}

static void
put_knob(struct text *t, const struct layout *l, int event)
{
	const struct event *e = &l->map->events[event];
	const struct place *p = &l->places[event];
	const int x = p->width > 0 ? p->x + MARK / 2 : p->x;
	const int y = middle(p->row);
	char class[16];

	(void)snprintf(class, sizeof class, "%s %s", e->kind == ARM ? "arm" :
	    "disarm", letter_of(e->name));
	begin_sign(t, l, event, class);
	end_name(t, l, event, e->kind == ARM ? "arm" : "disarm");
	text_add(t, "<circle cx='%d' cy='%d' r='5'/>", x, y);
	if (e->kind == DISARM)
		text_add(t, "<path d='M%d %dl8-8'/>", x - 4, y + 4);
	text_add(t, "</g>");
}

/* ---- Blocks. ---- */

static const char *
colour(const struct event *e)
{
	static const struct {
		const char *part, *class;
	} classes[] = {
		{ "read", "read" }, { "accept", "read" },
		{ "collect", "read" }, { "terminator", "read" },
		{ "write", "write" }, { "connect", "connect" },
		{ "error", "error" }, { "close", "end" }, { "eof", "end" },
		{ "call_", "call" }, { "timeout", "call" },
		{ "expt", "expt" }, { "overflow", "error" }
	};
	size_t i;

	for (i = 0; i < sizeof classes / sizeof *classes; i++)
		if (strstr(e->name, classes[i].part) != NULL)
			return classes[i].class;
	return "other";
}

static void
put_block(struct text *t, const struct layout *l, int event)
{
	const struct event *e = &l->map->events[event];
	const struct place *p = &l->places[event];
	const bool is_hook = e->kind == HOOK_BEGIN;
	char class[48], text[LABEL_SIZE], result[32];

	(void)snprintf(class, sizeof class, "b %s%s%s", colour(e),
	    is_router(e->name) ? " router" : "",
	    is_failure(mate(l, event)->result) ? " bad" : "");
	(void)snprintf(result, sizeof result, "%lld", mate(l, event)->result);
	label_text(text, l->map, event);
	begin_sign(t, l, event, class);
	text_add(t, " data-argument='%lld' data-result='%s'", e->argument,
	    mate(l, event)->made_up ? "" : result);
	end_name(t, l, event, is_hook ? "hook" : "call");
	text_add(t, "<rect x='%d' y='%d' width='%d' height='%d' rx='4'/>"
	    "<text x='%d' y='%d'>", p->x, top(p->row), p->width, BLOCK,
	    p->x + 6, top(p->row) + 14);
	text_xml(t, text);
	text_add(t, "</text></g>");
}

/* ---- Marks. ---- */

static void
put_mark(struct text *t, const struct layout *l, int event, const char *class,
    const char *path)
{
	const struct place *p = &l->places[event];
	char both[32];

	(void)snprintf(both, sizeof both, "mark %s", class);
	begin_sign(t, l, event, both);
	text_add(t, " data-%s=''>", class);
	put_title(t, l, event);
	text_add(t, "<circle cx='%d' cy='%d' r='7'/><path d='M%d %d%s'/></g>",
	    p->x + MARK / 2, middle(p->row), p->x + MARK / 2, middle(p->row),
	    path);
}

static void
put_error(struct text *t, const struct layout *l, int event)
{
	const struct place *p = &l->places[event];
	const int x = p->x + MARK / 2, y = middle(p->row);
	char text[LABEL_SIZE];

	label_text(text, l->map, event);
	begin_sign(t, l, event, "mark error");
	text_add(t, " data-result='%lld'", l->map->events[event].result);
	end_name(t, l, event, "error");
	text_add(t, "<path class='sign' d='M%d %dl8 14h-16z'/><path d='M%d "
	    "%dv5m0 2v1.5'/><text x='%d' y='%d'>", x, y - 8, x, y - 3, x + 11,
	    y + 4);
	text_xml(t, text);
	text_add(t, "</text></g>");
}

static void
put_event(struct text *t, const struct layout *l, int event)
{
	const struct event *e = &l->map->events[event];

	switch (e->kind) {
	case PREDICATE:
		put_pill(t, l, event);
		break;
	case ARM:
	case DISARM:
		put_knob(t, l, event);
		break;
	case HOOK_BEGIN:
	case CALL_BEGIN:
		put_block(t, l, event);
		break;
	case ADD:
		put_mark(t, l, event, "add", "m-4 0h8m-4-4v8");
		break;
	case REMOVE:
		put_mark(t, l, event, "remove", "m-4 0h8");
		break;
	case CLOSE:
		put_mark(t, l, event, "close", "m-3-3l6 6m0-6l-6 6");
		break;
	case FREE:
		put_mark(t, l, event, "free", "m0 0h0");
		break;
	case ERROR:
		put_error(t, l, event);
		break;
	default:
		break;
	}
}

/* ---- Lanes. ---- */

/* Something of a lane: a wire, or an event. */
struct piece {
	int lane, index;
	bool is_wire;
};

static int
compare(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;

	if (x->lane != y->lane)
		return x->lane < y->lane ? -1 : 1;
	if (x->is_wire != y->is_wire)
		return x->is_wire ? -1 : 1;
	return x->index < y->index ? -1 : 1;
}

static struct piece *
pieces_of(const struct layout *l, const struct column *c, size_t *n)
{
	const size_t most = (size_t)(c->end - c->first + c->end_wire -
	    c->first_wire);
	struct piece *pieces = must_alloc(most * sizeof *pieces);
	int i;

	*n = 0;
	for (i = c->first_wire; i < c->end_wire; i++)
		pieces[(*n)++] = (struct piece){ l->wires[i].lane, i, true };
	for (i = c->first; i < c->end; i++)
		if (l->map->events[i].lane >= 0)
			pieces[(*n)++] = (struct piece){
				l->map->events[i].lane, i, false
			};
	qsort(pieces, *n, sizeof *pieces, compare);
	return pieces;
}

/* Answers how many rows it takes. */
static int
put_piece(struct text *t, const struct layout *l, const struct piece *p)
{
	if (p->is_wire) {
		put_wires(t, l, &l->wires[p->index]);
		return layout_wire_rows(&l->wires[p->index]);
	}
	put_event(t, l, p->index);
	return layout_event_rows(l, p->index);
}

void
picture_lanes(struct text *t, const struct layout *l, int column,
    void (*fn)(int lane, int rows, const struct text *t, void *arg),
    void *arg)
{
	size_t n, i;
	struct piece *pieces = pieces_of(l, &l->columns[column], &n);
	int rows = 0, needed;

	for (i = 0; i < n; i++) {
		if (i == 0 || pieces[i].lane != pieces[i - 1].lane) {
			text_clear(t);
			rows = 0;
		}
		needed = put_piece(t, l, &pieces[i]);
		rows = needed > rows ? needed : rows;
		if ((i + 1 == n || pieces[i].lane != pieces[i + 1].lane) &&
		    t->len > 0)
			fn(pieces[i].lane, rows, t, arg);
	}
	free(pieces);
}

/* "<Echo connected 127.0.0.1:7 at 0x5>": what is in the middle. */
static void
put_address(struct text *t, const struct lane *lane)
{
	const size_t len = strlen(lane->class);
	const char *begin = lane->repr + 1, *end = strstr(lane->repr, " at 0x");
	char middle[64];

	if (lane->repr[0] != '<' || strncmp(begin, lane->class, len) != 0 ||
	    begin[len] != ' ' || end == NULL || end <= begin + len)
		return;
	begin += len + 1;
	if (strncmp(begin, "connected ", 10) == 0 ||
	    strncmp(begin, "listening ", 10) == 0)
		begin += 10;
	if (end <= begin || (size_t)(end - begin) >= sizeof middle ||
	    strncmp(begin, "''", 2) == 0)
		return;
	memcpy(middle, begin, (size_t)(end - begin));
	middle[end - begin] = '\0';
	text_add(t, ", ");
	put_cut(t, middle, 18);
}

void
picture_label(struct text *t, const struct layout *l, int lane)
{
	const struct lane *of = &l->map->lanes[lane];
	const bool is_own = of->channel[0] == '\0';

	text_add(t, "<g class='label'><title>");
	text_xml(t, is_own ? "calls that the program has scheduled, and that "
	    "are tied to no channel" : of->repr);
	text_add(t, "</title><text class='class' x='12' y='%d'>",
	    LANE_PAD + 17);
	put_cut(t, is_own ? "scheduled calls" : of->class, 21);
	text_add(t, "</text><text class='detail' x='12' y='%d'>",
	    LANE_PAD + 35);
	if (!is_own && of->fd >= 0)
		text_add(t, "fd %d", of->fd);
	if (!is_own)
		put_address(t, of);
	text_add(t, "</text></g>");
}

void
picture_map_attributes(struct text *t, const struct map *m)
{
	text_add(t, "data-pid='%lld' data-map='", m->pid);
	text_xml(t, m->address);
	text_add(t, "'");
}

void
picture_lane_attributes(struct text *t, const struct layout *l, int lane)
{
	text_add(t, "data-lane='%d' data-channel='", lane);
	text_xml(t, l->map->lanes[lane].channel);
	text_add(t, "' data-class='");
	text_xml(t, l->map->lanes[lane].class);
	text_add(t, "'");
}

/* ---- Names and troubles. ---- */

void
picture_map_name(struct text *t, const struct map *m)
{
	text_add(t, "process %lld, map ", m->pid);
	text_xml(t, m->address);
}

void
picture_trouble(struct text *t, const struct trace *trace)
{
	if (trace->is_long)
		text_add(t, "The trace is longer: the picture ends behind its "
		    "line %ld.", trace->lines);
	if (trace->is_cut)
		text_add(t, "The trace is cut off in its line %ld: the picture "
		    "ends before it.", trace->lines);
}

void
picture_map_trouble(struct text *t, const struct map *m)
{
	const struct event *last;

	if (!m->ends_inside)
		return;
	last = &m->events[m->n_events - 1];
	text_add(t, "The trace ends inside of %s.", last->kind == PASS_END ?
	    "a pass" : "a hook");
}

/* ---- The legend. ---- */

const struct sign picture_legend[] = {
	{ "<g class='pill r'><rect x='2' y='3' width='18' height='16' rx='5'/>"
	    "<text x='11' y='15'>R</text></g><g class='pill w'><rect x='24' "
	    "y='3' width='18' height='16' rx='5'/><text x='33' y='15'>W</text>"
	    "</g>", "asked: wants to read, to write" },
	{ "<g class='pill dark'><rect x='2' y='3' width='18' height='16' rx="
	    "'5'/><text x='11' y='15'>R</text></g><g class='pill dark'><rect "
	    "x='24' y='3' width='18' height='16' rx='5'/><text x='33' y='15'>W"
	    "</text></g>", "asked: does not" },
	{ "<path class='wire r' d='M12 11H44'/><g class='arm r'><circle cx='12'"
	    " cy='11' r='5'/></g>", "libevent watches from here on" },
	{ "<path class='rail r' d='M0 11H32'/><g class='disarm r'><circle cx="
	    "'32' cy='11' r='5'/><path d='M28 15l8-8'/></g>",
	    "and no longer" },
	{ "<path class='wire r' d='M2 11H34'/><path class='ready r' d='M32 5l9 "
	    "6-9 6z'/>", "ready after the wait" },
	{ "<path class='wire w unasked' d='M2 11H34'/><path class='ready w' d="
	    "'M32 5l9 6-9 6z'/>", "ready without asking the kernel" },
	{ "<g class='b read router'><rect x='1' y='1' width='42' height='20' "
	    "rx='4'/></g>", "a router, which calls hooks" },
	{ "<g class='b read'><rect x='1' y='1' width='20' height='20' rx='4'/>"
	    "</g><g class='b write'><rect x='24' y='1' width='19' height='20' "
	    "rx='4'/></g>", "a hook: name(argument) → result" },
	{ "<g class='mark add'><circle cx='11' cy='11' r='7'/><path d='M7 11h8m"
	    "-4-4v8'/></g><g class='mark remove'><circle cx='33' cy='11' r='7'"
	    "/><path d='M29 11h8'/></g>", "enters, leaves the map" },
	{ "<g class='mark close'><circle cx='11' cy='11' r='7'/><path d='M8 8l6"
	    " 6m0-6l-6 6'/></g><g class='mark free'><circle cx='33' cy='11' r="
	    "'7'/></g>", "closes; is freed" },
	{ "<g class='mark error'><path class='sign' d='M22 3l8 14h-16z'/><path "
	    "d='M22 8v5m0 2v1.5'/></g>", "an error" },
	{ "<rect class='nest' x='2' y='2' width='40' height='18'/>",
	    "a loop inside of a hook" },
	{ NULL, NULL }
};
