/*
 * line.h - one line of a trace: its members, checked.
 */
#ifndef LINE_H
#define LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "trace.h"

/* Strings are interned; "" is what is not there. */
struct line {
	bool is_header;
	const char *error;	/* NULL: it is good */

	long long pid, version_of_format;
	const char *map, *version;
	double time;

	enum event_kind kind;	/* EVENT_KINDS: one that we do not know */
	const char *event, *channel, *class, *repr, *name;
	long long pass, fd, argument, result;
	unsigned seen;		/* members, by their bits */
};

/* Reads it; line->error says what is wrong. */
void line_parse(struct line *line, const char *text, size_t len);

#endif /* LINE_H */
