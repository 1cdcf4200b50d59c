/*
 * asynchat.c - asynchat.async_chat: its class, its life, its terminator and
 * its collector.
 */
#include "chat.h"

#include <string.h>

/* ---- The class. ---- */

static const struct asynchat_class *
chat_class(const struct asyncore_class *cls)
{
	return (const struct asynchat_class *)(const void *)cls;
}

/* Sets c to the class, from d's own upwards, that fills the chat's slot. */
#define FIND_CHAT(c, d, slot)						\
	for ((c) = (d)->cls; !((c)->flags & ASYNCHAT_CLASS) ||		\
	    !chat_class(c)->slot; (c) = (c)->base)			\
		continue

int
asyncore__chat_collect(struct asyncore_dispatcher *d, const void *data,
    size_t len)
{
	const struct asyncore_class *c;
	struct asyncore__frame f;

	if (d->closed)
		return 0;
	FIND_CHAT(c, d, collect_incoming_data);
	asyncore__enter_hook(d, &f, HOOK_COLLECT_INCOMING_DATA,
	    (long long)len);
	return asyncore__leave_hook(d, &f,
	    chat_class(c)->collect_incoming_data(d, data, len));
}

int
asyncore__chat_found(struct asyncore_dispatcher *d)
{
	const struct asyncore_class *c;
	struct asyncore__frame f;

	if (d->closed)
		return 0;
	FIND_CHAT(c, d, found_terminator);
	asyncore__enter_hook(d, &f, HOOK_FOUND_TERMINATOR, 0);
	return asyncore__leave_hook(d, &f,
	    chat_class(c)->found_terminator(d));
}

int
asyncore__chat_overflow(struct asyncore_dispatcher *d)
{
	const struct asyncore_class *c;
	struct asyncore__frame f;

	if (d->closed)
		return 0;
	FIND_CHAT(c, d, handle_overflow);
	asyncore__enter_hook(d, &f, HOOK_OVERFLOW, 0);
	return asyncore__leave_hook(d, &f,
	    chat_class(c)->handle_overflow(d));
}

size_t
asyncore__chat_in_size(const struct asyncore_dispatcher *d)
{
	const struct asyncore_class *c;

	FIND_CHAT(c, d, ac_in_buffer_size);
	return chat_class(c)->ac_in_buffer_size;
}

size_t
asyncore__chat_out_size(const struct asyncore_dispatcher *d)
{
	const struct asyncore_class *c;

	FIND_CHAT(c, d, ac_out_buffer_size);
	return chat_class(c)->ac_out_buffer_size;
}

static int
default_collect(struct asyncore_dispatcher *d, const void *data, size_t len)
{
	(void)d;
	(void)data;
	(void)len;
	return -ENOSYS;
}

static int
default_found(struct asyncore_dispatcher *d)
{
	(void)d;
	return -ENOSYS;
}

static int
default_overflow(struct asyncore_dispatcher *d)
{
	char repr[256];

	(void)asyncore_repr(d, repr, sizeof repr);
	asyncore_log_info(d, "error",
	    "more than %zu bytes without a terminator, closing channel %s",
	    asyncore__chat_of(d)->limit, repr);
	return asyncore_handle_close(d);
}

/* async_chat's handle_close() says nothing. */
static int
chat_close(struct asyncore_dispatcher *d)
{
	return asyncore_close(d);
}

static void
init(struct asyncore_dispatcher *d)
{
	struct asyncore__chat *c = d->extra;

	c->terminator.count = -1;
	asyncore__list_init(&c->queue);
}

static void
fini(struct asyncore_dispatcher *d)
{
	struct asyncore__chat *c = d->extra;

	while (!asyncore__list_empty(&c->queue))
		asyncore__chat_forget_output(c);
	asyncore__terminator_clear(&c->terminator);
	if (c->held != NULL)
		evbuffer_free(c->held);
	if (c->incoming != NULL)
		evbuffer_free(c->incoming);
	if (c->given != NULL)
		evbuffer_free(c->given);
}

