/*
 * label.c - see label.h.
 */
#include "label.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "layout.h"
#include "utf8.h"

/* Of a letter: those of most fonts are a little narrower. */
#define LETTER 7.25
#define SMALL_LETTER 6.05

int
is_router(const char *hook)
{
	static const char event[] = "_event";
	const size_t len = strlen(hook), n = sizeof event - 1;

	return len > n && strcmp(hook + len - n, event) == 0;
}

int
is_failure(long long result)
{
	return result < 0 && result != -EAGAIN;
}

void
label_duration(char *to, size_t size, double seconds)
{
	const double s = seconds > 0 ? seconds : 0;

	if (s < 999.5e-9)
		(void)snprintf(to, size, "%.0f ns", s * 1e9);
	else if (s < 9.95e-6)
		(void)snprintf(to, size, "%.1f µs", s * 1e6);
	else if (s < 999.5e-6)
		(void)snprintf(to, size, "%.0f µs", s * 1e6);
	else if (s < 9.95e-3)
		(void)snprintf(to, size, "%.1f ms", s * 1e3);
	else if (s < 999.5e-3)
		(void)snprintf(to, size, "%.0f ms", s * 1e3);
	else
		(void)snprintf(to, size, "%.1f s", s);
}

/* ---- Errors: the numbers are those of the system that made the trace. ---- */

static const struct {
	int number;
	const char *name;
} errors[] = {
#define E(name) { name, #name }
	E(EPERM), E(ENOENT), E(EINTR), E(EIO), E(ENXIO), E(EBADF), E(EAGAIN),
	E(ENOMEM), E(EACCES), E(EFAULT), E(EBUSY), E(EEXIST), E(EINVAL),
	E(ENFILE), E(EMFILE), E(EFBIG), E(ENOSPC), E(ESPIPE), E(EROFS),
	E(EPIPE), E(EDOM), E(ERANGE), E(ENAMETOOLONG), E(ENOSYS), E(EPROTO),
	E(EBADMSG), E(EOVERFLOW), E(ENOTSOCK), E(EDESTADDRREQ), E(EMSGSIZE),
	E(EPROTOTYPE), E(ENOPROTOOPT), E(EPROTONOSUPPORT), E(EOPNOTSUPP),
	E(EAFNOSUPPORT), E(EADDRINUSE), E(EADDRNOTAVAIL), E(ENETDOWN),
	E(ENETUNREACH), E(ENETRESET), E(ECONNABORTED), E(ECONNRESET),
	E(ENOBUFS), E(EISCONN), E(ENOTCONN), E(ETIMEDOUT), E(ECONNREFUSED),
	E(EHOSTUNREACH), E(EALREADY), E(EINPROGRESS), E(ECANCELED),
#undef E
	/* The library's own, see asyncore.h. */
	{ 4096, "EXIT_NOW" }, { 4097, "KEYBOARD_INTERRUPT" }
};

void
label_result(char *to, size_t size, long long result)
{
	size_t i;

	for (i = 0; i < sizeof errors / sizeof *errors; i++)
		if (-errors[i].number == result) {
			(void)snprintf(to, size, "%s", errors[i].name);
			return;
		}
	(void)snprintf(to, size, "%lld", result);
}

/* ---- Blocks and marks. ---- */

static void
argument_text(char *to, size_t size, const struct event *e)
{
	*to = '\0';
	if (strcmp(e->name, "handle_error") == 0)
		label_result(to, size, e->argument);
	else if (strcmp(e->name, "handle_accepted") == 0)
		(void)snprintf(to, size, "fd %lld", e->argument);
	else if (strcmp(e->name, "collect_incoming_data") == 0)
		(void)snprintf(to, size, "%lld bytes", e->argument);
	else if (e->argument != 0 && e->kind == HOOK_BEGIN)
		(void)snprintf(to, size, "%lld", e->argument);
}

