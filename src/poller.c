/*
 * poller.c - between channels and libevent: the only file that knows libevent's
 * I/O events.
 *
 * A channel has two persistent events, one a direction, which are added and
 * deleted only where what it is to be watched for has changed.  Their callback
 * only records: this channel, this direction.  Hooks run after event_base_loop
 * has returned, so that a hook may run a loop, order is ours, and results
 * travel by plain return.
 */
#include "internal.h"

#define READ ASYNCORE_READ
#define WRITE ASYNCORE_WRITE

static int
arm_one(struct asyncore_dispatcher *d, struct event *ev, unsigned bit, bool on)
{
	const char *name = bit == READ ? "read" : "write";

	if (on) {
		errno = 0;
		if (event_add(ev, NULL) != 0)
			return errno != 0 ? -errno : -ENOMEM;
		d->armed |= (uint8_t)bit;
		asyncore__stir(d->map);
	} else {
		(void)event_del(ev);
		d->armed &= (uint8_t)~bit;
	}
	d->map->counts.interest_changes++;
	asyncore__note(d->map, d, on ? ASYNCORE_TRACE_ARM :
	    ASYNCORE_TRACE_DISARM, name, 0);
	return 0;
}

/*
 * Adds before it deletes: going from one direction to the other is then one
 * system call in libevent, not two.
 */
static int
arm(struct asyncore_dispatcher *d, unsigned watch)
{
	const unsigned on = watch & ~d->armed, off = d->armed & ~watch;
	int err = 0;

	if (on & READ)
		err = arm_one(d, &d->read_event, READ, true);
	if (err == 0 && (on & WRITE))
		err = arm_one(d, &d->write_event, WRITE, true);
	if (off & READ)
		(void)arm_one(d, &d->read_event, READ, false);
	if (off & WRITE)
		(void)arm_one(d, &d->write_event, WRITE, false);
	return err;
}

/*
 * Somebody else runs the base, and no pass of ours is there to answer: left
 * armed, a level-triggered event would spin.  The next pass arms it again.
 */
void
asyncore__forget(struct asyncore_dispatcher *d)
{
	d->ready = 0;
	if (d->pollable)
		(void)arm(d, 0);
	asyncore__changed(d);
}

/* There is no wait of ours under way. */
static void
find_out_of_turn(struct asyncore_dispatcher *d)
{
	/* Attached, the next turn asks, and it is found again. */
	if (!d->map->attached)
		asyncore__forget(d);
}

static void
on_event(evutil_socket_t fd, short what, void *arg)
{
	struct asyncore_dispatcher *d = arg;
	struct asyncore_map *map = d->map;

	(void)fd;
	if (!map->waiting && !map->in_pass) {
		find_out_of_turn(d);
		return;
	}
	if (!(d->ready & ASYNCORE__KERNEL))
		map->news++;
	asyncore__record(d, (what & EV_READ ? READ : 0) |
	    (what & EV_WRITE ? WRITE : 0));
	asyncore__host_wake(map);
}

void
asyncore__poller_enter(struct asyncore_dispatcher *d)
{
	struct event_base *base = d->map->base;

	if (!d->pollable)
		return;
	(void)event_assign(&d->read_event, base, d->fd, EV_READ | EV_PERSIST,
	    on_event, d);
	(void)event_assign(&d->write_event, base, d->fd, EV_WRITE | EV_PERSIST,
	    on_event, d);
}

/* Before close(2), always: a registration must not outlive its descriptor. */
void
asyncore__poller_leave(struct asyncore_dispatcher *d)
{
	if (!d->pollable)
		return;
	(void)arm(d, 0);
	(void)asyncore__expt_watch(d, false);
	event_debug_unassign(&d->read_event);
	event_debug_unassign(&d->write_event);
}

/* It has marks or a quota, and is past them. */
static bool
is_over_limits(struct asyncore_dispatcher *d)
{
	return (d->rare->high > 0 && asyncore__is_held_back(d)) ||
	    (d->rare->quota != NULL && asyncore__quota_is_full(d));
}

