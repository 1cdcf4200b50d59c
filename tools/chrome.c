/*
 * chrome.c - the trace in Chrome's Trace Event Format, which Perfetto and
 * speedscope open: a process for each process, a thread for each map, in which
 * passes, waits, hooks and calls are slices inside of each other (B and E), and
 * all else is an instant (i).
 */
#include "formats.h"

#include <stdlib.h>

#include "text.h"

struct chrome {
	FILE *out;
	const struct map *map;
	int thread;
	double start;		/* of the trace */
	const char *comma;	/* before the next one */
};

/* Who it is, and what: B, E, i; or M, which names something. */
static void
begin_object(struct chrome *c, char phase)
{
	(void)fprintf(c->out, "%s\n{\"ph\":\"%c\",\"pid\":%lld,\"tid\":%d",
	    c->comma, phase, c->map->pid, c->thread);
	c->comma = ",";
}

static void
put_member(struct chrome *c, const char *key, const char *value)
{
	(void)fprintf(c->out, ",\"%s\":", key);
	text_json(c->out, value);
}

static void
begin(struct chrome *c, const struct event *e, char phase, const char *name)
{
	begin_object(c, phase);
	(void)fprintf(c->out, ",\"ts\":%.3f%s", (e->time - c->start) * 1e6,
	    phase == 'i' ? ",\"s\":\"t\"" : "");
	put_member(c, "name", name);
}

static void
begin_arguments(struct chrome *c, const struct event *e)
{
	(void)fprintf(c->out, ",\"args\":{\"line\":%ld,\"pass\":%lld", e->line,
	    e->pass);
}

static void
put_channel(struct chrome *c, const struct event *e)
{
	const struct lane *lane;

	if (e->lane < 0 || c->map->lanes[e->lane].channel[0] == '\0')
		return;
	lane = &c->map->lanes[e->lane];
	put_member(c, "channel", lane->channel);
	put_member(c, "class", lane->class);
	put_member(c, "repr", e->repr);
	(void)fprintf(c->out, ",\"fd\":%d", e->fd);
}

/*
 * All that is told of a slice stands at its end: speedscope takes what stands at
 * its beginning for a part of the name, and would have no two of one name.
 */
static void
put_slice(struct chrome *c, const struct event *e, const char *name)
{
	const struct event *first = &c->map->events[e->mate];

	begin(c, e, is_end(e) ? 'E' : 'B', name);
	if (is_end(e)) {
		begin_arguments(c, first);
		put_channel(c, first);
		(void)fprintf(c->out, ",\"argument\":%lld", first->argument);
		if (!e->made_up)
			(void)fprintf(c->out, ",\"result\":%lld", e->result);
		(void)putc('}', c->out);
	}
	(void)putc('}', c->out);
}

/* "EchoClient.handle_read" */
static void
put_hook(struct chrome *c, const struct event *e)
{
	const char *class = c->map->lanes[e->lane].class;
	struct text name = { NULL, 0, 0 };

	if (class[0] != '\0')
		text_add(&name, "%s.", class);
	text_add(&name, "%s", e->name);
	put_slice(c, e, name.s);
	free(name.s);
}

static void
put_instant(struct chrome *c, const struct event *e, const char *what)
{
	struct text name = { NULL, 0, 0 };

	text_add(&name, "%s%s%s", what, e->name[0] != '\0' ? " " : "",
	    e->name);
	begin(c, e, 'i', name.s);
	begin_arguments(c, e);
	put_channel(c, e);
	if (e->kind == PREDICATE)
		(void)fprintf(c->out, ",\"result\":%s",
		    e->result ? "true" : "false");
	else if (e->kind == ERROR)
		(void)fprintf(c->out, ",\"result\":%lld", e->result);
	(void)fputs("}}", c->out);
	free(name.s);
}

static void
put_event(struct chrome *c, const struct event *e)
{
	static const char *const names[EVENT_KINDS] = {
		[PREDICATE] = "ask", [ARM] = "arm", [DISARM] = "disarm",
		[ADD] = "add", [REMOVE] = "remove", [CLOSE] = "close",
		[ERROR] = "error", [FREE] = "free"
	};
	char pass[32];

	switch (e->kind) {
	case PASS_BEGIN:
	case PASS_END:
		(void)snprintf(pass, sizeof pass, "pass %lld", e->pass);
		put_slice(c, e, pass);
		break;
	case WAIT_BEGIN:
	case WAIT_END:
		put_slice(c, e, "wait");
		break;
	case HOOK_BEGIN:
	case HOOK_END:
	case CALL_BEGIN:
	case CALL_END:
		put_hook(c, e);
		break;
	default:
		put_instant(c, e, names[e->kind]);
	}
}

static void
put_map(struct chrome *c)
{
	struct text name = { NULL, 0, 0 };
	size_t i;

	text_add(&name, "map %s", c->map->address);
	begin_object(c, 'M');
	(void)fputs(",\"name\":\"thread_name\",\"args\":{\"name\":", c->out);
	text_json(c->out, name.s);
	(void)fputs("}}", c->out);
	free(name.s);
	for (i = 0; i < c->map->n_events; i++)
		put_event(c, &c->map->events[i]);
}

static double
start_of(const struct trace *trace)
{
	double start = 0;
	bool any = false;
	size_t i;

	for (i = 0; i < trace->n_maps; i++)
		if (trace->maps[i].n_events > 0 &&
		    (!any || trace->maps[i].events[0].time < start)) {
			start = trace->maps[i].events[0].time;
			any = true;
		}
	return start;
}

static void
put_trouble(struct chrome *c, const struct trace *trace)
{
	if (trace->is_cut || trace->is_long)
		(void)fprintf(c->out, ",\"ends_before_line\":%ld",
		    trace->is_cut ? trace->lines : trace->lines + 1);
}

void
chrome_write(FILE *out, const struct trace *trace, const char *name)
{
	struct chrome c = {
		.out = out, .start = start_of(trace), .comma = ""
	};
	size_t i;

	(void)fputs("{\"displayTimeUnit\":\"ns\",\"otherData\":{\"trace\":",
	    out);
	text_json(out, name);
	put_trouble(&c, trace);
	(void)fputs("},\"traceEvents\":[", out);
	for (i = 0; i < trace->n_maps; i++) {
		c.map = &trace->maps[i];
		c.thread = (int)i + 1;
		put_map(&c);
	}
	(void)fputs("\n]}\n", out);
}
