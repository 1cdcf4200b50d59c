/*
 * file_reader.c - reads a file (lorem.txt, or the one named) in the loop.
 *
 * A file_dispatcher wraps a duplicate of the descriptor, so the program's own
 * is its own to close.  The loop ends when the reader has closed itself at the
 * end of the file.  Pipes and terminals work as well: file_reader /dev/stdin
 *
 *	cc file_reader.c -o file_reader \
 *	    $(pkg-config --cflags --libs libasyncore libevent_core)
 */
#define _POSIX_C_SOURCE 200809L
#include <asyncore.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *path = "lorem.txt";
static int status = EXIT_SUCCESS;

static void
complain(int err)
{
	fprintf(stderr, "file_reader: %s: %s\n", path, strerror(err));
	status = EXIT_FAILURE;
}

static int
reader_read(struct asyncore_dispatcher *d)
{
	char data[256];
	ssize_t n = asyncore_recv(d, data, sizeof data);

	if (n < 0)
		return (int)n;
	printf("READ: (%zd) \"", n);
	fwrite(data, 1, (size_t)n, stdout);
	puts("\"");
	return 0;
}

/* What looks like out-of-band data is of no interest in a file. */
static int
reader_expt(struct asyncore_dispatcher *d)
{
	(void)d;
	return 0;
}

static int
reader_error(struct asyncore_dispatcher *d, int err)
{
	complain(-err);
	return asyncore_handle_close(d);
}

static const struct asyncore_class reader_class = {
	.name = "FileReader",
	.base = &asyncore_file_dispatcher_class,
	.writable = asyncore_never,
	.handle_read = reader_read,
	.handle_expt = reader_expt,
	.handle_error = reader_error,
};

/* 0 where it was asked for, 2 where the arguments are wrong. */
static int
usage(const char *argument)
{
	bool asked = strcmp(argument, "-h") == 0 ||
	    strcmp(argument, "--help") == 0;

	fputs("usage: file_reader [file]\n", asked ? stdout : stderr);
	return asked ? EXIT_SUCCESS : 2;
}

int
main(int argc, char **argv)
{
	struct asyncore_dispatcher *reader;
	int fd, r;

	if (argc > 2 || (argc == 2 && argv[1][0] == '-'))
		return usage(argv[1]);
	if (argc == 2)
		path = argv[1];
	fd = open(path, O_RDONLY);
	if (fd < 0) {
		complain(errno);
		return status;
	}
	reader = asyncore_new_file(&reader_class, fd, NULL);
	if (!reader)
		complain(errno);
	close(fd);
	r = asyncore_loop(30.0, false, NULL, -1);
	if (r < 0)
		complain(-r);
	asyncore_unref(reader);
	return status;
}
