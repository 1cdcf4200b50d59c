/* errors.c - errors.py in C: what a hook raises. */
#include <asyncore.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct adder {
	long sum;
};

static int
adder_read(struct asyncore_dispatcher *d)
{
	struct adder *self = asyncore_self(d);
	char text[101], *end;
	ssize_t n = asyncore_recv(d, text, sizeof text - 1);
	long number;

	if (n <= 0)
		return (int)n;		/* raise what recv() raised */
	text[n] = '\0';
	number = strtol(text, &end, 10);
	if (end == text || *end != '\0')
		return -EDOM;		/* raise ValueError */
	self->sum += number;
	printf("sum %ld\n", self->sum);
	return 0;
}

static int
adder_error(struct asyncore_dispatcher *d, int err)
{
	(void)d;
	printf("refused: %s\n", err == -EDOM ? "no number" :
	    asyncore_strerror(err));
	return 0;
}

static const struct asyncore_class adder = {
	.name = "Adder",
	.instance_size = sizeof(struct adder),
	.writable = asyncore_never,
	.handle_read = adder_read,
	.handle_error = adder_error,
};

int
main(void)
{
	static const char *const texts[] = { "5", "x", "7" };
	int fds[2], i;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0 ||
	    asyncore_spawn(&adder, fds[0], NULL) == NULL)
		return 1;
	for (i = 0; i < 3; i++)
		if (write(fds[1], texts[i], 1) != 1 ||
		    asyncore_loop(30, false, NULL, 1) < 0)
			return 1;
	return asyncore_close_all(NULL, false) < 0;
}
