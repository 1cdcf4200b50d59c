/*
 * proxy.c - a TCP proxy: what comes in at one address goes to another, and
 * back.
 *
 *	proxy [-t seconds] [address:]port host:port
 *
 * It listens at the address (127.0.0.1 if there is none) and port (0: any; it
 * prints which one), and for each connection makes one to the host.  Each of
 * the two is a channel, an end, which sends what the other has received.  An
 * end is read only as long as the other has little to send, so that a slow
 * reader slows its writer down and bounds our memory.  When one has finished
 * sending, the other is told, after all else; they close together.  So they do
 * where one of them is lost, or has nothing to receive or send for some time
 * (-t: 60 seconds).  Ctrl-C ends the program, with the exit status 0.
 *
 *	cc proxy.c -o proxy $(pkg-config --cflags --libs \
 *	    libasyncore libevent_core libevent_extra)
 */
#define _POSIX_C_SOURCE 200809L
#include <asyncore.h>
#include <errno.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LITTLE 65536
#define HOST_SIZE 256

struct end {
	struct asyncore_dispatcher *other;	/* a reference; NULL: closed */
	bool finished;		/* its peer sends no more */
};

static const char *upstream;		/* host:port */
static char upstream_host[HOST_SIZE];
static int upstream_port;
static struct evdns_base *dns;
static double idle_time = 60;

static void
complain(const char *what, const char *why)
{
	fprintf(stderr, "proxy: %s: %s\n", what, why);
}

static int
check(const char *what, int result)
{
	if (result >= 0)
		return result;
	complain(what, asyncore_strerror(result));
	exit(EXIT_FAILURE);
}

/* ---- An end of a connection ---------------------------------------------- */

/* What is read before the other can send would only be kept. */
static bool
end_readable(struct asyncore_dispatcher *d)
{
	const struct end *self = asyncore_self(d);

	return self->other && asyncore_connected(self->other) &&
	    asyncore_pending_output(self->other) < LITTLE;
}

static int
end_connect(struct asyncore_dispatcher *d)
{
	const struct end *self = asyncore_self(d);

	asyncore_touch(self->other);
	return 0;
}

static int
end_read(struct asyncore_dispatcher *d)
{
	const struct end *self = asyncore_self(d);
	char data[65536];
	ssize_t n = asyncore_recv(d, data, sizeof data), sent;

	if (n <= 0)
		return (int)n;
	sent = asyncore_send(self->other, data, (size_t)n);
	if (sent < 0)
		return (int)sent;
	return sent == n || asyncore_closed(d) ? 0 : -ENOMEM;
}

/* Has all been sent to d's peer that ever will be? */
static bool
is_done(struct asyncore_dispatcher *d)
{
	const struct end *self = asyncore_self(d), *other;

	other = asyncore_self(self->other);
	return other->finished && asyncore_pending_output(d) == 0;
}

static int
tell_if_done(struct asyncore_dispatcher *d)
{
	const struct end *self = asyncore_self(d);

	if (!self->other || !is_done(d))
		return 0;
	if (is_done(self->other))
		return asyncore_close(d);
	return shutdown(asyncore_fileno(d), SHUT_WR) == 0
	    ? 0 : asyncore_handle_close(d);
}

static int
end_write(struct asyncore_dispatcher *d)
{
	const struct end *self = asyncore_self(d);
	int r = asyncore_dispatcher_with_send_class.handle_write(d);

	if (r < 0 || asyncore_closed(d))
		return r;
	asyncore_touch(self->other);
	return tell_if_done(d);
}

static int
end_eof(struct asyncore_dispatcher *d)
{
	struct end *self = asyncore_self(d);

	self->finished = true;
	return tell_if_done(self->other);
}

/* Lost, and not finished: so must it look to the other's peer. */
static int
end_lost(struct asyncore_dispatcher *d)
{
	const struct end *self = asyncore_self(d);
	const struct linger reset = { .l_onoff = 1 };

	if (self->other)
		setsockopt(asyncore_fileno(self->other), SOL_SOCKET, SO_LINGER,
		    &reset, sizeof reset);
	return asyncore_close(d);
}

static int
end_error(struct asyncore_dispatcher *d, int err)
{
	complain(asyncore_class_of(d)->name, asyncore_strerror(err));
	return asyncore_handle_close(d);
}

/*
 * Both go, and with them the references that they have to each other: the
 * second has no other any more.
 */
static int
end_close(struct asyncore_dispatcher *d)	/* NOLINT(misc-no-recursion) */
{
	struct end *self = asyncore_self(d);
	struct asyncore_dispatcher *other = self->other;

	self->other = NULL;
	asyncore_dispatcher_with_send_class.close(d);
	if (other) {
		end_close(other);
		asyncore_unref(other);
	}
	return 0;
}

/* readable() depends on the other end, too, which says when that changes. */
static const struct asyncore_class client_class = {
	.name = "client",
	.base = &asyncore_dispatcher_with_send_class,
	.instance_size = sizeof(struct end),
	.flags = ASYNCORE_ASK_ON_CHANGE,
	.readable = end_readable,
	.handle_connect = end_connect,
	.handle_read = end_read,
	.handle_write = end_write,
	.handle_eof = end_eof,
	.handle_close = end_lost,
	.handle_error = end_error,
	.close = end_close,
};

