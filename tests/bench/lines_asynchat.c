/*
 * lines_asynchat.c - a server that takes lines, on asynchat.
 *
 * It answers an empty one with a byte, by which the load knows that all before
 * it have been taken.
 */
#include "bench.h"

#include <asynchat.h>
#include <errno.h>

static int
line_found(struct asyncore_dispatcher *d)
{
	size_t len;

	asynchat_get_data(d, &len);
	return len == 0 ? asynchat_push(d, ".", 1) : 0;
}

static const struct asynchat_class line_class = {
	.dispatcher = {
		.name = "Line",
		.base = &asynchat_async_chat_class.dispatcher,
		.flags = ASYNCHAT_CLASS,
	},
	.collect_incoming_data = asynchat_collect,
	.found_terminator = line_found,
};

static int
server_accepted(struct asyncore_dispatcher *d, int fd,
    const struct sockaddr *addr, socklen_t addrlen)
{
	(void)addr, (void)addrlen;
	d = asynchat_spawn(&line_class, fd, asyncore_map_of(d));
	return d ? asynchat_set_terminator(d, "\r\n", 2) : -errno;
}

static const struct asyncore_class server_class = {
	.name = "Server",
	.handle_accepted = server_accepted,
};

int
main(void)
{
	struct asyncore_dispatcher *d = asyncore_spawn(&server_class,
	    listen_on_loopback(), NULL);

	if (!d || asyncore_listen(d, BACKLOG) < 0)
		die("asyncore_listen");
	return asyncore_loop(-1, false, NULL, -1);
}
