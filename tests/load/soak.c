/*
 * soak.c - runs mixed traffic for a while, in which at intervals the tide goes
 * out: nothing new is begun until all that was has ended.  Memory and
 * descriptors are then as they were when it first went out.
 *
 *	soak SECONDS SEED
 *
 * To be run by tests/soak.sh.
 */
#include "soak.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/util.h>

#define CROWD 100		/* channels at once */
#define TIDES 10
#define WARM 300		/* conversations, of which the first tide has more */

struct soak soak;

/* xorshift64* */
uint32_t
below(uint32_t n)
{
	soak.random ^= soak.random >> 12;
	soak.random ^= soak.random << 25;
	soak.random ^= soak.random >> 27;
	return (uint32_t)((soak.random * 0x2545f4914f6cdd1dULL) >> 33) % n;
}

unsigned char
stream_byte(uint32_t seed, size_t place)
{
	return (unsigned char)(seed + place * 31 + place / 251);
}

/* ---- Channels. ---- */

struct asyncore_dispatcher *
start(struct asyncore_dispatcher *d)
{
	struct party *p;

	ENSURE(d != NULL);
	soak.live++;
	p = asyncore_self(d);
	if (below(8) == 0)
		p->until_cut = 1 + (long)below(20);
	return d;
}

struct asyncore_dispatcher *
join(const struct asyncore_class *cls, int fd)
{
	return start(asyncore_spawn(cls, fd, soak.map));
}

struct asyncore_dispatcher *
join_chat(const struct asynchat_class *cls, int fd)
{
	return start(asynchat_spawn(cls, fd, soak.map));
}

void
make_pair(int type, int fds[2])
{
	ENSURE(socketpair(AF_UNIX, type, 0, fds) == 0);
	ENSURE(evutil_make_socket_nonblocking(fds[0]) == 0);
	ENSURE(evutil_make_socket_nonblocking(fds[1]) == 0);
}

void
decide(struct asyncore_dispatcher *d, enum outcome outcome)
{
	struct party *p = asyncore_self(d);

	if (p->outcome == UNDECIDED)
		p->outcome = outcome;
}

/* By an end, a reset, or a descriptor that is taken away. */
static void
cut(struct asyncore_dispatcher *d)
{
	const struct linger at_once = { 1, 0 };
	int fd;

	decide(d, CUT);
	switch (below(3)) {
	case 0:
		(void)setsockopt(asyncore_fileno(d), SOL_SOCKET, SO_LINGER,
		    &at_once, sizeof at_once);
		break;
	case 1:
		fd = asyncore_detach(d);
		ENSURE(fd >= 0 && close(fd) == 0);
		return;
	default:
		break;
	}
	ENSURE(asyncore_close(d) == 0);
}

bool
was_cut(struct asyncore_dispatcher *d)
{
	struct party *p = asyncore_self(d);

	if (asyncore_closed(d))
		return true;
	if (p->until_cut == 0 || --p->until_cut > 0)
		return false;
	cut(d);
	return true;
}

int
on_close(struct asyncore_dispatcher *d)
{
	decide(d, TOLD);
	return asyncore_close(d);
}

int
on_timeout(struct asyncore_dispatcher *d)
{
	decide(d, TIMED_OUT);
	return asyncore_close(d);
}

/* None is expected, but that a datagram finds nobody. */
int
on_error(struct asyncore_dispatcher *d, int err)
{
	char name[100];

	if (err == -ECONNREFUSED)
		return on_close(d);
	(void)asyncore_repr(d, name, sizeof name);
	fprintf(stderr, "# %s: %s\n", name, strerror(-err));
	give_up(__FILE__, __LINE__, "no hook fails");
	return 0;
}

void
on_finalize(struct asyncore_dispatcher *d)
{
	const struct party *p = asyncore_self(d);

	ENSURE(p->outcome != UNDECIDED);
	soak.outcomes[p->outcome]++;
	soak.live--;
}

/* ---- Calls from another thread. ---- */

static atomic_bool flows, ends;
static atomic_ullong posted, ran;

static int
run_posted(void *arg)
{
	(void)arg;
	ran++;
	return 0;
}

/* Some thousands a second, and never many that have not run. */
static void *
post(void *arg)
{
	const struct timespec moment = { 0, 300000 };

	(void)arg;
	while (!ends) {
		if (flows && posted - ran < 100) {
			posted++;
			ENSURE(asyncore_call_soon_threadsafe(soak.map,
			    run_posted, NULL) == 0);
		}
		(void)nanosleep(&moment, NULL);
	}
	return NULL;
}

