/*
 * fuzz.c - what the fuzzers share; see fuzz.h.
 */
#include "fuzz.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#define MOST_FDS 512

void
fuzz_failed(const char *file, int line, const char *condition)
{
	(void)fprintf(stderr, "%s:%d: does not hold: %s\n", file, line,
	    condition);
	abort();
}

unsigned
tape_byte(struct tape *t)
{
	if (t->left == 0)
		return 0;
	t->left--;
	return *t->p++;
}

const uint8_t *
tape_bytes(struct tape *t, size_t *len)
{
	const uint8_t *p = t->p;

	if (*len > t->left)
		*len = t->left;
	t->p += *len;
	t->left -= *len;
	return p;
}

/* One system call: poll(2) knows which numbers are none. */
int
fuzz_open_fds(void)
{
	static struct pollfd fds[MOST_FDS];
	int i, n = 0;

	for (i = 0; i < MOST_FDS; i++)
		fds[i].fd = i;
	must(poll(fds, MOST_FDS, 0) >= 0);
	for (i = 0; i < MOST_FDS; i++)
		n += !(fds[i].revents & POLLNVAL);
	return n;
}
