/*
 * fuzz.h - what the fuzzers share.  Each is a function of an input of any bytes
 * that libFuzzer calls, or replay.c with the files of a corpus; it depends on
 * nothing but its input, leaves nothing behind, and aborts where something does
 * not hold.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold, in every build. */
#define must(condition)							\
	((condition) ? (void)0 :					\
	    fuzz_failed(__FILE__, __LINE__, #condition))
_Noreturn void fuzz_failed(const char *file, int line, const char *condition);

/* The input, read from its front.  Behind its end there is nothing but 0. */
struct tape {
	const uint8_t *p;
	size_t left;
};

unsigned tape_byte(struct tape *t);
/* Of the next bytes as many as are there; *len becomes their number. */
const uint8_t *tape_bytes(struct tape *t, size_t *len);

/* How many descriptors are open. */
int fuzz_open_fds(void);

#endif /* FUZZ_H */
