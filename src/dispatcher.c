/*
 * dispatcher.c - a dispatcher's life, and how it comes by a descriptor.
 *
 * One allocation holds the dispatcher and, behind it, the instance's state.  It
 * is in exactly one of three conditions: without a descriptor, open, or closed;
 * each new descriptor begins a new epoch.
 */
#include "internal.h"

#include <fcntl.h>
#include <stdalign.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* Where the state begins: behind the dispatcher, aligned for any type. */
#define STATE								\
	((sizeof(struct asyncore_dispatcher) + alignof(max_align_t) - 1) /	\
	    alignof(max_align_t) * alignof(max_align_t))

void
asyncore__default_left_map(struct asyncore_dispatcher *d,
    struct asyncore_map *map)
{
	(void)d;
	(void)map;
}

void
asyncore__default_finalize(struct asyncore_dispatcher *d)
{
	(void)d;
}

const struct asyncore_class asyncore_dispatcher_class = {
	.name = "dispatcher",
	ASYNCORE__PLAIN_SLOTS
};

/* ---- Life. ---- */

struct asyncore__rare asyncore__nothing_rare;

/* To be written to; NULL: out of memory. */
struct asyncore__rare *
asyncore__rare(struct asyncore_dispatcher *d)
{
	struct asyncore__rare *own;

	if (d->rare != &asyncore__nothing_rare)
		return d->rare;
	own = calloc(1, sizeof *own);
	if (own != NULL)
		d->rare = own;
	return own;
}

static struct asyncore_dispatcher *
fail(int err)
{
	errno = -err;
	return NULL;
}

/* A size, made a multiple of any type's alignment. */
static size_t
aligned(size_t size)
{
	const size_t a = alignof(max_align_t);

	return (size + a - 1) / a * a;
}

static void
add_extra(struct asyncore_dispatcher *d, const struct asyncore__kind *kind,
    size_t size)
{
	d->kind = kind;
	if (kind == NULL)
		return;
	d->extra = (char *)d + STATE + aligned(size);
	if (kind->init != NULL)
		kind->init(d);
}

/* NULL with errno set; `map` is not NULL. */
static struct asyncore_dispatcher *
alloc(const struct asyncore_class *cls, struct asyncore_map *map)
{
	const struct asyncore__kind *kind;
	struct asyncore_dispatcher *d;
	size_t size, extra;
	int err = asyncore__class_check(cls, &size);

	if (err < 0 || map->freed)
		return fail(err < 0 ? err : -EINVAL);
	kind = asyncore__class_kind(cls);
	extra = kind != NULL ? kind->size : 0;
	if (size > SIZE_MAX / 2 - STATE - extra)
		return fail(-ENOMEM);
	d = calloc(1, STATE + aligned(size) + extra);
	if (d == NULL)
		return fail(-ENOMEM);
	d->cls = cls;
	d->rare = &asyncore__nothing_rare;
	d->refs = 1;
	d->fd = -1;
	d->map = map;
	asyncore__map_ref(map);
	asyncore__list_init(&d->asked);
	asyncore__list_init(&d->all);
	asyncore__list_init(&d->changed);
	asyncore__list_init(&d->standing);
	asyncore__class_bind(d);
	asyncore__note_mood(d);
	add_extra(d, kind, size);
	return d;
}

struct asyncore_dispatcher *
asyncore__new(const struct asyncore_class *cls, struct asyncore_map *map)
{
	map = asyncore__map_or_default(map);
	return map != NULL ? alloc(cls, map) : NULL;
}

/* A chat is made by asynchat_new(), which knows its class better. */
static bool
is_for_others(const struct asyncore_class *cls)
{
	const struct asyncore__kind *kind;
	size_t size;

	if (asyncore__class_check(cls, &size) < 0)
		return false;
	kind = asyncore__class_kind(cls);
	return kind != NULL && kind->flags != 0;
}

struct asyncore_dispatcher *
asyncore_new(const struct asyncore_class *cls, struct asyncore_map *map)
{
	return asyncore__new(is_for_others(cls) ? NULL : cls, map);
}

struct asyncore_dispatcher *
asyncore_ref(struct asyncore_dispatcher *d)
{
	if (d != NULL)
		d->refs++;
	return d;
}

/* finalize() runs with a reference, so that it may call what takes one. */
void
asyncore__dispose(struct asyncore_dispatcher *d)
{
	d->refs = 1;
	d->finalizing = d->closed = true;
	asyncore__calls_end(d);
	asyncore__quota_leave(d);
	asyncore__lookup_end(d);
	(void)asyncore__close_transport(d);
	if (!d->stillborn)
		asyncore__finalize(d);
	asyncore__note(d->map, d, ASYNCORE_TRACE_FREE, "", 0);
	if (d->kind != NULL)
		d->kind->fini(d);
	asyncore__address_clear(&d->addr);
	if (d->rare != &asyncore__nothing_rare) {
		free(d->rare->ignore_log_types);
		free(d->rare);
	}
	asyncore__map_unref(d->map);
	free(d);
}

