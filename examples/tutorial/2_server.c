/*
 * 2_server.c - an echo server: one dispatcher listens, and each connection that
 * it accepts becomes a dispatcher of its own.  Ctrl-C ends it.
 */
#include <asyncore.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>

static int
echo_read(struct asyncore_dispatcher *d)
{
	char buf[4096];
	ssize_t n = asyncore_recv(d, buf, sizeof buf);

	if (n > 0)
		n = asyncore_send(d, buf, (size_t)n);
	return n < 0 ? (int)n : 0;
}

static const struct asyncore_class echo = {
	.name = "Echo",
	.base = &asyncore_dispatcher_with_send_class,
	.handle_read = echo_read,
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

static int
serve(struct asyncore_dispatcher *d, const char *port)
{
	struct sockaddr_in in;
	socklen_t len = sizeof in;
	int err;

	if ((err = asyncore_bind_hostname(d, AF_INET, "127.0.0.1", port)) < 0 ||
	    (err = asyncore_listen(d, 128)) < 0)
		return err;
	if (getsockname(asyncore_fileno(d), (struct sockaddr *)&in, &len) < 0)
		return -errno;
	printf("port %d\n", ntohs(in.sin_port));
	fflush(stdout);
	return 0;
}

int
main(int argc, char **argv)
{
	struct asyncore_dispatcher *d = asyncore_new(&server, NULL);
	int err = d == NULL ? -errno : 0;

	if (err == 0)
		err = serve(d, argc > 1 ? argv[1] : "8007");
	asyncore_unref(d);
	if (err == 0)
		err = asyncore_interrupt_on(NULL, SIGINT);
	if (err == 0)
		err = asyncore_loop(30, false, NULL, -1);
	fprintf(stderr, "2_server: %s\n", asyncore_strerror(err));
	asyncore_close_all(NULL, true);
	asyncore_map_free(asyncore_socket_map());
	return err == ASYNCORE_KEYBOARD_INTERRUPT ? 0 : 1;
}
