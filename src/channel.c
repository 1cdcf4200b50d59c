/*
 * channel.c - the default methods of a dispatcher that has a descriptor: send,
 * recv, close, and its coming into and going out of a map.
 */
#include "internal.h"

#include <sys/socket.h>

static ssize_t
gone(struct asyncore_dispatcher *d, int (*hook)(struct asyncore_dispatcher *))
{
	int err = hook(d);

	return asyncore__raised(err) ? err : 0;
}

/* Whether what it is to be watched for may be another after every call. */
void
asyncore__note_mood(struct asyncore_dispatcher *d)
{
	const struct asyncore_transport *t = d->transport;

	d->moody = d->ask == ASK_ON_CHANGE || d->rare->high > 0 ||
	    (t != NULL && (t->pending != NULL || t->interest != NULL));
}

void
asyncore__set_transport(struct asyncore_dispatcher *d,
    const struct asyncore_transport *transport, void *state)
{
	d->transport = transport;
	d->transport_state = state;
	asyncore__note_mood(d);
}

ssize_t
asyncore__transport_send(const struct asyncore_dispatcher *d,
    const void *data, size_t len)
{
	const struct asyncore_transport *t = d->transport;

	if (t->send == NULL)
		return asyncore__socket_send(d->fd, data, len);
	return t->send(d->transport_state, d->fd, data, len);
}

static inline ssize_t
transport_recv(const struct asyncore_dispatcher *d, void *buf, size_t len)
{
	const struct asyncore_transport *t = d->transport;

	if (t->recv == NULL)
		return asyncore__socket_recv(d->fd, buf, len);
	return t->recv(d->transport_state, d->fd, buf, len);
}

/*
 * A send that took everything promises room; a send of nothing says nothing of
 * that, but is a datagram.
 */
static void
note_sent(struct asyncore_dispatcher *d, ssize_t n, size_t len)
{
	const bool all = n >= 0 && (size_t)n == len;

	if (len == 0) {
		if (all && d->datagram) {
			asyncore__note_activity(d);
			asyncore__stir(d->map);
		}
		return;
	}
	if (n > 0) {
		asyncore__note_activity(d);
		asyncore__stir(d->map);
		d->map->counts.bytes_out += (unsigned long long)n;
	}
	d->sent = d->sent || all;
	asyncore__set_blocked(d, !all);
}

/* What a transport's answer to a send of `len` bytes means. */
ssize_t
asyncore__after_send(struct asyncore_dispatcher *d, ssize_t n, size_t len)
{
	note_sent(d, n, len);
	if (n == -EAGAIN || n == -EWOULDBLOCK)
		return 0;
	if (n < 0 && asyncore__disconnected((int)n))
		return gone(d, asyncore_handle_close);
	return n;
}

ssize_t
asyncore__default_send(struct asyncore_dispatcher *d, const void *data,
    size_t len)
{
	ssize_t n;

	if (d->closed)
		return 0;
	if (d->transport == NULL)
		return -ENOTCONN;
	asyncore__hold(d);
	n = asyncore__transport_send(d, data, len);
	n = asyncore__after_send(d, n, len);
	asyncore__called(d);
	asyncore__drop(d);
	return n;
}

static ssize_t
send_of_class(struct asyncore_dispatcher *d, const void *data, size_t len)
{
	const struct asyncore_class *cls;
	ssize_t n;

	if (d->closed)
		return 0;
	ASYNCORE__FIND(cls, d, send);
	asyncore__hold(d);
	n = cls->send(d, data, len);
	asyncore__called(d);
	asyncore__drop(d);
	return n;
}

ssize_t
asyncore_send(struct asyncore_dispatcher *d, const void *data, size_t len)
{
	if (d == NULL || (data == NULL && len > 0))
		return -EINVAL;
	return d->sends ? asyncore__default_send(d, data, len) :
	    send_of_class(d, data, len);
}

