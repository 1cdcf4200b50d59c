/*
 * predicates.c - what it costs to ask a custom predicate in every pass.
 *
 * `predicates CHANNELS PASSES` prints nanoseconds of CPU for each channel and
 * pass, in which nothing is ready, of three classes: one whose predicates are
 * not asked, one with a writable() of its own, and one with both.
 */
#include "bench.h"

#include <asyncore.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static bool
wants_to_read(struct asyncore_dispatcher *d)
{
	const struct rest *self = asyncore_self(d);

	return rest_len(self) < CHUNK;
}

static bool
wants_to_write(struct asyncore_dispatcher *d)
{
	const struct rest *self = asyncore_self(d);

	return rest_len(self) > 0;
}

static const struct asyncore_class classes[] = { {
	.name = "Known",
	.instance_size = sizeof(struct rest),
	.writable = asyncore_never,
}, {
	.name = "Writable",
	.instance_size = sizeof(struct rest),
	.writable = wants_to_write,
}, {
	.name = "Both",
	.instance_size = sizeof(struct rest),
	.readable = wants_to_read,
	.writable = wants_to_write,
} };

static void
fill(struct asyncore_map *map, const struct asyncore_class *cls, size_t n)
{
	int pair[2];

	for (; n > 0; n -= 2)
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 ||
		    !asyncore_spawn(cls, pair[0], map) ||
		    !asyncore_spawn(cls, pair[1], map))
			die("asyncore_spawn");
}

static double
measure(const struct asyncore_class *cls, size_t n, int passes)
{
	struct asyncore_map *map = asyncore_map_new(NULL);
	uint64_t cpu;

	fill(map, cls, n);
	asyncore_loop(0, false, map, 10);
	cpu = cpu_ns(0);
	asyncore_loop(0, false, map, passes);
	cpu = cpu_ns(0) - cpu;
	asyncore_close_all(map, true);
	asyncore_map_free(map);
	return (double)cpu / (double)n / passes;
}

int
main(int argc, char **argv)
{
	size_t i, n = argc > 1 ? strtoul(argv[1], NULL, 10) : 10000;
	int passes = argc > 2 ? atoi(argv[2]) : 1000;

	if (n == 0 || n % 2 || n > raise_fd_limit() - 16 || passes <= 0) {
		errno = EINVAL;
		die("predicates");
	}
	for (i = 0; i < sizeof classes / sizeof *classes; i++)
		printf("%.3f%c", measure(&classes[i], n, passes),
		    i + 1 < sizeof classes / sizeof *classes ? ' ' : '\n');
	return EXIT_SUCCESS;
}
