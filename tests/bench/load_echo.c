/*
 * load_echo.c - CONNECTIONS connections of which ACTIVE send SIZE bytes, wait
 * for them to come back, and send the next: a closed loop.
 *
 * Those that are not active have sent one message each.
 */
#include "load.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define BLOCK 1000		/* less than the backlog */
#define EVENTS 1024

struct client {
	int fd;
	size_t got;
	uint64_t sent_at;
};

static struct client *clients;
static size_t n_clients, n_active, size;
static int epoll;

static void
open_block(struct client *c, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		c[i].fd = connect_to_server();
	for (i = 0; i < n; i++)
		send_all(c[i].fd, scratch, size);
	for (i = 0; i < n; i++)
		receive_all(c[i].fd, scratch, size);
}

static void
open_echo(char **args)
{
	struct epoll_event event = { .events = EPOLLIN };
	size_t i, n;

	n_clients = strtoul(args[0], NULL, 10);
	n_active = strtoul(args[1], NULL, 10);
	size = strtoul(args[2], NULL, 10);
	if (size > sizeof scratch || n_active > n_clients) {
		errno = EINVAL;
		die("echo");
	}
	clients = allocate(n_clients * sizeof *clients);
	for (i = 0; i < n_clients; i += n) {
		n = n_clients - i < BLOCK ? n_clients - i : BLOCK;
		open_block(clients + i, n);
	}
	epoll = epoll_create1(EPOLL_CLOEXEC);
	/* Spread over all, as nothing says that the busy ones come first. */
	for (i = 0; i < n_active; i++) {
		event.data.ptr = &clients[i * n_clients / n_active];
		if (epoll_ctl(epoll, EPOLL_CTL_ADD,
		    ((struct client *)event.data.ptr)->fd, &event) < 0)
			die("epoll_ctl");
	}
}

static void
send_next(struct span *span, struct client *c, uint64_t now)
{
	span->started++;
	c->got = 0;
	c->sent_at = now;
	send_all(c->fd, scratch, size);
}

static void
receive(struct span *span, struct client *c)
{
	ssize_t n = recv(c->fd, scratch, size - c->got, MSG_DONTWAIT);
	uint64_t now;

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0)
		die("recv");
	c->got += (size_t)n;
	if (c->got < size)
		return;
	now = wall_ns();
	span_done(span, c->sent_at, now);
	if (span_goes_on(span, now))
		send_next(span, c, now);
}

static void
run_echo(struct span *span)
{
	static struct epoll_event events[EVENTS];
	int i, n;
	size_t k;

	for (k = 0; k < n_active && span->started < span->limit; k++)
		send_next(span, &clients[k * n_clients / n_active], wall_ns());
	while (span->done < span->started) {
		n = epoll_wait(epoll, events, EVENTS, -1);
		if (n < 0 && errno != EINTR)
			die("epoll_wait");
		for (i = 0; i < n; i++)
			receive(span, events[i].data.ptr);
	}
}

const struct load load_echo = { "echo", 3, open_echo, run_echo };
