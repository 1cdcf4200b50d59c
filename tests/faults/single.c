/*
 * single.c - what is promised of a single call that fails, where a scene would
 * only see that somebody hears of it: who hears what, what is tried again, and
 * what goes on as if nothing had happened.
 */
#include "testing.h"

#include "faults.h"
#include "places.h"
#include "single.h"

#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/bufferevent.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <event2/listener.h>

#include "asynchat.h"

#define N(list) (int)(sizeof(list) / sizeof *(list))

static void
fail_once(const char *call, int err)
{
	faults_fail(faults_find(call), 0, err, false);
}

static void
end_faults(void)
{
	faults_end();
	ck_assert(faults_happened());
}

static int
pass(void)
{
	return asyncore_loop(1, false, map, 1);
}

static int
trace_read(struct asyncore_dispatcher *d)
{
	char buf[8];
	ssize_t n = asyncore_recv(d, buf, sizeof buf);

	if (n > 0)
		trace("read:%.*s", (int)n, buf);
	return n < 0 ? (int)n : 0;
}

static int
trace_and_stay(struct asyncore_dispatcher *d, int err)
{
	(void)d;
	trace("error:%d", -err);
	return 0;
}

static int
trace_connect(struct asyncore_dispatcher *d)
{
	(void)d;
	trace("connect");
	return 0;
}

/* Whose handle_error() keeps the channel. */
static const struct asyncore_class staying_class = {
	.name = "Staying",
	.writable = asyncore_never,
	.handle_read = trace_read,
	.handle_connect = trace_connect,
	.handle_error = trace_and_stay,
};

static struct asyncore_dispatcher *
with_peer(const struct asyncore_class *cls, int *peer)
{
	struct asyncore_dispatcher *d;
	int fds[2];

	make_pair(fds);
	*peer = fds[1];
	d = asyncore_new_socket(cls, fds[0], map);
	ck_assert_ptr_nonnull(d);
	return d;
}

static void
end_channel(struct asyncore_dispatcher *d)
{
	ck_trace("");
	ck_assert_int_eq(asyncore_close(d), 0);
	asyncore_unref(d);
}

/* ---- Watching. ---- */

static bool
is_epoll(void)
{
	return strcmp(event_base_get_method(asyncore_map_base(map)),
	    "epoll") == 0;
}

/* After the next wait, and not at once, which would fail again and again. */
START_TEST(channel_that_cannot_be_watched_is_tried_again_in_the_next_pass)
{
	int peer;
	struct asyncore_dispatcher *d = with_peer(&staying_class, &peer);

	write_all(peer, "a", 1);
	fail_once("epoll_ctl", ENOSPC);
	ck_assert_int_eq(asyncore_loop(0, false, map, 1), 0);
	faults_end();
	if (is_epoll()) {
		ck_assert(faults_happened());
		ck_trace("error:28");
		ck_assert_int_eq(pass(), 0);
	}
	ck_trace("read:a");
	end_channel(d);
	ck_assert_int_eq(close(peer), 0);
}
END_TEST

/* ---- Connecting and accepting. ---- */

static const int going_on[] = { EINPROGRESS, EALREADY, EINTR };

START_TEST(connection_that_goes_on_being_made_is_made)
{
	struct asyncore_dispatcher *d = asyncore_new(&staying_class, map);
	struct sockaddr_in addr;
	const int listener = listen_on_loopback(&addr);
	const double end = now() + HANGS;

	ck_assert_int_eq(asyncore_create_socket(d, AF_INET, SOCK_STREAM), 0);
	fail_once("connect", going_on[_i]);
	ck_assert_int_eq(asyncore_connect(d, (struct sockaddr *)&addr,
	    sizeof addr), 0);
	end_faults();
	ck_assert(asyncore_connecting(d));
	ck_trace("");
	close(accept(listener, NULL, NULL));
	while (asyncore_connecting(d) && now() < end)
		ck_assert_int_eq(pass(), 0);
	ck_trace("connect");
	end_channel(d);
	ck_assert_int_eq(close(listener), 0);
}
END_TEST

