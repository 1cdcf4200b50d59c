/*
 * call.c - scheduled calls: functions that run later, once or again and again.
 *
 * Each has a timer of libevent's, which only records that the call is due; it
 * runs in the dispatch step, behind the channels, in order of time.  A call is
 * known by a number that is never used again, so that cancelling one that ran
 * is an error and not a crash: the low half is its place in the map's table,
 * plus one, the high half counts the users of the place.  A channel has a list
 * of those that are tied to it.
 */
#include "internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define GENERATIONS 0x7fffffffu

struct asyncore__call {
	struct asyncore__task task;
	struct event timer;
	struct asyncore__link due;	/* in map->due */
	struct asyncore__call *next, **link;	/* in task.d->rare->calls */
	double at;
	uint64_t seq;
	long long id;
};

/* A place of the table: a call, or the next free place. */
struct asyncore__place {
	struct asyncore__call *call;
	uint32_t generation, next_free;
};

#define CALL_OF(l)							\
	((struct asyncore__call *)(void *)((char *)(l) -		\
	    offsetof(struct asyncore__call, due)))

/* ---- The table. ---- */

static int
grow(struct asyncore_map *map)
{
	const uint32_t size = map->places_size;
	const uint32_t more = size > 0 ? 2 * size : 16;
	struct asyncore__place *p;
	uint32_t i;

	if (more > UINT32_MAX / 2)
		return -ENOMEM;
	p = realloc(map->places, more * sizeof *p);
	if (p == NULL)
		return -ENOMEM;
	memset(p + size, 0, (more - size) * sizeof *p);
	for (i = size; i < more; i++)
		p[i].next_free = i + 1;
	map->places = p;
	map->places_size = more;
	return 0;
}

static int
take_place(struct asyncore_map *map, struct asyncore__call *c)
{
	struct asyncore__place *p;
	const uint32_t i = map->free_place;
	int err;

	if (i == map->places_size && (err = grow(map)) < 0)
		return err;
	p = &map->places[i];
	map->free_place = p->next_free;
	p->call = c;
	p->generation = (p->generation + 1) & GENERATIONS;
	c->id = (long long)p->generation << 32 | (i + 1);
	return 0;
}

static struct asyncore__call *
find(const struct asyncore_map *map, long long id)
{
	const uint32_t i = (uint32_t)id - 1;
	const struct asyncore__place *p;

	if (id <= 0 || i >= map->places_size)
		return NULL;
	p = &map->places[i];
	return p->call != NULL && p->call->id == id ? p->call : NULL;
}

static void
give_place(struct asyncore_map *map, long long id)
{
	const uint32_t i = (uint32_t)id - 1;

	map->places[i].call = NULL;
	map->places[i].next_free = map->free_place;
	map->free_place = i;
}

/* ---- A call's life. ---- */

static void
tie(struct asyncore__call *c)
{
	struct asyncore_dispatcher *d = c->task.d;

	if (d == NULL)
		return;
	c->link = &d->rare->calls;
	c->next = d->rare->calls;
	if (c->next != NULL)
		c->next->link = &c->next;
	d->rare->calls = c;
}

static void
untie(struct asyncore__call *c)
{
	if (c->task.d == NULL)
		return;
	*c->link = c->next;
	if (c->next != NULL)
		c->next->link = c->link;
}

/* One that is quiet does not keep the loop going. */
static void
count(const struct asyncore__task *task, int n)
{
	if (!task->quiet)
		task->map->pending += (size_t)n;
}

static void
end(struct asyncore__call *c)
{
	struct asyncore_map *map = c->task.map;

	(void)evtimer_del(&c->timer);
	event_debug_unassign(&c->timer);
	asyncore__list_remove(&c->due);
	untie(c);
	give_place(map, c->id);
	count(&c->task, -1);
	free(c);
}

static bool
is_before(const struct asyncore__call *a, const struct asyncore__call *b)
{
	return a->at < b->at || (a->at <= b->at && a->seq < b->seq);
}

/* libevent's heap gives those of one tick of its clock in any order. */
static void
on_due(evutil_socket_t fd, short what, void *arg)
{
	struct asyncore__call *c = arg;
	struct asyncore_map *map = c->task.map;

	(void)fd;
	(void)what;
	if (!asyncore__list_empty(&map->due) &&
	    is_before(c, CALL_OF(map->due.prev)))
		map->due_unsorted = true;
	asyncore__list_append(&map->due, &c->due);
	asyncore__host_wake_later(map);
}

/* ---- Those that are due, in order: a merge sort, which needs no memory. ---- */

static struct asyncore__link *
merge(struct asyncore__link *a, struct asyncore__link *b)
{
	struct asyncore__link head, *last = &head, **from;

	while (a != NULL && b != NULL) {
		from = is_before(CALL_OF(b), CALL_OF(a)) ? &b : &a;
		last->next = *from;
		last = *from;
		*from = last->next;
	}
	last->next = a != NULL ? a : b;
	return head.next;
}

