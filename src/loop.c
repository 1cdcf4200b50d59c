/*
 * loop.c - asyncore_loop() and its like: passes, one after the other.
 *
 * A pass asks, waits once, and dispatches.  Any hook may run a loop of its own,
 * or close any channel.
 */
#include "internal.h"

#include <math.h>

/* Channels, or calls that are still to come. */
static bool
is_alive(const struct asyncore_map *map)
{
	return map->len > 0 || map->pending > 0 || asyncore__has_soon(map);
}

static int
run_pass(struct asyncore_map *map, double timeout, bool use_poll)
{
	const size_t frame = map->ready_len;
	int err;

	asyncore__set_view(map, use_poll);
	if ((err = asyncore__ask_all(map)) != 0)
		return err;
	if (!is_alive(map))
		return 0;
	err = asyncore__wait(map, timeout, use_poll);
	asyncore__pay_arrears(map);
	if (err == 0)
		err = asyncore__interrupted(map);
	map->dispatching = true;
	if (err == 0)
		err = asyncore__dispatch(map, frame, use_poll);
	map->dispatching = false;
	asyncore__note_end(map);
	asyncore__ready_pop(map, frame);
	return err;
}

static int
pass(struct asyncore_map *map, double timeout, bool use_poll)
{
	const unsigned long long outer = asyncore__pass_begin(map);
	int err = run_pass(map, timeout, use_poll);

	asyncore__pass_end(map, outer, err);
	return err;
}

static int
check(struct asyncore_map *map, double timeout)
{
	if (map == NULL)
		return -ENOMEM;
	if (isnan(timeout) || map->freed)
		return -EINVAL;
	return map->waiting || map->attached ? -EBUSY : 0;
}

static int
passes(double timeout, bool use_poll, struct asyncore_map *map, int count)
{
	const bool inside = map->dispatching;
	struct asyncore__run run;
	bool outer_ended;
	int err = 0;

	if (inside)		/* our first wait forgets a hook's loopbreak */
		asyncore__note_end(map);
	map->dispatching = false;
	outer_ended = map->ended;
	map->ended = false;
	map->fresh = false;
	asyncore__run_begin(&run, map);
	map->loops++;
	while (err == 0 && count != 0 && is_alive(map) && !map->stop &&
	    !map->ended) {
		err = pass(map, timeout, use_poll);
		if (count > 0)
			count--;
	}
	map->fresh = false;
	asyncore__run_end(&run, map->ended || err != 0);
	map->ended = outer_ended;
	map->dispatching = inside;
	if (--map->loops == 0)
		map->stop = false;
	return err;
}

int
asyncore_loop(double timeout, bool use_poll, struct asyncore_map *map,
    int count)
{
	int err;

	map = asyncore__map_or_default(map);
	if ((err = check(map, timeout)) < 0)
		return err;
	return passes(timeout, use_poll, map, count);
}

int
asyncore_poll(double timeout, struct asyncore_map *map)
{
	return asyncore_loop(timeout, false, map, 1);
}

int
asyncore_poll2(double timeout, struct asyncore_map *map)
{
	return asyncore_loop(timeout, true, map, 1);
}

static int
close_one(struct asyncore_dispatcher *d, void *arg)
{
	const bool *ignore_all = arg;
	int err = asyncore_close(d);

	if (asyncore__leaves_loop(err))
		return err;
	return err >= 0 || err == -EBADF || *ignore_all ? 0 : err;
}

/* What a close() of its own left in the map. */
static int
clear_one(struct asyncore_dispatcher *d, void *arg)
{
	(void)arg;
	asyncore__map_leave_for_good(d);
	return 0;
}

int
asyncore_close_all(struct asyncore_map *map, bool ignore_all)
{
	int err = asyncore_map_foreach(map, close_one, &ignore_all);

	return err != 0 ? err : asyncore_map_foreach(map, clear_one, NULL);
}
