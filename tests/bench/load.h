/*
 * load.h - the load generator: kinds of load, and the spans it is measured in.
 *
 * A load opens its connections once, and then runs as many spans as it is asked
 * for.  A span ends when everything that was started in it is done, so that the
 * server's CPU time belongs to what the span has counted.
 */
#ifndef LOAD_H
#define LOAD_H

#include "bench.h"

struct span {
	uint64_t deadline;		/* of starting anything, wall_ns() */
	uint64_t limit;			/* start no more than this */
	uint64_t started, done;
};

/* May one more be started?  The first always may. */
bool span_goes_on(const struct span *span, uint64_t now);
/* One was started at `since` and is done now. */
void span_done(struct span *span, uint64_t since, uint64_t now);

struct load {
	const char *name;
	int n_args;
	void (*open)(char **args);
	void (*run)(struct span *span);
};

extern const struct load load_connections, load_echo, load_lines, load_stream;

/* A new connection to the server, blocking. */
int connect_to_server(void);
/* All of it, whatever the descriptor's mode. */
void send_all(int fd, const void *data, size_t len);
void receive_all(int fd, void *data, size_t len);

#endif /* LOAD_H */