/* The chain of a list's links, sorted; ends with NULL. */
static struct asyncore__link *
sorted(struct asyncore__link *list)
{
	struct asyncore__link *bins[64] = { NULL };	/* of 2^i each */
	struct asyncore__link *link, *next, *chain;
	size_t i;

	for (link = list->next; link != list; link = next) {
		next = link->next;
		link->next = NULL;
		for (i = 0, chain = link; bins[i] != NULL; i++) {
			chain = merge(bins[i], chain);
			bins[i] = NULL;
		}
		bins[i] = chain;
	}
	for (i = 0, chain = NULL; i < sizeof bins / sizeof bins[0]; i++)
		chain = merge(bins[i], chain);
	return chain;
}

static void
sort_due(struct asyncore_map *map)
{
	struct asyncore__link *link = sorted(&map->due), *next;

	asyncore__list_init(&map->due);
	for (; link != NULL; link = next) {
		next = link->next;
		asyncore__list_append(&map->due, link);
	}
	map->due_unsorted = false;
}

/* ---- Scheduling. ---- */

/* INFINITY: when asyncore__call_now() says so. */
static int
start(struct asyncore__call *c, double now, double delay)
{
	const struct asyncore__task *t = &c->task;

	c->at = now + delay;
	c->seq = t->map->next_call++;
	if (isinf(delay)) {
		(void)evtimer_del(&c->timer);
		return 0;
	}
	if (t->queue == NULL || delay < t->period)
		return asyncore__timer_add(t->map, &c->timer, delay);
	(void)event_base_update_cache_time(t->map->base);
	return evtimer_add(&c->timer, t->queue) == 0 ? 0 : -ENOMEM;
}

/* Answers its number, or a negative errno value. */
long long
asyncore__schedule(const struct asyncore__task *task, double seconds)
{
	struct asyncore_map *map = task->map;
	struct asyncore__call *c;
	int err;

	if (task->d != NULL && asyncore__rare(task->d) == NULL)
		return -ENOMEM;
	if ((c = malloc(sizeof *c)) == NULL)
		return -ENOMEM;
	c->task = *task;
	asyncore__list_init(&c->due);
	if ((err = take_place(map, c)) < 0)
		goto no_place;
	(void)evtimer_assign(&c->timer, map->base, on_due, c);
	if ((err = start(c, asyncore__now(), seconds)) < 0)
		goto no_timer;
	tie(c);
	count(task, 1);
	return c->id;

no_timer:
	event_debug_unassign(&c->timer);
	give_place(map, c->id);
no_place:
	free(c);
	return err;
}

/* For callbacks of libevent's: it runs in the pass that waits, or the next. */
void
asyncore__call_now(struct asyncore_map *map, long long id)
{
	struct asyncore__call *c = find(map, id);

	if (c == NULL)
		return;
	c->at = asyncore__now();
	on_due(-1, EV_TIMEOUT, c);
}

/* Those tied to a channel go with its descriptor. */
void
asyncore__calls_end(struct asyncore_dispatcher *d)
{
	while (d->rare->calls != NULL)
		/* end() puts the next one there.
		 * NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
		end(d->rare->calls);
	if (d->rare->timeout_call == 0)
		return;
	d->rare->timeout_call = 0;	/* may be another call's in another map */
	d->rare->timeout = 0;
	d->timed = false;
}

/* All of a map's. */
void
asyncore__calls_free(struct asyncore_map *map)
{
	uint32_t i;

	for (i = 0; i < map->places_size; i++)
		if (map->places[i].call != NULL)
			end(map->places[i].call);
	free(map->places);
	map->places = NULL;
	map->places_size = 0;
}

/* ---- Running. ---- */

/* One that does not leave the loop. */
static void
report(const struct asyncore__task *t, int err)
{
	static const char message[] =
	    "uncaptured error in a scheduled call ([Errno %d] %s)";

	t->map->counts.errors++;
	if (t->d != NULL)
		asyncore_log_info(t->d, "error", message, -err,
		    asyncore_strerror(err));
	else
		asyncore__map_log(t->map, "error", message, -err,
		    asyncore_strerror(err));
}

/* Until the next time that is still to come; those missed are left out. */
static double
next_delay(const struct asyncore__call *c, double now)
{
	const double period = c->task.period;
	double delay = c->at + period - now, missed;

	if (c->task.quiet)
		return period;
	if (delay >= 0)
		return delay;
	missed = ceil(-delay / period);
	return isinf(missed) ? 0 : delay + missed * period;
}

/* One that comes again is timed anew before it runs, and may end itself. */
static int
renew(struct asyncore__call *c)
{
	const double now = asyncore__now();

	asyncore__list_remove(&c->due);
	return start(c, now, next_delay(c, now));
}

