/*
 * stock.c - see stock.h.  Nothing here opens a descriptor while it counts: the
 * process may have none left.
 */
#include "stock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#ifdef HAVE_MALLINFO2
#include <malloc.h>
#endif

void
give_up(const char *file, int line, const char *what)
{
	const int err = errno;

	fprintf(stderr, "# %s:%d: not so: %s (errno: %s)\n", file, line, what,
	    strerror(err));
	exit(EXIT_FAILURE);
}

/* A sanitizer has a malloc() of its own, which keeps what was freed for a while,
 * and this function. */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

size_t
allocated(void)
{
	if (__sanitizer_get_current_allocated_bytes != NULL)
		return __sanitizer_get_current_allocated_bytes();
#ifdef HAVE_MALLINFO2
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
#else
	return 0;
#endif
}

size_t
resident(void)
{
	unsigned long total, pages = 0;
	FILE *f;

	if (__sanitizer_get_current_allocated_bytes != NULL)
		return 0;
	if ((f = fopen("/proc/self/statm", "r")) == NULL)
		return 0;
	if (fscanf(f, "%lu %lu", &total, &pages) != 2)
		pages = 0;
	(void)fclose(f);
	return (size_t)pages * (size_t)sysconf(_SC_PAGESIZE);
}

long
open_fds(void)
{
	struct rlimit limit;
	long fd, n = 0;

	ENSURE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	for (fd = 0; fd < (long)limit.rlim_cur; fd++)
		n += fcntl((int)fd, F_GETFD) >= 0;
	return n;
}

long
raise_fd_limit(void)
{
	const rlim_t most = 20000;
	struct rlimit limit;

	ENSURE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	limit.rlim_cur = limit.rlim_max == RLIM_INFINITY ||
	    limit.rlim_max > most ? most : limit.rlim_max;
	ENSURE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	return (long)limit.rlim_cur;
}