static int
trace_and_close(struct asyncore_dispatcher *d, int err)
{
	trace("error:%s", err == -ECONNREFUSED ? "refused" : strerror(-err));
	return asyncore_close(d);
}

static int
trace_close(struct asyncore_dispatcher *d)
{
	trace("close");
	return asyncore_close(d);
}

/* Linux notes the error before the rest of it: a poll() in between says no more. */
START_TEST(refusal_that_poll_sees_half_of_is_told_with_its_error)
{
	static const struct asyncore_class cls = {
		.base = &staying_class,
		.handle_error = trace_and_close,
		.handle_close = trace_close,
	};
	struct asyncore_dispatcher *d = asyncore_new(&cls, map);
	struct place p;

	bind_place(&p, inet, SOCK_STREAM);
	ck_assert_int_eq(asyncore_create_socket(d, AF_INET, SOCK_STREAM), 0);
	ck_assert_int_eq(connect_to(d, &p), 0);
	await(asyncore_fileno(d), POLLERR);
	faults_hide(POLLIN | POLLOUT | POLLHUP);
	ck_assert_int_eq(asyncore_loop(1, true, map, 1), 0);
	faults_end();
	ck_trace("error:refused");
	end_channel(d);
	drop_place(&p);
}
END_TEST

static const int peerless[] = { ENOTCONN, EINVAL };	/* EINVAL: macOS */

START_TEST(socket_whose_peer_is_not_known_is_not_connected)
{
	struct asyncore_dispatcher *d;
	int peer;

	fail_once("getpeername", peerless[_i]);
	d = with_peer(&staying_class, &peer);
	end_faults();
	ck_assert(!asyncore_connected(d));
	ck_assert_ptr_null(asyncore_addr(d, NULL));
	end_channel(d);
	ck_assert_int_eq(close(peer), 0);
}
END_TEST

static int
trace_accepted(struct asyncore_dispatcher *d, int fd,
    const struct sockaddr *addr, socklen_t len)
{
	(void)d;
	(void)addr;
	(void)len;
	trace("accepted");
	return close(fd);
}

static void
close_and_tell(struct asyncore_dispatcher *d, const char *message,
    const char *type)
{
	(void)message;
	trace("%s", type);
	ck_assert_int_eq(asyncore_close(d), 0);
}

static void
tell(struct asyncore_dispatcher *d, const char *message, const char *type)
{
	(void)d;
	(void)message;
	trace("%s", type);
}

static const struct asyncore_class listener_class = {
	.name = "Listener",
	.handle_accepted = trace_accepted,
	.log_info = tell,
};

static const struct asyncore_class desperate_class = {
	.base = &listener_class,
	.log_info = close_and_tell,
};

static int caller;

/* A listener with a connection in its queue. */
static struct asyncore_dispatcher *
called(const struct asyncore_class *cls)
{
	struct sockaddr_in addr;
	struct asyncore_dispatcher *d;

	d = asyncore_new_socket(cls, listen_on_loopback(&addr), map);
	ck_assert_ptr_nonnull(d);
	ck_assert_int_eq(asyncore_listen(d, 5), 0);
	caller = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(caller, (struct sockaddr *)&addr,
	    sizeof addr), 0);
	return d;
}

static void
end_listener(struct asyncore_dispatcher *d)
{
	end_channel(d);
	ck_assert_int_eq(close(caller), 0);
}

#ifdef HAVE_ACCEPT4
#define ACCEPT "accept4"
#else
#define ACCEPT "accept"
#endif

START_TEST(accept_that_was_interrupted_is_called_again)
{
	struct asyncore_dispatcher *d = called(&listener_class);

	fail_once(ACCEPT, EINTR);
	ck_assert_int_eq(pass(), 0);
	end_faults();
	ck_trace("accepted");
	end_listener(d);
}
END_TEST

