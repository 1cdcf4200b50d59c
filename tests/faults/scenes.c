/*
 * scenes.c - the scenes.  Each uses a part of the library as a program would,
 * checks what it gets, and stops at the first call that fails.
 */
#include "testing.h"

#include "scenes.h"
#include "faults.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <event2/util.h>

#include "asynchat.h"

struct play play;

int
heard(int err)
{
	ck_assert_msg(faults_explain(err), "%s: unexpected error: %s",
	    play.where, strerror(-err));
	play.heard++;
	return err;
}

bool
failed(long long result)
{
	if (result >= 0)
		return false;
	(void)heard((int)result);
	return true;
}

bool
failed_for_good(long long result)
{
	return result != -EAGAIN && failed(result);
}

struct asyncore_dispatcher *
keep(struct asyncore_dispatcher *d)
{
	if (d == NULL) {
		(void)heard(-errno);
		return NULL;
	}
	if (asyncore_fileno(d) >= 0 && !asyncore_connected(d))
		play.heard += faults_happened();
	play.kept[play.n_kept++] = d;
	return d;
}

void
strike(void)
{
	while (play.n_kept > 0)
		asyncore_unref(play.kept[--play.n_kept]);
}

/* Did a failure put an end to it? */
static bool
is_over(void)
{
	return play.done || (play.heard > 0 && !faults_must_not_matter());
}

bool
goes_on(double end)
{
	ck_assert_msg(now() < end, "%s: it hangs, and nobody knows",
	    play.where);
	return !is_over();
}

/* What is ready after a failure has its turn, too. */
void
play_on(void)
{
	const double end = now() + HANGS;
	int i;

	while (goes_on(end))
		(void)failed(asyncore_loop(1, play.use_poll, play.map, 1));
	for (i = 0; i < 20 && !play.done; i++)
		(void)failed(asyncore_loop(0, play.use_poll, play.map, 1));
}

/* ---- Classes. ---- */

int
on_error(struct asyncore_dispatcher *d, int err)
{
	(void)heard(err);
	return asyncore_close(d);
}

/* The end of a connection is one of the ways to be told. */
int
on_close(struct asyncore_dispatcher *d)
{
	play.heard += faults_happened();
	(void)asyncore_close(d);
	return 0;
}

void
on_log(struct asyncore_dispatcher *d, const char *message, const char *type)
{
	(void)d;
	(void)message;
	if (strcmp(type, "error") != 0)
		return;
	ck_assert_msg(faults_happened(), "%s: logged: %s", play.where, message);
	play.heard++;
}

void
make_pair_quietly(int fds[2])
{
	faults_hold();
	make_pair(fds);
	ck_assert_int_eq(evutil_make_socket_nonblocking(fds[1]), 0);
	faults_release();
}

void
close_quietly(int fd)
{
	faults_hold();
	ck_assert_int_eq(close(fd), 0);
	faults_release();
}

void
write_quietly(int fd, const char *text)
{
	faults_hold();
	write_all(fd, text, strlen(text));
	faults_release();
}

/* ---- Echo, over TCP and over a path. ---- */

static const char hello[] = "hello, world";

#define HELLO_LEN (sizeof hello - 1)

struct hello {
	size_t sent, got;
};

static bool
hello_writable(struct asyncore_dispatcher *d)
{
	const struct hello *self = asyncore_self(d);

	return !asyncore_connected(d) || self->sent < HELLO_LEN;
}

static int
hello_write(struct asyncore_dispatcher *d)
{
	struct hello *self = asyncore_self(d);
	ssize_t n = asyncore_send(d, hello + self->sent,
	    HELLO_LEN - self->sent);

	if (n > 0)
		self->sent += (size_t)n;
	return n < 0 ? (int)n : 0;
}

