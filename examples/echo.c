/*
 * echo.c - an echo server and its client, in one process and one loop.
 *
 * The client sends a file (lorem.txt, or the one named; at most 1 MiB) in
 * pieces of 512 bytes.  The server accepts it and closes itself; the handler
 * that it leaves behind returns what comes, in pieces of 256.  Hooks and
 * writable() are traced on stderr.  The exit status is 0 if the client got back
 * what it sent.
 *
 *	cc echo.c -o echo $(pkg-config --cflags --libs libasyncore)
 */
#define _POSIX_C_SOURCE 200809L
#include <asyncore.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct text {
	size_t len;
	char bytes[(1 << 20) + 1];	/* never full: there is room to recv */
};

static struct text message, echoed, copy;
static int port;

static int
check(const char *what, int result)
{
	if (result >= 0)
		return result;
	fprintf(stderr, "echo: %s: %s\n", what, asyncore_strerror(result));
	exit(EXIT_FAILURE);
}

/* ---- Echo: what EchoHandler and EchoClient have in common --------------- */

struct echo {
	char name[48];
	size_t chunk_size, sent;
	const struct text *out;
	struct text *in;
};

static size_t
smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void
trace(const struct echo *self, const char *hook, const char *data, ssize_t n)
{
	fprintf(stderr, "%s: %s() -> (%zd) \"", self->name, hook, n);
	fwrite(data, 1, (size_t)n, stderr);
	fputs("\"\n", stderr);
}

static bool
echo_writable(struct asyncore_dispatcher *d)
{
	const struct echo *self = asyncore_self(d);
	bool answer = self->sent < self->out->len;

	fprintf(stderr, "%s: writable() -> %s\n", self->name,
	    answer ? "True" : "False");
	return answer;
}

static int
echo_write(struct asyncore_dispatcher *d)
{
	struct echo *self = asyncore_self(d);
	const char *data = self->out->bytes + self->sent;
	size_t rest = self->out->len - self->sent;
	ssize_t n = asyncore_send(d, data, smaller(rest, self->chunk_size));

	if (n < 0)
		return (int)n;
	trace(self, "handle_write", data, n);
	self->sent += (size_t)n;
	return 0;
}

static int
echo_read(struct asyncore_dispatcher *d)
{
	const struct echo *self = asyncore_self(d);
	char *data = self->in->bytes + self->in->len;
	size_t room = sizeof self->in->bytes - self->in->len;
	ssize_t n = asyncore_recv(d, data, smaller(room, self->chunk_size));

	if (n < 0)
		return (int)n;
	trace(self, "handle_read", data, n);
	self->in->len += (size_t)n;
	return 0;
}

static int
echo_close(struct asyncore_dispatcher *d)
{
	const struct echo *self = asyncore_self(d);

	fprintf(stderr, "%s: handle_close()\n", self->name);
	return asyncore_close(d);
}

static const struct asyncore_class echo_class = {
	.name = "Echo",
	.instance_size = sizeof(struct echo),
	.writable = echo_writable,
	.handle_read = echo_read,
	.handle_write = echo_write,
	.handle_close = echo_close,
};

/* ---- EchoHandler: done when it has nothing more to return --------------- */

static int
handler_write(struct asyncore_dispatcher *d)
{
	int r = echo_class.handle_write(d);

	return r < 0 || asyncore_writable(d) ? r : asyncore_handle_close(d);
}

static const struct asyncore_class handler_class = {
	.name = "EchoHandler",
	.base = &echo_class,
	.handle_write = handler_write,
};

/* ---- EchoServer: for one client, so it closes when it has a handler ----- */

static int
server_accept(struct asyncore_dispatcher *d)
{
	struct sockaddr_in peer;
	socklen_t len = sizeof peer;
	struct asyncore_dispatcher *child;
	struct echo *handler;
	int fd = asyncore_accept(d, (struct sockaddr *)&peer, &len);

	if (fd < 0)
		return fd;
	fprintf(stderr, "EchoServer: handle_accept() -> ('127.0.0.1', %d)\n",
	    ntohs(peer.sin_port));
	child = asyncore_spawn(&handler_class, fd, NULL);
	if (!child)
		return -errno;
	handler = asyncore_self(child);
	snprintf(handler->name, sizeof handler->name,
	    "EchoHandler('127.0.0.1', %d)", port);
	handler->chunk_size = 256;
	handler->out = handler->in = &echoed;
	return asyncore_handle_close(d);
}

