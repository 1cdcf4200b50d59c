/*
 * talks.c - the conversations of the soak: an echo over TCP, by name or not, or
 * over a pair; lines that go out in every way a chat has; datagrams; silence;
 * scheduled calls.
 */
#include "soak.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>

/* ---- Echo. ---- */

struct echo_client {
	struct party party;
	uint32_t seed;
	size_t total, sent, got;
};

static bool
client_writable(struct asyncore_dispatcher *d)
{
	const struct echo_client *self = asyncore_self(d);

	return !asyncore_connected(d) || self->sent < self->total;
}

static int
client_connect(struct asyncore_dispatcher *d)
{
	(void)d;
	return 0;
}

static int
client_write(struct asyncore_dispatcher *d)
{
	struct echo_client *self = asyncore_self(d);
	unsigned char buf[8192];
	size_t len = 1 + below(sizeof buf), i;
	ssize_t n;

	if (was_cut(d) || self->sent == self->total)
		return 0;
	if (len > self->total - self->sent)
		len = self->total - self->sent;
	for (i = 0; i < len; i++)
		buf[i] = stream_byte(self->seed, self->sent + i);
	n = asyncore_send(d, buf, len);
	if (n > 0)
		self->sent += (size_t)n;
	return n < 0 ? (int)n : 0;
}

static int
client_read(struct asyncore_dispatcher *d)
{
	struct echo_client *self = asyncore_self(d);
	unsigned char buf[8192];
	ssize_t n = asyncore_recv(d, buf, 1 + below(sizeof buf)), i;

	if (n <= 0)
		return (int)n;
	ENSURE(self->got + (size_t)n <= self->sent);
	for (i = 0; i < n; i++)
		ENSURE(buf[i] == stream_byte(self->seed, self->got++));
	soak.bytes += (uint64_t)n;
	if (self->got < self->total)
		return 0;
	decide(d, DONE);
	return asyncore_close(d);
}

static const struct asyncore_class client_class = {
	.name = "EchoClient",
	.instance_size = sizeof(struct echo_client),
	.flags = ASYNCORE_ASK_ON_CHANGE,
	.writable = client_writable,
	.handle_connect = client_connect,
	.handle_write = client_write,
	.handle_read = client_read,
	OF_A_PARTY
};

static int
server_read(struct asyncore_dispatcher *d)
{
	char buf[8192];
	ssize_t n = asyncore_recv(d, buf, sizeof buf);

	if (n <= 0 || was_cut(d))
		return n < 0 ? (int)n : 0;
	n = asyncore_send(d, buf, (size_t)n);
	return n < 0 ? (int)n : 0;
}

static const struct asyncore_class server_class = {
	.name = "EchoServer",
	.base = &asyncore_dispatcher_with_send_class,
	.instance_size = sizeof(struct party),
	.handle_read = server_read,
	OF_A_PARTY
};

static void
serve(int fd)
{
	struct asyncore_dispatcher *d = join(&server_class, fd);

	ENSURE(asyncore_set_watermarks(d, 4096, 65536) == 0);
	ENSURE(asyncore_set_timeout(d, 30) == 0);
}

static int
accepted(struct asyncore_dispatcher *d, int fd, const struct sockaddr *addr,
    socklen_t len)
{
	(void)d;
	(void)addr;
	(void)len;
	serve(fd);
	return 0;
}

static const struct asyncore_class listener_class = {
	.name = "Listener",
	.writable = asyncore_never,
	.handle_accepted = accepted,
	.handle_error = on_error,
};

static struct asyncore_dispatcher *listener;

void
open_listener(void)
{
	struct sockaddr_in addr;
	socklen_t len = sizeof addr;

	listener = asyncore_new(&listener_class, soak.map);
	ENSURE(listener != NULL);
	ENSURE(asyncore_bind_hostname(listener, AF_INET, "127.0.0.1", NULL) ==
	    0);
	ENSURE(asyncore_listen(listener, 1000) == 0);
	ENSURE(getsockname(asyncore_fileno(listener),
	    (struct sockaddr *)&addr, &len) == 0);
	soak.port = ntohs(addr.sin_port);
}

void
close_listener(void)
{
	ENSURE(asyncore_close(listener) == 0);
	asyncore_unref(listener);
}

/* The map holds it as soon as it has a socket; a name until then. */
static struct asyncore_dispatcher *
call_listener(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	struct asyncore_dispatcher *d;

	d = start(asyncore_new(&client_class, soak.map));
	if (below(2) == 0) {
		ENSURE(asyncore_connect_hostname(d, NULL, AF_INET, "127.0.0.1",
		    soak.port) == 0);
		return d;
	}
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	addr.sin_port = htons((in_port_t)soak.port);
	ENSURE(asyncore_create_socket(d, AF_INET, SOCK_STREAM) == 0);
	ENSURE(asyncore_connect(d, (struct sockaddr *)&addr, sizeof addr) == 0);
	return d;
}

