/*
 * anything_slots.c - classes, what each of their slots does, and channels of
 * them; see anything.h.
 */
#include "anything.h"

#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#define N_PEERS 32

/* ---- Slots. ---- */

struct record *
enter(struct asyncore_dispatcher *d)
{
	struct record *r = record_of(d);

	must(!r->finalized);
	must(!r->closed);
	r->depth++;
	return r;
}

static int
any_result(void)
{
	static const int results[] = {
		-EPROTO, -EAGAIN, -ECONNRESET, -EIO, 1, ASYNCORE_EXIT_NOW
	};

	return one_in(6) ? results[any(6)] : 0;
}

int
finish(struct record *r)
{
	if (one_in(2))
		stir();
	r->depth--;
	return any_result();
}

static bool
any_answer(struct asyncore_dispatcher *d)
{
	struct record *r = enter(d);

	if (one_in(20))
		stir();
	r->depth--;
	return !one_in(3);
}

int
any_hook(struct asyncore_dispatcher *d)
{
	return finish(enter(d));
}

int
any_read(struct asyncore_dispatcher *d)
{
	struct record *r = enter(d);
	const int generation = r->generation;
	char buf[3];

	if (one_in(2))
		stir();
	if (r->generation == generation && !one_in(4))
		(void)asyncore_recv(d, buf, 1 + any(3));
	return finish(r);
}

int
any_write(struct asyncore_dispatcher *d)
{
	struct record *r = enter(d);

	if (one_in(2))
		(void)asyncore_send(d, "abc", any(4));
	return finish(r);
}

int
any_close(struct asyncore_dispatcher *d)
{
	struct record *r = enter(d);
	const int generation = r->generation;

	must(r->closes++ == 0);
	if (one_in(2))
		stir();
	if (r->generation == generation && !r->closed)
		(void)asyncore_close(d);
	return finish(r);
}

/* The default closes. */
int
any_eof(struct asyncore_dispatcher *d)
{
	struct record *r = enter(d);

	if (!one_in(3))
		(void)asyncore_handle_close(d);
	return finish(r);
}

int
any_timeout(struct asyncore_dispatcher *d)
{
	struct record *r = enter(d);

	if (one_in(2))
		(void)asyncore_handle_close(d);
	return finish(r);
}

int
any_error(struct asyncore_dispatcher *d, int err)
{
	struct record *r = enter(d);

	must(err < 0);
	must(err > ASYNCORE_EXIT_NOW);
	if (one_in(2))
		(void)asyncore_handle_close(d);
	return finish(r);
}

/* It has another one now; or none. */
void
new_descriptor(struct record *r)
{
	r->closed = false;
	r->closes = 0;
	r->generation++;
}

void
descriptor_gone(struct record *r)
{
	r->closed = true;
	r->generation++;
}

int
close_slot(struct asyncore_dispatcher *d)
{
	struct record *r = record_of(d);
	int err;

	if (!asyncore_closed(d))
		r->ends++;
	err = asyncore_dispatcher_class.close(d);
	must(err == 0);
	/* Its left_map() may have opened it again. */
	if (asyncore_closed(d))
		descriptor_gone(r);
	else
		must(asyncore_fileno(d) >= 0);
	if (one_in(4))
		stir();
	return 0;
}

int
add_channel_slot(struct asyncore_dispatcher *d, struct asyncore_map *m)
{
	struct record *r = record_of(d);
	const bool was_in = r->in == m;
	const int err = asyncore_dispatcher_class.add_channel(d, m);

	if (err == 0 && !was_in) {
		must(r->in == NULL);
		r->in = m;
	}
	if (one_in(8))
		stir();
	return err;
}

void
left_map_slot(struct asyncore_dispatcher *d, struct asyncore_map *m)
{
	struct record *r = record_of(d);

	must(r->in == m);
	must(!r->finalized);
	r->in = NULL;
	if (one_in(8))
		stir();
}

void
finalize_slot(struct asyncore_dispatcher *d)
{
	struct record *r = record_of(d);

	must(!r->finalized);
	must(r->depth == 0);
	must(r->refs == 0 && r->held == 0);
	must(r->in == NULL);
	must(asyncore_fileno(d) == -1);
	bury(r);
	if (one_in(8))
		stir();
}

void
log_slot(struct asyncore_dispatcher *d, const char *message, const char *type)
{
	must(message != NULL);
	must(type != NULL);
	must(!record_of(d)->finalized);
	if (one_in(8))
		stir();
}

static void make_socket(int fd);

