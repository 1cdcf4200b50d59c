/*
 * verbs.h - what a verb is, for the files that have some: verbs.c (those that
 * control a program, and the list of all), methods.c (a channel's methods) and
 * peers.c (what makes channels and peers, and what is done to descriptors
 * behind the library's back).
 */
#ifndef VERBS_H
#define VERBS_H

#include "driver.h"

#define RESULT 512

/* An action that runs. */
struct call {
	struct frame *f;
	const struct word *args;
	size_t n;
	struct object *o;	/* the channel that it is done to */
	struct asyncore_dispatcher *d;
	char result[RESULT];	/* "": "ok" */
};

/* 0, or what is raised. */
typedef int verb_function(struct call *c);

/* Both answer 0. */
int say(struct call *c, const char *text);
int say_number(struct call *c, long n);

/* Arguments; "" and 0 where there is none. */
const char *arg(const struct call *c, size_t i);
size_t arg_number(const struct call *c, size_t i);
const struct word *arg_data(const struct call *c, size_t i);

/* The next child of the listener gets fd; none left: it is closed. */
int take_child(struct object *listener, int fd, const char **name);

verb_function do_recv, do_send, do_echo, do_close, do_create, do_connect,
    do_bind, do_listen, do_accept, do_del, do_add, do_want, do_set, do_call,
    do_event, do_readwrite, do_repr, do_push, do_push_simple,
    do_push_producer, do_close_when_done, do_terminator, do_get_terminator,
    do_discard_buffers, do_initiate_send, do_get_data, do_pair, do_pipe,
    do_regular, do_null, do_new, do_take, do_close_all, do_shutdown, do_oob,
    do_recv_oob, do_linger, do_write, do_read, do_drop;

#endif /* VERBS_H */
