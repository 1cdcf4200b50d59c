/*
 * slow.c - floods of peers that take their time: clients that hold a
 * connection and say nothing, or a byte from time to time (slow loris); and
 * readers that stop reading.
 */
#include "floods.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- Slow loris. ---- */

/*
 * An idle timeout is for those that say nothing.  One that says a byte from
 * time to time is never idle: a call that is tied to the channel is the limit
 * of a request.
 */
#define PATIENCE 60
#define STEP 21			/* two of them are less, three are more */

struct session {
	long long deadline;
};

static int
too_late(struct asyncore_dispatcher *d, void *arg)
{
	(void)arg;
	tally.late++;
	return count_close(d);
}

static int
idle(struct asyncore_dispatcher *d)
{
	tally.idle++;
	return count_close(d);
}

static int
answer_line(struct asyncore_dispatcher *d)
{
	struct session *self = asyncore_self(d);
	size_t len;
	const void *line = asynchat_get_data(d, &len);

	ENSURE(asyncore_reschedule_call(asyncore_map_of(d), self->deadline,
	    PATIENCE) == 0);
	ENSURE(asynchat_push(d, line, len) == 0);
	return asynchat_push(d, "\n", 1);
}

static const struct asynchat_class session_class = {
	.dispatcher = {
		.name = "Session",
		.base = &asynchat_async_chat_class.dispatcher,
		.instance_size = sizeof(struct session),
		.flags = ASYNCHAT_CLASS,
		.handle_close = count_close,
		.handle_error = count_error,
		.handle_timeout = idle,
		.log_info = count_log,
	},
	.collect_incoming_data = asynchat_collect,
	.found_terminator = answer_line,
};

static void
limit(struct asyncore_dispatcher *d)
{
	struct session *self = asyncore_self(d);

	ENSURE(asynchat_set_terminator(d, "\n", 1) == 0);
	ENSURE(asynchat_set_limit(d, 1000) == 0);
	ENSURE(asyncore_set_timeout(d, PATIENCE) == 0);
	self->deadline = asyncore_channel_call_later(d, PATIENCE, too_late,
	    NULL);
	ENSURE(self->deadline > 0);
}

static void
serve_sessions(void)
{
	chat_child = &session_class;
	on_child = limit;
	serve();
}

static uint64_t sent;

/* Good ones are told from the others by nothing but what they do. */
enum { GOOD, SILENT, TRICKLING };

static int
kind(long i)
{
	const long every = (scale.slow + scale.good) / scale.good;

	if (i % every == 0 && i / every < scale.good)
		return GOOD;
	return i % 2 == 0 ? SILENT : TRICKLING;
}

static void
say(int fd, const char *text)
{
	send_all(fd, text, strlen(text));
	sent += strlen(text);
}

static void
converse(const int *fds, long n)
{
	char line[40], answer[40];
	long i;

	for (i = 0; i < n; i++) {
		if (kind(i) != GOOD)
			continue;
		(void)snprintf(line, sizeof line, "I am number %ld\n", i);
		say(fds[i], line);
		receive_all(fds[i], answer, strlen(line));
		ENSURE(memcmp(line, answer, strlen(line)) == 0);
	}
}

static void
trickle(const int *fds, long n)
{
	struct report r;
	long i;

	for (i = 0; i < n; i++)
		if (kind(i) == TRICKLING)
			say(fds[i], "x");
	AWAIT(r, r.in == sent);
}

static long
number_of(int which, long n)
{
	long i, number = 0;

	for (i = 0; i < n; i++)
		number += kind(i) == which;
	return number;
}

static void
ensure_dropped(const int *fds, long n)
{
	const struct report r = ask();
	long i;

	ENSURE(r.idle == (uint64_t)number_of(SILENT, n));
	ENSURE(r.late == (uint64_t)number_of(TRICKLING, n));
	ENSURE(r.open == (uint64_t)number_of(GOOD, n));
	ENSURE(r.errors == 0);
	for (i = 0; i < n; i++)
		if (kind(i) != GOOD)
			ensure_closed(fds[i]);
}

static void
call_slowly(void)
{
	const long n = scale.slow + scale.good;
	int *fds = calloc((size_t)n, sizeof *fds), step;
	struct report r;
	long i;

	ENSURE(fds != NULL);
	for (i = 0; i < n; i++) {
		fds[i] = call_server(0);
		if (i % 1000 == 999 || i == n - 1)
			AWAIT(r, r.accepted == (uint64_t)i + 1);
	}
	for (step = 0; step < 3; step++) {
		r = ask();
		ENSURE(r.closed == 0);
		converse(fds, n);
		trickle(fds, n);
		advance(STEP);
	}
	ensure_dropped(fds, n);
	for (step = 0; step < 3; step++) {
		converse(fds, n);
		advance(STEP);
	}
	converse(fds, n);
	r = ask();
	ENSURE(r.open == (uint64_t)number_of(GOOD, n));
	(void)snprintf(slow.what, sizeof slow.what,
	    "%ld slow clients dropped, %ld others served", scale.slow,
	    scale.good);
	free(fds);
}

