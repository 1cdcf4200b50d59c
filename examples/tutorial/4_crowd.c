/*
 * 4_crowd.c - an echo server for many clients, each of which has a buffer of
 * 4096 bytes and no more.  Ctrl-C ends it, and it says what it has done.
 */
#include <asyncore.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

struct echo {
	char buf[4096];
	size_t len;
	bool ended;		/* the peer has finished sending */
};

static bool
echo_readable(struct asyncore_dispatcher *d)
{
	const struct echo *self = asyncore_self(d);

	return self->len < sizeof self->buf;
}

static bool
echo_writable(struct asyncore_dispatcher *d)
{
	const struct echo *self = asyncore_self(d);

	return self->len > 0;
}

static int
echo_read(struct asyncore_dispatcher *d)
{
	struct echo *self = asyncore_self(d);
	ssize_t n = asyncore_recv(d, self->buf + self->len,
	    sizeof self->buf - self->len);

	if (n > 0)
		self->len += (size_t)n;
	return n < 0 ? (int)n : 0;
}

static int
echo_eof(struct asyncore_dispatcher *d)
{
	struct echo *self = asyncore_self(d);

	self->ended = true;
	return self->len == 0 ? asyncore_handle_close(d) : 0;
}

static int
echo_write(struct asyncore_dispatcher *d)
{
	struct echo *self = asyncore_self(d);
	ssize_t n = asyncore_send(d, self->buf, self->len);

	if (n < 0)
		return (int)n;
	self->len -= (size_t)n;
	memmove(self->buf, self->buf + n, self->len);
	return self->ended && self->len == 0 ? asyncore_handle_close(d) : 0;
}

static const struct asyncore_class echo = {
	.name = "Echo",
	.instance_size = sizeof(struct echo),
	.flags = ASYNCORE_ASK_ON_CHANGE,
	.readable = echo_readable,
	.writable = echo_writable,
	.handle_read = echo_read,
	.handle_eof = echo_eof,
	.handle_write = echo_write,
};

static int
server_accepted(struct asyncore_dispatcher *d, int fd,
    const struct sockaddr *addr, socklen_t addrlen)
{
	(void)d, (void)addr, (void)addrlen;
	return asyncore_spawn(&echo, fd, NULL) ? 0 : -errno;
}

static const struct asyncore_class server = {
	.name = "Server",
	.handle_accepted = server_accepted,
};

int
main(int argc, char **argv)
{
	struct asyncore_dispatcher *d = asyncore_new(&server, NULL);
	const char *port = argc > 1 ? argv[1] : "8007";
	struct asyncore_stats stats;
	int err;

	if ((err = asyncore_bind_hostname(d, AF_INET, "127.0.0.1", port)) == 0 &&
	    (err = asyncore_listen(d, 128)) == 0 &&
	    (err = asyncore_interrupt_on(NULL, SIGINT)) == 0)
		err = asyncore_loop(30, false, NULL, -1);
	fprintf(stderr, "4_crowd: %s\n", asyncore_strerror(err));
	if (asyncore_map_get_stats(NULL, &stats, sizeof stats) == 0)
		printf("%llu connections, %llu bytes in, %llu bytes out\n",
		    stats.handle_accepted, stats.bytes_in, stats.bytes_out);
	asyncore_unref(d);
	asyncore_close_all(NULL, true);
	asyncore_map_free(asyncore_socket_map());
	return err == ASYNCORE_KEYBOARD_INTERRUPT ? 0 : 1;
}
