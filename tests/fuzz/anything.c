/*
 * anything.c - who is alive, who is next, and what must hold after each pass;
 * see anything.h.
 */
#include "anything.h"

#include <string.h>

#define N_RECORDS 4000		/* all that are ever made */
#define MAX_DEPTH 6		/* of hooks that act */

const struct anything *anybody;
struct asyncore_map *maps[2];
int map_generation, n_alive;
bool quiet;

static struct record records[N_RECORDS], *alive[2 * N_ALIVE];
static int n_records, depth;

/* ---- Decisions. ---- */

unsigned
any(unsigned n)
{
	return anybody->any(n);
}

bool
one_in(unsigned n)
{
	return any(n) == 0;
}

struct asyncore_map *
any_map(void)
{
	return maps[one_in(4)];
}

static void
hear(struct asyncore_map *m, const char *message, const char *type, void *arg)
{
	must(m == maps[0] || m == maps[1]);
	must(message != NULL && type != NULL && arg == NULL);
	if (one_in(8))
		stir();
}

void
new_map(struct event_base *base)
{
	maps[1] = asyncore_map_new(base);
	must(maps[1] != NULL);
	must(asyncore_map_set_log(maps[1], hear, NULL) == 0);
}

static bool
is_over(void)
{
	return anybody->is_over != NULL && anybody->is_over();
}

static deed
any_deed(void)
{
	unsigned i = any(n_deeds + n_chat_deeds + n_call_deeds);

	if (i < n_deeds)
		return deeds[i];
	i -= n_deeds;
	return i < n_chat_deeds ? chat_deeds[i] : call_deeds[i - n_chat_deeds];
}

void
stir(void)
{
	deed what;

	if (quiet || depth == MAX_DEPTH || n_alive == 0 || is_over())
		return;
	depth++;
	what = any_deed();
	what(alive[any((unsigned)n_alive)]);
	depth--;
}

/* ---- Records. ---- */

struct record *
record_of(struct asyncore_dispatcher *d)
{
	struct record **r = asyncore_self(d);

	if (*r == NULL) {
		must(n_records < N_RECORDS && n_alive < 2 * N_ALIVE);
		*r = alive[n_alive++] = &records[n_records++];
		memset(*r, 0, sizeof **r);
		(*r)->d = d;
		(*r)->refs = 1;
	}
	return *r;
}

void
bury(struct record *r)
{
	int i;

	for (i = 0; alive[i] != r; i++)
		continue;
	alive[i] = alive[--n_alive];
	r->finalized = true;
}

bool
is_full(void)
{
	return n_alive >= N_ALIVE || n_records > N_RECORDS - 2 * N_ALIVE;
}

/* ---- What must hold. ---- */

void
ck_result(int err)
{
	must(err == 0 || err == -EBUSY || err == ASYNCORE_EXIT_NOW);
}

static void
ck_maps(void)
{
	size_t lens[2] = { 0, 0 };
	const struct record *r;
	int i;

	for (i = 0; i < n_alive; i++) {
		r = alive[i];
		must(r->refs > 0 || r->in != NULL);
		if (r->in == NULL)
			continue;
		lens[r->in == maps[1]]++;
		must(asyncore_map_of(r->d) == r->in);
		must(asyncore_map_get(r->in, asyncore_fileno(r->d)) == r->d);
	}
	for (i = 0; i < 2; i++)
		must(asyncore_map_len(maps[i]) == lens[i]);
}

static void
ck_end(void)
{
	int i;

	quiet = true;
	for (i = 0; i < 2; i++)
		must(asyncore_close_all(maps[i], false) == 0);
	while (n_alive > 0) {
		must(alive[0]->refs > 0);
		alive[0]->refs--;
		asyncore_unref(alive[0]->d);
	}
	for (i = 0; i < n_records; i++)
		must(records[i].finalized && records[i].depth == 0);
	while (close_one_peer())
		continue;
	must(asyncore_map_free(maps[1]) == 0);
	chats_end();
	calls_end();
	quiet = false;
}

/* ---- A run. ---- */

static void
pass(struct asyncore_map *m)
{
	ck_result(anybody->loop(0, one_in(2), m, 1));
	ck_maps();
}

int
anything_happens(const struct anything *who, struct asyncore_map *map,
    int passes)
{
	int i;

	anybody = who;
	maps[0] = map;
	must(asyncore_map_set_log(map, hear, NULL) == 0);
	new_map(NULL);
	map_generation = n_records = 0;
	calls_begin();
	for (i = 0; i < passes && !is_over(); i++) {
		while (n_alive < who->crowd && n_records < N_RECORDS / 2 &&
		    !is_over())
			make(NULL);
		stir();
		pass(any_map());
	}
	for (i = 0; i < 4; i++)
		pass(maps[i % 2]);
	ck_end();
	return n_records;
}
