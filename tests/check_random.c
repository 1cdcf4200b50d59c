/*
 * check_random.c - about twenty channels on two maps, whose hooks, predicates
 * and slots do anything to anybody, for some dozens of passes: see
 * fuzz/anything.h.  Each test has a seed of its own, so that a failure can be
 * repeated.
 */
#include "testing.h"

#include "fuzz/anything.h"

const char testing_suite[] = "random";

static uint64_t seed;

static unsigned
decide(unsigned n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed >> 32) % n;
}

START_TEST(everything_holds_whatever_hooks_do)
{
	const struct anything chance = {
		.any = decide,
		.loop = testing_loop,
		.stop = testing_stop,
		.attaches = !testing_hosted,
		.crowd = N_ALIVE / 2,
	};

	seed = 0x9e3779b97f4a7c15u * (uint64_t)(_i + 1);
	ck_assert_int_gt(anything_happens(&chance, map, 200), N_ALIVE);
}
END_TEST

void
testing_add(TCase *tc)
{
	tcase_add_loop_test(tc, everything_holds_whatever_hooks_do, 0, 25);
}