static int
hello_read(struct asyncore_dispatcher *d)
{
	struct hello *self = asyncore_self(d);
	char buf[sizeof hello];
	ssize_t n = asyncore_recv(d, buf, sizeof buf);

	if (n <= 0)
		return (int)n;
	ck_assert_uint_le(self->got + (size_t)n, self->sent);
	ck_assert_mem_eq(buf, hello + self->got, (size_t)n);
	self->got += (size_t)n;
	play.done = self->got == HELLO_LEN;
	return play.done ? asyncore_close(d) : 0;
}

static int
nothing(struct asyncore_dispatcher *d)
{
	(void)d;
	return 0;
}

const struct asyncore_class hello_class = {
	.name = "Hello",
	.instance_size = sizeof(struct hello),
	.writable = hello_writable,
	.handle_connect = nothing,
	.handle_read = hello_read,
	.handle_write = hello_write,
	OF_A_PLAYER
};

static int
echo_read(struct asyncore_dispatcher *d)
{
	char buf[64];
	ssize_t n = asyncore_recv(d, buf, sizeof buf);

	if (n <= 0)
		return (int)n;
	n = asyncore_send(d, buf, (size_t)n);
	return n < 0 ? (int)n : 0;
}

const struct asyncore_class echo_class = {
	.name = "Echo",
	.base = &asyncore_dispatcher_with_send_class,
	.handle_read = echo_read,
	OF_A_PLAYER
};

static int
echo_accepted(struct asyncore_dispatcher *d, int fd,
    const struct sockaddr *addr, socklen_t len)
{
	(void)addr;
	(void)len;
	if (asyncore_spawn(&echo_class, fd, asyncore_map_of(d)) == NULL)
		return -errno;
	return 0;
}

static const struct asyncore_class server_class = {
	.name = "Server",
	.writable = asyncore_never,
	.handle_accepted = echo_accepted,
	OF_A_PLAYER
};

union address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_un un;
};

static bool
call_server(int family, const union address *addr, socklen_t len)
{
	struct asyncore_dispatcher *d;

	if ((d = keep(asyncore_new(&hello_class, play.map))) == NULL)
		return false;
	return !failed(asyncore_create_socket(d, family, SOCK_STREAM)) &&
	    !failed(asyncore_connect(d, &addr->sa, len));
}

static void
echo(int family, union address *addr, socklen_t len)
{
	struct asyncore_dispatcher *d;

	if ((d = keep(asyncore_new(&server_class, play.map))) == NULL ||
	    failed(asyncore_create_socket(d, family, SOCK_STREAM)) ||
	    failed(asyncore_set_reuse_addr(d)) ||
	    failed(asyncore_bind(d, &addr->sa, len)) ||
	    failed(asyncore_set_max_connections(d, 2)) ||
	    failed(asyncore_listen(d, 5)))
		return;
	faults_hold();
	ck_assert_int_eq(getsockname(asyncore_fileno(d), &addr->sa, &len), 0);
	faults_release();
	(void)call_server(family, addr, len);
	play_on();
}

static void
echo_by_tcp(void)
{
	union address addr = { .in = { .sin_family = AF_INET } };

	addr.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	echo(AF_INET, &addr, sizeof addr.in);
}

/* Its address is too long to be kept without memory. */
static void
echo_by_path(void)
{
	union address addr = { .un = { .sun_family = AF_UNIX } };

	(void)snprintf(addr.un.sun_path, sizeof addr.un.sun_path,
	    "faults-with-a-long-name-%ld", (long)getpid());
	(void)unlink(addr.un.sun_path);
	echo(AF_UNIX, &addr, sizeof addr.un);
	addr.un.sun_path[sizeof addr.un.sun_path - 1] = '\0';
	(void)unlink(addr.un.sun_path);
}

static int
refused_error(struct asyncore_dispatcher *d, int err)
{
	if (err == -ECONNREFUSED)
		play.done = true;
	else
		(void)heard(err);
	return asyncore_close(d);
}

