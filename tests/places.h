/*
 * places.h - addresses of every family that a test can bind and connect to: on
 * loopback with port 0, or a socket's path in the current directory.
 */
#ifndef PLACES_H
#define PLACES_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "asyncore.h"

struct place {
	int fd;
	socklen_t len;
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
	} addr;
};

/* Fills in the address; p->fd is -1. */
typedef void (*place_maker)(struct place *p);
void inet(struct place *p);
void inet6(struct place *p);
void path(struct place *p);
void abstract(struct place *p);	/* Linux's names without a file */

/* For loop tests: with a connection that is pending, and with one at once. */
extern const place_maker tcp_places[2], local_places[2];
int n_tcp_places(void);		/* 1 where there is no ::1 */
int n_local_places(void);	/* 1 where there are no abstract names */

/* p->fd is bound, which for a stream means that it refuses. */
void bind_place(struct place *p, place_maker make, int type);
/* p->fd is a listener. */
void listen_place(struct place *p, place_maker make);
/* A blocking socket, connected to p. */
int call_place(const struct place *p);
/* Closes p->fd and removes the path. */
void drop_place(struct place *p);

/* asyncore_connect(d) to p. */
int connect_to(struct asyncore_dispatcher *d, const struct place *p);
/* Fails the test if asyncore_addr(d) is not p's address. */
void ck_addr(const struct asyncore_dispatcher *d, const struct place *p);

#endif /* PLACES_H */
