/*
 * chain_asyncore.c - the chain on this library.
 */
#include "chain.h"

#include <asyncore.h>

struct link {
	size_t i;
};

static int
link_read(struct asyncore_dispatcher *d)
{
	const struct link *self = asyncore_self(d);
	char byte;
	ssize_t n = asyncore_recv(d, &byte, 1);

	if (n == 1)
		chain_event(self->i);
	return n < 0 ? (int)n : 0;
}

static const struct asyncore_class link_class = {
	.name = "Link",
	.instance_size = sizeof(struct link),
	.writable = asyncore_never,
	.handle_read = link_read,
};

void
watch(size_t i, int fd)
{
	struct asyncore_dispatcher *d = asyncore_spawn(&link_class, fd, NULL);

	if (!d)
		die("asyncore_spawn");
	((struct link *)asyncore_self(d))->i = i;
}

void
turn(void)
{
	if (asyncore_loop(-1, false, NULL, 1) < 0)
		die("asyncore_loop");
}