static const struct asyncore_class refused_class = {
	.name = "Refused",
	.handle_connect = nothing,
	.handle_read = echo_read,
	.handle_error = refused_error,
	.handle_close = on_close,
	.log_info = on_log,
};

/* The port is taken by a socket that does not listen. */
static void
refused(void)
{
	union address addr = { .in = { .sin_family = AF_INET } };
	socklen_t len = sizeof addr.in;
	struct asyncore_dispatcher *d;
	int fd, err;

	addr.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	faults_hold();
	fd = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(fd, &addr.sa, len), 0);
	ck_assert_int_eq(getsockname(fd, &addr.sa, &len), 0);
	faults_release();
	if ((d = keep(asyncore_new(&refused_class, play.map))) != NULL &&
	    !failed(asyncore_create_socket(d, AF_INET, SOCK_STREAM))) {
		err = asyncore_connect(d, &addr.sa, len);
		if (err == -ECONNREFUSED)
			play.done = true;
		else if (!failed(err))
			play_on();
	}
	close_quietly(fd);
}

/* ---- A chat. ---- */

static const char *const lines[] = { "one", "two", "three", "four", "five" };

struct asker {
	size_t answers;
};

/* Anything but the answers in their order is a mistake. */
static int
asker_found(struct asyncore_dispatcher *d)
{
	struct asker *self = asyncore_self(d);
	const char *expected = lines[self->answers];
	size_t len;
	const char *line = asynchat_get_data(d, &len);

	if (line == NULL)
		return -ENOMEM;
	ck_assert_msg(len == strlen(expected) &&
	    memcmp(line, expected, len) == 0, "%.*s instead of %s", (int)len,
	    line, expected);
	play.done = ++self->answers == sizeof lines / sizeof *lines;
	return play.done ? asynchat_close_when_done(d) : 0;
}

static const struct asynchat_class asker_class = {
	.dispatcher = {
		.name = "Asker",
		.base = &asynchat_async_chat_class.dispatcher,
		.flags = ASYNCHAT_CLASS,
		.instance_size = sizeof(struct asker),
		OF_A_PLAYER
	},
	.collect_incoming_data = asynchat_collect,
	.found_terminator = asker_found,
	.ac_out_buffer_size = 7,
};

/* Answers each line; after its fourth it counts to the fifth. */
struct answerer {
	int n;
};

static int
answer(struct asyncore_dispatcher *d)
{
	struct answerer *self = asyncore_self(d);
	size_t len;
	const char *line = asynchat_get_data(d, &len);
	int err;

	if (line == NULL)
		return -ENOMEM;
	if ((err = asynchat_push(d, line, len)) < 0 ||
	    (err = asynchat_push(d, "\n", 1)) < 0)
		return err;
	return ++self->n == 4 ? asynchat_set_terminator_count(d, 4) : 0;
}

static const struct asynchat_class answerer_class = {
	.dispatcher = {
		.name = "Answerer",
		.base = &asynchat_async_chat_class.dispatcher,
		.flags = ASYNCHAT_CLASS,
		.instance_size = sizeof(struct answerer),
		OF_A_PLAYER
	},
	.collect_incoming_data = asynchat_collect,
	.found_terminator = answer,
};

#define END_OF_LINE "--- end of the line ---"	/* a long terminator */

struct once {
	struct asynchat_producer producer;
	bool given;
};

static int
once_more(struct asynchat_producer *producer, struct evbuffer *out)
{
	struct once *p = (struct once *)producer;

	if (p->given)
		return 0;
	p->given = true;
	return evbuffer_add_printf(out, "two" END_OF_LINE) < 0 ? -ENOMEM : 0;
}

static bool
push_file(struct asyncore_dispatcher *d, const char *text)
{
	FILE *f;
	int fd;

	faults_hold();
	f = tmpfile();
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fputs(text, f) < 0 || fflush(f) != 0, 0);
	fd = dup(fileno(f));
	fclose(f);
	faults_release();
	return !failed(asynchat_push_file(d, fd, 0, -1));
}

