/*
 * talker.c - the chat that tests look at the hooks with; see talker.h.
 */
#include "talker.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

talker_action on_collect, on_found;
struct asyncore_dispatcher *chat;
int chat_peer;
const char *more;
char inbox[INBOX_SIZE];
size_t inbox_len;

static int
act(talker_action *action, struct asyncore_dispatcher *d)
{
	const talker_action this_one = *action;

	*action = NULL;
	return this_one != NULL ? this_one(d) : 0;
}

static int
collect(struct asyncore_dispatcher *d, const void *data, size_t len)
{
	ck_assert_uint_gt(len, 0);
	trace("%.*s", (int)len, (const char *)data);
	return act(&on_collect, d);
}

static int
found(struct asyncore_dispatcher *d)
{
	trace("|");
	return act(&on_found, d);
}

static int
stay(struct asyncore_dispatcher *d, int err)
{
	(void)d;
	trace(err == -EIO ? "EIO" : "another-error");
	return 0;
}

static int
talker_close(struct asyncore_dispatcher *d)
{
	trace("close");
	return asyncore_close(d);
}

const struct asynchat_class talker_class = {
	.dispatcher = {
		.name = "Talker",
		.base = &asynchat_async_chat_class.dispatcher,
		.flags = ASYNCHAT_CLASS,
		.handle_close = talker_close,
		.handle_error = stay,
	},
	.collect_incoming_data = collect,
	.found_terminator = found,
};

void
start_of(const struct asynchat_class *cls, const char *terminator)
{
	int fds[2];

	make_pair(fds);
	chat_peer = fds[1];
	chat = asynchat_new_socket(cls, fds[0], map);
	ck_assert_ptr_nonnull(chat);
	ck_assert_int_eq(asynchat_set_terminator(chat, terminator,
	    strlen(terminator)), 0);
}

void
start(const char *terminator)
{
	start_of(&talker_class, terminator);
}

void
end(void)
{
	ck_trace("");
	ck_assert_int_eq(asyncore_close(chat), 0);
	asyncore_unref(chat);
	ck_assert_int_eq(close(chat_peer), 0);
}

void
say(const char *text)
{
	write_all(chat_peer, text, strlen(text));
}

void
hear(const char *text)
{
	say(text);
	ck_assert_int_eq(asyncore_loop(10, false, map, 1), 0);
}

static bool inbox_end;

void
take_in(size_t most)
{
	const size_t room = sizeof inbox - inbox_len;
	const size_t stop = inbox_len + (most < room ? most : room);
	ssize_t n = 1;

	while (n > 0 && inbox_len < stop) {
		n = recv(chat_peer, inbox + inbox_len, stop - inbox_len,
		    MSG_DONTWAIT);
		inbox_len += n > 0 ? (size_t)n : 0;
		inbox_end = n == 0;
	}
}

void
ck_inbox_bytes(const char *expected, size_t len)
{
	take_in(sizeof inbox);
	while (inbox_len < len && !inbox_end) {
		await(chat_peer, POLLIN);
		take_in(sizeof inbox);
	}
	ck_assert_uint_eq(inbox_len, len);
	ck_assert(memcmp(inbox, expected, len) == 0);
	inbox_len = 0;
}

void
ck_inbox(const char *expected)
{
	ck_inbox_bytes(expected, strlen(expected));
}

void
ck_inbox_end(void)
{
	await(chat_peer, POLLIN);
	ck_inbox("");
	ck_assert(inbox_end);
}

void
deliver(void)
{
	while (asyncore_writable(chat)) {
		take_in(sizeof inbox);
		ck_assert_int_eq(asyncore_loop(10, false, map, 1), 0);
	}
}

int
raise_EIO(struct asyncore_dispatcher *d)
{
	(void)d;
	return -EIO;
}

int
read_more(struct asyncore_dispatcher *d)
{
	(void)d;
	trace("(");
	hear(more);
	trace(")");
	return 0;
}
