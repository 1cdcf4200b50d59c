/*
 * pass.c - the first and the third step of a pass.
 *
 * Ask: the predicates, in order of insertion, and libevent watches what they
 * wish for.  Dispatch: the routers of the ready channels, in asyncore's order;
 * a channel closed meanwhile gets nothing.  Between them libevent waits, either
 * in loop.c, or in a loop of the host's, see host.c.
 */
#include "internal.h"

/* The channels lie far apart in memory. */
#ifdef __GNUC__
#define PREFETCH(p) __builtin_prefetch(p)
#else
#define PREFETCH(p) ((void)(p))
#endif

/* One that cannot be armed is tried again after the next wait, not before. */
static int
settle(struct asyncore_dispatcher *d)
{
	int err = asyncore__settle(d);

	if (err == 0)
		return 0;
	err = asyncore__route(d, err);
	if (d->in_map)
		d->in_arrears = d->map->in_arrears = true;
	return err;
}

static int
try_again(struct asyncore_dispatcher *d, void *arg)
{
	(void)arg;
	if (d->in_arrears)
		asyncore__changed(d);
	d->in_arrears = false;
	return 0;
}

void
asyncore__pay_arrears(struct asyncore_map *map)
{
	if (!map->in_arrears)
		return;
	map->in_arrears = false;
	(void)asyncore_map_foreach(map, try_again, NULL);
}

/* What the predicates answer, where somebody looks on. */
static unsigned
wish_looked_at(struct asyncore_dispatcher *d)
{
	const uint32_t epoch = d->epoch;
	unsigned wish;

	wish = asyncore__answered(d, "readable", d->readable(d)) ?
	    ASYNCORE_READ : 0;
	if (d->epoch == epoch &&
	    asyncore__answered(d, "writable", d->writable(d)))
		wish |= ASYNCORE_WRITE;
	return wish;
}

/* And where nobody does: one that the library knows is not called. */
static inline unsigned
wish_of(struct asyncore_dispatcher *d, uint32_t epoch)
{
	unsigned wish = ASYNCORE_READ;

	if (!d->always_readable)
		wish = d->readable(d);
	if (d->epoch == epoch)
		wish |= (unsigned)d->writable(d) << 1;
	return wish;
}

_Static_assert(ASYNCORE_READ == 1 && ASYNCORE_WRITE == 2, "wish_of()");

/* The caller holds a reference. */
static inline unsigned
ask(struct asyncore_map *map, struct asyncore_dispatcher *d, uint32_t epoch)
{
	map->counts.predicates += 2;
	return map->observed ? wish_looked_at(d) : wish_of(d, epoch);
}

/* It wishes for something else, or must be settled anyway. */
static int
take_wish(struct asyncore_map *map, struct asyncore_dispatcher *d,
    uint32_t epoch, unsigned wish)
{
	if (d->epoch != epoch || !d->in_map || d->map != map)
		return 0;
	d->wish = (uint8_t)wish;
	asyncore__unchanged(d);
	return settle(d);
}

/* The channels that an ask goes to out of their turn, and how far it is. */
struct round {
	size_t next;			/* in map->ready, in order */
	uint64_t seq, limit;		/* asked last; none from here on */
	struct asyncore__link *seen;	/* the last of the changed ones */
};

static void
take(struct asyncore_map *map, struct asyncore_dispatcher *d)
{
	asyncore__list_remove(&d->changed);
	d->dirty = false;
	if (!d->due)
		asyncore__ready_push(map, d);
	d->due = true;
}

/* Has anything been put on the list of changed channels since we looked? */
static inline bool
has_new(const struct asyncore_map *map, const struct round *r)
{
	const struct asyncore__link *last = map->changed.prev;

	return last != r->seen && last != &map->changed;
}

/*
 * Takes those off the list of changed channels whose turn is still to come, and
 * which are new on it; the others wait for the next pass, which follows at once.
 */
static int
take_new(struct asyncore_map *map, struct round *r)
{
	struct asyncore__link *link = map->changed.prev, *next;
	struct asyncore_dispatcher *d;
	int err;

	if ((err = asyncore__ready_reserve(map)) < 0)
		return err;
	while (link->prev != r->seen && link->prev != &map->changed)
		link = link->prev;
	for (; link != &map->changed; link = next) {
		next = link->next;
		d = asyncore__of(link, changed);
		if (d->seq >= r->seq && d->seq < r->limit)
			take(map, d);
	}
	r->seen = map->changed.prev;
	asyncore__ready_sort(map, r->next);
	return 0;
}

/* Up to which channel the walk over those asked every pass may go. */
static uint64_t
stop_of(const struct asyncore_map *map, const struct round *r)
{
	return r->next < map->ready_len ? map->ready[r->next].seq + 1 :
	    r->limit;
}

/* Those asked every pass, before the next one that is out of its turn. */
static int
ask_asked(struct asyncore_map *map, struct asyncore__cursor *c,
    struct round *r)
{
	const uint64_t stop = stop_of(map, r);
	struct asyncore_dispatcher *d;
	uint32_t epoch;
	unsigned wish;
	int err = 0;

	while (err == 0 && c->next != &map->asked && !has_new(map, r)) {
		d = asyncore__of(c->next, asked);
		if (d->seq >= stop)
			break;
		r->seq = d->seq + 1;
		c->next = c->next->next;
		PREFETCH(c->next);
		asyncore__hold(d);
		epoch = d->epoch;
		wish = ask(map, d, epoch);
		if (wish != d->wish || d->due || d->dirty)
			err = take_wish(map, d, epoch, wish);
		asyncore__drop(d);
	}
	return err;
}

