/*
 * limits.c - what a server may be told to stop at: so many connections of a
 * listener, so many bytes waiting for a slow reader.
 *
 * Both work by not watching for reading: connections wait in the kernel's
 * queue, bytes at their sender.  A listener and its connections share a quota,
 * so that either may go first.
 */
#include "internal.h"

#include <stdlib.h>

/* ---- Connections. ---- */

struct asyncore__quota {
	unsigned refs;
	size_t used, max;
	struct asyncore_dispatcher *listener;	/* NULL: gone */
};

static void
unref(struct asyncore__quota *q)
{
	if (--q->refs == 0)
		free(q);
}

static struct asyncore__quota *
quota_of(struct asyncore_dispatcher *d)
{
	struct asyncore__rare *rare = asyncore__rare(d);

	if (rare != NULL && rare->quota == NULL) {
		rare->quota = calloc(1, sizeof *rare->quota);
		if (rare->quota == NULL)
			return NULL;
		rare->quota->refs = 1;
		rare->quota->listener = d;
	}
	return rare != NULL ? rare->quota : NULL;
}

static bool
is_listener_s(const struct asyncore_dispatcher *d)
{
	return d->rare->quota != NULL && d->rare->quota->listener == d;
}

int
asyncore_set_max_connections(struct asyncore_dispatcher *d, int n)
{
	struct asyncore__quota *q;

	if (d == NULL || d->finalizing || (d->rare->quota != NULL &&
	    !is_listener_s(d)))
		return -EINVAL;
	if ((q = quota_of(d)) == NULL)
		return -ENOMEM;
	q->max = n >= 0 ? (size_t)n : SIZE_MAX;
	asyncore__changed(d);
	return 0;
}

bool
asyncore__quota_is_full(const struct asyncore_dispatcher *d)
{
	return is_listener_s(d) && d->rare->quota->used >= d->rare->quota->max;
}

/* Whose connection was accepted last; it must not go in between. */
void
asyncore__quota_remember(struct asyncore_map *map, struct asyncore__quota *q)
{
	if (q != NULL)
		q->refs++;
	if (map->accepted_quota != NULL)
		unref(map->accepted_quota);
	map->accepted_quota = q;
}

/* `d` is a connection that this quota's listener accepted. */
int
asyncore__quota_join(struct asyncore_dispatcher *d, struct asyncore__quota *q)
{
	if (q == NULL || d->rare->quota != NULL)
		return 0;
	if (asyncore__rare(d) == NULL)
		return -ENOMEM;
	d->rare->quota = q;
	q->refs++;
	q->used++;
	if (q->listener != NULL)
		asyncore__changed(q->listener);
	return 0;
}

/* A connection closes, or a listener goes for good. */
void
asyncore__quota_leave(struct asyncore_dispatcher *d)
{
	struct asyncore__quota *q = d->rare->quota;

	if (q == NULL || (q->listener == d && !d->finalizing))
		return;
	d->rare->quota = NULL;
	if (q->listener == d)
		q->listener = NULL;
	else if (q->used-- == q->max && q->listener != NULL)
		asyncore__changed(q->listener);
	unref(q);
}

/* ---- Bytes. ---- */

size_t
asyncore_pending_output(const struct asyncore_dispatcher *d)
{
	return d != NULL && d->kind != NULL ? d->kind->pending(d) : 0;
}

int
asyncore_set_watermarks(struct asyncore_dispatcher *d, size_t low, size_t high)
{
	if (d == NULL || low > high)
		return -EINVAL;
	if (d->kind == NULL)
		return -ENOTSUP;
	if (asyncore__rare(d) == NULL)
		return -ENOMEM;
	d->rare->low = low;
	d->rare->high = high;
	d->held_back = false;
	asyncore__note_mood(d);
	asyncore__changed(d);
	return 0;
}

/* From the high mark on until it has fallen to the low one. */
bool
asyncore__is_held_back(struct asyncore_dispatcher *d)
{
	const size_t n = d->kind->pending(d);

	if (n >= d->rare->high)
		d->held_back = true;
	else if (n <= d->rare->low)
		d->held_back = false;
	return d->held_back;
}
