/*
 * anything_deeds.c - what is done to a channel, or to all of them; see
 * anything.h.
 */
#include "anything.h"

#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#define MAX_LOOPS 2		/* inside of hooks */

/* ---- What is done to a channel: one call, if nobody need hold it. ---- */

static void
do_close(struct record *r)
{
	must(asyncore_close(r->d) == 0);
}

static void
do_unref(struct record *r)
{
	if (r->refs > 0) {
		r->refs--;
		asyncore_unref(r->d);
	}
}

static void
do_ref(struct record *r)
{
	if (r->refs < 2) {
		r->refs++;
		must(asyncore_ref(r->d) == r->d);
	}
}

static void
do_del(struct record *r)
{
	must(asyncore_del_channel(r->d) == 0);
}

static void
do_detach(struct record *r)
{
	const int generation = r->generation;
	int fd;

	r->ends++;	/* before its left_map(), whose calls stay */
	fd = asyncore_detach(r->d);
	if (fd < 0) {
		must(fd == -ENOTCONN);
		if (r->generation == generation)
			r->ends--;
		return;
	}
	descriptor_gone(r);
	must(close(fd) == 0);
}

static void
do_move(struct record *r)
{
	(void)asyncore_add_channel(r->d, any_map());
}

static void
do_open(struct record *r)
{
	const struct linger reset = { 1, 0 };
	struct asyncore_dispatcher *d = asyncore_ref(r->d);
	int err = -EBUSY;

	r->held++;
	if (asyncore_fileno(d) < 0 && asyncore_closed(d)) {
		new_descriptor(r);
		err = one_in(2) ? asyncore_set_socket(d, new_pair()) :
		    asyncore_create_socket(d, AF_INET, SOCK_STREAM);
		if (err < 0)
			r->closed = asyncore_closed(d);
	}
	if (err == 0)
		(void)setsockopt(asyncore_fileno(d), SOL_SOCKET, SO_LINGER,
		    &reset, sizeof reset);
	r->held--;
	asyncore_unref(d);
}

static void
do_connect(struct record *r)
{
	(void)asyncore_connect(r->d, (struct sockaddr *)&anything_server,
	    sizeof anything_server);
}

static void
do_io(struct record *r)
{
	char buf[5];

	if (one_in(2))
		(void)asyncore_recv(r->d, buf, sizeof buf);
	else
		(void)asyncore_send(r->d, "hello", 1 + any(5));
}

static void
do_shutdown(struct record *r)
{
	(void)shutdown(asyncore_fileno(r->d), one_in(2) ? SHUT_WR : SHUT_RDWR);
}

static void
do_call(struct record *r)
{
	static int (*const hooks[])(struct asyncore_dispatcher *) = {
		asyncore_read, asyncore_write, asyncore_exception,
		asyncore_handle_close, asyncore_handle_read,
		asyncore_handle_write_event, asyncore_handle_connect_event
	};

	if (one_in(4))
		(void)asyncore_readwrite(r->d, (short)any(64));
	else if (one_in(4))
		(void)asyncore_handle_error(r->d, -EPROTO);
	else if (one_in(4))
		(void)(one_in(2) ? asyncore_readable(r->d) :
		    asyncore_writable(r->d));
	else
		(void)hooks[any(7)](r->d);
}

static void
do_touch(struct record *r)
{
	asyncore_touch(r->d);
}

/* ---- What is done to all of them. ---- */

static void
hang_up(struct record *r)
{
	(void)r;
	(void)close_one_peer();
}

static int loops;

static void
loop_inside(struct record *r)
{
	(void)r;
	if (loops == MAX_LOOPS)
		return;
	loops++;
	ck_result(anybody->loop(0, one_in(2), any_map(), 1 + (int)any(2)));
	loops--;
}

static void
close_all(struct record *r)
{
	(void)r;
	if (one_in(8))
		must(asyncore_close_all(any_map(), one_in(2)) == 0);
}

static int
stir_each(struct asyncore_dispatcher *d, void *arg)
{
	must(asyncore_map_of(d) == arg);
	if (one_in(8))
		stir();
	return 0;
}

static void
walk(struct record *r)
{
	struct asyncore_map *m = any_map();

	(void)r;
	must(asyncore_map_foreach(m, stir_each, m) == 0);
}

static void
presume(struct record *r)
{
	(void)r;
	must(asyncore_map_set_presume(any_map(), one_in(2)) == 0);
}

static void
stop(struct record *r)
{
	(void)r;
	must(anybody->stop(any_map()) == 0);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	stir();
}

static void
call_back(struct record *r)
{
	const struct timeval at_once = { 0, 0 };

	(void)r;
	must(event_base_once(asyncore_map_base(any_map()), -1, EV_TIMEOUT,
	    on_timer, NULL, &at_once) == 0);
}

/* The next one may share its base. */
static void
replace_map(struct record *r)
{
	const int err = hosting > 0 ? -EBUSY : asyncore_map_free(maps[1]);

	(void)r;
	if (err != 0) {
		must(err == -EBUSY);
		return;
	}
	map_generation++;
	new_map(one_in(4) ? asyncore_map_base(maps[0]) : NULL);
}

static void
do_quota(struct record *r)
{
	(void)asyncore_set_max_connections(r->d, (int)any(4) - 1);
}

static void
do_attribute(struct record *r)
{
	char text[200];

	must(asyncore_repr(r->d, text, any(sizeof text)) > 0);
	(void)asyncore_addr(r->d, NULL);
	must(asyncore_closed(r->d) || !r->closed);
}

const deed deeds[] = {
	do_close, do_close, do_unref, do_unref, do_unref, do_ref, do_del,
	do_detach, do_move, do_move, do_open, do_open, do_connect, do_io,
	do_shutdown, do_call, do_call, do_touch, make, make, make, feed, feed,
	hang_up, loop_inside, close_all, walk, presume, stop, call_back,
	replace_map, shut_peer, do_quota, do_attribute
};
const unsigned n_deeds = sizeof deeds / sizeof deeds[0];
