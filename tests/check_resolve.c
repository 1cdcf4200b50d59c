/*
 * check_resolve.c - connecting to a host by its name: what needs no name server,
 * the addresses of an answer in turn, what cannot be resolved, and the end of
 * it in each state.
 *
 * The name server is the test's own, on loopback and on the map's base: nothing
 * leaves the machine.
 */
#include "testing.h"
#include "places.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/dns.h>
#include <event2/dns_struct.h>
#include <event2/event.h>

#include "asynchat.h"

const char testing_suite[] = "resolve";

/* ---- A name server. ---- */

static struct evdns_base *dns;
static struct evdns_server_port *server;
static int n_a, n_aaaa;			/* questions */

static void
give_a(struct evdns_server_request *req, const char *name, int n,
    const char *first, const char *second)
{
	struct in_addr a[2];

	ck_assert_int_eq(inet_pton(AF_INET, first, &a[0]), 1);
	ck_assert_int_eq(inet_pton(AF_INET, second, &a[1]), 1);
	ck_assert_int_eq(evdns_server_request_add_a_reply(req, name, n, a, 60),
	    0);
}

static int
answer_a(struct evdns_server_request *req, const char *name)
{
	n_a++;
	if (strcasecmp(name, "absent.test") == 0)
		return DNS_ERR_NOTEXIST;
	if (strcasecmp(name, "one.test") == 0 ||
	    strcasecmp(name, "both.test") == 0)
		give_a(req, name, 1, "127.0.0.1", "127.0.0.1");
	if (strcasecmp(name, "second.test") == 0)
		give_a(req, name, 2, "127.0.0.2", "127.0.0.1");
	if (strcasecmp(name, "twice.test") == 0)
		give_a(req, name, 2, "127.0.0.1", "127.0.0.1");
	return DNS_ERR_NONE;
}

static int
answer_aaaa(struct evdns_server_request *req, const char *name)
{
	n_aaaa++;
	if (strcasecmp(name, "absent.test") == 0)
		return DNS_ERR_NOTEXIST;
	if (strcasecmp(name, "both.test") == 0 ||
	    strcasecmp(name, "six.test") == 0)
		ck_assert_int_eq(evdns_server_request_add_aaaa_reply(req, name,
		    1, &in6addr_loopback, 60), 0);
	return DNS_ERR_NONE;
}

static void
on_question(struct evdns_server_request *req, void *arg)
{
	const struct evdns_server_question *q = req->questions[0];
	int err;

	(void)arg;
	ck_assert_int_eq(req->nquestions, 1);
	if (strcasecmp(q->name, "silent.test") == 0) {
		ck_assert_int_eq(evdns_server_request_drop(req), 0);
		return;
	}
	err = q->type == EVDNS_TYPE_A ? answer_a(req, q->name) :
	    answer_aaaa(req, q->name);
	ck_assert_int_eq(evdns_server_request_respond(req, err), 0);
}

/* By default evdns waits for 5 s, which an answer is not later than. */
static void
be_impatient(void)
{
	ck_assert_int_eq(evdns_base_set_option(dns, "timeout:", "0.2"), 0);
}

