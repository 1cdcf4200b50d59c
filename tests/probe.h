/*
 * probe.h - a channel to look at the loop with: it traces each of its hooks,
 * wishes for what it is told to, and does in its hooks what it is told to.
 * Most tests work with a few of them, known by their numbers.
 */
#ifndef PROBE_H
#define PROBE_H

#include "testing.h"

#include <event2/event.h>

#define PROBES 1000

/* Timeouts, in seconds: one that no test waits for, and none. */
#define LONG 10.0
#define FOR_EVER (-1.0)

/* What a hook does besides; its result is the hook's.  NULL: 0. */
typedef int (*probe_action)(struct asyncore_dispatcher *d);

struct probe {
	int id;
	bool r, w;		/* what its predicates answer */
	bool stays;		/* its handle_close() does not close */
	bool tells_end;		/* its finalize traces "f0" */
	probe_action on_read, on_write, on_close, on_error;
	probe_action on_readable, on_writable;	/* their results are lost */
};

/*
 * Hooks trace "r0", "w0", "c0" (close), "e0" (error) and "n0" (connect), each
 * with the probe's number; predicates trace nothing.
 */
extern const struct asyncore_class probe_class;
extern const struct asyncore_class file_probe_class;
/* The same, whose predicates trace "R0" and "W0"; and those predicates. */
extern const struct asyncore_class asked_probe_class;
bool asked_readable(struct asyncore_dispatcher *d);
bool asked_writable(struct asyncore_dispatcher *d);

/*
 * The channels by number, which the map alone holds (NULL after their end), and
 * their peers.
 */
extern struct asyncore_dispatcher *channel[PROBES];
extern int peer[PROBES];

/* The state of a probe; by its number, or its own in a hook. */
struct probe *probe(int id);
struct probe *probe_of(const struct asyncore_dispatcher *d);

/* Makes probe `id`, of class cls, around the socket fd, in map m. */
void put_probe(const struct asyncore_class *cls, int id, int fd,
    struct asyncore_map *m);
/* A probe_class one around fd, in `map`, with these wishes. */
void add_probe(int id, int fd, bool r, bool w);
/* The same around a file; fd is closed, as the channel has a duplicate. */
void add_file_probe(int id, int fd, bool r, bool w);
/* One with a peer of its own that has written "x" to it; of probe_class. */
void put_pair(const struct asyncore_class *cls, int id, bool r, bool w);
void add_pair(int id, bool r, bool w);
/* Numbers 0, 1, 2, to be read and to be written. */
void add_three(void);
/* Closes peer[id]; all that are open. */
void close_peer(int id);
void close_peers(void);

/* Actions. */
int close_self(struct asyncore_dispatcher *d);
int close_0(struct asyncore_dispatcher *d);
int close_1(struct asyncore_dispatcher *d);
int close_2(struct asyncore_dispatcher *d);
int stop_map(struct asyncore_dispatcher *d);
int exit_now(struct asyncore_dispatcher *d);
/* Receives at most 16 bytes and traces them, or the negative errno value. */
int receive(struct asyncore_dispatcher *d);

/* One pass over m, and what it leaves in the trace. */
#define ck_poll(m, expected)						\
	do {								\
		ck_assert_int_eq(asyncore_poll(LONG, m), 0);		\
		ck_trace(expected);					\
	} while (0)

/* One over `map`, by poll() or by poll2(). */
#define ck_pass(use_poll, by_poll, by_poll2)				\
	do {								\
		ck_assert_int_eq(asyncore_loop(LONG, use_poll, map, 1), 0); \
		ck_trace((use_poll) ? by_poll2 : by_poll);		\
	} while (0)

/* A callback of somebody else's, which traces "t". */
void foreign(evutil_socket_t fd, short what, void *arg);
/* Calls fn once, after so many microseconds, on the base of `map`. */
void after(long usec, event_callback_fn fn);
/* The same again and again, tracing one "t" for those in a row, until the caller
 * frees it.  For what is to end a wait: one alone may come too early for it, in a
 * turn of a host's that asks. */
struct event *every(long usec);
#endif /* PROBE_H */
