/*
 * interrupt.c - signals that end a loop, as KeyboardInterrupt does in Python.
 *
 * libevent's own handler writes to a pipe; here the loop learns of it in its
 * wait, when no hook runs.
 */
#include "internal.h"

#include <stdlib.h>

struct asyncore__interrupt {
	struct asyncore__interrupt *next;
	struct event event;
};

static void
on_signal(evutil_socket_t signo, short what, void *arg)
{
	struct asyncore_map *map = arg;

	(void)signo;
	(void)what;
	map->interrupted = true;
	asyncore__host_wake(map);
}

static bool
is_known(const struct asyncore_map *map, int signo)
{
	const struct asyncore__interrupt *i;

	for (i = map->interrupts; i != NULL; i = i->next)
		if (event_get_signal(&i->event) == signo)
			return true;
	return false;
}

int
asyncore_interrupt_on(struct asyncore_map *map, int signo)
{
	struct asyncore__interrupt *i;
	sigset_t set;
	int err;

	map = asyncore__map_or_default(map);
	if (map == NULL)
		return -ENOMEM;
	(void)sigemptyset(&set);
	if (map->freed || sigaddset(&set, signo) != 0)
		return -EINVAL;
	if (is_known(map, signo))
		return 0;
	if ((i = malloc(sizeof *i)) == NULL)
		return -ENOMEM;
	errno = 0;
	if (evsignal_assign(&i->event, map->base, signo, on_signal, map) != 0 ||
	    evsignal_add(&i->event, NULL) != 0) {
		err = errno != 0 ? -errno : -ENOMEM;
		event_debug_unassign(&i->event);
		free(i);
		return err;
	}
	i->next = map->interrupts;
	map->interrupts = i;
	return 0;
}

void
asyncore__interrupts_free(struct asyncore_map *map)
{
	struct asyncore__interrupt *i;

	while ((i = map->interrupts) != NULL) {
		map->interrupts = i->next;
		(void)evsignal_del(&i->event);
		event_debug_unassign(&i->event);
		free(i);
	}
}

/* Once for each time that it came between two questions. */
int
asyncore__interrupted(struct asyncore_map *map)
{
	if (!map->interrupted)
		return 0;
	map->interrupted = false;
	return ASYNCORE_KEYBOARD_INTERRUPT;
}
