/*
 * util.h - what all files of asyncore-timeline share: how it ends where it
 * cannot go on, memory, and strings that are there once.
 *
 * The program reads one trace, writes one picture and ends.  Who cannot go on
 * says why and ends it, and leaves the memory to the system.
 */
#ifndef UTIL_H
#define UTIL_H

#include <stddef.h>

#define PROGRAM "asyncore-timeline"

#if defined __GNUC__
#define PRINTF(f, args) __attribute__((format(printf, f, args)))
#else
#define PRINTF(f, args)
#endif

/* "asyncore-timeline: MESSAGE" on stderr; die() ends with status 1. */
void warn(const char *format, ...) PRINTF(1, 2);
_Noreturn void die(const char *format, ...) PRINTF(1, 2);

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
