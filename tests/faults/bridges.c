/*
 * bridges.c - scenes of descriptors that change sides: a channel in the place
 * of a bufferevent and of an evconnlistener, and a bufferevent in the place of a
 * channel.
 */
#include "testing.h"

#include "scenes.h"
#include "faults.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <event2/util.h>

/* ---- From a bufferevent. ---- */

static int
read_greeting(struct asyncore_dispatcher *d)
{
	char buf[16];
	ssize_t n = asyncore_recv(d, buf, sizeof buf);

	if (n > 0) {
		ck_assert_int_eq(n, 5);
		ck_assert_mem_eq(buf, "hello", 5);
		play.done = true;
	}
	return n < 0 ? (int)n : 0;
}

static const struct asyncore_class taker_class = {
	.name = "Taker",
	.base = &asyncore_dispatcher_with_send_class,
	.handle_read = read_greeting,
	OF_A_PLAYER
};

/* With input that it has read, and output that it has not sent. */
static struct bufferevent *
new_bufferevent(int fd)
{
	struct bufferevent *bev;

	faults_hold();
	bev = bufferevent_socket_new(asyncore_map_base(play.map), fd,
	    BEV_OPT_CLOSE_ON_FREE);
	ck_assert_ptr_nonnull(bev);
	ck_assert_int_eq(bufferevent_disable(bev, EV_READ | EV_WRITE), 0);
	ck_assert_int_eq(bufferevent_write(bev, "welcome", 7), 0);
	/* As libevent's own reading would, without the loop. */
	ck_assert_int_eq(evbuffer_unfreeze(bufferevent_get_input(bev), 0), 0);
	ck_assert_int_eq(evbuffer_add(bufferevent_get_input(bev), "hello", 5),
	    0);
	ck_assert_int_eq(evbuffer_freeze(bufferevent_get_input(bev), 0), 0);
	faults_release();
	return bev;
}

/* Nothing of what it had is lost where it stays a bufferevent. */
static void
ck_as_it_was(struct bufferevent *bev)
{
	ck_assert_uint_eq(evbuffer_get_length(bufferevent_get_input(bev)), 5);
	ck_assert_uint_eq(evbuffer_get_length(bufferevent_get_output(bev)), 7);
	faults_hold();
	bufferevent_free(bev);
	faults_release();
}

void
from_a_bufferevent(void)
{
	struct bufferevent *bev;
	struct asyncore_dispatcher *d;
	int fds[2];

	make_pair_quietly(fds);
	bev = new_bufferevent(fds[0]);
	d = keep(asyncore_take_bufferevent(&taker_class, bev, play.map));
	if (d == NULL)
		ck_as_it_was(bev);
	else
		play_on();
	close_quietly(fds[1]);
}

/* ---- To a bufferevent. ---- */

static void
ck_given(struct bufferevent *bev, struct asyncore_dispatcher *d)
{
	ck_assert_ptr_nonnull(bev);
	ck_assert_int_eq(asyncore_fileno(d), -1);
	ck_assert_uint_eq(asyncore_map_len(play.map), 0);
	ck_assert_uint_gt(evbuffer_get_length(bufferevent_get_output(bev)), 0);
	faults_hold();
	bufferevent_free(bev);
	faults_release();
	play.done = true;
}

/* More than fits, so that there is something to go along. */
void
to_a_bufferevent(void)
{
	static char data[500000];
	struct asyncore_dispatcher *d;
	struct bufferevent *bev;
	int fds[2];
	ssize_t n = 0;

	make_pair_quietly(fds);
	d = keep(asyncore_new_socket(&echo_class, fds[0], play.map));
	if (d != NULL)
		n = asyncore_send(d, data, sizeof data);
	if (n == sizeof data) {
		bev = asyncore_give_bufferevent(d, BEV_OPT_CLOSE_ON_FREE);
		if (bev == NULL)
			(void)heard(-errno);
		else
			ck_given(bev, d);
	} else {
		play.heard += faults_happened();
	}
	close_quietly(fds[1]);
}

/* ---- From an evconnlistener. ---- */

static int
accepted(struct asyncore_dispatcher *d, int fd, const struct sockaddr *addr,
    socklen_t len)
{
	(void)d;
	(void)addr;
	(void)len;
	close_quietly(fd);
	play.done = true;
	return 0;
}

static const struct asyncore_class acceptor_class = {
	.name = "Acceptor",
	.writable = asyncore_never,
	.handle_accepted = accepted,
	OF_A_PLAYER
};

/* With a connection in its queue. */
static struct evconnlistener *
new_listener(int *caller)
{
	struct sockaddr_in addr;
	struct evconnlistener *lev;
	int fd;

	faults_hold();
	fd = listen_on_loopback(&addr);
	ck_assert_int_eq(evutil_make_socket_nonblocking(fd), 0);
	lev = evconnlistener_new(asyncore_map_base(play.map), NULL, NULL,
	    LEV_OPT_CLOSE_ON_FREE, 0, fd);
	ck_assert_ptr_nonnull(lev);
	*caller = socket(AF_INET, SOCK_STREAM, 0);
	while (connect(*caller, (struct sockaddr *)&addr, sizeof addr) != 0)
		ck_assert(errno == EINTR || errno == EALREADY);
	faults_release();
	return lev;
}

void
from_a_listener(void)
{
	struct asyncore_dispatcher *d;
	struct evconnlistener *lev;
	int caller;

	lev = new_listener(&caller);
	d = keep(asyncore_take_evconnlistener(&acceptor_class, lev, play.map));
	if (d != NULL) {
		play_on();
	} else {
		faults_hold();
		evconnlistener_free(lev);
		faults_release();
	}
	close_quietly(caller);
}
