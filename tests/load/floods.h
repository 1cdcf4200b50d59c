/*
 * floods.h - floods: a server in one process, its clients in another, which
 * count what they send and get and compare that with what the server counts.
 *
 * The clients' process leads.  Over a pair of sockets, one end of which is a
 * channel of the server's, it asks for the server's report and tells it to move
 * its clock, which stands still in between, so that no test depends on how
 * fast the machine is.
 */
#ifndef FLOODS_H
#define FLOODS_H

#include "stock.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "asynchat.h"

/* How much of everything. */
struct scale {
	long fds;		/* that a process may have */
	long crowd, beyond;	/* connections, and more than the server can */
	long churn;
	long slow, good;	/* clients */
	long stopped, cap;	/* readers, and bytes to each at most */
};
extern struct scale scale;

struct flood {
	const char *name;
	void (*serve)(void);	/* the server's process; ends with it */
	void (*call)(void);	/* the clients'; returns if all was well */
	char what[128];		/* with numbers, for the result */
};
extern struct flood crowd, shortage, churn, slow, stopped;

/* ---- The server's side. ---- */

struct report {
	uint64_t open, accepted, closed, idle, late, errors, pauses;
	uint64_t in, out;
	uint64_t most_pending;
	uint64_t memory, fds;
};

/* Counted by the classes. */
extern struct report tally;
/* Classes whose children count themselves: handle_accepted() spawns one of
 * `child` (a chat, if chat_child is set). */
extern const struct asyncore_class *child;
extern const struct asynchat_class *chat_child;
/* What is done to a new child besides; may be NULL. */
extern void (*on_child)(struct asyncore_dispatcher *d);
/* For the classes of children. */
extern const struct asyncore_class echo_class;
int count_close(struct asyncore_dispatcher *d);
int count_error(struct asyncore_dispatcher *d, int err);
void count_log(struct asyncore_dispatcher *d, const char *message,
    const char *type);

/* Serves until the clients say that it is over. */
void serve(void);

/* ---- The clients' side. ---- */

struct report ask(void);
/* Moves the server's clock, and waits until it has looked at it. */
void advance(double seconds);
/* Asks again and again until it says so (tests are ended by an alarm). */
#define AWAIT(r, condition)						\
	do {								\
		(r) = ask();						\
	} while (!(condition))

/* Of the kernel's buffers, in bytes. */
void limit_room(int fd, int room);
/* A new blocking socket, connected to the server; room 0: the usual. */
int call_server(int room);
void send_all(int fd, const void *data, size_t len);
/* Exactly so much, or the end of the process. */
void receive_all(int fd, void *data, size_t len);
/* Is there nothing to read now, not even the end? */
bool is_silent(int fd);
/* The peer has closed. */
void ensure_closed(int fd);
/* Closes it with a reset. */
void reset(int fd);

#endif /* FLOODS_H */
