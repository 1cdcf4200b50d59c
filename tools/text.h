/*
 * text.h - a string that grows, and how it is escaped where it is written.
 */
#ifndef TEXT_H
#define TEXT_H

#include <stddef.h>
#include <stdio.h>

#include "util.h"

struct text {
	char *s;	/* ends with a NUL once there is something */
	size_t len, size;
};

void text_clear(struct text *t);
void text_bytes(struct text *t, const char *s, size_t n);
void text_add(struct text *t, const char *format, ...) PRINTF(2, 3);

/* For an element or an attribute of XML or HTML, whatever it is. */
void text_xml(struct text *t, const char *s);

/*
 * A string of JSON, with its quotes, that may stand in a <script> element too:
 * it has no "</", "<!" or "<script".
 */
void text_json(FILE *out, const char *s);

/* The lines of a file that became part of the program. */
void text_lines(FILE *out, const char *const *lines);

#endif /* TEXT_H */
