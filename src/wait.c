/*
 * wait.c - the second step of a pass: libevent waits, once, and what it and
 * the poller recorded becomes what select or poll would have reported.
 *
 * libevent tells less than they do, so that the kernel is asked again where its
 * word is doubtful; and sometimes it need not be asked at all.
 */
#include "internal.h"

#include <stdlib.h>

#define READ ASYNCORE_READ
#define WRITE ASYNCORE_WRITE

#define FETCH_MAX 4096		/* epoll's answers to libevent, at most */

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
static bool
has_ended(const struct asyncore_map *map)
{
	return event_base_got_break(map->base) ||
	    event_base_got_exit(map->base);
}

/*
 * After a wait, and at the end of a pass for its hooks: the next run of the
 * base, which may be another map's or the program's own, forgets it.
 */
void
asyncore__note_end(struct asyncore_map *map)
{
	if (!map->spent && has_ended(map))
		map->ended = true;
}

/*
 * A base was told to end its loop, and a loop of ours has: those around it are
 * not meant, though libevent says so until it runs again.  The maps whose loops
 * are under way on one base are of one mind about that when a loop begins, and
 * when it ends.
 */
static _Thread_local struct asyncore__run *innermost;

void
asyncore__run_begin(struct asyncore__run *run, struct asyncore_map *map)
{
	const struct asyncore__run *r = innermost;

	while (r != NULL && r->map->base != map->base)
		r = r->outer;
	map->spent = r != NULL && r->map->spent;
	*run = (struct asyncore__run) { map, innermost };
	innermost = run;
}

/* `ended`: it has, before its time. */
void
asyncore__run_end(const struct asyncore__run *run, bool ended)
{
	struct asyncore_map *map = run->map;
	const struct asyncore__run *r;

	if (ended && has_ended(map))
		map->spent = true;
	innermost = run->outer;
	for (r = innermost; r != NULL; r = r->outer)
		if (r->map->base == map->base)
			r->map->spent = map->spent;
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
		flags = EVLOOP_NONBLOCK;
	} while (asyncore__may_have_more(map) && !has_ended(map));
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
	static const short revents[] = {
		0, POLLIN, POLLOUT, POLLIN | POLLOUT, POLLPRI,
		POLLIN | POLLPRI, POLLOUT | POLLPRI, POLLIN | POLLOUT | POLLPRI
	};

	return revents[directions];
}

/*
 * libevent reports a hang-up or an error as both directions.  select reports a
 * hang-up as readable only, so that a write that may be one must be looked at;
 * poll shows the bits as they are, so that everything must be.
 */
static bool
is_doubtful(const struct asyncore__ready *r, bool use_poll)
{
	if (!(r->bits & ASYNCORE__KERNEL) || r->revents == 0 ||
	    r->d->transport->interest != NULL)
		return false;
	if (use_poll)
		return true;
	return (r->armed & WRITE) && (r->bits & WRITE) &&
	    ((r->bits & READ) || !(r->armed & READ));
}

/* What the kernel said, or what a transport makes of it. */
static unsigned
found_by_kernel(struct asyncore_map *map, const struct asyncore__ready *r)
{
	struct asyncore_dispatcher *d = r->d;
	unsigned bits = r->bits & ASYNCORE__KERNEL;

	if (bits == 0)
		return 0;
	if ((bits & (READ | WRITE)) && d->transport->interest != NULL)
		bits = asyncore__interest(d) | (bits & ASYNCORE__EXPT);
	map->unspent += bits != 0;
	d->fed_in = bits == READ ? map->waits : 0;
	return bits;
}

/*
 * poll(2)'s bits for what was recorded; none for one that left meanwhile, and
 * may have been recorded by another map since.  Answers whether they are
 * doubtful.
 */
static inline bool
take(struct asyncore_map *map, size_t i, bool use_poll)
{
	struct asyncore__ready *r = &map->ready[i];
	unsigned bits;

	if (!asyncore__ready_live(map, i))
		return false;
	bits = r->d->ready;
	r->d->ready = 0;
	r->bits = (uint8_t)bits;
	bits = found_by_kernel(map, r) | bits >> ASYNCORE__STANDING_SHIFT;
	r->revents = revents_of(bits);
	return (use_poll || (bits & WRITE)) && is_doubtful(r, use_poll);
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

/*
 * Linux notes the error of a connection before its state, and poll() in between
 * sees the error alone.  It would be taken for a hang-up, nobody would hear why,
 * and a name's next address would not be tried.
 */
static short
seen(const struct asyncore__ready *r, const struct pollfd *p)
{
	if ((p->revents & POLLERR) && r->d->connecting)
		return (short)(p->revents | (p->events & (POLLIN | POLLOUT)));
	return p->revents;
}

static void
answer(struct asyncore__ready *r, const struct pollfd *p, bool use_poll)
{
	if (use_poll)
		r->revents = (short)(seen(r, p) |
		    revents_of(r->bits >> ASYNCORE__STANDING_SHIFT));
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

	for (i = frame; i < map->ready_len; i++)
		n += take(map, i, use_poll);
	return n > 0 ? resolve(map, frame, n, use_poll) : 0;
}

static void
record_expt(struct asyncore_dispatcher *d)
{
	asyncore__record(d, ASYNCORE__EXPT);
}

/* Before a wait.  What is ready already is recorded. */
int
asyncore__wait_begin(struct asyncore_map *map)
{
	int err;

	if ((err = asyncore__ready_reserve(map)) < 0 ||
	    (map->expt_watched > 0 && (err = asyncore__expt_prepare(map)) < 0))
		return err;
	if (!asyncore__list_empty(&map->standing))
		asyncore__record_standing(map);
	return 0;
}

/*
 * After it: the channels recorded from `frame` on, in order of insertion, with
 * poll(2)'s bits as select (or, with use_poll, poll) would have reported them.
 */
int
asyncore__wait_end(struct asyncore_map *map, size_t frame, bool use_poll)
{
	int err = 0, err2;

	if (map->expt_watched > 0)
		err = asyncore__expt_collect(map, record_expt);
	err2 = collect(map, frame, use_poll);
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
	map->spent = false;
	map->waiting = true;
	err = wait_in_base(map, timeout, frame);
	map->waiting = false;
	asyncore__note_end(map);
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