static int
server_close(struct asyncore_dispatcher *d)
{
	fputs("EchoServer: handle_close()\n", stderr);
	return asyncore_close(d);
}

static const struct asyncore_class server_class = {
	.name = "EchoServer",
	.handle_accept = server_accept,
	.handle_close = server_close,
};

/* ---- EchoClient: compares when the connection is gone ------------------- */

static bool
is_copy(void)
{
	return copy.len == message.len &&
	    memcmp(copy.bytes, message.bytes, copy.len) == 0;
}

static int
client_connect(struct asyncore_dispatcher *d)
{
	(void)d;
	fputs("EchoClient: handle_connect()\n", stderr);
	return 0;
}

static int
client_close(struct asyncore_dispatcher *d)
{
	int r = echo_class.handle_close(d);

	if (is_copy())
		fputs("EchoClient: RECEIVED COPY OF MESSAGE\n", stderr);
	else
		fprintf(stderr, "EchoClient: ERROR IN TRANSMISSION\n"
		    "EchoClient: EXPECTED \"%.*s\"\n"
		    "EchoClient: RECEIVED \"%.*s\"\n", (int)message.len,
		    message.bytes, (int)copy.len, copy.bytes);
	return r;
}

static const struct asyncore_class client_class = {
	.name = "EchoClient",
	.base = &echo_class,
	.handle_connect = client_connect,
	.handle_close = client_close,
};

/* ---- The program -------------------------------------------------------- */

static void
read_message(const char *path)
{
	FILE *file = fopen(path, "r");

	check(path, file ? 0 : -errno);
	message.len = fread(message.bytes, 1, sizeof message.bytes, file);
	check(path, ferror(file) ? -errno : 0);
	check(path, message.len < sizeof message.bytes ? 0 : -EFBIG);
	fclose(file);
	if (message.len == 0) {
		fprintf(stderr, "echo: %s: there is nothing to send\n", path);
		exit(EXIT_FAILURE);
	}
}

static struct asyncore_dispatcher *
new_server(struct sockaddr_in *address)
{
	struct asyncore_dispatcher *d = asyncore_new(&server_class, NULL);
	struct sockaddr *sa = (struct sockaddr *)address;
	socklen_t len = sizeof *address;

	check("EchoServer", d ? 0 : -errno);
	check("socket", asyncore_create_socket(d, AF_INET, SOCK_STREAM));
	check("bind", asyncore_bind(d, sa, len));
	check("getsockname", getsockname(asyncore_fileno(d), sa, &len));
	port = ntohs(address->sin_port);
	fprintf(stderr, "EchoServer: binding to ('127.0.0.1', %d)\n", port);
	check("listen", asyncore_listen(d, 1));
	return d;
}

static struct asyncore_dispatcher *
new_client(const struct sockaddr_in *address)
{
	struct asyncore_dispatcher *d = asyncore_new(&client_class, NULL);
	const struct sockaddr *sa = (const struct sockaddr *)address;
	struct echo *self = asyncore_self(d);

	check("EchoClient", d ? 0 : -errno);
	*self = (struct echo){ "EchoClient", 512, 0, &message, &copy };
	check("socket", asyncore_create_socket(d, AF_INET, SOCK_STREAM));
	fprintf(stderr, "EchoClient: connecting to ('127.0.0.1', %d)\n", port);
	check("connect", asyncore_connect(d, sa, sizeof *address));
	return d;
}

/* 0 where it was asked for, 2 where the arguments are wrong. */
static int
usage(const char *argument)
{
	bool asked = strcmp(argument, "-h") == 0 ||
	    strcmp(argument, "--help") == 0;

	fputs("usage: echo [file]\n", asked ? stdout : stderr);
	return asked ? EXIT_SUCCESS : 2;
}

int
main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	struct asyncore_dispatcher *server, *client;

	if (argc > 2 || (argc == 2 && argv[1][0] == '-'))
		return usage(argv[1]);
	read_message(argc > 1 ? argv[1] : "lorem.txt");
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	server = new_server(&address);
	client = new_client(&address);
	check("loop", asyncore_loop(30.0, false, NULL, -1));
	asyncore_unref(server);
	asyncore_unref(client);
	return is_copy() ? EXIT_SUCCESS : EXIT_FAILURE;
}
