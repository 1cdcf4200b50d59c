/*
 * check_bridge.c - descriptors that a bufferevent or an evconnlistener gives to
 * a channel, with bytes that were read and not handed out, and taken and not
 * sent: none is lost, and a refusal changes nothing.
 */
#include "places.h"
#include "sides.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/listener.h>

const char testing_suite[] = "bridge";

/* ---- From a bufferevent. ---- */

START_TEST(what_a_bufferevent_had_read_is_received_first)
{
	struct bufferevent *bev = new_bev(_i ? BEV_OPT_CLOSE_ON_FREE : 0);
	const int fd = bufferevent_getfd(bev);
	struct asyncore_dispatcher *d;

	let_read(bev, "one");
	d = asyncore_take_bufferevent(&side_reader, bev, map);
	ck_assert_ptr_nonnull(d);
	ck_assert_int_eq(asyncore_fileno(d), fd);
	ck_assert(asyncore_connected(d));
	write_all(far_end, "two", 3);
	one_pass();
	ck_trace("one");
	one_pass();
	ck_trace("two");
	one_pass();
	ck_trace("");
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	end_channel(d);
}
END_TEST

START_TEST(what_was_brought_is_read_in_any_pieces_without_the_peer)
{
	struct bufferevent *bev = new_bev(0);
	struct asyncore_dispatcher *d;

	at_once = 2;
	let_read(bev, "abcde");
	d = asyncore_take_bufferevent(&side_reader, bev, map);
	one_pass();
	one_pass();
	one_pass();
	ck_trace("ab cd e");
	close_far_end();
	one_pass();
	ck_trace("close");
	asyncore_unref(d);
}
END_TEST

/* The loop must not wait, as the kernel knows of nothing. */
START_TEST(what_was_brought_ends_the_wait)
{
	struct bufferevent *bev = new_bev(0);
	struct asyncore_dispatcher *d;
	const double begin = now();

	let_read(bev, "x");
	d = asyncore_take_bufferevent(&side_reader, bev, map);
	host_turn();
	ck_assert_int_eq(asyncore_poll(60, map), 0);
	ck_trace("x");
	ck_assert_double_lt(now() - begin, 30);
	end_channel(d);
}
END_TEST

START_TEST(channel_can_be_detached_when_what_was_brought_is_read)
{
	static const struct asyncore_transport other = { .name = "other" };
	struct bufferevent *bev = new_bev(0);
	const int fd = bufferevent_getfd(bev);
	struct asyncore_dispatcher *d;

	let_read(bev, "x");
	d = asyncore_take_bufferevent(&side_reader, bev, map);
	ck_assert_int_eq(asyncore_detach(d), -ENOTSUP);
	ck_assert_int_eq(asyncore_set_transport(d, &other, NULL, fd), -EBUSY);
	one_pass();
	ck_trace("x");
	ck_assert_int_eq(asyncore_detach(d), fd);
	asyncore_unref(d);
	ck_assert_int_eq(close(fd), 0);
	close_far_end();
}
END_TEST

START_TEST(what_was_brought_and_not_read_goes_with_the_channel)
{
	struct bufferevent *bev = new_bev(0);
	struct asyncore_dispatcher *d;

	let_read(bev, "x");
	d = asyncore_take_bufferevent(&side_reader, bev, map);
	end_channel(d);
	ck_trace("");
}
END_TEST

START_TEST(output_of_a_bufferevent_is_sent_before_the_channel_s)
{
	struct bufferevent *bev = new_bev(BEV_OPT_CLOSE_ON_FREE);
	struct asyncore_dispatcher *d;

	let_wait(bev, "first,");
	d = asyncore_take_bufferevent(keepers[_i], bev, map);
	ck_assert_ptr_nonnull(d);
	ck_assert_uint_eq(asyncore_pending_output(d), 6);
	if (_i == 0)
		ck_assert_int_eq((int)asyncore_send(d, "second", 6), 6);
	else
		ck_assert_int_eq(asynchat_push(d, "second", 6), 0);
	ck_peer("first,second");
	ck_assert_uint_eq(asyncore_pending_output(d), 0);
	end_channel(d);
}
END_TEST

