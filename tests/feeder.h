/*
 * feeder.h - a chat whose transport has no descriptor: it gives what the test
 * feeds, one piece a read, and what the chat's hooks get is kept for comparison.
 */
#ifndef FEEDER_H
#define FEEDER_H

#include "testing.h"

#include "asynchat.h"

#define FEEDER_SIZE 16384

/* What was collected, and where in it found_terminator() was called. */
extern char got[FEEDER_SIZE];
extern size_t got_len, ends[FEEDER_SIZE], n_ends;

/* What a hook does besides; its result is the hook's.  NULL: 0. */
typedef int (*feeder_action)(struct asyncore_dispatcher *d);
extern feeder_action fed_collect, fed_found;

extern const struct asynchat_class feeder_class;

/* One with this terminator; what others got is forgotten. */
struct asyncore_dispatcher *new_feeder(const void *bytes, size_t len);
struct asyncore_dispatcher *new_feeder_of(const struct asynchat_class *cls,
    const void *bytes, size_t len);
void end_feeder(struct asyncore_dispatcher *d);

/* What ends a piece. */
struct end {
	size_t len;			/* of bytes; 0: a count */
	long long count;		/* 0, with no bytes: there is none */
	const char *bytes;
};

/* One whose found_terminator() goes through a list; after it there is none. */
struct asyncore_dispatcher *new_listed_feeder(const struct end *es, size_t n);

/* One read that gives these bytes. */
void feed(struct asyncore_dispatcher *d, const char *data, size_t len);
void feed_text(struct asyncore_dispatcher *d, const char *text);
/* Reads of `chunk` bytes. */
void feed_in(struct asyncore_dispatcher *d, const char *data, size_t len,
    size_t chunk);

/* What was collected, as text, with a '|' where an end was found. */
void ck_pieces(const char *expected);

#endif /* FEEDER_H */
