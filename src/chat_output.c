/*
 * chat_output.c - how an async_chat's queue goes out, and what is put into it.
 *
 * The item that is being sent stays in the queue, and nothing that a hook or a
 * producer does meanwhile frees it.
 */
#include "chat.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- Sending. ---- */

static size_t
smaller(size_t a, long long b)
{
	return a < (unsigned long long)b ? a : (size_t)b;
}

static bool
is_plain(const struct asyncore_dispatcher *d)
{
	return d->transport == &asyncore__socket_transport &&
	    d->sends;
}

/* Where sendfile cannot be used, the file's next bytes come into `data`. */
static int
read_file(struct asyncore_dispatcher *d, struct asyncore__item *item)
{
	const size_t len = smaller(asyncore__chat_out_size(d), item->length);
	struct evbuffer_iovec v;
	ssize_t n;

	if (evbuffer_reserve_space(item->data, (ev_ssize_t)len, &v, 1) != 1)
		return -ENOMEM;
	do
		n = pread(item->fd, v.iov_base, len, (off_t)item->offset);
	while (n < 0 && errno == EINTR);
	if (n <= 0)		/* it has become shorter */
		return n < 0 ? -errno : -EIO;
	v.iov_len = (size_t)n;
	if (evbuffer_commit_space(item->data, &v, 1) != 0)
		return -ENOMEM;
	item->offset += n;
	item->length -= n;
	return 0;
}

/* Puts something into item->data, if there is anything. */
static int
refill(struct asyncore_dispatcher *d, struct asyncore__item *item)
{
	if (item->length > 0)
		return read_file(d, item);
	if (item->producer != NULL)
		return item->producer->more(item->producer, item->data);
	return 0;
}

/*
 * Asked before each send: a chat may get another transport in between.  Where a
 * size_t has 32 bits, libevent takes no segment that ends beyond it.
 */
static bool
goes_by_sendfile(const struct asyncore_dispatcher *d,
    const struct asyncore__item *item)
{
	const unsigned long long end = (unsigned long long)item->offset +
	    asyncore__chat_out_size(d);

	return item->length > 0 && evbuffer_get_length(item->data) == 0 &&
	    end <= SIZE_MAX && is_plain(d);
}

static ssize_t
send_file(struct asyncore_dispatcher *d, struct asyncore__item *item)
{
	const size_t len = smaller(asyncore__chat_out_size(d), item->length);
	ssize_t n = asyncore__send_file(d, item->fd, item->offset, len);

	if (n > 0) {
		item->offset += n;
		item->length -= n;
	}
	return asyncore__after_send(d, n, len);
}

/* A send() of the user's gets the bytes in one piece. */
static ssize_t
send_by_override(struct asyncore_dispatcher *d, struct evbuffer *data,
    size_t limit)
{
	const size_t len = evbuffer_get_length(data);
	const void *p;
	ssize_t n;

	if (limit > len)
		limit = len;
	p = evbuffer_pullup(data, (ev_ssize_t)limit);
	if (p == NULL)
		return -ENOMEM;
	n = asyncore_send(d, p, limit);
	if (n > 0)
		(void)evbuffer_drain(data, (size_t)n);
	return n;
}

static ssize_t
send_data(struct asyncore_dispatcher *d, struct asyncore__item *item)
{
	const size_t limit = asyncore__chat_out_size(d);

	if (!d->sends)
		return send_by_override(d, item->data, limit);
	return asyncore__flush(d, item->data, limit);
}

static bool
is_empty(const struct asyncore__item *item)
{
	return evbuffer_get_length(item->data) == 0;
}

static bool
is_spent(const struct asyncore__item *item)
{
	return is_empty(item) && item->length == 0 && item->producer == NULL;
}

/* 1: the item has nothing more, go on with the next. */
static int
prepare(struct asyncore_dispatcher *d, struct asyncore__item *item)
{
	int err = is_empty(item) ? refill(d, item) : 0;

	if (item->dropped)
		return err < 0 && err != -EAGAIN ? err : 1;
	if (err == -EAGAIN) {	/* a producer with nothing for now */
		d->starved = d->in_map && asyncore__resume_soon(d->map) == 0;
		return err;
	}
	if (err < 0 || is_empty(item)) {
		asyncore__queue_remove(item);
		return err < 0 ? err : 1;
	}
	return 0;
}

static int
serve_busy(struct asyncore_dispatcher *d, struct asyncore__item *item)
{
	ssize_t n;
	int err = 0;

	if (goes_by_sendfile(d, item)) {
		n = send_file(d, item);
	} else {
		err = prepare(d, item);
		if (err != 0 || !d->connected)
			return err;
		n = send_data(d, item);
	}
	if (!item->dropped && (is_spent(item) || (n < 0 && item->fd >= 0)))
		asyncore__queue_remove(item);
	return n < 0 ? (int)n : 0;
}

static int
serve(struct asyncore_dispatcher *d, struct asyncore__item *item)
{
	int result;

	item->busy = true;
	result = serve_busy(d, item);
	item->busy = false;
	if (item->dropped)
		asyncore__item_free(item);
	return result;
}

/* Differs: what is pushed from inside of it is queued, not sent out of turn. */
static int
send_queue(struct asyncore_dispatcher *d, struct asyncore__chat *c)
{
	struct asyncore__item *item;
	int result = 1;

	c->sending = true;
	d->starved = false;
	while (result == 1 && d->connected &&
	    (item = asyncore__queue_first(c)) != NULL && !item->is_end)
		result = serve(d, item);
	c->sending = false;
	if (result != 1 || !d->connected || asyncore__queue_first(c) == NULL)
		return result < 0 ? result : 0;
	asyncore__queue_remove(asyncore__queue_first(c));
	return asyncore_handle_close(d);
}