START_TEST(chat_goes_on_with_half_a_line)
{
	struct bufferevent *bev = new_bev(0);
	struct asyncore_dispatcher *d;

	let_read(bev, "whole\r\nhal");
	d = asyncore_take_bufferevent(&side_line.dispatcher, bev, map);
	ck_assert_ptr_nonnull(d);
	ck_assert_int_eq(asynchat_set_terminator(d, "\r\n", 2), 0);
	write_all(far_end, "f\r\n", 3);
	one_pass();
	one_pass();
	ck_trace("whole | hal f |");
	end_channel(d);
}
END_TEST

/* ---- Refusals. ---- */

/* Refused, and as it was: still enabled, calls back, keeps and sends all. */
static void
ck_refused(const struct asyncore_class *cls, struct bufferevent *bev, int err,
    const char *output)
{
	struct evbuffer *out = bufferevent_get_output(bev);
	const size_t len = evbuffer_get_length(out);
	const short enabled = bufferevent_get_enabled(bev);

	let_read(bev, "in");
	bufferevent_setcb(bev, on_bev_read, NULL, NULL, NULL);
	errno = 0;
	ck_assert_ptr_null(asyncore_take_bufferevent(cls, bev, map));
	ck_assert_int_eq(errno, err);
	ck_assert_int_eq(bufferevent_get_enabled(bev), enabled | EV_READ);
	ck_assert_uint_eq(evbuffer_get_length(out), len);
	if (len > 0)		/* both ends are libevent's again */
		ck_assert_int_ne(evbuffer_drain(out, 1), 0);
	ck_assert_int_ne(evbuffer_add(bufferevent_get_input(bev), "", 1), 0);
	let_read(bev, "put");
	ck_trace("read:5");
	ck_input(bev, "input");
	ck_assert_int_eq(bufferevent_enable(bev, EV_WRITE), 0);
	ck_peer(output);
}

START_TEST(output_is_refused_by_a_class_that_keeps_none)
{
	struct bufferevent *bev = new_bev(0);

	let_wait(bev, "out");
	ck_refused(&side_reader, bev, EBUSY, "out");
	end_bev(bev, 0);
}
END_TEST

START_TEST(file_in_the_output_is_refused)
{
	struct bufferevent *bev = new_bev(BEV_OPT_CLOSE_ON_FREE);
	FILE *f = tmpfile();
	int fd;

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs("file", f), 0);
	ck_assert_int_eq(fflush(f), 0);
	fd = dup(fileno(f));
	ck_assert_int_eq(fclose(f), 0);
	let_wait(bev, "text,");
	ck_assert_int_eq(evbuffer_add_file(bufferevent_get_output(bev), fd, 0,
	    4), 0);
	ck_refused(keepers[_i], bev, EBUSY, "text,file");
	end_bev(bev, BEV_OPT_CLOSE_ON_FREE);
}
END_TEST

START_TEST(input_that_the_program_has_frozen_is_refused)
{
	struct bufferevent *bev = new_bev(0);

	let_read(bev, "in");
	let_wait(bev, "out");
	ck_assert_int_eq(evbuffer_freeze(bufferevent_get_input(bev), 1), 0);
	ck_assert_ptr_null(asyncore_take_bufferevent(&side_sender, bev, map));
	ck_assert_int_eq(errno, EBUSY);
	ck_assert_uint_eq(asyncore_map_len(map), 0);
	ck_assert_int_eq(evbuffer_unfreeze(bufferevent_get_input(bev), 1), 0);
	ck_input(bev, "in");
	ck_refused(NULL, bev, EINVAL, "out");
	end_bev(bev, 0);
}
END_TEST

START_TEST(class_of_which_nothing_can_be_made_is_refused)
{
	static const struct asyncore_class unflagged = {
		.base = &asynchat_async_chat_class.dispatcher,
	};
	static const struct asyncore_class unknown = { .flags = 0x4000u };
	static const struct asyncore_class *const bad[] = {
		NULL, &unflagged, &unknown
	};
	struct bufferevent *bev = new_bev(0);

	ck_refused(bad[_i], bev, EINVAL, "");
	end_bev(bev, 0);
}
END_TEST