static int
upstream_error(struct asyncore_dispatcher *d, int err)
{
	const char *why = asyncore_resolve_error(d);

	complain(upstream, why ? why : asyncore_strerror(err));
	return asyncore_handle_close(d);
}

static const struct asyncore_class upstream_class = {
	.name = "upstream",
	.base = &client_class,
	.handle_error = upstream_error,
};

/* ---- The listener -------------------------------------------------------- */

static void
tie(struct asyncore_dispatcher *d, struct asyncore_dispatcher *other)
{
	struct end *self = asyncore_self(d);

	self->other = asyncore_ref(other);
	asyncore_set_timeout(d, idle_time);
}

static int
server_accepted(struct asyncore_dispatcher *server, int fd,
    const struct sockaddr *addr, socklen_t addrlen)
{
	struct asyncore_dispatcher *client, *other;
	int r;

	(void)server, (void)addr, (void)addrlen;
	client = asyncore_spawn(&client_class, fd, NULL);
	if (!client)
		return -errno;
	other = asyncore_new(&upstream_class, NULL);
	if (!other) {
		asyncore_close(client);
		return -ENOMEM;
	}
	tie(client, other);
	tie(other, client);
	r = asyncore_connect_hostname(other, dns, AF_UNSPEC, upstream_host,
	    upstream_port);
	if (r < 0)
		r = asyncore_handle_error(other, r);
	asyncore_unref(other);		/* the client's now */
	return r;
}

static const struct asyncore_class server_class = {
	.name = "Server",
	.handle_accepted = server_accepted,
};

static void
print_port(int fd)
{
	struct sockaddr_storage addr;
	struct sockaddr *sa = (struct sockaddr *)&addr;
	socklen_t len = sizeof addr;
	char port[8];

	if (getsockname(fd, sa, &len) < 0 || getnameinfo(sa, len, NULL, 0,
	    port, sizeof port, NI_NUMERICSERV) != 0 ||
	    puts(port) < 0 || fflush(stdout) != 0)
		check("port", -errno);
}

/* "host:port", where an IPv6 address may be in brackets, or the port alone:
 * answers that, and changes `host` if there is one. */
static const char *
split(const char *place, char host[HOST_SIZE])
{
	const char *port = strrchr(place, ':');
	int len = (int)(port ? port - place : 0);

	if (len > 2 && place[0] == '[' && port[-1] == ']')
		snprintf(host, HOST_SIZE, "%.*s", len - 2, place + 1);
	else if (port)
		snprintf(host, HOST_SIZE, "%.*s", len, place);
	return port ? port + 1 : place;
}

static void
start_server(const char *place)
{
	struct asyncore_dispatcher *d = asyncore_new(&server_class, NULL);
	char host[HOST_SIZE] = "127.0.0.1";
	const char *port = split(place, host), *why;
	int r;

	check("server", d ? 0 : -errno);
	r = asyncore_bind_hostname(d, AF_UNSPEC, host, port);
	why = asyncore_resolve_error(d);
	if (why)
		complain(place, why);
	else
		check(place, r);
	if (r < 0)
		exit(EXIT_FAILURE);
	check("listen", asyncore_listen(d, 128));
	print_port(asyncore_fileno(d));
	asyncore_unref(d);		/* the map holds it now */
}

/* ---- The program --------------------------------------------------------- */

/* Whether there is a file or not: a numeric address needs none. */
static void
start_dns(void)
{
	dns = evdns_base_new(asyncore_map_base(NULL), 0);
	check("evdns", dns ? 0 : -ENOMEM);
	evdns_base_resolv_conf_parse(dns, DNS_OPTIONS_ALL, "/etc/resolv.conf");
}

/* Names that are still being looked up are cancelled by the base. */
static void
stop_all(void)
{
	asyncore_close_all(NULL, true);
	event_base_loop(asyncore_map_base(NULL), EVLOOP_NONBLOCK);
	evdns_base_free(dns, 0);
	asyncore_map_free(asyncore_socket_map());
}

static double
number(const char *text, double least, double most, const char *what)
{
	char *end;
	double value = strtod(text, &end);

	check(what, *end == '\0' && value >= least && value <= most
	    ? 0 : -EINVAL);
	return value;
}

static int
usage(bool asked)
{
	fputs("usage: proxy [-t seconds] [address:]port host:port\n",
	    asked ? stdout : stderr);
	return asked ? EXIT_SUCCESS : 2;
}

int
main(int argc, char **argv)
{
	int c, r;

	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return usage(true);
	opterr = 0;
	while ((c = getopt(argc, argv, "ht:")) == 't')
		idle_time = number(optarg, 0.001, 1e9, optarg);
	if (c != -1 || argc - optind != 2 || !strchr(argv[optind + 1], ':'))
		return usage(c == 'h');
	upstream = argv[optind + 1];
	upstream_port = (int)number(split(upstream, upstream_host), 1, 65535,
	    upstream);
	start_dns();
	check("SIGINT", asyncore_interrupt_on(NULL, SIGINT));
	start_server(argv[optind]);
	r = asyncore_loop(30, false, NULL, -1);
	stop_all();
	return r == ASYNCORE_KEYBOARD_INTERRUPT
	    ? EXIT_SUCCESS : check("loop", r);
}