static bool
push_buffer(struct asyncore_dispatcher *d, const char *text)
{
	struct evbuffer *b;
	bool pushed = false;

	b = evbuffer_new();
	if (b == NULL || evbuffer_add(b, text, strlen(text)) != 0)
		(void)heard(-ENOMEM);
	else
		pushed = !failed(asynchat_push_buffer(d, b));
	if (b != NULL)
		evbuffer_free(b);
	return pushed;
}

static bool
push_simple(struct asyncore_dispatcher *d, const char *text)
{
	struct asynchat_producer *p = asynchat_simple_producer(text,
	    strlen(text), 5);

	if (p == NULL)
		return !failed(-ENOMEM);
	return !failed(asynchat_push_with_producer(d, p));
}

/* One that fails leaves half a line: nothing may follow. */
static void
ask(struct asyncore_dispatcher *d)
{
	static struct once two = { { .more = once_more, .free = NULL }, false };

	two.given = false;
	if (push_simple(d, "one" END_OF_LINE) &&
	    !failed(asynchat_push_with_producer(d, &two.producer)) &&
	    !failed(asynchat_push(d, "three" END_OF_LINE,
	    strlen("three" END_OF_LINE))) &&
	    push_buffer(d, "four" END_OF_LINE) && push_file(d, "five"))
		play_on();
	else
		(void)asyncore_close(d);
}

static void
chat(void)
{
	struct asyncore_dispatcher *a = NULL, *b;
	int fds[2];

	make_pair_quietly(fds);
	b = keep(asynchat_new_socket(&answerer_class, fds[0], play.map));
	if (b != NULL && !failed(asynchat_set_terminator(b, END_OF_LINE,
	    strlen(END_OF_LINE))) && !failed(asynchat_set_limit(b, 100)))
		a = keep(asynchat_new_socket(&asker_class, fds[1], play.map));
	else
		close_quietly(fds[1]);
	if (a != NULL && !failed(asynchat_set_terminator(a, "\n", 1)) &&
	    !failed(asyncore_set_watermarks(a, 10, 1000)))
		ask(a);
}

/* ---- dispatcher_with_send, and a slow reader. ---- */

#define LARGE 20000

static char large[LARGE];

struct counter {
	size_t n;
};

static int
counter_read(struct asyncore_dispatcher *d)
{
	struct counter *self = asyncore_self(d);
	char buf[32768];
	ssize_t n = asyncore_recv(d, buf, sizeof buf);

	if (n <= 0)
		return (int)n;
	ck_assert_uint_le(self->n + (size_t)n, LARGE);
	ck_assert_mem_eq(buf, large + self->n, (size_t)n);
	self->n += (size_t)n;
	play.done = self->n == LARGE;
	return 0;
}

static const struct asyncore_class counter_class = {
	.name = "Counter",
	.instance_size = sizeof(struct counter),
	.writable = asyncore_never,
	.handle_read = counter_read,
	OF_A_PLAYER
};

static void
send_large(struct asyncore_dispatcher *d)
{
	ssize_t n;
	size_t i;

	for (i = 0; i < LARGE; i++)
		large[i] = (char)(i * 7 + i / 251);
	n = asyncore_send(d, large, LARGE);
	/* Less only where memory is short, or the connection gone. */
	if (n >= 0 && n < LARGE)
		n = -ENOMEM;
	if (n < 0 && faults_happened())
		play.heard++;
	else
		ck_assert_int_eq(n, LARGE);
}

static void
with_send(void)
{
	struct asyncore_dispatcher *d;
	int fds[2], small = 4096;

	make_pair_quietly(fds);
	faults_hold();
	(void)setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
	faults_release();
	d = keep(asyncore_new_socket(&echo_class, fds[0], play.map));
	if (d == NULL ||
	    keep(asyncore_new_socket(&counter_class, fds[1], play.map)) == NULL) {
		if (d == NULL)
			close_quietly(fds[1]);
		return;
	}
	send_large(d);
	play_on();
}

