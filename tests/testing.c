/*
 * testing.c - main() of every Check program, its fixtures and helpers.
 *
 * The tests' own TAP is written to a file first and passed on with the lines of
 * the tests that were left out, which Check has no word for.
 */
#include "testing.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/thread.h>

struct asyncore_map *map;

static int fds_before;
static char words[65536];
static size_t words_len;
static char skipped[16384];
static bool is_debug;

int
count_fds(void)
{
	const long max = sysconf(_SC_OPEN_MAX);
	const int limit = max > 0 && max < 4096 ? (int)max : 4096;
	int fd, n = 0;

	for (fd = 0; fd < limit; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			n++;
	return n;
}

#ifdef TESTING_COVERAGE
/* libgcov's: writes the counters out, as exit() would. */
void __gcov_dump(void);
#endif

void
end_child(int status)
{
#ifdef TESTING_COVERAGE
	__gcov_dump();
#endif
	_exit(status);
}

double
now(void)
{
	struct timespec ts;

	ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &ts), 0);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

void
trace(const char *format, ...)
{
	va_list args;
	int n;

	if (words_len > 0)
		words[words_len++] = ' ';
	va_start(args, format);
	n = vsnprintf(words + words_len, sizeof words - words_len - 1, format,
	    args);
	va_end(args);
	ck_assert_int_ge(n, 0);
	words_len += (size_t)n;
	ck_assert_uint_lt(words_len, sizeof words - 2);
}

const char *
traced(void)
{
	words[words_len] = '\0';
	return words;
}

void
clear_trace(void)
{
	words_len = 0;
}

void
make_pair(int fds[2])
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	ck_assert_int_eq(evutil_make_socket_nonblocking(fds[0]), 0);
}

int
listen_on_loopback(struct sockaddr_in *addr)
{
	socklen_t len = sizeof *addr;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_ge(fd, 0);
	memset(addr, 0, sizeof *addr);
	addr->sin_family = AF_INET;
	addr->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)addr, len), 0);
	ck_assert_int_eq(listen(fd, 128), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)addr, &len), 0);
	return fd;
}

void
write_all(int fd, const void *data, size_t len)
{
	const char *p = data;
	ssize_t n;

	while (len > 0) {
		n = write(fd, p, len);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		ck_assert_msg(n > 0, "write: %s", strerror(errno));
		p += n;
		len -= (size_t)n;
	}
}

void
await(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	ck_assert_msg(poll(&p, 1, HANGS * 1000) == 1 && (p.revents & events),
	    "descriptor %d did not become ready", fd);
}

void
fill(int fd)
{
	static char junk[65536];

	while (write(fd, junk, sizeof junk) > 0)
		continue;
	ck_assert_int_eq(errno, EAGAIN);
	while (write(fd, junk, 1) > 0)
		continue;
	ck_assert_int_eq(errno, EAGAIN);
}

void
testing_skip(const char *test, const char *reason)
{
	const size_t len = strlen(skipped);
	char line[512];

	(void)snprintf(line, sizeof line, "%s # SKIP %s\n", test, reason);
	if (strstr(skipped, line) == NULL)
		(void)snprintf(skipped + len, sizeof skipped - len, "%s",
		    line);
}

/* The configuration that tests are being added to. */
static bool adding_hosted;

bool
testing_fits(const char *test)
{
	const char *reason = adding_hosted ? testing_not_hosted(test) : NULL;
	char name[128];

	if (reason == NULL)
		return true;
	(void)snprintf(name, sizeof name, "hosted:%s", test);
	testing_skip(name, reason);
	return false;
}

bool testing_storms;

static void
on_alarm(int signo)
{
	(void)signo;
}

bool
testing_is_debug(void)
{
	return is_debug;
}