static ssize_t
at_end(struct asyncore_dispatcher *d)
{
	if (d->datagram)
		asyncore__note_activity(d);
	if (d->datagram || d->eof)
		return 0;
	d->eof = true;
	asyncore__changed(d);
	return gone(d, asyncore_handle_eof);
}

static ssize_t
received_nothing(struct asyncore_dispatcher *d, ssize_t n)
{
	if (n == 0)
		return at_end(d);
	if (n == -EWOULDBLOCK)
		return -EAGAIN;
	if (asyncore__disconnected((int)n))
		return gone(d, asyncore_handle_close);
	return n;
}

ssize_t
asyncore__default_recv(struct asyncore_dispatcher *d, void *buf, size_t len)
{
	ssize_t n;

	if (d->closed)
		return 0;
	if (d->transport == NULL)
		return -ENOTCONN;
	asyncore__hold(d);
	n = transport_recv(d, buf, len);
	if (n < (ssize_t)len && n != 0)	/* an end is there to be read again */
		asyncore__spent(d);
	if (n > 0) {
		asyncore__note_activity(d);
		d->map->counts.bytes_in += (unsigned long long)n;
	} else {
		n = received_nothing(d, n);
	}
	asyncore__called(d);
	asyncore__drop(d);
	return n;
}

static ssize_t
recv_of_class(struct asyncore_dispatcher *d, void *buf, size_t len)
{
	const struct asyncore_class *cls;
	ssize_t n;

	if (d->closed)
		return 0;
	ASYNCORE__FIND(cls, d, recv);
	asyncore__hold(d);
	n = cls->recv(d, buf, len);
	asyncore__called(d);
	asyncore__drop(d);
	return n;
}

ssize_t
asyncore_recv(struct asyncore_dispatcher *d, void *buf, size_t len)
{
	if (d == NULL || buf == NULL || len == 0)
		return -EINVAL;
	return d->recvs ? asyncore__default_recv(d, buf, len) :
	    recv_of_class(d, buf, len);
}

int
asyncore__default_add_channel(struct asyncore_dispatcher *d,
    struct asyncore_map *map)
{
	int err = 0;

	if (d->transport == NULL || d->closed || d->leaving)
		return -EBADF;
	asyncore_ref(d);
	asyncore__map_ref(map);
	if (d->in_map && d->map != map)
		asyncore__map_leave_for_good(d);
	if (d->closed)
		err = -EBADF;
	else if (!d->in_map)
		err = asyncore__map_enter(map, d);
	asyncore__map_unref(map);
	asyncore_unref(d);
	return err;
}

int
asyncore__default_del_channel(struct asyncore_dispatcher *d)
{
	if (d->in_map)
		asyncore__map_leave(d);
	return 0;
}

/* Takes the descriptor away first: nobody can close it a second time. */
int
asyncore__close_transport(struct asyncore_dispatcher *d)
{
	const struct asyncore_transport *t = d->transport;
	const int fd = d->fd;

	if (t == NULL)
		return 0;
	asyncore__stir(d->map);
	d->transport = NULL;
	d->fd = -1;
	if (t->close != NULL)
		return t->close(d->transport_state, fd);
	return fd >= 0 ? asyncore__socket_transport.close(NULL, fd) : 0;
}

int
asyncore__default_close(struct asyncore_dispatcher *d)
{
	int err, err2;

	if (d->closed)
		return 0;
	asyncore_ref(d);
	asyncore__note(d->map, d, ASYNCORE_TRACE_CLOSE, "", 0);
	d->closed = true;
	d->epoch++;
	d->connected = d->connecting = d->accepting = false;
	asyncore__calls_end(d);
	asyncore__quota_leave(d);
	asyncore__lookup_end(d);
	err = asyncore_del_channel(d);
	if (d->in_map && d->closed)
		asyncore__map_leave(d);
	/* A left_map() may have given it up and opened another one. */
	err2 = d->closed ? asyncore__close_transport(d) : 0;
	asyncore_unref(d);
	if (asyncore__raised(err))
		return err;
	return err2 == -ENOTCONN || err2 == -EBADF ? 0 : err2;
}
