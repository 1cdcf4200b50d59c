/*
 * smtp_sink.c - an SMTP server that keeps every message it is sent, for tests
 * of programs that send mail: a port of Python's smtpd.
 *
 *	smtp_sink [-u] [-s bytes] (-m mbox | -d maildir) [host:port]
 *
 * It listens at host:port (127.0.0.1:8025; port 0: any), prints the port, and
 * ends on SIGINT or SIGTERM.  Messages are appended to an mbox, in which lines
 * that begin with "From " get a '>' (as mboxrd has it), or become files of a
 * Maildir.  Before each there is a Return-Path, and a Delivered-To for each
 * recipient.  -s: the largest message, 33554432; 0 is no limit.  -u: SMTPUTF8.
 *
 *	cc smtp_*.c -o smtp_sink \
 *	    $(pkg-config --cflags --libs libasyncore libevent_core)
 */
#define _POSIX_C_SOURCE 200809L
#include "smtp_session.h"
#include "smtp_store.h"

#include <errno.h>
#include <event2/event.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char host[256] = "localhost";

/* ---- The server ---------------------------------------------------------- */

static struct smtp_server server = {
	.host = host,
	.size_limit = 33554432,
	.rcpt_limit = 1000,
	.process_message = smtp_keep,
};

static int
server_accepted(struct asyncore_dispatcher *d, int fd,
    const struct sockaddr *addr, socklen_t addrlen)
{
	(void)addr, (void)addrlen;
	return smtp_session_start(&server, fd, asyncore_map_of(d));
}

static const struct asyncore_class server_class = {
	.name = "SmtpServer",
	.handle_accepted = server_accepted,
};

static void
die(const char *what, const char *why)
{
	fprintf(stderr, "smtp_sink: %s: %s\n", what, why);
	exit(EXIT_FAILURE);
}

static void
check(const char *what, int result)
{
	if (result < 0)
		die(what, asyncore_strerror(result));
}

/* At most `most`; dies with `why` if it is none. */
static size_t
number(const char *text, size_t most, const char *what, const char *why)
{
	char *end;
	unsigned long long n;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || n > most)
		die(what, why);
	return (size_t)n;
}

/* "host:port", where an IPv6 address is in brackets; changes it. */
static struct addrinfo *
look_up(char *place)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
	    .ai_flags = AI_PASSIVE | AI_NUMERICSERV }, *found;
	char *name = place, *port = strrchr(place, ':');
	int err;

	(void)number(port ? port + 1 : "", 65535, place, "not host:port");
	*port++ = '\0';
	if (*name == '[' && port[-2] == ']') {
		name++;
		port[-2] = '\0';
	}
	err = getaddrinfo(*name ? name : NULL, port, &hints, &found);
	if (err != 0)
		die(name, gai_strerror(err));
	return found;
}

static void
print_port(int fd)
{
	struct sockaddr_storage addr;
	socklen_t len = sizeof addr;
	char port[8];
	int err = getsockname(fd, (struct sockaddr *)&addr, &len);

	check("getsockname", err == 0 ? 0 : -errno);
	err = getnameinfo((struct sockaddr *)&addr, len, NULL, 0, port,
	    sizeof port, NI_NUMERICSERV);
	if (err != 0)
		die("getnameinfo", gai_strerror(err));
	check("stdout", puts(port) >= 0 && fflush(stdout) == 0 ? 0 : -errno);
}

static void
start_server(char *place)
{
	struct addrinfo *a = look_up(place);
	struct asyncore_dispatcher *d = asyncore_new(&server_class, NULL);

	check("server", d ? 0 : -errno);
	check("socket", asyncore_create_socket(d, a->ai_family,
	    a->ai_socktype));
	check("reuse_addr", asyncore_set_reuse_addr(d));
	check("bind", asyncore_bind(d, a->ai_addr, a->ai_addrlen));
	check("listen", asyncore_listen(d, 128));
	print_port(asyncore_fileno(d));
	asyncore_unref(d);
	freeaddrinfo(a);
}

/* ---- The program --------------------------------------------------------- */

static void
usage(bool asked)
{
	fputs("usage: smtp_sink [-u] [-s bytes] (-m mbox | -d maildir) "
	    "[host:port]\n", asked ? stdout : stderr);
	exit(asked ? EXIT_SUCCESS : 2);
}

static void
read_options(int argc, char **argv)
{
	const char *mbox = NULL, *maildir = NULL;
	int c;

	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		usage(true);
	opterr = 0;
	while ((c = getopt(argc, argv, "d:hm:s:u")) != -1)
		switch (c) {
		case 'd':
			maildir = optarg;
			break;
		case 'h':
			usage(true);
			break;
		case 'm':
			mbox = optarg;
			break;
		case 's':
			server.size_limit = number(optarg, SIZE_MAX / 2, optarg,
			    "not a number of bytes");
			break;
		case 'u':
			server.smtputf8 = true;
			break;
		default:
			usage(false);
		}
	if (!mbox == !maildir || argc - optind > 1)
		usage(false);
	if (mbox)
		check(mbox, smtp_store_mbox(mbox));
	else
		check(maildir, smtp_store_maildir(maildir, host));
}

static void
on_signal(evutil_socket_t sig, short what, void *arg)
{
	(void)sig, (void)what, (void)arg;
	asyncore_stop(NULL);
}

int
main(int argc, char **argv)
{
	char standard[] = "127.0.0.1:8025";
	struct event *ends[2];
	int err, i;

	gethostname(host, sizeof host - 1);
	read_options(argc, argv);
	for (i = 0; i < 2; i++) {
		ends[i] = evsignal_new(asyncore_map_base(NULL),
		    i == 0 ? SIGINT : SIGTERM, on_signal, NULL);
		if (!ends[i] || event_add(ends[i], NULL) != 0)
			die("signals", "cannot be caught");
	}
	start_server(optind < argc ? argv[optind] : standard);
	err = asyncore_loop(30.0, false, NULL, -1);
	asyncore_close_all(NULL, true);
	event_free(ends[0]);
	event_free(ends[1]);
	asyncore_map_free(asyncore_socket_map());
	check("loop", err);
	return EXIT_SUCCESS;
}
