/*
 * fuzz_api.c - programs of any calls in any hooks; an input is the decisions
 * that they make.  See anything.h for what must hold.
 *
 * Time is what the program makes it: what libevent and the library ask for the
 * monotonic clock is answered here.
 */
#include "anything.h"

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PASSES 60

static struct tape tape;
static struct timespec now;

int
clock_gettime(clockid_t clock, struct timespec *ts)
{
	if (clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE) {
		*ts = now;
		return 0;
	}
	return (int)syscall(SYS_clock_gettime, clock, ts);
}

static void
let_pass(double seconds)
{
	const long long ns = now.tv_nsec + (long long)(seconds * 1e9);

	now.tv_sec += (time_t)(ns / 1000000000);
	now.tv_nsec = (long)(ns % 1000000000);
}

/* At its end nothing special happens any more. */
static unsigned
decide(unsigned n)
{
	return tape.left > 0 ? tape_byte(&tape) % n : n - 1;
}

static bool
is_over(void)
{
	return tape.left == 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct anything input = {
		.any = decide,
		.is_over = is_over,
		.loop = asyncore_loop,
		.stop = asyncore_stop,
		.let_pass = let_pass,
		.attaches = true,
		.crowd = 3,
	};
	const int fds = fuzz_open_fds();
	struct asyncore_map *map;

	tape = (struct tape){ data, size };
	now = (struct timespec){ 1000, 0 };
	must((map = asyncore_map_new(NULL)) != NULL);
	(void)anything_happens(&input, map, PASSES);
	must(asyncore_map_free(map) == 0);
	must(fuzz_open_fds() == fds);
	return 0;
}
