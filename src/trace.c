/*
 * trace.c - who looks inside: the events of a traced map, and the times of a
 * timed one.
 *
 * All that a trace tells passes through asyncore__trace(), which gives it to the
 * program's function and to the file of ASYNCORE_TRACE.  Where nobody looks,
 * map->observed is false, and that is all that our callers ask.  A hook that is
 * looked at has a frame on the stack, so that its end is told to the map that
 * its beginning was told to.
 */
#include "internal.h"

/* Does anybody look? */
void
asyncore__observe(struct asyncore_map *map)
{
	map->observed = map->trace != NULL || map->trace_fd >= 0 ||
	    map->timing;
}

/* What the program's function does is not told to it. */
static void
tell(struct asyncore_map *map, const struct asyncore_trace *e)
{
	if (map->trace == NULL || map->tracing)
		return;
	map->tracing = true;
	map->trace(e, map->trace_arg);
	map->tracing = false;
}

void
asyncore__trace(struct asyncore_map *map, struct asyncore_dispatcher *d,
    enum asyncore_trace_kind kind, const char *name, long long argument,
    long long result)
{
	struct asyncore_trace e = {
		.size = sizeof e,
		.kind = kind,
		.map = map,
		.pass = map->pass,
		.dispatcher = d,
		.fd = d != NULL ? d->fd : -1,
		.name = name,
		.argument = argument,
		.result = result
	};
	const int err = errno;

	if (map->trace == NULL && map->trace_fd < 0)
		return;
	e.time = asyncore__now();
	asyncore__map_ref(map);
	asyncore__trace_write(map, &e);
	tell(map, &e);
	asyncore__map_unref(map);
	errno = err;
}

int
asyncore_map_set_trace(struct asyncore_map *map,
    void (*fn)(const struct asyncore_trace *event, void *arg), void *arg)
{
	map = asyncore__map_or_default(map);
	if (map == NULL)
		return -ENOMEM;
	if (map->freed)
		return -EINVAL;
	map->trace = fn;
	map->trace_arg = arg;
	asyncore__observe(map);
	return 0;
}

/* ---- Hooks. ---- */

/* Routers only call hooks: their time is that of these. */
static bool
is_router(enum asyncore__hook hook)
{
	return hook >= HOOK_READ_EVENT && hook <= HOOK_CONNECT_EVENT;
}

void
asyncore__look_begin(struct asyncore_dispatcher *d,
    struct asyncore__frame *f, long long argument)
{
	struct asyncore_map *map = d->map;

	asyncore__map_ref(map);
	f->map = map;
	f->timed = map->timing && !is_router(f->hook);
	asyncore__trace(map, d, ASYNCORE_TRACE_HOOK_BEGIN,
	    asyncore__hook_name(f->hook), argument, 0);
	if (f->timed && map->timed++ == 0)
		f->start = asyncore__now();
}

void
asyncore__look_end(struct asyncore_dispatcher *d, struct asyncore__frame *f,
    int err)
{
	struct asyncore_map *map = f->map;

	if (f->timed && --map->timed == 0)
		asyncore__time_hook(map, f->hook, asyncore__now() - f->start);
	asyncore__trace(map, d, ASYNCORE_TRACE_HOOK_END,
	    asyncore__hook_name(f->hook), 0, err);
	asyncore__map_unref(map);
}

/* ---- Waits. ---- */

void
asyncore__look_at_wait(struct asyncore_map *map)
{
	asyncore__note(map, NULL, ASYNCORE_TRACE_WAIT_BEGIN, "", 0);
	map->wait_since = map->timing ? asyncore__now() : 0;
}

void
asyncore__look_at_found(struct asyncore_map *map, size_t ready)
{
	if (map->wait_since > 0)
		map->counts.wait_time += asyncore__now() - map->wait_since;
	map->wait_since = 0;
	asyncore__note(map, NULL, ASYNCORE_TRACE_WAIT_END, "",
	    (long long)ready);
}
