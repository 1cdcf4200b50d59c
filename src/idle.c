/*
 * idle.c - idle timeouts: a hook for the channel over which nothing went for a
 * while.
 *
 * What goes over it only notes the time.  A quiet call, tied to the channel,
 * looks at that when the timeout would be over at the earliest, so that a busy
 * channel costs no timer.  When nothing went since, it is over, even if by the
 * clock some ms are left, as libevent's may be coarser: one that waited for them
 * could be overtaken by the next.  All with the same timeout stand in one queue
 * of libevent's, which is cheap for any number of them.
 */
#include "internal.h"

#include <math.h>

static int
look(struct asyncore_dispatcher *d, void *arg)
{
	struct asyncore__rare *rare = d->rare;
	const double now = asyncore__now();
	const double left = rare->active_at + rare->timeout - now;
	const bool was_active = rare->active_at > rare->looked_at;

	(void)arg;
	rare->looked_at = rare->active_at;
	if (was_active && left > 0)
		return asyncore_reschedule_call(d->map, rare->timeout_call,
		    left);
	rare->active_at = rare->looked_at = now;
	return asyncore__route(d, asyncore_handle_timeout(d));
}

/* NULL where there are too many queues: the timer goes into the heap then. */
static const struct timeval *
queue_for(struct asyncore_map *map, double seconds)
{
	const struct timeval tv = asyncore__timeval(seconds);
	struct asyncore__queue *q = map->queues;

	for (; q < map->queues + map->n_queues; q++)
		if (q->seconds >= seconds && q->seconds <= seconds)
			return q->tv;
	if (map->n_queues == ASYNCORE__QUEUES)
		return NULL;
	q->tv = event_base_init_common_timeout(map->base, &tv);
	q->seconds = seconds;
	map->n_queues += q->tv != NULL;
	return q->tv;
}

int
asyncore_set_timeout(struct asyncore_dispatcher *d, double seconds)
{
	struct asyncore__task task = {
		.d = d, .tied = look, .period = seconds, .quiet = true
	};
	long long id = 0;

	if (d == NULL || isnan(seconds) || fpclassify(seconds) == FP_ZERO ||
	    d->finalizing || d->map->freed)
		return -EINVAL;
	if (seconds > 0) {
		task.map = d->map;
		task.queue = queue_for(d->map, seconds);
		id = asyncore__schedule(&task, seconds);
		if (id < 0)
			return (int)id;
	} else if (d->rare->timeout_call == 0) {
		return 0;
	}
	(void)asyncore_cancel_call(d->map, d->rare->timeout_call);
	d->rare->timeout_call = id;
	d->timed = seconds > 0;
	d->rare->timeout = d->timed ? seconds : 0;
	d->rare->active_at = d->rare->looked_at = asyncore__now();
	return 0;
}

int
asyncore__default_timeout(struct asyncore_dispatcher *d)
{
	return asyncore_handle_close(d);
}