static void
new_dns(void)
{
	dns = evdns_base_new(asyncore_map_base(map),
	    EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	ck_assert_ptr_nonnull(dns);
	ck_assert_int_eq(evdns_base_set_option(dns, "attempts:", "1"), 0);
}

static void
start_dns(void)
{
	struct place p;

	bind_place(&p, inet, SOCK_DGRAM);
	ck_assert_int_eq(evutil_make_socket_nonblocking(p.fd), 0);
	server = evdns_add_server_port_with_base(asyncore_map_base(map), p.fd,
	    0, on_question, NULL);
	ck_assert_ptr_nonnull(server);
	new_dns();
	ck_assert_int_eq(evdns_base_nameserver_sockaddr_add(dns, &p.addr.sa,
	    p.len, 0), 0);
}

/* What was cancelled is answered first, as libevent asks for. */
static void
end_dns(void)
{
	ck_assert_int_ge(event_base_loop(asyncore_map_base(map),
	    EVLOOP_NONBLOCK), 0);
	evdns_base_free(dns, 0);
	if (server != NULL)
		evdns_close_server_port(server);
}

/* ---- A client that tells all that happens to it, and closes. ---- */

static int connect_result;
static bool goes_on;			/* stays open when it is connected */
static const char *again;		/* a name to turn to when closed */
static struct place target;

static int
connect_to_name(struct asyncore_dispatcher *d, const char *host)
{
	const int port = ntohs(target.addr.in.sin_port);

	return asyncore_connect_hostname(d, dns, AF_UNSPEC, host, port);
}

static int
on_connect(struct asyncore_dispatcher *d)
{
	trace("connect");
	ck_assert(asyncore_connecting(d));
	ck_assert_ptr_null(asyncore_resolve_error(d));
	if (connect_result < 0 || goes_on)
		return connect_result;
	return asyncore_close(d);
}

static const char *
name_of(int err)
{
	switch (err) {
	case -ECONNREFUSED: return "refused";
	case -ENOENT: return "ENOENT";
	case -EHOSTUNREACH: return "EHOSTUNREACH";
	case -EAFNOSUPPORT: return "EAFNOSUPPORT";
	case -EPROTO: return "EPROTO";
	default: return strerror(-err);
	}
}

static int
on_error(struct asyncore_dispatcher *d, int err)
{
	const char *why = asyncore_resolve_error(d);

	trace("%s", name_of(err));
	if (why != NULL)
		trace("(%.*s)", (int)strcspn(why, " "), why);
	return asyncore_handle_close(d);
}

static int
on_close(struct asyncore_dispatcher *d)
{
	const char *name = again;

	trace("close");
	ck_assert_int_eq(asyncore_close(d), 0);
	again = NULL;
	return name != NULL ? connect_to_name(d, name) : 0;
}

static void
on_finalize(struct asyncore_dispatcher *d)
{
	(void)d;
	trace("gone");
}

static const struct asyncore_class client = {
	.name = "Client",
	.handle_connect = on_connect,
	.handle_error = on_error,
	.handle_close = on_close,
	.finalize = on_finalize,
};

static struct asyncore_dispatcher *
new_client(void)
{
	struct asyncore_dispatcher *d = asyncore_new(&client, map);

	ck_assert_ptr_nonnull(d);
	return d;
}

/* Nothing is told before the call returns. */
static struct asyncore_dispatcher *
call_host(int family, const char *host)
{
	struct asyncore_dispatcher *d = new_client();
	const int port = ntohs(target.addr.in.sin_port);

	ck_assert_int_eq(asyncore_connect_hostname(d, dns, family, host, port),
	    0);
	ck_trace("");
	ck_assert(asyncore_connecting(d));
	ck_assert(!asyncore_closed(d));
	ck_assert_int_eq(asyncore_fileno(d), -1);
	ck_assert_uint_eq(asyncore_map_len(map), 0);
	return d;
}

static void
run(void)
{
	ck_assert_int_eq(asyncore_loop(10, false, map, -1), 0);
}

/* Calls the host, runs until that is over, and compares. */
static void
ck_call(int family, const char *host, const char *expected)
{
	struct asyncore_dispatcher *d = call_host(family, host);

	run();
	ck_trace(expected);
	ck_assert(asyncore_closed(d));
	asyncore_unref(d);
	ck_trace("gone");
}

/* ---- Without a name server. ---- */

START_TEST(numeric_host_needs_no_dns)
{
	listen_place(&target, tcp_places[_i]);
	ck_call(AF_UNSPEC, _i == 0 ? "127.0.0.1" : "::1", "connect");
	ck_call(_i == 0 ? AF_INET : AF_INET6, _i == 0 ? "127.0.0.1" : "::1",
	    "connect");
	drop_place(&target);
}
END_TEST

START_TEST(numeric_host_that_refuses_is_an_error_in_a_pass)
{
	bind_place(&target, inet, SOCK_STREAM);
	ck_call(AF_UNSPEC, "127.0.0.1", "refused close");
	drop_place(&target);
}
END_TEST

START_TEST(numeric_host_of_another_family_is_an_error_in_a_pass)
{
	inet(&target);
	ck_call(AF_INET6, "127.0.0.1", "EAFNOSUPPORT (127.0.0.1:) close");
	ck_call(AF_INET, "::1", "EAFNOSUPPORT (::1:) close");
}
END_TEST

/* Turns to another address, and closes when that has failed, too. */
static int
turn_elsewhere(struct asyncore_dispatcher *d, int err)
{
	static struct place refusing;

	trace("%s", name_of(err));
	if (err != -EAFNOSUPPORT) {
		drop_place(&refusing);
		return asyncore_close(d);
	}
	bind_place(&refusing, inet, SOCK_STREAM);
	ck_assert_int_eq(asyncore_create_socket(d, AF_INET, SOCK_STREAM), 0);
	err = connect_to(d, &refusing);
	return err < 0 ? turn_elsewhere(d, err) : 0;
}

START_TEST(address_of_another_family_is_never_tried)
{
	static const struct asyncore_class cls = {
		.base = &client, .handle_error = turn_elsewhere,
	};
	struct asyncore_dispatcher *d = asyncore_new(&cls, map);

	listen_place(&target, inet);
	ck_assert_int_eq(asyncore_connect_hostname(d, NULL, AF_INET6,
	    "127.0.0.1", ntohs(target.addr.in.sin_port)), 0);
	run();
	ck_trace("EAFNOSUPPORT refused");
	asyncore_unref(d);
	ck_trace("gone");
	drop_place(&target);
}
END_TEST

START_TEST(path_needs_no_dns)
{
	char host[4400], dir[4096];

	listen_place(&target, path);
	(void)snprintf(host, sizeof host, "unix:%s",
	    target.addr.un.sun_path);
	ck_call(AF_UNSPEC, host, "connect");
	ck_call(AF_UNIX, host, "connect");
	ck_assert_ptr_nonnull(getcwd(dir, sizeof dir));
	(void)snprintf(host, sizeof host, "%s/%s", dir,
	    target.addr.un.sun_path);
	if (strlen(host) < sizeof target.addr.un.sun_path)
		ck_call(AF_UNSPEC, host, "connect");
	drop_place(&target);
}
END_TEST

START_TEST(missing_path_is_an_error_in_a_pass)
{
	ck_call(AF_UNSPEC, "unix:missing", "ENOENT close");
}
END_TEST

/* Linux's EAGAIN, which as a hook's result would be no error. */
START_TEST(path_whose_queue_is_full_is_an_error_in_a_pass)
{
	struct place p;
	char host[128];
	int first, full;

	listen_place(&p, path);
	ck_assert_int_eq(listen(p.fd, 0), 0);
	first = call_place(&p);
	full = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_eq(evutil_make_socket_nonblocking(full), 0);
	ck_assert_int_eq(connect(full, &p.addr.sa, p.len), -1);
	(void)snprintf(host, sizeof host, "unix:%s", p.addr.un.sun_path);
	ck_call(AF_UNSPEC, host, "refused close");
	ck_assert_int_eq(close(full), 0);
	ck_assert_int_eq(close(first), 0);
	drop_place(&p);
}
END_TEST

START_TEST(handle_connect_that_fails_at_once_is_an_error)
{
	char host[200];

	connect_result = -EPROTO;
	listen_place(&target, path);
	(void)snprintf(host, sizeof host, "unix:%s",
	    target.addr.un.sun_path);
	ck_call(AF_UNSPEC, host, "connect EPROTO close");
	drop_place(&target);
}
END_TEST

/* ---- Names. ---- */

START_TEST(name_is_resolved_and_connected)
{
	struct asyncore_dispatcher *d;

	start_dns();
	listen_place(&target, inet);
	d = call_host(AF_UNSPEC, "one.test");
	ck_assert_int_eq(asyncore_loop(_i == 0 ? 10 : -1, _i, map, -1), 0);
	ck_trace("connect");
	ck_addr(d, &target);
	asyncore_unref(d);
	end_dns();
	drop_place(&target);
}
END_TEST

static void
give_up(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	ck_abort_msg("the host's loop found no end in 10 s");
}

START_TEST(name_is_resolved_in_a_loop_of_the_host_s)
{
	static const struct timeval limit = { 10, 0 };
	struct event_base *base = asyncore_map_base(map);
	struct event *timer = evtimer_new(base, give_up, NULL);
	struct asyncore_dispatcher *d;

	start_dns();
	listen_place(&target, inet);
	ck_assert_int_eq(asyncore_attach(map), 0);
	d = call_host(AF_UNSPEC, _i == 0 ? "one.test" : "127.0.0.1");
	ck_assert_int_eq(evtimer_add(timer, &limit), 0);
	while (!asyncore_closed(d))
		ck_assert_int_eq(event_base_loop(base, EVLOOP_ONCE), 0);
	ck_trace("connect");
	event_free(timer);
	ck_assert_int_eq(asyncore_detach_map(map), 0);
	asyncore_unref(d);
	end_dns();
	drop_place(&target);
}
END_TEST

START_TEST(only_addresses_of_the_family_are_asked_for)
{
	start_dns();
	listen_place(&target, inet);
	ck_call(AF_INET, "both.test", "connect");
	ck_assert_int_eq(n_a, 1);
	ck_assert_int_eq(n_aaaa, 0);
	ck_call(AF_INET6, "one.test", "EHOSTUNREACH (one.test:) close");
	ck_assert_int_eq(n_a, 1);
	ck_assert_int_eq(n_aaaa, 1);
	end_dns();
	drop_place(&target);
}
END_TEST

/* Nobody listens at ::1, or there is no such address. */
START_TEST(both_families_are_tried)
{
	start_dns();
	listen_place(&target, inet);
	ck_call(AF_UNSPEC, "both.test", "connect");
	ck_assert_int_eq(n_a, 1);
	ck_assert_int_eq(n_aaaa, 1);
	end_dns();
	drop_place(&target);
}
END_TEST

START_TEST(hosts_file_is_told_in_a_pass)
{
	char name[] = "check-hosts-XXXXXX";
	int fd = mkstemp(name);

	ck_assert_int_ge(fd, 0);
	write_all(fd, "127.0.0.1 filed.test\n", 21);
	ck_assert_int_eq(close(fd), 0);
	new_dns();
	ck_assert_int_eq(evdns_base_load_hosts(dns, name), 0);
	ck_assert_int_eq(unlink(name), 0);
	listen_place(&target, inet);
	ck_call(AF_UNSPEC, "filed.test", "connect");
	ck_call(AF_INET6, "filed.test", "ENOENT (filed.test:) close");
	end_dns();
	drop_place(&target);
}
END_TEST

/* ---- One address after the other. ---- */

/* Nobody listens at the first address, whose port is ours. */
static int
hold_first(void)
{
	struct place p = target;

	p.addr.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
	p.fd = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_ge(p.fd, 0);
	ck_assert_int_eq(bind(p.fd, &p.addr.sa, p.len), 0);
	return p.fd;
}

static bool
has_second_loopback(void)
{
	struct place p;
	bool has;

	inet(&p);
	p.addr.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
	p.fd = socket(AF_INET, SOCK_STREAM, 0);
	has = p.fd >= 0 && bind(p.fd, &p.addr.sa, p.len) == 0;
	if (p.fd >= 0)
		(void)close(p.fd);
	return has;
}

static void
begin_two(bool second_listens)
{
	start_dns();
	bind_place(&target, inet, SOCK_STREAM);
	if (second_listens)
		ck_assert_int_eq(listen(target.fd, 16), 0);
}

static void
end_two(int first)
{
	end_dns();
	ck_assert_int_eq(close(first), 0);
	drop_place(&target);
}

START_TEST(refused_address_goes_on_with_the_next)
{
	struct asyncore_dispatcher *d;
	int first;

	begin_two(true);
	first = hold_first();
	d = call_host(AF_INET, "second.test");
	ck_assert_int_eq(asyncore_loop(10, _i, map, -1), 0);
	ck_trace("connect");
	ck_addr(d, &target);
	asyncore_unref(d);
	end_two(first);
}
END_TEST

START_TEST(failure_of_the_last_address_is_reported_once)
{
	struct asyncore_dispatcher *d;
	int first;

	begin_two(false);
	first = hold_first();
	d = call_host(AF_INET, "second.test");
	ck_assert_int_eq(asyncore_loop(10, _i, map, -1), 0);
	ck_trace("refused close");
	asyncore_unref(d);
	end_two(first);
}
END_TEST

START_TEST(handle_connect_that_fails_does_not_go_on)
{
	connect_result = -EPROTO;
	start_dns();
	listen_place(&target, inet);
	ck_call(AF_INET, "twice.test", "connect EPROTO close");
	end_dns();
	drop_place(&target);
}
END_TEST

START_TEST(connection_that_was_made_does_not_go_on)
{
	const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };
	struct asyncore_dispatcher *d;
	int fd, peer;

	goes_on = true;
	start_dns();
	listen_place(&target, inet);
	d = call_host(AF_INET, "twice.test");
	while (!asyncore_connected(d))
		ck_assert_int_eq(asyncore_loop(10, false, map, 1), 0);
	ck_trace("connect");
	fd = asyncore_fileno(d);
	peer = accept(target.fd, NULL, NULL);
	ck_assert_int_eq(setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once,
	    sizeof at_once), 0);
	ck_assert_int_eq(close(peer), 0);
	await(fd, POLLERR);
	ck_assert_int_eq(asyncore_handle_connect_event(d), -ECONNRESET);
	ck_assert_int_eq(asyncore_fileno(d), fd);
	ck_assert_int_eq(asyncore_close(d), 0);
	asyncore_unref(d);
	end_dns();
	drop_place(&target);
}
END_TEST

