/*
 * bench.h - what the programs of the benchmark share: clocks, a listener that
 * says where it is, and the job of an echo server on one descriptor.
 *
 * Every server has the same job and the same limits: it reads at most 64 KiB at
 * once, sends it back at once if the peer takes it, and reads no more before
 * the peer has.  What it cannot send lives on the heap only as long as it
 * waits, so that an idle connection costs what its library needs.
 */
#ifndef BENCH_H
#define BENCH_H

#include "config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define BACKLOG 4096
#define CHUNK 65536

/* Says what failed, and why (errno), and ends the program. */
void die(const char *what);
/* As malloc(), calloc() and realloc(), but they do not fail. */
void *allocate(size_t size);
void *reallocate(void *old, size_t size);

/* Nanoseconds: of the clock, and of CPU that the process `pid` (0: this one)
 * has used. */
uint64_t wall_ns(void);
uint64_t cpu_ns(pid_t pid);

/* Allows as many descriptors as the system does; answers their number. */
size_t raise_fd_limit(void);

/* A non-blocking listener on a port of loopback; prints "PORT PID", which the
 * driver waits for. */
int listen_on_loopback(void);
/* A connection that is waiting, non-blocking, or -1. */
int accept_one(int listener);

/* Bytes that the peer has not taken yet. */
struct rest {
	char *data;
	size_t start, end;
};

static inline size_t
rest_len(const struct rest *rest)
{
	return rest->end - rest->start;
}

void rest_add(struct rest *rest, const void *data, size_t len);
void rest_sent(struct rest *rest, size_t n);
void rest_free(struct rest *rest);

/* What all read into first. */
extern char scratch[CHUNK];

/* The job by hand on a descriptor that is ready; what it waits for next. */
enum waits { TO_READ, TO_WRITE, GONE };
enum waits echo_by_hand(int fd, struct rest *rest);

#endif /* BENCH_H */
