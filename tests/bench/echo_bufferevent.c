/*
 * echo_bufferevent.c - the echo server on libevent's bufferevents: what is read
 * is moved to the output, without a copy.
 */
#include "bench.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>

/* The output is short again. */
static void
on_written(struct bufferevent *b, void *arg)
{
	(void)arg;
	if (!(bufferevent_get_enabled(b) & EV_READ))
		bufferevent_enable(b, EV_READ);
}

static void
on_read(struct bufferevent *b, void *arg)
{
	struct evbuffer *out = bufferevent_get_output(b);

	(void)arg;
	bufferevent_write_buffer(b, bufferevent_get_input(b));
	if (evbuffer_get_length(out) >= CHUNK)
		bufferevent_disable(b, EV_READ);
}

static void
on_event(struct bufferevent *b, short what, void *arg)
{
	(void)what, (void)arg;
	bufferevent_free(b);
}

static void
on_accepted(struct evconnlistener *listener, evutil_socket_t fd,
    struct sockaddr *addr, int addrlen, void *arg)
{
	struct bufferevent *b = bufferevent_socket_new(arg, fd,
	    BEV_OPT_CLOSE_ON_FREE);

	(void)listener, (void)addr, (void)addrlen;
	if (!b)
		die("bufferevent_socket_new");
	bufferevent_setcb(b, on_read, on_written, on_event, NULL);
	bufferevent_enable(b, EV_READ);
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