START_TEST(the_map_holds_it_from_the_first_address_on)
{
	struct asyncore_dispatcher *d;
	int first;

	begin_two(true);
	first = hold_first();
	d = call_host(AF_INET, "second.test");
	while (asyncore_map_len(map) == 0)
		ck_assert_int_eq(asyncore_loop(10, false, map, 1), 0);
	asyncore_unref(d);
	run();
	ck_trace("connect gone");
	end_two(first);
}
END_TEST

static int
close_when_left(struct asyncore_dispatcher *d)
{
	trace("left");
	return asyncore_close(d);
}

static void
on_left(struct asyncore_dispatcher *d, struct asyncore_map *m)
{
	(void)m;
	if (!asyncore_closed(d))
		(void)close_when_left(d);
}

static const struct asyncore_class leaver = {
	.base = &client,
	.left_map = on_left,
};

START_TEST(close_between_two_addresses_is_the_end)
{
	struct asyncore_dispatcher *d = asyncore_new(&leaver, map);
	int first;

	begin_two(true);
	first = hold_first();
	ck_assert_int_eq(connect_to_name(d, "second.test"), 0);
	run();
	ck_trace("left");
	ck_assert(asyncore_closed(d));
	ck_assert_int_eq(asyncore_fileno(d), -1);
	asyncore_unref(d);
	end_two(first);
}
END_TEST

