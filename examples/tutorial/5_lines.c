/*
 * 5_lines.c - a server that adds up: "add 5", "sum", "quit".  Ctrl-C ends it.
 */
#include <asynchat.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

struct adder {
	long sum;
};

static int
say(struct asyncore_dispatcher *d, const char *text)
{
	return asynchat_push(d, text, strlen(text));
}

static int
adder_line(struct asyncore_dispatcher *d)
{
	struct adder *self = asyncore_self(d);
	size_t len;
	const char *data = asynchat_get_data(d, &len);
	char line[80], answer[40];
	long n;

	if (data == NULL)
		return -ENOMEM;
	snprintf(line, sizeof line, "%.*s", (int)len, data);
	if (sscanf(line, "add %9ld", &n) == 1) {
		self->sum += n;
		return say(d, "ok\n");
	}
	if (strcmp(line, "sum") == 0) {
		snprintf(answer, sizeof answer, "%ld\n", self->sum);
		return say(d, answer);
	}
	if (strcmp(line, "quit") != 0)
		return say(d, "what?\n");
	say(d, "bye\n");
	return asynchat_close_when_done(d);
}

static const struct asynchat_class adder = {
	.dispatcher = {
		.name = "Adder",
		.base = &asynchat_async_chat_class.dispatcher,
		.instance_size = sizeof(struct adder),
		.flags = ASYNCHAT_CLASS,
	},
	.collect_incoming_data = asynchat_collect,
	.found_terminator = adder_line,
};

static int
server_accepted(struct asyncore_dispatcher *d, int fd,
    const struct sockaddr *addr, socklen_t addrlen)
{
	(void)addr, (void)addrlen;
	d = asynchat_spawn(&adder, fd, asyncore_map_of(d));
	if (d == NULL)
		return -errno;
	asynchat_set_limit(d, 70);
	return asynchat_set_terminator(d, "\n", 1);
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
	int err;

	if ((err = asyncore_bind_hostname(d, AF_INET, "127.0.0.1", port)) == 0 &&
	    (err = asyncore_listen(d, 128)) == 0 &&
	    (err = asyncore_interrupt_on(NULL, SIGINT)) == 0)
		err = asyncore_loop(30, false, NULL, -1);
	fprintf(stderr, "5_lines: %s\n", asyncore_strerror(err));
	asyncore_unref(d);
	asyncore_close_all(NULL, true);
	asyncore_map_free(asyncore_socket_map());
	return err == ASYNCORE_KEYBOARD_INTERRUPT ? 0 : 1;
}
