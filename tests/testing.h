/*
 * testing.h - what all Check programs of this directory share.
 *
 * A program defines testing_add(), which adds its tests to one TCase, and has
 * no main of its own: every test runs with each of libevent's backends and once
 * in its debug mode, in a process of its own, with a fresh map; it fails if it
 * leaves a descriptor behind or a channel that cannot be closed.  Output is TAP.
 */
#ifndef TESTING_H
#define TESTING_H

#include "config.h"

#include <stdbool.h>
#include <stddef.h>

#include <check.h>

#include "asyncore.h"

/* Defined by each program. */
extern const char testing_suite[];
void testing_add(TCase *tc);

/* In testing_add(): says that a test was left out, and why. */
void testing_skip(const char *test, const char *reason);

/*
 * In the configuration "hosted", asyncore_loop() and asyncore_poll() of a test
 * are a host's loop that the map is attached to: see hosted.c.  What
 * cannot be done so is left out there, by a list which says why.
 */
extern bool testing_hosted;
const char *testing_not_hosted(const char *test);
bool testing_fits(const char *test);
#undef tcase_add_test
#define tcase_add_test(tc, test)					\
	do {								\
		if (testing_fits(#test))				\
			tcase_add_test_raise_signal(tc, test, 0);	\
	} while (0)
#undef tcase_add_loop_test
#define tcase_add_loop_test(tc, test, from, to)				\
	do {								\
		if (testing_fits(#test))				\
			tcase_add_loop_test_raise_signal(tc, test, 0,	\
			    from, to);					\
	} while (0)

/* With ASYNCORE_STORM in the environment a signal interrupts the loops of tests
 * every 100 us. */
extern bool testing_storms;
int testing_loop(double timeout, bool use_poll, struct asyncore_map *m,
    int count);
int testing_stop(struct asyncore_map *m);
#ifndef TESTING_HOSTED_C
#define asyncore_loop(timeout, use_poll, m, count)			\
	testing_loop(timeout, use_poll, m, count)
#define asyncore_poll(timeout, m) testing_loop(timeout, false, m, 1)
#define asyncore_stop(m) testing_stop(m)
#endif

/* In testing_add(): is it for libevent's debug mode? */
bool testing_is_debug(void);

/* The map of the running test, on a base of its own. */
extern struct asyncore_map *map;

/*
 * The trace of a test: words, separated by blanks, that hooks append and the
 * test compares: trace("r%d", i); ck_trace("r0 w0").  ck_trace() empties it.
 */
void trace(const char *format, ...) ASYNCORE_PRINTF(1, 2);
const char *traced(void);
void clear_trace(void);
#define ck_trace(expected)						\
	do {								\
		ck_assert_str_eq(traced(), expected);			\
		clear_trace();						\
	} while (0)

/* A pair of connected stream sockets; the first one is non-blocking. */
void make_pair(int fds[2]);
/* Opens a TCP listener on 127.0.0.1, port 0; its address goes to *addr. */
struct sockaddr_in;
int listen_on_loopback(struct sockaddr_in *addr);
/* Writes all of it, or fails the test. */
void write_all(int fd, const void *data, size_t len);
/* Waits (bounded) until fd has the poll(2) bits, or fails the test. */
void await(int fd, short events);
/* Leaves no room in the send buffer of fd (non-blocking). */
void fill(int fd);
/* How many descriptors this process has open. */
int count_fds(void);
/*
 * Ends a process that a test has forked, and nothing else: neither an assertion
 * nor exit(), both of which Check would take for the test's end.
 */
void end_child(int status) __attribute__((noreturn));
/* Seconds of the monotonic clock. */
double now(void);
/*
 * A loop has waited for so many seconds since then, and did not come back at once.
 * Not to the tick: libevent's coarse clock stands still as long as the machine
 * does, and a wait that begins then is the shorter for it.
 */
#define ck_waited(since, seconds) \
	ck_assert_double_ge(now() - (since), (seconds) / 2)
/* What takes as many seconds hangs, on the slowest machine; a little less than
 * Check waits for a test, so that the test can say what it was. */
#define HANGS 100

#endif /* TESTING_H */