START_TEST(descriptor_of_another_channel_is_refused)
{
	struct bufferevent *bev = new_bev(0);
	const int fd = bufferevent_getfd(bev);
	struct asyncore_dispatcher *d;

	d = asyncore_new_socket(&side_reader, fd, map);
	errno = 0;
	ck_assert_ptr_null(asyncore_take_bufferevent(&side_reader, bev, map));
	ck_assert_int_eq(errno, EEXIST);
	ck_assert_ptr_eq(asyncore_map_get(map, fd), d);
	ck_assert_int_eq(bufferevent_getfd(bev), fd);
	ck_assert_int_eq(asyncore_detach(d), fd);
	asyncore_unref(d);
	end_bev(bev, 0);
}
END_TEST

static void
ck_cannot_take(struct bufferevent *bev, int err)
{
	errno = 0;
	ck_assert_ptr_null(asyncore_take_bufferevent(&side_sender, bev, map));
	ck_assert_int_eq(errno, err);
	ck_assert_uint_eq(asyncore_map_len(map), 0);
}

START_TEST(bufferevents_of_other_kinds_are_refused)
{
	struct bufferevent *bev = new_bev(BEV_OPT_CLOSE_ON_FREE), *pair[2];
	struct bufferevent *filter, *empty;

	filter = bufferevent_filter_new(bev, NULL, NULL, 0, NULL, NULL);
	empty = bufferevent_socket_new(host_base(), -1, 0);
	ck_assert_int_eq(bufferevent_pair_new(host_base(), 0, pair), 0);
	ck_cannot_take(filter, ENOTSUP);
	ck_cannot_take(pair[0], ENOTSUP);
	ck_cannot_take(empty, EBADF);
	ck_cannot_take(NULL, EINVAL);
	bufferevent_free(filter);
	bufferevent_free(empty);
	bufferevent_free(pair[0]);
	bufferevent_free(pair[1]);
	end_bev(bev, BEV_OPT_CLOSE_ON_FREE);
}
END_TEST

/* ---- In callbacks, and connections that are being made. ---- */

static void
take_it(struct bufferevent *bev, void *arg)
{
	struct asyncore_dispatcher *d;

	trace("callback");
	d = asyncore_take_bufferevent(&side_sender, bev, map);
	ck_assert_ptr_nonnull(d);
	*(struct asyncore_dispatcher **)arg = d;
}

START_TEST(bufferevent_is_taken_in_its_own_callback)
{
	static const int opts[] = { 0, BEV_OPT_CLOSE_ON_FREE,
	    BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS };
	struct bufferevent *bev = new_bev(opts[_i]);
	struct asyncore_dispatcher *d = NULL;
	int i;

	bufferevent_setcb(bev, take_it, NULL, NULL, &d);
	ck_assert_int_eq(bufferevent_enable(bev, EV_READ), 0);
	let_wait(bev, "out");
	write_all(far_end, "in", 2);
	for (i = 0; i < TURNS && d == NULL; i++)
		host_turn();
	ck_trace("callback");
	one_pass();
	ck_trace("in");
	ck_peer("out");
	end_channel(d);
}
END_TEST

/* The deferred one is still to come, and is not called. */
START_TEST(callback_that_was_deferred_is_dropped)
{
	struct bufferevent *bev = new_bev(BEV_OPT_DEFER_CALLBACKS);
	struct asyncore_dispatcher *d;

	let_read(bev, "in");
	bufferevent_setcb(bev, on_bev_read, NULL, NULL, NULL);
	bufferevent_trigger(bev, EV_READ, BEV_OPT_DEFER_CALLBACKS);
	d = asyncore_take_bufferevent(&side_reader, bev, map);
	host_turn();
	one_pass();
	ck_trace("in");
	end_channel(d);
}
END_TEST

static void
take_and_leave(struct bufferevent *bev, void *arg)
{
	take_it(bev, arg);
	write_all(far_end, "more", 4);
}

static void
count_down(evutil_socket_t fd, short what, void *arg)
{
	int *n = arg;

	(void)fd;
	(void)what;
	if (--*n == 0 || strcmp(traced(), "callback in more") == 0)
		(void)event_base_loopbreak(host_base());
}

