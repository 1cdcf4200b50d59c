/*
 * events.c - what an event means, and where an error goes.
 *
 * The default routers turn readiness into hooks, as asyncore's methods
 * handle_read_event() and so on do; the default hooks log that nobody handled
 * them.  An error that a router answers goes to handle_error(), one of
 * handle_error() itself to the log.  After every call of a hook the channel's
 * epoch tells whether the hook closed it or gave it another descriptor.
 */
#include "internal.h"

#include <limits.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* The connection is gone: _DISCONNECTED. */
bool
asyncore__disconnected(int err)
{
	switch (err) {
	case -ECONNRESET:
	case -ENOTCONN:
	case -ESHUTDOWN:
	case -ECONNABORTED:
	case -EPIPE:
	case -EBADF:
		return true;
	default:
		return false;
	}
}

/* ---- The default hooks. ---- */

static int
unhandled(struct asyncore_dispatcher *d, const char *event)
{
	asyncore_log_info(d, "warning", "unhandled %s event", event);
	return 0;
}

int
asyncore__default_read(struct asyncore_dispatcher *d)
{
	return unhandled(d, "read");
}

int
asyncore__default_write(struct asyncore_dispatcher *d)
{
	return unhandled(d, "write");
}

int
asyncore__default_expt(struct asyncore_dispatcher *d)
{
	return unhandled(d, "incoming priority");
}

int
asyncore__default_connect(struct asyncore_dispatcher *d)
{
	return unhandled(d, "connect");
}

int
asyncore__default_accepted(struct asyncore_dispatcher *d, int fd,
    const struct sockaddr *addr, socklen_t addrlen)
{
	(void)addr;
	(void)addrlen;
	close(fd);
	return unhandled(d, "accepted");
}

int
asyncore__default_handle_close(struct asyncore_dispatcher *d)
{
	(void)unhandled(d, "close");
	return asyncore_close(d);
}

/* A class that leaves it at this is asked again, as in Python. */
int
asyncore__default_eof(struct asyncore_dispatcher *d)
{
	d->eof = false;
	asyncore__changed(d);
	return asyncore_handle_close(d);
}

/* "handle_read", or what happened outside of any hook. */
static const char *
where(const struct asyncore_dispatcher *d)
{
	if (d->failed == HOOK_NONE)
		return "the poller";
	return asyncore__hook_name((enum asyncore__hook)d->failed);
}

/* A program's own value may have no positive counterpart. */
static int
errno_of(int err)
{
	return err < 0 && err > -INT_MAX ? -err : 0;
}

int
asyncore__default_error(struct asyncore_dispatcher *d, int err)
{
	const char *why = NULL;
	char repr[256];

	if (d->transport == NULL)	/* else it is not the name's error */
		why = asyncore_resolve_error(d);
	(void)asyncore_repr(d, repr, sizeof repr);
	asyncore_log_info(d, "error",
	    "uncaptured error, closing channel %s ([Errno %d] %s, in %s)", repr,
	    errno_of(err), why != NULL ? why : asyncore_strerror(err),
	    where(d));
	return asyncore_handle_close(d);
}

/* It is the channel's; `hook` raised it. */
static void
note(struct asyncore_dispatcher *d, int err, const char *hook)
{
	d->map->counts.errors++;
	asyncore__note(d->map, d, ASYNCORE_TRACE_ERROR, hook, err);
}

/* An error for which there is no hook (any more). */
static void
report(struct asyncore_dispatcher *d, int err, const char *hook)
{
	char repr[256];

	(void)asyncore_repr(d, repr, sizeof repr);
	asyncore_log_info(d, "error",
	    "uncaptured error of channel %s ([Errno %d] %s, in %s)", repr,
	    errno_of(err), asyncore_strerror(err), hook);
}

/*
 * Differs: an error of the child, or of what makes it, does not cost the
 * listener its life.
 */
int
asyncore__default_accept_hook(struct asyncore_dispatcher *d)
{
	struct sockaddr_storage addr;
	socklen_t len = sizeof addr;
	int fd, err;

	fd = asyncore_accept(d, (struct sockaddr *)&addr, &len);
	if (fd < 0)
		return fd;
	err = asyncore_handle_accepted(d, fd, (struct sockaddr *)&addr, len);
	if (!asyncore__raised(err) || asyncore__leaves_loop(err))
		return err;
	note(d, err, where(d));
	report(d, err, where(d));
	return 0;
}

/* ---- The default routers. ---- */

/* Differs: after handle_connect() it is looked at again. */
static int
connect_first(struct asyncore_dispatcher *d, int (*hook)(
    struct asyncore_dispatcher *))
{
	const uint32_t epoch = d->epoch;
	int err = 0;

