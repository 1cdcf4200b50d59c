/*
 * load.c - the load generator: `load KIND PORT PID ARGUMENT...`.
 *
 * It opens its connections to the server on PORT, whose process is PID, and
 * says "ready".  Each line "SECONDS COUNT" on its input then runs a span, which
 * starts nothing after SECONDS or beyond COUNT; it answers
 * "DONE WALL_NS CPU_NS P50_NS P99_NS P999_NS", the CPU being the server's.
 */
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static struct sockaddr_in server = { .sin_family = AF_INET };

static uint32_t *samples;
static size_t n_samples, room;

/* ---- Connections -------------------------------------------------------- */

/* Each few thousand have another address of loopback, as the ports of one are
 * used up by connections that were closed a minute ago. */
static void
bind_to_some_address(int fd)
{
	static unsigned n;
	struct sockaddr_in in = { .sin_family = AF_INET };
	int on = 1;

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK + n++ / 4096 % 250);
	if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on,
	    sizeof on) < 0 || bind(fd, (struct sockaddr *)&in, sizeof in) < 0)
		die("bind");
}

int
connect_to_server(void)
{
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket");
	bind_to_some_address(fd);
	if (connect(fd, (struct sockaddr *)&server, sizeof server) < 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0)
		die("connect");
	return fd;
}

static void
wait_for(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	if (poll(&p, 1, -1) < 0 && errno != EINTR)
		die("poll");
}

void
send_all(int fd, const void *data, size_t len)
{
	const char *p = data;
	ssize_t n;

	for (; len > 0; p += n, len -= (size_t)n) {
		n = send(fd, p, len, MSG_NOSIGNAL);
		if (n >= 0)
			continue;
		if (errno != EAGAIN)
			die("send");
		wait_for(fd, POLLOUT);
		n = 0;
	}
}

void
receive_all(int fd, void *data, size_t len)
{
	char *p = data;
	ssize_t n;

	for (; len > 0; p += n, len -= (size_t)n) {
		n = recv(fd, p, len, 0);
		if (n > 0)
			continue;
		if (n == 0)
			errno = ECONNRESET;
		if (errno != EAGAIN)
			die("recv");
		wait_for(fd, POLLIN);
		n = 0;
	}
}

/* ---- Spans -------------------------------------------------------------- */

bool
span_goes_on(const struct span *span, uint64_t now)
{
	return span->started < span->limit &&
	    (now < span->deadline || span->started == 0);
}

void
span_done(struct span *span, uint64_t since, uint64_t now)
{
	if (n_samples == room) {
		room = room ? 2 * room : 1 << 16;
		samples = reallocate(samples, room * sizeof *samples);
	}
	samples[n_samples++] = (uint32_t)(now - since);
	span->done++;
}

static int
compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static uint32_t
quantile(double q)
{
	return n_samples ? samples[(size_t)(q * (double)(n_samples - 1))] : 0;
}

static void
run_span(const struct load *load, pid_t pid, double seconds, uint64_t limit)
{
	uint64_t cpu = cpu_ns(pid), wall = wall_ns();
	struct span span = { .limit = limit };

	n_samples = 0;
	span.deadline = wall + (uint64_t)(seconds * 1e9);
	load->run(&span);
	wall = wall_ns() - wall;
	cpu = cpu_ns(pid) - cpu;
	qsort(samples, n_samples, sizeof *samples, compare);
	printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %u %u %u\n", span.done,
	    wall, cpu, quantile(.5), quantile(.99), quantile(.999));
	fflush(stdout);
}

/* ---- The program -------------------------------------------------------- */

static const struct load *
find_load(const char *name, int n_args)
{
	static const struct load *const loads[] = {
		&load_connections, &load_echo, &load_lines, &load_stream,
	};
	size_t i;

	for (i = 0; i < sizeof loads / sizeof *loads; i++)
		if (strcmp(loads[i]->name, name) == 0 &&
		    loads[i]->n_args == n_args)
			return loads[i];
	fprintf(stderr, "load: there is no load %s with %d arguments\n", name,
	    n_args);
	exit(EXIT_FAILURE);
}

int
main(int argc, char **argv)
{
	const struct load *load;
	char line[80];
	double seconds;
	uint64_t limit;

	if (argc < 4) {
		fputs("usage: load KIND PORT PID ARGUMENT...\n", stderr);
		return EXIT_FAILURE;
	}
	load = find_load(argv[1], argc - 4);
	server.sin_port = htons((in_port_t)atoi(argv[2]));
	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	raise_fd_limit();
	load->open(argv + 4);
	puts("ready");
	fflush(stdout);
	while (fgets(line, sizeof line, stdin))
		if (sscanf(line, "%lf %" SCNu64, &seconds, &limit) == 2)
			run_span(load, (pid_t)atol(argv[3]), seconds, limit);
	return EXIT_SUCCESS;
}
