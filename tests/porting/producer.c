/* producer.c - producer.py in C: output that is made when it is wanted. */
#include <asynchat.h>
#include <errno.h>
#include <event2/buffer.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct countdown {
	struct asynchat_producer producer;	/* comes first */
	int n;
};

static int
countdown_more(struct asynchat_producer *producer, struct evbuffer *out)
{
	struct countdown *self = (struct countdown *)producer;

	if (self->n == 0)
		return 0;	/* it has added nothing: that is all */
	self->n--;
	return evbuffer_add_printf(out, "%d\n", self->n) < 0 ? -ENOMEM : 0;
}

static void
countdown_free(struct asynchat_producer *producer)
{
	free(producer);
}

static struct asynchat_producer *
countdown(int n)
{
	struct countdown *self = malloc(sizeof *self);

	if (self == NULL)
		return NULL;
	*self = (struct countdown){ { countdown_more, countdown_free }, n };
	return &self->producer;
}

static const struct asynchat_class chat = {
	.dispatcher = {
		.name = "Chat",
		.base = &asynchat_async_chat_class.dispatcher,
		.flags = ASYNCHAT_CLASS,
		.readable = asyncore_never,
	},
};

int
main(void)
{
	struct asyncore_dispatcher *d;
	char buf[100];
	int fds[2];
	ssize_t n;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0 ||
	    (d = asynchat_spawn(&chat, fds[0], NULL)) == NULL ||
	    asynchat_push_with_producer(d, countdown(3)) < 0 ||
	    asynchat_push(d, "lift off\n", 9) < 0 ||
	    asynchat_close_when_done(d) < 0 ||
	    asyncore_loop(30, false, NULL, -1) < 0)
		return 1;
	n = read(fds[1], buf, sizeof buf);
	fwrite(buf, 1, n > 0 ? (size_t)n : 0, stdout);
	return 0;
}
