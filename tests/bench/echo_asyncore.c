/*
 * echo_asyncore.c - the echo server on this library, in asyncore's natural
 * pattern: handle_read() buffers, writable() says whether anything is buffered,
 * handle_write() sends.
 *
 * With the argument "asked" its class does not say ASYNCORE_ASK_ON_CHANGE, so
 * that its predicates are asked for every connection in every pass.
 */
#include "bench.h"

#include <asyncore.h>
#include <errno.h>
#include <string.h>

static bool
echo_readable(struct asyncore_dispatcher *d)
{
	const struct rest *self = asyncore_self(d);

	return rest_len(self) < CHUNK;
}

static bool
echo_writable(struct asyncore_dispatcher *d)
{
	const struct rest *self = asyncore_self(d);

	return rest_len(self) > 0;
}

static int
echo_read(struct asyncore_dispatcher *d)
{
	ssize_t n = asyncore_recv(d, scratch, sizeof scratch);

	if (n > 0)
		rest_add(asyncore_self(d), scratch, (size_t)n);
	return n < 0 ? (int)n : 0;
}

static int
echo_write(struct asyncore_dispatcher *d)
{
	struct rest *self = asyncore_self(d);
	ssize_t n = asyncore_send(d, self->data + self->start, rest_len(self));

	if (n > 0)
		rest_sent(self, (size_t)n);
	return n < 0 ? (int)n : 0;
}

static void
echo_finalize(struct asyncore_dispatcher *d)
{
	rest_free(asyncore_self(d));
}

#define ECHO_CLASS(when)						\
	{								\
		.name = "Echo",						\
		.instance_size = sizeof(struct rest),			\
		.flags = when,						\
		.readable = echo_readable,				\
		.writable = echo_writable,				\
		.handle_read = echo_read,				\
		.handle_write = echo_write,				\
		.finalize = echo_finalize,				\
	}

static const struct asyncore_class asked_class = ECHO_CLASS(0);
static const struct asyncore_class on_change_class =
	ECHO_CLASS(ASYNCORE_ASK_ON_CHANGE);
static const struct asyncore_class *echo_class = &on_change_class;

static int
server_accepted(struct asyncore_dispatcher *d, int fd,
    const struct sockaddr *addr, socklen_t addrlen)
{
	(void)addr, (void)addrlen;
	return asyncore_spawn(echo_class, fd, asyncore_map_of(d)) ? 0 : -errno;
}

static const struct asyncore_class server_class = {
	.name = "Server",
	.handle_accepted = server_accepted,
};

int
main(int argc, char **argv)
{
	struct asyncore_dispatcher *d;

	if (argc > 1 && strcmp(argv[1], "asked") == 0)
		echo_class = &asked_class;
	d = asyncore_spawn(&server_class, listen_on_loopback(), NULL);
	if (!d || asyncore_listen(d, BACKLOG) < 0)
		die("asyncore_listen");
	return asyncore_loop(-1, false, NULL, -1);
}
