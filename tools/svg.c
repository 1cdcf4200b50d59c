/*
 * svg.c - the picture as a file of its own: columns one after another, in rows
 * like those of a text.
 */
#include "formats.h"

#include <stdlib.h>

#include "layout.h"
#include "picture.h"

#include "picture_css.h"

#define WIDTH 1100	/* of a row, where no column is wider */
#define MARGIN 20
#define MANY 16		/* lanes; of more, the idle ones are left out */
#define LEGEND_COLUMNS 4
#define LEGEND_ROW 26

/* A row: some columns, and the lanes that are in it. */
struct row {
	const struct layout *l;
	int first, end;
	bool *shown;		/* of each lane */
	int *tops, *rows;	/* of those that are shown */
	int *lanes, n_lanes;	/* these, in order */
	int *spans, n_spans;	/* those that are in it, too */
	int next_span;
	int height;		/* of all lanes */
	int left_out;
};

struct writer {
	FILE *out;
	int width, y;
	struct text text;
};

/* ---- Which lanes a row has. ---- */

static void
rows_begin(struct row *r, const struct layout *l)
{
	const size_t n = l->map->n_lanes;

	*r = (struct row){ .l = l };
	r->shown = must_alloc(n * sizeof *r->shown);
	r->tops = must_alloc(n * sizeof *r->tops);
	r->rows = must_alloc(n * sizeof *r->rows);
	r->lanes = must_alloc(n * sizeof *r->lanes);
	r->spans = must_alloc(l->n_spans * sizeof *r->spans);
}

static void
rows_end(struct row *r)
{
	free(r->shown);
	free(r->tops);
	free(r->rows);
	free(r->lanes);
	free(r->spans);
}

/* Spans are in order of their beginning. */
static void
take_spans(struct row *r)
{
	const struct span *spans = r->l->spans;
	const int n = (int)r->l->n_spans;
	int i, kept = 0;

	while (r->next_span < n && spans[r->next_span].column < r->end)
		r->spans[r->n_spans++] = r->next_span++;
	for (i = 0; i < r->n_spans; i++)
		if (spans[r->spans[i]].end_column >= r->first)
			r->spans[kept++] = r->spans[i];
	r->n_spans = kept;
}

static void
show(struct row *r, int lane)
{
	if (r->shown[lane])
		return;
	r->shown[lane] = true;
	r->rows[lane] = 0;
	r->lanes[r->n_lanes++] = lane;
}

static void
show_busy(struct row *r)
{
	const struct layout *l = r->l;
	int i, lane;

	for (i = l->columns[r->first].first; i < l->columns[r->end - 1].end;
	    i++) {
		lane = l->map->events[i].lane;
		if (lane >= 0)
			show(r, lane);
	}
}

static void
show_living(struct row *r)
{
	const struct span *s;
	int i, n = 0;

	for (i = 0; i < r->n_spans; i++) {
		s = &r->l->spans[r->spans[i]];
		n += s->kind == ALIVE && !r->shown[s->lane];
	}
	if (r->n_lanes + n > MANY) {
		r->left_out = n;
		return;
	}
	for (i = 0; i < r->n_spans; i++)
		if (r->l->spans[r->spans[i]].kind == ALIVE)
			show(r, r->l->spans[r->spans[i]].lane);
}

static void
need_rows(struct row *r, int lane, int rows)
{
	if (r->shown[lane] && r->rows[lane] < rows)
		r->rows[lane] = rows;
}

static void
count_rows(struct row *r)
{
	const struct layout *l = r->l;
	const struct column *first = &l->columns[r->first];
	const struct column *last = &l->columns[r->end - 1];
	int i;

	for (i = first->first; i < last->end; i++)
		if (l->map->events[i].lane >= 0)
			need_rows(r, l->map->events[i].lane,
			    layout_event_rows(l, i));
	for (i = first->first_wire; i < last->end_wire; i++)
		need_rows(r, l->wires[i].lane,
		    layout_wire_rows(&l->wires[i]));
	for (i = 0; i < r->n_spans; i++)
		need_rows(r, l->spans[r->spans[i]].lane,
		    (int)l->spans[r->spans[i]].kind);
}

static int
compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void
choose_lanes(struct row *r)
{
	int i;

	for (i = 0; i < r->n_lanes; i++)
		r->shown[r->lanes[i]] = false;
	r->n_lanes = r->height = r->left_out = 0;
	show_busy(r);
	show_living(r);
	qsort(r->lanes, (size_t)r->n_lanes, sizeof *r->lanes, compare);
	count_rows(r);
	for (i = 0; i < r->n_lanes; i++) {
		r->tops[r->lanes[i]] = r->height;
		r->height += layout_height(r->rows[r->lanes[i]]);
	}
}

