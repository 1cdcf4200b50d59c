/*
 * stats.c - what a map has done, in numbers.
 *
 * The counters are plain members of the map that their owners increment; here
 * they become the public struct, whose older, shorter forms stay valid.  The
 * times need clock reads, which happen only where somebody has asked for them.
 */
#include "internal.h"

#include <string.h>

void
asyncore__time_hook(struct asyncore_map *map, enum asyncore__hook hook,
    double seconds)
{
	struct asyncore__counts *c = &map->counts;

	c->hook_time += seconds;
	if (seconds <= c->longest_hook)
		return;
	c->longest_hook = seconds;
	c->longest_name = asyncore__hook_name(hook);
}

static void
fill_hooks(struct asyncore_stats *s, const unsigned long long *hooks)
{
	s->handle_read = hooks[HOOK_READ];
	s->handle_write = hooks[HOOK_WRITE];
	s->handle_expt = hooks[HOOK_EXPT];
	s->handle_connect = hooks[HOOK_CONNECT];
	s->handle_accept = hooks[HOOK_ACCEPT];
	s->handle_accepted = hooks[HOOK_ACCEPTED];
	s->handle_close = hooks[HOOK_CLOSE];
	s->handle_error = hooks[HOOK_ERROR];
	s->handle_eof = hooks[HOOK_EOF];
	s->handle_timeout = hooks[HOOK_TIMEOUT];
	s->collect_incoming_data = hooks[HOOK_COLLECT_INCOMING_DATA];
	s->found_terminator = hooks[HOOK_FOUND_TERMINATOR];
	s->handle_overflow = hooks[HOOK_OVERFLOW];
}

static void
fill(struct asyncore_stats *s, const struct asyncore_map *map)
{
	const struct asyncore__counts *c = &map->counts;

	memset(s, 0, sizeof *s);
	s->channels = map->len;
	s->calls = map->pending;
	s->passes = c->passes;
	s->predicates = c->predicates;
	s->interest_changes = c->interest_changes;
	s->bytes_in = c->bytes_in;
	s->bytes_out = c->bytes_out;
	s->errors = c->errors;
	s->accept_pauses = c->accept_pauses;
	s->wait_time = c->wait_time;
	s->hook_time = c->hook_time;
	s->longest_hook = c->longest_hook;
	s->longest_hook_name = c->longest_name;
	fill_hooks(s, c->hooks);
}

int
asyncore_map_get_stats(struct asyncore_map *map, struct asyncore_stats *stats,
    size_t size)
{
	struct asyncore_stats s;
	const size_t known = size < sizeof s ? size : sizeof s;

	map = asyncore__map_or_default(map);
	if (map == NULL)
		return -ENOMEM;
	if (map->freed || stats == NULL)
		return -EINVAL;
	fill(&s, map);
	memcpy(stats, &s, known);
	memset((char *)stats + known, 0, size - known);
	return 0;
}

int
asyncore_map_set_timing(struct asyncore_map *map, bool on)
{
	map = asyncore__map_or_default(map);
	if (map == NULL)
		return -ENOMEM;
	if (map->freed)
		return -EINVAL;
	map->timing = on;
	map->wait_since = 0;
	asyncore__observe(map);
	return 0;
}