/* A router's answer is that of the hook below it, but for an error. */
static void
block_text(char *to, const struct map *m, const struct event *e)
{
	const struct event *end = &m->events[e->mate];
	char argument[64], result[64];

	argument_text(argument, sizeof argument, e);
	label_result(result, sizeof result, end->result);
	if (end->made_up)
		(void)snprintf(to, LABEL_SIZE, "%.64s(%s) …", e->name,
		    argument);
	else if (is_router(e->name) && end->result >= 0)
		(void)snprintf(to, LABEL_SIZE, "%.64s", e->name);
	else
		(void)snprintf(to, LABEL_SIZE, "%.64s(%s) → %s", e->name,
		    argument, result);
}

/* A name that is cut in the middle of a character is none. */
static void
trim(char *s)
{
	size_t i = 0, n, len = strlen(s);

	while (i < len && (n = utf8_len(s + i, len - i)) > 0)
		i += n;
	s[i] = '\0';
}

void
label_text(char *to, const struct map *m, int event)
{
	const struct event *e = &m->events[event];
	char name[65], result[64];

	*to = '\0';
	if (is_begin(e) && e->lane >= 0) {
		block_text(to, m, e);
	} else if (e->kind == ERROR) {
		(void)snprintf(name, sizeof name, "%s", e->name);
		label_result(result, sizeof result, e->result);
		(void)snprintf(to, LABEL_SIZE, "%s: %s", name, result);
	}
	trim(to);
}

int
label_width(const struct map *m, int event)
{
	const struct event *e = &m->events[event];
	char text[LABEL_SIZE];
	double letters;

	label_text(text, m, event);
	letters = (double)utf8_width(text);
	if (e->kind == ERROR)
		return (int)(MARK + letters * SMALL_LETTER) + 6;
	if (!is_begin(e))
		return MARK;
	return (int)(letters * (is_router(e->name) ? SMALL_LETTER : LETTER)) +
	    14;
}

/* ---- Titles. ---- */

static const char *
what(const struct event *e)
{
	switch (e->kind) {
	case PREDICATE:
		return e->result ? "() is asked, and answers true" :
		    "() is asked, and answers false";
	case ARM:
		return ": libevent watches it for this from now on";
	case DISARM:
		return ": libevent does not watch it for this any more";
	case ADD:
		return "it is in the map from now on";
	case REMOVE:
		return "it leaves the map";
	case CLOSE:
		return "it closes";
	case FREE:
		return "it is finalized";
	case ERROR:
		return " has raised an error";
	default:
		return "()";
	}
}

static void
outcome(char *to, size_t size, const struct map *m, const struct event *e)
{
	char text[64], time[32];
	const struct event *end;

	*to = '\0';
	if (e->kind == ERROR) {
		label_result(text, sizeof text, e->result);
		(void)snprintf(to, size, "\nresult %lld (%s)", e->result,
		    text);
	} else if (is_begin(e)) {
		end = &m->events[e->mate];
		label_duration(time, sizeof time, end->time - e->time);
		label_result(text, sizeof text, end->result);
		if (end->made_up)
			(void)snprintf(to, size, "\nargument %lld; the trace "
			    "does not show its end", e->argument);
		else
			(void)snprintf(to, size, "\nargument %lld, result %s,"
			    " %s", e->argument, text, time);
	}
}

void
label_title(char *to, size_t size, const struct map *m, int event)
{
	const struct event *e = &m->events[event];
	const char *repr = e->repr[0] != '\0' ? e->repr : e->lane >= 0 ?
	    m->lanes[e->lane].class : "";
	char answer[128], of[600], at[48];

	outcome(answer, sizeof answer, m, e);
	(void)snprintf(of, sizeof of, "%s%s", repr[0] != '\0' ? "\n" : "",
	    repr);
	trim(of);
	*at = '\0';
	if (e->fd >= 0)
		(void)snprintf(at, sizeof at, ", fd %d", e->fd);
	(void)snprintf(to, size, "%.64s%s%s\npass %lld, line %ld%s%s", e->name,
	    what(e), of, e->pass, e->line, at, answer);
	trim(to);
}
