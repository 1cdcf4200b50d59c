/* outlist.c - outlist.py in C: an evbuffer in the place of a list. */
#include <asyncore.h>
#include <errno.h>
#include <event2/buffer.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct sender {
	struct evbuffer *out;
};

static int
say(struct asyncore_dispatcher *d, const char *text)
{
	struct sender *self = asyncore_self(d);

	if (evbuffer_add(self->out, text, strlen(text)) < 0)
		return -ENOMEM;
	asyncore_touch(d);	/* writable() has changed */
	return 0;
}

static bool
sender_writable(struct asyncore_dispatcher *d)
{
	struct sender *self = asyncore_self(d);

	return evbuffer_get_length(self->out) > 0;
}

static int
sender_write(struct asyncore_dispatcher *d)
{
	struct sender *self = asyncore_self(d);
	struct evbuffer_iovec first;
	ssize_t n;

	if (evbuffer_peek(self->out, -1, NULL, &first, 1) < 1)
		return 0;
	n = asyncore_send(d, first.iov_base, first.iov_len);
	if (n > 0)
		evbuffer_drain(self->out, (size_t)n);
	return n < 0 ? (int)n : 0;
}

static void
sender_finalize(struct asyncore_dispatcher *d)
{
	struct sender *self = asyncore_self(d);

	if (self->out != NULL)
		evbuffer_free(self->out);
}

static const struct asyncore_class sender = {
	.name = "Sender",
	.instance_size = sizeof(struct sender),
	.flags = ASYNCORE_ASK_ON_CHANGE,
	.readable = asyncore_never,
	.writable = sender_writable,
	.handle_write = sender_write,
	.finalize = sender_finalize,
};

int
main(void)
{
	struct asyncore_dispatcher *d;
	struct sender *self;
	char buf[100];
	int fds[2], err = 0;
	ssize_t n;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0 ||
	    (d = asyncore_spawn(&sender, fds[0], NULL)) == NULL)
		return 1;
	self = asyncore_self(d);
	self->out = evbuffer_new();
	if (self->out == NULL || say(d, "one ") < 0 || say(d, "two ") < 0 ||
	    say(d, "three\n") < 0)
		return 1;
	while (err == 0 && evbuffer_get_length(self->out) > 0)
		err = asyncore_loop(30, false, NULL, 1);
	n = read(fds[1], buf, sizeof buf);
	fwrite(buf, 1, n > 0 ? (size_t)n : 0, stdout);
	return asyncore_close(d) < 0 || err < 0;
}
