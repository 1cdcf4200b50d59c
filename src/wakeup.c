/*
 * wakeup.c - reaching a map from other threads and from signal handlers.
 *
 * A pipe that the map's base watches, and a stack of calls that is pushed to by
 * anybody and taken as a whole by the map's own thread: no lock, and nothing at
 * all for a map that has not asked for it.  `woken` says that a byte is in the
 * pipe; it is cleared before the stack is taken, so that a call pushed after
 * that writes another one.
 */
#include "internal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <event2/util.h>

struct asyncore__soon {
	struct asyncore__soon *next;
	int (*fn)(void *arg);
	void *arg;
};

static void
drain(evutil_socket_t fd, short what, void *arg)
{
	struct asyncore_map *map = arg;
	char bytes[16];

	(void)what;
	while (read(fd, bytes, sizeof bytes) > 0)
		continue;
	atomic_store(&map->woken, false);
	asyncore__host_wake(map);
}

/* Both ends non-blocking: a full pipe wakes as well as another byte. */
static int
open_pipe(int fds[2])
{
	int i, err;

	if (pipe(fds) != 0)
		return -errno;
	for (i = 0; i < 2; i++)
		if (evutil_make_socket_nonblocking(fds[i]) != 0 ||
		    evutil_make_socket_closeonexec(fds[i]) != 0) {
			err = errno != 0 ? -errno : -EIO;
			close(fds[0]);
			close(fds[1]);
			return err;
		}
	return 0;
}

static void
close_pipe(struct asyncore_map *map)
{
	if (!map->reachable)
		return;
	map->reachable = false;
	(void)event_del(&map->wakeup);
	close(event_get_fd(&map->wakeup));
	close(map->wakeup_fd);
	event_debug_unassign(&map->wakeup);
	atomic_store(&map->woken, false);
}

int
asyncore_map_enable_threads(struct asyncore_map *map)
{
	int fds[2], err;

	map = asyncore__map_or_default(map);
	if (map == NULL)
		return -ENOMEM;
	if (map->freed)
		return -EINVAL;
	if (map->reachable && map->wakeup_owner == getpid())
		return 0;
	close_pipe(map);	/* the parent's, after a fork */
	if ((err = open_pipe(fds)) < 0)
		return err;
	errno = 0;
	if (event_assign(&map->wakeup, map->base, fds[0],
	    EV_READ | EV_PERSIST, drain, map) != 0 ||
	    event_add(&map->wakeup, NULL) != 0) {
		err = errno != 0 ? -errno : -ENOMEM;
		event_debug_unassign(&map->wakeup);
		close(fds[0]);
		close(fds[1]);
		return err;
	}
	map->wakeup_fd = fds[1];
	map->wakeup_owner = getpid();
	map->reachable = true;
	asyncore__host_wake(map);	/* the parent has the byte that would */
	return 0;
}

void
asyncore__wakeup_free(struct asyncore_map *map)
{
	struct asyncore__soon *s;

	asyncore__soon_take(map);
	while ((s = map->soon) != NULL) {
		map->soon = s->next;
		free(s);
	}
	close_pipe(map);
}

/* A full pipe has woken it already. */
static int
write_byte(int fd)
{
	ssize_t n;

	do
		n = write(fd, "", 1);
	while (n < 0 && errno == EINTR);
	return n < 0 && errno != EAGAIN ? -errno : 0;
}

/* Only what a signal handler may do, too. */
static int
wake(struct asyncore_map *map)
{
	const int saved = errno;
	int err = 0;

	if (!atomic_exchange(&map->woken, true) &&
	    (err = write_byte(map->wakeup_fd)) < 0)
		atomic_store(&map->woken, false);	/* the next one tries */
	errno = saved;
	return err;
}

int
asyncore_wakeup(struct asyncore_map *map)
{
	if (map == NULL || map->freed)
		return -EINVAL;
	return map->reachable ? wake(map) : -ENOTSUP;
}

int
asyncore_call_soon_threadsafe(struct asyncore_map *map, int (*fn)(void *arg),
    void *arg)
{
	struct asyncore__soon *s;

	if (map == NULL || map->freed || fn == NULL)
		return -EINVAL;
	if (!map->reachable)
		return -ENOTSUP;
	if ((s = malloc(sizeof *s)) == NULL)
		return -ENOMEM;
	s->fn = fn;
	s->arg = arg;
	s->next = atomic_load(&map->pushed);
	while (!atomic_compare_exchange_weak(&map->pushed, &s->next, s))
		continue;
	(void)wake(map);
	return 0;
}

/* What was pushed goes behind what is there, the oldest first. */
void
asyncore__soon_take(struct asyncore_map *map)
{
	struct asyncore__soon *s, *next, *first = NULL, **tail = &map->soon;

	for (s = atomic_exchange(&map->pushed, NULL); s != NULL; s = next) {
		next = s->next;
		s->next = first;
		first = s;
	}
	while (*tail != NULL)
		tail = &(*tail)->next;
	*tail = first;
}

static int
run_one(struct asyncore_map *map)
{
	struct asyncore__soon *s = map->soon;
	int (*fn)(void *arg) = s->fn;
	void *arg = s->arg;

	map->soon = s->next;
	free(s);
	return asyncore__run_task(&(struct asyncore__task)
	    { .map = map, .plain = fn, .arg = arg,
	    .name = "call_soon_threadsafe" }, 0);
}

/* The calls of others; those that they make in turn have the next pass. */
int
asyncore__run_soon(struct asyncore_map *map)
{
	int err = 0;

	asyncore__soon_take(map);
	while (err == 0 && map->soon != NULL)
		err = run_one(map);
	return err;
}

int
asyncore_stop(struct asyncore_map *map)
{
	map = asyncore__map_or_default(map);
	if (map == NULL)
		return -ENOMEM;
	if (map->freed)
		return -EINVAL;
	atomic_store(&map->stop, true);
	if (map->reachable)
		return wake(map);
	asyncore__host_wake(map);
	return 0;
}
