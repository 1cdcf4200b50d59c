/*
 * verbs.c - runs actions: the verb is looked up and called, and what it was and
 * what came of it is logged.  Also the verbs that control a program.
 */
#include "verbs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>

#define DEPTH 3			/* of nested loops */

static int depth;

/* ---- Arguments and results. ---- */

int
say(struct call *c, const char *text)
{
	(void)snprintf(c->result, sizeof c->result, "%s", text);
	return 0;
}

int
say_number(struct call *c, long n)
{
	(void)snprintf(c->result, sizeof c->result, "%ld", n);
	return 0;
}

const char *
arg(const struct call *c, size_t i)
{
	return i < c->n ? c->args[i].text : "";
}

size_t
arg_number(const struct call *c, size_t i)
{
	return strtoul(arg(c, i), NULL, 10);
}

/* The last argument, where it is data. */
const struct word *
arg_data(const struct call *c, size_t i)
{
	static char text[] = "";
	static const struct word none = { .text = text };

	return i < c->n ? &c->args[i] : &none;
}

/* ---- Control. ---- */

static int
do_raise(struct call *c)
{
	static const struct {
		const char *name;
		int number;
	} errors[] = {
		{ "EIO", EIO }, { "EINVAL", EINVAL }, { "EPERM", EPERM },
		{ "EPIPE", EPIPE }, { "ECONNRESET", ECONNRESET },
		{ "EBADF", EBADF }, { "ENOTCONN", ENOTCONN },
		{ "EMFILE", EMFILE },
	};
	size_t i;

	for (i = 0; i < sizeof errors / sizeof errors[0]; i++)
		if (strcmp(errors[i].name, arg(c, 0)) == 0)
			return -errors[i].number;
	return say(c, "no such error");
}

static int
do_exit(struct call *c)
{
	(void)c;
	return ASYNCORE_EXIT_NOW;
}

static int
do_base(struct call *c)
{
	return c->f->base != NULL ? perform_base(c->f) : say(c, "absent");
}

static int
do_give(struct call *c)
{
	const struct word *data = arg_data(c, 0);

	if (c->f->out != NULL &&
	    evbuffer_add(c->f->out, data->text, data->len) != 0)
		return -ENOMEM;
	return 0;
}

/* Where packets are on their way each pass is one call of its own. */
static int
run_loop(int count, bool use_poll)
{
	int i, err = 0;

	depth++;
	for (i = 0; err == 0 && i < (uses_net ? count : 1); i++) {
		objects_settle();
		err = asyncore_loop(0, use_poll, map, uses_net ? 1 : count);
	}
	depth--;
	return err;
}

static int
touch(struct asyncore_dispatcher *d, void *arg)
{
	(void)arg;
	asyncore_touch(d);
	return 0;
}

/* In a hook: it and those around it may have changed what they are asked. */
static int
do_loop(struct call *c)
{
	const int count = c->n > 0 ? atoi(arg(c, 0)) : 1;
	const bool use_poll = c->n > 1 ? strcmp(arg(c, 1), "poll2") == 0 :
	    program->use_poll;

	if (depth >= DEPTH)
		return say(c, "deep");
	if (c->f->d != NULL)
		(void)asyncore_map_foreach(map, touch, NULL);
	trace("loop");
	return run_loop(count, use_poll);
}

static int
do_show(struct call *c)
{
	(void)c;
	objects_show();
	return 0;
}

static int
do_step(struct call *c)
{
	int err = do_loop(c);

	objects_show();
	return err;
}

/* ---- All verbs. ---- */

enum subject { NOBODY, CHANNEL, SOCKET, CHATS };

