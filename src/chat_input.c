/*
 * chat_input.c - from what recv() gives to collect_incoming_data() and
 * found_terminator().
 *
 * Input is parsed where recv() put it, in a scratch buffer of the map; an idle
 * chat has none.  What cannot be handed out yet, the beginning of a terminator
 * or what a failed hook left, is held for the next read.  Bytes count as handed
 * out before the hook is called, so that no hook sees a byte twice.
 *
 * A hook may run a loop that reads the same chat.  In found_terminator() that
 * inner read takes over what is not parsed yet; in collect_incoming_data(), in
 * the middle of a piece, it only puts its input behind.
 */
#include "chat.h"

#include <stdlib.h>
#include <string.h>

/* A buffer of the map's, or a new one while that is in use; at least *size. */
static char *
take_scratch(struct asyncore_map *map, size_t *size)
{
	char *p = map->scratch;

	if (p == NULL || map->scratch_size < *size)
		return malloc(*size);
	map->scratch = NULL;
	*size = map->scratch_size;
	return p;
}

static void
give_scratch(struct asyncore_map *map, char *p, size_t size)
{
	if (map->freed || (map->scratch != NULL && map->scratch_size >= size)) {
		free(p);
		return;
	}
	free(map->scratch);
	map->scratch = p;
	map->scratch_size = size;
}

static void
begin_piece(struct asyncore__chat *c)
{
	c->complete = INCOMPLETE;
	c->collected = 0;
	c->overflown = false;
}

void
asyncore__chat_forget_input(struct asyncore__chat *c)
{
	c->unparsed_len = 0;
	c->aside = false;
	if (!c->collecting && c->complete != INCOMPLETE)
		begin_piece(c);
	if (c->held != NULL)
		(void)evbuffer_drain(c->held, evbuffer_get_length(c->held));
}

/*
 * The descriptor of that epoch is gone, and its input with it; but a loop in
 * the hook that closed it may have read the next one.
 */
static void
forget_stream(struct asyncore__chat *c, uint32_t epoch)
{
	if (c->epoch == epoch)
		asyncore__chat_forget_input(c);
}

/*
 * Adds what was not handed out to `input`; on failure nothing has changed.  What
 * an outer read has in its stack is copied.
 */
int
asyncore__chat_give_input(struct asyncore_dispatcher *d,
    struct evbuffer *input)
{
	struct asyncore__chat *c = d->extra;

	if (c->epoch != d->epoch)	/* it came from another descriptor */
		return 0;
	if (c->unparsed_len > 0 &&
	    evbuffer_add(input, c->unparsed, c->unparsed_len) != 0)
		return -ENOMEM;
	if (c->held != NULL)
		(void)evbuffer_add_buffer(input, c->held);
	asyncore__chat_forget_input(c);
	return 0;
}

static int
hold(struct asyncore__chat *c, const char *data, size_t len,
    int (*add)(struct evbuffer *, const void *, size_t))
{
	if (len == 0)
		return 0;
	if (c->held == NULL)
		c->held = evbuffer_new();
	if (c->held == NULL || add(c->held, data, len) != 0)
		return -ENOMEM;
	return 0;
}

static size_t
held_len(const struct asyncore__chat *c)
{
	return c->held != NULL ? evbuffer_get_length(c->held) : 0;
}

/* ---- One step of parsing; the bytes are taken before a hook hears of them. */

static const char *
take(struct asyncore__chat *c, size_t len)
{
	const char *p = c->unparsed;

	c->unparsed += len;
	c->unparsed_len -= len;
	return p;
}

static int
collect(struct asyncore_dispatcher *d, struct asyncore__chat *c,
    const char *data, size_t len)
{
	int err;

	if (len == 0 || c->overflown)
		return 0;
	if (c->limit > 0 && (c->collected > c->limit ||
	    len > c->limit - c->collected)) {
		c->overflown = true;
		return asyncore__chat_overflow(d);
	}
	c->collected += len;
	c->collecting = true;
	err = asyncore__chat_collect(d, data, len);
	c->collecting = false;
	return err;
}

