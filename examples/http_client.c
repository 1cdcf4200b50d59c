/*
 * http_client.c - fetches several URLs at once, and says how long the answers
 * were.
 *
 *	http_client [-o file] URL ...
 *
 * With -o, the bodies of the answers are written to the file, one after the
 * other in the order of the URLs.  The exit status is 0 if every URL was
 * answered, be it with a 404, as curl's is; one that is not does not keep the
 * others from it.  It asks for the path, with a Host line, where the original
 * sent the whole URL.
 *
 *	cc http_client.c -o http_client \
 *	    $(pkg-config --cflags --libs libasyncore libevent_core)
 */
#define _POSIX_C_SOURCE 200809L
#include "http_client.h"
#include <fcntl.h>
#include <unistd.h>

static int status = EXIT_SUCCESS;

static void
complain(const char *what, const char *why)
{
	fprintf(stderr, "http_client: %s: %s\n", what, why);
	status = EXIT_FAILURE;
}

/* Leaves the body in `answer`; false: there is no header to take away. */
static bool
drop_header(struct evbuffer *answer)
{
	struct evbuffer_ptr end = evbuffer_search(answer, "\r\n\r\n", 4, NULL);

	return end.pos >= 0 && evbuffer_drain(answer, (size_t)end.pos + 4) == 0;
}

static void
report(const struct http_client *client, const char *output, int fd)
{
	struct evbuffer *answer = client->read_buffer;

	printf("%s got %zu bytes\n", client->url, evbuffer_get_length(answer));
	if (client->failed)
		status = EXIT_FAILURE;
	else if (fd >= 0 && !drop_header(answer))
		complain(client->url, "the answer has no header");
	else if (fd >= 0)
		while (evbuffer_get_length(answer) > 0)
			if (evbuffer_write(answer, fd) < 0) {
				complain(output, strerror(errno));
				return;
			}
}

static int
open_output(const char *output)
{
	int fd = open(output, O_WRONLY | O_CREAT | O_TRUNC, 0666);

	if (fd < 0) {
		complain(output, strerror(errno));
		exit(status);
	}
	return fd;
}

/* 0 where it was asked for, 2 where the arguments are wrong. */
static int
usage(const char *argument)
{
	bool asked = strcmp(argument, "-h") == 0 ||
	    strcmp(argument, "--help") == 0;

	fputs("usage: http_client [-o file] URL ...\n", asked ? stdout : stderr);
	return asked ? EXIT_SUCCESS : 2;
}

int
main(int argc, char **argv)
{
	struct asyncore_dispatcher **clients;
	const char *output = NULL;
	int fd = -1, i, r, c;

	opterr = 0;
	while ((c = getopt(argc, argv, "o:")) == 'o')
		output = optarg;
	if (c != -1 || optind == argc)
		return usage(argc < 2 ? "" : argv[1]);
	if (output)
		fd = open_output(output);
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): these are pointers */
	clients = calloc((size_t)argc, sizeof *clients);
	if (!clients) {
		complain("clients", strerror(errno));
		return status;
	}
	for (i = optind; i < argc; i++)
		clients[i] = http_client_new(argv[i]);
	fputs("root: LOOP STARTING\n", stderr);
	r = asyncore_loop(30.0, false, NULL, -1);
	fputs("root: LOOP DONE\n", stderr);
	if (r < 0)
		complain("loop", asyncore_strerror(r));
	for (i = optind; i < argc; i++) {
		if (clients[i])
			report(asyncore_self(clients[i]), output, fd);
		else
			status = EXIT_FAILURE;
		asyncore_unref(clients[i]);
	}
	if (fd >= 0 && close(fd) < 0)
		complain(output, strerror(errno));
	free(clients);
	return status;
}
