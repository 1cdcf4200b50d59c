/*
 * ready.c - the stack of channels that a pass has in hand.
 *
 * Each step of a pass works on a frame: first the channels that must be asked
 * out of their turn, then those that are ready.  A hook may run a loop of its
 * own, whose frames lie above and are gone when it returns.  An entry holds a
 * reference, and the epoch of the descriptor it speaks of: readiness belongs
 * to that, not to whatever has its number later.
 */
#include "internal.h"

#include <stdlib.h>

/* Room for every channel once, so that recording cannot fail. */
int
asyncore__ready_reserve(struct asyncore_map *map)
{
	struct asyncore__ready *p;
	size_t need = map->ready_len + map->len;

	if (need <= map->ready_size)
		return 0;
	need += need / 2;
	p = realloc(map->ready, need * sizeof *p);
	if (p == NULL)
		return -ENOMEM;
	map->ready = p;
	map->ready_size = need;
	return 0;
}

void
asyncore__ready_push(struct asyncore_map *map, struct asyncore_dispatcher *d)
{
	struct asyncore__ready *r = &map->ready[map->ready_len++];

	r->d = asyncore__hold(d);
	r->seq = d->seq;
	r->epoch = d->epoch;
	r->armed = d->armed;
	r->bits = 0;
	r->revents = 0;
}

static void
reverse(struct asyncore__ready *v, size_t n)
{
	struct asyncore__ready x;
	size_t i;

	for (i = 0; i < n / 2; i++) {
		x = v[i];
		v[i] = v[n - 1 - i];
		v[n - 1 - i] = x;
	}
}

/*
 * In order of insertion.  Mostly it is already, or the other way round; else
 * Shell's sort, which needs neither memory nor a call for each comparison.
 */
void
asyncore__ready_sort(struct asyncore_map *map, size_t frame)
{
	static const size_t gaps[] = {
		86961, 38649, 17177, 7634, 3393, 1508, 670, 298, 132, 57, 23,
		10, 4, 1
	};
	const size_t n = map->ready_len - frame;
	struct asyncore__ready *v, x;
	size_t g, gap, i, j;

	if (n < 2)	/* where there is not even a stack yet */
		return;
	v = map->ready + frame;
	for (i = 1; i < n && v[i - 1].seq > v[i].seq; i++)
		continue;
	if (i >= n)
		reverse(v, n);
	for (i = 1; i < n && v[i - 1].seq < v[i].seq; i++)
		continue;
	if (i >= n)
		return;
	for (g = 0; g < sizeof gaps / sizeof gaps[0]; g++) {
		gap = gaps[g];
		for (i = gap; i < n; i++) {
			x = v[i];
			for (j = i; j >= gap && v[j - gap].seq > x.seq; j -= gap)
				v[j] = v[j - gap];
			v[j] = x;
		}
	}
}

/* Gives up everything from `frame` on.  May finalize channels. */
void
asyncore__ready_pop(struct asyncore_map *map, size_t frame)
{
	while (map->ready_len > frame)
		asyncore__drop(map->ready[--map->ready_len].d);
}