static int
run_looked_at(const struct asyncore__task *t, long long id)
{
	int err;

	asyncore__trace(t->map, t->d, ASYNCORE_TRACE_CALL_BEGIN, t->name, id,
	    0);
	err = t->d != NULL ? t->tied(t->d, t->arg) : t->plain(t->arg);
	asyncore__trace(t->map, t->d, ASYNCORE_TRACE_CALL_END, t->name, id,
	    err);
	return err;
}

int
asyncore__run_task(const struct asyncore__task *t, long long id)
{
	int err;

	if (t->map->observed && t->name != NULL)
		err = run_looked_at(t, id);
	else
		err = t->d != NULL ? t->tied(t->d, t->arg) : t->plain(t->arg);
	if (asyncore__leaves_loop(err))
		return err;
	if (asyncore__raised(err))
		report(t, err);
	return 0;
}

static int
run(struct asyncore__call *c)
{
	/* Of an earlier turn of the caller's: that one has left the list.
	 * NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
	const struct asyncore__task task = c->task;
	const long long id = c->id;
	int err = 0;

	asyncore_ref(task.d);
	if (task.period > 0)
		err = renew(c);
	if (task.period <= 0 || err < 0)
		end(c);
	if (err < 0)
		report(&task, err);
	err = asyncore__run_task(&task, id);
	if (task.d != NULL)
		asyncore__called(task.d);
	asyncore_unref(task.d);
	return err;
}

/* The calls that are due; 0, or what leaves the loop. */
int
asyncore__run_calls(struct asyncore_map *map)
{
	int err = 0;

	while (err == 0 && !asyncore__list_empty(&map->due)) {
		if (map->due_unsorted)
			sort_due(map);
		err = run(CALL_OF(map->due.next));
	}
	return err;
}

/* ---- The interface. ---- */

static const char *
name_of(double period)
{
	return period > 0 ? "call_every" : "call_later";
}

static long long
call(struct asyncore_map *map, double seconds, double period,
    int (*fn)(void *arg), void *arg)
{
	const struct asyncore__task task = {
		.map = map, .plain = fn, .arg = arg, .period = period,
		.name = name_of(period)
	};

	if (map == NULL)
		return -ENOMEM;
	if (map->freed || fn == NULL || !(seconds >= 0))
		return -EINVAL;
	return asyncore__schedule(&task, seconds);
}

long long
asyncore_call_later(struct asyncore_map *map, double seconds,
    int (*fn)(void *arg), void *arg)
{
	return call(asyncore__map_or_default(map), seconds, 0, fn, arg);
}

long long
asyncore_call_every(struct asyncore_map *map, double seconds,
    int (*fn)(void *arg), void *arg)
{
	if (!(seconds > 0))
		return -EINVAL;
	return call(asyncore__map_or_default(map), seconds, seconds, fn, arg);
}

static long long
channel_call(struct asyncore_dispatcher *d, double seconds, double period,
    int (*fn)(struct asyncore_dispatcher *d, void *arg), void *arg)
{
	struct asyncore__task task = {
		.d = d, .tied = fn, .arg = arg, .period = period,
		.name = name_of(period)
	};

	if (d == NULL || d->finalizing || d->map->freed || fn == NULL ||
	    !(seconds >= 0))
		return -EINVAL;
	task.map = d->map;
	return asyncore__schedule(&task, seconds);
}

long long
asyncore_channel_call_later(struct asyncore_dispatcher *d, double seconds,
    int (*fn)(struct asyncore_dispatcher *d, void *arg), void *arg)
{
	return channel_call(d, seconds, 0, fn, arg);
}

long long
asyncore_channel_call_every(struct asyncore_dispatcher *d, double seconds,
    int (*fn)(struct asyncore_dispatcher *d, void *arg), void *arg)
{
	if (!(seconds > 0))
		return -EINVAL;
	return channel_call(d, seconds, seconds, fn, arg);
}

int
asyncore_cancel_call(struct asyncore_map *map, long long id)
{
	struct asyncore__call *c;

	map = asyncore__map_or_default(map);
	if (map == NULL)
		return -ENOMEM;
	c = find(map, id);
	if (c == NULL)
		return -ENOENT;
	end(c);
	return 0;
}

int
asyncore_reschedule_call(struct asyncore_map *map, long long id,
    double seconds)
{
	struct asyncore__call *c;
	int err;

	map = asyncore__map_or_default(map);
	if (map == NULL)
		return -ENOMEM;
	if (!(seconds >= 0))
		return -EINVAL;
	c = find(map, id);
	if (c == NULL)
		return -ENOENT;
	asyncore__list_remove(&c->due);
	if ((err = start(c, asyncore__now(), seconds)) < 0)
		end(c);
	return err;
}