static bool
uses_reserved(const struct asynchat_class *cls)
{
	size_t i;

	for (i = 0; i < sizeof cls->reserved / sizeof cls->reserved[0]; i++)
		if (cls->reserved[i] != NULL)
			return true;
	return false;
}

/* 0: chats can be made of cls. */
static int
check(const struct asyncore_class *cls)
{
	size_t size;
	int err;

	if (!(cls->flags & ASYNCHAT_CLASS))
		return -EINVAL;
	if ((err = asyncore__class_check(cls, &size)) < 0)
		return err;
	for (; cls != NULL; cls = cls->base)
		if ((cls->flags & ASYNCHAT_CLASS) &&
		    uses_reserved(chat_class(cls)))
			return -ENOTSUP;
	return 0;
}

/* In the middle of a piece nobody can say what of it was handed out. */
static int
give_buffers(struct asyncore_dispatcher *d, struct evbuffer *input,
    struct evbuffer *output)
{
	struct asyncore__chat *c = d->extra;
	int err;

	if (c->collecting || !asyncore__chat_is_only_bytes(c))
		return -EBUSY;
	err = asyncore__chat_give_input(d, input);
	if (err == 0)
		asyncore__chat_give_output(c, output);
	return err;
}

const struct asyncore__kind asyncore__chat_kind = {
	.size = sizeof(struct asyncore__chat),
	.flags = ASYNCHAT_CLASS,
	.init = init,
	.fini = fini,
	.pending = asyncore__chat_pending,
	.check = check,
	.take_output = asyncore__chat_take_output,
	.give_buffers = give_buffers,
};

const struct asynchat_class asynchat_async_chat_class = {
	.dispatcher = {
		.name = "async_chat",
		.base = &asyncore_dispatcher_class,
		.flags = ASYNCORE_ASK_ON_CHANGE | ASYNCHAT_CLASS,
		.internal = &asyncore__chat_kind,
		ASYNCORE__DISPATCHER_SLOTS(asyncore_always,
		    asyncore__chat_has_output, asyncore__chat_read,
		    asyncore__chat_write, chat_close, asyncore__default_send)
	},
	.collect_incoming_data = default_collect,
	.found_terminator = default_found,
	.handle_overflow = default_overflow,
	.ac_in_buffer_size = 65536,
	.ac_out_buffer_size = 65536,
};

/* ---- Life. ---- */

/* The class as a dispatcher's, if chats can be made of it; else NULL, errno. */
static const struct asyncore_class *
checked(const struct asynchat_class *cls)
{
	int err = cls != NULL ? check(&cls->dispatcher) : -EINVAL;

	if (err == 0)
		return &cls->dispatcher;
	errno = -err;
	return NULL;
}

struct asyncore_dispatcher *
asynchat_new(const struct asynchat_class *cls, struct asyncore_map *map)
{
	const struct asyncore_class *c = checked(cls);

	return c != NULL ? asyncore__new(c, map) : NULL;
}

struct asyncore_dispatcher *
asynchat_new_socket(const struct asynchat_class *cls, int fd,
    struct asyncore_map *map)
{
	const struct asyncore_class *c = checked(cls);
	const int err = errno;
	struct asyncore_dispatcher *d = asyncore__new_socket(c, fd, map);

	if (c == NULL && errno != EEXIST)
		errno = err;
	return d;
}

struct asyncore_dispatcher *
asynchat_spawn(const struct asynchat_class *cls, int fd,
    struct asyncore_map *map)
{
	return asyncore__leave_to_map(asynchat_new_socket(cls, fd, map));
}

/* ---- Terminator and limit. ---- */

int
asynchat_set_terminator(struct asyncore_dispatcher *d, const void *bytes,
    size_t len)
{
	struct asyncore__chat *c = asyncore__chat_of(d);

	if (c == NULL || (bytes == NULL && len > 0))
		return -EINVAL;
	return asyncore__terminator_set(&c->terminator, bytes, len);
}

int
asynchat_set_terminator_count(struct asyncore_dispatcher *d, long long n)
{
	struct asyncore__chat *c = asyncore__chat_of(d);

	if (c == NULL || n < 0)
		return -EINVAL;
	asyncore__terminator_clear(&c->terminator);
	c->terminator.count = n;
	return 0;
}

