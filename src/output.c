/*
 * output.c - sending from an evbuffer, for the classes that have one.
 *
 * A plain socket takes all pieces of the buffer in one system call; another
 * transport, or a send() of the user's, gets them in one piece.  Nothing that
 * the peer does not take is lost.
 */
#include "internal.h"

#include <sys/uio.h>

#include <event2/buffer.h>

#define PIECES 16

/* One sendmsg(2) for the first `limit` bytes at most. */
static ssize_t
send_pieces(struct asyncore_dispatcher *d, struct evbuffer *out, size_t limit,
    size_t *asked)
{
	struct iovec v[PIECES];
	size_t total = 0;
	int i, n;

	n = evbuffer_peek(out, (ev_ssize_t)limit, NULL, v, PIECES);
	if (n > PIECES)
		n = PIECES;
	for (i = 0; i < n; i++) {
		if (v[i].iov_len > limit - total)
			v[i].iov_len = limit - total;
		total += v[i].iov_len;
	}
	*asked = total;
	return asyncore__socket_sendv(d->fd, v, n);
}

static ssize_t
send_whole(struct asyncore_dispatcher *d, struct evbuffer *out, size_t limit,
    size_t *asked)
{
	const void *data;

	*asked = limit;
	data = evbuffer_pullup(out, (ev_ssize_t)limit);
	return data != NULL ? asyncore__transport_send(d, data, limit) :
	    -ENOMEM;
}

/*
 * Sends at most `limit` bytes of `out`, which has some, and keeps the rest.
 * Answers as asyncore_send().  `out` is still there afterwards, whatever hooks
 * have run.  From one that the program has frozen, what was sent could not be
 * taken: nothing is sent.
 */
ssize_t
asyncore__flush(struct asyncore_dispatcher *d, struct evbuffer *out,
    size_t limit)
{
	const size_t len = evbuffer_get_length(out);
	size_t asked;
	ssize_t n;

	if (d->closed)
		return 0;
	if (d->transport == NULL)
		return -ENOTCONN;
	if (evbuffer_drain(out, 0) != 0)
		return -EBUSY;
	if (limit > len)
		limit = len;
	if (d->transport == &asyncore__socket_transport)
		n = send_pieces(d, out, limit, &asked);
	else
		n = send_whole(d, out, limit, &asked);
	if (n > 0)
		(void)evbuffer_drain(out, (size_t)n);
	return asyncore__after_send(d, n, asked);
}

static void
note_freed(const struct evbuffer_file_segment *segment, int flags, void *arg)
{
	bool *freed = arg;

	(void)segment;
	(void)flags;
	*freed = true;
}

/*
 * One call of sendfile, which libevent knows on each system.  A segment that
 * cannot be added for want of memory is freed by some of its releases, and by
 * others left to us.
 */
static ssize_t
sendfile_by_libevent(int to, int fd, long long offset, size_t len)
{
	struct evbuffer *out = evbuffer_new();
	struct evbuffer_file_segment *segment =
	    evbuffer_file_segment_new(fd, offset, (ev_off_t)len, 0);
	bool freed = false;
	ssize_t n = -ENOMEM;

	if (segment != NULL)
		evbuffer_file_segment_add_cleanup_cb(segment, note_freed,
		    &freed);
	if (out == NULL || segment == NULL ||
	    evbuffer_set_flags(out, EVBUFFER_FLAG_DRAINS_TO_FD) != 0 ||
	    evbuffer_add_file_segment(out, segment, 0, (ev_off_t)len) != 0)
		goto done;
	errno = 0;
	n = evbuffer_write(out, to);
	if (n < 0)
		n = errno != 0 ? -errno : -EIO;
	else if (n == 0)
		n = errno != 0 ? -EAGAIN : -EIO;
done:
	if (segment != NULL && !freed)
		evbuffer_file_segment_free(segment);
	if (out != NULL)
		evbuffer_free(out);
	return n;
}

/*
 * Sends from a file to a plain socket without copying.  A file that has become
 * shorter is an error (-EIO), or its channel would wait for ever.
 */
ssize_t
asyncore__send_file(struct asyncore_dispatcher *d, int fd, long long offset,
    size_t len)
{
	struct asyncore__sigpipe guard;
	ssize_t n;

	asyncore__sigpipe_hold(&guard);
	n = sendfile_by_libevent(d->fd, fd, offset, len);
	asyncore__sigpipe_release(&guard, n == -EPIPE);
	return n;
}
