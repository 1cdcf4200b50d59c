/*
 * anything.h - about twenty channels on two maps, whose hooks, predicates and
 * slots do anything to anybody: for check_random.c, which decides at random,
 * and fuzz_api.c, whose input decides.
 *
 * What must hold whatever they do: no hook of a closed channel, handle_close()
 * once a descriptor, finalize() once, with nothing held and under no hook; no
 * call of what is cancelled; a producer is freed once; a map knows exactly its
 * channels; in the end all memory and descriptors are free.
 */
#ifndef ANYTHING_H
#define ANYTHING_H

#include "config.h"

#include "fuzz.h"

#include <errno.h>
#include <sys/socket.h>

#include "asynchat.h"

/* Who decides, and what is his own affair. */
struct anything {
	unsigned (*any)(unsigned n);	/* below n */
	bool (*is_over)(void);		/* nobody acts any more; NULL: never */
	int (*loop)(double timeout, bool use_poll, struct asyncore_map *map,
	    int count);
	int (*stop)(struct asyncore_map *map);
	void (*let_pass)(double seconds);	/* NULL: time passes by itself */
	bool attaches;			/* and traces */
	int crowd;			/* so many are made at least */
};

/*
 * Does it for so many passes; the map is empty before and afterwards.  Answers
 * how many channels there were.
 */
int anything_happens(const struct anything *who, struct asyncore_map *map,
    int passes);

/* ---- Between its files. -------------------------------------------------- */

#define N_ALIVE 20

struct record {
	struct asyncore_dispatcher *d;
	struct asyncore_map *in;
	int refs;			/* ours, to be given back by anybody, */
	int held;			/* and not */
	int depth;			/* its hooks on the stack */
	int closes;			/* handle_close(), of this descriptor */
	int generation;			/* of the descriptor */
	int ends;			/* of what its calls are tied to */
	bool closed, finalized;
};

typedef void (*deed)(struct record *r);

/* anything.c */
extern const struct anything *anybody;
extern struct asyncore_map *maps[2];
extern int map_generation;		/* of maps[1] */
extern int hosting;			/* a base runs: it is not to be freed */
extern int n_alive;
extern bool quiet;			/* nobody acts */

unsigned any(unsigned n);
bool one_in(unsigned n);
struct asyncore_map *any_map(void);
/* A second map, on a base of its own or another's. */
void new_map(struct event_base *base);
/* Does one of the deeds to one of the channels. */
void stir(void);
/* Made when the first slot of the channel is called, in its constructor. */
struct record *record_of(struct asyncore_dispatcher *d);
void bury(struct record *r);
bool is_full(void);
void ck_result(int err);

/* anything_slots.c: what each slot of a class does. */
struct record *enter(struct asyncore_dispatcher *d);
int finish(struct record *r);
void make(struct record *r);
int new_pair(void);
void new_descriptor(struct record *r);
void descriptor_gone(struct record *r);
void adopt(struct asyncore_dispatcher *d);
bool close_one_peer(void);
void feed(struct record *r);
void shut_peer(struct record *r);
extern struct sockaddr_in anything_server;

int any_hook(struct asyncore_dispatcher *d);
int any_read(struct asyncore_dispatcher *d);
int any_write(struct asyncore_dispatcher *d);
int any_accepted(struct asyncore_dispatcher *d, int fd,
    const struct sockaddr *addr, socklen_t addrlen);
int any_close(struct asyncore_dispatcher *d);
int any_eof(struct asyncore_dispatcher *d);
int any_timeout(struct asyncore_dispatcher *d);
int any_error(struct asyncore_dispatcher *d, int err);
int close_slot(struct asyncore_dispatcher *d);
int add_channel_slot(struct asyncore_dispatcher *d, struct asyncore_map *m);
void left_map_slot(struct asyncore_dispatcher *d, struct asyncore_map *m);
void finalize_slot(struct asyncore_dispatcher *d);
void log_slot(struct asyncore_dispatcher *d, const char *message,
    const char *type);

/* All but what the kinds of classes do in ways of their own. */
#define ANY_SLOTS							\
	.instance_size = sizeof(struct record *),			\
	.handle_expt = any_hook,					\
	.handle_connect = any_hook,					\
	.handle_accepted = any_accepted,				\
	.handle_close = any_close,					\
	.handle_eof = any_eof,						\
	.handle_timeout = any_timeout,					\
	.handle_error = any_error,					\
	.close = close_slot,						\
	.add_channel = add_channel_slot,				\
	.left_map = left_map_slot,					\
	.finalize = finalize_slot,					\
	.log_info = log_slot

/* anything_deeds.c, of dispatchers and maps. */
extern const deed deeds[];
extern const unsigned n_deeds;

/* anything_chats.c */
extern const deed chat_deeds[];
extern const unsigned n_chat_deeds;
extern const struct asynchat_class any_chat_class;
extern const struct asyncore_class any_with_send_class;
void chats_end(void);

/* anything_calls.c: calls, timeouts, hosts, traces. */
extern const deed call_deeds[];
extern const unsigned n_call_deeds;
void calls_begin(void);
void calls_end(void);

#endif /* ANYTHING_H */