/* A piece is complete, and all of it was collected. */
static int
found(struct asyncore_dispatcher *d, struct asyncore__chat *c)
{
	const bool overflown = c->overflown;

	if (c->complete == BY_COUNT) {
		asyncore__terminator_clear(&c->terminator);
		c->terminator.count = 0;
	}
	begin_piece(c);
	return overflown ? 0 : asyncore__chat_found(d);
}

/*
 * The last of a piece.  Should the hook fail, found_terminator() is due all the
 * same, when there is more to parse.  A loop inside of handle_overflow() that
 * reads goes on behind the piece, which is no more ours to end then.
 */
static int
collect_last(struct asyncore_dispatcher *d, struct asyncore__chat *c,
    const char *data, size_t len, bool by_count)
{
	const uint32_t epoch = d->epoch;
	bool ours;
	int err;

	c->complete = by_count ? BY_COUNT : BY_BYTES;
	c->piece = data;
	err = collect(d, c, data, len);
	ours = c->complete != INCOMPLETE && c->piece == data;
	c->piece = NULL;
	if (asyncore__raised(err) || d->epoch != epoch || !ours)
		return err;
	return found(d, c);
}

/* No terminator: everything is collected, and no limit binds. */
static int
parse_all(struct asyncore_dispatcher *d, struct asyncore__chat *c)
{
	const size_t len = c->unparsed_len;
	int err;

	c->overflown = false;
	c->collecting = true;
	err = asyncore__chat_collect(d, take(c, len), len);
	c->collecting = false;
	c->collected = 0;
	return err;
}

static int
parse_count(struct asyncore_dispatcher *d, struct asyncore__chat *c)
{
	const long long count = c->terminator.count;
	size_t len = c->unparsed_len;

	if ((unsigned long long)count > len) {
		c->terminator.count -= (long long)len;
		return collect(d, c, take(c, len), len);
	}
	len = (size_t)count;
	return collect_last(d, c, take(c, len), len, true);
}

/* *more turns false where only the beginning of a terminator is left. */
static int
parse_bytes(struct asyncore_dispatcher *d, struct asyncore__chat *c,
    bool *more)
{
	const struct asyncore__terminator *t = &c->terminator;
	const char *data = c->unparsed, *at;
	size_t len;

	at = asyncore__terminator_find(t, data, c->unparsed_len);
	if (at == NULL) {
		len = asyncore__terminator_prefix(t, data, c->unparsed_len);
		*more = len == 0;
		len = c->unparsed_len - len;
		return collect(d, c, take(c, len), len);
	}
	len = (size_t)(at - data);
	(void)take(c, len + t->len);
	return collect_last(d, c, data, len, false);
}

/* Differs: after a hook has closed the channel nothing more is parsed. */
static int
parse(struct asyncore_dispatcher *d, struct asyncore__chat *c)
{
	const uint32_t epoch = d->epoch;
	bool more = true;
	int err = 0, err2;

	while (more && !asyncore__raised(err) && c->unparsed_len > 0) {
		if (c->complete != INCOMPLETE)
			err = found(d, c);
		else if (c->terminator.count > 0)
			err = parse_count(d, c);
		else if (c->terminator.len > 0)
			err = parse_bytes(d, c, &more);
		else
			err = parse_all(d, c);
		err2 = asyncore__chat_keep_lent(c);
		if (!asyncore__raised(err) && err2 < 0)
			err = err2;
		if (d->epoch != epoch) {
			forget_stream(c, epoch);
			break;
		}
	}
	return err;
}

/* ---- Reading. ---- */

/* What an outer read left unparsed, and what is held. */
static size_t
waiting(const struct asyncore__chat *c)
{
	return c->unparsed_len + held_len(c);
}

/* Puts that before the `n` bytes at buf + room; it fits into `room`. */
static void
assemble(struct asyncore__chat *c, char *buf, size_t room, size_t n)
{
	const size_t left = c->unparsed_len, held = held_len(c);
	char *p = buf + (room - left - held);

	if (left > 0)
		memcpy(p, c->unparsed, left);
	if (held > 0)
		(void)evbuffer_remove(c->held, p + left, held);
	c->unparsed = p;
	c->unparsed_len = left + held + n;
}

