/*
 * expt.c - exceptional conditions, that is out-of-band data, of the channels
 * whose class has something to say about them.
 *
 * No backend of libevent reports these.  Where there is epoll, the map has one
 * of its own in which such channels are watched for EPOLLPRI; it is readable
 * itself when one has come, and libevent watches it for that.  Elsewhere they
 * are asked by poll(2) before and after each wait, which is a short one then.
 *
 * An epoll may know descriptors that we do not know any more (one that was
 * closed behind our back, while a duplicate lives), and after a fork it is the
 * parent's too: then a new one takes its place.
 */
#include "internal.h"

#include <unistd.h>
#ifdef HAVE_SYS_EPOLL_H
#include <event2/util.h>
#include <sys/epoll.h>
#endif

#ifdef HAVE_SYS_EPOLL_H

#define AT_ONCE 64

static void
on_news(evutil_socket_t fd, short what, void *arg)
{
	struct asyncore_map *map = arg;

	(void)fd;
	(void)what;
	if (map->waiting || map->attached)
		map->expt_news = true;
	else
		(void)event_del(&map->expt_event);
	asyncore__host_wake(map);
}

static int
open_epoll(struct asyncore_map *map)
{
	const int fd = epoll_create1(EPOLL_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	errno = 0;
	/* It is never read; but libevent's debug mode asks for it. */
	if (evutil_make_socket_nonblocking(fd) != 0 ||
	    event_assign(&map->expt_event, map->base, fd,
	    EV_READ | EV_PERSIST, on_news, map) != 0) {
		err = errno != 0 ? -errno : -ENOMEM;
		close(fd);
		return err;
	}
	map->expt_fd = fd;
	map->expt_owner = getpid();
	return 0;
}

void
asyncore__expt_free(struct asyncore_map *map)
{
	if (map->expt_fd < 0)
		return;
	(void)event_del(&map->expt_event);
	event_debug_unassign(&map->expt_event);
	close(map->expt_fd);
	map->expt_fd = -1;
}

static int
add(struct asyncore_dispatcher *d)
{
	struct epoll_event ev = { .events = EPOLLPRI, .data.fd = d->fd };

	return epoll_ctl(d->map->expt_fd, EPOLL_CTL_ADD, d->fd, &ev) == 0 ?
	    0 : -errno;
}

/* One that was closed behind our back has nothing to say. */
static int
add_watched(struct asyncore_dispatcher *d, void *arg)
{
	int err = d->expt_watched ? add(d) : 0;

	(void)arg;
	return err == -EBADF ? 0 : err;
}

/* All or nothing: where it fails, the next wait tries again. */
static int
open_anew(struct asyncore_map *map)
{
	int err;

	asyncore__expt_free(map);
	err = open_epoll(map);
	if (err == 0)
		err = asyncore_map_foreach(map, add_watched, NULL);
	if (err < 0)
		asyncore__expt_free(map);
	return err;
}

/* There is one, and it is this process's. */
static int
open_own(struct asyncore_map *map)
{
	return map->expt_fd < 0 || map->expt_owner != getpid() ?
	    open_anew(map) : 0;
}

static int
control(struct asyncore_dispatcher *d, bool on)
{
	struct asyncore_map *map = d->map;
	struct epoll_event ev = { 0 };
	int err = open_own(map);

	if (err < 0)
		return err;
	if (on)
		return add(d);
	(void)epoll_ctl(map->expt_fd, EPOLL_CTL_DEL, d->fd, &ev);
	return 0;
}

/* Nobody is watched any more: nothing of ours stays on the base. */
void
asyncore__expt_rest(struct asyncore_map *map)
{
	if (map->expt_fd >= 0)
		(void)event_del(&map->expt_event);
}

/* Before a wait: somebody else's run of the base may have put it to sleep. */
int
asyncore__expt_prepare(struct asyncore_map *map)
{
	int err = open_own(map);

	if (err < 0)
		return err;
	map->expt_news = false;
	errno = 0;
	if (event_add(&map->expt_event, NULL) != 0)
		return errno != 0 ? -errno : -ENOMEM;
	return 0;
}

/*
 * epoll reports errors and hang-ups unasked, again and again; they are the
 * business of the other directions.  false: it speaks of a stranger.
 */
static bool
note(struct asyncore_map *map, const struct epoll_event *ev,
    void (*found)(struct asyncore_dispatcher *))
{
	struct asyncore_dispatcher *d = asyncore__map_find(map, ev->data.fd);

	if (d == NULL || !d->expt_watched)
		return false;
	if (ev->events & EPOLLPRI)
		found(d);
	else
		(void)asyncore__expt_watch(d, false);
	return true;
}

/* Tells `found` which ones; epoll turns them round, so all have their turn. */
int
asyncore__expt_collect(struct asyncore_map *map,
    void (*found)(struct asyncore_dispatcher *))
{
	struct epoll_event evs[AT_ONCE];
	size_t seen = 0;
	bool stranger = false;
	int i, n;

	if (!map->expt_news)
		return 0;
	do {
		n = epoll_wait(map->expt_fd, evs, AT_ONCE, 0);
		if (n < 0 && errno != EINTR)
			return -errno;
		for (i = 0; i < n; i++)
			stranger |= !note(map, &evs[i], found);
		seen += n > 0 ? (size_t)n : 0;
	} while (n == AT_ONCE && seen < map->expt_watched);
	return stranger ? open_anew(map) : 0;
}

#else /* !HAVE_SYS_EPOLL_H */

/* How long a byte may be there before a wait ends because of it. */
static const struct timeval look_again = { 0, 100000 };

static void
on_time(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	asyncore__host_wake(arg);
}

void
asyncore__expt_free(struct asyncore_map *map)
{
	if (!event_initialized(&map->expt_event))
		return;
	(void)evtimer_del(&map->expt_event);
	event_debug_unassign(&map->expt_event);
	map->expt_event = (struct event){ 0 };
}

static int
control(struct asyncore_dispatcher *d, bool on)
{
	struct asyncore_map *map = d->map;

	if (!on || event_initialized(&map->expt_event))
		return 0;
	return evtimer_assign(&map->expt_event, map->base, on_time, map) == 0 ?
	    0 : -ENOMEM;
}

void
asyncore__expt_rest(struct asyncore_map *map)
{
	if (event_initialized(&map->expt_event))
		(void)evtimer_del(&map->expt_event);
}

static void
look(struct asyncore_map *map, void (*found)(struct asyncore_dispatcher *))
{
	struct asyncore__link *link;
	struct asyncore_dispatcher *d;
	struct pollfd p;

	for (link = map->all.next; link != &map->all; link = link->next) {
		d = asyncore__of(link, all);
		p.fd = d->fd;
		p.events = POLLPRI;
		if (d->expt_watched && poll(&p, 1, 0) == 1 &&
		    (p.revents & POLLPRI))
			found(d);
	}
}

static void
record(struct asyncore_dispatcher *d)
{
	asyncore__record(d, ASYNCORE__EXPT);
}

/*
 * What has come already leaves the wait no time; for the rest it is short.
 * What is recorded must find its wait: nothing fails behind it.
 */
int
asyncore__expt_prepare(struct asyncore_map *map)
{
	if (evtimer_add(&map->expt_event, &look_again) != 0)
		return -ENOMEM;
	look(map, record);
	return 0;
}

int
asyncore__expt_collect(struct asyncore_map *map,
    void (*found)(struct asyncore_dispatcher *))
{
	asyncore__expt_rest(map);
	look(map, found);
	return 0;
}

#endif /* HAVE_SYS_EPOLL_H */

int
asyncore__expt_watch(struct asyncore_dispatcher *d, bool on)
{
	int err;

	if (d->expt_watched == on)
		return 0;
	if ((err = control(d, on)) < 0 && on)
		return err;
	d->expt_watched = on;
	d->map->counts.interest_changes++;
	asyncore__note(d->map, d, on ? ASYNCORE_TRACE_ARM :
	    ASYNCORE_TRACE_DISARM, "expt", 0);
	if (on)
		d->map->expt_watched++;
	else if (--d->map->expt_watched == 0)
		asyncore__expt_rest(d->map);
	return 0;
}
