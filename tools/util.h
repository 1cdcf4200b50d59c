/*
 * util.h - memory, and strings that are there once.
 */
#ifndef UTIL_H
#define UTIL_H

#include <stddef.h>

#include "message.h"

void *must_alloc(size_t size);

/* Room for one more in the array *p of *size places, n of which are used. */
void must_grow(void *p, size_t *size, size_t n, size_t each);

/* The one copy of it; two are the same string if they are the same pointer. */
const char *intern(const char *string);

/* Frees them all. */
void intern_end(void);

/* Frees a tree of search.h's, and what its nodes point to. */
void free_tree(void **tree, int (*compare)(const void *, const void *));

#endif /* UTIL_H */