/* Where a hook has failed all of it waits for the next read. */
static int
parse_and_hold(struct asyncore_dispatcher *d, struct asyncore__chat *c)
{
	int err = parse(d, c);
	int err2 = hold(c, c->unparsed, c->unparsed_len, evbuffer_prepend);

	if (asyncore__raised(err))
		c->aside = false;
	c->unparsed_len = 0;
	c->unparsed = NULL;
	return asyncore__raised(err) || err2 == 0 ? err : err2;
}

/* What came during a collect_incoming_data() is parsed now. */
static int
parse_aside(struct asyncore_dispatcher *d, struct asyncore__chat *c)
{
	size_t room;
	char *buf;
	int err = 0;

	while (c->aside && !asyncore__raised(err)) {
		c->aside = false;
		room = waiting(c);
		if (room == 0)
			break;
		if ((buf = malloc(room)) == NULL)
			return -ENOMEM;
		assemble(c, buf, room, 0);
		err = parse_and_hold(d, c);
		free(buf);
	}
	return err;
}

static int
put_aside(struct asyncore_dispatcher *d, struct asyncore__chat *c,
    const char *data, size_t len)
{
	c->aside = true;
	if (hold(c, data, len, evbuffer_add) < 0)
		return -ENOMEM;
	return c->collecting ? 0 : parse_aside(d, c);
}

/* A recv() that fails is handled here, as in Python: the hook did not fail. */
static int
failed(struct asyncore_dispatcher *d, int err)
{
	if (asyncore__raised(err) && d->failed == HOOK_NONE)
		d->failed = HOOK_READ;
	return asyncore__route(d, err);
}

/* At the end of the stream, too, what is waiting is parsed once more. */
static int
read_and_parse(struct asyncore_dispatcher *d, struct asyncore__chat *c,
    char *buf, size_t room, size_t size)
{
	const uint32_t epoch = d->epoch;
	ssize_t n = asyncore_recv(d, buf + room, size);
	int err;

	if (d->epoch != epoch)
		forget_stream(c, epoch);
	if (n < 0 || d->epoch != epoch)
		return failed(d, (int)n);
	if (waiting(c) > room)	/* a recv() of the user's has read before us */
		return put_aside(d, c, buf + room, (size_t)n);
	assemble(c, buf, room, (size_t)n);
	err = parse_and_hold(d, c);
	return asyncore__raised(err) ? err : parse_aside(d, c);
}

static int
read_aside(struct asyncore_dispatcher *d, struct asyncore__chat *c, char *buf,
    size_t size)
{
	ssize_t n = asyncore_recv(d, buf, size);

	return n > 0 ? put_aside(d, c, buf, (size_t)n) : failed(d, (int)n);
}

/* Another descriptor: what came from the last one has no end any more. */
static void
begin_stream(struct asyncore_dispatcher *d, struct asyncore__chat *c)
{
	asyncore__chat_forget_input(c);
	begin_piece(c);
	c->epoch = d->epoch;
}

int
asyncore__chat_read(struct asyncore_dispatcher *d)
{
	struct asyncore__chat *c = asyncore__chat_of(d);
	struct asyncore_map *map = d->map;
	const size_t size = asyncore__chat_in_size(d);
	const size_t room = waiting(c);
	size_t all = room + size;
	char *buf;
	int err;

	if (d->transport == NULL)
		return d->closed ? 0 : -ENOTCONN;
	if ((buf = take_scratch(map, &all)) == NULL)
		return -ENOMEM;
	if (c->epoch != d->epoch)
		begin_stream(d, c);
	asyncore__map_ref(map);
	if (c->collecting)
		err = read_aside(d, c, buf, size);
	else
		err = read_and_parse(d, c, buf, room, size);
	give_scratch(map, buf, all);
	asyncore__map_unref(map);
	return err;
}