static int
add_and_close(struct asyncore_dispatcher *d, struct asyncore_map *m)
{
	ck_assert_int_eq(asyncore_dispatcher_class.add_channel(d, m), 0);
	trace("added");
	return asyncore_close(d);
}

static int
add_and_write(struct asyncore_dispatcher *d, struct asyncore_map *m)
{
	ck_assert_int_eq(asyncore_dispatcher_class.add_channel(d, m), 0);
	trace("added");
	goes_on = true;
	return asyncore_write(d);
}

static void
log_error(struct asyncore_dispatcher *d, const char *message,
    const char *type)
{
	(void)d;
	trace("%s: %s", type, message);
}

static const struct asyncore_class unwilling = {
	.base = &client,
	.add_channel = add_and_close,
	.log_info = log_error,
};

START_TEST(close_when_it_is_added_is_the_end)
{
	struct asyncore_dispatcher *d = asyncore_new(&unwilling, map);

	ck_assert_int_eq(asyncore_connect_hostname(d, NULL, AF_UNSPEC,
	    "127.0.0.1", 1), 0);
	run();
	ck_trace("added");
	ck_assert(asyncore_closed(d));
	ck_assert_int_eq(asyncore_fileno(d), -1);
	asyncore_unref(d);
	ck_trace("gone");
}
END_TEST

