/*
 * text.c - see text.h.
 */
#include "text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void
text_clear(struct text *t)
{
	t->len = 0;
	if (t->s != NULL)
		*t->s = '\0';
}

static void
make_room(struct text *t, size_t n)
{
	while (t->size - t->len <= n)
		must_grow(&t->s, &t->size, t->size, 1);
}

void
text_bytes(struct text *t, const char *s, size_t n)
{
	make_room(t, n);
	memcpy(t->s + t->len, s, n);
	t->len += n;
	t->s[t->len] = '\0';
}

void
text_add(struct text *t, const char *format, ...)
{
	va_list args, again;
	int n;

	va_start(args, format);
	va_copy(again, args);
	n = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (n < 0)
		die("cannot format: %s", format);
	make_room(t, (size_t)n);
	(void)vsnprintf(t->s + t->len, t->size - t->len, format, args);
	va_end(args);
	t->len += (size_t)n;
}

/* Control characters are not allowed at all: the picture of each is shown. */
void
text_xml(struct text *t, const char *s)
{
	for (; *s != '\0'; s++) {
		const unsigned char c = (unsigned char)*s;

		if (c == '<')
			text_add(t, "&lt;");
		else if (c == '>')
			text_add(t, "&gt;");
		else if (c == '&')
			text_add(t, "&amp;");
		else if (c == '"')
			text_add(t, "&quot;");
		else if (c == '\'')
			text_add(t, "&#39;");
		else if (c == '\n')
			text_add(t, "&#10;");
		else if (c < 0x20)
			text_add(t, "\xe2\x90%c", 0x80 + c);
		else
			text_bytes(t, s, 1);
	}
}

void
text_json(FILE *out, const char *s)
{
	(void)putc('"', out);
	for (; *s != '\0'; s++) {
		const unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\')
			(void)fprintf(out, "\\%c", c);
		else if (c == '\n')
			(void)fputs("\\n", out);
		else if (c < 0x20 || c == 0x7f)
			(void)fprintf(out, "\\u%04x", c);
		else if (c == '<' && s[1] != '\0' &&
		    strchr("/!sS", s[1]) != NULL)
			(void)fputs("\\u003c", out);
		else
			(void)putc(c, out);
	}
	(void)putc('"', out);
}

void
text_lines(FILE *out, const char *const *lines)
{
	for (; *lines != NULL; lines++)
		(void)fputs(*lines, out);
}
