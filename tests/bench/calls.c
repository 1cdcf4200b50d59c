/*
 * calls.c - what a scheduled call costs while many are pending.
 *
 * `calls asyncore|libevent N` prints nanoseconds of CPU for each of N calls: to
 * schedule it, to cancel it, and to run it when all are due.  libevent's are
 * plain timers, each allocated, as those of a program are.
 */
#include "bench.h"

#include <asyncore.h>
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LATE 1000.0		/* seconds, for those that never run */

struct kind {
	const char *name;
	void (*open)(void);
	void (*schedule)(size_t i, double seconds);
	void (*cancel)(size_t i);
	void (*run)(void);
};

static struct event_base *base;
static size_t n, n_run;

/* ---- libevent's ---------------------------------------------------------- */

static struct event **timers;

static void
open_libevent(void)
{
	timers = allocate(n * sizeof *timers);
	if ((base = event_base_new()) == NULL)
		die("event_base_new");
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	n_run++;
	event_free(*(struct event **)arg);
}

static void
schedule_timer(size_t i, double seconds)
{
	struct timeval tv = { (time_t)seconds, 0 };

	tv.tv_usec = (suseconds_t)((seconds - (double)tv.tv_sec) * 1e6);
	timers[i] = evtimer_new(base, on_timer, &timers[i]);
	if (timers[i] == NULL || evtimer_add(timers[i], &tv) != 0)
		die("evtimer_add");
}

static void
cancel_timer(size_t i)
{
	event_free(timers[i]);
}

static void
run_timers(void)
{
	if (event_base_dispatch(base) < 0)
		die("event_base_dispatch");
}

/* ---- Ours ---------------------------------------------------------------- */

static struct asyncore_map *map;
static long long *calls;

static void
open_asyncore(void)
{
	calls = allocate(n * sizeof *calls);
	if ((map = asyncore_map_new(NULL)) == NULL)
		die("asyncore_map_new");
}

static int
on_call(void *arg)
{
	(void)arg;
	n_run++;
	return 0;
}

static void
schedule_call(size_t i, double seconds)
{
	calls[i] = asyncore_call_later(map, seconds, on_call, NULL);
	if (calls[i] < 0)
		die("asyncore_call_later");
}

static void
cancel_call(size_t i)
{
	asyncore_cancel_call(map, calls[i]);
}

static void
run_calls(void)
{
	asyncore_loop(-1, false, map, -1);
}

/* ---- Both ---------------------------------------------------------------- */

static const struct kind kinds[] = {
	{ "libevent", open_libevent, schedule_timer, cancel_timer, run_timers },
	{ "asyncore", open_asyncore, schedule_call, cancel_call, run_calls },
};

/* Deadlines in no order, the same in each run. */
static double
delay(size_t i)
{
	return LATE + (double)(i * 7919 % n) / 1000;
}

static void
measure(const struct kind *k)
{
	uint64_t start = cpu_ns(0), scheduled, cancelled, from;
	size_t i;

	for (i = 0; i < n; i++)
		k->schedule(i, delay(i));
	scheduled = cpu_ns(0);
	for (i = 0; i < n; i++)
		k->cancel(i);
	cancelled = cpu_ns(0);
	for (i = 0; i < n; i++)
		k->schedule(i, 0);
	from = cpu_ns(0);
	k->run();
	printf("%.1f %.1f %.1f\n", (double)(scheduled - start) / (double)n,
	    (double)(cancelled - scheduled) / (double)n,
	    (double)(cpu_ns(0) - from) / (double)n);
}

int
main(int argc, char **argv)
{
	const char *name = argc > 2 ? argv[1] : "";
	size_t i;

	n = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	for (i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (n > 0 && strcmp(name, kinds[i].name) == 0) {
			kinds[i].open();
			measure(&kinds[i]);
			return n_run == n ? EXIT_SUCCESS : EXIT_FAILURE;
		}
	errno = EINVAL;
	die("calls");
}
