/*
 * check_matrix.c - every way to end a channel, done to oneself, to an earlier
 * and to a later channel, in every hook and predicate, in both orders.
 *
 * Three channels are ready in the same pass; the middle one acts on its target
 * once.  A small model says which hooks that pass calls: of the target those
 * that were called before, or are part of the call under way if it is only
 * taken out of the map; of the others all.  Beside the trace each channel is
 * watched: no hook after its close, handle_close() once a descriptor,
 * finalize() once, after the last reference and under none of its hooks.
 */
#include "testing.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

const char testing_suite[] = "matrix";

enum { EARLIER, ACTOR, LATER, N_CHANNELS };

struct channel {
	struct asyncore_dispatcher *d;
	int peer, detached;		/* descriptors of the test, or -1 */
	bool held;			/* by the test */
	bool closed;
	int ends;			/* closed, detached: so often */
	int entered, left;		/* maps */
	int depth;			/* its hooks on the stack */
	int closes, finalized;
};

struct action {
	const char *name;
	void (*act)(struct channel *c);
	bool leaves, ends;		/* its map, its descriptor */
	int len;			/* what the map's length changes by */
	int len_if_closed;
};

/* What a pass calls of a channel to which nothing happens. */
struct kind {
	const char *hook;		/* where the actor acts */
	const struct asyncore_class *cls;
	void (*make)(struct channel *c);
	const char *asks, *reads, *writes;
	const char *poll2;		/* reads and writes in one call */
};

static struct channel channels[N_CHANNELS];
static struct asyncore_map *other;
static const struct kind *kind;
static const struct action *action;
static struct channel *target;
static bool use_poll, acted;
static char cell[100];

