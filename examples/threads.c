/*
 * threads.c - one echo server in several threads: each has a map of its own, on
 * an event_base of its own, and a listener of its own at the same port, between
 * which the kernel shares out the connections (SO_REUSEPORT).  Nothing is
 * shared, so nothing is locked.
 *
 * It listens on 127.0.0.1 at the port that is named (0, or none: any), in so
 * many threads (none: one for each processor), and prints the port.  The first
 * thread is the program's own, which Ctrl-C reaches; it stops the others, and
 * says how many connections each has served.  The exit status is 0 then.
 *
 *	cc threads.c -o threads -pthread \
 *	    $(pkg-config --cflags --libs libasyncore)
 */
#define _DEFAULT_SOURCE		/* SO_REUSEPORT */
#include <asynchat.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST 64

static struct worker {
	struct asyncore_map *map;
	pthread_t thread;
	unsigned long served;	/* this thread's alone until it is joined */
	int result;
} workers[MOST];

static int
check(const char *what, int result)
{
	if (result >= 0)
		return result;
	fprintf(stderr, "threads: %s: %s\n", what, asyncore_strerror(result));
	exit(EXIT_FAILURE);
}

/* ---- A thread's server --------------------------------------------------- */

/* What comes is pushed back, all of it before the connection is closed. */
static const struct asynchat_class echo_class = {
	.dispatcher = {
		.name = "Echo",
		.base = &asynchat_async_chat_class.dispatcher,
		.flags = ASYNCHAT_CLASS,
		.handle_eof = asynchat_close_when_done,
	},
	.collect_incoming_data = asynchat_push,
};

static int
server_accepted(struct asyncore_dispatcher *server, int fd,
    const struct sockaddr *addr, socklen_t addrlen)
{
	struct worker *worker = *(struct worker **)asyncore_self(server);
	struct asyncore_dispatcher *d = asynchat_spawn(&echo_class, fd,
	    worker->map);

	(void)addr, (void)addrlen;
	worker->served++;
	return d ? asyncore_set_watermarks(d, 0, 65536) : -errno;
}

static const struct asyncore_class server_class = {
	.name = "Server",
	.instance_size = sizeof(struct worker *),
	.handle_accepted = server_accepted,
};

/* Has to be said before bind, by all that share the port. */
static int
set_reuse_port(int fd)
{
#ifdef SO_REUSEPORT
	int on = 1;

	return setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0
	    ? 0 : -errno;
#else
	(void)fd;
	return -ENOTSUP;
#endif
}

/* The first one finds the port for the others. */
static void
start_server(struct worker *worker, struct sockaddr_in *addr)
{
	struct asyncore_dispatcher *d;
	struct sockaddr *sa = (struct sockaddr *)addr;
	socklen_t len = sizeof *addr;

	worker->map = asyncore_map_new(NULL);
	check("map", worker->map ? 0 : -errno);
	check("map", asyncore_map_enable_threads(worker->map));
	d = asyncore_new(&server_class, worker->map);
	check("server", d ? 0 : -errno);
	*(struct worker **)asyncore_self(d) = worker;
	check("socket", asyncore_create_socket(d, AF_INET, SOCK_STREAM));
	check("SO_REUSEPORT", set_reuse_port(asyncore_fileno(d)));
	check("bind", asyncore_bind(d, sa, len));
	check("listen", asyncore_listen(d, 128));
	check("port", getsockname(asyncore_fileno(d), sa, &len) == 0
	    ? 0 : -errno);
	asyncore_unref(d);		/* the map holds it now */
}

static void *
serve(void *arg)
{
	struct worker *worker = arg;

	worker->result = asyncore_loop(30, false, worker->map, -1);
	asyncore_close_all(worker->map, true);
	return NULL;
}

/* ---- The program --------------------------------------------------------- */

/* 0 where it was asked for, 2 where the arguments are wrong. */
static int
usage(const char *argument)
{
	bool asked = strcmp(argument, "-h") == 0 ||
	    strcmp(argument, "--help") == 0;

	fputs("usage: threads [port [number]]\n", asked ? stdout : stderr);
	return asked ? EXIT_SUCCESS : 2;
}

static int
number(const char *text, long least, long most)
{
	char *end;
	long n = strtol(text, &end, 10);

	return check(text, *text < '0' || *text > '9' || *end || n < least ||
	    n > most ? -EINVAL : (int)n);
}

static int
processors(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > MOST ? MOST : (int)n;
}

int
main(int argc, char **argv)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	int n, i;

	if (argc > 3 || (argc > 1 && argv[1][0] == '-'))
		return usage(argv[1]);
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	addr.sin_port = htons((in_port_t)number(argc > 1 ? argv[1] : "0", 0,
	    65535));
	n = argc > 2 ? number(argv[2], 1, MOST) : processors();
	for (i = 0; i < n; i++)
		start_server(&workers[i], &addr);
	check("SIGINT", asyncore_interrupt_on(workers[0].map, SIGINT));
	for (i = 1; i < n; i++)
		check("thread", -pthread_create(&workers[i].thread, NULL,
		    serve, &workers[i]));
	printf("%d\n", ntohs(addr.sin_port));
	check("stdout", fflush(stdout) == 0 ? 0 : -errno);

	serve(&workers[0]);		/* until Ctrl-C */
	for (i = 1; i < n; i++) {
		asyncore_stop(workers[i].map);
		pthread_join(workers[i].thread, NULL);
	}
	for (i = 0; i < n; i++) {
		printf("thread %d served %lu\n", i, workers[i].served);
		asyncore_map_free(workers[i].map);
	}
	if (workers[0].result != ASYNCORE_KEYBOARD_INTERRUPT)
		check("loop", workers[0].result);
	return EXIT_SUCCESS;
}
