/* subclass.c - subclass.py in C: state, and the base's methods. */
#include <asyncore.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

struct counter {
	size_t seen;
};

static int
counter_read(struct asyncore_dispatcher *d)
{
	struct counter *self = asyncore_self(d);
	char buf[8192];
	ssize_t n = asyncore_recv(d, buf, sizeof buf);

	if (n > 0)
		self->seen += (size_t)n;
	return n < 0 ? (int)n : 0;
}

static int
counter_close(struct asyncore_dispatcher *d)
{
	struct counter *self = asyncore_self(d);

	printf("closed after %zu\n", self->seen);
	return asyncore_dispatcher_class.handle_close(d);
}

static const struct asyncore_class counter = {
	.name = "Counter",
	.instance_size = sizeof(struct counter),
	.writable = asyncore_never,
	.handle_read = counter_read,
	.handle_close = counter_close,
};

struct loud {
	struct counter counter;	/* the base's state comes first */
	const char *name;
};

static int
loud_read(struct asyncore_dispatcher *d)
{
	struct loud *self = asyncore_self(d);
	int err = counter.handle_read(d);	/* super() */

	printf("%s has %zu\n", self->name, self->counter.seen);
	return err;
}

static const struct asyncore_class loud = {
	.name = "Loud",
	.base = &counter,
	.instance_size = sizeof(struct loud),
	.handle_read = loud_read,
};

/* __init__(): no hook has run before it returns. */
static int
loud_spawn(int fd, const char *name)
{
	struct asyncore_dispatcher *d = asyncore_spawn(&loud, fd, NULL);

	if (d == NULL)
		return -errno;
	((struct loud *)asyncore_self(d))->name = name;
	return 0;
}

int
main(void)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0 ||
	    loud_spawn(fds[0], "Polly") < 0 || write(fds[1], "12345", 5) != 5 ||
	    asyncore_loop(30, false, NULL, 1) < 0)
		return 1;
	close(fds[1]);
	return asyncore_loop(30, false, NULL, -1) < 0;
}
