/*
 * asynchat.h - Python's asynchat in C: channels that speak in lines, or in any
 * pieces that a terminator ends.
 *
 * A chat reads, cuts its input at the terminator and calls two hooks:
 * collect_incoming_data() with what came, as often as needed, and
 * found_terminator() where the terminator was.  Output is a queue of pieces
 * and producers, sent as the peer takes it.
 *
 *	static int
 *	line_found(struct asyncore_dispatcher *d)
 *	{
 *		size_t len;
 *		const void *line = asynchat_get_data(d, &len);
 *
 *		return asynchat_push(d, line, len);
 *	}
 *
 *	static const struct asynchat_class line_class = {
 *		.dispatcher = {
 *			.name = "Line",
 *			.base = &asynchat_async_chat_class.dispatcher,
 *			.flags = ASYNCHAT_CLASS,
 *		},
 *		.collect_incoming_data = asynchat_collect,
 *		.found_terminator = line_found,
 *	};
 *
 *	d = asynchat_spawn(&line_class, fd, NULL);
 *	asynchat_set_terminator(d, "\r\n", 2);
 *
 * Ownership, errors, and where functions may be called: as in asyncore.h.  A
 * function here that is given a dispatcher of another kind answers -EINVAL
 * (NULL or 0 where it cannot answer with an error).
 */
#ifndef ASYNCHAT_H
#define ASYNCHAT_H

#include <asyncore.h>