/* Not before the map holds it, or it has ended. */
static int
let_go(void *arg)
{
	struct asyncore_dispatcher *d = arg;

	if (asyncore_connecting(d) && !asyncore_closed(d))
		ENSURE(asyncore_call_later(soak.map, 0.001, let_go, d) > 0);
	else
		asyncore_unref(d);
	return 0;
}

void
begin_echo(void)
{
	struct asyncore_dispatcher *d;
	struct echo_client *self;
	int fds[2];

	if (below(4) == 0) {
		make_pair(SOCK_STREAM, fds);
		serve(fds[0]);
		d = join(&client_class, fds[1]);
	} else {
		d = call_listener();
		ENSURE(asyncore_call_later(soak.map, 0, let_go, d) > 0);
	}
	self = asyncore_self(d);
	self->seed = below(1u << 30);
	self->total = 1 + below(below(20) == 0 ? 1000000 : 20000);
	ENSURE(asyncore_set_timeout(d, 30) == 0);
}

/* ---- Lines. ---- */

#define LONGEST 3000

struct asker {
	struct party party;
	uint32_t seed;
	int lines, asked, answered;
};

/* Letters, by the number of the line; answers its length. */
static size_t
make_line(const struct asker *self, int number, char *line)
{
	const uint32_t seed = self->seed + (uint32_t)number * 7919;
	const size_t len = 1 + seed % LONGEST;
	size_t i;

	for (i = 0; i < len; i++)
		line[i] = (char)('a' + stream_byte(seed, i) % 26);
	return len;
}

static int
push_buffer(struct asyncore_dispatcher *d, const char *data, size_t len)
{
	struct evbuffer *b = evbuffer_new();
	int err;

	ENSURE(b != NULL && evbuffer_add(b, data, len) == 0);
	err = asynchat_push_buffer(d, b);
	evbuffer_free(b);
	return err;
}

static int
push_file(struct asyncore_dispatcher *d, const char *data, size_t len)
{
	FILE *f = tmpfile();
	int fd;

	ENSURE(f != NULL && fwrite(data, 1, len, f) == len && fflush(f) == 0);
	fd = dup(fileno(f));
	ENSURE(fd >= 0 && fclose(f) == 0);
	return asynchat_push_file(d, fd, 0, -1);
}

static int
push_somehow(struct asyncore_dispatcher *d, const char *data, size_t len)
{
	struct asynchat_producer *p;

	switch (below(20)) {
	case 0:
		return push_file(d, data, len);
	case 1:
	case 2:
	case 3:
		p = asynchat_simple_producer(data, len, 1 + below(1000));
		ENSURE(p != NULL);
		return asynchat_push_with_producer(d, p);
	case 4:
	case 5:
	case 6:
		return push_buffer(d, data, len);
	default:
		return asynchat_push(d, data, len);
	}
}

/* A push may find out that the peer has gone: it is queued all the same. */
static void
ask(struct asyncore_dispatcher *d)
{
	struct asker *self = asyncore_self(d);
	char line[LONGEST + 1];
	size_t len;

	if (self->asked == self->lines)
		return;
	len = make_line(self, self->asked++, line);
	line[len] = '\n';
	ENSURE(push_somehow(d, line, len + 1) == 0);
}

static int
answer_came(struct asyncore_dispatcher *d)
{
	struct asker *self = asyncore_self(d);
	char line[LONGEST + 1];
	const size_t expected = make_line(self, self->answered++, line);
	size_t len;
	const char *got = asynchat_get_data(d, &len);

	ENSURE(got != NULL && len == expected && memcmp(got, line, len) == 0);
	soak.bytes += len;
	if (was_cut(d))
		return 0;
	if (self->answered == self->lines) {
		decide(d, DONE);
		return asynchat_close_when_done(d);
	}
	ask(d);
	return 0;
}

static int
question_came(struct asyncore_dispatcher *d)
{
	char line[LONGEST + 1];
	size_t len;
	const char *got = asynchat_get_data(d, &len);

	ENSURE(got != NULL && len <= LONGEST);
	if (was_cut(d))
		return 0;
	memcpy(line, got, len);
	line[len] = '\n';
	return push_somehow(d, line, len + 1);
}

#define OF_A_CHAT							\
		.base = &asynchat_async_chat_class.dispatcher,		\
		.flags = ASYNCHAT_CLASS,				\
		OF_A_PARTY

static const struct asynchat_class asker_class = {
	.dispatcher = {
		.name = "Asker",
		.instance_size = sizeof(struct asker),
		OF_A_CHAT
	},
	.collect_incoming_data = asynchat_collect,
	.found_terminator = answer_came,
};

static const struct asynchat_class answerer_class = {
	.dispatcher = {
		.name = "Answerer",
		.instance_size = sizeof(struct party),
		OF_A_CHAT
	},
	.collect_incoming_data = asynchat_collect,
	.found_terminator = question_came,
};

