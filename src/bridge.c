/*
 * bridge.c - descriptors that change sides: between bufferevents and channels
 * in both directions, and from an evconnlistener to a channel.
 *
 * What is buffered goes along, chain by chain, without being copied.  Whatever
 * can fail comes before anything is taken that could not be put back.  Input
 * that a bufferevent had read is served by a transport of its own, which makes
 * way for the plain socket's when it has no more.
 */
#include "internal.h"

#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_struct.h>
#include <event2/listener.h>

static void *
fail(int err)
{
	errno = -err;
	return NULL;
}

/* ---- The transport: first what was brought, then the kernel. ---- */

struct brought {
	struct asyncore_dispatcher *d;
	struct evbuffer *input;		/* never empty while it is in use */
};

static void
free_brought(struct brought *b)
{
	if (b != NULL && b->input != NULL)
		evbuffer_free(b->input);
	free(b);
}

/* NULL: out of memory. */
static struct brought *
new_brought(void)
{
	struct brought *b = calloc(1, sizeof *b);

	if (b == NULL || (b->input = evbuffer_new()) != NULL)
		return b;
	free(b);
	return NULL;
}

static void
make_way(struct brought *b)
{
	asyncore__set_transport(b->d, &asyncore__socket_transport, NULL);
	b->d->fed_in = 0;	/* nothing was read of what the wait has found */
	asyncore__changed(b->d);
	free_brought(b);
}

static ssize_t
brought_recv(void *state, int fd, void *buf, size_t len)
{
	struct brought *b = state;
	ssize_t n = evbuffer_copyout(b->input, buf, len);

	(void)fd;
	if (n <= 0 || evbuffer_drain(b->input, (size_t)n) != 0)
		return -EIO;
	if (evbuffer_get_length(b->input) == 0)
		make_way(b);
	return n;
}

static bool
brought_pending(void *state, int fd)
{
	(void)state;
	(void)fd;
	return true;
}

static int
brought_close(void *state, int fd)
{
	free_brought(state);
	return asyncore__socket_transport.close(NULL, fd);
}

static const struct asyncore_transport brought_transport = {
	.name = "bridge",
	.recv = brought_recv,
	.close = brought_close,
	.pending = brought_pending,
};

static struct brought *
brought_of(const struct asyncore_dispatcher *d)
{
	return d->transport == &brought_transport ? d->transport_state : NULL;
}

bool
asyncore__has_brought(const struct asyncore_dispatcher *d)
{
	return brought_of(d) != NULL;
}

/* ---- From a bufferevent. ---- */

/*
 * Filters, pairs and TLS hide behind the same functions, and one over TLS has a
 * descriptor too: only the operations tell them from a socket's.
 */
static int
check_plain(const struct bufferevent *bev, struct event_base *base)
{
	struct bufferevent *plain = bufferevent_socket_new(base, -1, 0);
	bool same;

	if (plain == NULL)
		return -ENOMEM;
	same = plain->be_ops == bev->be_ops;
	bufferevent_free(plain);
	return same ? 0 : -ENOTSUP;
}

/*
 * A file in the output is data that only sendfile can read; libevent tells it
 * from other data in that it makes no reference to it.
 */
static int
check_readable(struct evbuffer *output)
{
	struct evbuffer *reference = evbuffer_new();
	int err;

	if (reference == NULL)
		return -ENOMEM;
	(void)evbuffer_unfreeze(output, 1);
	err = evbuffer_add_buffer_reference(reference, output);
	(void)evbuffer_freeze(output, 1);
	evbuffer_free(reference);
	return err == 0 ? 0 : -EBUSY;
}

/* A class of chats is looked at as asynchat_new() does it. */
static int
check_class(const struct asyncore_class *cls,
    const struct asyncore__kind **kind)
{
	size_t size;
	int err = asyncore__class_check(cls, &size);

	*kind = err == 0 ? asyncore__class_kind(cls) : NULL;
	if (*kind != NULL && (*kind)->check != NULL)
		err = (*kind)->check(cls);
	return err;
}

static int
check_takeable(const struct asyncore_class *cls, struct bufferevent *bev,
    struct asyncore_map *map)
{
	const struct asyncore__kind *kind;
	struct evbuffer *output;
	int err = check_class(cls, &kind);

	if (err < 0)
		return err;
	if (bev == NULL || map->freed)
		return -EINVAL;
	if ((err = check_plain(bev, map->base)) < 0)
		return err;
	output = bufferevent_get_output(bev);
	if (evbuffer_get_length(output) == 0)
		return 0;
	if (kind == NULL)
		return -EBUSY;
	return check_readable(output);
}

static int
take_output(struct asyncore_dispatcher *d, struct bufferevent *bev)
{
	struct evbuffer *output = bufferevent_get_output(bev);
	int err;

	if (evbuffer_get_length(output) == 0)
		return 0;
	(void)evbuffer_unfreeze(output, 1);
	err = d->kind->take_output(d, output);
	(void)evbuffer_freeze(output, 1);
	return err;
}

/* On failure both buffers are as before. */
static int
take_buffers(struct asyncore_dispatcher *d, struct bufferevent *bev)
{
	struct evbuffer *input = bufferevent_get_input(bev);
	struct brought *b;
	int err;

	if (evbuffer_get_length(input) == 0)
		return take_output(d, bev);
	if ((b = new_brought()) == NULL)
		return -ENOMEM;
	err = evbuffer_add_buffer(b->input, input) == 0 ?
	    take_output(d, bev) : -EBUSY;
	if (err == 0) {
		b->d = d;
		asyncore__set_transport(d, &brought_transport, b);
		asyncore__changed(d);
		return 0;
	}
	(void)evbuffer_unfreeze(input, 0);
	(void)evbuffer_add_buffer(input, b->input);
	(void)evbuffer_freeze(input, 0);
	free_brought(b);
	return err;
}

