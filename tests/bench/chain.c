/*
 * chain.c - the chain of socket pairs; see chain.h.
 */
#include "chain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

static int *ends;			/* where to write */
static size_t n_pairs, n_active, events, writes_left;

static void
put_byte(size_t i)
{
	if (send(ends[i], "e", 1, 0) != 1)
		die("send");
}

void
chain_event(size_t i)
{
	events++;
	if (writes_left == 0)
		return;
	writes_left--;
	put_byte(i + 1 < n_pairs ? i + 1 : 0);
}

static void
run(size_t writes)
{
	size_t i;

	events = 0;
	writes_left = writes;
	for (i = 0; i < n_active; i++)
		put_byte(i * n_pairs / n_active);
	while (events < n_active + writes)
		turn();
}

static size_t
number(const char *arg, size_t max)
{
	size_t n = strtoul(arg, NULL, 10);

	if (n == 0 || n > max) {
		errno = EINVAL;
		die(arg);
	}
	return n;
}

int
main(int argc, char **argv)
{
	size_t i, writes, limit = raise_fd_limit();
	uint64_t cpu;
	int pair[2];

	if (argc != 4) {
		fprintf(stderr, "usage: %s PAIRS ACTIVE WRITES\n", argv[0]);
		return EXIT_FAILURE;
	}
	n_pairs = number(argv[1], (limit - 16) / 2);
	n_active = number(argv[2], n_pairs);
	writes = number(argv[3], SIZE_MAX);
	ends = allocate(n_pairs * sizeof *ends);
	for (i = 0; i < n_pairs; i++) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair))
			die("socketpair");
		ends[i] = pair[1];
		watch(i, pair[0]);
	}
	run(n_pairs);
	cpu = cpu_ns(0);
	run(writes);
	printf("%.1f\n", (double)(cpu_ns(0) - cpu) / (double)events);
	return EXIT_SUCCESS;
}