START_TEST(listener_may_close_when_it_says_that_descriptors_run_out)
{
	struct asyncore_dispatcher *d = called(&desperate_class);

	fail_once(ACCEPT, EMFILE);
	ck_assert_int_eq(pass(), 0);
	end_faults();
	ck_trace("error");
	ck_assert(asyncore_closed(d));
	ck_assert_uint_eq(asyncore_map_len(map), 0);
	end_listener(d);
}
END_TEST

static int
n_events(void)
{
	return event_base_get_num_events(asyncore_map_base(map),
	    EVENT_BASE_COUNT_ADDED);
}

/* Nothing of it is on the base, which the host may run. */
START_TEST(listener_out_of_any_map_does_not_pause)
{
	struct asyncore_dispatcher *d = called(&listener_class);
	int before;

	ck_assert_int_eq(asyncore_del_channel(d), 0);
	before = n_events();
	fail_once(ACCEPT, EMFILE);
	ck_assert_int_eq(asyncore_accept(d, NULL, NULL), -EAGAIN);
	end_faults();
	ck_trace("error");
	ck_assert_int_eq(n_events(), before);
	ck_assert_int_eq(asyncore_add_channel(d, map), 0);
	ck_assert_int_eq(pass(), 0);
	ck_trace("accepted");
	end_listener(d);
}
END_TEST

static const struct {
	const char *call;
	int error;
} lacks[] = {
	{ "socket", EAFNOSUPPORT },		/* there is no IPv6 */
	{ "bind", EADDRNOTAVAIL },		/* or no address of it */
	{ "setsockopt", EINVAL },		/* or not for IPv4, too */
	{ "setsockopt", ENOPROTOOPT },
};

START_TEST(where_one_socket_is_not_for_both_families_it_is_for_IPv4)
{
	struct asyncore_dispatcher *d = asyncore_new(&listener_class, map);
	struct sockaddr_storage addr;
	socklen_t len = sizeof addr;

	fail_once(lacks[_i].call, lacks[_i].error);
	ck_assert_int_eq(asyncore_bind_hostname(d, AF_UNSPEC, NULL, NULL), 0);
	end_faults();
	ck_assert_int_eq(getsockname(asyncore_fileno(d),
	    (struct sockaddr *)&addr, &len), 0);
	ck_assert_int_eq(addr.ss_family, AF_INET);
	end_channel(d);
}
END_TEST

/* ---- Names with two addresses. ---- */

/* The only one: 127.0.0.1 twice. */
static const char two_addresses[] = "two.test";
static struct addrinfo two[2], *once;

int
getaddrinfo(const char *host, const char *service,
    const struct addrinfo *hints, struct addrinfo **answer)
{
	int (*next)(const char *, const char *, const struct addrinfo *,
	    struct addrinfo **);
	void *p = dlsym(RTLD_NEXT, "getaddrinfo");
	int err;

	memcpy(&next, &p, sizeof next);
	if (host == NULL || strcmp(host, two_addresses) != 0)
		return next(host, service, hints, answer);
	if ((err = next("127.0.0.1", service, hints, &once)) != 0)
		return err;
	two[0] = two[1] = *once;
	two[0].ai_next = &two[1];
	two[1].ai_next = NULL;
	*answer = two;
	return 0;
}

void
freeaddrinfo(struct addrinfo *answer)
{
	void (*next)(struct addrinfo *);
	void *p = dlsym(RTLD_NEXT, "freeaddrinfo");

	memcpy(&next, &p, sizeof next);
	next(answer == two ? once : answer);
}

/* Such as that of a family that the system does not have. */
START_TEST(listener_without_a_socket_for_an_address_takes_the_next)
{
	struct asyncore_dispatcher *d = asyncore_new(&listener_class, map);

	fail_once("socket", EAFNOSUPPORT);
	ck_assert_int_eq(asyncore_bind_hostname(d, AF_UNSPEC,
	    two_addresses, NULL), 0);
	end_faults();
	ck_assert_int_ge(asyncore_fileno(d), 0);
	end_channel(d);
}
END_TEST

