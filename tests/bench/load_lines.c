/*
 * load_lines.c - one connection that sends lines of LENGTH bytes, "\r\n"
 * included, without waiting; after each MiB of them an empty one, which the
 * server answers with a byte.  It counts these batches.
 */
#include "load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BATCH (1 << 20)

static char lines[BATCH + 2];
static size_t lines_len;
static int fd;

static void
open_lines(char **args)
{
	size_t len = strtoul(args[0], NULL, 10);

	if (len < 3 || len > BATCH) {
		errno = EINVAL;
		die("lines");
	}
	memset(lines, 'x', sizeof lines);
	while (lines_len + len <= BATCH) {
		lines_len += len;
		memcpy(lines + lines_len - 2, "\r\n", 2);
	}
	memcpy(lines + lines_len, "\r\n", 2);
	lines_len += 2;
	fd = connect_to_server();
}

static void
run_lines(struct span *span)
{
	uint64_t now = wall_ns(), since;
	char byte;

	while (span_goes_on(span, now)) {
		span->started++;
		since = now;
		send_all(fd, lines, lines_len);
		receive_all(fd, &byte, 1);
		now = wall_ns();
		span_done(span, since, now);
	}
}

const struct load load_lines = { "lines", 1, open_lines, run_lines };
