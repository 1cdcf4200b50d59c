/* reconnect.c - reconnect.py in C: a client that connects again. */
#include <asyncore.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <unistd.h>

static struct asyncore_dispatcher *server;

struct client {
	struct sockaddr_in address;
	int tries;
};

static int
client_again(struct asyncore_dispatcher *d, void *arg)
{
	struct client *self = asyncore_self(d);
	int err;

	(void)arg;
	self->tries++;
	err = asyncore_create_socket(d, AF_INET, SOCK_STREAM);
	if (err < 0)
		return err;
	return asyncore_connect(d, (struct sockaddr *)&self->address,
	    sizeof self->address);
}

static bool
client_writable(struct asyncore_dispatcher *d)
{
	return asyncore_connecting(d);
}

static int
client_connect(struct asyncore_dispatcher *d)
{
	struct client *self = asyncore_self(d);

	printf("connected, %d\n", self->tries);
	return 0;
}

static int
client_read(struct asyncore_dispatcher *d)
{
	char buf[100];
	ssize_t n = asyncore_recv(d, buf, sizeof buf);

	return n < 0 ? (int)n : 0;
}

static int
client_close(struct asyncore_dispatcher *d)
{
	struct client *self = asyncore_self(d);
	long long call;
	int err = asyncore_close(d);

	if (err < 0 || self->tries == 3)
		return asyncore_close(server);
	/* Not at once: that would be a busy loop where nobody listens. */
	call = asyncore_channel_call_later(d, 0.01, client_again, NULL);
	return call < 0 ? (int)call : 0;
}

static const struct asyncore_class client_class = {
	.name = "Client",
	.instance_size = sizeof(struct client),
	.writable = client_writable,
	.handle_connect = client_connect,
	.handle_read = client_read,
	.handle_close = client_close,
};

/* The default handle_accepted() closes what it gets. */
static const struct asyncore_class server_class = {
	.name = "Server",
};

static int
start(struct asyncore_dispatcher *d)
{
	struct client *self = asyncore_self(d);
	socklen_t len = sizeof self->address;
	int err;

	if ((err = asyncore_bind_hostname(server, AF_INET, "127.0.0.1",
	    NULL)) < 0 || (err = asyncore_listen(server, 5)) < 0)
		return err;
	if (getsockname(asyncore_fileno(server),
	    (struct sockaddr *)&self->address, &len) < 0)
		return -errno;
	return client_again(d, NULL);
}

int
main(void)
{
	struct asyncore_dispatcher *d = asyncore_new(&client_class, NULL);
	int err;

	server = asyncore_new(&server_class, NULL);
	if (d == NULL || server == NULL)
		return 1;
	err = start(d);
	if (err == 0)
		err = asyncore_loop(30, false, NULL, -1);
	puts(err == 0 ? "given up" : asyncore_strerror(err));
	asyncore_unref(server);
	asyncore_unref(d);	/* ours until here: when it is closed no map
				 * has it */
	return err < 0;
}
