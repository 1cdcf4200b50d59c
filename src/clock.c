/*
 * clock.c - seconds, as our callers count them, and libevent's time.
 */
#include "internal.h"

#include <math.h>
#include <time.h>

#define TIMEOUT_MAX 1e8		/* seconds; three years are for ever */

/* Of the monotonic clock. */
double
asyncore__now(void)
{
	struct timespec ts = { 0, 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* seconds >= 0 */
struct timeval
asyncore__timeval(double seconds)
{
	struct timeval tv;
	double whole;

	if (seconds > TIMEOUT_MAX)
		seconds = TIMEOUT_MAX;
	whole = floor(seconds);
	tv.tv_sec = (time_t)whole;
	tv.tv_usec = (suseconds_t)((seconds - whole) * 1e6);
	return tv;
}

/*
 * Inside of a loop libevent adds to the time at which its wait ended, which is
 * long ago after a slow hook.
 */
int
asyncore__timer_add(struct asyncore_map *map, struct event *timer,
    double seconds)
{
	const struct timeval tv = asyncore__timeval(seconds);

	(void)event_base_update_cache_time(map->base);
	return evtimer_add(timer, &tv) == 0 ? 0 : -ENOMEM;
}
