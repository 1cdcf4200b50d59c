/*
 * repl.c - talks to servers by hand: stdin is a channel beside the socket, so
 * that what the server says is printed while the next line is typed.
 *
 *	connect HOST PORT	where to; one server at a time
 *	send TEXT		sends the text and the end of a line
 *	stats			how much went to and fro
 *	quit			as the end of the input
 *
 * stdin may be a terminal, a pipe or a file.  Its end tells the server that no
 * more will come, and the program ends when the server closes.  Ctrl-C ends it
 * at once, with the exit status 130, as shells call that.  Otherwise it is 0 if
 * nothing was wrong.
 *
 *	cc repl.c -o repl $(pkg-config --cflags --libs libasyncore libevent_core \
 *	    libevent_extra)
 */
#define _POSIX_C_SOURCE 200809L
#include <asyncore.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MUCH 65536

static struct asyncore_dispatcher *connection;	/* NULL: there is none */
static struct evdns_base *dns;
static struct evbuffer *input;		/* what was typed, not yet a line */
static bool is_terminal, is_over;	/* stdin */
static unsigned long long n_sent, n_received;
static int status = EXIT_SUCCESS;

/* stdout may be the same open file as stdin, and be non-blocking with it. */
static void
print(const char *data, size_t len)
{
	struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };

	while (len > 0) {
		ssize_t n = write(out.fd, data, len);

		if (n >= 0) {
			data += n;
			len -= (size_t)n;
		} else if (errno == EAGAIN)
			poll(&out, 1, -1);
		else if (errno != EINTR)
			exit(EXIT_FAILURE);
	}
}

static void
say(const char *format, ...)
{
	char text[512];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (n > 0)
		print(text, (size_t)n < sizeof text ? (size_t)n
		    : sizeof text - 1);
}

static int
complain(const char *what, const char *why)
{
	status = EXIT_FAILURE;
	say("! %s: %s\n", what, why);
	return 0;
}

/* ---- The connection ------------------------------------------------------ */

static bool
has_output(void)
{
	return connection && asyncore_pending_output(connection) > 0;
}

/* When nothing more will be typed, and all is sent. */
static int
finish(void)
{
	if (is_over && connection && asyncore_connected(connection) &&
	    !has_output() &&
	    shutdown(asyncore_fileno(connection), SHUT_WR) < 0)
		return -errno;
	return 0;
}

static int
connection_connect(struct asyncore_dispatcher *d)
{
	(void)d;
	say("* connected\n");
	return 0;
}

static int
connection_read(struct asyncore_dispatcher *d)
{
	char data[4096];
	ssize_t n = asyncore_recv(d, data, sizeof data);

	if (n <= 0)
		return (int)n;
	n_received += (size_t)n;
	print(data, (size_t)n);
	return 0;
}

static int
connection_write(struct asyncore_dispatcher *d)
{
	size_t before = asyncore_pending_output(d);
	int r = asyncore_dispatcher_with_send_class.handle_write(d);

	n_sent += before - asyncore_pending_output(d);
	return r < 0 || asyncore_closed(d) ? r : finish();
}

static int
connection_close(struct asyncore_dispatcher *d)
{
	if (asyncore_connected(d))
		say("* closed\n");
	connection = NULL;
	asyncore_close(d);
	asyncore_unref(d);
	return 0;
}

static int
connection_error(struct asyncore_dispatcher *d, int err)
{
	const char *why = asyncore_resolve_error(d);

	complain("connect", why ? why : asyncore_strerror(err));
	return asyncore_handle_close(d);
}

static const struct asyncore_class connection_class = {
	.name = "Connection",
	.base = &asyncore_dispatcher_with_send_class,
	.handle_connect = connection_connect,
	.handle_read = connection_read,
	.handle_write = connection_write,
	.handle_close = connection_close,
	.handle_error = connection_error,
};

/* ---- Commands ------------------------------------------------------------ */

static int
connect_to(char *place)
{
	char *host = strtok(place, " "), *port = strtok(NULL, " ");
	int r;

	if (connection)
		return complain("connect", "there is a connection already");
	if (!port)
		return complain("connect", "where to? HOST PORT");
	connection = asyncore_new(&connection_class, NULL);
	r = asyncore_connect_hostname(connection, dns, AF_UNSPEC, host,
	    (int)strtol(port, NULL, 10));
	return r < 0 ? asyncore_handle_error(connection, r) : r;
}

/* Into the buffer, which is sent as soon as there is a connection. */
static int
send_line(const char *text)
{
	if (!connection)
		return complain("send", "there is no connection");
	return evbuffer_add_printf(asyncore_out_buffer(connection), "%s\n",
	    text) < 0 ? -ENOMEM : 0;
}