/* The next row: as many columns as fit, one at least.  False: there is none. */
static bool
next_row(struct row *r, int width)
{
	const struct layout *l = r->l;
	int taken = LABEL_WIDTH;

	if (r->end == (int)l->n_columns)
		return false;
	r->first = r->end;
	do
		taken += l->columns[r->end++].width;
	while (r->end < (int)l->n_columns &&
	    taken + l->columns[r->end].width <= width);
	take_spans(r);
	choose_lanes(r);
	return true;
}

/* ---- Writing. ---- */

static void
flush(struct writer *w)
{
	(void)fwrite(w->text.s, 1, w->text.len, w->out);
	text_clear(&w->text);
}

static int
left_of(const struct row *r, int column)
{
	int x = LABEL_WIDTH, i;

	for (i = r->first; i < column; i++)
		x += r->l->columns[i].width;
	return x;
}

static void
write_span(struct writer *w, const struct row *r, const struct span *s)
{
	static const char *const classes[] = {
		"alive", "rail r", "rail w", "rail e"
	};
	const int from = s->column < r->first ? LABEL_WIDTH :
	    left_of(r, s->column) + s->x;
	const int to = s->end_column >= r->end ? left_of(r, r->end) :
	    left_of(r, s->end_column) + s->end_x;
	const int y = w->y + r->tops[s->lane];

	if (s->kind == ALIVE)
		text_add(&w->text, "<rect class='alive' x='%d' y='%d' width="
		    "'%d' height='%d' rx='5'/>\n", from, y + 3,
		    to > from ? to - from : 1,
		    layout_height(r->rows[s->lane]) - 6);
	else
		text_add(&w->text, "<path class='%s' d='M%d %dH%d'/>\n",
		    classes[s->kind], from, y + LANE_PAD + ROW / 2 +
		    ((int)s->kind - WATCHED_READ) * ROW, to);
}

static void
write_spans(struct writer *w, const struct row *r)
{
	const struct span *s;
	int rails, i;

	for (rails = 0; rails < 2; rails++)
		for (i = 0; i < r->n_spans; i++) {
			s = &r->l->spans[r->spans[i]];
			if (r->shown[s->lane] && (s->kind != ALIVE) == rails)
				write_span(w, r, s);
		}
	flush(w);
}

static void
write_labels(struct writer *w, const struct row *r)
{
	int i;

	for (i = 0; i < r->n_lanes; i++) {
		text_add(&w->text, "<g data-label='%d' transform='translate"
		    "(0,%d)'>", r->lanes[i], w->y + r->tops[r->lanes[i]]);
		picture_label(&w->text, r->l, r->lanes[i]);
		text_add(&w->text, "</g>\n");
	}
	flush(w);
}

struct place_of_lane {
	struct writer *w;
	const struct row *r;
};

static void
write_lane(int lane, int rows, const struct text *t, void *arg)
{
	const struct place_of_lane *p = arg;
	struct text head = { NULL, 0, 0 };

	(void)rows;
	text_add(&head, "<g class='lane' transform='translate(0,%d)' ",
	    p->r->tops[lane]);
	picture_lane_attributes(&head, p->r->l, lane);
	(void)fprintf(p->w->out, "%s>%s</g>\n", head.s, t->s);
	free(head.s);
}

static void
write_column(struct writer *w, const struct row *r, int column)
{
	const struct layout *l = r->l;
	struct place_of_lane arg = { w, r };
	struct text *t = &w->text;

	text_add(t, "<g class='head' transform='translate(%d,%d)'>",
	    left_of(r, column), w->y - l->depth * HEAD);
	picture_head(t, l, column);
	text_add(t, "</g>\n<svg class='column' data-column='%d' "
	    "data-pass='%lld' x='%d' y='%d' width='%d' height='%d'>", column,
	    l->columns[column].pass, left_of(r, column), w->y,
	    l->columns[column].width, r->height > 0 ? r->height : 1);
	picture_tall(t, l, column);
	flush(w);
	picture_lanes(t, l, column, write_lane, &arg);
	text_clear(t);
	(void)fputs("</svg>\n", w->out);
}

static int
row_height(const struct row *r)
{
	return r->l->depth * HEAD + r->height + MARGIN +
	    (r->left_out > 0 ? 14 : 0);
}

static void
write_row(struct writer *w, const struct row *r)
{
	const int end = w->y + row_height(r);
	int i;

	w->y += r->l->depth * HEAD;
	write_spans(w, r);
	write_labels(w, r);
	for (i = r->first; i < r->end; i++)
		write_column(w, r, i);
	if (r->left_out > 0)
		(void)fprintf(w->out, "<text class='detail' x='12' y='%d'>and "
		    "%d in the map that do nothing here</text>\n",
		    w->y + r->height + 14, r->left_out);
	w->y = end;
}

