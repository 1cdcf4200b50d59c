/*
 * load_connections.c - AT_ONCE connections at a time, which this side opens and
 * finishes at once, and the server closes; then the next one is opened.
 */
#include "load.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS 256

struct client {
	int fd;
	uint64_t since;
};

static struct client *clients;
static size_t n_clients;
static int epoll;

static void
open_connections(char **args)
{
	n_clients = strtoul(args[0], NULL, 10);
	clients = allocate(n_clients * sizeof *clients);
	epoll = epoll_create1(EPOLL_CLOEXEC);
}

static void
begin(struct span *span, struct client *c, uint64_t now)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = c };

	span->started++;
	c->since = now;
	c->fd = connect_to_server();
	if (shutdown(c->fd, SHUT_WR) < 0 ||
	    epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event) < 0)
		die("epoll_ctl");
}

static void
end(struct span *span, struct client *c)
{
	uint64_t now;
	char byte;

	if (recv(c->fd, &byte, 1, 0) != 0)
		die("recv");
	close(c->fd);
	now = wall_ns();
	span_done(span, c->since, now);
	if (span_goes_on(span, now))
		begin(span, c, now);
}

static void
run_connections(struct span *span)
{
	struct epoll_event events[EVENTS];
	int i, n;
	size_t k;

	for (k = 0; k < n_clients && span->started < span->limit; k++)
		begin(span, &clients[k], wall_ns());
	while (span->done < span->started) {
		n = epoll_wait(epoll, events, EVENTS, -1);
		if (n < 0 && errno != EINTR)
			die("epoll_wait");
		for (i = 0; i < n; i++)
			end(span, events[i].data.ptr);
	}
}

const struct load load_connections = {
	"connections", 1, open_connections, run_connections
};
