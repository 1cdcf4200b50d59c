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

#include <stdlib.h>

#define READ ASYNCORE_READ
#define WRITE ASYNCORE_WRITE

#define EXPT 0x4u		/* out-of-band data */

/* What is recorded: the kernel's word in the low bits, what stands above. */
#define KERNEL (READ | WRITE | EXPT)
#define STANDING_SHIFT 4

#define FETCH_MAX 4096		/* epoll's answers to libevent, at most */

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

static void
record(struct asyncore_dispatcher *d, unsigned bits)
{
	if (d->ready == 0)
		asyncore__ready_push(d->map, d);
	d->ready |= (uint8_t)bits;
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

static void
on_event(evutil_socket_t fd, short what, void *arg)
{
	struct asyncore_dispatcher *d = arg;
	struct asyncore_map *map = d->map;

	(void)fd;
	if (!map->waiting && !map->in_pass) {
		/* Attached, the next turn asks, and it is found again. */
		if (!map->attached)
			asyncore__forget(d);
		return;
	}
	if (!(d->ready & KERNEL))
		map->news++;
	record(d, (what & EV_READ ? READ : 0) | (what & EV_WRITE ? WRITE : 0));
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

/* The one place where state becomes interest. */
static unsigned
interest(struct asyncore_dispatcher *d)
{
	unsigned want = d->wish;

	if (!d->watched)
		return 0;
	if (d->accepting || (d->never_writable && !d->map->by_poll))
		want &= ~WRITE;
	if (d->eof || d->paused ||
	    (d->rare->high > 0 && asyncore__is_held_back(d)) ||
	    (d->rare->quota != NULL && asyncore__quota_is_full(d)))
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
	const unsigned want = interest(d);
	const unsigned standing = standing_for(d, want);
	unsigned watch = d->pollable ? want & ~(standing & WRITE) : 0;
	int err;

	if (d->pollable && d->transport->interest != NULL && want != 0)
		watch = d->transport->interest(d->transport_state, d->fd, want);
	set_standing(d, standing);
	err = arm(d, watch & (READ | WRITE));
	if (err < 0 || !d->pollable || !d->wants_expt)
		return err;
	return asyncore__expt_watch(d,
	    (want & (d->map->by_poll ? READ : READ | WRITE)) != 0);
}

static void
record_expt(struct asyncore_dispatcher *d)
{
	record(d, EXPT);
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

static void
record_standing(struct asyncore_map *map)
{
	struct asyncore__link *link;
	struct asyncore_dispatcher *d;
	unsigned bits;

	for (link = map->standing.next; link != &map->standing;
	    link = link->next) {
		d = asyncore__of(link, standing);
		bits = standing_now(d);
		if (bits != 0)
			record(d, bits << STANDING_SHIFT);
	}
}

/*
 * libevent's epoll fetches 32 answers at first, and twice as many each time
 * that they were all used.  A round that may have come back full has not seen
 * every channel, and the order of dispatch would break: ask again.  `fetch`
 * follows libevent's number from below.
 */
bool
asyncore__may_have_more(struct asyncore_map *map)
{
	const size_t news = map->news;

	map->news = 0;
	if (news < map->fetch)
		return false;
	if (map->fetch < FETCH_MAX)
		map->fetch *= 2;
	return true;
}

/* Has anybody told libevent to end the loop? */
void
asyncore__note_end(struct asyncore_map *map)
{
	if (event_base_got_break(map->base) || event_base_got_exit(map->base))
		map->ended = true;
}

/*
 * Does the base run already, and we are called by a callback of it?  There is
 * no question for that which may be asked outside of one, but libevent's cached
 * time stands still inside.  (On a base without it the answer is no.)
 */
static bool
is_inside_of_base(struct event_base *base)
{
	struct timeval before, now, after;

	(void)event_base_gettimeofday_cached(base, &before);
	do
		(void)evutil_gettimeofday(&now, NULL);
	while (evutil_timercmp(&now, &before, ==));
	(void)event_base_gettimeofday_cached(base, &after);
	return evutil_timercmp(&after, &before, ==);
}

/*
 * errno alone would not tell: libevent writes a warning to stderr first, which
 * may fail for reasons of its own.
 */
static int
refused(struct event_base *base)
{
	const int err = errno;

	return err == 0 || is_inside_of_base(base) ? -EBUSY : -err;
}

static int
run_base(struct asyncore_map *map, int flags)
{
	int rc;

	map->news = 0;
	do {
		errno = 0;
		rc = event_base_loop(map->base, EVLOOP_ONCE | flags);
		if (rc < 0)
			return refused(map->base);
		asyncore__note_end(map);
		flags = EVLOOP_NONBLOCK;
	} while (!map->ended && asyncore__may_have_more(map));
	return 0;
}

/* Does what was recorded before the wait, or changed in it, leave no time? */
static bool
must_not_block(const struct asyncore_map *map, size_t frame)
{
	return map->ready_len > frame ||
	    !asyncore__list_empty(&map->changed) ||
	    !asyncore__list_empty(&map->due) || asyncore__has_soon(map);
}

static int
wait_in_base(struct asyncore_map *map, double timeout, size_t frame)
{
	int err;

	if (timeout == 0 || must_not_block(map, frame))
		return run_base(map, EVLOOP_NONBLOCK);
	if (timeout < 0)
		return run_base(map, EVLOOP_NO_EXIT_ON_EMPTY);
	if ((err = asyncore__timer_add(map, &map->timer, timeout)) < 0)
		return err;
	err = run_base(map, 0);
	(void)evtimer_del(&map->timer);
	return err;
}

static short
revents_of(unsigned directions)
{
	return (short)((directions & READ ? POLLIN : 0) |
	    (directions & WRITE ? POLLOUT : 0) |
	    (directions & EXPT ? POLLPRI : 0));
}

/* poll(2)'s bits for what was recorded; none for one that left meanwhile. */
static void
take(struct asyncore_map *map, size_t i)
{
	struct asyncore__ready *r = &map->ready[i];
	unsigned kernel;

	r->bits = r->d->ready;
	r->d->ready = 0;
	r->revents = 0;
	if (!asyncore__ready_live(map, i))
		return;
	kernel = r->bits & KERNEL;
	if ((kernel & (READ | WRITE)) && r->d->transport->interest != NULL)
		kernel = interest(r->d) | (kernel & EXPT);
	r->revents = revents_of(kernel | r->bits >> STANDING_SHIFT);
	if (kernel == 0)
		return;
	map->unspent++;
	r->d->fed_in = kernel == READ ? map->waits : 0;
}

/* A stream gave less than was asked for: there is no more for now. */
void
asyncore__spent(struct asyncore_dispatcher *d)
{
	if (d->fed_in != d->map->waits || d->fed_in == 0 || !d->stream ||
	    d->transport != &asyncore__socket_transport)
		return;
	d->fed_in = 0;
	d->map->unspent--;
}

/*
 * libevent reports a hang-up or an error as both directions.  select reports a
 * hang-up as readable only, so that a write that may be one must be looked at;
 * poll shows the bits as they are, so that everything must be.
 */
static bool
is_doubtful(const struct asyncore__ready *r, bool use_poll)
{
	if (!(r->bits & KERNEL) || r->revents == 0 ||
	    r->d->transport->interest != NULL)
		return false;
	if (use_poll)
		return true;
	return (r->armed & WRITE) && (r->bits & WRITE) &&
	    ((r->bits & READ) || !(r->armed & READ));
}

static int
reserve_pollfds(struct asyncore_map *map, size_t n)
{
	struct pollfd *p;

	if (n <= map->pollfds_size)
		return 0;
	p = realloc(map->pollfds, n * sizeof *p);
	if (p == NULL)
		return -ENOMEM;
	map->pollfds = p;
	map->pollfds_size = n;
	return 0;
}

static void
ask_about(struct pollfd *p, const struct asyncore__ready *r, bool use_poll)
{
	p->fd = r->d->fd;
	p->revents = 0;
	p->events = POLLOUT;
	if (use_poll)
		p->events = (short)((r->armed & READ ? POLLIN | POLLPRI : 0) |
		    (r->armed & WRITE ? POLLOUT : 0));
}

/*
 * It is not writable after all.  One that has hung up would be reported for
 * ever: it is not watched for writing any more, but asked.
 */
static void
take_back(struct asyncore__ready *r, bool hung_up)
{
	r->revents = (short)(r->revents & ~POLLOUT);
	if (hung_up && !r->d->hung_up) {
		r->d->hung_up = true;
		asyncore__changed(r->d);
	}
}

static void
answer(struct asyncore__ready *r, const struct pollfd *p, bool use_poll)
{
	if (use_poll)
		r->revents = (short)(p->revents |
		    revents_of(r->bits >> STANDING_SHIFT));
	else if (!(p->revents & (POLLOUT | POLLERR)))
		take_back(r, p->revents & POLLHUP);
}

/* Asks the kernel for the bits of the doubtful ones, all at once. */
static int
resolve(struct asyncore_map *map, size_t frame, nfds_t n, bool use_poll)
{
	nfds_t k = 0;
	size_t i;
	int rc;

	if ((rc = reserve_pollfds(map, n)) < 0)
		return rc;
	for (i = frame; i < map->ready_len; i++)
		if (is_doubtful(&map->ready[i], use_poll))
			ask_about(&map->pollfds[k++], &map->ready[i], use_poll);
	do
		rc = poll(map->pollfds, n, 0);
	while (rc < 0 && errno == EINTR);
	if (rc < 0)
		return -errno;
	for (i = frame, k = 0; k < n; i++)
		if (is_doubtful(&map->ready[i], use_poll))
			answer(&map->ready[i], &map->pollfds[k++], use_poll);
	return 0;
}

static int
collect(struct asyncore_map *map, size_t frame, bool use_poll)
{
	nfds_t n = 0;
	size_t i;

	for (i = frame; i < map->ready_len; i++) {
		take(map, i);
		n += is_doubtful(&map->ready[i], use_poll);
	}
	return n > 0 ? resolve(map, frame, n, use_poll) : 0;
}

/* Before a wait.  What is ready already is recorded. */
int
asyncore__wait_begin(struct asyncore_map *map)
{
	int err;

	if ((err = asyncore__ready_reserve(map)) < 0 ||
	    (err = asyncore__expt_prepare(map)) < 0)
		return err;
	record_standing(map);
	return 0;
}

/*
 * After it: the channels recorded from `frame` on, in order of insertion, with
 * poll(2)'s bits as select (or, with use_poll, poll) would have reported them.
 */
int
asyncore__wait_end(struct asyncore_map *map, size_t frame, bool use_poll)
{
	int err = asyncore__expt_collect(map, record_expt);
	int err2 = collect(map, frame, use_poll);

	asyncore__ready_sort(map, frame);
	return err < 0 ? err : err2;
}

/*
 * Presumed writes need no word of the kernel; and after a wait whose input is
 * used up, and in which nothing was sent, it has nothing new to say but what has
 * come from outside in between.  So the pass after it need not ask: an answer
 * costs one wait, not two.
 */
static bool
may_skip(const struct asyncore_map *map, size_t frame)
{
	return map->fresh && map->unspent == 0 && map->ready_len > frame &&
	    asyncore__list_empty(&map->changed) &&
	    asyncore__list_empty(&map->due) && !asyncore__has_soon(map);
}

static int
ask_kernel(struct asyncore_map *map, double timeout, size_t frame)
{
	int err;

	if (++map->waits == 0)
		map->waits = 1;
	map->unspent = 0;
	map->fresh = true;
	map->accepted_fd = -1;
	map->waiting = true;
	err = wait_in_base(map, timeout, frame);
	map->waiting = false;
	return err;
}

/*
 * Waits at most `timeout` seconds, for ever if negative, until something is
 * ready or anybody's callback ran.  Leaves a new frame on the stack, which is
 * the caller's to pop, also after an error.
 */
int
asyncore__wait(struct asyncore_map *map, double timeout, bool use_poll)
{
	const size_t frame = map->ready_len;
	int err, err2;

	if ((err = asyncore__wait_begin(map)) < 0)
		return err;
	asyncore__waiting(map);
	if (may_skip(map, frame))
		map->fresh = false;
	else
		err = ask_kernel(map, timeout, frame);
	err2 = asyncore__wait_end(map, frame, use_poll);
	asyncore__waited(map, map->ready_len - frame);
	return err < 0 ? err : err2;
}