static const struct asyncore_class hasty = {
	.base = &client,
	.add_channel = add_and_write,
	.log_info = log_error,
};

/* It says itself that it is connected: no address is tried any more. */
START_TEST(a_write_when_it_is_added_ends_the_addresses)
{
	struct asyncore_dispatcher *d = asyncore_new(&hasty, map);

	ck_assert_int_eq(asyncore_connect_hostname(d, NULL, AF_UNSPEC,
	    "127.0.0.1", 1), 0);
	ck_assert_int_eq(asyncore_loop(0, false, map, 1), 0);
	ck_trace("added connect warning: unhandled write event");
	ck_assert(asyncore_connected(d));
	ck_assert_int_eq(asyncore_close(d), 0);
	asyncore_unref(d);
	ck_trace("gone");
}
END_TEST

static int
found(struct asyncore_dispatcher *d)
{
	(void)d;
	return 0;
}

static const struct asynchat_class chat = {
	.dispatcher = {
		.name = "Chat",
		.base = &asynchat_async_chat_class.dispatcher,
		.flags = ASYNCHAT_CLASS,
		.handle_connect = on_connect,
	},
	.found_terminator = found,
};

START_TEST(what_was_pushed_before_is_sent_to_the_address_that_listens)
{
	struct asyncore_dispatcher *d = asynchat_new(&chat, map);
	char buf[8] = "";
	int first, peer;

	goes_on = true;
	begin_two(true);
	first = hold_first();
	ck_assert_int_eq(connect_to_name(d, "second.test"), 0);
	ck_assert_int_eq(asynchat_push(d, "hello", 5), 0);
	ck_assert_int_eq(asynchat_close_when_done(d), 0);
	run();
	peer = accept(target.fd, NULL, NULL);
	ck_assert_int_ge(peer, 0);
	ck_assert_int_eq(read(peer, buf, sizeof buf), 5);
	ck_assert_str_eq(buf, "hello");
	ck_assert_int_eq(close(peer), 0);
	asyncore_unref(d);
	end_two(first);
}
END_TEST

/* ---- What cannot be resolved. ---- */

START_TEST(absent_name_is_ENOENT_and_said_in_words)
{
	start_dns();
	ck_call(AF_UNSPEC, "absent.test", "ENOENT (absent.test:) close");
	end_dns();
}
END_TEST

START_TEST(no_answer_is_EHOSTUNREACH)
{
	start_dns();
	be_impatient();
	ck_call(AF_UNSPEC, "silent.test", "EHOSTUNREACH (silent.test:) close");
	end_dns();
}
END_TEST

START_TEST(no_name_server_is_EHOSTUNREACH_and_no_hang)
{
	new_dns();
	ck_call(AF_UNSPEC, "one.test", "EHOSTUNREACH (one.test:) close");
	end_dns();
}
END_TEST

START_TEST(dns_that_is_freed_with_an_answer_is_EHOSTUNREACH)
{
	struct asyncore_dispatcher *d;

	start_dns();
	d = call_host(AF_UNSPEC, "silent.test");
	evdns_base_free(dns, 1);
	run();
	ck_trace("EHOSTUNREACH (silent.test:) close");
	asyncore_unref(d);
	evdns_close_server_port(server);
}
END_TEST