/* Two questions are always under way.  A push may end the channel. */
void
begin_lines(void)
{
	struct asyncore_dispatcher *a, *b;
	struct asker *self;
	int fds[2];

	make_pair(SOCK_STREAM, fds);
	b = join_chat(&answerer_class, fds[0]);
	ENSURE(asynchat_set_terminator(b, "\n", 1) == 0);
	ENSURE(asynchat_set_limit(b, LONGEST + 1) == 0);
	a = asyncore_ref(join_chat(&asker_class, fds[1]));
	self = asyncore_self(a);
	self->seed = below(1u << 30);
	self->lines = 1 + (int)below(30);
	ENSURE(asynchat_set_terminator(a, "\n", 1) == 0);
	ENSURE(asyncore_set_timeout(a, 30) == 0);
	ask(a);
	ask(a);
	asyncore_unref(a);
}

/* ---- Datagrams, which a pair of local sockets does not lose. ---- */

struct counter {
	struct party party;
	uint32_t next, total;
};

static int
throw(struct asyncore_dispatcher *d)
{
	struct counter *self = asyncore_self(d);
	ssize_t n;

	if (was_cut(d))
		return 0;
	n = asyncore_send(d, &self->next, sizeof self->next);
	if (n <= 0)
		return (int)n;
	ENSURE(n == sizeof self->next);
	if (++self->next < self->total)
		return 0;
	decide(d, DONE);
	return asyncore_close(d);
}

static int
catch(struct asyncore_dispatcher *d)
{
	struct counter *self = asyncore_self(d);
	uint32_t got;
	ssize_t n = asyncore_recv(d, &got, sizeof got);

	if (n <= 0)
		return (int)n;
	ENSURE(n == sizeof got && got == self->next);
	soak.bytes += (uint64_t)n;
	if (++self->next < self->total)
		return 0;
	decide(d, DONE);
	return asyncore_close(d);
}

static const struct asyncore_class thrower_class = {
	.name = "Thrower",
	.instance_size = sizeof(struct counter),
	.readable = asyncore_never,
	.handle_write = throw,
	OF_A_PARTY
};

static const struct asyncore_class catcher_class = {
	.name = "Catcher",
	.instance_size = sizeof(struct counter),
	.writable = asyncore_never,
	.handle_read = catch,
	OF_A_PARTY
};

/* Of a thrower that was cut its catcher hears nothing: a timeout ends it. */
void
begin_datagrams(void)
{
	struct asyncore_dispatcher *d;
	struct counter *thrower, *catcher;
	int fds[2];

	make_pair(SOCK_DGRAM, fds);
	thrower = asyncore_self(join(&thrower_class, fds[0]));
	d = join(&catcher_class, fds[1]);
	catcher = asyncore_self(d);
	catcher->party.until_cut = 0;
	thrower->total = catcher->total = 1 + below(100);
	ENSURE(asyncore_set_timeout(d, 0.2) == 0);
}

/* ---- Silence. ---- */

struct silent {
	struct party party;
	int other;
};

static void
silent_finalize(struct asyncore_dispatcher *d)
{
	const struct silent *self = asyncore_self(d);

	ENSURE(close(self->other) == 0);
	on_finalize(d);
}

static int
silent_read(struct asyncore_dispatcher *d)
{
	(void)d;
	give_up(__FILE__, __LINE__, "nobody says anything");
	return 0;
}

static const struct asyncore_class silent_class = {
	.name = "Silent",
	.instance_size = sizeof(struct silent),
	.writable = asyncore_never,
	.handle_read = silent_read,
	.handle_close = on_close,
	.handle_timeout = on_timeout,
	.handle_error = on_error,
	.finalize = silent_finalize,
};

void
begin_silence(void)
{
	struct asyncore_dispatcher *d;
	struct silent *self;
	int fds[2];

	make_pair(SOCK_STREAM, fds);
	d = join(&silent_class, fds[0]);
	self = asyncore_self(d);
	self->other = fds[1];
	ENSURE(asyncore_set_timeout(d, 0.001 * (1 + below(5))) == 0);
}

/* ---- Calls. ---- */

static int
count_call(void *arg)
{
	(void)arg;
	soak.called++;
	return 0;
}

/* Of ten one is cancelled, one moved. */
void
schedule_calls(void)
{
	long long calls[10];
	int i;

	for (i = 0; i < 10; i++) {
		calls[i] = asyncore_call_later(soak.map, 0.0001 * below(100),
		    count_call, NULL);
		ENSURE(calls[i] > 0);
		soak.scheduled++;
	}
	ENSURE(asyncore_cancel_call(soak.map, calls[below(10)]) == 0);
	soak.cancelled++;
	i = asyncore_reschedule_call(soak.map, calls[below(10)],
	    0.001 * below(10));
	ENSURE(i == 0 || i == -ENOENT);
}
