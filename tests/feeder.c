/*
 * feeder.c - the chat that tests look at the parser with; see feeder.h.  It is
 * fed millions of times, and Check's assertions cost a system call each: here
 * they are only made to fail.
 */
#include "feeder.h"

#include <errno.h>
#include <string.h>

char got[FEEDER_SIZE];
size_t got_len, ends[FEEDER_SIZE], n_ends;
feeder_action fed_collect, fed_found;

static const char *input;
static size_t input_len;

static ssize_t
give(void *state, int fd, void *buf, size_t len)
{
	size_t n = input_len < len ? input_len : len;

	(void)state;
	(void)fd;
	if (n == 0)
		return -EAGAIN;
	memcpy(buf, input, n);
	input += n;
	input_len -= n;
	return (ssize_t)n;
}

static const struct asyncore_transport fed = {
	.name = "fed",
	.recv = give,
};

static int
collect(struct asyncore_dispatcher *d, const void *data, size_t len)
{
	if (len == 0 || len > FEEDER_SIZE - got_len)
		ck_abort_msg("%zu bytes were collected", len);
	memcpy(got + got_len, data, len);
	got_len += len;
	return fed_collect != NULL ? fed_collect(d) : 0;
}

static int
found(struct asyncore_dispatcher *d)
{
	if (n_ends == FEEDER_SIZE)
		ck_abort_msg("too many terminators");
	ends[n_ends++] = got_len;
	return fed_found != NULL ? fed_found(d) : 0;
}

const struct asynchat_class feeder_class = {
	.dispatcher = {
		.name = "Feeder",
		.base = &asynchat_async_chat_class.dispatcher,
		.flags = ASYNCHAT_CLASS,
	},
	.collect_incoming_data = collect,
	.found_terminator = found,
};

struct asyncore_dispatcher *
new_feeder_of(const struct asynchat_class *cls, const void *bytes, size_t len)
{
	struct asyncore_dispatcher *d = asynchat_new(cls, map);

	if (d == NULL || asyncore_set_transport(d, &fed, NULL, -1) != 0 ||
	    asynchat_set_terminator(d, bytes, len) != 0)
		ck_abort_msg("no feeder");
	got_len = n_ends = 0;
	return d;
}

struct asyncore_dispatcher *
new_feeder(const void *bytes, size_t len)
{
	return new_feeder_of(&feeder_class, bytes, len);
}

void
end_feeder(struct asyncore_dispatcher *d)
{
	if (asyncore_close(d) != 0)
		ck_abort_msg("no close");
	asyncore_unref(d);
}

static const struct end *list;
static size_t list_len;

static int
set_end(struct asyncore_dispatcher *d, size_t k)
{
	const struct end *e = &list[k];

	if (k >= list_len)
		return asynchat_set_terminator(d, NULL, 0);
	if (e->len > 0)
		return asynchat_set_terminator(d, e->bytes, e->len);
	return asynchat_set_terminator_count(d, e->count);
}

static int
set_next_end(struct asyncore_dispatcher *d)
{
	return set_end(d, n_ends);
}

struct asyncore_dispatcher *
new_listed_feeder(const struct end *es, size_t n)
{
	struct asyncore_dispatcher *d = new_feeder(NULL, 0);

	list = es;
	list_len = n;
	fed_found = set_next_end;
	if (set_end(d, 0) != 0)
		ck_abort_msg("no terminator");
	return d;
}

void
feed(struct asyncore_dispatcher *d, const char *data, size_t len)
{
	input = data;
	input_len = len;
	if (asyncore_read(d) != 0 || input_len != 0)
		ck_abort_msg("not all was read");
}

void
feed_text(struct asyncore_dispatcher *d, const char *text)
{
	feed(d, text, strlen(text));
}

void
feed_in(struct asyncore_dispatcher *d, const char *data, size_t len,
    size_t chunk)
{
	size_t n;

	for (; len > 0; data += n, len -= n) {
		n = len < chunk ? len : chunk;
		feed(d, data, n);
	}
}

void
ck_pieces(const char *expected)
{
	static char text[2 * FEEDER_SIZE + 1];
	char *p = text;
	size_t i, k = 0;

	for (i = 0; i <= got_len; i++) {
		for (; k < n_ends && ends[k] == i; k++)
			*p++ = '|';
		if (i < got_len)
			*p++ = got[i];
	}
	*p = '\0';
	if (strcmp(text, expected) != 0)
		ck_assert_str_eq(text, expected);
}
