/*
 * trace.c - the log: one line for each predicate, hook and action, the same as
 * driver.py's.
 */
#include "driver.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define LINES 1500		/* of a program's log, at most */
#define SHOWN 48		/* bytes of data */

static int lines;
static bool muted;

void
trace_begin(void)
{
	lines = 0;
	muted = false;
}

void
trace_mute(void)
{
	muted = true;
}

bool
trace_muted(void)
{
	return muted;
}

void
trace(const char *format, ...)
{
	va_list args;

	if (muted)
		return;
	va_start(args, format);
	(void)vprintf(format, args);
	va_end(args);
	(void)putchar('\n');
	muted = ++lines >= LINES;
}

/* zlib's crc32(). */
static uint32_t
crc32(const unsigned char *p, size_t len)
{
	static uint32_t table[256];
	uint32_t crc = UINT32_MAX;
	int i, bit;

	for (i = 0; table[255] == 0 && i < 256; i++)
		for (table[i] = (uint32_t)i, bit = 0; bit < 8; bit++)
			table[i] = table[i] >> 1 ^
			    (table[i] & 1 ? 0xedb88320 : 0);
	while (len-- > 0)
		crc = crc >> 8 ^ table[(crc ^ *p++) & 0xff];
	return ~crc;
}

const char *
quoted(const void *data, size_t len)
{
	static char buf[4 * SHOWN + 3];
	const unsigned char *s = data;
	char *p = buf;
	size_t i;

	if (len > SHOWN) {
		(void)snprintf(buf, sizeof buf, "<%zu %08jx>", len,
		    (uintmax_t)crc32(s, len));
		return buf;
	}
	*p++ = '"';
	for (i = 0; i < len; i++) {
		if (s[i] >= ' ' && s[i] < 127 && s[i] != '"' && s[i] != '\\')
			*p++ = (char)s[i];
		else
			p += snprintf(p, 5, "\\x%02x", s[i]);
	}
	*p++ = '"';
	*p = '\0';
	return buf;
}

const char *
shown(const struct word *w)
{
	return w->is_data ? quoted(w->text, w->len) : w->text;
}