	asyncore__hold(d);
	if (!d->connected && d->connecting)
		err = asyncore_handle_connect_event(d);
	if (!asyncore__raised(err) && d->epoch == epoch)
		err = hook(d);
	asyncore__drop(d);
	return err;
}

int
asyncore__default_read_event(struct asyncore_dispatcher *d)
{
	struct asyncore_map *map = d->map;
	int err;

	if (!d->accepting)
		return connect_first(d, asyncore_handle_read);
	asyncore__hold(d);
	asyncore__map_ref(map);
	err = asyncore_handle_accept(d);
	map->accepted_fd = -1;	/* its number may mean another soon */
	asyncore__map_unref(map);
	asyncore__drop(d);
	return err;
}

int
asyncore__default_write_event(struct asyncore_dispatcher *d)
{
	if (d->accepting)
		return 0;
	return connect_first(d, asyncore_handle_write);
}

/* A positive errno value, as getsockopt(SO_ERROR) gives it. */
int
asyncore__so_error(const struct asyncore_dispatcher *d)
{
	int err = 0;
	socklen_t len = sizeof err;

	if (d->transport == NULL)
		return EBADF;
	if (d->transport->so_error != NULL)
		return d->transport->so_error(d->transport_state, d->fd);
	if (getsockopt(d->fd, SOL_SOCKET, SO_ERROR, &err, &len) != 0)
		return errno;
	return err;
}

int
asyncore__default_connect_event(struct asyncore_dispatcher *d)
{
	const uint32_t epoch = d->epoch;
	int err = asyncore__so_error(d);

	if (err != 0)
		return asyncore__connect_next(d, -err);
	asyncore__lookup_end(d);
	asyncore__hold(d);
	err = asyncore_handle_connect(d);
	if (!asyncore__raised(err) && d->epoch == epoch) {
		d->connected = true;
		d->connecting = false;
		asyncore__changed(d);
	}
	asyncore__drop(d);
	return err;
}

int
asyncore__default_expt_event(struct asyncore_dispatcher *d)
{
	if (asyncore__so_error(d) != 0)
		return asyncore_handle_close(d);
	return asyncore_handle_expt(d);
}

/* ---- Where errors go. ---- */

/* handle_error() failed: it is reported, and nobody else suffers. */
static int
contain(struct asyncore_dispatcher *d, int err)
{
	note(d, err, "handle_error");
	report(d, err, "handle_error");
	err = asyncore_close(d);
	return asyncore__leaves_loop(err) ? err : 0;
}

int
asyncore__route_error(struct asyncore_dispatcher *d, int err)
{
	if (asyncore__leaves_loop(err))
		return err;
	note(d, err, where(d));
	if (d->closed) {
		report(d, err, where(d));
		return 0;
	}
	err = asyncore_handle_error(d, err);
	d->failed = HOOK_NONE;
	if (!asyncore__raised(err))
		return 0;
	return asyncore__leaves_loop(err) ? err : contain(d, err);
}

static int
call(struct asyncore_dispatcher *d, int (*router)(struct asyncore_dispatcher *))
{
	int err;

	if (d == NULL)
		return -EINVAL;
	asyncore__hold(d);
	err = asyncore__route(d, router(d));
	asyncore__drop(d);
	return err;
}

int
asyncore_read(struct asyncore_dispatcher *d)
{
	return call(d, asyncore_handle_read_event);
}

int
asyncore_write(struct asyncore_dispatcher *d)
{
	return call(d, asyncore_handle_write_event);
}

int
asyncore_exception(struct asyncore_dispatcher *d)
{
	return call(d, asyncore_handle_expt_event);
}

/* The steps of readwrite(); a new descriptor has nothing to do with them. */
static int
each_event(struct asyncore_dispatcher *d, short revents)
{
	static const struct {
		short bits;
		int (*router)(struct asyncore_dispatcher *);
	} steps[] = {
		{ POLLIN, asyncore_handle_read_event },
		{ POLLOUT, asyncore_handle_write_event },
		{ POLLPRI, asyncore_handle_expt_event },
		{ POLLHUP | POLLERR | POLLNVAL, asyncore_handle_close },
	};
	const uint32_t epoch = d->epoch;
	size_t i;
	int err = 0;

	for (i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		if (!(revents & steps[i].bits))
			continue;
		err = steps[i].router(d);
		if (asyncore__raised(err) || d->epoch != epoch)
			break;
	}
	return err;
}

int
asyncore_readwrite(struct asyncore_dispatcher *d, short revents)
{
	int err;

	if (d == NULL)
		return -EINVAL;
	asyncore__hold(d);
	err = each_event(d, revents);
	if (asyncore__disconnected(err) && !d->closed)
		err = asyncore_handle_close(d);
	err = asyncore__route(d, err);
	asyncore__drop(d);
	return err;
}
