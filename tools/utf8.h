/*
 * utf8.h - characters.
 */
#ifndef UTF8_H
#define UTF8_H

#include <stddef.h>

#define UTF8_BAD 0xfffdul	/* stands for what is none */

/* The length of the character at s, of which there are n bytes; 0: none. */
size_t utf8_len(const char *s, size_t n);

/* Writes a character, UTF8_BAD for what cannot be one, and answers its length:
 * at most four bytes. */
size_t utf8_put(char *to, unsigned long c);

/* How many columns the string takes in a font of one width, about. */
size_t utf8_width(const char *s);

#endif /* UTF8_H */