static struct evdns_base *
with_hosts(const char *lines)
{
	char path[] = "faults-hosts-XXXXXX";
	struct evdns_base *dns;
	const int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	write_all(fd, lines, strlen(lines));
	ck_assert_int_eq(close(fd), 0);
	dns = evdns_base_new(asyncore_map_base(map), 0);
	ck_assert_ptr_nonnull(dns);
	ck_assert_int_eq(evdns_base_load_hosts(dns, path), 0);
	ck_assert_int_eq(unlink(path), 0);
	return dns;
}

static const struct asyncore_class caller_class = {
	.base = &staying_class,
	.writable = asyncore_always,
};

START_TEST(caller_without_a_socket_for_an_address_takes_the_next)
{
	struct evdns_base *dns = with_hosts("127.0.0.1 two.test\n"
	    "127.0.0.1 two.test\n");
	struct sockaddr_in addr;
	const int fd = listen_on_loopback(&addr);
	struct asyncore_dispatcher *d = asyncore_new(&caller_class, map);

	ck_assert_int_eq(asyncore_connect_hostname(d, dns, AF_INET,
	    two_addresses, ntohs(addr.sin_port)), 0);
	fail_once("socket", EAFNOSUPPORT);
	while (asyncore_connecting(d))
		ck_assert_int_eq(pass(), 0);
	end_faults();
	ck_trace("connect");
	ck_assert(asyncore_connected(d));
	end_channel(d);
	evdns_base_free(dns, 0);
	ck_assert_int_eq(close(fd), 0);
}
END_TEST

/* ---- Files. ---- */

static int
trace_write(struct asyncore_dispatcher *d)
{
	ssize_t n = asyncore_send(d, "b", 1);

	trace("written:%zd", n);
	return n < 0 ? (int)n : 0;
}

static const struct asyncore_class file_class = {
	.base = &asyncore_file_dispatcher_class,
	.handle_read = trace_read,
	.handle_write = trace_write,
	.handle_error = trace_and_stay,
};

/* A pipe by poll's view, as the other one finds no reader writable. */
START_TEST(transfer_of_a_file_that_was_interrupted_is_called_again)
{
	const char *const call = _i == 0 ? "read" : "write";
	struct asyncore_dispatcher *d;
	int fds[2];
	char c;

	ck_assert_int_eq(pipe(fds), 0);
	write_all(fds[1], "a", 1);
	d = asyncore_new_file(&file_class, fds[_i], map);
	ck_assert_ptr_nonnull(d);
	fail_once(call, EINTR);
	ck_assert_int_eq(_i == 0 ? asyncore_read(d) : asyncore_write(d), 0);
	end_faults();
	ck_trace(_i == 0 ? "read:a" : "written:1");
	if (_i == 1) {
		ck_assert_int_eq(read(fds[0], &c, 1), 1);
		ck_assert_int_eq(read(fds[0], &c, 1), 1);
		ck_assert_int_eq(c, 'b');
	}
	end_channel(d);
	ck_assert_int_eq(close(fds[0]), 0);
	ck_assert_int_eq(close(fds[1]), 0);
}
END_TEST

static ssize_t
plain_send(struct asyncore_dispatcher *d, const void *data, size_t len)
{
	return asyncore_dispatcher_class.send(d, data, len);
}

/* With a send() of its own it gets a file's bytes by pread(2). */
static const struct asynchat_class sender_class = {
	.dispatcher = {
		.name = "Sender",
		.base = &asynchat_async_chat_class.dispatcher,
		.flags = ASYNCHAT_CLASS,
		.handle_error = trace_and_stay,
		.send = plain_send,
	},
};

static void
push_text_file(struct asyncore_dispatcher *d)
{
	FILE *f = tmpfile();

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs("file", f), 0);
	ck_assert_int_eq(fflush(f), 0);
	ck_assert_int_eq(asynchat_push_file(d, dup(fileno(f)), 0, -1), 0);
	ck_assert_int_eq(fclose(f), 0);
}

