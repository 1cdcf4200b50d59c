/*
 * connect.c - binding and connecting a socket, to addresses; hostname.c has
 * names.
 */
#include "internal.h"

#include <sys/socket.h>

int
asyncore_set_reuse_addr(struct asyncore_dispatcher *d)
{
	const int on = 1;

	if (d == NULL)
		return -EINVAL;
	if (setsockopt(d->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0)
		return -errno;
	return 0;
}

int
asyncore_bind(struct asyncore_dispatcher *d, const struct sockaddr *addr,
    socklen_t addrlen)
{
	struct asyncore__address a;
	int err;

	if (d == NULL || addr == NULL)
		return -EINVAL;
	if ((err = asyncore__address_set(&a, addr, addrlen)) < 0)
		return err;
	if (bind(d->fd, addr, addrlen) != 0) {
		err = -errno;
		asyncore__address_clear(&a);
		return err;
	}
	asyncore__address_move(&d->addr, &a);
	asyncore__called(d);
	return 0;
}

/*
 * EINTR: the connection goes on being made, as after EINPROGRESS.  Differs:
 * EAGAIN says that none is (a local listener's queue is full); asyncore would
 * call handle_connect() on it.
 */
static bool
is_pending(int err)
{
	return err == EINPROGRESS || err == EALREADY || err == EINTR;
}

static int
connected_at_once(struct asyncore_dispatcher *d)
{
	const uint32_t epoch = d->epoch;
	int err;

	asyncore_ref(d);
	err = asyncore_handle_connect_event(d);
	if (asyncore__raised(err) && d->epoch == epoch)
		(void)asyncore_set_connecting(d, false);
	asyncore_unref(d);
	return asyncore__raised(err) ? err : 0;
}

int
asyncore_connect(struct asyncore_dispatcher *d, const struct sockaddr *addr,
    socklen_t addrlen)
{
	struct asyncore__address a;
	int err;

	if (d == NULL || addr == NULL)
		return -EINVAL;
	if ((err = asyncore__address_set(&a, addr, addrlen)) < 0)
		return err;
	err = connect(d->fd, addr, addrlen) == 0 ? 0 : errno;
	if (err != 0 && err != EISCONN && !is_pending(err)) {
		asyncore__address_clear(&a);
		d->connected = d->connecting = false;
		asyncore__changed(d);
		return -err;
	}
	asyncore__address_move(&d->addr, &a);
	asyncore__stir(d->map);
	d->connected = false;
	(void)asyncore_set_connecting(d, true);
	return is_pending(err) ? 0 : connected_at_once(d);
}
