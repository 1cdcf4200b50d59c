/* file.c - file.py in C: a file, a pipe or a terminal in the loop. */
#include <asyncore.h>
#include <stdio.h>
#include <unistd.h>

static int
pipe_read(struct asyncore_dispatcher *d)
{
	char buf[8192];
	ssize_t n = asyncore_recv(d, buf, sizeof buf);

	if (n > 0)
		printf("read %.*s\n", (int)n, buf);
	return n < 0 ? (int)n : 0;
}

static int
pipe_close(struct asyncore_dispatcher *d)
{
	puts("end of file");
	return asyncore_close(d);
}

static const struct asyncore_class pipe_class = {
	.name = "Pipe",
	.base = &asyncore_file_dispatcher_class,
	.writable = asyncore_never,
	.handle_read = pipe_read,
	.handle_close = pipe_close,
};

int
main(void)
{
	struct asyncore_dispatcher *d;
	int fds[2];

	if (pipe(fds) < 0 ||
	    (d = asyncore_new_file(&pipe_class, fds[0], NULL)) == NULL)
		return 1;
	asyncore_unref(d);	/* the map holds it */
	close(fds[0]);		/* it has a duplicate, as in Python */
	if (write(fds[1], "some words", 10) != 10)
		return 1;
	close(fds[1]);
	return asyncore_loop(30, false, NULL, -1) < 0;
}
