/*
 * html.c - the picture as a page.  The page's script puts those pieces of the
 * picture on the screen that are in view; they stand in the page as JSON.  The
 * page fetches nothing, and its policy does not let it.
 */
#include "formats.h"

#include <stdlib.h>

#include "label.h"
#include "layout.h"
#include "picture.h"

#include "page_css.h"
#include "page_js.h"
#include "picture_css.h"

static const char head[] =
    "<!DOCTYPE html>\n"
    "<html lang=\"en\">\n"
    "<head>\n"
    "<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n"
    "<meta name=\"color-scheme\" content=\"light dark\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
    "'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n";

static const char tools[] =
    "<div class=\"tools\" hidden>\n"
    "<span><button id=\"before\" title=\"the pass before (p)\">&#8592;"
    "</button> <label>pass <input id=\"pass\" type=\"number\" min=\"1\">"
    "</label> <button id=\"next\" title=\"the next pass (n)\">&#8594;</button>"
    "</span>\n"
    "<button id=\"error\" title=\"to the next error (e)\">next error</button>\n"
    "<span><button id=\"out\" title=\"smaller (-)\">&#8722;</button> "
    "<button id=\"fit\" title=\"as it was (0)\">100 %</button> "
    "<button id=\"in\" title=\"larger (+)\">+</button></span>\n"
    "<label><input id=\"busy\" type=\"checkbox\"> only dispatchers that do "
    "something here</label>\n"
    "</div>\n";

/* ---- Data. ---- */

struct lanes {
	FILE *out;
	int n;
};

static void
write_piece(int lane, int rows, const struct text *t, void *arg)
{
	struct lanes *l = arg;

	(void)fprintf(l->out, "%s[%d,%d,", l->n++ > 0 ? "," : "", lane, rows);
	text_json(l->out, t->s);
	(void)putc(']', l->out);
}

static void
write_text(FILE *out, const char *key, struct text *t)
{
	(void)fprintf(out, ",\"%s\":", key);
	text_json(out, t->s != NULL ? t->s : "");
	text_clear(t);
}

/* Something in it has gone wrong. */
static bool
is_bad(const struct layout *l, const struct column *c)
{
	const struct event *e = &l->map->events[c->first];

	for (; e < &l->map->events[c->end]; e++)
		if (e->kind == ERROR || (is_end(e) && is_failure(e->result)))
			return true;
	return false;
}

static void
write_column(FILE *out, const struct layout *l, int column, struct text *t)
{
	const struct column *c = &l->columns[column];
	struct lanes lanes = { out, 0 };

	(void)fprintf(out, "%s\n{\"pass\":%lld,\"width\":%d,\"bad\":%s",
	    column > 0 ? "," : "", c->pass, c->width,
	    is_bad(l, c) ? "true" : "false");
	picture_head(t, l, column);
	write_text(out, "head", t);
	picture_tall(t, l, column);
	write_text(out, "tall", t);
	(void)fputs(",\"lanes\":[", out);
	picture_lanes(t, l, column, write_piece, &lanes);
	text_clear(t);
	(void)fputs("]}", out);
}

static void
write_lanes(FILE *out, const struct layout *l, struct text *t)
{
	const struct lane *lane;
	int i;

	for (i = 0; i < (int)l->map->n_lanes; i++) {
		lane = &l->map->lanes[i];
		(void)fprintf(out, "%s\n{\"rows\":%d,\"channel\":",
		    i > 0 ? "," : "", l->rows[i]);
		text_json(out, lane->channel);
		(void)fputs(",\"class\":", out);
		text_json(out, lane->class);
		picture_label(t, l, i);
		write_text(out, "label", t);
		(void)putc('}', out);
	}
}

static void
write_spans(FILE *out, const struct layout *l)
{
	const struct span *s;
	size_t i;

	for (i = 0; i < l->n_spans; i++) {
		s = &l->spans[i];
		(void)fprintf(out, "%s[%d,%d,%d,%d,%d,%d]", i > 0 ? "," : "",
		    s->kind, s->lane, s->column, s->x, s->end_column,
		    s->end_x);
	}
}

