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
wish_of(struct asyncore_dispatcher *d, struct asyncore_map *map)
{
	const uint32_t epoch = d->epoch;
	unsigned wish = ASYNCORE_READ;

	map->counts.predicates += 2;
	if (d->readable != asyncore_always && !d->readable(d))
		wish = 0;
	if (d->epoch == epoch && d->writable(d))
		wish |= ASYNCORE_WRITE;
	return wish;
}

/* The caller holds a reference. */
static inline int
ask(struct asyncore_dispatcher *d)
{
	struct asyncore_map *map = d->map;
	const uint32_t epoch = d->epoch;
	unsigned wish = d->wish;

	if (d->ask != ASK_NEVER)
		wish = map->observed ? wish_looked_at(d) : wish_of(d, map);
	if (wish == d->wish && !d->due && !d->dirty)
		return 0;
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

/*
 * Takes those off the list of changed channels whose turn is still to come, and
 * which are new on it; the others wait for the next pass, which follows at once.
 */
static int
take_new(struct asyncore_map *map, struct round *r)
{
	struct asyncore__link *link = map->changed.prev, *before;
	struct asyncore_dispatcher *d;
	int err;

	if ((err = asyncore__ready_reserve(map)) < 0)
		return err;
	for (; link != r->seen && link != &map->changed; link = before) {
		before = link->prev;
		d = asyncore__of(link, changed);
		if (d->seq >= r->seq && d->seq < r->limit)
			take(map, d);
	}
	r->seen = map->changed.prev;
	asyncore__ready_sort(map, r->next);
	return 0;
}

static inline int
take_changed(struct asyncore_map *map, struct round *r)
{
	const struct asyncore__link *last = map->changed.prev;

	return last == r->seen || last == &map->changed ? 0 : take_new(map, r);
}

/* The next of those asked every pass; NULL after the last that was there. */
static struct asyncore_dispatcher *
next_asked(const struct asyncore_map *map, const struct asyncore__cursor *c,
    uint64_t limit)
{
	struct asyncore_dispatcher *d;

	if (c->next == &map->asked)
		return NULL;
	d = asyncore__of(c->next, asked);
	return d->seq < limit ? d : NULL;
}

static int
ask_due(struct asyncore_map *map, size_t i)
{
	struct asyncore_dispatcher *d = map->ready[i].d;

	return asyncore__ready_live(map, i) && d->due ? ask(d) : 0;
}

static int
ask_next(struct asyncore__cursor *c, struct asyncore_dispatcher *d)
{
	int err;

	c->next = c->next->next;
	PREFETCH(c->next);
	asyncore__hold(d);
	err = ask(d);
	asyncore__drop(d);
	return err;
}

/* Two walks in one, as both are in order of insertion. */
static int
ask_both(struct asyncore_map *map, struct asyncore__cursor *c,
    struct round *r)
{
	struct asyncore_dispatcher *d;
	size_t i;
	int err;

	while ((err = take_changed(map, r)) == 0) {
		d = next_asked(map, c, r->limit);
		i = r->next;
		if (d != NULL && (i == map->ready_len ||
		    d->seq <= map->ready[i].seq)) {
			r->seq = d->seq + 1;
			err = ask_next(c, d);
		} else if (i < map->ready_len) {
			r->seq = map->ready[i].seq + 1;
			r->next++;
			err = ask_due(map, i);
		} else {
			break;
		}
		if (err != 0)
			break;
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

/*
 * A write that sent nothing through us tells nothing about room: the next one
 * waits for the kernel's word, or a handle_write() that does nothing would
 * spin.
 */
static int
run(struct asyncore_map *map, size_t i, int (*fn)(struct asyncore_dispatcher *,
    short), short revents)
{
	struct asyncore_dispatcher *d = map->ready[i].d;
	int err;

	if (!asyncore__ready_live(map, i))
		return 0;
	if (!(revents & POLLOUT))
		return fn(d, revents);
	if (map->ready[i].armed & ASYNCORE_WRITE)
		asyncore__set_blocked(d, false);
	d->sent = false;
	err = fn(d, revents);
	if (!d->sent && asyncore__ready_live(map, i))
		asyncore__set_blocked(d, true);
	return err;
}

/* As asyncore_read() and its like; the frame has a reference. */
static int
read_one(struct asyncore_dispatcher *d, short revents)
{
	(void)revents;
	return asyncore__route(d, asyncore_handle_read_event(d));
}

static int
write_one(struct asyncore_dispatcher *d, short revents)
{
	(void)revents;
	return asyncore__route(d, asyncore_handle_write_event(d));
}

static int
exception_one(struct asyncore_dispatcher *d, short revents)
{
	(void)revents;
	return asyncore__route(d, asyncore_handle_expt_event(d));
}

static int
sweep(struct asyncore_map *map, size_t frame, size_t end,
    int (*fn)(struct asyncore_dispatcher *, short), short bits)
{
	size_t i;
	short revents;
	int err = 0;

	for (i = frame; i < end && err == 0; i++) {
		revents = map->ready[i].revents & bits;
		if (revents != 0)
			err = run(map, i, fn, revents);
	}
	return err;
}

static int
run_channels(struct asyncore_map *map, size_t frame, bool use_poll)
{
	const size_t end = map->ready_len;
	int err;

	if (use_poll)
		return sweep(map, frame, end, asyncore_readwrite, ~0);
	err = sweep(map, frame, end, read_one, POLLIN);
	if (err == 0)
		err = sweep(map, frame, end, write_one, POLLOUT);
	if (err == 0)
		err = sweep(map, frame, end, exception_one, POLLPRI);
	return err;
}

/* The third step. */
int
asyncore__dispatch(struct asyncore_map *map, size_t frame, bool use_poll)
{
	int err = run_channels(map, frame, use_poll);

	if (err == 0)
		err = asyncore__run_calls(map);
	return err != 0 ? err : asyncore__run_soon(map);
}
