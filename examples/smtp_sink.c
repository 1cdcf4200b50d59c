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
 *	cc smtp_sink.c smtp_session.c smtp_commands.c smtp_syntax.c \
 *	    -o smtp_sink $(pkg-config --cflags --libs libasyncore libevent_core)
 */
#define _POSIX_C_SOURCE 200809L
#include "smtp_session.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char *mbox, *maildir;
static char host[256] = "localhost";

/* ---- Keeping a message --------------------------------------------------- */

static int
write_all(struct evbuffer *out, int fd)
{
	while (evbuffer_get_length(out) > 0)
		if (evbuffer_write(out, fd) < 0 && errno != EINTR)
			return -errno;
	return 0;
}

/* What cannot be written whole is taken away again. */
static int
append_to_mbox(struct evbuffer *out)
{
	const int fd = open(mbox, O_WRONLY | O_APPEND | O_CREAT, 0600);
	const off_t end = fd >= 0 ? lseek(fd, 0, SEEK_END) : -1;
	int err = end >= 0 ? write_all(out, fd) : -errno;

	if (end >= 0 && err < 0 && ftruncate(fd, end) != 0)
		err = -errno;
	if (fd >= 0 && close(fd) != 0)
		err = -errno;
	return err;
}

static int
move_into_maildir(struct evbuffer *out)
{
	static unsigned long n;
	char tmp[PATH_MAX], new[PATH_MAX], name[400];
	int fd, err;

	snprintf(name, sizeof name, "%ld.P%ldQ%lu.%s", (long)time(NULL),
	    (long)getpid(), ++n, host);
	if (snprintf(tmp, sizeof tmp, "%s/tmp/%s", maildir, name) >= PATH_MAX ||
	    snprintf(new, sizeof new, "%s/new/%s", maildir, name) >= PATH_MAX)
		return -ENAMETOOLONG;
	fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd < 0)
		return -errno;
	err = write_all(out, fd);
	if (close(fd) != 0 || err < 0 || rename(tmp, new) != 0) {
		err = err < 0 ? err : -errno;
		unlink(tmp);
	}
	return err;
}

static int
add_envelope(struct evbuffer *out, const char *from, struct evbuffer *rcpts)
{
	const time_t now = time(NULL);
	char date[32], *rcpt;
	int ok = 1;

	strftime(date, sizeof date, "%a %b %e %H:%M:%S %Y", gmtime(&now));
	if (mbox)
		ok = evbuffer_add_printf(out, "From %s %s\n",
		    *from != '\0' ? from : "MAILER-DAEMON", date);
	if (ok > 0)
		ok = evbuffer_add_printf(out, "Return-Path: <%s>\n", from);
	while (ok > 0 && (rcpt = evbuffer_readln(rcpts, NULL,
	    EVBUFFER_EOL_LF)) != NULL) {
		ok = evbuffer_add_printf(out, "Delivered-To: %s\n", rcpt);
		free(rcpt);
	}
	return ok > 0 ? 0 : -ENOMEM;
}

static bool
is_from_line(const char *line, const char *end)
{
	while (line < end && *line == '>')
		line++;
	return end - line >= 5 && memcmp(line, "From ", 5) == 0;
}

/* Every line ends in '\n'. */
static int
add_quoted(struct evbuffer *out, struct evbuffer *data)
{
	const size_t len = evbuffer_get_length(data);
	const char *line = len > 0 ? (char *)evbuffer_pullup(data, -1) : "";
	const char *end, *next;

	if (!line)
		return -ENOMEM;
	for (end = line + len; line < end; line = next) {
		next = memchr(line, '\n', (size_t)(end - line));
		next = next ? next + 1 : end;
		if ((is_from_line(line, next) &&
		    evbuffer_add(out, ">", 1) != 0) ||
		    evbuffer_add(out, line, (size_t)(next - line)) != 0)
			return -ENOMEM;
	}
	return evbuffer_add(out, "\n", 1) == 0 ? 0 : -ENOMEM;
}

static int
keep(const char *from, struct evbuffer *rcpts, struct evbuffer *data)
{
	struct evbuffer *out = evbuffer_new();
	int err = out ? add_envelope(out, from, rcpts) : -ENOMEM;

	if (err == 0 && mbox)
		err = add_quoted(out, data);
	else if (err == 0)
		err = evbuffer_add_buffer(out, data) == 0 ? 0 : -ENOMEM;
	if (err == 0)
		err = mbox ? append_to_mbox(out) : move_into_maildir(out);
	if (err < 0)
		fprintf(stderr, "smtp_sink: %s: %s\n", mbox ? mbox : maildir,
		    strerror(-err));
	if (out)
		evbuffer_free(out);
	return err;
}

/* ---- The server ---------------------------------------------------------- */

static struct smtp_server server = {
	.host = host,
	.size_limit = 33554432,
	.process_message = keep,
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
		die(what, strerror(-result));
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
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} addr;
	socklen_t len = sizeof addr;

	check("getsockname", getsockname(fd, &addr.sa, &len) == 0 ? 0 : -errno);
	printf("%d\n", ntohs(addr.sa.sa_family == AF_INET6 ?
	    addr.in6.sin6_port : addr.in.sin_port));
	check("stdout", fflush(stdout) == 0 ? 0 : -errno);
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

static void
make_maildir(void)
{
	static const char *const parts[] = { "", "/tmp", "/new", "/cur" };
	char path[PATH_MAX];
	size_t i;

	for (i = 0; i < 4; i++) {
		snprintf(path, sizeof path, "%s%s", maildir, parts[i]);
		if (mkdir(path, 0700) != 0 && errno != EEXIST)
			check(path, -errno);
	}
}

static void
make_mbox(void)
{
	const int fd = open(mbox, O_WRONLY | O_APPEND | O_CREAT, 0600);

	check(mbox, fd < 0 ? -errno : close(fd));
}

/* ---- The program --------------------------------------------------------- */

static void
usage(void)
{
	fputs("usage: smtp_sink [-u] [-s bytes] (-m mbox | -d maildir) "
	    "[host:port]\n", stderr);
	exit(2);
}

static void
read_options(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "d:m:s:u")) != -1)
		switch (c) {
		case 'd':
			maildir = optarg;
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
			usage();
		}
	if (!mbox == !maildir || argc - optind > 1)
		usage();
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

	read_options(argc, argv);
	gethostname(host, sizeof host - 1);
	if (maildir)
		make_maildir();
	else
		make_mbox();
	signal(SIGPIPE, SIG_IGN);	/* of whoever reads our stdout */
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
