/*
 * attributes.c - what a dispatcher says of itself, and the assignments that
 * ports and bindings make.
 */
#include "internal.h"

void
asyncore_touch(struct asyncore_dispatcher *d)
{
	if (d != NULL)
		asyncore__changed(d);
}

int
asyncore_fileno(const struct asyncore_dispatcher *d)
{
	return d != NULL ? d->fd : -1;
}

bool
asyncore_connected(const struct asyncore_dispatcher *d)
{
	return d != NULL && d->connected;
}

bool
asyncore_connecting(const struct asyncore_dispatcher *d)
{
	return d != NULL && d->connecting;
}

bool
asyncore_accepting(const struct asyncore_dispatcher *d)
{
	return d != NULL && d->accepting;
}

bool
asyncore_closed(const struct asyncore_dispatcher *d)
{
	return d != NULL && d->closed;
}

const struct sockaddr *
asyncore_addr(const struct asyncore_dispatcher *d, socklen_t *len)
{
	if (len != NULL)
		*len = d != NULL ? d->addr.len : 0;
	return d != NULL ? asyncore__address_get(&d->addr) : NULL;
}

const struct asyncore_class *
asyncore_class_of(const struct asyncore_dispatcher *d)
{
	return d != NULL ? d->cls : NULL;
}

struct asyncore_map *
asyncore_map_of(const struct asyncore_dispatcher *d)
{
	return d != NULL ? d->map : NULL;
}

/* One that is said to be in use is watched from now on. */
static int
state_changed(struct asyncore_dispatcher *d, bool in_use)
{
	d->watched = d->watched || in_use;
	asyncore__changed(d);
	return 0;
}

int
asyncore_set_connected(struct asyncore_dispatcher *d, bool connected)
{
	if (d == NULL)
		return -EINVAL;
	d->connected = connected;
	return state_changed(d, connected);
}

int
asyncore_set_connecting(struct asyncore_dispatcher *d, bool connecting)
{
	if (d == NULL)
		return -EINVAL;
	d->connecting = connecting;
	return state_changed(d, connecting);
}

int
asyncore_set_accepting(struct asyncore_dispatcher *d, bool accepting)
{
	if (d == NULL)
		return -EINVAL;
	d->accepting = accepting;
	return state_changed(d, accepting);
}

int
asyncore_set_debug(struct asyncore_dispatcher *d, bool debug)
{
	if (d == NULL)
		return -EINVAL;
	d->debug = debug;
	return 0;
}

int
asyncore_set_addr(struct asyncore_dispatcher *d, const struct sockaddr *addr,
    socklen_t addrlen)
{
	struct asyncore__address a;
	int err;

	if (d == NULL)
		return -EINVAL;
	if ((err = asyncore__address_set(&a, addr, addrlen)) < 0)
		return err;
	asyncore__address_move(&d->addr, &a);
	asyncore__called(d);
	return 0;
}