const void *
asynchat_get_terminator(const struct asyncore_dispatcher *d, size_t *len,
    long long *count)
{
	const struct asyncore__chat *c = asyncore__chat_of(d);

	if (len != NULL)
		*len = c != NULL ? c->terminator.len : 0;
	if (count != NULL)
		*count = c != NULL ? c->terminator.count : -1;
	if (c == NULL || c->terminator.len == 0)
		return NULL;
	return asyncore__terminator_bytes(&c->terminator);
}

int
asynchat_set_limit(struct asyncore_dispatcher *d, size_t bytes)
{
	struct asyncore__chat *c = asyncore__chat_of(d);

	if (c == NULL)
		return -EINVAL;
	c->limit = bytes;
	return 0;
}

/* ---- The collector. ---- */

static int
keep(struct asyncore__chat *c, const void *data, size_t len)
{
	if (c->incoming == NULL)
		c->incoming = evbuffer_new();
	if (c->incoming == NULL || evbuffer_add(c->incoming, data, len) != 0)
		return -ENOMEM;
	return 0;
}

/* What was lent and not asked for must be copied: its place will be reused. */
int
asyncore__chat_keep_lent(struct asyncore__chat *c)
{
	const char *lent = c->lent;

	c->lent = NULL;
	return lent != NULL ? keep(c, lent, c->lent_len) : 0;
}

/*
 * A whole piece that lies in the input, or its beginning, is only remembered,
 * as mostly the found_terminator() that follows asks for it.
 */
static bool
lend(struct asyncore__chat *c, const char *data, size_t len)
{
	if (data != c->piece || c->lent != NULL || (c->incoming != NULL &&
	    evbuffer_get_length(c->incoming) > 0))
		return false;
	c->lent = data;
	c->lent_len = len;
	return true;
}

int
asynchat_collect(struct asyncore_dispatcher *d, const void *data, size_t len)
{
	struct asyncore__chat *c = asyncore__chat_of(d);
	int err;

	if (c == NULL || (data == NULL && len > 0))
		return -EINVAL;
	if (len == 0 || lend(c, data, len))
		return 0;
	err = asyncore__chat_keep_lent(c);
	return err < 0 ? err : keep(c, data, len);
}

static const void *
take_lent(struct asyncore__chat *c, size_t *len)
{
	const void *data = c->lent;

	c->lent = NULL;
	if (len != NULL)
		*len = c->lent_len;
	return data;
}

/* The two buffers change places: what was given before is gone. */
const void *
asynchat_get_data(struct asyncore_dispatcher *d, size_t *len)
{
	struct asyncore__chat *c = asyncore__chat_of(d);
	struct evbuffer *incoming;
	const void *data;

	if (len != NULL)
		*len = 0;
	if (c == NULL)
		return NULL;
	if (c->lent != NULL)
		return take_lent(c, len);
	incoming = c->incoming;
	if (incoming == NULL || evbuffer_get_length(incoming) == 0)
		return "";
	data = evbuffer_pullup(incoming, -1);
	if (c->given == NULL)
		c->given = evbuffer_new();
	if (data == NULL || c->given == NULL)
		return NULL;
	(void)evbuffer_drain(c->given, evbuffer_get_length(c->given));
	c->incoming = c->given;
	c->given = incoming;
	if (len != NULL)
		*len = evbuffer_get_length(incoming);
	return data;
}

int
asynchat_discard_buffers(struct asyncore_dispatcher *d)
{
	struct asyncore__chat *c = asyncore__chat_of(d);

	if (c == NULL)
		return -EINVAL;
	asyncore_ref(d);	/* a producer may have held it */
	asyncore__chat_forget_input(c);
	c->lent = NULL;
	if (c->incoming != NULL)
		(void)evbuffer_drain(c->incoming,
		    evbuffer_get_length(c->incoming));
	asyncore__chat_forget_output(c);
	asyncore__called(d);
	asyncore_unref(d);
	return 0;
}