/* The one place where state becomes interest. */
unsigned
asyncore__interest(struct asyncore_dispatcher *d)
{
	unsigned want = d->wish;

	if (!d->watched)
		return 0;
	if (d->accepting || (d->never_writable && !d->map->by_poll))
		want &= ~WRITE;
	if (d->eof || d->paused ||
	    (d->rare != &asyncore__nothing_rare && is_over_limits(d)))
		want &= ~READ;
	return want;
}

/* A stream that took all of the last send is ready for the next. */
static bool
is_presumed_writable(const struct asyncore_dispatcher *d)
{
	return d->map->presume && d->connected && d->stream && !d->blocked;
}

/*
 * A local stream that has hung up and is full is reported for ever, but has
 * room again when its peer reads what was sent, or closes.  Only select sees
 * it so: poll has the hang-up itself to report.
 */
static bool
must_be_asked(const struct asyncore_dispatcher *d)
{
	return d->hung_up && !d->map->by_poll;
}

static bool
has_room(const struct asyncore_dispatcher *d)
{
	struct pollfd p = { .fd = d->fd, .events = POLLOUT };

	return poll(&p, 1, 0) == 1 && (p.revents & (POLLOUT | POLLERR));
}

static bool
has_pending(const struct asyncore_dispatcher *d)
{
	return d->transport->pending != NULL &&
	    d->transport->pending(d->transport_state, d->fd);
}

/* Whether the kernel must be asked before the next write. */
void
asyncore__set_blocked(struct asyncore_dispatcher *d, bool blocked)
{
	if (d->blocked != blocked) {
		d->blocked = blocked;
		asyncore__changed(d);
	}
}

/* What of `want` is ready without asking the kernel. */
static unsigned
standing_for(const struct asyncore_dispatcher *d, unsigned want)
{
	unsigned bits = 0;

	if (!d->pollable)
		return want;
	if ((want & WRITE) && (is_presumed_writable(d) || must_be_asked(d)))
		bits |= WRITE;
	if ((want & READ) && has_pending(d))
		bits |= READ;
	return bits;
}

static void
set_standing(struct asyncore_dispatcher *d, unsigned bits)
{
	if (bits != 0 && d->standing_for == 0)
		asyncore__list_append(&d->map->standing, &d->standing);
	else if (bits == 0 && d->standing_for != 0)
		asyncore__list_remove(&d->standing);
	d->standing_for = (uint8_t)bits;
}

/* Makes libevent watch what the channel is interested in now. */
int
asyncore__settle(struct asyncore_dispatcher *d)
{
	const unsigned want = asyncore__interest(d);
	const unsigned standing = standing_for(d, want);
	unsigned watch = d->pollable ? want & ~(standing & WRITE) : 0;
	int err;

	if (d->pollable && d->transport->interest != NULL && want != 0)
		watch = d->transport->interest(d->transport_state, d->fd, want);
	set_standing(d, standing);
	watch &= READ | WRITE;
	err = watch != d->armed ? arm(d, watch) : 0;
	if (err < 0 || !d->pollable || !d->wants_expt)
		return err;
	return asyncore__expt_watch(d,
	    (want & (d->map->by_poll ? READ : READ | WRITE)) != 0);
}

/* One without room is asked again soon, as nothing may wake us for it. */
static unsigned
standing_now(const struct asyncore_dispatcher *d)
{
	if (!(d->standing_for & WRITE) || !must_be_asked(d) || has_room(d) ||
	    asyncore__resume_soon(d->map) < 0)
		return d->standing_for;
	return d->standing_for & ~WRITE;
}

/* Before a wait. */
void
asyncore__record_standing(struct asyncore_map *map)
{
	struct asyncore__link *link;
	struct asyncore_dispatcher *d;
	unsigned bits;

	for (link = map->standing.next; link != &map->standing;
	    link = link->next) {
		d = asyncore__of(link, standing);
		bits = standing_now(d);
		if (bits != 0)
			asyncore__record(d, bits << ASYNCORE__STANDING_SHIFT);
	}
}