/* ---- Files: a pipe, and a regular file. ---- */

static const char text[] = "The quick brown fox jumps over the lazy dog.";

struct page {
	size_t at;
};

static int n_pages;

static int
page_read(struct asyncore_dispatcher *d)
{
	struct page *self = asyncore_self(d);
	char buf[16];
	ssize_t n = asyncore_recv(d, buf, sizeof buf);

	if (n <= 0)
		return (int)n;
	ck_assert_uint_le(self->at + (size_t)n, sizeof text);
	ck_assert_mem_eq(buf, text + self->at, (size_t)n);
	self->at += (size_t)n;
	if (self->at == sizeof text)
		play.done = ++n_pages == 2;
	return 0;
}

static const struct asyncore_class page_class = {
	.name = "Page",
	.base = &asyncore_file_dispatcher_class,
	.instance_size = sizeof(struct page),
	.writable = asyncore_never,
	.handle_read = page_read,
	OF_A_PLAYER
};

/* It stays open: asyncore_poll2() throws away what is read after a hang-up. */
static bool
pen_writable(struct asyncore_dispatcher *d)
{
	const struct page *self = asyncore_self(d);

	return self->at < sizeof text;
}

static int
pen_write(struct asyncore_dispatcher *d)
{
	struct page *self = asyncore_self(d);
	ssize_t n = asyncore_send(d, text + self->at, sizeof text - self->at);

	if (n < 0)
		return (int)n;
	self->at += (size_t)n;
	return 0;
}

static const struct asyncore_class pen_class = {
	.name = "Pen",
	.base = &asyncore_file_dispatcher_class,
	.instance_size = sizeof(struct page),
	.readable = asyncore_never,
	.writable = pen_writable,
	.handle_write = pen_write,
	OF_A_PLAYER
};