static void
write_map(FILE *out, const struct map *m)
{
	struct layout l;
	struct text t = { NULL, 0, 0 };
	int i;

	layout_make(&l, m);
	(void)fprintf(out, "{\"depth\":%d,\"pid\":\"%lld\",\"map\":", l.depth,
	    m->pid);
	text_json(out, m->address);
	picture_map_name(&t, m);
	write_text(out, "name", &t);
	picture_map_trouble(&t, m);
	write_text(out, "trouble", &t);
	(void)fputs(",\"lanes\":[", out);
	write_lanes(out, &l, &t);
	(void)fputs("],\n\"columns\":[", out);
	for (i = 0; i < (int)l.n_columns; i++)
		write_column(out, &l, i, &t);
	(void)fputs("],\n\"spans\":[", out);
	write_spans(out, &l);
	(void)fputs("]}", out);
	free(t.s);
	layout_free(&l);
}

static void
write_data(FILE *out, const struct trace *trace)
{
	size_t i;

	(void)fprintf(out, "<script type=\"application/json\" id=\"trace\">\n"
	    "{\"label\":%d,\"head\":%d,\"row\":%d,\"pad\":%d,\"maps\":[\n",
	    LABEL_WIDTH, HEAD, ROW, LANE_PAD);
	for (i = 0; i < trace->n_maps; i++) {
		if (i > 0)
			(void)fputs(",\n", out);
		write_map(out, &trace->maps[i]);
	}
	(void)fputs("\n]}\n</script>\n", out);
}

/* ---- The page. ---- */

static void
write_legend(FILE *out)
{
	const struct sign *s = picture_legend;

	(void)fputs("<details class=\"signs\" open>\n<summary>What the signs "
	    "mean</summary>\n<ul>\n", out);
	for (; s->svg != NULL; s++)
		(void)fprintf(out, "<li><svg width=\"44\" height=\"22\" "
		    "viewBox=\"0 0 44 22\">%s</svg>%s</li>\n", s->svg,
		    s->meaning);
	(void)fputs("</ul>\n<p>Point at anything to be told more. Keys: "
	    "<kbd>n</kbd> <kbd>p</kbd> the next pass, the one before; "
	    "<kbd>e</kbd> the next error; <kbd>+</kbd> <kbd>&#8722;</kbd> "
	    "<kbd>0</kbd> zoom, and so does the wheel with <kbd>Ctrl</kbd>."
	    "</p>\n</details>\n", out);
}

static void
write_header(FILE *out, const struct trace *trace, const char *name)
{
	struct text t = { NULL, 0, 0 };

	(void)fprintf(out, "<header>\n<h1>%s</h1>\n<p>A column is a pass of "
	    "the loop, a row is a dispatcher, and time goes from left to "
	    "right: <b>ask</b> each what it wants, <b>wait</b> until some are "
	    "ready, <b>dispatch</b> to their hooks.</p>\n", name);
	picture_trouble(&t, trace);
	if (t.len > 0)
		(void)fprintf(out, "<p class=\"bad\">%s</p>\n", t.s);
	free(t.s);
	write_legend(out);
	(void)fputs("</header>\n<noscript><p class=\"bad\">This page needs "
	    "JavaScript. asyncore-timeline --format=svg makes a picture that "
	    "does not.</p></noscript>\n", out);
	(void)fputs(tools, out);
}

void
html_write(FILE *out, const struct trace *trace, const char *name)
{
	struct text title = { NULL, 0, 0 };

	text_xml(&title, name);
	if (title.s == NULL)
		text_add(&title, "trace");
	(void)fprintf(out, "%s<title>%s</title>\n<style>\n", head, title.s);
	text_lines(out, picture_css);
	text_lines(out, page_css);
	(void)fputs("</style>\n</head>\n<body>\n", out);
	write_header(out, trace, title.s);
	(void)fputs("<main id=\"maps\"></main>\n", out);
	write_data(out, trace);
	(void)fputs("<script>\n", out);
	text_lines(out, page_js);
	(void)fputs("</script>\n</body>\n</html>\n", out);
	free(title.s);
}
