/*
 * step_loop.c - a loop of one's own that steps asyncore's.
 *
 * A program that has another main loop, such as that of a user interface, can
 * call asyncore_loop() for one pass at a time.  Here the other loop counts its
 * rounds and fetches the URLs that are its arguments.
 *
 *	cc step_loop.c -o step_loop \
 *	    $(pkg-config --cflags --libs libasyncore libevent_core)
 */
#define _POSIX_C_SOURCE 200809L
#include "http_client.h"

/* 0 where it was asked for, 2 where the arguments are wrong. */
static int
usage(const char *argument)
{
	bool asked = strcmp(argument, "-h") == 0 ||
	    strcmp(argument, "--help") == 0;

	fputs("usage: step_loop URL ...\n", asked ? stdout : stderr);
	return asked ? EXIT_SUCCESS : 2;
}

int
main(int argc, char **argv)
{
	struct asyncore_dispatcher **clients;
	const struct http_client *client;
	int status = EXIT_SUCCESS, counter = 0, i, r = 0;

	if (argc < 2 || argv[1][0] == '-')
		return usage(argc < 2 ? "" : argv[1]);
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): these are pointers */
	clients = calloc((size_t)argc, sizeof *clients);
	if (!clients) {
		fprintf(stderr, "step_loop: %s\n", strerror(errno));
		return EXIT_FAILURE;
	}
	for (i = 1; i < argc; i++)
		clients[i] = http_client_new(argv[i]);
	while (r == 0 && asyncore_map_len(NULL) > 0) {
		fprintf(stderr, "root: loop_counter=%d\n", ++counter);
		r = asyncore_loop(1.0, false, NULL, 1);
	}
	if (r < 0)
		fprintf(stderr, "step_loop: %s\n", asyncore_strerror(r));
	for (i = 1; i < argc; i++) {
		client = clients[i] ? asyncore_self(clients[i]) : NULL;
		if (r < 0 || !client || client->failed)
			status = EXIT_FAILURE;
		asyncore_unref(clients[i]);
	}
	free(clients);
	return status;
}
