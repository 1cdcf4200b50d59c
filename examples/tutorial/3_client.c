/*
 * 3_client.c - sends its standard input to an echo server, at most 1 MiB, and
 * prints what comes back until it has all.
 */
#include <asyncore.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

struct client {
	const char *out;	/* what is still to be sent */
	size_t out_len;
	size_t awaited;		/* how much is still to come back */
};

static bool
client_writable(struct asyncore_dispatcher *d)
{
	struct client *self = asyncore_self(d);

	return self->out_len > 0 || asyncore_connecting(d);
}

static int
client_connect(struct asyncore_dispatcher *d)
{
	(void)d;
	fputs("connected\n", stderr);
	return 0;
}

static int
client_write(struct asyncore_dispatcher *d)
{
	struct client *self = asyncore_self(d);
	ssize_t n = asyncore_send(d, self->out, self->out_len);

	if (n < 0)
		return (int)n;
	self->out += n;
	self->out_len -= (size_t)n;
	return 0;
}

static int
client_read(struct asyncore_dispatcher *d)
{
	struct client *self = asyncore_self(d);
	char buf[4096];
	ssize_t n = asyncore_recv(d, buf, sizeof buf);

	if (n <= 0)
		return (int)n;
	fwrite(buf, 1, (size_t)n, stdout);
	self->awaited -= (size_t)n;
	return self->awaited == 0 ? asyncore_handle_close(d) : 0;
}

static int
client_error(struct asyncore_dispatcher *d, int err)
{
	(void)d;
	fprintf(stderr, "3_client: %s\n", asyncore_strerror(err));
	return ASYNCORE_EXIT_NOW;
}

static const struct asyncore_class client = {
	.name = "Client",
	.instance_size = sizeof(struct client),
	.writable = client_writable,
	.handle_connect = client_connect,
	.handle_write = client_write,
	.handle_read = client_read,
	.handle_error = client_error,
};

int
main(int argc, char **argv)
{
	static char message[1 << 20];
	const size_t len = fread(message, 1, sizeof message, stdin);
	struct asyncore_dispatcher *d = asyncore_new(&client, NULL);
	struct client *self = asyncore_self(d);
	struct sockaddr_in in = {
		.sin_family = AF_INET,
		.sin_port = htons((in_port_t)atoi(argc > 1 ? argv[1] : "8007")),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int err;

	if (d == NULL || len == 0)
		return 1;
	*self = (struct client){ message, len, len };
	if ((err = asyncore_create_socket(d, AF_INET, SOCK_STREAM)) == 0)
		err = asyncore_connect(d, (struct sockaddr *)&in, sizeof in);
	if (err == 0)
		err = asyncore_loop(30, false, NULL, -1);
	if (err == 0 && self->awaited > 0)
		fputs("3_client: the server has gone\n", stderr);
	err = err < 0 || self->awaited > 0;
	asyncore_unref(d);
	return err;
}