/* Where it fails the file is dropped, and what is behind it goes out. */
START_TEST(file_that_cannot_be_read_is_an_error_unless_it_was_interrupted)
{
	struct asyncore_dispatcher *d;
	char buf[8];
	int fds[2];

	make_pair(fds);
	d = asynchat_new_socket(&sender_class, fds[0], map);
	ck_assert_ptr_nonnull(d);
	fail_once("pread", _i == 0 ? EINTR : EIO);
	push_text_file(d);
	end_faults();
	ck_trace(_i == 0 ? "" : "error:5");
	ck_assert_int_eq(asynchat_push(d, "x", 1), 0);
	ck_assert_int_eq(read(fds[1], buf, sizeof buf), _i == 0 ? 5 : 1);
	ck_assert_mem_eq(buf, _i == 0 ? "filex" : "x", _i == 0 ? 5 : 1);
	end_channel(d);
	ck_assert_int_eq(close(fds[1]), 0);
}
END_TEST

/* ---- Other threads. ---- */

static int
say_called(void *arg)
{
	(void)arg;
	trace("called");
	return 0;
}

/* The next one tries; and what was given to the map is not lost. */
START_TEST(wakeup_that_fails_is_told_and_tried_again)
{
	ck_assert_int_eq(asyncore_map_enable_threads(map), 0);
	fail_once("write", EIO);
	ck_assert_int_eq(asyncore_wakeup(map), -EIO);
	end_faults();
	fail_once("write", EIO);
	ck_assert_int_eq(asyncore_call_soon_threadsafe(map, say_called, NULL),
	    0);
	end_faults();
	ck_assert_int_eq(asyncore_wakeup(map), 0);
	ck_assert_int_eq(asyncore_loop(10, false, map, -1), 0);
	ck_trace("called");
}
END_TEST

static const int harmless[] = { EINTR, EAGAIN };

START_TEST(wakeup_by_a_pipe_that_is_full_or_a_call_that_is_interrupted)
{
	ck_assert_int_eq(asyncore_map_enable_threads(map), 0);
	fail_once("write", harmless[_i]);
	ck_assert_int_eq(asyncore_wakeup(map), 0);
	end_faults();
}
END_TEST

/* ---- The default map. ---- */

static int
never(struct asyncore_dispatcher *d, void *arg)
{
	(void)arg;
	ck_abort_msg("%p is in a map that is not there", (void *)d);
	return 0;
}

static int
make_new_socket(void)
{
	const int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_ge(fd, 0);
	return asyncore_new_socket(&staying_class, fd, NULL) ? 0 : -errno;
}

static int
make_channel(void)
{
	return asyncore_new(&staying_class, NULL) ? 0 : -errno;
}

static int
set_log(void)
{
	return asyncore_map_set_log(NULL, NULL, NULL);
}

static int
get_stats(void)
{
	struct asyncore_stats s;

	return asyncore_map_get_stats(NULL, &s, sizeof s);
}

static int
set_timing(void)
{
	return asyncore_map_set_timing(NULL, true);
}

static int
set_trace(void)
{
	return asyncore_map_set_trace(NULL, NULL, NULL);
}

static int
set_presume(void)
{
	return asyncore_map_set_presume(NULL, true);
}

static int
walk(void)
{
	return asyncore_map_foreach(NULL, never, NULL);
}

static int
loop(void)
{
	return asyncore_loop(0, false, NULL, 1);
}

static int
stop(void)
{
	return asyncore_stop(NULL);
}

static int
attach(void)
{
	return asyncore_attach(NULL);
}

static int
detach(void)
{
	return asyncore_detach_map(NULL);
}

static int
call_later(void)
{
	return (int)asyncore_call_later(NULL, 0, say_called, NULL);
}

static int
cancel(void)
{
	return asyncore_cancel_call(NULL, 1);
}

static int
reschedule(void)
{
	return asyncore_reschedule_call(NULL, 1, 1);
}

