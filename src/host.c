/*
 * host.c - a map attached to its base: the host runs the loop, and the map's
 * passes take place inside of it.
 *
 * The recorders wake the map's `turn`, an event that becomes active behind all
 * that is active already: when it runs, everything that the wait has found is
 * recorded.  A turn ends the pass under way (dispatch) and begins the next one
 * (ask); in between, libevent waits for us as for everybody else.  Where some
 * channel is ready without the kernel's word, the next turn comes by a timer of
 * no time, so that libevent looks at all others before it.
 */
#include "internal.h"

/* For a turn after everything that is active now. */
void
asyncore__host_want_turn(struct asyncore_map *map)
{
	if (map->in_turn || map->turn_due)
		return;
	map->turn_due = true;
	event_active(&map->turn, EV_TIMEOUT, 1);
}

/* For a turn after libevent has looked at the descriptors again. */
static void
take_another_turn(struct asyncore_map *map)
{
	static const struct timeval at_once = { 0, 0 };

	if (evtimer_add(&map->turn, &at_once) != 0)
		asyncore__host_want_turn(map);
}

/*
 * For a turn after the next look at the descriptors: those that were armed in
 * this round have not been looked at, and come first.  One that is to come
 * already is not put off, or a call in each round would do so for ever.
 */
void
asyncore__host_wake_later(struct asyncore_map *map)
{
	if (map->attached && !map->in_turn && !map->turn_due &&
	    !evtimer_pending(&map->turn, NULL))
		take_another_turn(map);
}

/* An error, or a stop, leaves the host's loop; the map is good for another. */
static void
leave_loop(struct asyncore_map *map, int err)
{
	map->stop = false;
	if (map->result == 0)
		map->result = err;
	(void)event_base_loopbreak(map->base);
	take_another_turn(map);
}

static int
finish_pass(struct asyncore_map *map, int err)
{
	map->in_pass = false;
	if (map->result == 0)
		map->result = err;
	asyncore__pass_end(map, 0, err);
	return err;
}

/* The end of the pass under way. */
static int
end_pass(struct asyncore_map *map)
{
	int err = asyncore__wait_end(map, 0, false);

	map->in_pass = false;
	asyncore__waited(map, map->ready_len);
	asyncore__pay_arrears(map);
	if (err == 0)
		err = asyncore__interrupted(map);
	if (err == 0)
		err = asyncore__dispatch(map, 0, false);
	asyncore__ready_pop(map, 0);
	return finish_pass(map, err);
}

/* The beginning of the next one. */
static int
begin_pass(struct asyncore_map *map)
{
	int err;

	(void)asyncore__pass_begin(map);
	err = asyncore__ask_all(map);
	if (err == 0 && map->attached)
		err = asyncore__wait_begin(map);
	if (err != 0 || !map->attached)
		return finish_pass(map, err);
	map->in_pass = true;
	asyncore__waiting(map);
	return 0;
}

static int
take_turn(struct asyncore_map *map)
{
	int err = map->in_pass ? end_pass(map) : asyncore__interrupted(map);

	if (err == 0 && map->attached && !map->stop)
		err = begin_pass(map);
	return err;
}

static int
rest(struct asyncore_dispatcher *d, void *arg)
{
	(void)arg;
	asyncore__forget(d);
	return 0;
}

/* Nothing of it stays armed, nor recorded.  May finalize channels. */
static void
put_to_rest(struct asyncore_map *map)
{
	map->loops++;		/* they cannot free it meanwhile */
	map->in_pass = false;
	(void)asyncore_map_foreach(map, rest, NULL);
	asyncore__expt_rest(map);
	asyncore__ready_pop(map, 0);
	map->loops--;
}

/* It was detached in its turn, in a hook or a predicate. */
static void
end_attachment(struct asyncore_map *map, int err)
{
	if (err != 0 || map->stop)
		(void)event_base_loopbreak(map->base);
	map->stop = false;
	put_to_rest(map);
}

static bool
has_work(const struct asyncore_map *map)
{
	return map->ready_len > 0 || !asyncore__list_empty(&map->changed) ||
	    !asyncore__list_empty(&map->due) || asyncore__has_soon(map);
}

void
asyncore__on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct asyncore_map *map = arg;
	int err;

	(void)fd;
	(void)what;
	map->turn_due = false;
	if (asyncore__may_have_more(map)) {
		take_another_turn(map);
		return;
	}
	map->in_turn = true;
	map->loops++;
	err = take_turn(map);
	map->loops--;
	map->in_turn = false;
	if (!map->attached)
		end_attachment(map, err);
	else if (err != 0 || (map->stop && !map->in_pass))
		leave_loop(map, err);
	else if (has_work(map))
		take_another_turn(map);
}

static int
enter_anew(struct asyncore_dispatcher *d, void *arg)
{
	(void)arg;
	asyncore__poller_leave(d);
	asyncore__poller_enter(d);
	asyncore__changed(d);
	return 0;
}

/*
 * The base may have got its priorities when the map, and some channels, were
 * there.  All of them need the same, or turns would come before the others, or
 * never.
 */
static void
take_priority(struct asyncore_map *map)
{
	const int middle = event_base_get_npriorities(map->base) / 2;

	if (event_get_priority(&map->turn) == middle)
		return;
	(void)event_priority_set(&map->turn, middle);
	(void)asyncore_map_foreach(map, enter_anew, NULL);
	asyncore__expt_free(map);
}

int
asyncore_attach(struct asyncore_map *map)
{
	static const struct timeval at_once = { 0, 0 };

	map = asyncore__map_or_default(map);
	if (map == NULL)
		return -ENOMEM;
	if (map->freed)
		return -EINVAL;
	if (map->attached)
		return -EALREADY;
	if (map->loops > 0)
		return -EBUSY;
	take_priority(map);
	if (evtimer_add(&map->turn, &at_once) != 0)
		return -ENOMEM;
	map->attached = true;
	map->result = 0;
	map->news = 0;
	asyncore__set_view(map, false);
	return 0;
}

int
asyncore_detach_map(struct asyncore_map *map)
{
	map = asyncore__map_or_default(map);
	if (map == NULL)
		return -ENOMEM;
	if (!map->attached)
		return -EINVAL;
	map->attached = map->turn_due = false;
	if (map->in_pass) {
		asyncore__waited(map, 0);
		(void)finish_pass(map, 0);
	}
	(void)event_del(&map->turn);
	if (!map->in_turn)	/* else at its end */
		put_to_rest(map);
	return map->result;
}
