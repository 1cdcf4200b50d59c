/*
 * sides.c - a bufferevent or a channel on one side, the peer on the other: what
 * the tests of bridges share.
 */
#include "sides.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/event.h>

/* ---- The channels: what they receive is traced. ---- */

size_t at_once = 64;

static int
on_read(struct asyncore_dispatcher *d)
{
	char buf[64];
	ssize_t n = asyncore_recv(d, buf, at_once);

	if (n > 0)
		trace("%.*s", (int)n, buf);
	return n < 0 ? (int)n : 0;
}

static int
on_connect(struct asyncore_dispatcher *d)
{
	(void)d;
	trace("connect");
	return 0;
}

static int
on_close(struct asyncore_dispatcher *d)
{
	trace("close");
	return asyncore_close(d);
}

static int
on_error(struct asyncore_dispatcher *d, int err)
{
	trace(err == -ECONNREFUSED ? "refused" : "error");
	return asyncore_close(d);
}

static int
on_accepted(struct asyncore_dispatcher *d, int fd,
    const struct sockaddr *addr, socklen_t len)
{
	(void)d;
	(void)addr;
	(void)len;
	trace("accepted");
	ck_assert_int_eq(close(fd), 0);
	return 0;
}

const struct asyncore_class side_reader = {
	.name = "Reader",
	.writable = asyncore_never,
	.handle_read = on_read,
	.handle_connect = on_connect,
	.handle_close = on_close,
	.handle_error = on_error,
	.handle_accepted = on_accepted,
};

const struct asyncore_class side_sender = {
	.name = "Sender",
	.base = &asyncore_dispatcher_with_send_class,
	.handle_read = on_read,
	.handle_connect = on_connect,
	.handle_close = on_close,
	.handle_error = on_error,
};

int (*when_collecting)(struct asyncore_dispatcher *d);
int (*when_found)(struct asyncore_dispatcher *d);

static int
collect(struct asyncore_dispatcher *d, const void *data, size_t len)
{
	trace("%.*s", (int)len, (const char *)data);
	return when_collecting != NULL ? when_collecting(d) : 0;
}

static int
found(struct asyncore_dispatcher *d)
{
	trace("|");
	return when_found != NULL ? when_found(d) : 0;
}

const struct asynchat_class side_line = {
	.dispatcher = {
		.name = "Line",
		.base = &asynchat_async_chat_class.dispatcher,
		.flags = ASYNCHAT_CLASS,
		.handle_close = on_close,
		.handle_error = on_error,
	},
	.collect_incoming_data = collect,
	.found_terminator = found,
};

/* The classes that keep output. */
const struct asyncore_class *const keepers[2] = {
	&side_sender, &side_line.dispatcher
};

/* ---- Both sides. ---- */

int far_end = -1;

struct event_base *
host_base(void)
{
	return asyncore_map_base(map);
}

void
host_turn(void)
{
	ck_assert_int_ge(event_base_loop(host_base(), EVLOOP_ONCE |
	    EVLOOP_NONBLOCK), 0);
}

size_t
in_len(struct bufferevent *bev)
{
	return evbuffer_get_length(bufferevent_get_input(bev));
}

struct bufferevent *
new_bev(int opts)
{
	struct bufferevent *bev;
	int fds[2];

	make_pair(fds);
	far_end = fds[1];
	bev = bufferevent_socket_new(host_base(), fds[0], opts);
	ck_assert_ptr_nonnull(bev);
	return bev;
}

struct asyncore_dispatcher *
new_channel(const struct asyncore_class *cls)
{
	struct asyncore_dispatcher *d;
	int fds[2];

	make_pair(fds);
	far_end = fds[1];
	d = cls->flags & ASYNCHAT_CLASS ?
	    asynchat_new_socket((const struct asynchat_class *)(const void *)
	    cls, fds[0], map) : asyncore_new_socket(cls, fds[0], map);
	ck_assert_ptr_nonnull(d);
	return d;
}

void
await_input(struct bufferevent *bev, size_t want)
{
	int i;

	ck_assert_int_eq(bufferevent_enable(bev, EV_READ), 0);
	for (i = 0; i < TURNS && in_len(bev) < want; i++)
		host_turn();
	ck_assert_uint_eq(in_len(bev), want);
}

/* The peer writes, and bev has it in its input. */
void
let_read(struct bufferevent *bev, const char *text)
{
	const size_t want = in_len(bev) + strlen(text);

	write_all(far_end, text, strlen(text));
	await_input(bev, want);
}

/* In its output, where it stays. */
void
let_wait(struct bufferevent *bev, const char *text)
{
	ck_assert_int_eq(bufferevent_disable(bev, EV_WRITE), 0);
	ck_assert_int_eq(bufferevent_write(bev, text, strlen(text)), 0);
}

void
on_bev_read(struct bufferevent *bev, void *arg)
{
	(void)arg;
	trace("read:%d", (int)in_len(bev));
}

void
ck_input(struct bufferevent *bev, const char *expected)
{
	char buf[256];
	const int n = (int)bufferevent_read(bev, buf, sizeof buf - 1);

	ck_assert_int_ge(n, 0);
	buf[n] = '\0';
	ck_assert_str_eq(buf, expected);
}

/* What the peer gets, with the loop of the one side or the other. */
void
ck_peer(const char *expected)
{
	const size_t want = strlen(expected);
	char buf[256] = "";
	size_t len = 0;
	ssize_t n;
	int i;

	for (i = 0; i < TURNS && len < want; i++) {
		ck_assert_int_eq(asyncore_poll(0, map), 0);
		host_turn();
		n = recv(far_end, buf + len, sizeof buf - len, MSG_DONTWAIT);
		len += n > 0 ? (size_t)n : 0;
	}
	ck_assert_uint_eq(len, want);
	ck_assert(memcmp(buf, expected, len) == 0);
}

void
one_pass(void)
{
	ck_assert_int_eq(asyncore_poll(0, map), 0);
}

void
close_far_end(void)
{
	ck_assert_int_eq(close(far_end), 0);
	far_end = -1;
}

void
end_channel(struct asyncore_dispatcher *d)
{
	ck_assert_int_eq(asyncore_close(d), 0);
	asyncore_unref(d);
	close_far_end();
}

/* It owns its descriptor only if it was told so. */
void
end_bev(struct bufferevent *bev, int opts)
{
	const int fd = bufferevent_getfd(bev);

	bufferevent_free(bev);
	if (!(opts & BEV_OPT_CLOSE_ON_FREE))
		ck_assert_int_eq(close(fd), 0);
	close_far_end();
	host_turn();		/* libevent closes it in its loop */
}
