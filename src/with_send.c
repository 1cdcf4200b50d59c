/*
 * with_send.c - asyncore.dispatcher_with_send: a dispatcher whose send() takes
 * everything, and sends what did not go at once when there is room.
 *
 * While nothing is pending, send() tries first and keeps only the rest, so that
 * data is copied once or not at all.
 */
#include "internal.h"

#include <event2/buffer.h>

#define AT_ONCE 65536

static struct evbuffer **
slot_of(const struct asyncore_dispatcher *d)
{
	return d->extra;
}

static size_t
pending(const struct asyncore_dispatcher *d)
{
	struct evbuffer *out = *slot_of(d);

	return out != NULL ? evbuffer_get_length(out) : 0;
}

static struct evbuffer *
buffer_of(struct asyncore_dispatcher *d)
{
	struct evbuffer **slot = slot_of(d);

	if (*slot == NULL)
		*slot = evbuffer_new();
	return *slot;
}

static void
free_buffer(struct asyncore_dispatcher *d)
{
	if (*slot_of(d) != NULL)
		evbuffer_free(*slot_of(d));
}

static bool
has_output(struct asyncore_dispatcher *d)
{
	return !d->connected || pending(d) > 0;
}

/* Differs: with nothing pending nothing is sent, not even an empty datagram. */
static int
initiate_send(struct asyncore_dispatcher *d)
{
	ssize_t n;

	if (pending(d) == 0)
		return 0;
	n = asyncore__flush(d, *slot_of(d), AT_ONCE);
	return n < 0 ? (int)n : 0;
}

/* Keeps what was not sent; answers what was taken in all. */
static ssize_t
keep(struct asyncore_dispatcher *d, const char *data, size_t len, size_t sent)
{
	struct evbuffer *out;

	if (sent == len)
		return (ssize_t)len;
	out = buffer_of(d);
	if (out != NULL && evbuffer_add(out, data + sent, len - sent) == 0)
		return (ssize_t)len;
	return sent > 0 ? (ssize_t)sent : -ENOMEM;
}

/* What is not sent is kept before any hook runs: `data` may be gone then. */
static ssize_t
send_first(struct asyncore_dispatcher *d, const void *data, size_t len)
{
	const size_t some = len < AT_ONCE ? len : AT_ONCE;
	ssize_t n, kept;

	if (d->transport == NULL)
		return d->closed ? 0 : -ENOTCONN;
	n = asyncore__transport_send(d, data, some);
	kept = keep(d, data, len, n > 0 ? (size_t)n : 0);
	n = asyncore__after_send(d, n, some);
	if (n < 0)
		return n;
	return d->closed ? 0 : kept;
}

static ssize_t
with_send_send(struct asyncore_dispatcher *d, const void *data, size_t len)
{
	ssize_t kept;
	int err;

	if (d->debug)
		asyncore_log_info(d, "info", "sending %zu bytes", len);
	if (pending(d) == 0)
		return send_first(d, data, len);
	kept = keep(d, data, len, 0);
	if (kept < 0)
		return kept;
	err = initiate_send(d);
	if (err < 0)
		return err;
	return d->closed ? 0 : kept;
}

struct evbuffer *
asyncore_out_buffer(struct asyncore_dispatcher *d)
{
	if (d == NULL || d->kind != &asyncore__with_send_kind)
		return NULL;
	asyncore__called(d);
	return buffer_of(d);
}

static int
take_output(struct asyncore_dispatcher *d, struct evbuffer *output)
{
	struct evbuffer *out = buffer_of(d);

	return out != NULL && evbuffer_add_buffer(out, output) == 0 ? 0 :
	    -ENOMEM;
}

/* The program has the buffer in its hands, and may have frozen it. */
static int
give_buffers(struct asyncore_dispatcher *d, struct evbuffer *input,
    struct evbuffer *output)
{
	(void)input;
	if (pending(d) == 0)
		return 0;
	return evbuffer_add_buffer(output, *slot_of(d)) == 0 ? 0 : -EBUSY;
}

const struct asyncore__kind asyncore__with_send_kind = {
	.size = sizeof(struct evbuffer *),
	.fini = free_buffer,
	.pending = pending,
	.take_output = take_output,
	.give_buffers = give_buffers,
};

const struct asyncore_class asyncore_dispatcher_with_send_class = {
	.name = "dispatcher_with_send",
	.base = &asyncore_dispatcher_class,
	.flags = ASYNCORE_ASK_ON_CHANGE,
	.internal = &asyncore__with_send_kind,
	ASYNCORE__DISPATCHER_SLOTS(asyncore_always, has_output,
	    asyncore__default_read, initiate_send,
	    asyncore__default_handle_close, with_send_send)
};
