/* wrapped.c - wrapped.py in C: what is not a socket, but behaves like one. */
#include <asyncore.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct scrambled {
	char out[100];
};

static ssize_t
scrambled_send(void *state, int fd, const void *buf, size_t len)
{
	struct scrambled *self = state;
	const char *data = buf;
	ssize_t n;
	size_t i;

	for (i = 0; i < len && i < sizeof self->out; i++)
		self->out[i] = data[i] ^ 1;
	n = write(fd, self->out, i);
	return n < 0 ? -errno : n;
}

static ssize_t
scrambled_recv(void *state, int fd, void *buf, size_t len)
{
	char *data = buf;
	ssize_t i, n = read(fd, buf, len);

	(void)state;
	for (i = 0; i < n; i++)
		data[i] ^= 1;
	return n < 0 ? -errno : n;
}

static int
scrambled_close(void *state, int fd)
{
	free(state);
	return close(fd) < 0 ? -errno : 0;
}

static const struct asyncore_transport scrambled = {
	.name = "scrambled",
	.send = scrambled_send,
	.recv = scrambled_recv,
	.close = scrambled_close,
};

static int
ear_read(struct asyncore_dispatcher *d)
{
	char buf[100];
	ssize_t i, n = asyncore_recv(d, buf, sizeof buf);

	if (n <= 0)
		return (int)n;
	printf("heard %.*s\n", (int)n, buf);
	for (i = 0; i < n; i++)
		buf[i] = (char)toupper((unsigned char)buf[i]);
	n = asyncore_send(d, buf, (size_t)n);
	return n < 0 ? (int)n : 0;
}

static const struct asyncore_class ear = {
	.name = "Ear",
	.writable = asyncore_never,
	.handle_read = ear_read,
};

int
main(void)
{
	struct asyncore_dispatcher *d;
	struct scrambled *state = calloc(1, sizeof *state);
	char buf[100];
	int fds[2];
	ssize_t n;

	/* d has the descriptor already: only the transport is exchanged. */
	if (state == NULL || socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0 ||
	    (d = asyncore_spawn(&ear, fds[0], NULL)) == NULL ||
	    asyncore_set_transport(d, &scrambled, state, fds[0]) < 0)
		return 1;
	if (write(fds[1], "idmmn", 5) != 5 ||
	    asyncore_loop(30, false, NULL, 1) < 0)
		return 1;
	n = read(fds[1], buf, sizeof buf);
	printf("sent %.*s\n", n > 0 ? (int)n : 0, buf);
	return asyncore_close(d) < 0;
}