struct flood slow = {
	.name = "slow loris", .serve = serve_sessions, .call = call_slowly
};

/* ---- Readers that stop reading. ---- */

#define LOW 16384
#define HIGH 65536
#define CHUNK 16384		/* of echo_class, read at once */
#define ROOM 16384		/* of the kernel's, each way */

static void
set_watermarks(struct asyncore_dispatcher *d)
{
	ENSURE(asyncore_set_watermarks(d, LOW, HIGH) == 0);
	limit_room(asyncore_fileno(d), ROOM);
}

static void
serve_with_watermarks(void)
{
	child = &echo_class;
	on_child = set_watermarks;
	serve();
}

struct reader {
	int fd;
	size_t sent, got;
};

/* The byte in this place of what reader `i` sends. */
static char
byte_at(long i, size_t place)
{
	return (char)((size_t)i + place * 7 + place / 253);
}

/* Until the socket takes no more. */
static size_t
push(struct reader *self, long i)
{
	char buf[4096];
	size_t before = self->sent, k;
	ssize_t n;

	do {
		for (k = 0; k < sizeof buf; k++)
			buf[k] = byte_at(i, self->sent + k);
		n = send(self->fd, buf, sizeof buf,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
		ENSURE(n > 0 || errno == EAGAIN);
		self->sent += n > 0 ? (size_t)n : 0;
		ENSURE(self->sent < (size_t)scale.cap);
	} while (n > 0);
	return self->sent - before;
}

static void
pull(struct reader *self, long i)
{
	char buf[4096];
	ssize_t n, k;

	n = recv(self->fd, buf, sizeof buf, MSG_DONTWAIT);
	ENSURE(n > 0 || (n < 0 && errno == EAGAIN));
	for (k = 0; k < n; k++)
		ENSURE(buf[k] == byte_at(i, self->got++));
}

/*
 * Until the server keeps as much as it may, which a pause of TCP's can delay,
 * and then until nothing has moved on either side, round after round.
 */
static uint64_t
push_all(struct reader *readers)
{
	struct report r = ask(), last;
	uint64_t total = 0;
	int quiet = 0;
	size_t moved;
	long i;

	while (quiet < 20 || r.most_pending < HIGH) {
		last = r;
		moved = 0;
		for (i = 0; i < scale.stopped; i++)
			moved += push(&readers[i], i);
		total += moved;
		r = ask();
		quiet = moved == 0 && r.in == last.in && r.out == last.out ?
		    quiet + 1 : 0;
	}
	return total;
}

static void
pull_all(struct reader *readers, uint64_t total)
{
	uint64_t got;
	long i;

	do {
		got = 0;
		for (i = 0; i < scale.stopped; i++) {
			pull(&readers[i], i);
			got += readers[i].got;
		}
	} while (got < total);
	for (i = 0; i < scale.stopped; i++)
		ENSURE(readers[i].got == readers[i].sent &&
		    is_silent(readers[i].fd));
}

static void
call_and_stop(void)
{
	const uint64_t n = (uint64_t)scale.stopped;
	struct reader *readers = calloc((size_t)n, sizeof *readers);
	struct report before, r;
	uint64_t total;
	long i;

	ENSURE(readers != NULL);
	for (i = 0; i < scale.stopped; i++)
		readers[i].fd = call_server(ROOM);
	AWAIT(before, before.accepted == n);
	total = push_all(readers);
	r = ask();
	ENSURE(r.most_pending >= HIGH);
	ENSURE(r.most_pending <= HIGH + CHUNK);
	if (r.memory > 0)
		ENSURE(r.memory - before.memory <=
		    n * 2 * (HIGH + CHUNK) + 65536);
	(void)snprintf(stopped.what, sizeof stopped.what,
	    "%lu readers, at most %lu bytes kept for one, %lu bytes echoed",
	    (unsigned long)n, (unsigned long)r.most_pending,
	    (unsigned long)total);
	pull_all(readers, total);
	r = ask();
	ENSURE(r.in == total && r.out == total && r.errors == 0);
	ENSURE(r.open == n);
	free(readers);
}

struct flood stopped = {
	.name = "readers that stop", .serve = serve_with_watermarks,
	.call = call_and_stop
};
