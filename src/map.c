/*
 * map.c - maps: which channels there are, in which order, and by which number.
 *
 * A channel of a map is on the list `all`; on `asked` too if its predicates
 * must be asked every pass; on `changed` while something about it is new; on
 * `standing` while it is ready without asking the kernel.  The first two are in
 * order of insertion; the users of the others sort.  A map is counted by its
 * owner and by each dispatcher that calls it its own.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

static struct asyncore_map *socket_map;

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

/* libevent refuses only what would be a signal and a descriptor at once. */
static void
assign_timers(struct asyncore_map *map)
{
	(void)evtimer_assign(&map->timer, map->base, on_timer, NULL);
	(void)evtimer_assign(&map->resume, map->base, asyncore__on_resume,
	    map);
	(void)evtimer_assign(&map->turn, map->base, asyncore__on_turn, map);
}

struct asyncore_map *
asyncore_map_new(struct event_base *base)
{
	struct asyncore_map *map = calloc(1, sizeof *map);

	if (map == NULL)
		goto no_memory;
	map->own_base = base == NULL;
	map->base = base != NULL ? base : event_base_new();
	if (map->base == NULL)
		goto no_memory;
	assign_timers(map);
	map->refs = 1;
	map->presume = true;
	map->fetch = 32;
	map->accepted_fd = -1;
	map->expt_fd = -1;
	map->trace_fd = -1;
	asyncore__list_init(&map->all);
	asyncore__list_init(&map->asked);
	asyncore__list_init(&map->changed);
	asyncore__list_init(&map->standing);
	asyncore__list_init(&map->due);
	asyncore__trace_open(map);
	return map;

no_memory:
	free(map);
	errno = ENOMEM;
	return NULL;
}

int
asyncore_map_free(struct asyncore_map *map)
{
	if (map == NULL)
		return 0;
	if (map->freed)
		return -EINVAL;
	if (map->len > 0 || map->loops > 0 || map->walks > 0)
		return -EBUSY;
	if (map->attached)
		(void)asyncore_detach_map(map);
	if (map->len > 0)	/* a finalize() has put one in */
		return -EBUSY;
	map->freed = true;
	if (map == socket_map)
		socket_map = NULL;
	(void)evtimer_del(&map->timer);
	(void)evtimer_del(&map->resume);
	(void)evtimer_del(&map->turn);
	event_debug_unassign(&map->timer);
	event_debug_unassign(&map->resume);
	event_debug_unassign(&map->turn);
	asyncore__expt_free(map);
	asyncore__quota_remember(map, NULL);
	asyncore__calls_free(map);
	map->trace = NULL;	/* a dispatcher may outlive it, not these */
	map->log = NULL;
	asyncore__trace_close(map);
	asyncore__interrupts_free(map);
	asyncore__wakeup_free(map);
	if (map->own_base)
		event_base_free(map->base);
	map->base = NULL;
	free(map->by_fd);
	map->by_fd = NULL;
	map->by_fd_size = 0;
	free(map->ready);
	free(map->pollfds);
	free(map->scratch);
	map->scratch = NULL;	/* a chat may read on */
	asyncore__map_unref(map);
	return 0;
}

void
asyncore__map_ref(struct asyncore_map *map)
{
	map->refs++;
}

void
asyncore__map_unref(struct asyncore_map *map)
{
	if (--map->refs > 0)
		return;
	asyncore__quota_remember(map, NULL);
	asyncore__address_clear(&map->accepted_addr);
	free(map);
}

struct asyncore_map *
asyncore_socket_map(void)
{
	if (socket_map == NULL)
		socket_map = asyncore_map_new(NULL);
	return socket_map;
}

struct asyncore_map *
asyncore__map_or_default(struct asyncore_map *map)
{
	return map != NULL ? map : asyncore_socket_map();
}

struct event_base *
asyncore_map_base(struct asyncore_map *map)
{
	map = asyncore__map_or_default(map);
	return map != NULL ? map->base : NULL;
}

size_t
asyncore_map_len(const struct asyncore_map *map)
{
	if (map == NULL)
		map = socket_map;
	return map != NULL ? map->len : 0;
}

struct asyncore_dispatcher *
asyncore__map_find(const struct asyncore_map *map, int fd)
{
	if (fd < 0 || (size_t)fd >= map->by_fd_size)
		return NULL;
	return map->by_fd[fd];
}

struct asyncore_dispatcher *
asyncore_map_get(struct asyncore_map *map, int fd)
{
	if (map == NULL)
		map = socket_map;
	return map != NULL && !map->freed ? asyncore__map_find(map, fd) : NULL;
}