START_TEST(channel_taken_in_a_host_s_loop_goes_on_there)
{
	const struct timeval often = { 0, 1000 };
	struct bufferevent *bev = new_bev(0);
	struct asyncore_dispatcher *d = NULL;
	struct event *timer;
	int n = 5000;

	ck_assert_int_eq(asyncore_attach(map), 0);
	bufferevent_setcb(bev, take_and_leave, NULL, NULL, &d);
	ck_assert_int_eq(bufferevent_enable(bev, EV_READ), 0);
	write_all(far_end, "in", 2);
	timer = event_new(host_base(), -1, EV_PERSIST, count_down, &n);
	ck_assert_int_eq(event_add(timer, &often), 0);
	ck_assert_int_eq(event_base_dispatch(host_base()), 0);
	event_free(timer);
	ck_trace("callback in more");
	ck_assert_int_eq(asyncore_detach_map(map), 0);
	end_channel(d);
}
END_TEST

static struct bufferevent *
connecting_bev(int *listener, struct sockaddr_in *addr)
{
	struct bufferevent *bev = bufferevent_socket_new(host_base(), -1,
	    BEV_OPT_CLOSE_ON_FREE);

	*listener = listen_on_loopback(addr);
	ck_assert_int_eq(bufferevent_socket_connect(bev,
	    (struct sockaddr *)addr, sizeof *addr), 0);
	return bev;
}

/* At once, too, the peer has been found: then there is nothing to wait for. */
START_TEST(connection_that_is_being_made_is_made_by_the_channel)
{
	struct asyncore_dispatcher *d;
	struct sockaddr_in addr;
	struct bufferevent *bev = connecting_bev(&far_end, &addr);
	bool was_connecting;
	int i;

	let_wait(bev, "hello");
	d = asyncore_take_bufferevent(&side_sender, bev, map);
	ck_assert_ptr_nonnull(d);
	was_connecting = asyncore_connecting(d);
	for (i = 0; i < TURNS && asyncore_pending_output(d) > 0; i++)
		ck_assert_int_eq(asyncore_poll(10, map), 0);
	ck_trace(was_connecting ? "connect" : "");
	ck_assert(asyncore_connected(d));
	end_channel(d);
}
END_TEST

/* The listener's queue is full, and the last of these is not answered. */
START_TEST(connection_that_nobody_answers_is_connecting)
{
	struct bufferevent *bevs[8];
	struct asyncore_dispatcher *d;
	struct sockaddr_in addr;
	int i;

	far_end = listen_on_loopback(&addr);
	ck_assert_int_eq(listen(far_end, 0), 0);
	for (i = 0; i < 8; i++) {
		bevs[i] = bufferevent_socket_new(host_base(), -1,
		    BEV_OPT_CLOSE_ON_FREE);
		ck_assert_int_eq(bufferevent_socket_connect(bevs[i],
		    (struct sockaddr *)&addr, sizeof addr), 0);
		if (i == 0)
			await(far_end, POLLIN);
	}
	d = asyncore_take_bufferevent(&side_reader, bevs[7], map);
	ck_assert_ptr_nonnull(d);
	ck_assert(asyncore_connecting(d));
	ck_assert(!asyncore_connected(d));
	for (i = 0; i < 7; i++)
		bufferevent_free(bevs[i]);
	end_channel(d);
	host_turn();
}
END_TEST

START_TEST(socket_that_never_connected_stays_so)
{
	struct bufferevent *bev;
	struct asyncore_dispatcher *d;
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	bev = bufferevent_socket_new(host_base(), fd, BEV_OPT_CLOSE_ON_FREE);
	d = asyncore_take_bufferevent(&side_reader, bev, map);
	ck_assert_ptr_nonnull(d);
	ck_assert(!asyncore_connected(d));
	ck_assert(!asyncore_connecting(d));
	ck_assert_int_eq(asyncore_close(d), 0);
	asyncore_unref(d);
}
END_TEST

/* The port is ours, and nobody listens. */
START_TEST(connection_that_was_refused_is_an_error_of_the_channel)
{
	struct asyncore_dispatcher *d;
	struct bufferevent *bev;
	struct place p;
	int i;

	bind_place(&p, inet, SOCK_STREAM);
	bev = bufferevent_socket_new(host_base(), -1, BEV_OPT_CLOSE_ON_FREE);
	ck_assert_int_eq(bufferevent_socket_connect(bev, &p.addr.sa,
	    (int)p.len), 0);
	d = asyncore_take_bufferevent(&side_reader, bev, map);
	ck_assert_ptr_nonnull(d);
	for (i = 0; i < TURNS && !asyncore_closed(d); i++)
		ck_assert_int_eq(asyncore_poll(1, map), 0);
	ck_trace("refused");
	asyncore_unref(d);
	drop_place(&p);
}
END_TEST

