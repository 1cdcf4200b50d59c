/*
 * fuzz_timeline.c - a trace that is none, or a damaged one, for
 * asyncore-timeline.
 *
 * An input is the file.  It is refused with one message, or its events are in
 * order as trace.h promises, and each of its pictures is text that a browser
 * and a reader of JSON take.
 */
#include "config.h"

#include "fuzz.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include "formats.h"
#include "message.h"
#include "utf8.h"
#include "util.h"

/* ---- In place of tools/message.c: the end of the program is the input's. ---- */

static jmp_buf end;

void
warn(const char *format, ...)
{
	must(format != NULL);
}

void
die(const char *format, ...)
{
	must(format != NULL);
	longjmp(end, 1);
}

/* ---- What must hold. ---- */

/* Begin and end are a pair, of the same map, and no pair crosses another. */
static void
check_event(const struct map *m, int i)
{
	const struct event *e = &m->events[i], *mate;

	must(e->lane >= -1 && e->lane < (int)m->n_lanes);
	must(e->kind < EVENT_KINDS && e->name != NULL && e->repr != NULL);
	must(!is_end(e) || e->mate >= 0);
	if (e->mate < 0)
		return;
	must(e->mate < (int)m->n_events);
	mate = &m->events[e->mate];
	must(mate->mate == i && mate->lane == e->lane);
	must(is_begin(e) ? mate->kind == e->kind + 1 && e->mate > i :
	    e->kind == mate->kind + 1 && e->mate < i);
}

static void
check_map(const struct map *m)
{
	int *open = calloc(m->n_events + 1, sizeof *open);
	size_t n = 0;
	int i;

	must(open != NULL);
	for (i = 0; i < (int)m->n_events; i++) {
		check_event(m, i);
		if (is_begin(&m->events[i]))
			open[n++] = m->events[i].mate;
		else if (is_end(&m->events[i]))
			must(n > 0 && open[--n] == i);
	}
	must(n == 0);
	free(open);
}

/* UTF-8, and no control character but the ends of its lines. */
static void
check_text(const char *s, size_t len)
{
	size_t n;

	for (; len > 0; s += n, len -= n) {
		n = utf8_len(s, len);
		must(n > 0);
		must((unsigned char)*s >= ' ' || *s == '\n' || *s == '\t');
	}
}

static void
check_format(void (*write)(FILE *, const struct trace *, const char *),
    const struct trace *t)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	must(out != NULL);
	write(out, t, "trace");
	must(fclose(out) == 0 && len > 0);
	check_text(text, len);
	free(text);
}

static void
check_trace(const struct trace *t)
{
	size_t i;

	must(t->n_maps > 0);
	for (i = 0; i < t->n_maps; i++)
		check_map(&t->maps[i]);
	check_format(html_write, t);
	check_format(svg_write, t);
	check_format(chrome_write, t);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct trace none;
	static struct trace t;
	FILE *in;

	if (size == 0)		/* POSIX leaves it open */
		return 0;
	in = fmemopen((void *)(uintptr_t)data, size, "r");
	must(in != NULL);
	t = none;
	if (setjmp(end) == 0) {
		trace_read(&t, in, "trace");
		check_trace(&t);
	}
	(void)fclose(in);
	trace_free(&t);
	intern_end();
	return 0;
}
