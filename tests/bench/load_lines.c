/*
 * load_lines.c - one connection that sends lines of LENGTH bytes, "\r\n"
 * included, without waiting; after each MiB of them an empty one, which the
 * server answers with a byte.  It counts these batches.  Some are on their way
 * at any time, so that the server never waits for the next.
 */
#include "load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BATCH (1 << 20)
#define AHEAD 4			/* batches that no byte has come back for */

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
await_answer(struct span *span, const uint64_t *since)
{
	char byte;

	receive_all(fd, &byte, 1);
	span_done(span, since[span->done % AHEAD], wall_ns());
}

static void
run_lines(struct span *span)
{
	uint64_t since[AHEAD], now = wall_ns();

	for (; span_goes_on(span, now); now = wall_ns()) {
		if (span->started - span->done == AHEAD)
			await_answer(span, since);
		since[span->started++ % AHEAD] = wall_ns();
		send_all(fd, lines, lines_len);
	}
	while (span->done < span->started)
		await_answer(span, since);
}

const struct load load_lines = { "lines", 1, open_lines, run_lines };
