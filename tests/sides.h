/*
 * sides.h - for the tests of bridges: a descriptor that is a bufferevent's or a
 * channel's, its peer, and what either side has received and sent.
 */
#ifndef SIDES_H
#define SIDES_H

#include "testing.h"

#include <event2/bufferevent.h>

#include "asynchat.h"

#define TURNS 2000		/* more than any test needs */

/*
 * Channels that trace what they receive, at most at_once bytes a read, and
 * "connect", "close", "refused" or "error", "accepted"; a chat '|' where a
 * piece ends.  The hooks of the chat then do what they are told to; NULL: nothing.
 */
extern const struct asyncore_class side_reader, side_sender;
extern const struct asynchat_class side_line;
extern size_t at_once;
extern int (*when_collecting)(struct asyncore_dispatcher *d);
extern int (*when_found)(struct asyncore_dispatcher *d);

/* The classes that keep output, for loop tests. */
extern const struct asyncore_class *const keepers[2];

/* Of one or the other, with far_end as its peer. */
extern int far_end;
struct bufferevent *new_bev(int opts);
struct asyncore_dispatcher *new_channel(const struct asyncore_class *cls);

/* Closes both ends; the bufferevent was made with these options. */
void close_far_end(void);
void end_channel(struct asyncore_dispatcher *d);
void end_bev(struct bufferevent *bev, int opts);

/* A turn of libevent's loop, and a pass; neither waits. */
struct event_base *host_base(void);
void host_turn(void);
void one_pass(void);

/* Turns until there is as much in the input of bev. */
size_t in_len(struct bufferevent *bev);
void await_input(struct bufferevent *bev, size_t want);
/* The peer writes, and bev has it in its input. */
void let_read(struct bufferevent *bev, const char *text);
/* Puts it into the output of bev, where it stays. */
void let_wait(struct bufferevent *bev, const char *text);
/* Takes out of the input what is expected to be all of it. */
void ck_input(struct bufferevent *bev, const char *expected);
/* What the peer gets, from one side or the other. */
void ck_peer(const char *expected);

/* A read callback, which traces the length of the input: "read:2". */
void on_bev_read(struct bufferevent *bev, void *arg);

#endif /* SIDES_H */
