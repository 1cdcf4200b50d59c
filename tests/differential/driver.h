/*
 * driver.h - what the files of the driver in C know of each other.
 *
 * driver.c runs programs: its commands are verbs (verbs.c, methods.c, peers.c),
 * done to objects (objects.c), some of which are channels whose hooks (hooks.c)
 * do verbs again; net.c has the sockets, trace.c the log.
 */
#ifndef DRIVER_H
#define DRIVER_H

#include "program.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include <asynchat.h>
#include <asyncore.h>

/* ---- trace.c: the log. ---- */

void trace_begin(void);
/* Nothing more is logged, and no hook does anything. */
void trace_mute(void);
bool trace_muted(void);
void trace(const char *format, ...) __attribute__((__format__(__printf__, 1,
    2)));
/* Bytes as they are shown; good until some more are shown. */
const char *quoted(const void *data, size_t len);
const char *shown(const struct word *w);

/* ---- net.c: sockets and addresses. ---- */

union address {
	struct sockaddr any;
	struct sockaddr_storage room;
};

void net_open(const char *directory);
void net_close(void);
/* All that is under way on loopback has come when this has. */
void net_settle(void);
/* For a new program: forgets the owners of ports, and removes all files. */
void net_clear(void);
/* "unix", "dgram", "seq", "tcp", "udp" */
void net_sort(const char *wire, int *family, int *type);
void net_pair(const char *wire, int fds[2]);
void net_no_delay(int fd);
int net_type(int fd);
int net_family(int fd);
socklen_t net_address(const char *name, union address *a);
/* Names the port that the kernel has chosen for fd. */
void net_own_port(const char *name, int fd);
/* An address by its owner's name. */
const char *net_address_name(const struct sockaddr *sa, socklen_t len,
    int type);
/* Takes the directory's name out of a text. */
void net_hide_directory(char *text);
int net_make_file(const void *data, size_t len);

/* ---- objects.c: what has a name. ---- */

struct object {
	const char *name;
	const struct declared *declared;	/* a channel's */
	struct asyncore_dispatcher *d;
	int family, type;			/* of its socket; 0: none yet */
	int fd;					/* a peer's */
	bool is_socket, dropped;
	size_t children_used;
	struct object *next;
};

extern struct program *program;
extern struct asyncore_map *map;
extern bool uses_net;

/* NULL: there is none, or none of that kind. */
struct object *find_channel(const char *name);
struct object *find_peer(const char *name);
/* Either one's open socket; -1: none. */
int find_socket(const char *name);
bool is_new(const char *name);
bool is_file(const char *name);

/* These own fd; 0 or a negative errno value. */
int make_from_socket(const char *name, int fd);
int make_from_file(const char *name, int fd);
int make_unconnected(const char *name);
void objects_settle(void);
/* Shows all channels, and the map. */
void objects_show(void);
void objects_clear(void);

/* ---- hooks.c: the classes of the channels. ---- */

struct evbuffer;

/* The hook that runs; all zero: none does. */
struct frame {
	struct asyncore_dispatcher *d;
	int (*base)(struct frame *f);
	int accepted;			/* fd, or -1; handle_accepted() */
	const struct sockaddr *addr;
	socklen_t addrlen;
	const void *data;		/* collect_incoming_data() */
	size_t len;
	int err;			/* handle_error() */
	struct evbuffer *out;		/* more() */
	const char *last;		/* what was received */
	size_t last_len;
};

enum want { AS_BASE, YES, NO };

struct channel {			/* a channel's state */
	struct object *object;
	enum want read, write;
};

const struct asynchat_class *hooks_class(const struct declared *c);
const struct asyncore_class *hooks_base(enum kind kind);
struct channel *hooks_channel(const struct asyncore_dispatcher *d);
/* A producer of which the program says what more() gives. */
struct asynchat_producer *hooks_producer(const char *name);
void hooks_clear(void);

/* ---- verbs.c: what a program can do. ---- */

/* 0, or what is raised. */
int perform(const struct action *actions, struct frame *f);
int perform_hook(const char *name, const char *hook, struct frame *f);
int perform_predicate(const char *name, const char *hook, struct frame *f);
int perform_base(struct frame *f);
void perform_commands(const struct action *commands);

#endif /* DRIVER_H */