static int
reserve_fd(struct asyncore_map *map, int fd)
{
	const size_t need = (size_t)fd + 1;
	size_t size = map->by_fd_size;
	struct asyncore_dispatcher **p;

	if (fd < 0 || need <= size)
		return 0;
	size = need > 2 * size ? need : 2 * size;
	/* An array of pointers.  NOLINTBEGIN(bugprone-sizeof-expression) */
	if (size > SIZE_MAX / sizeof *p)
		return -ENOMEM;
	p = realloc(map->by_fd, size * sizeof *p);
	if (p == NULL)
		return -ENOMEM;
	memset(p + map->by_fd_size, 0, (size - map->by_fd_size) * sizeof *p);
	/* NOLINTEND(bugprone-sizeof-expression) */
	map->by_fd = p;
	map->by_fd_size = size;
	return 0;
}

/* d has a descriptor or transport, and is in no map. */
int
asyncore__map_enter(struct asyncore_map *map, struct asyncore_dispatcher *d)
{
	int err;

	if (map->freed)
		return -EINVAL;
	if (asyncore__map_find(map, d->fd) != NULL)
		return -EEXIST;
	if ((err = reserve_fd(map, d->fd)) < 0)
		return err;
	if (d->map != map) {
		asyncore__calls_end(d);
		asyncore__map_ref(map);
		asyncore__map_unref(d->map);
		d->map = map;
	}
	asyncore__poller_enter(d);
	if (d->fd >= 0)
		map->by_fd[d->fd] = d;
	d->seq = map->next_seq++;
	asyncore__list_append(&map->all, &d->all);
	if (d->ask == ASK_EVERY_PASS) {
		d->wish = 0;
		asyncore__list_append(&map->asked, &d->asked);
	}
	map->len++;
	d->in_map = true;
	d->paused = d->starved = false;
	d->fed_in = 0;		/* by a wait of another map's */
	asyncore_ref(d);
	asyncore__changed(d);
	asyncore__note(map, d, ASYNCORE_TRACE_ADD, "", 0);
	return 0;
}

/* A walk that stands before this link stands before the next one now. */
static void
unlink_safely(struct asyncore_map *map, struct asyncore__link *link)
{
	struct asyncore__cursor *c;

	for (c = map->cursors; c != NULL; c = c->outer)
		if (c->next == link)
			c->next = link->next;
	asyncore__list_remove(link);
}

/* Leaves the poller too.  The caller holds a reference of his own. */
void
asyncore__map_leave(struct asyncore_dispatcher *d)
{
	struct asyncore_map *map = d->map;

	asyncore__poller_leave(d);
	asyncore__unchanged(d);
	unlink_safely(map, &d->all);
	unlink_safely(map, &d->asked);
	asyncore__list_remove(&d->standing);
	d->standing_for = d->ready = 0;
	if (d->fd >= 0)
		map->by_fd[d->fd] = NULL;
	map->len--;
	d->in_map = false;
	asyncore__note(map, d, ASYNCORE_TRACE_REMOVE, "", 0);
	asyncore__map_ref(map);
	asyncore__host_wake(map);
	asyncore__left_map(d, map);
	asyncore__map_unref(map);
	asyncore_unref(d);
}

/* left_map() cannot put it back. */
void
asyncore__map_leave_for_good(struct asyncore_dispatcher *d)
{
	d->leaving = true;
	asyncore__map_leave(d);
	d->leaving = false;
}

int
asyncore_map_foreach(struct asyncore_map *map,
    int (*fn)(struct asyncore_dispatcher *d, void *arg), void *arg)
{
	struct asyncore__cursor c;
	struct asyncore_dispatcher *d;
	uint64_t limit;
	int result = 0;

	map = asyncore__map_or_default(map);
	if (map == NULL)
		return -ENOMEM;
	if (fn == NULL || map->freed)
		return -EINVAL;
	limit = map->next_seq;
	map->walks++;
	asyncore__cursor_open(map, &c, &map->all);
	while (result == 0 && c.next != &map->all) {
		d = asyncore_ref(asyncore__of(c.next, all));
		c.next = c.next->next;
		if (d->seq < limit)
			result = fn(d, arg);
		asyncore_unref(d);
	}
	asyncore__cursor_close(map, &c);
	map->walks--;
	return result;
}

static int
touch_it(struct asyncore_dispatcher *d, void *arg)
{
	(void)arg;
	asyncore__changed(d);
	return 0;
}

/* In select's view and in poll's, not the same directions are watched. */
void
asyncore__set_view(struct asyncore_map *map, bool by_poll)
{
	if (map->by_poll == by_poll)
		return;
	map->by_poll = by_poll;
	(void)asyncore_map_foreach(map, touch_it, NULL);
}

int
asyncore_map_set_presume(struct asyncore_map *map, bool presume)
{
	map = asyncore__map_or_default(map);
	if (map == NULL)
		return -ENOMEM;
	map->presume = presume;
	return asyncore_map_foreach(map, touch_it, NULL);
}