static void
on_log_info(struct asyncore_dispatcher *d, const char *message,
    const char *type)
{
	(void)d;
	if (strcmp(type, "error") == 0)
		trace("error%s%s",
		    strstr(message, "absent.test: ") != NULL ? "" : "!",
		    strstr(message, "in connect_hostname)") != NULL ? "" : "?");
}

static const struct asyncore_class with_defaults = {
	.name = "Default",
	.log_info = on_log_info,
};

START_TEST(failure_is_logged_with_the_name_and_closed_by_default)
{
	struct asyncore_dispatcher *d = asyncore_new(&with_defaults, map);

	start_dns();
	ck_assert_int_eq(connect_to_name(d, "absent.test"), 0);
	run();
	ck_trace("error");
	ck_assert(asyncore_closed(d));
	ck_assert_ptr_null(asyncore_resolve_error(d));
	asyncore_unref(d);
	end_dns();
}
END_TEST

static int
refused_later(struct asyncore_dispatcher *d, int err)
{
	static int n;

	if (++n > 1)
		return asyncore_dispatcher_class.handle_error(d, err);
	ck_assert_int_eq(asyncore_create_socket(d, AF_INET, SOCK_STREAM), 0);
	return asyncore_connect(d, &target.addr.sa, target.len);
}

/* It has words of its own: neither the name nor its hook is in them. */
START_TEST(failure_of_a_later_connection_is_not_the_name_s)
{
	static const struct asyncore_class cls = {
		.base = &with_defaults, .handle_error = refused_later,
	};
	struct asyncore_dispatcher *d = asyncore_new(&cls, map);

	start_dns();
	bind_place(&target, inet, SOCK_STREAM);
	ck_assert_int_eq(connect_to_name(d, "absent.test"), 0);
	run();
	ck_trace("error!?");
	ck_assert(asyncore_closed(d));
	asyncore_unref(d);
	end_dns();
	drop_place(&target);
}
END_TEST

START_TEST(closed_channel_may_turn_to_another_name)
{
	again = "one.test";
	start_dns();
	listen_place(&target, inet);
	ck_call(AF_UNSPEC, "absent.test",
	    "ENOENT (absent.test:) close connect");
	end_dns();
	drop_place(&target);
}
END_TEST

START_TEST(closed_channel_hears_of_the_next_failure)
{
	again = "absent.test";
	start_dns();
	ck_call(AF_UNSPEC, "absent.test", "ENOENT (absent.test:) close "
	    "ENOENT (absent.test:) close");
	end_dns();
}
END_TEST

/* ---- The end of it. ---- */

/* Until the answer is there, in a loop of the host's: no pass has seen it. */
static void
await_answer(void)
{
	struct event_base *base = asyncore_map_base(map);
	int i;

	for (i = 0; i < 100 && (n_a == 0 || n_aaaa == 0); i++)
		ck_assert_int_eq(event_base_loop(base, EVLOOP_ONCE), 0);
	for (i = 0; i < 3; i++)
		ck_assert_int_ge(event_base_loop(base, EVLOOP_NONBLOCK), 0);
	ck_assert_int_eq(n_a + n_aaaa, 2);
	ck_trace("");
}

static void
await_first_socket(void)
{
	while (asyncore_map_len(map) == 0)
		ck_assert_int_eq(asyncore_loop(10, false, map, 1), 0);
	ck_trace("");
}

static void
nothing(void)
{
}

static void (*const states[])(void) = {
	nothing, await_answer, await_first_socket
};

START_TEST(close_cancels)
{
	struct asyncore_dispatcher *d;

	start_dns();
	listen_place(&target, inet);
	d = call_host(AF_UNSPEC, "one.test");
	states[_i]();
	ck_assert_int_eq(asyncore_close(d), 0);
	ck_assert(asyncore_closed(d));
	ck_assert(!asyncore_connecting(d));
	run();
	ck_assert_int_ge(event_base_loop(asyncore_map_base(map),
	    EVLOOP_NONBLOCK), 0);
	ck_trace("");
	asyncore_unref(d);
	end_dns();
	drop_place(&target);
}
END_TEST

/* The map holds it in the last state. */
START_TEST(last_unref_cancels)
{
	struct asyncore_dispatcher *d;

	start_dns();
	listen_place(&target, inet);
	d = call_host(AF_UNSPEC, "one.test");
	states[_i]();
	asyncore_unref(d);
	ck_trace("gone");
	run();
	ck_assert_int_ge(event_base_loop(asyncore_map_base(map),
	    EVLOOP_NONBLOCK), 0);
	ck_trace("");
	end_dns();
	drop_place(&target);
}
END_TEST