static int
regular_file(void)
{
	FILE *f = tmpfile();
	int fd;

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(text, 1, sizeof text, f), sizeof text);
	ck_assert_int_eq(fflush(f), 0);
	fd = dup(fileno(f));
	fclose(f);
	ck_assert_int_eq((int)lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static void
files(void)
{
	int fds[3], i;
	bool ready;

	n_pages = 0;
	faults_hold();
	ck_assert_int_eq(pipe(fds), 0);
	fds[2] = regular_file();
	faults_release();
	ready = keep(asyncore_new_file(&page_class, fds[0], play.map)) &&
	    keep(asyncore_new_file(&pen_class, fds[1], play.map)) &&
	    keep(asyncore_new_file(&page_class, fds[2], play.map));
	for (i = 0; i < 3; i++)
		close_quietly(fds[i]);
	if (ready)
		play_on();
}

/* ---- Out-of-band data. ---- */

static int
urgent(struct asyncore_dispatcher *d)
{
	char c;

	faults_hold();
	play.done = recv(asyncore_fileno(d), &c, 1, MSG_OOB) == 1 && c == '!';
	faults_release();
	return 0;
}

static const struct asyncore_class urgent_class = {
	.name = "Urgent",
	.writable = asyncore_never,
	.handle_read = echo_read,
	.handle_expt = urgent,
	OF_A_PLAYER
};

static void
out_of_band(void)
{
	struct sockaddr_in addr;
	int fds[3];

	faults_hold();
	fds[0] = listen_on_loopback(&addr);
	fds[1] = socket(AF_INET, SOCK_STREAM, 0);
	while (connect(fds[1], (struct sockaddr *)&addr, sizeof addr) != 0)
		ck_assert(errno == EINTR || errno == EALREADY);
	while ((fds[2] = accept(fds[0], NULL, NULL)) < 0)
		ck_assert_int_eq(errno, EINTR);
	ck_assert_int_eq(send(fds[1], "!", 1, MSG_OOB), 1);
	faults_release();
	if (keep(asyncore_new_socket(&urgent_class, fds[2], play.map)))
		play_on();
	close_quietly(fds[0]);
	close_quietly(fds[1]);
}

/* ---- A loop inside of a hook. ---- */

static int inner;

static int
inner_read(struct asyncore_dispatcher *d)
{
	char c;
	ssize_t n = asyncore_recv(d, &c, 1);

	inner += n > 0;
	return n < 0 ? (int)n : 0;
}

static const struct asyncore_class inner_class = {
	.name = "Inner",
	.writable = asyncore_never,
	.handle_read = inner_read,
	OF_A_PLAYER
};

static int
outer_read(struct asyncore_dispatcher *d)
{
	char c;
	ssize_t n = asyncore_recv(d, &c, 1);
	int i, err = 0;

	for (i = 0; n > 0 && inner == 0 && err == 0 && play.heard == 0 &&
	    i < 20; i++)
		err = asyncore_loop(1, play.use_poll, asyncore_map_of(d), 1);
	play.done = inner > 0;
	return n < 0 ? (int)n : err;
}

static const struct asyncore_class outer_class = {
	.name = "Outer",
	.writable = asyncore_never,
	.handle_read = outer_read,
	OF_A_PLAYER
};

static void
nested(void)
{
	int out[2], in[2];

	inner = 0;
	make_pair_quietly(out);
	make_pair_quietly(in);
	write_quietly(out[1], "o");
	if (keep(asyncore_new_socket(&outer_class, out[0], play.map)) == NULL)
		close_quietly(in[0]);
	else if (keep(asyncore_new_socket(&inner_class, in[0], play.map))) {
		write_quietly(in[1], "i");
		play_on();
	}
	close_quietly(out[1]);
	close_quietly(in[1]);
}

/* ---- In the host's loop. ---- */


static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

static void
run_base(struct event_base *base, int flags)
{
	if (event_base_loop(base, EVLOOP_ONCE | flags) < 0 ||
	    event_base_got_break(base))
		play.heard += faults_happened();
}

/* A timer of the host's ends each wait, so that it may look what became. */
static void
run_host(struct event_base *base, struct event *tick)
{
	const double end = now() + HANGS;
	const struct timeval soon = { 0, 5000 };
	int i;

	while (goes_on(end)) {
		faults_hold();
		ck_assert_int_eq(evtimer_add(tick, &soon), 0);
		faults_release();
		run_base(base, 0);
	}
	for (i = 0; i < 20 && !play.done; i++)
		run_base(base, EVLOOP_NONBLOCK);
}

static void
host(void)
{
	struct event_base *base = asyncore_map_base(play.map);
	struct event tick;
	int fds[2];

	if (failed(asyncore_attach(play.map)))
		return;
	ck_assert_int_eq(evtimer_assign(&tick, base, on_tick, NULL), 0);
	make_pair_quietly(fds);
	if (keep(asyncore_new_socket(&echo_class, fds[0], play.map)) == NULL)
		close_quietly(fds[1]);
	else if (keep(asyncore_new_socket(&hello_class, fds[1], play.map)))
		run_host(base, &tick);
	(void)evtimer_del(&tick);
	event_debug_unassign(&tick);
	(void)failed(asyncore_detach_map(play.map));
}

/* ---- Scheduled calls and timeouts. ---- */

static int n_called;

static int
count_call(void *arg)
{
	(void)arg;
	n_called++;
	return 0;
}

static int
count_channel_call(struct asyncore_dispatcher *d, void *arg)
{
	(void)d;
	return count_call(arg);
}

static int
on_timeout(struct asyncore_dispatcher *d)
{
	play.done = n_called >= 5;
	return play.done ? asyncore_close(d) : 0;
}

static const struct asyncore_class idler_class = {
	.name = "Idler",
	.writable = asyncore_never,
	.handle_timeout = on_timeout,
	OF_A_PLAYER
};

static void
on_map_log(struct asyncore_map *m, const char *message, const char *type,
    void *arg)
{
	(void)m;
	(void)arg;
	on_log(NULL, message, type);
}

/* 1 by the later one, 1 by the moved one, 3 by that which comes again. */
static void
schedule(struct asyncore_dispatcher *d)
{
	long long every = -ENOENT, moved;

	if (!failed(asyncore_call_later(play.map, 0.001, count_call, NULL)) &&
	    !failed(every = asyncore_channel_call_every(d, 0.002,
	    count_channel_call, NULL)) &&
	    !failed(moved = asyncore_call_later(play.map, 100, count_call,
	    NULL)) &&
	    !failed(asyncore_reschedule_call(play.map, moved, 0)) &&
	    !failed(asyncore_set_timeout(d, 0.004)))
		play_on();
	if (every >= 0)
		(void)asyncore_cancel_call(play.map, every);
}

static void
calls(void)
{
	struct asyncore_dispatcher *d;
	int fds[2];

	n_called = 0;
	ck_assert_int_eq(asyncore_map_set_log(play.map, on_map_log, NULL), 0);
	make_pair_quietly(fds);
	d = keep(asyncore_new_socket(&idler_class, fds[0], play.map));
	if (d != NULL)
		schedule(d);
	close_quietly(fds[1]);
}

/* ---- Calls from another thread. ---- */

int
finish(void *arg)
{
	(void)arg;
	play.done = true;
	return 0;
}

/* Answers what there is to tell by its argument: no test ends in a thread. */
static void *
other_thread(void *arg)
{
	int *err = arg;

	*err = asyncore_call_soon_threadsafe(play.map, count_call, NULL);
	if (*err == 0)
		*err = asyncore_call_soon_threadsafe(play.map, finish, NULL);
	if (*err == 0)
		*err = asyncore_wakeup(play.map);
	return NULL;
}

static void
threads(void)
{
	pthread_t thread;
	struct asyncore_dispatcher *d;
	int fds[2], err;

	if (failed(asyncore_map_enable_threads(play.map)))
		return;
	make_pair_quietly(fds);
	d = keep(asyncore_new_socket(&idler_class, fds[0], play.map));
	ck_assert_int_eq(pthread_create(&thread, NULL, other_thread, &err), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	(void)failed(err);
	if (d != NULL)
		play_on();
	close_quietly(fds[1]);
}

/* ---- The rest: calls that need no partner. ---- */

static int
see(struct asyncore_dispatcher *d, void *arg)
{
	size_t *n = arg;

	(void)d;
	(*n)++;
	return 0;
}

static void
tell_at_length(struct asyncore_dispatcher *d)
{
	char long_text[600];

	memset(long_text, 'x', sizeof long_text - 1);
	long_text[sizeof long_text - 1] = '\0';
	asyncore_log_info(d, "info", "%s", long_text);
}

static void
set_long_terminators(struct asyncore_dispatcher *d)
{
	long long count;
	size_t len;

	ck_assert_int_eq(asynchat_set_terminator(d, "\r\n", 2), 0);
	if (failed(asynchat_set_terminator(d, END_OF_LINE,
	    strlen(END_OF_LINE)))) {
		ck_assert_mem_eq(asynchat_get_terminator(d, &len, &count),
		    "\r\n", 2);
		ck_assert_uint_eq(len, 2);
	}
}

static void
move_it(struct asyncore_dispatcher *d)
{
	struct asyncore_map *other = asyncore_map_new(NULL);

	if (other == NULL) {
		(void)heard(-errno);
		return;
	}
	(void)failed(asyncore_add_channel(d, other));
	ck_assert_uint_eq(asyncore_map_len(play.map), 0);
	(void)failed(asyncore_add_channel(d, play.map));
	ck_assert_int_eq(asyncore_map_free(other), 0);
}

static void
detach_it(struct asyncore_dispatcher *d)
{
	const int fd = asyncore_detach(d);

	ck_assert_int_ge(fd, 0);
	ck_assert_uint_eq(asyncore_map_len(play.map), 0);
	if (failed(asyncore_set_socket(d, fd)))
		ck_assert_int_eq(asyncore_fileno(d), -1);
}

static void
alone(void)
{
	union address addr = { .un = { .sun_family = AF_UNIX } };
	struct asyncore_dispatcher *d, *c;
	size_t n = 0;

	/* libevent loses a block where it fails and is tried again. */
	if (!play.again)
		(void)failed(asyncore_interrupt_on(play.map, SIGUSR1));
	if ((d = keep(asyncore_new(&echo_class, play.map))) == NULL ||
	    (c = keep(asynchat_new(&asker_class, play.map))) == NULL)
		return;
	(void)failed(asyncore_set_ignore_log_types(d, "error info"));
	tell_at_length(d);
	(void)failed(asyncore_set_addr(d, &addr.sa, sizeof addr.un));
	set_long_terminators(c);
	if (asyncore_out_buffer(d) == NULL)
		(void)heard(-ENOMEM);
	(void)failed(asynchat_push(c, "unsent", 6));
	(void)failed(asynchat_close_when_done(c));
	(void)failed(asynchat_discard_buffers(c));
	(void)failed(asyncore_set_timeout(d, 100));
	(void)failed(asyncore_call_every(play.map, 100, count_call, NULL));
	(void)failed(asyncore_channel_call_later(d, 100, count_channel_call,
	    NULL));
	if (failed(asyncore_create_socket(d, AF_INET, SOCK_DGRAM)))
		return;
	(void)failed(asyncore_map_foreach(play.map, see, &n));
	ck_assert_uint_eq(n, 1);
	move_it(d);
	if (asyncore_map_len(play.map) == 1)
		detach_it(d);
	play.done = true;
}

/* Where the map itself cannot be made. */
static void
default_map(void)
{
	struct asyncore_dispatcher *d = asyncore_new(&echo_class, NULL);

	if (d == NULL)
		(void)heard(-errno);
	else if (!failed(asyncore_create_socket(d, AF_INET, SOCK_DGRAM)) &&
	    !failed(asyncore_poll(0, NULL)))
		play.done = true;
	(void)asyncore_close(d);
	asyncore_unref(d);
	(void)failed(asyncore_call_later(NULL, 100, count_call, NULL));
	(void)failed(asyncore_stop(NULL));
	faults_hold();
	ck_assert_int_eq(asyncore_map_free(asyncore_socket_map()), 0);
	faults_release();
}

const struct scene scenes[] = {
	{ "echo by TCP", echo_by_tcp },
	{ "echo by a path", echo_by_path },
	{ "a refused connection", refused },
	{ "a chat", chat },
	{ "a long chat", long_chat },
	{ "dispatcher_with_send", with_send },
	{ "files", files },
	{ "out-of-band data", out_of_band },
	{ "a loop in a hook", nested },
	{ "the host's loop", host },
	{ "scheduled calls", calls },
	{ "another thread", threads },
	{ "calls that need no partner", alone },
	{ "the default map", default_map },
	{ "hooks by hand", by_hand },
	{ "attributes", attributes },
	{ "messages", messages },
	{ "a transport in memory", in_memory },
	{ "accepting by hand", accept_by_hand },
	{ "a trace file", trace_file },
	{ "a numeric address", by_numeric_address },
	{ "a name", by_name },
	{ "from a bufferevent", from_a_bufferevent },
	{ "to a bufferevent", to_a_bufferevent },
	{ "from a listener", from_a_listener },
};
const int n_scenes = sizeof scenes / sizeof *scenes;
