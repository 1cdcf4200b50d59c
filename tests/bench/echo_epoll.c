/*
 * echo_epoll.c - the echo server as a hand-written epoll loop.
 *
 * What all others are measured by: a message costs one recv, one send, and its
 * share of one epoll_wait.
 */
#include "bench.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#define EVENTS 1024

struct connection {
	int fd;
	enum waits waits;
	struct rest rest;
};

static int epoll, listener;

static void
control(int op, struct connection *c, int fd)
{
	struct epoll_event event = { .data.ptr = c };

	event.events = c && c->waits == TO_WRITE ? EPOLLOUT : EPOLLIN;
	if (epoll_ctl(epoll, op, fd, &event) < 0)
		die("epoll_ctl");
}

static void
accept_all(void)
{
	struct connection *c;
	int fd;

	while ((fd = accept_one(listener)) >= 0) {
		c = allocate(sizeof *c);
		c->fd = fd;
		control(EPOLL_CTL_ADD, c, fd);
	}
}

static void
serve(struct connection *c)
{
	enum waits waits = echo_by_hand(c->fd, &c->rest);

	if (waits == GONE) {
		close(c->fd);
		rest_free(&c->rest);
		free(c);
	} else if (waits != c->waits) {
		c->waits = waits;
		control(EPOLL_CTL_MOD, c, c->fd);
	}
}

int
main(void)
{
	static struct epoll_event events[EVENTS];
	int i, n;

	listener = listen_on_loopback();
	epoll = epoll_create1(EPOLL_CLOEXEC);
	control(EPOLL_CTL_ADD, NULL, listener);
	while ((n = epoll_wait(epoll, events, EVENTS, -1)) >= 0 ||
	    errno == EINTR)
		for (i = 0; i < n; i++)
			if (events[i].data.ptr)
				serve(events[i].data.ptr);
			else
				accept_all();
	die("epoll_wait");
}
