/*
 * echo_libevent.c - the echo server on libevent's events, without its buffers.
 */
#include "bench.h"

#include <stdlib.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/event_struct.h>
#include <event2/listener.h>

struct connection {
	struct event read, write;
	enum waits waits;
	struct rest rest;
};

static void
drop(struct connection *c, int fd)
{
	event_del(&c->read);
	event_del(&c->write);
	close(fd);
	rest_free(&c->rest);
	free(c);
}

static void
on_ready(evutil_socket_t fd, short what, void *arg)
{
	struct connection *c = arg;
	enum waits waits = echo_by_hand(fd, &c->rest);

	(void)what;
	if (waits == GONE) {
		drop(c, fd);
	} else if (waits != c->waits) {
		event_del(waits == TO_READ ? &c->write : &c->read);
		event_add(waits == TO_READ ? &c->read : &c->write, NULL);
		c->waits = waits;
	}
}

static void
on_accepted(struct evconnlistener *listener, evutil_socket_t fd,
    struct sockaddr *addr, int addrlen, void *arg)
{
	struct connection *c = allocate(sizeof *c);

	(void)listener, (void)addr, (void)addrlen;
	event_assign(&c->read, arg, fd, EV_READ | EV_PERSIST, on_ready, c);
	event_assign(&c->write, arg, fd, EV_WRITE | EV_PERSIST, on_ready, c);
	if (event_add(&c->read, NULL) < 0)
		die("event_add");
}

int
main(void)
{
	struct event_base *base = event_base_new();

	if (!base || !evconnlistener_new(base, on_accepted, base,
	    LEV_OPT_CLOSE_ON_EXEC, 0, listen_on_loopback()))
		die("evconnlistener_new");
	return event_base_dispatch(base);
}
