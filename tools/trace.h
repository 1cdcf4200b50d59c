/*
 * trace.h - a trace as docs/trace.md describes it, read and put in order.
 *
 * Each map of each process has its events in a list of its own.  In that list
 * begin and end match as brackets do, whatever the file says: what has no
 * beginning is left out, and what has no end gets one (`made_up`).
 */
#ifndef TRACE_H
#define TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Behind so many lines, or bytes, the picture ends: more is nothing to look at,
 * and would not fit into memory. */
#define TRACE_LINES 100000
#define TRACE_BYTES (64u << 20)

/* In the order of `names` in trace.c. */
enum event_kind {
	PASS_BEGIN, PASS_END, WAIT_BEGIN, WAIT_END, PREDICATE, HOOK_BEGIN,
	HOOK_END, ARM, DISARM, ADD, REMOVE, CLOSE, ERROR, CALL_BEGIN, CALL_END,
	FREE, EVENT_KINDS
};

struct event {
	enum event_kind kind;
	int lane;		/* -1: it is about the whole map */
	int mate;		/* the other end; -1: it is no bracket */
	bool made_up;		/* an end that is not in the file */
	int fd;
	long line;
	long long pass;
	double time;
	const char *name, *repr;	/* "": none */
	long long argument, result;
};

/* A dispatcher, or (channel "") what is the map's own. */
struct lane {
	const char *channel, *class, *repr;	/* the longest repr */
	int fd;			/* the first one */
};

struct map {
	long long pid;
	const char *address, *version;	/* version "": it has no header */
	struct event *events;
	struct lane *lanes;
	size_t n_events, n_lanes;
	bool ends_inside;	/* of a pass or a hook */
	int own_lane;		/* -1: there is none */

	/* While it is read: the open brackets. */
	int *open;
	size_t n_open, open_size, events_size, lanes_size;
};

struct trace {
	struct map *maps;
	size_t n_maps, maps_size;
	long lines;
	size_t bytes;
	void *known_maps, *known_lanes;	/* by their names */
	bool is_cut;		/* the last line has no end */
	bool is_long;		/* there is more, which is left out */
};

/*
 * Reads all of it, or ends the program with a message that names the file and
 * the line.
 */
void trace_read(struct trace *t, FILE *in, const char *file);

void trace_free(struct trace *t);

static inline bool
is_begin(const struct event *e)
{
	return e->mate >= 0 && (e->kind == PASS_BEGIN ||
	    e->kind == WAIT_BEGIN || e->kind == HOOK_BEGIN ||
	    e->kind == CALL_BEGIN);
}

static inline bool
is_end(const struct event *e)
{
	return e->kind == PASS_END || e->kind == WAIT_END ||
	    e->kind == HOOK_END || e->kind == CALL_END;
}

#endif /* TRACE_H */
