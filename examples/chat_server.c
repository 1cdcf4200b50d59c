/*
 * chat_server.c - a chat server: what one client says, all of them hear.  It
 * listens on 127.0.0.1 at the port that is named (0, or none: any), and prints
 * which one it is.  Clients speak in lines, as nc does: "/nick NAME" takes a
 * name, "/quit" leaves, and anything else is said.  A client that does not read
 * what is said is dropped.  Ctrl-C ends it well.
 *
 *	cc chat_server.c -o chat_server \
 *	    $(pkg-config --cflags --libs libasyncore)
 */
#define _POSIX_C_SOURCE 200809L
#include <asynchat.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT 500		/* of a line */
#define UNREAD (1 << 20)	/* what one may leave unread, in bytes */
#define NAME_SIZE 21		/* a client's state is its name */

/* The listener is in the map, too. */
static int
tell(struct asyncore_dispatcher *d, void *text)
{
	if (asyncore_accepting(d))
		return 0;
	if (asyncore_pending_output(d) > UNREAD)
		return asyncore_handle_close(d);
	return asynchat_push(d, text, strlen(text));
}

static int
tell_all(const char *format, ...)
{
	char text[LIMIT + 100];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	return asyncore_map_foreach(NULL, tell, text);
}

/* ---- A client ------------------------------------------------------------ */

static int
has_name(struct asyncore_dispatcher *d, void *name)
{
	return !asyncore_accepting(d) && strcmp(asyncore_self(d), name) == 0;
}

static int
take_name(struct asyncore_dispatcher *d, char *name)
{
	char *self = asyncore_self(d), old[NAME_SIZE];

	if (*name == '\0' || strlen(name) >= NAME_SIZE ||
	    strpbrk(name, " <>"))
		return tell(d, "! a name has 1 to 20 letters\r\n");
	if (asyncore_map_foreach(NULL, has_name, name))
		return tell(d, "! this name is taken\r\n");
	snprintf(old, sizeof old, "%s", self);
	snprintf(self, NAME_SIZE, "%s", name);
	return tell_all("* %s is now %s\r\n", old, self);
}

static int
client_found(struct asyncore_dispatcher *d)
{
	char line[LIMIT + 1] = "";
	size_t len;
	const char *data = asynchat_get_data(d, &len);

	if (!data)
		return -ENOMEM;
	memcpy(line, data, len);	/* it is within the limit */
	line[strcspn(line, "\r")] = '\0';
	if (strncmp(line, "/nick ", 6) == 0)
		return take_name(d, line + 6);
	if (strcmp(line, "/quit") == 0)
		return asyncore_handle_close(d);
	return tell_all("<%s> %s\r\n", (char *)asyncore_self(d), line);
}

static int
client_close(struct asyncore_dispatcher *d)
{
	asyncore_close(d);
	return tell_all("* %s has left\r\n", (char *)asyncore_self(d));
}

static const struct asynchat_class client_class = {
	.dispatcher = {
		.name = "Client",
		.base = &asynchat_async_chat_class.dispatcher,
		.instance_size = NAME_SIZE,
		.flags = ASYNCHAT_CLASS,
		.handle_close = client_close,
	},
	.collect_incoming_data = asynchat_collect,
	.found_terminator = client_found,
};

/* ---- The server ---------------------------------------------------------- */

static int
server_accepted(struct asyncore_dispatcher *server, int fd,
    const struct sockaddr *addr, socklen_t addrlen)
{
	static unsigned n_guests;
	struct asyncore_dispatcher *d;
	char name[NAME_SIZE];

	(void)server, (void)addr, (void)addrlen;
	do
		snprintf(name, sizeof name, "guest%u", ++n_guests);
	while (asyncore_map_foreach(NULL, has_name, name));
	d = asynchat_spawn(&client_class, fd, NULL);
	if (!d)
		return -errno;
	snprintf(asyncore_self(d), sizeof name, "%s", name);
	asynchat_set_terminator(d, "\n", 1);
	asynchat_set_limit(d, LIMIT);
	return tell_all("* %s has joined\r\n", name);
}

static const struct asyncore_class server_class = {
	.name = "Server",
	.handle_accepted = server_accepted,
};

/* 0 where it was asked for, 2 where the arguments are wrong. */
static int
usage(const char *argument)
{
	bool asked = strcmp(argument, "-h") == 0 ||
	    strcmp(argument, "--help") == 0;

	fputs("usage: chat_server [port]\n", asked ? stdout : stderr);
	return asked ? EXIT_SUCCESS : 2;
}

int
main(int argc, char **argv)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	struct sockaddr *sa = (struct sockaddr *)&addr;
	socklen_t len = sizeof addr;
	struct asyncore_dispatcher *d;
	char *end;
	unsigned long port = strtoul(argc > 1 ? argv[1] : "0", &end, 10);
	int err = -EINVAL;

	if (argc > 2 || (argc == 2 && argv[1][0] == '-'))
		return usage(argv[1]);
	d = asyncore_new(&server_class, NULL);
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	addr.sin_port = htons((in_port_t)port);
	if (*end == '\0' && port <= 65535 &&
	    (err = asyncore_create_socket(d, AF_INET, SOCK_STREAM)) == 0 &&
	    (err = asyncore_set_reuse_addr(d)) == 0 &&
	    (err = asyncore_bind(d, sa, len)) == 0 &&
	    (err = asyncore_listen(d, 128)) == 0 &&
	    getsockname(asyncore_fileno(d), sa, &len) == 0 &&
	    (err = asyncore_interrupt_on(NULL, SIGINT)) == 0 &&
	    printf("%d\n", ntohs(addr.sin_port)) > 0 && fflush(stdout) == 0)
		err = asyncore_loop(30, false, NULL, -1);
	if (err == ASYNCORE_KEYBOARD_INTERRUPT) {
		asyncore_unref(d);
		asyncore_close_all(NULL, true);
		return asyncore_map_free(asyncore_socket_map());
	}
	fprintf(stderr, "chat_server: %s: %s\n", argc > 1 ? argv[1] : "any port",
	    asyncore_strerror(err < 0 ? err : errno));
	asyncore_unref(d);
	return EXIT_FAILURE;
}