void
asyncore_unref(struct asyncore_dispatcher *d)
{
	if (d != NULL && --d->refs == 0)
		asyncore__dispose(d);
}

/*
 * A constructor failed: nobody has seen d, so it is not finalized either.  A
 * descriptor that it had is the constructor's again.
 */
void
asyncore__discard(struct asyncore_dispatcher *d)
{
	d->stillborn = d->closed = true;
	if (d->in_map)
		asyncore__map_leave_for_good(d);
	d->transport = NULL;
	d->fd = -1;
	asyncore_unref(d);
}

void *
asyncore_self(const struct asyncore_dispatcher *d)
{
	return d != NULL ? (void *)((char *)d + STATE) : NULL;
}

/* ---- The descriptor. ---- */

void
asyncore__begin_epoch(struct asyncore_dispatcher *d)
{
	d->epoch++;
	d->closed = d->closing = false;
	d->eof = d->paused = d->pause_said = false;
	d->blocked = d->sent = d->never_writable = d->hung_up = false;
}

/*
 * d, which has none, gets a descriptor and enters its map.  What kind it is has
 * been said already (watched, pollable, stream, datagram).  On failure d is as
 * before, and the descriptor is the caller's.
 */
int
asyncore__adopt(struct asyncore_dispatcher *d,
    const struct asyncore_transport *transport, void *state, int fd)
{
	const bool was_closed = d->closed;
	uint32_t epoch;
	int err;

	asyncore__begin_epoch(d);
	epoch = d->epoch;
	asyncore__set_transport(d, transport, state);
	d->fd = fd;
	asyncore_ref(d);
	err = asyncore_add_channel(d, NULL);
	if (err < 0 && d->epoch == epoch && d->in_map)
		asyncore__map_leave_for_good(d);
	/* Or an add_channel() or left_map() of its own closed it. */
	if (err >= 0 || d->epoch != epoch) {
		asyncore_unref(d);
		return 0;
	}
	d->transport = NULL;
	d->fd = -1;
	d->closed = was_closed;
	asyncore_unref(d);
	return err;
}

static int
adopt_socket(struct asyncore_dispatcher *d, int fd, int type, bool watched)
{
	d->stream = type == SOCK_STREAM;
	d->datagram = type != SOCK_STREAM && type != SOCK_SEQPACKET;
	d->watched = watched || d->datagram;
	d->pollable = true;
	return asyncore__adopt(d, &asyncore__socket_transport, NULL, fd);
}

int
asyncore_create_socket(struct asyncore_dispatcher *d, int family, int type)
{
	int fd, err;

	if (d == NULL || d->finalizing)
		return -EINVAL;
	if (d->transport != NULL || asyncore__is_resolving(d))
		return -EBUSY;
	fd = asyncore__socket_create(family, type);
	if (fd < 0)
		return fd;
	err = adopt_socket(d, fd, asyncore__socket_type(type), false);
	if (err < 0)
		close(fd);
	return err;
}

static int
take_socket(struct asyncore_dispatcher *d, int fd)
{
	int type, err;
	socklen_t len = sizeof type;

	if (d->transport != NULL || asyncore__is_resolving(d))
		return -EBUSY;
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) != 0)
		return -errno;
	if ((err = asyncore__socket_prepare(fd)) < 0)
		return err;
	return adopt_socket(d, fd, type, true);
}

/* A number that is a channel's already is not ours to close. */
static bool
is_taken(const struct asyncore_map *map, int fd)
{
	return asyncore__map_find(map, fd) != NULL;
}

static int
drop(int fd, int err)
{
	if (fd >= 0)
		close(fd);
	return err;
}

int
asyncore_set_socket(struct asyncore_dispatcher *d, int fd)
{
	int err;

	if (d == NULL || d->finalizing)
		return drop(fd, -EINVAL);
	if ((fd >= 0 && fd == d->fd) || is_taken(d->map, fd))
		return -EEXIST;
	err = take_socket(d, fd);
	return err < 0 && err != -EEXIST ? drop(fd, err) : err;
}

/*
 * Differs: one that was accepted and has lost its peer since is connected, and
 * will find its end when it reads; in Python it is not, and may never read.
 */
