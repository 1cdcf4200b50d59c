/*
 * chain_libevent.c - the chain on libevent's events.
 */
#include "chain.h"

#include <sys/socket.h>

#include <event2/event.h>

static struct event_base *base;

static void
on_read(evutil_socket_t fd, short what, void *arg)
{
	char byte;

	(void)what;
	if (recv(fd, &byte, 1, 0) == 1)
		chain_event((size_t)(uintptr_t)arg);
}

void
watch(size_t i, int fd)
{
	struct event *event;

	if (!base)
		base = event_base_new();
	event = event_new(base, fd, EV_READ | EV_PERSIST, on_read,
	    (void *)(uintptr_t)i);
	if (!event || event_add(event, NULL) < 0)
		die("event_add");
}

void
turn(void)
{
	if (event_base_loop(base, EVLOOP_ONCE) < 0)
		die("event_base_loop");
}
