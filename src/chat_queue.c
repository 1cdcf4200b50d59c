/*
 * chat_queue.c - the queue of an async_chat: what was pushed and is not sent.
 *
 * It has an item for each producer and file, for the end that close_when_done()
 * puts, and for each run of pushed bytes between them.  An item that is in use
 * stays in memory until its user gives it up, whatever becomes of the queue.
 */
#include "chat.h"

#include <stdlib.h>
#include <unistd.h>

#define item_of(l) ((struct asyncore__item *)(void *)(l))

struct asyncore__item *
asyncore__queue_first(const struct asyncore__chat *c)
{
	/* What is freed has left the list.
	 * NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
	return asyncore__list_empty(&c->queue) ? NULL : item_of(c->queue.next);
}

void
asyncore__item_free(struct asyncore__item *item)
{
	evbuffer_free(item->data);
	if (item->producer != NULL && item->producer->free != NULL)
		item->producer->free(item->producer);
	if (item->fd >= 0)
		close(item->fd);
	free(item);
}

void
asyncore__queue_remove(struct asyncore__item *item)
{
	asyncore__list_remove(&item->link);
	if (item->busy)
		item->dropped = true;
	else
		asyncore__item_free(item);
}

void
asyncore__chat_forget_output(struct asyncore__chat *c)
{
	struct asyncore__link old = c->queue;

	if (asyncore__queue_first(c) == NULL)
		return;
	/* A producer that pushes when it is freed pushes into the new queue. */
	old.next->prev = old.prev->next = &old;
	asyncore__list_init(&c->queue);
	while (!asyncore__list_empty(&old))
		asyncore__queue_remove(item_of(old.next));
}

struct asyncore__item *
asyncore__item_new(void)
{
	struct asyncore__item *item = calloc(1, sizeof *item);

	if (item == NULL)
		return NULL;
	item->fd = -1;
	item->data = evbuffer_new();
	if (item->data == NULL) {
		free(item);
		return NULL;
	}
	return item;
}

void
asyncore__queue_append(struct asyncore__chat *c, struct asyncore__item *item)
{
	asyncore__list_append(&c->queue, &item->link);
}

/*
 * The item that pushed bytes go to: the last one, or a new one.  One that is in
 * use may have given its bytes to a send(), and adding could move them.
 */
struct asyncore__item *
asyncore__queue_tail(struct asyncore__chat *c)
{
	struct asyncore__item *item;

	if (!asyncore__list_empty(&c->queue)) {
		item = item_of(c->queue.prev);
		if (item->producer == NULL && !item->is_end && item->fd < 0 &&
		    !item->busy)
			return item;
	}
	item = asyncore__item_new();
	if (item != NULL)
		asyncore__queue_append(c, item);
	return item;
}

bool
asyncore__chat_has_output(struct asyncore_dispatcher *d)
{
	return !d->connected || (!d->starved &&
	    asyncore__queue_first(asyncore__chat_of(d)) != NULL);
}

/* What is in files does not count. */
size_t
asyncore__chat_pending(const struct asyncore_dispatcher *d)
{
	const struct asyncore__chat *c = asyncore__chat_of(d);
	const struct asyncore__link *link;
	size_t n = 0;

	for (link = c->queue.next; link != &c->queue; link = link->next)
		n += evbuffer_get_length(item_of(link)->data);
	return n;
}

/* ---- For a bridge. ---- */

int
asyncore__chat_take_output(struct asyncore_dispatcher *d,
    struct evbuffer *output)
{
	struct asyncore__item *item = asyncore__queue_tail(d->extra);

	return item != NULL && evbuffer_add_buffer(item->data, output) == 0 ?
	    0 : -ENOMEM;
}

/* What comes from producers and files, and an end, cannot go elsewhere. */
bool
asyncore__chat_is_only_bytes(const struct asyncore__chat *c)
{
	const struct asyncore__link *link;
	const struct asyncore__item *item;

	for (link = c->queue.next; link != &c->queue; link = link->next) {
		item = item_of(link);
		if (item->producer != NULL || item->is_end || item->fd >= 0)
			return false;
	}
	return !c->sending;	/* else one of them may be in use */
}

void
asyncore__chat_give_output(struct asyncore__chat *c, struct evbuffer *output)
{
	struct asyncore__item *item;

	while ((item = asyncore__queue_first(c)) != NULL) {
		(void)evbuffer_add_buffer(output, item->data);
		asyncore__queue_remove(item);
	}
}