static int
find_peer(struct asyncore_dispatcher *d)
{
	struct asyncore_map *map = d->map;
	struct sockaddr_storage addr;
	struct sockaddr *sa = (struct sockaddr *)&addr;
	socklen_t len = sizeof addr;

	if (getpeername(d->fd, sa, &len) == 0)
		return asyncore_set_addr(d, sa, len);
	if (errno != ENOTCONN && errno != EINVAL)
		return -errno;
	d->connected = d->stream && asyncore__socket_has_ended(d->fd);
	if (!d->connected || map->accepted_fd != d->fd)
		return 0;
	return asyncore_set_addr(d, asyncore__address_get(&map->accepted_addr),
	    map->accepted_addr.len);
}

/*
 * On failure the descriptor is the caller's; *own turns -1 where an
 * add_channel() has closed it.  `map` is not NULL.
 */
struct asyncore_dispatcher *
asyncore__wrap_socket(const struct asyncore_class *cls, int *own,
    struct asyncore_map *map)
{
	const int fd = *own;
	struct asyncore_dispatcher *d;
	int err;

	if (!map->freed && is_taken(map, fd))
		return fail(-EEXIST);
	d = alloc(cls, map);
	if (d == NULL)
		return NULL;
	d->connected = true;
	err = take_socket(d, fd);
	if (err == 0 && d->fd < 0)
		*own = -1;
	if (err == 0)
		err = find_peer(d);
	if (err == 0 && map->accepted_fd == fd)
		err = asyncore__quota_join(d, map->accepted_quota);
	if (map->accepted_fd == fd)
		map->accepted_fd = -1;
	if (err == 0)
		return d;
	asyncore__discard(d);
	return fail(err);
}

struct asyncore_dispatcher *
asyncore__new_socket(const struct asyncore_class *cls, int fd,
    struct asyncore_map *map)
{
	struct asyncore_dispatcher *d;

	map = asyncore__map_or_default(map);
	if (map == NULL)
		return fail(drop(fd, -ENOMEM));
	d = asyncore__wrap_socket(cls, &fd, map);
	if (d != NULL || errno == EEXIST)
		return d;
	return fail(drop(fd, -errno));
}

struct asyncore_dispatcher *
asyncore_new_socket(const struct asyncore_class *cls, int fd,
    struct asyncore_map *map)
{
	return asyncore__new_socket(is_for_others(cls) ? NULL : cls, fd, map);
}

/* One that an add_channel() has kept out of the map is held by nobody. */
struct asyncore_dispatcher *
asyncore__leave_to_map(struct asyncore_dispatcher *d)
{
	const bool is_held = d == NULL || d->refs > 1;

	if (!is_held)
		d->stillborn = true;
	asyncore_unref(d);
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
	return is_held ? d : fail(-EBADF);
}

struct asyncore_dispatcher *
asyncore_spawn(const struct asyncore_class *cls, int fd,
    struct asyncore_map *map)
{
	return asyncore__leave_to_map(asyncore_new_socket(cls, fd, map));
}

static bool
uses_reserved(const struct asyncore_transport *t)
{
	size_t i;

	for (i = 0; i < sizeof t->reserved / sizeof t->reserved[0]; i++)
		if (t->reserved[i] != NULL)
			return true;
	return false;
}

int
asyncore_set_transport(struct asyncore_dispatcher *d,
    const struct asyncore_transport *transport, void *state, int fd)
{
	if (d == NULL || transport == NULL || d->finalizing || fd < -1)
		return -EINVAL;
	if (uses_reserved(transport))
		return -ENOTSUP;
	if (fd >= 0 && fcntl(fd, F_GETFD) < 0)
		return -errno;
	if (d->transport != NULL) {
		if (fd != d->fd || asyncore__has_brought(d))
			return -EBUSY;
		asyncore__set_transport(d, transport, state);
		asyncore__changed(d);
		return 0;
	}
	if (asyncore__is_resolving(d))
		return -EBUSY;
	d->stream = fd >= 0;
	d->datagram = false;
	d->watched = true;
	d->pollable = fd >= 0;
	return asyncore__adopt(d, transport, state, fd);
}

int
asyncore_detach(struct asyncore_dispatcher *d)
{
	int fd;

	if (d == NULL)
		return -EINVAL;
	if (d->transport == NULL)
		return -ENOTCONN;
	if (d->transport != &asyncore__socket_transport &&
	    !asyncore__file_owns(d->transport))
		return -ENOTSUP;
	asyncore_ref(d);
	d->closed = true;
	d->epoch++;
	d->connected = d->connecting = d->accepting = false;
	asyncore__calls_end(d);
	asyncore__quota_leave(d);
	asyncore__lookup_end(d);
	if (d->in_map)
		asyncore__map_leave(d);
	/* A left_map() of its own may have taken it, and opened another one. */
	fd = -ENOTCONN;
	if (d->transport != NULL && d->closed) {
		fd = d->fd;
		d->fd = -1;
		d->transport = NULL;
	}
	asyncore_unref(d);
	return fd;
}