START_TEST(closed_one_may_begin_anew)
{
	struct asyncore_dispatcher *d;

	start_dns();
	listen_place(&target, inet);
	d = call_host(AF_UNSPEC, "silent.test");
	states[_i]();
	ck_assert_int_eq(asyncore_close(d), 0);
	ck_assert_int_eq(connect_to_name(d, "one.test"), 0);
	run();
	ck_trace("connect");
	asyncore_unref(d);
	end_dns();
	drop_place(&target);
}
END_TEST

static struct asyncore_dispatcher *victim;

static int
close_victim(struct asyncore_dispatcher *d)
{
	trace("closes");
	ck_assert_int_eq(asyncore_close(victim), 0);
	return asyncore_close(d);
}

static const struct asyncore_class closer = {
	.name = "Closer",
	.handle_write = close_victim,
};

/* In the pass that would have told it. */
START_TEST(hook_of_another_channel_may_close_it)
{
	int fds[2];

	make_pair(fds);
	start_dns();
	listen_place(&target, inet);
	victim = call_host(AF_UNSPEC, "one.test");
	states[_i]();
	ck_assert_ptr_nonnull(asyncore_spawn(&closer, fds[0], map));
	run();
	ck_trace("closes");
	asyncore_unref(victim);
	ck_trace("gone");
	ck_assert_int_eq(close(fds[1]), 0);
	end_dns();
	drop_place(&target);
}
END_TEST

static int
leave_on_error(struct asyncore_dispatcher *d, int err)
{
	trace("%s", name_of(err));
	(void)asyncore_close(d);
	return ASYNCORE_EXIT_NOW;
}

static const struct asyncore_class exiting = {
	.base = &client,
	.handle_error = leave_on_error,
};

START_TEST(handle_error_may_leave_the_loop)
{
	struct asyncore_dispatcher *d = asyncore_new(&exiting, map);

	start_dns();
	ck_assert_int_eq(connect_to_name(d, "absent.test"), 0);
	ck_assert_int_eq(asyncore_loop(10, false, map, -1), ASYNCORE_EXIT_NOW);
	ck_trace("ENOENT");
	asyncore_unref(d);
	end_dns();
}
END_TEST

START_TEST(map_may_be_freed_meanwhile)
{
	struct asyncore_map *m = asyncore_map_new(asyncore_map_base(map));
	struct asyncore_dispatcher *d = asyncore_new(&client, m);

	start_dns();
	ck_assert_int_eq(connect_to_name(d, "one.test"), 0);
	ck_assert_int_eq(asyncore_map_free(m), 0);
	await_answer();
	asyncore_unref(d);
	ck_trace("gone");
	end_dns();
}
END_TEST

/* ---- Bad input. ---- */

static void
refuses(struct evdns_base *with, int family, const char *host, int port,
    int err)
{
	struct asyncore_dispatcher *d = asyncore_new(&client, map);

	ck_assert_int_eq(asyncore_connect_hostname(d, with, family, host, port),
	    err);
	ck_assert(!asyncore_connecting(d));
	run();
	asyncore_unref(d);
	ck_trace("gone");
}

START_TEST(bad_input_is_refused)
{
	char longest[200] = "/";

	memset(longest + 1, 'x', sizeof longest - 2);
	new_dns();
	refuses(dns, AF_UNSPEC, NULL, 80, -EINVAL);
	refuses(dns, AF_UNSPEC, "", 80, -EINVAL);
	refuses(dns, AF_UNSPEC, "one.test", -1, -EINVAL);
	refuses(dns, AF_UNSPEC, "one.test", 65536, -EINVAL);
	refuses(NULL, AF_UNSPEC, "one.test", 80, -EINVAL);
	refuses(dns, AF_UNIX, "one.test", 80, -EAFNOSUPPORT);
	refuses(dns, AF_INET, "unix:x", 80, -EAFNOSUPPORT);
	refuses(dns, AF_INET, "/x", 80, -EAFNOSUPPORT);
	refuses(dns, AF_UNSPEC, "unix:", 80, -EINVAL);
	refuses(dns, AF_UNSPEC, longest, 80, -ENAMETOOLONG);
	ck_assert_int_eq(asyncore_connect_hostname(NULL, dns, AF_INET, "x", 1),
	    -EINVAL);
	ck_assert_ptr_null(asyncore_resolve_error(NULL));
	end_dns();
}
END_TEST