/* ---- The tide. ---- */

static void (*const kinds[])(void) = {
	begin_echo, begin_lines, begin_datagrams, begin_silence, schedule_calls
};

static int
begin_some(void *arg)
{
	int i;

	(void)arg;
	for (i = 0; i < 10 && soak.live < CROWD; i++) {
		kinds[below(sizeof kinds / sizeof *kinds)]();
		soak.begun++;
	}
	return 0;
}

static double
now(void)
{
	struct timespec ts;

	ENSURE(clock_gettime(CLOCK_MONOTONIC, &ts) == 0);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* For so long, and until at least so many have begun in all. */
static void
flow(double seconds, uint64_t begun)
{
	const double end = now() + seconds;
	const long long call = asyncore_call_every(soak.map, 0.001,
	    begin_some, NULL);

	ENSURE(call > 0);
	flows = true;
	while (now() < end || soak.begun < begun)
		ENSURE(asyncore_loop(0.1, below(2) == 0, soak.map, 20) == 0);
	flows = false;
	ENSURE(asyncore_cancel_call(soak.map, call) == 0);
}

static bool
is_out(void)
{
	struct asyncore_stats s;

	ENSURE(asyncore_map_get_stats(soak.map, &s, sizeof s) == 0);
	return soak.live == 0 && s.calls == 0 && posted == ran;
}

static void
ebb(void)
{
	const double end = now() + 120;

	while (!is_out()) {
		ENSURE(now() < end);
		ENSURE(asyncore_loop(0.05, false, soak.map, 1) == 0);
	}
	ENSURE(asyncore_map_len(soak.map) == 1);	/* the listener */
	ENSURE(soak.scheduled == soak.called + soak.cancelled);
}

struct stock {
	size_t allocated, resident;
	long fds;
};

static struct stock
take_stock(void)
{
	return (struct stock){ allocated(), resident(), open_fds() };
}

/* What libevent and the library keep for reuse is all there after the first,
 * however slow the machine was in it. */
static void
compare(const struct stock *first, const struct stock *last)
{
	printf("# %zu bytes allocated, %zu KiB resident, %ld descriptors\n",
	    last->allocated, last->resident / 1024, last->fds);
	(void)fflush(stdout);
	ENSURE(last->fds == first->fds);
	ENSURE(last->allocated <= first->allocated + 16384);
	ENSURE(last->resident <= first->resident + ((size_t)8 << 20));
}

static void
run_tides(double seconds)
{
	struct stock first = { 0, 0, 0 }, last;
	int i;

	for (i = 0; i < TIDES; i++) {
		flow(seconds / TIDES, WARM);
		ebb();
		last = take_stock();
		if (i == 0)
			first = last;
		compare(&first, &last);
	}
}

static void
report(double seconds, uint64_t seed)
{
	printf("ok 1 soak: %.0f s, seed %llu: %llu begun, of whose channels "
	    "%llu were done, %llu told, %llu timed out, %llu cut; %llu bytes, "
	    "%llu calls, %llu from another thread\n", seconds,
	    (unsigned long long)seed, (unsigned long long)soak.begun,
	    (unsigned long long)soak.outcomes[DONE],
	    (unsigned long long)soak.outcomes[TOLD],
	    (unsigned long long)soak.outcomes[TIMED_OUT],
	    (unsigned long long)soak.outcomes[CUT],
	    (unsigned long long)soak.bytes,
	    (unsigned long long)soak.scheduled,
	    (unsigned long long)posted);
	puts("1..1");
}

int
main(int argc, char **argv)
{
	const double seconds = argc > 1 ? atof(argv[1]) : 0;
	const uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
	pthread_t thread;

	if (seconds <= 0 || seed == 0) {
		fputs("usage: soak SECONDS SEED (neither is 0)\n", stderr);
		return EXIT_FAILURE;
	}
	printf("# seed %llu\n", (unsigned long long)seed);
	soak.random = seed;
	ENSURE((soak.map = asyncore_map_new(NULL)) != NULL);
	ENSURE(asyncore_map_enable_threads(soak.map) == 0);
	open_listener();
	ENSURE(pthread_create(&thread, NULL, post, NULL) == 0);
	run_tides(seconds);
	ends = true;
	ENSURE(pthread_join(thread, NULL) == 0);
	close_listener();
	ENSURE(asyncore_loop(1, false, soak.map, -1) == 0);
	ENSURE(asyncore_map_len(soak.map) == 0);
	ENSURE(asyncore_map_free(soak.map) == 0);
	libevent_global_shutdown();
	report(seconds, seed);
	return EXIT_SUCCESS;
}
