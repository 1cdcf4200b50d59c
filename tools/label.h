/*
 * label.h - what is written on a block or a mark, and told when one points at
 * it.
 */
#ifndef LABEL_H
#define LABEL_H

#include <stddef.h>

#include "trace.h"

#define LABEL_SIZE 256

/* Shorter than LABEL_SIZE bytes; "" for a mark without a word. */
void label_text(char *to, const struct map *m, int event);

/* In pixels, with what is left free around it. */
int label_width(const struct map *m, int event);

/* As much as is told; on a few lines. */
void label_title(char *to, size_t size, const struct map *m, int event);

/* "12 ms" and the like. */
void label_duration(char *to, size_t size, double seconds);

/* "EIO", or a number; of what is not below 0, the number. */
void label_result(char *to, size_t size, long long result);

/* Is it an error?  -EAGAIN only says that there is nothing to do. */
int is_failure(long long result);

/* Does the library call it, which calls the hooks? */
int is_router(const char *hook);

#endif /* LABEL_H */
