/*
 * producer.c - asynchat.simple_producer: gives a copy of some bytes out, piece
 * by piece.
 */
#include "chat.h"

#include <stdlib.h>
#include <string.h>

struct simple {
	struct asynchat_producer producer;
	size_t at, len, piece;
	char data[];
};

static int
simple_more(struct asynchat_producer *producer, struct evbuffer *out)
{
	struct simple *p = (struct simple *)producer;
	size_t n = p->len - p->at;

	if (n > p->piece)
		n = p->piece;
	if (evbuffer_add(out, p->data + p->at, n) != 0)
		return -ENOMEM;
	p->at += n;
	return 0;
}

static void
simple_free(struct asynchat_producer *producer)
{
	free(producer);
}

struct asynchat_producer *
asynchat_simple_producer(const void *data, size_t len, size_t buffer_size)
{
	struct simple *p;

	if ((data == NULL && len > 0) || len > SIZE_MAX - sizeof *p)
		return NULL;
	p = malloc(sizeof *p + len);
	if (p == NULL)
		return NULL;
	p->producer.more = simple_more;
	p->producer.free = simple_free;
	p->at = 0;
	p->len = len;
	p->piece = buffer_size > 0 ? buffer_size : 512;
	if (len > 0)
		memcpy(p->data, data, len);
	return &p->producer;
}