static const struct verb {
	const char *name;
	enum subject subject;	/* what the first argument is */
	verb_function *function;
} verbs[] = {
	{ "recv", SOCKET, do_recv },
	{ "send", SOCKET, do_send },
	{ "echo", SOCKET, do_echo },
	{ "close", CHANNEL, do_close },
	{ "create", CHANNEL, do_create },
	{ "connect", SOCKET, do_connect },
	{ "bind", SOCKET, do_bind },
	{ "listen", SOCKET, do_listen },
	{ "accept", SOCKET, do_accept },
	{ "del", CHANNEL, do_del },
	{ "add", SOCKET, do_add },
	{ "want", CHANNEL, do_want },
	{ "set", CHANNEL, do_set },
	{ "call", SOCKET, do_call },
	{ "event", SOCKET, do_event },
	{ "readwrite", SOCKET, do_readwrite },
	{ "repr", CHANNEL, do_repr },
	{ "push", CHATS, do_push },
	{ "push_simple", CHATS, do_push_simple },
	{ "push_producer", CHATS, do_push_producer },
	{ "close_when_done", CHATS, do_close_when_done },
	{ "terminator", CHATS, do_terminator },
	{ "get_terminator", CHATS, do_get_terminator },
	{ "discard_buffers", CHATS, do_discard_buffers },
	{ "initiate_send", CHATS, do_initiate_send },
	{ "get_data", CHATS, do_get_data },
	{ "pair", NOBODY, do_pair },
	{ "pipe", NOBODY, do_pipe },
	{ "regular", NOBODY, do_regular },
	{ "null", NOBODY, do_null },
	{ "new", NOBODY, do_new },
	{ "take", NOBODY, do_take },
	{ "close_all", NOBODY, do_close_all },
	{ "shutdown", NOBODY, do_shutdown },
	{ "oob", NOBODY, do_oob },
	{ "recv_oob", NOBODY, do_recv_oob },
	{ "linger", NOBODY, do_linger },
	{ "write", NOBODY, do_write },
	{ "read", NOBODY, do_read },
	{ "drop", NOBODY, do_drop },
	{ "raise", NOBODY, do_raise },
	{ "exit", NOBODY, do_exit },
	{ "base", NOBODY, do_base },
	{ "give", NOBODY, do_give },
	{ "loop", NOBODY, do_loop },
	{ "step", NOBODY, do_step },
	{ "show", NOBODY, do_show },
};

/* A channel that never had a socket has no methods in Python. */
static bool
is_of(const struct object *o, enum subject subject)
{
	if (subject == CHATS)
		return o->declared->kind == CHAT;
	return subject != SOCKET || o->family != 0 ||
	    o->declared->kind == FILES;
}

static int
call_verb(struct call *c, const char *name)
{
	const struct verb *v = verbs;

	while (v < verbs + sizeof verbs / sizeof verbs[0] &&
	    strcmp(v->name, name) != 0)
		v++;
	if (v == verbs + sizeof verbs / sizeof verbs[0])
		return say(c, "no such verb");
	if (v->subject == NOBODY)
		return v->function(c);
	c->o = find_channel(arg(c, 0));
	if (c->o == NULL || !is_of(c->o, v->subject))
		return say(c, "absent");
	c->d = c->o->d;
	return v->function(c);
}

static void
log_action(const struct action *a, int err, const char *result)
{
	char *line;
	size_t i, size = 1, len = 0;

	for (i = 0; i < a->n; i++)
		size += strlen(shown(&a->words[i])) + 1;
	line = arena_alloc(size);
	for (i = 0; i < a->n; i++)
		len += (size_t)snprintf(line + len, size - len, "%s%s",
		    i > 0 ? " " : "", shown(&a->words[i]));
	if (err <= ASYNCORE_EXIT_NOW)
		trace("%s = exit", line);
	else if (err < 0)
		trace("%s = error %d", line, -err);
	else
		trace("%s = %s", line, *result != '\0' ? result : "ok");
}

static int
perform_one(const struct action *a, struct frame *f)
{
	const size_t skip = strcmp(a->words[0].text, "try") == 0;
	struct call c = { .f = f, .args = a->words + skip + 1,
		.n = a->n - skip - 1 };
	int err;

	objects_settle();
	err = call_verb(&c, a->words[skip].text);
	log_action(a, err, c.result);
	return skip && err > ASYNCORE_EXIT_NOW ? 0 : err;
}

int
perform(const struct action *actions, struct frame *f)
{
	int err = 0;

	for (; actions != NULL && err == 0 && !trace_muted();
	    actions = actions->next)
		err = perform_one(actions, f);
	return err;
}

void
perform_commands(const struct action *commands)
{
	struct frame f = { .accepted = -1 };

	for (; commands != NULL && !trace_muted(); commands = commands->next) {
		f.last_len = 0;
		(void)perform_one(commands, &f);
	}
}
