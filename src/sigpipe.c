/*
 * sigpipe.c - writing where SIGPIPE may be raised and there is no flag against
 * it: the signal is held back meanwhile and taken, unless it was there before.
 */
#include "internal.h"

static bool
is_pending(void)
{
	sigset_t set;

	return sigpending(&set) == 0 && sigismember(&set, SIGPIPE) == 1;
}

static void
only_sigpipe(sigset_t *set)
{
	(void)sigemptyset(set);
	(void)sigaddset(set, SIGPIPE);
}

/* The mask of a thread cannot but be set. */
void
asyncore__sigpipe_hold(struct asyncore__sigpipe *guard)
{
	sigset_t set;

	only_sigpipe(&set);
	guard->was_pending = is_pending();
	(void)pthread_sigmask(SIG_BLOCK, &set, &guard->old);
}

/* `raised`: the write failed with EPIPE. */
void
asyncore__sigpipe_release(const struct asyncore__sigpipe *guard, bool raised)
{
	sigset_t set;
	int sig;

	only_sigpipe(&set);
	if (raised && !guard->was_pending && is_pending())
		(void)sigwait(&set, &sig);
	(void)pthread_sigmask(SIG_SETMASK, &guard->old, NULL);
}