/* ---- From an evconnlistener. ---- */

#define CALLERS 3

static int callers[CALLERS];

static void
call_listener(const struct sockaddr_in *addr)
{
	int i;

	for (i = 0; i < CALLERS; i++) {
		callers[i] = socket(AF_INET, SOCK_STREAM, 0);
		ck_assert_int_eq(connect(callers[i],
		    (const struct sockaddr *)addr, sizeof *addr), 0);
	}
}

static void
hang_up(void)
{
	int i;

	for (i = 0; i < CALLERS; i++)
		ck_assert_int_eq(close(callers[i]), 0);
}

/* A connect() may be over a moment before the connection is in the queue. */
static void
accept_all(const char *expected)
{
	int i;

	for (i = 0; i < CALLERS && strlen(traced()) < strlen(expected); i++)
		ck_assert_int_eq(asyncore_poll(10, map), 0);
	one_pass();
	ck_trace(expected);
}

static void
on_accept(struct evconnlistener *lev, evutil_socket_t fd,
    struct sockaddr *addr, int len, void *arg)
{
	(void)lev;
	(void)addr;
	(void)len;
	(void)arg;
	trace("callback");
	ck_assert_int_eq(close(fd), 0);
}

static void
take_on_accept(struct evconnlistener *lev, evutil_socket_t fd,
    struct sockaddr *addr, int len, void *arg)
{
	on_accept(lev, fd, addr, len, NULL);
	*(struct asyncore_dispatcher **)arg =
	    asyncore_take_evconnlistener(&side_reader, lev, map);
}

static struct evconnlistener *
new_lev(evconnlistener_cb cb, void *arg, unsigned opts,
    struct sockaddr_in *addr)
{
	const int fd = listen_on_loopback(addr);
	struct evconnlistener *lev;

	ck_assert_int_eq(evutil_make_socket_nonblocking(fd), 0);
	lev = evconnlistener_new(host_base(), cb, arg, opts, 0, fd);
	ck_assert_ptr_nonnull(lev);
	return lev;
}

START_TEST(connections_that_wait_at_a_listener_are_the_channel_s)
{
	const unsigned opts = _i ? LEV_OPT_CLOSE_ON_FREE : 0;
	struct asyncore_dispatcher *d;
	struct sockaddr_in addr;
	struct evconnlistener *lev = new_lev(on_accept, NULL, opts, &addr);
	const int fd = evconnlistener_get_fd(lev);
	socklen_t len;

	call_listener(&addr);
	d = asyncore_take_evconnlistener(&side_reader, lev, map);
	ck_assert_ptr_nonnull(d);
	ck_assert(asyncore_accepting(d) && !asyncore_connected(d));
	ck_assert(memcmp(asyncore_addr(d, &len), &addr, sizeof addr) == 0);
	ck_assert_uint_eq(len, sizeof addr);
	ck_assert_int_eq(fcntl(fd, F_GETFD) >= 0, _i == 0);
	if (_i == 0)
		ck_assert_int_eq(close(fd), 0);
	accept_all("accepted accepted accepted");
	hang_up();
	ck_assert_int_eq(asyncore_close(d), 0);
	asyncore_unref(d);
}
END_TEST

START_TEST(listener_is_taken_in_its_own_callback)
{
	struct asyncore_dispatcher *d = NULL;
	struct sockaddr_in addr;
	struct evconnlistener *lev = new_lev(take_on_accept, &d,
	    LEV_OPT_CLOSE_ON_FREE, &addr);
	int i;

	call_listener(&addr);
	await(evconnlistener_get_fd(lev), POLLIN);
	for (i = 0; i < TURNS && d == NULL; i++)
		host_turn();
	ck_assert_ptr_nonnull(d);
	accept_all("callback accepted accepted");
	hang_up();
	ck_assert_int_eq(asyncore_close(d), 0);
	asyncore_unref(d);
}
END_TEST

