/*
 * talker.h - a chat on a pair of sockets, whose hooks trace: what was collected
 * as it came, and '|' for found_terminator().
 */
#ifndef TALKER_H
#define TALKER_H

#include "testing.h"

#include "asynchat.h"

/* What the next call of a hook does besides, once; its result is the hook's. */
typedef int (*talker_action)(struct asyncore_dispatcher *d);
extern talker_action on_collect, on_found;

/*
 * Its handle_close() traces "close" and closes; its handle_error() traces "EIO"
 * and leaves the channel open.
 */
extern const struct asynchat_class talker_class;

extern struct asyncore_dispatcher *chat;
extern int chat_peer;

/* Makes the chat, with a terminator; the peer blocks. */
void start_of(const struct asynchat_class *cls, const char *terminator);
void start(const char *terminator);
/* There is no more in the trace; closes both. */
void end(void);

/* The peer writes. */
void say(const char *text);
/* The same, and a pass. */
void hear(const char *text);

/*
 * What the peer has read.  take_in() reads what is there, at most so much;
 * ck_inbox() waits for as much as is expected, compares, and empties it;
 * ck_inbox_end() does so for the end.
 */
#define INBOX_SIZE ((size_t)11 << 20)
extern char inbox[INBOX_SIZE];
extern size_t inbox_len;
void take_in(size_t most);
void ck_inbox(const char *expected);
void ck_inbox_bytes(const char *expected, size_t len);
void ck_inbox_end(void);
/* Passes, with a peer that reads, until the chat has nothing more to send. */
void deliver(void);

/* Actions. */
int raise_EIO(struct asyncore_dispatcher *d);
/* Hears `more`, with its trace in brackets. */
extern const char *more;
int read_more(struct asyncore_dispatcher *d);

#endif /* TALKER_H */