/* One that has changed; the frame holds a reference. */
static int
ask_due(struct asyncore_map *map, struct round *r)
{
	const size_t i = r->next++;
	struct asyncore_dispatcher *d = map->ready[i].d;
	const uint32_t epoch = d->epoch;
	unsigned wish = d->wish;

	r->seq = map->ready[i].seq + 1;
	if (!asyncore__ready_live(map, i) || !d->due)
		return 0;
	if (d->ask != ASK_NEVER)
		wish = ask(map, d, epoch);
	return take_wish(map, d, epoch, wish);
}

/* Two walks in one, as both are in order of insertion. */
static int
ask_both(struct asyncore_map *map, struct asyncore__cursor *c,
    struct round *r)
{
	int err = 0;

	while (err == 0) {
		if (has_new(map, r) && (err = take_new(map, r)) != 0)
			break;
		if (c->next != &map->asked) {
			err = ask_asked(map, c, r);
			if (err != 0 || has_new(map, r))
				continue;
		}
		if (r->next == map->ready_len)
			break;
		err = ask_due(map, r);
	}
	return err;
}

/* What was taken and not reached is still to be asked. */
static void
give_back(struct asyncore_map *map, size_t frame)
{
	struct asyncore_dispatcher *d;
	size_t i;

	for (i = frame; i < map->ready_len; i++) {
		d = map->ready[i].d;
		if (!asyncore__ready_live(map, i) || !d->due)
			continue;
		d->due = false;
		asyncore__changed(d);
	}
}

/* The first step. */
int
asyncore__ask_all(struct asyncore_map *map)
{
	const size_t frame = map->ready_len;
	struct round r = { frame, 0, map->next_seq, &map->changed };
	struct asyncore__cursor c;
	int err;

	if (asyncore__list_empty(&map->changed) &&
	    asyncore__list_empty(&map->asked) && map->asking == 0)
		return 0;
	if (map->asking > 0)	/* a predicate runs a loop: ask what it took */
		give_back(map, 0);
	map->asking++;
	asyncore__cursor_open(map, &c, &map->asked);
	err = ask_both(map, &c, &r);
	asyncore__cursor_close(map, &c);
	map->asking--;
	if (err != 0)
		give_back(map, frame);
	asyncore__ready_pop(map, frame);
	return err;
}

/* As asyncore_read() and its like; the frame has a reference. */
static int
read_one(struct asyncore_dispatcher *d, short revents)
{
	(void)revents;
	return asyncore__route(d, asyncore__read_event(d));
}

static int
write_one(struct asyncore_dispatcher *d, short revents)
{
	(void)revents;
	return asyncore__route(d, asyncore__write_event(d));
}

static int
exception_one(struct asyncore_dispatcher *d, short revents)
{
	(void)revents;
	return asyncore__route(d, asyncore_handle_expt_event(d));
}

/*
 * A write that sent nothing through us tells nothing about room: the next one
 * waits for the kernel's word, or a handle_write() that does nothing would
 * spin.
 */
static inline int
run_writing(struct asyncore_map *map, size_t i,
    int (*fn)(struct asyncore_dispatcher *, short), short revents)
{
	struct asyncore_dispatcher *d = map->ready[i].d;
	int err;

	if (map->ready[i].armed & ASYNCORE_WRITE)
		asyncore__set_blocked(d, false);
	d->sent = false;
	err = fn(d, revents);
	if (!d->sent && asyncore__ready_live(map, i))
		asyncore__set_blocked(d, true);
	return err;
}

static inline int
sweep(struct asyncore_map *map, size_t frame, size_t end,
    int (*fn)(struct asyncore_dispatcher *, short), short bits)
{
	size_t i;
	short revents;
	int err = 0;

	for (i = frame; i < end && err == 0; i++) {
		revents = (short)(map->ready[i].revents & bits);
		if (revents == 0 || !asyncore__ready_live(map, i))
			continue;
		err = revents & POLLOUT ? run_writing(map, i, fn, revents) :
		    fn(map->ready[i].d, revents);
	}
	return err;
}

/* Only the sweeps that find something. */
static int
run_channels(struct asyncore_map *map, size_t frame, bool use_poll)
{
	const size_t end = map->ready_len;
	int found = 0;
	size_t i;
	int err = 0;

	if (use_poll)
		return sweep(map, frame, end, asyncore_readwrite, ~0);
	for (i = frame; i < end; i++)
		found |= map->ready[i].revents;
	if (found & POLLIN)
		err = sweep(map, frame, end, read_one, POLLIN);
	if (err == 0 && (found & POLLOUT))
		err = sweep(map, frame, end, write_one, POLLOUT);
	if (err == 0 && (found & POLLPRI))
		err = sweep(map, frame, end, exception_one, POLLPRI);
	return err;
}

/* The third step. */
int
asyncore__dispatch(struct asyncore_map *map, size_t frame, bool use_poll)
{
	int err = run_channels(map, frame, use_poll);

	if (err == 0 && !asyncore__list_empty(&map->due))
		err = asyncore__run_calls(map);
	return err != 0 || !map->reachable ? err : asyncore__run_soon(map);
}