static int
interrupt_on(void)
{
	return asyncore_interrupt_on(NULL, SIGUSR1);
}

static int
enable_threads(void)
{
	return asyncore_map_enable_threads(NULL);
}

static int
get_base(void)
{
	return asyncore_map_base(NULL) == NULL ? -ENOMEM : 0;
}

static struct bufferevent *spare_bev;
static struct evconnlistener *spare_lev;

static int
take_bufferevent(void)
{
	return asyncore_take_bufferevent(&staying_class, spare_bev, NULL) ?
	    0 : -errno;
}

static int
take_evconnlistener(void)
{
	return asyncore_take_evconnlistener(&staying_class, spare_lev, NULL) ?
	    0 : -errno;
}

static int (*const users[])(void) = {
	make_new_socket, make_channel, set_log, get_stats, set_timing,
	set_trace, set_presume, walk, loop, stop, attach, detach, call_later,
	cancel, reschedule, interrupt_on, enable_threads, get_base,
	take_bufferevent, take_evconnlistener
};

START_TEST(where_no_default_map_can_be_made_everybody_says_ENOMEM)
{
	struct event_base *base = asyncore_map_base(map);
	struct sockaddr_in addr;
	const int fd = listen_on_loopback(&addr);
	int n, before;

	/* libevent's debug mode asks for it. */
	ck_assert_int_eq(evutil_make_socket_nonblocking(fd), 0);
	spare_bev = bufferevent_socket_new(base, -1, 0);
	spare_lev = evconnlistener_new(base, NULL, NULL,
	    LEV_OPT_CLOSE_ON_FREE, 0, fd);
	ck_assert(spare_bev != NULL && spare_lev != NULL);
	before = count_fds();
	for (n = 0; n < N(users); n++) {
		faults_fail(faults_find("malloc"), 0, ENOMEM, true);
		ck_assert_int_eq(users[n](), -ENOMEM);
		end_faults();
		ck_assert_uint_eq(asyncore_map_len(NULL), 0);
		ck_assert_ptr_null(asyncore_map_get(NULL, 0));
	}
	ck_assert_int_eq(count_fds(), before);
	bufferevent_free(spare_bev);
	evconnlistener_free(spare_lev);
}
END_TEST

void
single_add(TCase *tc)
{
	tcase_add_test(tc,
	    channel_that_cannot_be_watched_is_tried_again_in_the_next_pass);
	tcase_add_loop_test(tc, connection_that_goes_on_being_made_is_made, 0,
	    N(going_on));
	tcase_add_test(tc,
	    refusal_that_poll_sees_half_of_is_told_with_its_error);
	tcase_add_loop_test(tc,
	    socket_whose_peer_is_not_known_is_not_connected, 0, N(peerless));
	tcase_add_test(tc, accept_that_was_interrupted_is_called_again);
	tcase_add_test(tc,
	    listener_may_close_when_it_says_that_descriptors_run_out);
	tcase_add_test(tc, listener_out_of_any_map_does_not_pause);
	tcase_add_loop_test(tc,
	    where_one_socket_is_not_for_both_families_it_is_for_IPv4, 0,
	    N(lacks));
	tcase_add_test(tc,
	    listener_without_a_socket_for_an_address_takes_the_next);
	tcase_add_test(tc,
	    caller_without_a_socket_for_an_address_takes_the_next);
	tcase_add_loop_test(tc,
	    transfer_of_a_file_that_was_interrupted_is_called_again, 0, 2);
	tcase_add_loop_test(tc,
	    file_that_cannot_be_read_is_an_error_unless_it_was_interrupted, 0,
	    2);
	tcase_add_test(tc, wakeup_that_fails_is_told_and_tried_again);
	tcase_add_loop_test(tc,
	    wakeup_by_a_pipe_that_is_full_or_a_call_that_is_interrupted, 0,
	    N(harmless));
	tcase_add_test(tc,
	    where_no_default_map_can_be_made_everybody_says_ENOMEM);
}
