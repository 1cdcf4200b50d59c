/*
 * anything_chats.c - chats and dispatchers with a send buffer, and what is done
 * to them; what is no chat only says so.  See anything.h.
 */
#include "anything.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>

static int n_producers;

/* ---- The classes. ---- */

static int
any_collect(struct asyncore_dispatcher *d, const void *data, size_t len)
{
	struct record *r = enter(d);

	must(data != NULL && len > 0);
	if (one_in(2))
		(void)asynchat_collect(d, data, len);
	return finish(r);
}

static unsigned
sum_of(const void *data, size_t len)
{
	const unsigned char *p = data;
	unsigned sum = 0;

	while (len-- > 0)
		sum += *p++;
	return sum;
}

/* What it lends is there until the hook returns, unless it is asked again. */
static int
any_found(struct asyncore_dispatcher *d)
{
	struct record *r = enter(d);
	size_t len = 0;
	const void *data = one_in(2) ? asynchat_get_data(d, &len) : NULL;
	const unsigned sum = sum_of(data, data != NULL ? len : 0);

	if (data != NULL)
		must(sum_of(data, len) == sum);
	return finish(r);
}

static int
any_overflow(struct asyncore_dispatcher *d)
{
	struct record *r = enter(d);

	if (one_in(2))
		(void)asyncore_handle_close(d);
	return finish(r);
}

const struct asynchat_class any_chat_class = {
	.dispatcher = {
		.name = "AnyChat",
		.base = &asynchat_async_chat_class.dispatcher,
		.flags = ASYNCHAT_CLASS,
		ANY_SLOTS
	},
	.collect_incoming_data = any_collect,
	.found_terminator = any_found,
	.handle_overflow = any_overflow,
	.ac_in_buffer_size = 5,
	.ac_out_buffer_size = 50,
};

const struct asyncore_class any_with_send_class = {
	.name = "AnyWithSend",
	.base = &asyncore_dispatcher_with_send_class,
	.handle_read = any_read,
	ANY_SLOTS
};

/* ---- Producers. ---- */

struct producer {
	struct asynchat_producer base;
	int left;
};

static int
more(struct asynchat_producer *p, struct evbuffer *out)
{
	struct producer *self = (struct producer *)p;

	if (one_in(3))
		stir();
	if (one_in(4))
		return one_in(2) ? -EAGAIN : -EPROTO;
	if (self->left-- <= 0)
		return 0;
	return evbuffer_add(out, "produced", 1 + any(8));
}

static void
free_producer(struct asynchat_producer *p)
{
	n_producers--;
	free(p);
}

static struct asynchat_producer *
new_producer(void)
{
	struct producer *p = calloc(1, sizeof *p);

	must(p != NULL);
	n_producers++;
	p->base.more = more;
	p->base.free = free_producer;
	p->left = (int)any(4);
	return &p->base;
}

void
chats_end(void)
{
	must(n_producers == 0);
}

/* ---- What is done to them. ---- */

static void
ck_done(int err)
{
	must(err == 0 || err == -EINVAL || err == ASYNCORE_EXIT_NOW);
}

static const char text[] = "one\ntwo\nthree and more\n"
    "0123456789012345678901234567890123456789012345678901234567890123456789";

static void
do_push(struct record *r)
{
	ck_done(asynchat_push(r->d, text, any(sizeof text)));
}

static void
do_push_producer(struct record *r)
{
	struct asyncore_dispatcher *d = r->d;

	ck_done(asynchat_push_with_producer(d, one_in(4) ?
	    asynchat_simple_producer(text, any(sizeof text), 1 + any(9)) :
	    new_producer()));
}

static void
do_push_buffer(struct record *r)
{
	struct asyncore_dispatcher *d = r->d;
	struct evbuffer *b = evbuffer_new();

	must(b != NULL && evbuffer_add(b, text, any(sizeof text)) == 0);
	ck_done(asynchat_push_buffer(d, b));
	evbuffer_free(b);
}

static void
do_push_file(struct record *r)
{
	struct asyncore_dispatcher *d = r->d;
	const int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);

	must(fd >= 0);
	(void)asynchat_push_file(d, fd, any(10), (int)any(20) - 1);
}

static void
do_end(struct record *r)
{
	ck_done(asynchat_close_when_done(r->d));
}

static void
do_discard(struct record *r)
{
	ck_done(asynchat_discard_buffers(r->d));
}

static void
do_initiate(struct record *r)
{
	ck_done(asynchat_initiate_send(r->d));
}

static void
do_terminator(struct record *r)
{
	if (one_in(3))
		ck_done(asynchat_set_terminator_count(r->d, any(8)));
	else
		ck_done(asynchat_set_terminator(r->d, text + 3, any(3)));
}

static void
do_limit(struct record *r)
{
	ck_done(asynchat_set_limit(r->d, any(10)));
}

static void
do_marks(struct record *r)
{
	const size_t low = any(40);
	const int err = asyncore_set_watermarks(r->d, low, low + any(3) * 20);

	must(err == 0 || err == -ENOTSUP || err == -EINVAL);
}

static void
do_out_buffer(struct record *r)
{
	struct evbuffer *b = asyncore_out_buffer(r->d);

	if (b != NULL && one_in(2))
		(void)evbuffer_drain(b, any(50));
	else if (b != NULL)
		must(evbuffer_add(b, text, any(sizeof text)) == 0);
	must(b == NULL || asyncore_pending_output(r->d) ==
	    evbuffer_get_length(b));
}

const deed chat_deeds[] = {
	do_push, do_push, do_push_producer, do_push_producer, do_push_buffer,
	do_push_file, do_end, do_discard, do_initiate, do_terminator,
	do_terminator, do_limit, do_marks, do_out_buffer
};
const unsigned n_chat_deeds = sizeof chat_deeds / sizeof chat_deeds[0];