int
any_accepted(struct asyncore_dispatcher *d, int fd, const struct sockaddr *addr,
    socklen_t addrlen)
{
	struct record *r = enter(d);

	must(addr != NULL && addrlen > 0);
	if (!is_full())
		make_socket(fd);
	else
		must(close(fd) == 0);
	return finish(r);
}

static const struct asyncore_class classes[] = {
	{ .handle_read = any_read, .handle_write = any_write, ANY_SLOTS },
	{ .base = &classes[0], .readable = any_answer, .writable = any_answer },
	{ .base = &classes[0], .readable = any_answer, .writable = any_answer,
	    .flags = ASYNCORE_ASK_ON_CHANGE },
	{ .base = &classes[0], .readable = any_answer,
	    .writable = asyncore_never },
};

static const struct asyncore_class file_class = {
	.base = &asyncore_file_dispatcher_class,
	.handle_read = any_read,
	.handle_write = any_write,
	ANY_SLOTS
};

/* ---- Making channels. ---- */

struct sockaddr_in anything_server;

static int peers[N_PEERS], n_peers;

bool
close_one_peer(void)
{
	if (n_peers == 0)
		return false;
	must(close(peers[--n_peers]) == 0);
	return true;
}

void
feed(struct record *r)
{
	(void)r;
	if (n_peers > 0)
		(void)send(peers[any((unsigned)n_peers)], "x\nyz", 4,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
}

void
shut_peer(struct record *r)
{
	(void)r;
	if (n_peers > 0)
		(void)shutdown(peers[any((unsigned)n_peers)], SHUT_WR);
}

/* The map may be its only owner. */
void
adopt(struct asyncore_dispatcher *d)
{
	struct record *r;

	must(d != NULL);
	r = record_of(d);
	if (one_in(2)) {
		r->refs--;
		asyncore_unref(d);
	}
}

static void
make_socket(int fd)
{
	const unsigned kind = any(6);
	const bool was_quiet = quiet;
	struct asyncore_dispatcher *d;

	quiet = true;
	if (kind == 4)
		d = asynchat_new_socket(&any_chat_class, fd, any_map());
	else if (kind == 5)
		d = asyncore_new_socket(&any_with_send_class, fd, any_map());
	else
		d = asyncore_new_socket(&classes[kind], fd, any_map());
	quiet = was_quiet;
	adopt(d);
}

static void
make_for_the_map_alone(void)
{
	struct asyncore_dispatcher *d;
	const bool was_quiet = quiet;

	quiet = true;
	d = asyncore_spawn(&classes[any(4)], new_pair(), any_map());
	quiet = was_quiet;
	must(d != NULL);
	record_of(d)->refs--;
}

/* One of a pair of local sockets; we keep the other one. */
int
new_pair(void)
{
	const int type = one_in(8) ? SOCK_DGRAM : SOCK_STREAM;
	int fds[2];

	must(socketpair(AF_UNIX, type, 0, fds) == 0);
	(void)send(fds[1], "some\ninput", any(10), MSG_NOSIGNAL);
	if (n_peers == N_PEERS)
		(void)close_one_peer();
	peers[n_peers++] = fds[1];
	return fds[0];
}

static void
make_file(void)
{
	struct asyncore_dispatcher *d;
	const bool was_quiet = quiet;
	int fds[2];

	must(pipe(fds) == 0);
	quiet = true;
	d = asyncore_new_file(&file_class, fds[one_in(2)], any_map());
	quiet = was_quiet;
	must(close(fds[0]) == 0 && close(fds[1]) == 0);
	adopt(d);
}

/* Connections end with a reset, so that no port is kept from the next ones. */
static int
new_listener(void)
{
	const struct linger reset = { 1, 0 };
	struct sockaddr_in *a = &anything_server;
	socklen_t len = sizeof *a;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	memset(a, 0, sizeof *a);
	a->sin_family = AF_INET;
	a->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must(fd >= 0 && bind(fd, (struct sockaddr *)a, len) == 0);
	must(getsockname(fd, (struct sockaddr *)a, &len) == 0);
	must(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset) == 0);
	return fd;
}

static void
make_listener(void)
{
	const int fd = new_listener();
	struct asyncore_dispatcher *d;

	make_socket(fd);
	d = asyncore_map_get(maps[0], fd);
	if (d == NULL)
		d = asyncore_map_get(maps[1], fd);
	must(asyncore_listen(d, 5) == 0);
}

void
make(struct record *r)
{
	(void)r;
	if (is_full())
		return;
	if (one_in(8))
		make_listener();
	else if (one_in(8))
		make_file();
	else if (one_in(4))
		make_for_the_map_alone();
	else
		make_socket(new_pair());
}