/* An error of a send that no hook asked for is named after ours. */
static int
route(struct asyncore_dispatcher *d, int err)
{
	if (asyncore__raised(err) && d->failed == HOOK_NONE)
		d->failed = HOOK_INITIATE_SEND;
	return err < 0 ? asyncore__route(d, err) : 0;
}

int
asyncore__chat_write(struct asyncore_dispatcher *d)
{
	return asynchat_initiate_send(d);
}

int
asynchat_initiate_send(struct asyncore_dispatcher *d)
{
	struct asyncore__chat *c = asyncore__chat_of(d);
	int err;

	if (c == NULL)
		return -EINVAL;
	if (c->sending)
		return 0;
	asyncore_ref(d);
	err = route(d, send_queue(d, c));
	asyncore__called(d);
	asyncore_unref(d);
	return err;
}

/* ---- Queueing. ---- */

static int
queue_bytes(struct asyncore__chat *c, const void *data, size_t len)
{
	struct asyncore__item *item = asyncore__queue_tail(c);

	if (item == NULL || evbuffer_add(item->data, data, len) != 0)
		return -ENOMEM;
	return 0;
}

/*
 * With an empty queue the bytes are sent from where they are; the rest is
 * queued before any hook runs, which may free them.
 */
static int
send_or_queue(struct asyncore_dispatcher *d, struct asyncore__chat *c,
    const char *data, size_t len)
{
	const size_t most = asyncore__chat_out_size(d);
	const size_t some = len < most ? len : most;
	const ssize_t n = asyncore__transport_send(d, data, some);
	const size_t sent = n > 0 ? (size_t)n : 0;
	int err = 0, result;

	if (sent < len)
		err = queue_bytes(c, data + sent, len - sent);
	asyncore_ref(d);
	result = route(d, (int)asyncore__after_send(d, n, some));
	asyncore__called(d);
	asyncore_unref(d);
	return result < 0 ? result : err;
}

int
asynchat_push(struct asyncore_dispatcher *d, const void *data, size_t len)
{
	struct asyncore__chat *c = asyncore__chat_of(d);
	int err;

	if (c == NULL || (data == NULL && len > 0))
		return -EINVAL;
	if (len > 0 && asyncore__queue_first(c) == NULL && d->connected &&
	    !c->sending && is_plain(d))
		return send_or_queue(d, c, data, len);
	if (len > 0 && (err = queue_bytes(c, data, len)) < 0)
		return err;
	return asynchat_initiate_send(d);
}

int
asynchat_push_buffer(struct asyncore_dispatcher *d, struct evbuffer *buffer)
{
	struct asyncore__chat *c = asyncore__chat_of(d);
	struct asyncore__item *item;

	if (c == NULL || buffer == NULL)
		return -EINVAL;
	if (evbuffer_get_length(buffer) > 0) {
		item = asyncore__queue_tail(c);
		if (item == NULL ||
		    evbuffer_add_buffer(item->data, buffer) != 0)
			return -ENOMEM;
	}
	return asynchat_initiate_send(d);
}

static int
queue_producer(struct asyncore__chat *c, struct asynchat_producer *producer)
{
	struct asyncore__item *item;

	if (c == NULL || producer == NULL || producer->more == NULL)
		return -EINVAL;
	item = asyncore__item_new();
	if (item == NULL)
		return -ENOMEM;
	item->producer = producer;
	asyncore__queue_append(c, item);
	return 0;
}

int
asynchat_push_with_producer(struct asyncore_dispatcher *d,
    struct asynchat_producer *producer)
{
	int err = queue_producer(asyncore__chat_of(d), producer);

	if (err == 0)
		return asynchat_initiate_send(d);
	if (producer != NULL && producer->free != NULL)
		producer->free(producer);
	return err;
}

/* How much of the file is meant; a negative errno value if it has not that. */
static long long
length_of(int fd, long long offset, long long length)
{
	struct stat st;
	const int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fstat(fd, &st) != 0)
		return -errno;
	if ((flags & O_ACCMODE) == O_WRONLY)
		return -EBADF;
	if (!S_ISREG(st.st_mode) || offset < 0 || offset > st.st_size)
		return -EINVAL;
	if (length < 0)
		return st.st_size - offset;
	return length <= st.st_size - offset ? length : -EINVAL;
}

static int
queue_file(struct asyncore__chat *c, int fd, long long offset,
    long long length)
{
	struct asyncore__item *item;

	length = length_of(fd, offset, length);
	if (length < 0)
		return (int)length;
	item = asyncore__item_new();
	if (item == NULL)
		return -ENOMEM;
	item->offset = offset;
	item->length = length;
	item->fd = fd;
	asyncore__queue_append(c, item);
	return 0;
}

int
asynchat_push_file(struct asyncore_dispatcher *d, int fd, long long offset,
    long long length)
{
	struct asyncore__chat *c = asyncore__chat_of(d);
	int err = c != NULL ? queue_file(c, fd, offset, length) : -EINVAL;

	if (err == 0)
		return asynchat_initiate_send(d);
	if (fd >= 0)
		close(fd);
	return err;
}

int
asynchat_close_when_done(struct asyncore_dispatcher *d)
{
	struct asyncore__chat *c = asyncore__chat_of(d);
	struct asyncore__item *item;

	if (c == NULL)
		return -EINVAL;
	item = asyncore__item_new();
	if (item == NULL)
		return -ENOMEM;
	item->is_end = true;
	asyncore__queue_append(c, item);
	asyncore__called(d);
	return 0;
}
