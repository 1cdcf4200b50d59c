/*
 * utf8.c - see utf8.h.
 */
#include "utf8.h"

#include <stdbool.h>

static size_t
wanted(unsigned char c)
{
	if (c < 0x80)
		return 1;
	if (c < 0xc2)
		return 0;
	return c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
}

size_t
utf8_len(const char *string, size_t n)
{
	const unsigned char *s = (const unsigned char *)string;
	const size_t len = n > 0 ? wanted(s[0]) : 0;
	size_t i;

	if (len > n)
		return 0;
	for (i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	if (s[0] == 0xef && s[1] == 0xbf && s[2] >= 0xbe)
		return 0;	/* XML has no U+FFFE and U+FFFF */
	return len;
}

/* XML has no U+FFFE and U+FFFF, and C strings have no U+0000. */
static bool
can_be(unsigned long c)
{
	return c != 0 && c <= 0x10fffful && (c < 0xd800 || c > 0xdffful) &&
	    c != 0xfffe && c != 0xffff;
}

size_t
utf8_put(char *to, unsigned long c)
{
	if (!can_be(c))
		c = UTF8_BAD;
	if (c < 0x80) {
		to[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		to[0] = (char)(0xc0 | c >> 6);
		to[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		to[0] = (char)(0xe0 | c >> 12);
		to[1] = (char)(0x80 | (c >> 6 & 0x3f));
		to[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | c >> 18);
	to[1] = (char)(0x80 | (c >> 12 & 0x3f));
	to[2] = (char)(0x80 | (c >> 6 & 0x3f));
	to[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

size_t
utf8_width(const char *s)
{
	size_t n = 0;

	/* From U+1100 on there are wide ones. */
	for (; *s != '\0'; s++)
		if (((unsigned char)*s & 0xc0) != 0x80)
			n += (unsigned char)*s >= 0xe1 &&
			    (unsigned char)*s != 0xe2 ? 2 : 1;
	return n;
}
