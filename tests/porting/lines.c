/* lines.c - lines.py in C: a line protocol. */
#include <asynchat.h>
#include <errno.h>
#include <event2/buffer.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int
lines_found(struct asyncore_dispatcher *d)
{
	size_t len;
	const char *line = asynchat_get_data(d, &len);
	struct evbuffer *answer;
	int err;

	if (line == NULL)
		return -ENOMEM;
	if (len == 4 && memcmp(line, "quit", 4) == 0)
		return asynchat_close_when_done(d);
	answer = evbuffer_new();
	if (answer == NULL)
		return -ENOMEM;
	err = evbuffer_add_printf(answer, "<%.*s>\r\n", (int)len, line) < 0
	    ? -ENOMEM : asynchat_push_buffer(d, answer);
	evbuffer_free(answer);
	return err;
}

static const struct asynchat_class lines = {
	.dispatcher = {
		.name = "Lines",
		.base = &asynchat_async_chat_class.dispatcher,
		.flags = ASYNCHAT_CLASS,
	},
	.collect_incoming_data = asynchat_collect,
	.found_terminator = lines_found,
};

static int
lines_spawn(int fd)
{
	struct asyncore_dispatcher *d = asynchat_spawn(&lines, fd, NULL);

	return d ? asynchat_set_terminator(d, "\r\n", 2) : -errno;
}

int
main(void)
{
	char buf[100];
	int fds[2];
	ssize_t i, n;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0 ||
	    lines_spawn(fds[0]) < 0 ||
	    write(fds[1], "one\r\ntwo\r\nquit\r\n", 16) != 16 ||
	    asyncore_loop(30, false, NULL, -1) < 0)
		return 1;
	n = read(fds[1], buf, sizeof buf);
	for (i = 0; i < n; i++)
		if (buf[i] != '\r')
			putchar(buf[i]);
	return 0;
}
