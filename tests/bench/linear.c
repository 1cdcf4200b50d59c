/*
 * linear.c - asynchat takes time in proportion to its input, whatever that is.
 *
 * `linear MIB` prints a line for each kind of input: its name, and the
 * nanoseconds of CPU that a quarter of its size took, the half, and the whole.
 * The input comes from a transport, so that no kernel is measured.
 */
#include "bench.h"

#include <asynchat.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct input {
	const char *name;
	const char *terminator;
	char first, other;		/* one in `every`, and the rest */
	size_t every;
	size_t mib;			/* of MIB, in 1/64 */
};

static const struct input inputs[] = {
	{ "newlines only", "\n", '\n', '\n', 1, 1 },
	{ "no terminator", "\r\n", 'x', 'x', 1, 64 },
	{ "half a terminator, again and again", "\r\n", '\r', '\r', 1, 64 },
	{ "a terminator that is a prefix of itself", "aaaaaaaaaaaaaaab", 'a',
	    'a', 1, 64 },
	{ "the same, almost found", "aaaaaaaaaaaaaaab", 'c', 'a', 16, 64 },
};

static char block[CHUNK];
static size_t left;

static ssize_t
give(void *state, int fd, void *buf, size_t len)
{
	size_t n = len < sizeof block ? len : sizeof block;

	(void)state, (void)fd;
	n = n < left ? n : left;
	if (n == 0)
		return -EAGAIN;
	memcpy(buf, block, n);
	left -= n;
	return (ssize_t)n;
}

static const struct asyncore_transport given = {
	.name = "given",
	.recv = give,
};

static int
ignore_data(struct asyncore_dispatcher *d, const void *data, size_t len)
{
	(void)d, (void)data, (void)len;
	return 0;
}

static int
ignore_end(struct asyncore_dispatcher *d)
{
	(void)d;
	return 0;
}

static const struct asynchat_class input_class = {
	.dispatcher = {
		.name = "Input",
		.base = &asynchat_async_chat_class.dispatcher,
		.flags = ASYNCHAT_CLASS,
	},
	.collect_incoming_data = ignore_data,
	.found_terminator = ignore_end,
};

static unsigned long long
measure(const struct input *in, size_t bytes)
{
	struct asyncore_dispatcher *d = asynchat_new(&input_class, NULL);
	uint64_t cpu;

	if (!d || asyncore_set_transport(d, &given, NULL, -1) < 0 ||
	    asynchat_set_terminator(d, in->terminator,
	    strlen(in->terminator)) < 0)
		die("asynchat_new");
	left = bytes;
	cpu = cpu_ns(0);
	while (left > 0)
		if (asyncore_read(d) < 0)
			die("asyncore_read");
	cpu = cpu_ns(0) - cpu;
	asyncore_close(d);
	asyncore_unref(d);
	return cpu;
}

int
main(int argc, char **argv)
{
	size_t bytes, i, k;
	const struct input *in;

	bytes = (size_t)(1048576 * (argc > 1 ? atof(argv[1]) : 64)) / 64;
	for (i = 0; i < sizeof inputs / sizeof *inputs; i++) {
		in = &inputs[i];
		for (k = 0; k < sizeof block; k++)
			block[k] = k % in->every ? in->other : in->first;
		measure(in, bytes * in->mib / 4);
		printf("%s\t%llu\t%llu\t%llu\n", in->name,
		    measure(in, bytes * in->mib / 4),
		    measure(in, bytes * in->mib / 2),
		    measure(in, bytes * in->mib));
	}
	return EXIT_SUCCESS;
}
