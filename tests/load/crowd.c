/*
 * crowd.c - floods of connections: as many as a process may have descriptors;
 * more than that; and one after the other.
 */
#include "floods.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Less than the listener's backlog. */
#define AT_ONCE 1000

static void
serve_echo(void)
{
	child = &echo_class;
	serve();
}

/* The server has them all; the kernel's queue never fills. */
static int *
call_many(long n)
{
	int *fds = calloc((size_t)n, sizeof *fds);
	struct report r;
	long i;

	ENSURE(fds != NULL);
	for (i = 0; i < n; i++) {
		fds[i] = call_server(0);
		if (i % AT_ONCE == AT_ONCE - 1 || i == n - 1)
			AWAIT(r, r.accepted == (uint64_t)i + 1);
	}
	return fds;
}

/* Each says which one it is, and hears that back. */
static void
say_numbers(const int *fds, long from, long to)
{
	long i;

	for (i = from; i < to; i++)
		send_all(fds[i], &i, sizeof i);
}

static void
hear_numbers(const int *fds, long from, long to)
{
	long i, got;

	for (i = from; i < to; i++) {
		receive_all(fds[i], &got, sizeof got);
		ENSURE(got == i);
		ENSURE(is_silent(fds[i]));
	}
}

/* One half leaves in order, the other at once and with a reset. */
static void
leave(const int *fds, long n)
{
	struct report r;
	long i;

	for (i = 0; i < n / 2; i++)
		ENSURE(close(fds[i]) == 0);
	AWAIT(r, r.closed == (uint64_t)n / 2);
	ENSURE(r.open == (uint64_t)(n - n / 2));
	for (; i < n; i++)
		reset(fds[i]);
	AWAIT(r, r.open == 0);
	ENSURE(r.closed == (uint64_t)n);
}

static void
call_crowd(void)
{
	const long n = scale.crowd;
	const struct report before = ask();
	struct report r;
	int *fds = call_many(n);

	r = ask();
	ENSURE(r.open == (uint64_t)n);
	ENSURE(r.fds == before.fds + (uint64_t)n);
	(void)snprintf(crowd.what, sizeof crowd.what,
	    "%ld connections, %lu bytes of the server's for each", n,
	    (unsigned long)((r.memory - before.memory) / (uint64_t)n));
	say_numbers(fds, 0, n);
	hear_numbers(fds, 0, n);
	say_numbers(fds, n / 2, n);
	hear_numbers(fds, n / 2, n);
	r = ask();
	ENSURE(r.in == r.out);
	ENSURE(r.in == (uint64_t)(n + n - n / 2) * sizeof(long));
	leave(fds, n);
	r = ask();
	ENSURE(r.fds == before.fds && r.errors == 0);
	free(fds);
}

struct flood crowd = {
	.name = "a crowd", .serve = serve_echo, .call = call_crowd
};

/* ---- More than there are descriptors. ---- */

static void
serve_few(void)
{
	const struct rlimit few = {
		(rlim_t)(scale.crowd + open_fds()), (rlim_t)scale.fds
	};

	ENSURE(setrlimit(RLIMIT_NOFILE, &few) == 0);
	serve_echo();
}

static int *
call_too_many(long n)
{
	int *fds = calloc((size_t)n, sizeof *fds);
	struct report r;
	long i;

	ENSURE(fds != NULL);
	for (i = 0; i < n; i++) {
		fds[i] = call_server(0);
		if (i < scale.crowd && i % AT_ONCE == AT_ONCE - 1)
			AWAIT(r, r.accepted == (uint64_t)i + 1 ||
			    r.pauses > 0);
	}
	AWAIT(r, r.pauses > 0);
	return fds;
}

static void
ensure_silent(const int *fds, long from, long to)
{
	long i;

	for (i = from; i < to; i++)
		ENSURE(is_silent(fds[i]));
}

static void
close_some(const int *fds, long from, long to)
{
	long i;

	for (i = from; i < to; i++)
		ENSURE(close(fds[i]) == 0);
}

/* The listener is never lost: it tries again, by the clock. */
static void
await_accepted(uint64_t n)
{
	struct report r;

	for (r = ask(); r.accepted < n; r = ask())
		advance(0.2);
	ENSURE(r.accepted == n);
}

static void
call_shortage(void)
{
	const long n = scale.crowd + scale.beyond;
	const struct report before = ask();
	int *fds = call_too_many(n);
	struct report r = ask();
	long m = (long)r.accepted;

	/* The kernel's connections are in order of their calls. */
	ENSURE(m == scale.crowd);
	say_numbers(fds, 0, n);
	hear_numbers(fds, 0, m);
	advance(0.2);
	advance(0.2);
	r = ask();
	ENSURE(r.accepted == (uint64_t)m && r.pauses >= 2);
	ensure_silent(fds, m, n);
	close_some(fds, 0, n - m);
	await_accepted((uint64_t)n);
	hear_numbers(fds, m, n);
	r = ask();
	ENSURE(r.in == r.out && r.in == (uint64_t)n * sizeof(long));
	close_some(fds, n - m, n);
	AWAIT(r, r.open == 0);
	ENSURE(r.closed == (uint64_t)n && r.errors == 0);
	ENSURE(r.fds == before.fds);
	(void)snprintf(shortage.what, sizeof shortage.what,
	    "%ld connections, room for %ld, the others wait for it", n, m);
	free(fds);
}

struct flood shortage = {
	.name = "more than descriptors", .serve = serve_few,
	.call = call_shortage
};

/* ---- One after the other. ---- */

#define CALLERS 4

/* A byte each way; one in sixteen ends with a reset. */
static void
call_once(long i)
{
	const char said = (char)i;
	const int fd = call_server(0);
	char heard;

	send_all(fd, &said, 1);
	receive_all(fd, &heard, 1);
	ENSURE(heard == said);
	if (i % 16 == 0)
		reset(fd);
	else
		ENSURE(close(fd) == 0);
}

/* Several at once, in processes of their own. */
static void
call_in_turn(long n)
{
	long i, turn;
	int status;

	for (turn = 0; turn < CALLERS; turn++) {
		const pid_t pid = fork();

		ENSURE(pid >= 0);
		if (pid > 0)
			continue;
		for (i = turn; i < n; i += CALLERS)
			call_once(i);
		_exit(EXIT_SUCCESS);
	}
	for (turn = 0; turn < CALLERS; turn++)
		ENSURE(wait(&status) > 0 && status == 0);
}

/* After a tenth of them, which is the warm-up, memory grows no more. */
static void
call_churn(void)
{
	const uint64_t n = (uint64_t)scale.churn, first = n / 10;
	struct report warm, r;

	call_in_turn((long)first);
	AWAIT(warm, warm.closed == first);
	call_in_turn((long)(n - first));
	AWAIT(r, r.closed == n);
	ENSURE(r.accepted == n && r.in == n && r.out == n && r.errors == 0);
	ENSURE(r.open == 0 && r.fds == warm.fds);
	ENSURE(r.memory <= warm.memory + 65536);
	(void)snprintf(churn.what, sizeof churn.what,
	    "%ld connections, memory %ld bytes after a tenth, %ld at the end",
	    scale.churn, (long)warm.memory, (long)r.memory);
}

struct flood churn = {
	.name = "churn", .serve = serve_echo, .call = call_churn
};
