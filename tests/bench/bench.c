/*
 * bench.c - clocks, a listener, and the echo server's job; see bench.h.
 */
#include "bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

char scratch[CHUNK];

void
die(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

void *
allocate(size_t size)
{
	void *new = calloc(1, size);

	if (!new)
		die("calloc");
	return new;
}

void *
reallocate(void *old, size_t size)
{
	void *new = realloc(old, size);

	if (!new)
		die("realloc");
	return new;
}

static uint64_t
clock_ns(clockid_t clock)
{
	struct timespec t;

	if (clock_gettime(clock, &t) < 0)
		die("clock_gettime");
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

uint64_t
wall_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

uint64_t
cpu_ns(pid_t pid)
{
	clockid_t clock;
	int err = clock_getcpuclockid(pid, &clock);

	if (err) {
		errno = err;
		die("clock_getcpuclockid");
	}
	return clock_ns(clock);
}

size_t
raise_fd_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		die("getrlimit");
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		die("setrlimit");
	return (size_t)limit.rlim_cur;
}

int
listen_on_loopback(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	socklen_t len = sizeof in;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	raise_fd_limit();
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&in, len) < 0 ||
	    listen(fd, BACKLOG) < 0 ||
	    getsockname(fd, (struct sockaddr *)&in, &len) < 0)
		die("listen");
	printf("%d %ld\n", ntohs(in.sin_port), (long)getpid());
	fflush(stdout);
	return fd;
}

int
accept_one(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0 && errno != EAGAIN && errno != ECONNABORTED)
		die("accept4");
	return fd;
}

void
rest_add(struct rest *rest, const void *data, size_t len)
{
	rest->data = reallocate(rest->data, rest->end + len);
	memcpy(rest->data + rest->end, data, len);
	rest->end += len;
}

void
rest_sent(struct rest *rest, size_t n)
{
	rest->start += n;
	if (rest_len(rest) == 0)
		rest_free(rest);
}

void
rest_free(struct rest *rest)
{
	free(rest->data);
	*rest = (struct rest){ NULL, 0, 0 };
}

/* As send(2), but "not now" is 0. */
static ssize_t
send_some(int fd, const void *data, size_t len)
{
	ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

	return n < 0 && errno == EAGAIN ? 0 : n;
}

static enum waits
send_rest(int fd, struct rest *rest)
{
	ssize_t n = send_some(fd, rest->data + rest->start, rest_len(rest));

	if (n < 0)
		return GONE;
	rest_sent(rest, (size_t)n);
	return rest_len(rest) > 0 ? TO_WRITE : TO_READ;
}

enum waits
echo_by_hand(int fd, struct rest *rest)
{
	ssize_t got, sent;

	if (rest_len(rest) > 0)
		return send_rest(fd, rest);
	got = recv(fd, scratch, sizeof scratch, 0);
	if (got <= 0)
		return got < 0 && errno == EAGAIN ? TO_READ : GONE;
	sent = send_some(fd, scratch, (size_t)got);
	if (sent < 0)
		return GONE;
	if (sent == got)
		return TO_READ;
	rest_add(rest, scratch + sent, (size_t)(got - sent));
	return TO_WRITE;
}