/* ---- Rows: measured first, for the height of it all, then written. ---- */

static int
measure_rows(const struct layout *l, int width)
{
	struct row r;
	int height = 0;

	rows_begin(&r, l);
	while (next_row(&r, width))
		height += row_height(&r);
	rows_end(&r);
	return height;
}

static void
write_rows(struct writer *w, const struct layout *l)
{
	struct row r;

	rows_begin(&r, l);
	while (next_row(&r, w->width))
		write_row(w, &r);
	rows_end(&r);
}

/* A line, which takes its height. */
static void
write_line(struct writer *w, const char *class, int height)
{
	if (w->text.len == 0)
		return;
	(void)fprintf(w->out, "<text class='%s' x='12' y='%d'>%s</text>\n",
	    class, w->y + height - 8, w->text.s);
	w->y += height;
	text_clear(&w->text);
}

static int
legend_height(void)
{
	int n = 0;

	while (picture_legend[n].svg != NULL)
		n++;
	return (n + LEGEND_COLUMNS - 1) / LEGEND_COLUMNS * LEGEND_ROW + MARGIN;
}

static void
write_legend(struct writer *w)
{
	const struct sign *s = picture_legend;
	int i;

	for (i = 0; s[i].svg != NULL; i++)
		(void)fprintf(w->out, "<g transform='translate(%d,%d)'>%s"
		    "<text class='legend' x='52' y='15'>%s</text></g>\n",
		    12 + i % LEGEND_COLUMNS * (w->width / LEGEND_COLUMNS),
		    w->y + i / LEGEND_COLUMNS * LEGEND_ROW, s[i].svg,
		    s[i].meaning);
	w->y += legend_height();
}

static int
widest(const struct layout *layouts, size_t n)
{
	int width = WIDTH;
	size_t i, c;

	for (i = 0; i < n; i++)
		for (c = 0; c < layouts[i].n_columns; c++)
			if (width < LABEL_WIDTH + layouts[i].columns[c].width)
				width = LABEL_WIDTH +
				    layouts[i].columns[c].width;
	return width;
}

static int
height_of(const struct writer *w, const struct trace *trace,
    const struct layout *layouts)
{
	int height = 2 * MARGIN + 34 + 26 + legend_height();
	size_t i;

	height += trace->is_cut || trace->is_long ? 26 : 0;
	for (i = 0; i < trace->n_maps; i++)
		height += 30 + (trace->maps[i].ends_inside ? 26 : 0) +
		    measure_rows(&layouts[i], w->width);
	return height;
}

static void
write_map(struct writer *w, const struct layout *l)
{
	text_add(&w->text, "<g ");
	picture_map_attributes(&w->text, l->map);
	text_add(&w->text, ">\n");
	flush(w);
	picture_map_name(&w->text, l->map);
	if (l->map->n_events == 0)
		text_add(&w->text, ": no event");
	write_line(w, "map", 30);
	picture_map_trouble(&w->text, l->map);
	write_line(w, "trouble", 26);
	write_rows(w, l);
	(void)fputs("</g>\n", w->out);
}

void
svg_write(FILE *out, const struct trace *trace, const char *name)
{
	struct layout *layouts = must_alloc(trace->n_maps * sizeof *layouts);
	struct writer w = { .out = out, .y = MARGIN };
	size_t i;
	int height;

	for (i = 0; i < trace->n_maps; i++)
		layout_make(&layouts[i], &trace->maps[i]);
	w.width = widest(layouts, trace->n_maps);
	height = height_of(&w, trace, layouts);
	(void)fprintf(out, "<svg xmlns='http://www.w3.org/2000/svg' "
	    "role='img' width='%d' height='%d' viewBox='0 0 %d %d'>\n"
	    "<style>\n",
	    w.width + MARGIN, height, w.width + MARGIN, height);
	text_lines(out, picture_css);
	(void)fputs("</style>\n<rect class='paper' width='100%' height='100%'"
	    "/>\n", out);
	text_xml(&w.text, name);
	write_line(&w, "title", 34);
	text_add(&w.text, "A column is a pass of the loop, a row is a "
	    "dispatcher, and time goes from left to right: ask, wait, "
	    "dispatch.");
	write_line(&w, "legend", 26);
	picture_trouble(&w.text, trace);
	write_line(&w, "trouble", 26);
	write_legend(&w);
	for (i = 0; i < trace->n_maps; i++) {
		write_map(&w, &layouts[i]);
		layout_free(&layouts[i]);
	}
	(void)fputs("</svg>\n", out);
	free(layouts);
	free(w.text.s);
}
