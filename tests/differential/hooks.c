/*
 * hooks.c - the classes of the channels: each hook is logged, and does what the
 * program says; what it says nothing of is left to the base class.
 *
 * There is a class for each kind of channel and each way to be asked: quiet
 * (it inherits the predicates), asked (its own are logged) and flagged (its
 * own are asked only when something has changed, so that they are not logged).
 */
#include "driver.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>

static struct counter {
	const char *name, *hook;
	unsigned count;
	struct counter *next;
} *counters;

void
hooks_clear(void)
{
	counters = NULL;
}

struct channel *
hooks_channel(const struct asyncore_dispatcher *d)
{
	return asyncore_self(d);
}

static const char *
name_of(const struct asyncore_dispatcher *d)
{
	return hooks_channel(d)->object->name;
}

static enum kind
kind_of(const struct asyncore_dispatcher *d)
{
	return hooks_channel(d)->object->declared->kind;
}

const struct asyncore_class *
hooks_base(enum kind kind)
{
	static const struct asyncore_class *const bases[KINDS] = {
		[PLAIN] = &asyncore_dispatcher_class,
		[SEND] = &asyncore_dispatcher_with_send_class,
		[FILES] = &asyncore_file_dispatcher_class,
		[CHAT] = &asynchat_async_chat_class.dispatcher,
	};

	return bases[kind];
}

static const struct asyncore_class *
base_of(const struct asyncore_dispatcher *d)
{
	return hooks_base(kind_of(d));
}

/* ---- Which call of a hook it is, and what is to be done then. ---- */

static unsigned
next_number(const char *name, const char *hook)
{
	struct counter *c = counters;

	while (c != NULL && (strcmp(c->name, name) != 0 ||
	    strcmp(c->hook, hook) != 0))
		c = c->next;
	if (c == NULL) {
		c = arena_alloc(sizeof *c);
		c->name = name;
		c->hook = hook;
		c->next = counters;
		counters = c;
	}
	return ++c->count;
}

int
perform_base(struct frame *f)
{
	int err = f->base(f);

	return err == -EAGAIN || err > 0 ? 0 : err;
}

int
perform_hook(const char *name, const char *hook, struct frame *f)
{
	static char text[] = "base";
	static struct word word = { .text = text, .len = sizeof text - 1 };
	static const struct action base = { .words = &word, .n = 1 };
	const struct action *actions;
	bool found;

	actions = program_actions(program, name, hook,
	    next_number(name, hook), &found);
	if (!found && f->base != NULL)
		actions = &base;
	return perform(actions, f);
}

int
perform_predicate(const char *name, const char *hook, struct frame *f)
{
	bool found;

	return perform(program_actions(program, name, hook,
	    next_number(name, hook), &found), f);
}

static int
run(struct frame *f, const char *hook, const char *argument)
{
	if (trace_muted())
		return 0;
	trace("%s %s%s%s", name_of(f->d), hook, *argument != '\0' ? " " : "",
	    argument);
	return perform_hook(name_of(f->d), hook, f);
}

/* ---- The hooks. ---- */

#define HOOK(slot)							\
static int								\
base_##slot(struct frame *f)						\
{									\
	return base_of(f->d)->slot(f->d);				\
}									\
									\