static int
quit(struct asyncore_dispatcher *d)
{
	is_over = true;
	asyncore_close(d);
	return finish();
}

static int
run(struct asyncore_dispatcher *d, char *line)
{
	char *rest = line + strcspn(line, " ");

	if (*rest)
		*rest++ = '\0';
	if (strcmp(line, "connect") == 0)
		return connect_to(rest);
	if (strcmp(line, "send") == 0)
		return send_line(rest);
	if (strcmp(line, "quit") == 0)
		return quit(d);
	if (strcmp(line, "stats") == 0)
		say("* sent %llu, received %llu\n", n_sent, n_received);
	else if (*line)
		complain(line, "not connect, send, stats or quit");
	return 0;
}

/* ---- stdin --------------------------------------------------------------- */

static bool
input_readable(struct asyncore_dispatcher *d)
{
	(void)d;
	return !connection || asyncore_pending_output(connection) < MUCH;
}

static void
prompt(void)
{
	if (is_terminal && !is_over)
		say("> ");
}

static int
run_lines(struct asyncore_dispatcher *d)
{
	char *line;
	int r = 0;

	while (r == 0 && !is_over &&
	    (line = evbuffer_readln(input, NULL, EVBUFFER_EOL_CRLF))) {
		r = run(d, line);
		free(line);
	}
	prompt();
	return r;
}

static int
input_read(struct asyncore_dispatcher *d)
{
	char data[4096];
	ssize_t n = asyncore_recv(d, data, sizeof data);

	if (n <= 0)
		return (int)n;
	return evbuffer_add(input, data, (size_t)n) < 0
	    ? -ENOMEM : run_lines(d);
}

/* The last line may have no end. */
static int
input_eof(struct asyncore_dispatcher *d)
{
	int r = evbuffer_get_length(input) == 0 ? 0 :
	    evbuffer_add(input, "\n", 1) < 0 ? -ENOMEM : run_lines(d);

	return r < 0 ? r : quit(d);
}

/* A terminal that is gone is an end, too. */
static int
input_error(struct asyncore_dispatcher *d, int err)
{
	complain("stdin", asyncore_strerror(err));
	return quit(d);
}

static const struct asyncore_class input_class = {
	.name = "Input",
	.base = &asyncore_file_dispatcher_class,
	.readable = input_readable,
	.writable = asyncore_never,
	.handle_read = input_read,
	.handle_eof = input_eof,
	.handle_error = input_error,
};

/* ---- The program --------------------------------------------------------- */

/* 0 where it was asked for, 2 where the arguments are wrong. */
static int
usage(const char *argument)
{
	bool asked = strcmp(argument, "-h") == 0 ||
	    strcmp(argument, "--help") == 0;

	fputs("usage: repl\n", asked ? stdout : stderr);
	return asked ? EXIT_SUCCESS : 2;
}

/* Whether there is a file or not: a numeric address needs none. */
static int
start(void)
{
	input = evbuffer_new();
	dns = evdns_base_new(asyncore_map_base(NULL), 0);
	if (!input || !dns)
		return -ENOMEM;
	evdns_base_resolv_conf_parse(dns, DNS_OPTIONS_ALL, "/etc/resolv.conf");
	return asyncore_interrupt_on(NULL, SIGINT);
}

/* A name that is still being looked up is cancelled by the base. */
static void
stop(void)
{
	asyncore_close(connection);
	asyncore_unref(connection);
	asyncore_close_all(NULL, true);
	event_base_loop(asyncore_map_base(NULL), EVLOOP_NONBLOCK);
	if (dns)
		evdns_base_free(dns, 0);
	if (input)
		evbuffer_free(input);
	asyncore_map_free(asyncore_socket_map());
}

int
main(int argc, char **argv)
{
	/* Others have this open file, too: it is left as it was found. */
	int flags = fcntl(STDIN_FILENO, F_GETFL), r;
	struct asyncore_dispatcher *d;

	if (argc > 1)
		return usage(argv[1]);
	is_terminal = isatty(STDIN_FILENO);
	d = asyncore_new_file(&input_class, STDIN_FILENO, NULL);
	r = d ? start() : -errno;
	prompt();
	if (r == 0)
		r = asyncore_loop(30, false, NULL, -1);
	asyncore_unref(d);
	stop();
	fcntl(STDIN_FILENO, F_SETFL, flags);
	if (r == ASYNCORE_KEYBOARD_INTERRUPT)
		return 130;
	if (r < 0)
		complain("stdin", asyncore_strerror(r));
	return status;
}
