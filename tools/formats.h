/*
 * formats.h - what a trace can be turned into.  `name` is the trace's, for the
 * title.  Errors of writing are out's.
 */
#ifndef FORMATS_H
#define FORMATS_H

#include <stdio.h>

#include "trace.h"

void html_write(FILE *out, const struct trace *trace, const char *name);
void svg_write(FILE *out, const struct trace *trace, const char *name);
void chrome_write(FILE *out, const struct trace *trace, const char *name);

#endif /* FORMATS_H */