/* Without a descriptor it has none to close. */
static void
free_without_fd(struct bufferevent *bev)
{
	int err = bufferevent_setfd(bev, -1);

	assert(err == 0);
	(void)err;
	bufferevent_free(bev);
}

/*
 * A socket without a peer that has not hung up is being connected, and one that
 * has an error was: a new one has hung up, too.
 */
static bool
is_connecting(const struct asyncore_dispatcher *d)
{
	struct pollfd p = { .fd = d->fd, .events = POLLOUT };

	return d->stream && !d->connected && poll(&p, 1, 0) >= 0 &&
	    (!(p.revents & POLLHUP) || (p.revents & POLLERR));
}

struct asyncore_dispatcher *
asyncore_take_bufferevent(const struct asyncore_class *cls,
    struct bufferevent *bev, struct asyncore_map *map)
{
	struct asyncore_dispatcher *d;
	int fd, err;

	map = asyncore__map_or_default(map);
	if (map == NULL)
		return fail(-ENOMEM);
	if ((err = check_takeable(cls, bev, map)) < 0)
		return fail(err);
	fd = bufferevent_getfd(bev);
	d = asyncore__wrap_socket(cls, &fd, map);
	if (d == NULL)
		return NULL;
	if ((err = take_buffers(d, bev)) < 0) {
		asyncore__discard(d);
		return fail(err);
	}
	if (is_connecting(d))
		(void)asyncore_set_connecting(d, true);
	free_without_fd(bev);
	return d;
}

/* ---- From an evconnlistener. ---- */

static int
become_listener(struct asyncore_dispatcher *d)
{
	struct sockaddr_storage addr;
	socklen_t len = sizeof addr;
	int err;

	if (getsockname(d->fd, (struct sockaddr *)&addr, &len) != 0)
		return -errno;
	err = asyncore_set_addr(d, (struct sockaddr *)&addr, len);
	return err < 0 ? err : asyncore_set_accepting(d, true);
}

static struct asyncore_dispatcher *
listen_on(const struct asyncore_class *cls, int *own, struct asyncore_map *map)
{
	struct asyncore_dispatcher *d = asyncore__wrap_socket(cls, own, map);
	int err;

	if (d == NULL || (err = become_listener(d)) == 0)
		return d;
	asyncore__discard(d);
	return fail(err);
}

/* A duplicate, as LEV_OPT_CLOSE_ON_FREE can be neither asked nor taken back. */
struct asyncore_dispatcher *
asyncore_take_evconnlistener(const struct asyncore_class *cls,
    struct evconnlistener *lev, struct asyncore_map *map)
{
	const struct asyncore__kind *kind;
	struct asyncore_dispatcher *d;
	int fd, err = check_class(cls, &kind);

	if (err < 0 || lev == NULL)
		return fail(err < 0 ? err : -EINVAL);
	map = asyncore__map_or_default(map);
	if (map == NULL)
		return fail(-ENOMEM);
	fd = fcntl(evconnlistener_get_fd(lev), F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return NULL;
	d = listen_on(cls, &fd, map);
	if (d == NULL) {
		err = -errno;
		if (fd >= 0)
			close(fd);
		return fail(err);
	}
	evconnlistener_free(lev);
	return d;
}

/* ---- To a bufferevent. ---- */

static int
check_givable(const struct asyncore_dispatcher *d)
{
	if (d == NULL || d->finalizing || d->map->freed)
		return -EINVAL;
	if (d->transport == NULL || d->closed)
		return -ENOTCONN;
	if (d->transport != &asyncore__socket_transport &&
	    brought_of(d) == NULL)
		return -ENOTSUP;
	return d->stream && !d->accepting ? 0 : -ENOTSUP;
}

/* On failure d is as before. */
static int
give_buffers(struct asyncore_dispatcher *d, struct bufferevent *bev)
{
	struct evbuffer *input = bufferevent_get_input(bev);
	struct brought *b = brought_of(d);
	int err = 0;

	(void)evbuffer_unfreeze(input, 0);
	if (d->kind != NULL)
		err = d->kind->give_buffers(d, input,
		    bufferevent_get_output(bev));
	if (err == 0 && b != NULL) {
		(void)evbuffer_add_buffer(input, b->input);
		make_way(b);
	}
	(void)evbuffer_freeze(input, 0);
	return err;
}

/* libevent's half of it; NULL with errno set. */
static struct bufferevent *
new_bufferevent(const struct asyncore_dispatcher *d, int options)
{
	struct bufferevent *bev = bufferevent_socket_new(d->map->base, d->fd,
	    options);

	if (bev == NULL)
		return fail(-ENOMEM);
	if (!d->connecting || bufferevent_socket_connect(bev, NULL, 0) == 0)
		return bev;
	free_without_fd(bev);
	return fail(-ENOMEM);
}

/* The bufferevent is on the map's base: a left_map() cannot free that. */
static int
give(struct asyncore_dispatcher *d, struct bufferevent *bev)
{
	struct asyncore_map *map = d->map;
	int err;

	map->walks++;
	err = give_buffers(d, bev);
	if (err == 0)
		err = asyncore_detach(d);
	map->walks--;
	return err;
}

struct bufferevent *
asyncore_give_bufferevent(struct asyncore_dispatcher *d, int options)
{
	struct bufferevent *bev;
	int err = check_givable(d);

	if (err < 0)
		return fail(err);
	if ((bev = new_bufferevent(d, options)) == NULL)
		return NULL;
	err = give(d, bev);
	if (err >= 0)
		return bev;
	free_without_fd(bev);
	return fail(err);
}
