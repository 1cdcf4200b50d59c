/*
 * listener.c - listening and accepting.
 *
 * A listener outlives what goes wrong with one connection.  Where descriptors
 * or memory run out, the connection stays in the kernel's queue and the
 * listener readable: it pauses, or the loop would spin.
 */
#include "internal.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct timeval pause_time = { 0, 100000 };

int
asyncore_listen(struct asyncore_dispatcher *d, int backlog)
{
	if (d == NULL || backlog < 0)
		return -EINVAL;
	if (d->fd < 0)
		return -EBADF;
	if (listen(d->fd, backlog) != 0)
		return -errno;
	return asyncore_set_accepting(d, true);
}

static int
resume_one(struct asyncore_dispatcher *d, void *arg)
{
	(void)arg;
	if (d->paused || d->starved) {
		d->paused = d->starved = false;
		asyncore__changed(d);
	}
	return 0;
}

void
asyncore__on_resume(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)asyncore_map_foreach(arg, resume_one, NULL);
	asyncore__host_wake(arg);
}

/* Ends the wait in a while, if nothing does before. */
int
asyncore__resume_soon(struct asyncore_map *map)
{
	if (evtimer_pending(&map->resume, NULL))
		return 0;
	return evtimer_add(&map->resume, &pause_time) == 0 ? 0 : -ENOMEM;
}

static bool
is_shortage(int err)
{
	return err == -EMFILE || err == -ENFILE || err == -ENOBUFS ||
	    err == -ENOMEM;
}

/* Errors of that one connection, or of the network on its way here. */
static bool
is_passing(int err)
{
	switch (-err) {
	case EWOULDBLOCK:
	case ECONNABORTED:
	case EPROTO:
	case EPERM:
	case ENOPROTOOPT:
	case ENETDOWN:
	case ENETUNREACH:
	case EHOSTUNREACH:
	case ETIMEDOUT:
#ifdef EHOSTDOWN
	case EHOSTDOWN:
#endif
#ifdef ENONET
	case ENONET:
#endif
		return true;
	default:
		return false;
	}
}

static void
pause_listener(struct asyncore_dispatcher *d, int err)
{
	if (!d->pause_said)
		asyncore_log_info(d, "error", "accept: %s; the listener pauses",
		    asyncore_strerror(err));
	d->pause_said = true;
	d->map->counts.accept_pauses++;
	if (d->closed || !d->in_map)
		return;
	d->paused = asyncore__resume_soon(d->map) == 0;
	asyncore__changed(d);
}

/*
 * What asyncore_new_socket() may need to know of a child whose peer has gone
 * before anybody asked for its address.
 */
static void
remember(struct asyncore_dispatcher *d, int fd, const struct sockaddr *addr,
    socklen_t len)
{
	struct asyncore_map *map = d->map;
	struct asyncore__address a;

	map->accepted_fd = fd;
	asyncore__quota_remember(map, d->rare->quota);
	(void)asyncore__address_set(&a, addr, len);
	asyncore__address_move(&map->accepted_addr, &a);
}

static void
give_address(const struct sockaddr_storage *from, socklen_t len,
    struct sockaddr *addr, socklen_t *addrlen)
{
	if (addr == NULL)
		return;
	memcpy(addr, from, *addrlen < len ? *addrlen : len);
	*addrlen = len;
}

int
asyncore__default_accept(struct asyncore_dispatcher *d, struct sockaddr *addr,
    socklen_t *addrlen)
{
	struct sockaddr_storage from;
	socklen_t len = sizeof from;
	int fd;

	if (d->closed)
		return -EAGAIN;
	if (d->fd < 0)
		return -EBADF;
	if (asyncore__quota_is_full(d))
		return -EAGAIN;
	memset(&from, 0, sizeof from);
	fd = asyncore__socket_accept(d->fd, (struct sockaddr *)&from, &len);
	if (is_shortage(fd)) {
		pause_listener(d, fd);
		return -EAGAIN;
	}
	if (fd < 0)
		return is_passing(fd) ? -EAGAIN : fd;
	if ((fd = asyncore__socket_accepted(fd)) < 0)
		return fd;
	d->pause_said = false;
	remember(d, fd, (struct sockaddr *)&from, len);
	give_address(&from, len, addr, addrlen);
	return fd;
}
