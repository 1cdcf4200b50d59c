/*
 * echo_libev.c - the echo server on libev.
 */
#include "bench.h"

#include <stdlib.h>
#include <unistd.h>

#include <ev.h>

struct connection {
	ev_io io;			/* first: libev gives it back */
	enum waits waits;
	struct rest rest;
};

static void
on_ready(struct ev_loop *loop, ev_io *io, int events)
{
	struct connection *c = (struct connection *)io;
	enum waits waits = echo_by_hand(io->fd, &c->rest);

	(void)events;
	if (waits == c->waits)
		return;
	ev_io_stop(loop, io);
	if (waits == GONE) {
		close(io->fd);
		rest_free(&c->rest);
		free(c);
		return;
	}
	ev_io_set(io, io->fd, waits == TO_READ ? EV_READ : EV_WRITE);
	ev_io_start(loop, io);
	c->waits = waits;
}

static void
on_connection(struct ev_loop *loop, ev_io *listener, int events)
{
	struct connection *c;
	int fd;

	(void)events;
	while ((fd = accept_one(listener->fd)) >= 0) {
		c = allocate(sizeof *c);
		ev_io_init(&c->io, on_ready, fd, EV_READ);
		ev_io_start(loop, &c->io);
	}
}

int
main(void)
{
	struct ev_loop *loop = ev_default_loop(0);
	ev_io listener;

	if (!loop)
		die("ev_default_loop");
	ev_io_init(&listener, on_connection, listen_on_loopback(), EV_READ);
	ev_io_start(loop, &listener);
	ev_run(loop, 0);
	return EXIT_FAILURE;
}
