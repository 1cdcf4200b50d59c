/*
 * load_stream.c - one connection on which chunks of 64 KiB go out as fast as
 * the server sends them back; at most IN_FLIGHT are under way.
 */
#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#define IN_FLIGHT 16

static int fd;
static uint64_t started_at[IN_FLIGHT];
static size_t to_send, got;		/* of the chunk under way */

static void
open_stream(char **args)
{
	(void)args;
	fd = connect_to_server();
	if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		die("fcntl");
}

/* Begins a chunk, if one may begin. */
static bool
has_to_send(struct span *span)
{
	uint64_t now = wall_ns();

	if (to_send > 0)
		return true;
	if (span->started - span->done == IN_FLIGHT ||
	    !span_goes_on(span, now))
		return false;
	started_at[span->started++ % IN_FLIGHT] = now;
	to_send = CHUNK;
	return true;
}

static void
transfer(struct span *span, short ready)
{
	ssize_t n;

	if (ready & POLLOUT) {
		n = send(fd, scratch, to_send, MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN)
			die("send");
		to_send -= n > 0 ? (size_t)n : 0;
	}
	if (!(ready & POLLIN))
		return;
	n = recv(fd, scratch, CHUNK - got, 0);
	if (n == 0 || (n < 0 && errno != EAGAIN))
		die("recv");
	got += n > 0 ? (size_t)n : 0;
	if (got == CHUNK) {
		got = 0;
		span_done(span, started_at[span->done % IN_FLIGHT], wall_ns());
	}
}

static void
run_stream(struct span *span)
{
	struct pollfd p = { .fd = fd };
	bool sending;

	while ((sending = has_to_send(span)) || span->done < span->started) {
		p.events = sending ? POLLIN | POLLOUT : POLLIN;
		if (poll(&p, 1, -1) < 0 && errno != EINTR)
			die("poll");
		transfer(span, p.revents);
	}
}

const struct load load_stream = { "stream", 0, open_stream, run_stream };