START_TEST(listener_on_what_is_no_socket_is_refused)
{
	struct evconnlistener *lev;
	int fds[2], n;

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(evutil_make_socket_nonblocking(fds[0]), 0);
	lev = evconnlistener_new(host_base(), on_accept, NULL, 0, 0, fds[0]);
	ck_assert_ptr_nonnull(lev);
	n = count_fds();
	ck_assert_ptr_null(asyncore_take_evconnlistener(&side_reader, lev,
	    map));
	ck_assert_int_eq(errno, ENOTSOCK);
	ck_assert_int_eq(count_fds(), n);
	evconnlistener_free(lev);
	ck_assert_int_eq(close(fds[0]), 0);
	ck_assert_int_eq(close(fds[1]), 0);
}
END_TEST

START_TEST(listener_that_is_not_taken_goes_on)
{
	static const struct asyncore_class bad = { .flags = 0x4000u };
	static const char all[] = "callback callback callback";
	struct sockaddr_in addr;
	struct evconnlistener *lev;
	const int n = count_fds();
	int i;

	lev = new_lev(on_accept, NULL, LEV_OPT_CLOSE_ON_FREE, &addr);
	errno = 0;
	ck_assert_ptr_null(asyncore_take_evconnlistener(&bad, lev, map));
	ck_assert_int_eq(errno, EINVAL);
	errno = 0;
	ck_assert_ptr_null(asyncore_take_evconnlistener(&side_reader, NULL,
	    map));
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(count_fds(), n + 1);
	call_listener(&addr);
	for (i = 0; i < CALLERS && strlen(traced()) < strlen(all); i++) {
		await(evconnlistener_get_fd(lev), POLLIN);
		host_turn();
	}
	host_turn();
	ck_trace(all);
	evconnlistener_free(lev);
	hang_up();
}
END_TEST

void
testing_add(TCase *tc)
{
	tcase_add_loop_test(tc,
	    what_a_bufferevent_had_read_is_received_first, 0, 2);
	tcase_add_test(tc,
	    what_was_brought_is_read_in_any_pieces_without_the_peer);
	tcase_add_test(tc, what_was_brought_ends_the_wait);
	tcase_add_test(tc,
	    channel_can_be_detached_when_what_was_brought_is_read);
	tcase_add_test(tc, what_was_brought_and_not_read_goes_with_the_channel);
	tcase_add_loop_test(tc,
	    output_of_a_bufferevent_is_sent_before_the_channel_s, 0, 2);
	tcase_add_test(tc, chat_goes_on_with_half_a_line);
	tcase_add_test(tc, output_is_refused_by_a_class_that_keeps_none);
	tcase_add_loop_test(tc, file_in_the_output_is_refused, 0, 2);
	tcase_add_test(tc, input_that_the_program_has_frozen_is_refused);
	tcase_add_loop_test(tc, class_of_which_nothing_can_be_made_is_refused,
	    0, 3);
	tcase_add_test(tc, descriptor_of_another_channel_is_refused);
	tcase_add_test(tc, bufferevents_of_other_kinds_are_refused);
	tcase_add_loop_test(tc, bufferevent_is_taken_in_its_own_callback, 0, 3);
	tcase_add_test(tc, callback_that_was_deferred_is_dropped);
	tcase_add_test(tc, channel_taken_in_a_host_s_loop_goes_on_there);
	tcase_add_test(tc,
	    connection_that_is_being_made_is_made_by_the_channel);
#ifdef __linux__
	tcase_add_test(tc, connection_that_nobody_answers_is_connecting);
#else
	testing_skip("connection_that_nobody_answers_is_connecting",
	    "only Linux leaves one unanswered when a queue is full");
#endif
	tcase_add_test(tc, socket_that_never_connected_stays_so);
	tcase_add_test(tc,
	    connection_that_was_refused_is_an_error_of_the_channel);
	tcase_add_loop_test(tc,
	    connections_that_wait_at_a_listener_are_the_channel_s, 0, 2);
	tcase_add_test(tc, listener_is_taken_in_its_own_callback);
	tcase_add_test(tc, listener_on_what_is_no_socket_is_refused);
	tcase_add_test(tc, listener_that_is_not_taken_goes_on);
}
