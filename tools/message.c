/*
 * message.c - see message.h.
 */
#include "message.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void
say(const char *format, va_list args)
{
	(void)fputs(PROGRAM ": ", stderr);
	(void)vfprintf(stderr, format, args);
	(void)fputc('\n', stderr);
}

void
warn(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
}

void
die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
	exit(EXIT_FAILURE);
}