/* Blocked outside of loops: a test's own calls may wait, and would fail. */
static void
start_storm(void)
{
	const struct sigaction action = { .sa_handler = on_alarm };
	const struct itimerval timer = { { 0, 100 }, { 0, 100 } };
	sigset_t alarm;

	testing_storms = true;
	(void)sigemptyset(&alarm);
	(void)sigaddset(&alarm, SIGALRM);
	ck_assert_int_eq(pthread_sigmask(SIG_BLOCK, &alarm, NULL), 0);
	ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &timer, NULL), 0);
}

static void
setup(void)
{
	if (getenv("ASYNCORE_STORM") != NULL)
		start_storm();
	fds_before = count_fds();
	map = asyncore_map_new(NULL);
	ck_assert_ptr_nonnull(map);
	clear_trace();
}

static void
free_map(struct asyncore_map *m)
{
	ck_assert_int_eq(asyncore_close_all(m, true), 0);
	ck_assert_int_eq(asyncore_map_free(m), 0);
}

static void
teardown(void)
{
	free_map(map);
	free_map(asyncore_socket_map());
	libevent_global_shutdown();
	ck_assert_int_eq(count_fds(), fds_before);
}

static void
backend(bool epoll, bool poll_too)
{
	if (!epoll)
		ck_assert_int_eq(setenv("EVENT_NOEPOLL", "1", 1), 0);
	if (!poll_too)
		ck_assert_int_eq(setenv("EVENT_NOPOLL", "1", 1), 0);
	setup();
}

static void
setup_default(void)
{
	backend(true, true);
}

static void
setup_poll(void)
{
	backend(false, true);
	ck_assert_str_eq(event_base_get_method(asyncore_map_base(map)), "poll");
}

static void
setup_select(void)
{
	backend(false, false);
	ck_assert_str_eq(event_base_get_method(asyncore_map_base(map)),
	    "select");
}

/* With locks: its table of events is one for all threads. */
static void
setup_debug(void)
{
	ck_assert_int_eq(evthread_use_pthreads(), 0);
	evthread_enable_lock_debugging();
	event_enable_debug_mode();
	backend(true, true);
}

static void
setup_hosted(void)
{
	testing_hosted = true;
	backend(true, true);
}

static Suite *
make_suite(void)
{
	static const struct {
		const char *name;
		void (*setup)(void);
	} configurations[] = {
		{ "default", setup_default },
		{ "poll", setup_poll },
		{ "select", setup_select },
		{ "debug", setup_debug },
		{ "hosted", setup_hosted },
	};
	Suite *s = suite_create(testing_suite);
	size_t i;

	for (i = 0; i < sizeof configurations / sizeof *configurations; i++) {
		TCase *tc = tcase_create(configurations[i].name);

		tcase_set_timeout(tc, HANGS + 20);
		tcase_add_checked_fixture(tc, configurations[i].setup, teardown);
		adding_hosted = configurations[i].setup == setup_hosted;
		is_debug = configurations[i].setup == setup_debug;
		testing_add(tc);
		suite_add_tcase(s, tc);
	}
	return s;
}

static void
pass_on(const char *path)
{
	FILE *in = fopen(path, "r");
	char line[4096], *p;
	int n = 0;

	if (in == NULL) {
		perror(path);
		exit(1);
	}
	while (fgets(line, sizeof line, in) != NULL) {
		if (strncmp(line, "1..", 3) == 0)
			continue;
		fputs(line, stdout);
		if (strncmp(line, "ok ", 3) == 0 ||
		    strncmp(line, "not ok ", 7) == 0)
			n++;
	}
	(void)fclose(in);
	for (p = strtok(skipped, "\n"); p != NULL; p = strtok(NULL, "\n"))
		printf("ok %d - %s: %s\n", ++n, testing_suite, p);
	printf("1..%d\n", n);
}

int
main(void)
{
	char path[] = "check-XXXXXX";
	SRunner *sr = srunner_create(make_suite());
	int fd = mkstemp(path), failed;

	if (fd < 0) {
		perror("mkstemp");
		return 1;
	}
	close(fd);
	srunner_set_tap(sr, path);
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	pass_on(path);
	unlink(path);
	return failed == 0 ? 0 : 1;
}