static int								\
on_##slot(struct asyncore_dispatcher *d)				\
{									\
	struct frame f = { .d = d, .base = base_##slot, .accepted = -1 }; \
									\
	return run(&f, #slot, "");					\
}

HOOK(handle_read)
HOOK(handle_write)
HOOK(handle_expt)
HOOK(handle_connect)
HOOK(handle_accept)
HOOK(handle_close)

static int
base_accepted(struct frame *f)
{
	const int fd = f->accepted;

	f->accepted = -1;
	return base_of(f->d)->handle_accepted(f->d, fd, f->addr, f->addrlen);
}

static int
on_handle_accepted(struct asyncore_dispatcher *d, int fd,
    const struct sockaddr *addr, socklen_t addrlen)
{
	struct frame f = { .d = d, .base = base_accepted, .accepted = fd,
		.addr = addr, .addrlen = addrlen };
	int err = run(&f, "handle_accepted",
	    net_address_name(addr, addrlen, SOCK_STREAM));

	if (f.accepted >= 0)
		(void)close(f.accepted);
	return err;
}

static int
base_error(struct frame *f)
{
	return base_of(f->d)->handle_error(f->d, f->err);
}

static int
on_handle_error(struct asyncore_dispatcher *d, int err)
{
	struct frame f = { .d = d, .base = base_error, .accepted = -1,
		.err = err };
	char number[16];

	(void)snprintf(number, sizeof number, "%d", -err);
	return run(&f, "handle_error", number);
}

static int
base_collect(struct frame *f)
{
	return asynchat_collect(f->d, f->data, f->len);
}

static int
on_collect(struct asyncore_dispatcher *d, const void *data, size_t len)
{
	struct frame f = { .d = d, .base = base_collect, .accepted = -1,
		.data = data, .len = len };

	return run(&f, "collect_incoming_data", quoted(data, len));
}

static int
base_found(struct frame *f)
{
	(void)f;
	return 0;
}

static int
on_found(struct asyncore_dispatcher *d)
{
	struct frame f = { .d = d, .base = base_found, .accepted = -1 };

	return run(&f, "found_terminator", "");
}

/* ---- Predicates. ---- */

static bool
answer_of(struct asyncore_dispatcher *d, enum want want,
    bool (*base)(struct asyncore_dispatcher *d))
{
	if (trace_muted())
		return false;
	return want == AS_BASE ? base(d) : want == YES;
}

static bool
flagged_readable(struct asyncore_dispatcher *d)
{
	return answer_of(d, hooks_channel(d)->read, base_of(d)->readable);
}

static bool
flagged_writable(struct asyncore_dispatcher *d)
{
	return answer_of(d, hooks_channel(d)->write, base_of(d)->writable);
}

static void
act(struct asyncore_dispatcher *d, const char *hook)
{
	struct frame f = { .d = d, .accepted = -1 };

	if (!trace_muted())
		(void)perform_predicate(name_of(d), hook, &f);
}

static bool
asked_readable(struct asyncore_dispatcher *d)
{
	bool answer;

	act(d, "readable");
	answer = flagged_readable(d);
	trace("%s readable %d", name_of(d), answer);
	return answer;
}

static bool
asked_writable(struct asyncore_dispatcher *d)
{
	bool answer;

	act(d, "writable");
	answer = flagged_writable(d);
	trace("%s writable %d", name_of(d), answer);
	return answer;
}

/* ---- Methods. ---- */

static int
on_close(struct asyncore_dispatcher *d)
{
	trace("%s close", name_of(d));
	return base_of(d)->close(d);
}

/* Python and C word errors differently: what counts is the number. */
static void
on_log_info(struct asyncore_dispatcher *d, const char *message,
    const char *type)
{
	const char *number = strstr(message, "[Errno ");

	if (strncmp(message, "uncaptured", 10) == 0 && number != NULL)
		trace("%s log_info %s: %d", name_of(d), type,
		    atoi(number + 7));
	else
		trace("%s log_info %s: %s", name_of(d), type, message);
}

static ssize_t
on_send(struct asyncore_dispatcher *d, const void *data, size_t len)
{
	trace("%s send %s", name_of(d), quoted(data, len));
	return base_of(d)->send(d, data, len);
}

static ssize_t
on_recv(struct asyncore_dispatcher *d, void *buf, size_t len)
{
	trace("%s recv %zu", name_of(d), len);
	return base_of(d)->recv(d, buf, len);
}

/* ---- The classes. ---- */

enum { QUIET, ASKED, FLAGGED, WAYS };

static void
fill(struct asyncore_class *cls, enum kind kind, int way, bool logged)
{
	cls->name = "channel";
	cls->base = hooks_base(kind);
	cls->instance_size = sizeof(struct channel);
	cls->flags = way == FLAGGED ? ASYNCORE_ASK_ON_CHANGE : 0;
	cls->readable = way == QUIET ? NULL :
	    way == ASKED ? asked_readable : flagged_readable;
	cls->writable = way == QUIET ? NULL :
	    way == ASKED ? asked_writable : flagged_writable;
	cls->handle_read = on_handle_read;
	cls->handle_write = on_handle_write;
	cls->handle_expt = on_handle_expt;
	cls->handle_connect = on_handle_connect;
	cls->handle_accept = on_handle_accept;
	cls->handle_accepted = on_handle_accepted;
	cls->handle_close = on_handle_close;
	cls->handle_error = on_handle_error;
	cls->close = on_close;
	cls->log_info = on_log_info;
	cls->send = logged ? on_send : NULL;
	cls->recv = logged ? on_recv : NULL;
}

const struct asynchat_class *
hooks_class(const struct declared *c)
{
	static struct asynchat_class classes[KINDS][WAYS][2];
	const int way = c->asked ? ASKED : c->flagged ? FLAGGED : QUIET;
	struct asynchat_class *cls = &classes[c->kind][way][c->logged];

	if (cls->dispatcher.name != NULL)
		return cls;
	fill(&cls->dispatcher, c->kind, way, c->logged);
	if (c->kind == CHAT)
		cls->dispatcher.flags |= ASYNCHAT_CLASS;
	cls->collect_incoming_data = on_collect;
	cls->found_terminator = on_found;
	return cls;
}

/* ---- Producers. ---- */

struct named_producer {
	struct asynchat_producer producer;
	const char *name;
};

static int
give(struct asynchat_producer *producer, struct evbuffer *out)
{
	struct frame f = { .accepted = -1, .out = out };
	const char *name = ((struct named_producer *)producer)->name;

	if (trace_muted())
		return 0;
	trace("%s more", name);
	return perform_hook(name, "more", &f);
}

static void
free_producer(struct asynchat_producer *producer)
{
	free(producer);
}

struct asynchat_producer *
hooks_producer(const char *name)
{
	struct named_producer *p = calloc(1, sizeof *p);

	if (p == NULL)
		return NULL;
	p->producer.more = give;
	p->producer.free = free_producer;
	p->name = name;
	return &p->producer;
}
