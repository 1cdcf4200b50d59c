/*
 * util.c - see util.h.
 */
#include "util.h"

#include <search.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void *
must_alloc(size_t size)
{
	void *p = calloc(1, size > 0 ? size : 1);

	if (p == NULL)
		die("not enough memory");
	return p;
}

void
must_grow(void *p, size_t *size, size_t n, size_t each)
{
	void *old, *new;
	size_t more;

	if (n < *size)
		return;
	more = *size > 0 ? 2 * *size : 16;
	if (more <= *size || more > SIZE_MAX / each)
		die("not enough memory");
	memcpy(&old, p, sizeof old);
	new = realloc(old, more * each);
	if (new == NULL)
		die("not enough memory");
	/* cppcheck-suppress nullPointerArithmeticRedundantCheck; die() is the end */
	memset((char *)new + *size * each, 0, (more - *size) * each);
	memcpy(p, &new, sizeof new);
	*size = more;
	/* cppcheck-suppress memleak; it is in *p */
}

static int
compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* All of intern()'s. */
static void *strings;

const char *
intern(const char *string)
{
	void **found = tfind(string, &strings, compare);
	size_t size;
	char *copy;

	if (found != NULL)
		return *found;
	size = strlen(string) + 1;
	copy = must_alloc(size);
	memcpy(copy, string, size);
	if (tsearch(copy, &strings, compare) == NULL)
		die("not enough memory");
	return copy;
}

void
intern_end(void)
{
	free_tree(&strings, compare);
}

/* tdestroy() is glibc's alone. */
void
free_tree(void **tree, int (*order)(const void *, const void *))
{
	void *data;

	while (*tree != NULL) {
		data = **(void ***)tree;
		(void)tdelete(data, tree, order);
		free(data);
	}
}
