/*
 * bridges.c - a connection that is a bufferevent until its first line has told
 * what it is, then a chat, and after the line "raw" a bufferevent again.
 */
#include <asynchat.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct event_base *base;
static int status = 1;

/* ---- A bufferevent again. ---- */

static void
on_bytes(struct bufferevent *bev, void *arg)
{
	char buf[100];
	size_t n = bufferevent_read(bev, buf, sizeof buf);

	(void)arg;
	printf("bufferevent: %.*s\n", (int)n, buf);
	status = 0;
	bufferevent_free(bev);
	event_base_loopbreak(base);
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	(void)what, (void)arg;
	bufferevent_free(bev);
	event_base_loopbreak(base);
}

/* ---- A chat. ---- */

/* A chat's found_terminator(): from "raw" on it is no matter of lines. */
static int
line_found(struct asyncore_dispatcher *d)
{
	size_t len;
	const char *line = asynchat_get_data(d, &len);
	struct bufferevent *bev;

	if (line == NULL)
		return -ENOMEM;
	printf("chat: %.*s\n", (int)len, line);
	if (len != 3 || memcmp(line, "raw", 3) != 0)
		return 0;
	bev = asyncore_give_bufferevent(d, BEV_OPT_CLOSE_ON_FREE);
	if (bev == NULL)
		return -errno;
	bufferevent_setcb(bev, on_bytes, NULL, on_event, NULL);
	bufferevent_enable(bev, EV_READ);
	if (evbuffer_get_length(bufferevent_get_input(bev)) > 0)
		bufferevent_trigger(bev, EV_READ, 0);
	return 0;
}

static const struct asynchat_class line_class = {
	.dispatcher = {
		.name = "Line",
		.base = &asynchat_async_chat_class.dispatcher,
		.flags = ASYNCHAT_CLASS,
	},
	.collect_incoming_data = asynchat_collect,
	.found_terminator = line_found,
};

/* ---- A bufferevent. ---- */

/* Its read callback has seen which protocol it is. */
static void
on_greeting(struct bufferevent *bev, void *map)
{
	struct asyncore_dispatcher *d;

	puts("bufferevent: it speaks");
	d = asyncore_take_bufferevent(&line_class.dispatcher, bev, map);
	if (d == NULL) {
		bufferevent_free(bev);
		return;
	}
	(void)asynchat_set_terminator(d, "\r\n", 2);
	asyncore_unref(d);		/* the map holds it */
}

int
main(void)
{
	static const char text[] = "hello\r\nraw\r\nand the rest";
	struct asyncore_map *map;
	struct bufferevent *bev;
	int fds[2];

	base = event_base_new();
	map = base ? asyncore_map_new(base) : NULL;
	if (map == NULL || asyncore_attach(map) < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0 ||
	    evutil_make_socket_nonblocking(fds[0]) < 0 ||
	    (bev = bufferevent_socket_new(base, fds[0],
	    BEV_OPT_CLOSE_ON_FREE)) == NULL)
		return 1;
	bufferevent_setcb(bev, on_greeting, NULL, on_event, map);
	bufferevent_enable(bev, EV_READ);
	if (write(fds[1], text, sizeof text - 1) == sizeof text - 1)
		event_base_dispatch(base);
	asyncore_close_all(map, true);
	asyncore_map_free(map);
	event_base_free(base);
	return status;
}