START_TEST(descriptor_or_name_is_one_at_a_time)
{
	struct asyncore_dispatcher *d = asyncore_new(&client, map);
	static const struct asyncore_transport transport = { .name = "t" };

	start_dns();
	ck_assert_int_eq(asyncore_create_socket(d, AF_INET, SOCK_STREAM), 0);
	ck_assert_int_eq(connect_to_name(d, "one.test"), -EBUSY);
	ck_assert_int_eq(asyncore_close(d), 0);
	ck_assert_int_eq(connect_to_name(d, "one.test"), 0);
	ck_assert_int_eq(connect_to_name(d, "one.test"), -EBUSY);
	ck_assert_int_eq(asyncore_create_socket(d, AF_INET, SOCK_STREAM),
	    -EBUSY);
	ck_assert_int_eq(asyncore_set_socket(d, dup(0)), -EBUSY);
	ck_assert_int_eq(asyncore_set_transport(d, &transport, NULL, -1),
	    -EBUSY);
	ck_assert_int_eq(asyncore_bind_hostname(d, AF_INET, NULL, NULL),
	    -EBUSY);
	ck_assert_int_eq(asyncore_add_channel(d, map), -EBADF);
	asyncore_unref(d);
	end_dns();
}
END_TEST

static void
add_without_server(TCase *tc)
{
	tcase_add_loop_test(tc, numeric_host_needs_no_dns, 0, n_tcp_places());
	tcase_add_test(tc, numeric_host_that_refuses_is_an_error_in_a_pass);
	tcase_add_test(tc,
	    numeric_host_of_another_family_is_an_error_in_a_pass);
	tcase_add_test(tc, address_of_another_family_is_never_tried);
	tcase_add_test(tc, path_needs_no_dns);
	tcase_add_test(tc, missing_path_is_an_error_in_a_pass);
	tcase_add_test(tc, path_whose_queue_is_full_is_an_error_in_a_pass);
	tcase_add_test(tc, handle_connect_that_fails_at_once_is_an_error);
	tcase_add_test(tc, hosts_file_is_told_in_a_pass);
	tcase_add_test(tc, no_name_server_is_EHOSTUNREACH_and_no_hang);
	tcase_add_test(tc, bad_input_is_refused);
	tcase_add_test(tc, descriptor_or_name_is_one_at_a_time);
}

static void
add_names(TCase *tc)
{
	tcase_add_loop_test(tc, name_is_resolved_and_connected, 0, 2);
	tcase_add_loop_test(tc, name_is_resolved_in_a_loop_of_the_host_s, 0,
	    2);
	tcase_add_test(tc, only_addresses_of_the_family_are_asked_for);
	tcase_add_test(tc, both_families_are_tried);
	tcase_add_test(tc, handle_connect_that_fails_does_not_go_on);
	tcase_add_test(tc, connection_that_was_made_does_not_go_on);
	tcase_add_test(tc, absent_name_is_ENOENT_and_said_in_words);
	tcase_add_test(tc, no_answer_is_EHOSTUNREACH);
	tcase_add_test(tc, dns_that_is_freed_with_an_answer_is_EHOSTUNREACH);
	tcase_add_test(tc,
	    failure_is_logged_with_the_name_and_closed_by_default);
	tcase_add_test(tc,
	    failure_of_a_later_connection_is_not_the_name_s);
	tcase_add_test(tc, closed_channel_may_turn_to_another_name);
	tcase_add_test(tc, closed_channel_hears_of_the_next_failure);
}

static void
add_second_addresses(TCase *tc)
{
	if (!has_second_loopback()) {
		testing_skip("refused_address_goes_on_with_the_next",
		    "there is no 127.0.0.2");
		return;
	}
	tcase_add_loop_test(tc, refused_address_goes_on_with_the_next, 0, 2);
	tcase_add_loop_test(tc, failure_of_the_last_address_is_reported_once,
	    0, 2);
	tcase_add_test(tc, the_map_holds_it_from_the_first_address_on);
	tcase_add_test(tc, close_between_two_addresses_is_the_end);
	tcase_add_test(tc, close_when_it_is_added_is_the_end);
	tcase_add_test(tc, a_write_when_it_is_added_ends_the_addresses);
	tcase_add_test(tc,
	    what_was_pushed_before_is_sent_to_the_address_that_listens);
}

void
testing_add(TCase *tc)
{
	if (n_tcp_places() < 2)
		testing_skip("numeric_host_needs_no_dns",
		    "IPv6: there is no ::1");
	add_without_server(tc);
	add_names(tc);
	add_second_addresses(tc);
	tcase_add_loop_test(tc, close_cancels, 0, 3);
	tcase_add_loop_test(tc, last_unref_cancels, 0, 2);
	tcase_add_loop_test(tc, closed_one_may_begin_anew, 0, 1);
	tcase_add_loop_test(tc, hook_of_another_channel_may_close_it, 0, 2);
	tcase_add_test(tc, handle_error_may_leave_the_loop);
	tcase_add_test(tc, map_may_be_freed_meanwhile);
}
