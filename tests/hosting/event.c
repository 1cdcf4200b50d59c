/*
 * event.c - a libevent program as there are many: an event with a callback that
 * reads until there is no more.  dispatcher.c is the same with a dispatcher.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct event **event = arg;
	char buf[100];
	ssize_t n;

	(void)what;
	while ((n = recv(fd, buf, sizeof buf, 0)) > 0)
		printf("read %.*s\n", (int)n, buf);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	puts("closed");
	event_free(*event);
	*event = NULL;
	evutil_closesocket(fd);
}

static int
watch(struct event_base *base, evutil_socket_t fd, struct event **event)
{
	if (evutil_make_socket_nonblocking(fd) < 0)
		return -1;
	*event = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, event);
	return *event == NULL ? -1 : event_add(*event, NULL);
}

static void
on_time(evutil_socket_t fd, short what, void *peer)
{
	(void)fd, (void)what;
	close(*(int *)peer);
}

int
main(void)
{
	struct event_base *base = event_base_new();
	struct event *event = NULL;
	int fds[2], r;

	if (base == NULL || socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0 ||
	    watch(base, fds[0], &event) < 0 ||
	    write(fds[1], "some words", 10) != 10 ||
	    event_base_once(base, -1, EV_TIMEOUT, on_time, &fds[1],
	    &(struct timeval){ .tv_usec = 1000 }) < 0)
		return 1;
	r = event_base_dispatch(base);
	if (event != NULL)
		event_free(event);
	event_base_free(base);
	return r < 0;
}
