/*
 * terminator.c - what ends a piece of input: bytes, a count, or nothing.
 *
 * Where a piece of input ends in the beginning of a terminator, that beginning
 * must be found in time that is linear in its length.  A short terminator is
 * tried out; a long one has a table, the borders of Knuth, Morris and Pratt:
 * for each of its beginnings, the longest shorter one that also ends it.
 */
#include "chat.h"

#include <stdlib.h>
#include <string.h>

static bool
is_long(const struct asyncore__terminator *t)
{
	return t->len > SHORT_TERMINATOR;
}

const char *
asyncore__terminator_bytes(const struct asyncore__terminator *t)
{
	return is_long(t) ? t->u.far : t->u.here;
}

void
asyncore__terminator_clear(struct asyncore__terminator *t)
{
	if (is_long(t)) {
		free(t->u.far);
		free(t->borders);
	}
	memset(t, 0, sizeof *t);
	t->count = -1;
}

/* The state of the automaton after one more byte. */
static size_t
advance(const char *bytes, const size_t *borders, size_t state, char c)
{
	while (state > 0 && bytes[state] != c)
		state = borders[state - 1];
	return bytes[state] == c ? state + 1 : 0;
}

static void
find_borders(const char *bytes, size_t len, size_t *borders)
{
	size_t i;

	borders[0] = 0;
	for (i = 1; i < len; i++)
		borders[i] = advance(bytes, borders, borders[i - 1], bytes[i]);
}

/* -ENOMEM: the old one holds. */
int
asyncore__terminator_set(struct asyncore__terminator *t, const void *bytes,
    size_t len)
{
	struct asyncore__terminator fresh = { .count = -1, .len = len };

	if (!is_long(&fresh)) {
		if (len > 0)
			memcpy(fresh.u.here, bytes, len);
	} else {
		if (len > SIZE_MAX / sizeof *fresh.borders)
			return -ENOMEM;
		fresh.u.far = malloc(len);
		fresh.borders = malloc(len * sizeof *fresh.borders);
		if (fresh.u.far == NULL || fresh.borders == NULL) {
			free(fresh.u.far);
			free(fresh.borders);
			return -ENOMEM;
		}
		memcpy(fresh.u.far, bytes, len);
		find_borders(fresh.u.far, len, fresh.borders);
	}
	asyncore__terminator_clear(t);
	*t = fresh;
	return 0;
}

/*
 * The first one in data, or NULL.  What is short is tried out where its first
 * byte stands, which is faster than the C library's search.
 */
const char *
asyncore__terminator_find(const struct asyncore__terminator *t,
    const char *data, size_t len)
{
	const char *bytes = asyncore__terminator_bytes(t), *at;

#ifdef HAVE_MEMMEM
	if (is_long(t))
		return memmem(data, len, bytes, t->len);
#endif
	while (len >= t->len) {
		at = memchr(data, bytes[0], len - t->len + 1);
		if (at == NULL || memcmp(at, bytes, t->len) == 0)
			return at;
		len -= (size_t)(at + 1 - data);
		data = at + 1;
	}
	return NULL;
}

/* How many bytes at the end of data begin the terminator; it is not in it. */
size_t
asyncore__terminator_prefix(const struct asyncore__terminator *t,
    const char *data, size_t len)
{
	const char *bytes = asyncore__terminator_bytes(t);
	size_t state = 0, i;

	if (!is_long(t))
		return asynchat_find_prefix_at_end(data, len, bytes, t->len);
	for (i = len < t->len ? 0 : len - t->len + 1; i < len; i++)
		state = advance(bytes, t->borders, state, data[i]);
	return state;
}

size_t
asynchat_find_prefix_at_end(const void *haystack, size_t haystack_len,
    const void *needle, size_t needle_len)
{
	const char *end;
	size_t n;

	if (haystack == NULL || needle == NULL || needle_len == 0)
		return 0;
	end = (const char *)haystack + haystack_len;
	n = needle_len - 1 < haystack_len ? needle_len - 1 : haystack_len;
	while (n > 0 && memcmp(end - n, needle, n) != 0)
		n--;
	return n;
}
