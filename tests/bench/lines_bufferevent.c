/*
 * lines_bufferevent.c - a server that takes lines, on a bufferevent and
 * evbuffer_readln(); as lines_asynchat.c.
 */
#include "bench.h"

#include <stdlib.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>

static void
on_read(struct bufferevent *b, void *arg)
{
	struct evbuffer *in = bufferevent_get_input(b);
	size_t len;
	char *line;

	(void)arg;
	while ((line = evbuffer_readln(in, &len, EVBUFFER_EOL_CRLF_STRICT))) {
		if (len == 0)
			bufferevent_write(b, ".", 1);
		free(line);
	}
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
	bufferevent_setcb(b, on_read, NULL, on_event, NULL);
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
