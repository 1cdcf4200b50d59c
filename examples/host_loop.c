/*
 * host_loop.c - a libevent program that takes dispatchers in: its loop is
 * event_base_dispatch(), and side by side on one event_base live an HTTP
 * server of libevent's (evhttp) and an echo server of asyncore's, which counts.
 * The page that the one serves shows what the other has counted.
 *
 * Both listen on 127.0.0.1, at the ports that are named (0, or none: any), and
 * it prints which ones they are.  Ctrl-C ends it, with the exit status 0.
 *
 *	cc host_loop.c -o host_loop $(pkg-config --cflags --libs \
 *	    libasyncore libevent_core libevent_extra)
 */
#define _POSIX_C_SOURCE 200809L
#include <asynchat.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct asyncore_map *map;
static unsigned long n_connections, n_bytes;

static int
check(const char *what, int result)
{
	if (result >= 0)
		return result;
	fprintf(stderr, "host_loop: %s: %s\n", what, asyncore_strerror(result));
	exit(EXIT_FAILURE);
}

static void
print_port(const char *what, int fd)
{
	struct sockaddr_in addr;
	socklen_t len = sizeof addr;
	int r = getsockname(fd, (struct sockaddr *)&addr, &len);

	check(what, r == 0 ? 0 : -errno);
	printf("%s %d\n", what, ntohs(addr.sin_port));
}

/* ---- asyncore's: an echo server ------------------------------------------ */

static int
echo_collect(struct asyncore_dispatcher *d, const void *data, size_t len)
{
	n_bytes += len;
	return asynchat_push(d, data, len);
}

static const struct asynchat_class echo_class = {
	.dispatcher = {
		.name = "Echo",
		.base = &asynchat_async_chat_class.dispatcher,
		.flags = ASYNCHAT_CLASS,
		.handle_eof = asynchat_close_when_done,
	},
	.collect_incoming_data = echo_collect,
};

static int
server_accepted(struct asyncore_dispatcher *server, int fd,
    const struct sockaddr *addr, socklen_t addrlen)
{
	struct asyncore_dispatcher *d = asynchat_spawn(&echo_class, fd, map);

	(void)server, (void)addr, (void)addrlen;
	n_connections++;
	return d ? asyncore_set_watermarks(d, 0, 65536) : -errno;
}

static const struct asyncore_class server_class = {
	.name = "Server",
	.handle_accepted = server_accepted,
};

static void
start_echo(int port)
{
	struct asyncore_dispatcher *d = asyncore_new(&server_class, map);
	struct sockaddr_in addr = { .sin_family = AF_INET };

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	addr.sin_port = htons((in_port_t)port);
	check("echo", d ? 0 : -errno);
	check("echo", asyncore_create_socket(d, AF_INET, SOCK_STREAM));
	check("echo", asyncore_set_reuse_addr(d));
	check("echo", asyncore_bind(d, (struct sockaddr *)&addr, sizeof addr));
	check("echo", asyncore_listen(d, 128));
	print_port("echo", asyncore_fileno(d));
	asyncore_unref(d);		/* the map holds it now */
}

/* ---- libevent's: a page that says how it is ------------------------------ */

static void
show_counts(struct evhttp_request *request, void *arg)
{
	struct evbuffer *page = evhttp_request_get_output_buffer(request);

	(void)arg;
	evbuffer_add_printf(page, "connections %lu\nopen %zu\nbytes %lu\n",
	    n_connections, asyncore_map_len(map) - 1, n_bytes);
	evhttp_send_reply(request, HTTP_OK, "OK", NULL);
}

static struct evhttp *
start_http(struct event_base *base, int port)
{
	struct evhttp *http = evhttp_new(base);
	struct evhttp_bound_socket *bound;

	check("http", http ? 0 : -ENOMEM);
	evhttp_set_gencb(http, show_counts, NULL);
	errno = 0;
	bound = evhttp_bind_socket_with_handle(http, "127.0.0.1",
	    (ev_uint16_t)port);
	check("http", bound ? 0 : errno ? -errno : -ENOMEM);
	print_port("http", evhttp_bound_socket_get_fd(bound));
	return http;
}

/* ---- The program --------------------------------------------------------- */

/* 0 where it was asked for, 2 where the arguments are wrong. */
static int
usage(const char *argument)
{
	bool asked = strcmp(argument, "-h") == 0 ||
	    strcmp(argument, "--help") == 0;

	fputs("usage: host_loop [echo-port [http-port]]\n",
	    asked ? stdout : stderr);
	return asked ? EXIT_SUCCESS : 2;
}

static int
number(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	return check(text, *text < '0' || *text > '9' || *end || n > 65535
	    ? -EINVAL : (int)n);
}

int
main(int argc, char **argv)
{
	struct event_base *base;
	struct evhttp *http;

	if (argc > 3 || (argc > 1 && argv[1][0] == '-'))
		return usage(argv[1]);
	base = event_base_new();
	map = base ? asyncore_map_new(base) : NULL;
	check("base", map ? 0 : -ENOMEM);
	check("SIGINT", asyncore_interrupt_on(map, SIGINT));
	start_echo(number(argc > 1 ? argv[1] : "0"));
	http = start_http(base, number(argc > 2 ? argv[2] : "0"));
	check("stdout", fflush(stdout) == 0 ? 0 : -errno);

	check("attach", asyncore_attach(map));
	event_base_dispatch(base);	/* until Ctrl-C, see detach_map */
	if (asyncore_detach_map(map) != ASYNCORE_KEYBOARD_INTERRUPT)
		fputs("host_loop: the loop has ended by itself\n", stderr);

	asyncore_close_all(map, true);
	asyncore_map_free(map);
	evhttp_free(http);
	event_base_free(base);
	return EXIT_SUCCESS;
}
