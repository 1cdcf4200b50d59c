/*
 * soak.h - mixed traffic for a long time, in one map: kinds of conversations,
 * each with random ends, and what they count.
 *
 * A conversation is two channels.  Each of its channels knows how it ended
 * before it is gone: by its job being done, by being told (handle_close(),
 * handle_timeout()), or by its own cut.  An error of a hook is none of these.
 */
#ifndef SOAK_H
#define SOAK_H

#include "stock.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "asynchat.h"

enum outcome { UNDECIDED, DONE, TOLD, TIMED_OUT, CUT, N_OUTCOMES };

/* The state of every channel begins with it. */
struct party {
	enum outcome outcome;
	long until_cut;			/* reads or writes; 0: none */
};

struct soak {
	struct asyncore_map *map;
	uint64_t random;
	int port;
	long live;			/* channels of conversations */
	uint64_t begun, outcomes[N_OUTCOMES], bytes;
	uint64_t scheduled, called, cancelled;
};
extern struct soak soak;

/* 0 to n - 1. */
uint32_t below(uint32_t n);
/* The bytes of a stream, or the letters of a line, that belong to `seed`. */
unsigned char stream_byte(uint32_t seed, size_t place);
/* A new one, which is counted and may get a random end; answers d. */
struct asyncore_dispatcher *start(struct asyncore_dispatcher *d);
/* The same around a descriptor, held by the map alone. */
struct asyncore_dispatcher *join(const struct asyncore_class *cls, int fd);
struct asyncore_dispatcher *join_chat(const struct asynchat_class *cls, int fd);
void make_pair(int type, int fds[2]);

/* Decides, once. */
void decide(struct asyncore_dispatcher *d, enum outcome outcome);
/* Is it time for a random end?  Then it has happened. */
bool was_cut(struct asyncore_dispatcher *d);

/* Hooks of all. */
int on_close(struct asyncore_dispatcher *d);
int on_timeout(struct asyncore_dispatcher *d);
int on_error(struct asyncore_dispatcher *d, int err);
void on_finalize(struct asyncore_dispatcher *d);
#define OF_A_PARTY							\
	.handle_close = on_close,					\
	.handle_timeout = on_timeout,					\
	.handle_error = on_error,					\
	.finalize = on_finalize

/* Begin one. */
void begin_echo(void);
void begin_lines(void);
void begin_datagrams(void);
void begin_silence(void);
void schedule_calls(void);

/* Listens on soak.port, for begin_echo(). */
void open_listener(void);
void close_listener(void);

#endif /* SOAK_H */
