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
#include <string.h>

/*
 * Room for every channel once, so that recording cannot fail, and for as much
 * again as there is then, so that sorting cannot.  (realloc() would copy, and so
 * make resident, what nobody has written to.)
 */
int
asyncore__ready_reserve(struct asyncore_map *map)
{
	struct asyncore__ready *p;
	size_t need = 2 * (map->ready_len + map->len);

	if (need <= map->ready_size)
		return 0;
	need += need / 2;
	p = malloc(need * sizeof *p);
	if (p == NULL)
		return -ENOMEM;
	if (map->ready_len > 0)
		memcpy(p, map->ready, map->ready_len * sizeof *p);
	free(map->ready);
	map->ready = p;
	map->ready_size = need;
	return 0;
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

/* How many at the beginning are in order, or were in reverse. */
static size_t
run_of(struct asyncore__ready *v, size_t n)
{
	size_t i = 1;

	while (i < n && v[i - 1].seq <= v[i].seq)
		i++;
	if (i > 1 || n < 2)
		return i;
	while (i < n && v[i - 1].seq > v[i].seq)
		i++;
	reverse(v, i);
	return i;
}

/* A run of `mid` and another one become one of n. */
static void
merge(struct asyncore__ready *v, size_t mid, size_t n,
    struct asyncore__ready *spare)
{
	size_t i = 0, j = mid, k = 0;

	memcpy(spare, v, mid * sizeof *v);
	while (i < mid && j < n)
		v[k++] = spare[i].seq <= v[j].seq ? spare[i++] : v[j++];
	memcpy(v + k, spare + i, (mid - i) * sizeof *v);
}

/* Each two runs become one. */
static void
merge_runs(struct asyncore__ready *v, size_t n, struct asyncore__ready *spare)
{
	size_t at, mid, len;

	for (at = 0; at < n; at += len) {
		len = mid = run_of(v + at, n - at);
		if (at + mid == n)
			break;
		len += run_of(v + at + mid, n - at - mid);
		merge(v + at, mid, len, spare);
	}
}

/*
 * In order of insertion.  Mostly it is already, or the other way round, or both
 * what stands and what the kernel found are.
 */
void
asyncore__ready_sort(struct asyncore_map *map, size_t frame)
{
	const size_t n = map->ready_len - frame;
	struct asyncore__ready *v;

	if (n < 2)	/* where there is not even a stack yet */
		return;
	v = map->ready + frame;
	while (run_of(v, n) < n)
		merge_runs(v, n, map->ready + map->ready_len);
}

/* Gives up everything from `frame` on.  May finalize channels. */
void
asyncore__ready_pop(struct asyncore_map *map, size_t frame)
{
	while (map->ready_len > frame)
		asyncore__drop(map->ready[--map->ready_len].d);
}
