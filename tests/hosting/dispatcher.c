/*
 * dispatcher.c - event.c with a dispatcher in the place of the event and its
 * callback; the timer and the loop are libevent's, as before.
 */
#include <asyncore.h>
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static int
reader_read(struct asyncore_dispatcher *d)
{
	char buf[100];
	ssize_t n = asyncore_recv(d, buf, sizeof buf);

	if (n > 0)
		printf("read %.*s\n", (int)n, buf);
	return n < 0 ? (int)n : 0;
}

static int
reader_close(struct asyncore_dispatcher *d)
{
	puts("closed");
	return asyncore_close(d);
}

static const struct asyncore_class reader = {
	.name = "Reader",
	.writable = asyncore_never,
	.handle_read = reader_read,
	.handle_close = reader_close,
};

static void
on_time(evutil_socket_t fd, short what, void *peer)
{
	(void)fd, (void)what;
	close(*(int *)peer);
}

/* The map lives on the base, its passes in the base's loop. */
static int
run(struct event_base *base, struct asyncore_map *map, int fd)
{
	int r = asyncore_attach(map);

	if (r < 0)
		return r;
	if (asyncore_spawn(&reader, fd, map) == NULL)
		return -errno;
	if (event_base_dispatch(base) < 0)
		return -EIO;
	return asyncore_detach_map(map);	/* what left the loop, or 0 */
}

int
main(void)
{
	struct event_base *base = event_base_new();
	struct asyncore_map *map = base ? asyncore_map_new(base) : NULL;
	int fds[2], r;

	if (map == NULL || socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0 ||
	    write(fds[1], "some words", 10) != 10 ||
	    event_base_once(base, -1, EV_TIMEOUT, on_time, &fds[1],
	    &(struct timeval){ .tv_usec = 1000 }) < 0)
		return 1;
	r = run(base, map, fds[0]);
	if (r < 0)
		fprintf(stderr, "dispatcher: %s\n", asyncore_strerror(r));
	asyncore_close_all(map, true);
	asyncore_map_free(map);		/* before its base */
	event_base_free(base);
	return r < 0;
}