#define ck_cell(condition)						\
	ck_assert_msg(condition, "%s: %s", cell, #condition)

/* ---- Actions. ---- */

static void
act_close(struct channel *c)
{
	ck_cell(asyncore_close(c->d) == 0);
	c->closed = true;
	c->ends++;
}

static void
act_unref(struct channel *c)
{
	c->held = false;
	asyncore_unref(c->d);
}

static void
act_close_unref(struct channel *c)
{
	act_close(c);
	act_unref(c);
}

static void
act_del(struct channel *c)
{
	ck_cell(asyncore_del_channel(c->d) == 0);
}

static void
act_del_unref(struct channel *c)
{
	act_del(c);
	act_unref(c);
}

static void
act_detach(struct channel *c)
{
	c->detached = asyncore_detach(c->d);
	ck_cell(c->closed ? c->detached == -ENOTCONN : c->detached >= 0);
	c->closed = true;
	c->ends++;
}

static void
act_reopen(struct channel *c)
{
	act_close(c);
	c->closed = false;
	c->closes = 0;
	c->entered++;
	ck_cell(asyncore_create_socket(c->d, AF_INET, SOCK_STREAM) == 0);
}

static void
act_move(struct channel *c)
{
	const int err = asyncore_add_channel(c->d, other);

	ck_cell(err == (c->closed ? -EBADF : 0));
	c->entered += !c->closed;
}

static const struct action actions[] = {
	{ "close", act_close, true, true, -1, 0 },
	{ "unref", act_unref, false, false, 0, 0 },
	{ "close and unref", act_close_unref, true, true, -1, 0 },
	{ "del_channel", act_del, true, false, -1, 0 },
	{ "del_channel and unref", act_del_unref, true, false, -1, 0 },
	{ "detach", act_detach, true, true, -1, 0 },
	{ "close and create_socket", act_reopen, true, true, 0, 1 },
	{ "add_channel elsewhere", act_move, true, false, -1, 0 },
};

/* ---- Hooks. ---- */

static struct channel *
channel_of(const struct asyncore_dispatcher *d)
{
	return &channels[*(int *)asyncore_self(d)];
}

static void
act(void)
{
	const size_t len = asyncore_map_len(map);
	const int change = target->closed ? action->len_if_closed : action->len;

	acted = true;
	action->act(target);
	ck_cell(asyncore_map_len(map) == len + (size_t)change);
}

static struct channel *
enter(const struct asyncore_dispatcher *d, const char *hook)
{
	struct channel *c = channel_of(d);

	trace("%s%d", hook, (int)(c - channels));
	ck_cell(!c->closed && "a hook of a closed channel");
	ck_cell(c->finalized == 0);
	c->depth++;
	if (c == &channels[ACTOR] && !acted && strcmp(hook, kind->hook) == 0)
		act();
	return c;
}

static bool
on_readable(struct asyncore_dispatcher *d)
{
	enter(d, "readable")->depth--;
	return true;
}

static bool
on_writable(struct asyncore_dispatcher *d)
{
	enter(d, "writable")->depth--;
	return true;
}

static int
on_read(struct asyncore_dispatcher *d)
{
	const int ends = channel_of(d)->ends;
	struct channel *c = enter(d, "read");
	char byte;

	if (c->ends == ends)
		ck_cell(asyncore_recv(d, &byte, 1) >= 0);
	c->depth--;
	return 0;
}

static int
on_write(struct asyncore_dispatcher *d)
{
	enter(d, "write")->depth--;
	return 0;
}

static int
on_expt(struct asyncore_dispatcher *d)
{
	enter(d, "expt")->depth--;
	return 0;
}

static int
on_connect(struct asyncore_dispatcher *d)
{
	enter(d, "connect")->depth--;
	return 0;
}

static int
on_accept(struct asyncore_dispatcher *d)
{
	const int ends = channel_of(d)->ends;
	struct channel *c = enter(d, "accept");
	int fd;

	if (c->ends == ends) {
		fd = asyncore_accept(d, NULL, NULL);
		ck_cell(fd >= 0);
		ck_cell(close(fd) == 0);
	}
	c->depth--;
	return 0;
}

static int
on_accepted(struct asyncore_dispatcher *d, int fd, const struct sockaddr *addr,
    socklen_t addrlen)
{
	ck_cell(addr != NULL && addrlen > 0);
	ck_cell(close(fd) == 0);
	enter(d, "accepted")->depth--;
	return 0;
}

static int
on_error(struct asyncore_dispatcher *d, int err)
{
	ck_cell(err == -EPROTO);
	enter(d, "error")->depth--;
	return 0;
}

static int
on_close(struct asyncore_dispatcher *d)
{
	const int ends = channel_of(d)->ends;
	struct channel *c;

	ck_cell(channel_of(d)->closes++ == 0);
	c = enter(d, "close");
	if (c->ends == ends)
		act_close(c);
	c->depth--;
	return 0;
}

static void
on_left_map(struct asyncore_dispatcher *d, struct asyncore_map *from)
{
	struct channel *c = channel_of(d);

	ck_cell(from == map || from == other);
	ck_cell(c->finalized == 0);
	c->left++;
}

static void
on_finalize(struct asyncore_dispatcher *d)
{
	struct channel *c = channel_of(d);

	ck_cell(c->finalized++ == 0);
	ck_cell(c->depth == 0);
	ck_cell(!c->held);
	ck_cell(c->left == c->entered);
	ck_cell(asyncore_closed(d) && asyncore_fileno(d) == -1);
}

static const struct asyncore_class asked = {
	.name = "Asked",
	.instance_size = sizeof(int),
	.readable = on_readable,
	.writable = on_writable,
	.handle_read = on_read,
	.handle_write = on_write,
	.handle_expt = on_expt,
	.handle_connect = on_connect,
	.handle_accept = on_accept,
	.handle_accepted = on_accepted,
	.handle_error = on_error,
	.handle_close = on_close,
	.left_map = on_left_map,
	.finalize = on_finalize,
};

static const struct asyncore_class asked_on_change = {
	.base = &asked,
	.flags = ASYNCORE_ASK_ON_CHANGE,
	.readable = on_readable,
	.writable = on_writable,
};

static const struct asyncore_class known = {
	.base = &asked,
	.readable = asyncore_always,
	.writable = asyncore_always,
};

/* The loop has no word of out-of-band data yet: the channel is told so. */
static int
read_exception(struct asyncore_dispatcher *d)
{
	struct channel *c = enter(d, "read");
	int err = use_poll ? asyncore_readwrite(d, POLLPRI) :
	    asyncore_exception(d);

	c->depth--;
	return err;
}

static const struct asyncore_class with_exception = {
	.base = &asked,
	.handle_read = read_exception,
};

static int
accept_as_dispatcher(struct asyncore_dispatcher *d)
{
	struct channel *c = enter(d, "accept");
	int err = asyncore_dispatcher_class.handle_accept(d);

	c->depth--;
	return err;
}

static const struct asyncore_class accepting = {
	.base = &asked,
	.handle_accept = accept_as_dispatcher,
};

static int
fail_to_read(struct asyncore_dispatcher *d)
{
	enter(d, "read")->depth--;
	return -EPROTO;
}

static const struct asyncore_class failing = {
	.base = &asked,
	.handle_read = fail_to_read,
};

/* ---- Channels that are ready at once. ---- */

static void
adopt(struct channel *c, int fd)
{
	c->d = asyncore_new_socket(kind->cls, fd, map);
	ck_cell(c->d != NULL);
	*(int *)asyncore_self(c->d) = (int)(c - channels);
}

static void
with_input(struct channel *c)
{
	int fds[2];

	make_pair(fds);
	adopt(c, fds[0]);
	c->peer = fds[1];
	write_all(c->peer, "x", 1);
}

static void
at_its_end(struct channel *c)
{
	with_input(c);
	ck_cell(read(asyncore_fileno(c->d), &(char){ 0 }, 1) == 1);
	ck_cell(close(c->peer) == 0);
	c->peer = -1;
}

static void
calling(struct channel *c)
{
	struct sockaddr_in addr;

	c->peer = listen_on_loopback(&addr);
	adopt(c, socket(AF_INET, SOCK_STREAM, 0));
	ck_cell(asyncore_connect(c->d, (struct sockaddr *)&addr, sizeof addr)
	    == 0);
	ck_cell(asyncore_connecting(c->d));
	await(asyncore_fileno(c->d), POLLOUT);
}

static void
called(struct channel *c)
{
	struct sockaddr_in addr;

	adopt(c, listen_on_loopback(&addr));
	ck_cell(asyncore_listen(c->d, 5) == 0);
	c->peer = socket(AF_INET, SOCK_STREAM, 0);
	ck_cell(connect(c->peer, (struct sockaddr *)&addr, sizeof addr) == 0);
	await(asyncore_fileno(c->d), POLLIN);
}

/* ---- The model. ---- */

static char expected[200];
static bool gone[N_CHANNELS], model_acted;

static bool
is_word(const char *list, const char *word, size_t len)
{
	return strncmp(list, word, len) == 0 && word[len] == '\0';
}

/* Does the call under way go on after this word of channel i? */
static bool
goes_on(const char *word, size_t len, int i)
{
	const int to = (int)(target - channels);

	if (i == ACTOR && !model_acted && is_word(word, kind->hook, len)) {
		model_acted = true;
		gone[to] = gone[to] || action->leaves;
		if (to == i && action->ends)
			return false;
	}
	if (is_word(word, "close", len))
		gone[i] = true;
	return !is_word(word, "close", len);
}

static void
expect(const char *list, int i)
{
	size_t n, len;
	bool more = !gone[i];

	for (; more && *list != '\0'; list += n + (list[n] == ' ')) {
		n = strcspn(list, " ");
		len = strlen(expected);
		(void)snprintf(expected + len, sizeof expected - len,
		    "%s%.*s%d", len > 0 ? " " : "", (int)n, list, i);
		more = goes_on(list, n, i);
	}
}

static void
expect_pass(void)
{
	int i;

	for (i = 0; i < N_CHANNELS; i++)
		expect(kind->asks, i);
	for (i = 0; i < N_CHANNELS; i++)
		expect(use_poll ? kind->poll2 : kind->reads, i);
	for (i = 0; i < N_CHANNELS && !use_poll; i++)
		expect(kind->writes, i);
}

/* ---- A cell. ---- */

static void
run_pass(struct asyncore_map *m)
{
	clear_trace();
	ck_cell((use_poll ? asyncore_poll2 : asyncore_poll)(0, m) == 0);
}

static void
ck_finalized(void)
{
	struct channel *c;

	for (c = channels; c < channels + N_CHANNELS; c++)
		ck_cell(c->finalized == (!c->held && c->left == c->entered));
}

/* Nobody calls a target that has left; a new socket is only asked. */
static void
ck_silence_of_target(void)
{
	const char digit = (char)('0' + (target - channels));
	const char *p;

	run_pass(map);
	if (!action->leaves)
		return;
	for (p = traced(); (p = strchr(p, digit)) != NULL; p++)
		ck_assert_msg(action->act == act_reopen &&
		    p - traced() >= 3 && memcmp(p - 3, "ble", 3) == 0,
		    "%s: the target is called again: %s", cell, traced());
}

static void
ck_service_elsewhere(void)
{
	const bool moved = asyncore_map_len(other) > 0;

	ck_cell(moved == (action->act == act_move && !target->closed));
	run_pass(other);
	ck_cell(moved == (traced()[0] != '\0'));
}

static void
ck_end(void)
{
	struct channel *c;

	for (c = channels; c < channels + N_CHANNELS; c++)
		c->closed = true;
	ck_cell(asyncore_close_all(map, false) == 0);
	ck_cell(asyncore_close_all(other, false) == 0);
	for (c = channels; c < channels + N_CHANNELS; c++) {
		if (c->held) {
			ck_cell(asyncore_close(c->d) == 0);
			act_unref(c);
		}
		ck_cell(c->finalized == 1);
		ck_cell(c->peer < 0 || close(c->peer) == 0);
		ck_cell(c->detached < 0 || close(c->detached) == 0);
	}
	ck_cell(asyncore_map_free(other) == 0);
}

#define N_ACTIONS (int)(sizeof actions / sizeof actions[0])
#define N_CELLS (N_ACTIONS * N_CHANNELS)

static void
make_cell(int i)
{
	static const char *const names[] = { "earlier", "self", "later" };
	struct channel *c;

	acted = model_acted = false;
	memset(gone, 0, sizeof gone);
	memset(channels, 0, sizeof channels);
	expected[0] = '\0';
	target = &channels[i % N_CHANNELS];
	action = &actions[i / N_CHANNELS];
	(void)snprintf(cell, sizeof cell, "%s of %s in %s, %s", action->name,
	    names[target - channels], kind->hook, use_poll ? "poll2" : "poll");
	other = asyncore_map_new(NULL);
	ck_cell(other != NULL);
	for (c = channels; c < channels + N_CHANNELS; c++) {
		c->peer = c->detached = -1;
		c->held = true;
		c->entered = 1;
		kind->make(c);
	}
}

static void
run_cell(int i)
{
	make_cell(i);
	expect_pass();
	run_pass(map);
	ck_assert_msg(strcmp(traced(), expected) == 0,
	    "%s: %s\ninstead of: %s", cell, traced(), expected);
	ck_cell(acted);
	ck_finalized();
	ck_silence_of_target();
	ck_service_elsewhere();
	ck_finalized();
	ck_end();
}

#define BOTH "readable writable"

#define CELLS(test, ...)						\
START_TEST(test)							\
{									\
	static const struct kind k = { __VA_ARGS__ };			\
									\
	kind = &k;							\
	use_poll = false;						\
	run_cell(_i);							\
	use_poll = true;						\
	run_cell(_i);							\
}									\
END_TEST

CELLS(readable_may_end_any_channel, "readable", &asked, with_input,
    BOTH, "read", "write", "read write")
CELLS(writable_may_end_any_channel, "writable", &asked, with_input,
    BOTH, "read", "write", "read write")
CELLS(readable_asked_on_change_may_end_any_channel, "readable",
    &asked_on_change, with_input, BOTH, "read", "write", "read write")
CELLS(writable_asked_on_change_may_end_any_channel, "writable",
    &asked_on_change, with_input, BOTH, "read", "write", "read write")
CELLS(handle_read_may_end_any_channel, "read", &asked, with_input,
    BOTH, "read", "write", "read write")
CELLS(handle_read_may_end_any_channel_that_is_not_asked, "read", &known,
    with_input, "", "read", "write", "read write")
CELLS(handle_write_may_end_any_channel, "write", &asked, with_input,
    BOTH, "read", "write", "read write")
CELLS(handle_expt_may_end_any_channel, "expt", &with_exception, with_input,
    BOTH, "read expt", "write", "read expt write")
CELLS(handle_connect_may_end_any_channel, "connect", &asked, calling,
    BOTH, "", "connect write", "connect write")
CELLS(handle_accept_may_end_any_channel, "accept", &asked, called,
    BOTH, "accept", "", "accept")
CELLS(handle_accepted_may_end_any_channel, "accepted", &accepting, called,
    BOTH, "accept accepted", "", "accept accepted")
CELLS(handle_error_may_end_any_channel, "error", &failing, with_input,
    BOTH, "read error", "write", "read error")
CELLS(handle_close_may_end_any_channel, "close", &asked, at_its_end,
    BOTH, "read close", "write", "read close")

void
testing_add(TCase *tc)
{
	static const TTest *const *const tests[] = {
		&readable_may_end_any_channel,
		&writable_may_end_any_channel,
		&readable_asked_on_change_may_end_any_channel,
		&writable_asked_on_change_may_end_any_channel,
		&handle_read_may_end_any_channel,
		&handle_read_may_end_any_channel_that_is_not_asked,
		&handle_write_may_end_any_channel,
		&handle_expt_may_end_any_channel,
		&handle_connect_may_end_any_channel,
		&handle_accept_may_end_any_channel,
		&handle_accepted_may_end_any_channel,
		&handle_error_may_end_any_channel,
		&handle_close_may_end_any_channel,
	};
	size_t i;

	for (i = 0; i < sizeof tests / sizeof tests[0]; i++)
		tcase_add_loop_test(tc, *tests[i], 0, N_CELLS);
}