#ifdef __cplusplus
extern "C" {
#endif

struct evbuffer;

/*
 * .dispatcher.flags of every struct asynchat_class: this is how the library
 * knows that a class of the chain has the slots of a chat, and is not a plain
 * struct asyncore_class.  A constructor refuses (EINVAL) a class without it.
 */
#define ASYNCHAT_CLASS 0x2u

/*
 * A class with async_chat among its bases.  Slots and their inheritance are as
 * in struct asyncore_class; so is its growth.
 */
struct asynchat_class {
	struct asyncore_class dispatcher;

	/* Some input, never empty, without the terminator.  `data` is good
	 * until the hook returns.  The default answers -ENOSYS, as Python
	 * raises NotImplementedError. */
	int (*collect_incoming_data)(struct asyncore_dispatcher *d,
	    const void *data, size_t len);
	/* The terminator was found, or the count is complete.  It may set
	 * another one, which holds for what is buffered already.  The default
	 * answers -ENOSYS. */
	int (*found_terminator)(struct asyncore_dispatcher *d);
	/* More than the limit came without a terminator.  The default logs an
	 * error and calls handle_close().  If it leaves the channel open, the
	 * rest of that piece is thrown away, with its terminator, and
	 * found_terminator() is not called for it. */
	int (*handle_overflow)(struct asyncore_dispatcher *d);

	/* ac_in_buffer_size: read at most so many bytes at once; and
	 * ac_out_buffer_size: send at most so many.  0: inherited; at last
	 * 65536. */
	size_t ac_in_buffer_size;
	size_t ac_out_buffer_size;

	/* Room for later releases; NULL. */
	void (*reserved[11])(void);
};

/* asynchat.async_chat, every slot filled. */
extern const struct asynchat_class asynchat_async_chat_class;

/* ------------------------------------------------------------------------
 * Life: as asyncore_new(), asyncore_new_socket(), asyncore_spawn().
 * ------------------------------------------------------------------------ */

struct asyncore_dispatcher *asynchat_new(const struct asynchat_class *cls,
    struct asyncore_map *map);
struct asyncore_dispatcher *asynchat_new_socket(
    const struct asynchat_class *cls, int fd, struct asyncore_map *map);
struct asyncore_dispatcher *asynchat_spawn(const struct asynchat_class *cls,
    int fd, struct asyncore_map *map);

/* ------------------------------------------------------------------------
 * Input
 * ------------------------------------------------------------------------ */

/*
 * d.set_terminator(bytes): what ends a piece, of any length, any bytes; copied.
 * len 0: there is none, everything is collected, as it is at first.  -ENOMEM:
 * the old one holds.
 */
int asynchat_set_terminator(struct asyncore_dispatcher *d, const void *bytes,
    size_t len);

/*
 * d.set_terminator(n): the next n bytes are a piece.  When they have come, the
 * count is 0, found_terminator() is called once, and everything is collected
 * until another terminator is set.  -EINVAL: n < 0.
 */
int asynchat_set_terminator_count(struct asyncore_dispatcher *d, long long n);

/*
 * d.get_terminator(): the bytes and their number; NULL and 0: there is none, or
 * a count.  *count (may be NULL): what is left of a count, -1: it is none.
 */
const void *asynchat_get_terminator(const struct asyncore_dispatcher *d,
    size_t *len, long long *count);

/*
 * No piece may be longer than this (0: no limit, as at first): when more has
 * come without a terminator, handle_overflow() is called.  It does not bind
 * where there is no terminator.
 */
int asynchat_set_limit(struct asyncore_dispatcher *d, size_t bytes);

/*
 * _collect_incoming_data(data): a ready-made collect_incoming_data, which keeps
 * what came for asynchat_get_data().  -ENOMEM.
 */
int asynchat_collect(struct asyncore_dispatcher *d, const void *data,
    size_t len);

/*
 * _get_data(): what was collected since it was last called, in one piece, and
 * forgets it.  NULL: d is no chat, or memory is short (nothing is forgotten
 * then).  Not ended by a NUL.  Borrowed: good until the hook that asks for it
 * returns (asked for outside of a hook: until d reads again), but no longer
 * than to the next asynchat_get_data() on d or its end.
 */
const void *asynchat_get_data(struct asyncore_dispatcher *d, size_t *len);

/* ------------------------------------------------------------------------
 * Output.  Each of these queues something and then (but for close_when_done)
 * tries once to send, at most ac_out_buffer_size bytes.  An error of that send
 * goes to handle_error(), as in Python, and is not answered here; what is
 * answered is whether it was queued: 0 or -ENOMEM, -EINVAL; or what leaves the
 * loop.  The queue outlives a close, as in Python: a chat that connects anew
 * sends it then.
 * ------------------------------------------------------------------------ */

/*
 * d.push(data); copies what the peer does not take at once.  -ENOMEM: the
 * beginning of it may have been sent.
 */
int asynchat_push(struct asyncore_dispatcher *d, const void *data, size_t len);

/*
 * Takes everything out of `buffer`, without copying it; the empty buffer stays
 * the caller's.  There is no file in it that only sendfile can read (of a buffer
 * with EVBUFFER_FLAG_DRAINS_TO_FD): asynchat_push_file() sends such.
 */
int asynchat_push_buffer(struct asyncore_dispatcher *d,
    struct evbuffer *buffer);

/*
 * Sends `length` bytes of the file `fd` from `offset` on (length < 0: to its
 * end), by sendfile where the system and the transport can.  Owns fd, also on
 * failure.
 */
int asynchat_push_file(struct asyncore_dispatcher *d, int fd, long long offset,
    long long length);

/*
 * Something that makes output when it is wanted.  A producer of one's own is a
 * struct that begins with this one.
 */
struct asynchat_producer {
	/* Appends the next bytes to `out`; appending none says that there are
	 * no more.  -EAGAIN: none for now; it is asked again
	 * by the next push or asynchat_initiate_send(), or after 0.1 s.
	 * Another negative errno value goes to handle_error(), and the
	 * producer is freed.  It may call anything on the channel. */
	int (*more)(struct asynchat_producer *producer, struct evbuffer *out);
	/* It has finished, failed, or is not wanted any more.  May be NULL. */
	void (*free)(struct asynchat_producer *producer);
};

/* d.push_with_producer(producer): owns it, also on failure. */
int asynchat_push_with_producer(struct asyncore_dispatcher *d,
    struct asynchat_producer *producer);

/*
 * asynchat.simple_producer(data, buffer_size): gives a copy of `data` out, at
 * most buffer_size (0: 512) bytes at once.  NULL: out of memory.
 */
struct asynchat_producer *asynchat_simple_producer(const void *data,
    size_t len, size_t buffer_size);

/*
 * d.close_when_done(): handle_close() is called when all that was queued before
 * is sent.  What is queued afterwards is not sent, as the channel is closed.
 */
int asynchat_close_when_done(struct asyncore_dispatcher *d);

/* d.initiate_send(): sends at most ac_out_buffer_size bytes of the queue. */
int asynchat_initiate_send(struct asyncore_dispatcher *d);

/*
 * d.discard_buffers(): forgets all input that was not handed out yet, what was
 * collected, and all output.  The piece that is coming goes on: what came of it
 * still counts for a count, and for the limit.
 */
int asynchat_discard_buffers(struct asyncore_dispatcher *d);

/*
 * asynchat.find_prefix_at_end(haystack, needle): how many bytes at the end of
 * the haystack are a beginning of the needle, which is not in it whole.
 */
size_t asynchat_find_prefix_at_end(const void *haystack, size_t haystack_len,
    const void *needle, size_t needle_len);

#ifdef __cplusplus
}
#endif

#endif /* ASYNCHAT_H */
