/*
 * chat.h - what asynchat's files know of each other: asynchat.c (life and
 * class), terminator.c, chat_input.c, chat_queue.c, chat_output.c, producer.c.
 */
#ifndef ASYNCORE_CHAT_H
#define ASYNCORE_CHAT_H

#include "internal.h"

#include <event2/buffer.h>

#include "asynchat.h"

#define SHORT_TERMINATOR 16

struct asyncore__terminator {
	long long count;	/* what is left of it; -1: it is no count */
	size_t len;		/* 0: no bytes */
	size_t *borders;	/* of each beginning of a long one */
	union {
		char here[SHORT_TERMINATOR];
		char *far;
	} u;
};

/* A chat's own state, behind the user's. */
struct asyncore__chat {
	struct asyncore__terminator terminator;
	size_t limit, collected;	/* of the piece that is coming */
	bool overflown;
	enum { INCOMPLETE, BY_BYTES, BY_COUNT } complete;
	uint32_t epoch;			/* of the descriptor it came from */
	bool collecting;		/* inside of collect_incoming_data() */
	bool aside;			/* input came meanwhile */
	bool sending;			/* inside of initiate_send() */
	const char *unparsed;		/* in somebody's stack of handle_read() */
	size_t unparsed_len;
	struct evbuffer *held;		/* came, and is not handed out yet */
	const char *piece;		/* that is complete, in collect... */
	const char *lent;		/* of it, for asynchat_get_data() */
	size_t lent_len;
	struct evbuffer *incoming;	/* what asynchat_collect() kept */
	struct evbuffer *given;		/* what asynchat_get_data() gave */
	struct asyncore__link queue;
};

/* Of its queue. */
struct asyncore__item {
	struct asyncore__link link;
	struct evbuffer *data;			/* what is to be sent next */
	struct asynchat_producer *producer;	/* and where more comes from */
	bool is_end;				/* of close_when_done() */
	int fd;					/* a file; -1: none */
	long long offset, length;		/* what is not in `data` yet */
	bool busy, dropped;			/* in use; to be freed then */
};

extern const struct asyncore__kind asyncore__chat_kind;

/* NULL: d is no chat. */
static inline struct asyncore__chat *
asyncore__chat_of(const struct asyncore_dispatcher *d)
{
	return d != NULL && d->kind == &asyncore__chat_kind ? d->extra : NULL;
}

/* asynchat.c */
int asyncore__chat_collect(struct asyncore_dispatcher *d, const void *data,
    size_t len);
int asyncore__chat_found(struct asyncore_dispatcher *d);
int asyncore__chat_overflow(struct asyncore_dispatcher *d);
int asyncore__chat_keep_lent(struct asyncore__chat *c);
size_t asyncore__chat_in_size(const struct asyncore_dispatcher *d);
size_t asyncore__chat_out_size(const struct asyncore_dispatcher *d);

/* terminator.c */
int asyncore__terminator_set(struct asyncore__terminator *t, const void *bytes,
    size_t len);
void asyncore__terminator_clear(struct asyncore__terminator *t);
const char *asyncore__terminator_bytes(const struct asyncore__terminator *t);
const char *asyncore__terminator_find(const struct asyncore__terminator *t,
    const char *data, size_t len);
size_t asyncore__terminator_prefix(const struct asyncore__terminator *t,
    const char *data, size_t len);

/* chat_input.c */
int asyncore__chat_read(struct asyncore_dispatcher *d);
void asyncore__chat_forget_input(struct asyncore__chat *c);
int asyncore__chat_give_input(struct asyncore_dispatcher *d,
    struct evbuffer *input);

/* chat_queue.c */
struct asyncore__item *asyncore__item_new(void);
void asyncore__item_free(struct asyncore__item *item);
struct asyncore__item *asyncore__queue_first(const struct asyncore__chat *c);
struct asyncore__item *asyncore__queue_tail(struct asyncore__chat *c);
void asyncore__queue_append(struct asyncore__chat *c,
    struct asyncore__item *item);
void asyncore__queue_remove(struct asyncore__item *item);
bool asyncore__chat_has_output(struct asyncore_dispatcher *d);
size_t asyncore__chat_pending(const struct asyncore_dispatcher *d);
int asyncore__chat_take_output(struct asyncore_dispatcher *d,
    struct evbuffer *output);
bool asyncore__chat_is_only_bytes(const struct asyncore__chat *c);
void asyncore__chat_give_output(struct asyncore__chat *c,
    struct evbuffer *output);
void asyncore__chat_forget_output(struct asyncore__chat *c);

/* chat_output.c */
int asyncore__chat_write(struct asyncore_dispatcher *d);

#endif /* ASYNCORE_CHAT_H */
