/*
 * check_bind_hostname.c - listening on a name, a numeric address, a service, a
 * path, and on all addresses of the machine, of both families with one socket.
 * Nothing leaves the machine.
 */
#include "testing.h"
#include "places.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

const char testing_suite[] = "bind_hostname";

static int
on_accepted(struct asyncore_dispatcher *d, int fd,
    const struct sockaddr *addr, socklen_t len)
{
	(void)d, (void)addr, (void)len;
	trace("accepted");
	ck_assert_int_eq(close(fd), 0);
	return 0;
}

static const struct asyncore_class listener = {
	.name = "Listener",
	.handle_accepted = on_accepted,
};

static struct asyncore_dispatcher *
new_listener(int family, const char *host, const char *service)
{
	struct asyncore_dispatcher *d = asyncore_new(&listener, map);

	ck_assert_int_eq(asyncore_bind_hostname(d, family, host, service), 0);
	ck_assert_int_eq(asyncore_listen(d, 16), 0);
	ck_assert_ptr_null(asyncore_resolve_error(d));
	return d;
}

static void
end_listener(struct asyncore_dispatcher *d)
{
	ck_assert_int_eq(asyncore_close(d), 0);
	asyncore_unref(d);
}

static in_port_t
port_of(const struct asyncore_dispatcher *d)
{
	struct place p;

	p.len = sizeof p.addr;
	ck_assert_int_eq(getsockname(asyncore_fileno(d), &p.addr.sa, &p.len),
	    0);
	return p.addr.sa.sa_family == AF_INET6 ? p.addr.in6.sin6_port :
	    p.addr.in.sin_port;
}

/* A socket for the family's loopback, and the place of d's port there. */
static int
stream_for(const struct asyncore_dispatcher *d, place_maker make,
    struct place *p)
{
	int fd;

	make(p);
	if (p->addr.sa.sa_family == AF_INET6)
		p->addr.in6.sin6_port = port_of(d);
	else
		p->addr.in.sin_port = port_of(d);
	fd = socket(p->addr.sa.sa_family, SOCK_STREAM, 0);
	ck_assert_int_ge(fd, 0);
	return fd;
}

/* 0, or why it cannot be reached there. */
static int
call_it(const struct asyncore_dispatcher *d, place_maker make)
{
	struct place p;
	const int fd = stream_for(d, make, &p);
	const int err = connect(fd, &p.addr.sa, p.len) == 0 ? 0 : errno;

	ck_assert_int_eq(close(fd), 0);
	return err;
}

/* The same, while nobody else can be there; EADDRINUSE: somebody is. */
static int
call_it_alone(const struct asyncore_dispatcher *d, place_maker make)
{
	struct place p;
	const int fd = stream_for(d, make, &p);
	const int err = bind(fd, &p.addr.sa, p.len) == 0 ? call_it(d, make) :
	    errno;

	ck_assert_int_eq(close(fd), 0);
	return err;
}

static void
ck_accepts(const struct asyncore_dispatcher *d, place_maker make)
{
	ck_assert_int_eq(call_it(d, make), 0);
	ck_assert_int_eq(asyncore_loop(10, false, map, 1), 0);
	ck_trace("accepted");
}

START_TEST(no_host_is_any_address_of_both_families)
{
	struct asyncore_dispatcher *d;

	d = new_listener(AF_UNSPEC, _i == 0 ? NULL : "", NULL);
	ck_accepts(d, inet);
	if (n_tcp_places() == 2)
		ck_accepts(d, inet6);
	end_listener(d);
}
END_TEST

START_TEST(an_address_is_of_its_family_alone)
{
	static const char *const hosts[][2] = {
		{ NULL, "127.0.0.1" }, { NULL, "::1" }
	};
	static const int families[] = { AF_INET, AF_INET6 };
	struct asyncore_dispatcher *d;
	int i, err, n_taken = 0;

	for (i = 0; i < 2; i += err != EADDRINUSE) {
		d = new_listener(families[_i], hosts[_i][i], NULL);
		ck_accepts(d, tcp_places[_i]);
		err = n_tcp_places() == 2 ?
		    call_it_alone(d, tcp_places[!_i]) : ECONNREFUSED;
		if (err == EADDRINUSE)
			ck_assert_int_lt(++n_taken, 20);
		else
			ck_assert_int_eq(err, ECONNREFUSED);
		end_listener(d);
	}
}
END_TEST

START_TEST(a_name_may_be_listened_on)
{
	struct asyncore_dispatcher *d = new_listener(AF_INET, "localhost",
	    NULL);

	ck_accepts(d, inet);
	end_listener(d);
}
END_TEST

/* A service whose port is not for the superuser alone. */
static const struct servent *
find_service(void)
{
	const struct servent *s;

	setservent(0);
	while ((s = getservent()) != NULL)
		if (strcmp(s->s_proto, "tcp") == 0 &&
		    ntohs((in_port_t)s->s_port) > 1024)
			break;
	endservent();
	return s;
}

START_TEST(a_service_has_a_name_or_a_number)
{
	const struct servent *s = find_service();
	const int port = s->s_port;
	char name[100], number[sizeof "65535"];
	struct asyncore_dispatcher *d = asyncore_new(&listener, map);
	int err;

	(void)snprintf(name, sizeof name, "%s", s->s_name);
	(void)snprintf(number, sizeof number, "%u",
	    (unsigned)ntohs((in_port_t)port));
	err = asyncore_bind_hostname(d, AF_INET, "127.0.0.1", name);
	if (err == 0) {
		ck_assert_int_eq(port_of(d), port);
		ck_assert_int_eq(asyncore_close(d), 0);
	} else {	/* somebody has it */
		ck_assert_int_eq(err, -EADDRINUSE);
	}
	ck_assert_int_eq(asyncore_bind_hostname(d, AF_INET, "127.0.0.1",
	    number), err);
	(void)asyncore_close(d);
	asyncore_unref(d);
}
END_TEST

START_TEST(address_may_be_used_again_soon)
{
	struct asyncore_dispatcher *d = new_listener(AF_UNSPEC, "127.0.0.1",
	    NULL);
	int on = 0;
	socklen_t len = sizeof on;

	ck_assert_int_eq(getsockopt(asyncore_fileno(d), SOL_SOCKET,
	    SO_REUSEADDR, &on, &len), 0);
	ck_assert_int_ne(on, 0);
	end_listener(d);
}
END_TEST

START_TEST(path_in_use_is_refused)
{
	struct place p;
	char host[200];
	struct asyncore_dispatcher *d, *other = asyncore_new(&listener, map);

	path(&p);
	(void)snprintf(host, sizeof host, "unix:%s", p.addr.un.sun_path);
	d = new_listener(AF_UNSPEC, host, NULL);
	p.fd = call_place(&p);
	ck_assert_int_eq(asyncore_loop(10, false, map, 1), 0);
	ck_trace("accepted");
	ck_assert_int_eq(asyncore_bind_hostname(other, AF_UNIX, host, NULL),
	    -EADDRINUSE);
	ck_assert_int_eq(asyncore_fileno(other), -1);
	asyncore_unref(other);
	end_listener(d);
	drop_place(&p);
}
END_TEST

/* To the port that d has. */
static int
bind_where(struct asyncore_dispatcher *other, struct asyncore_dispatcher *d)
{
	char service[sizeof "65535"];

	(void)snprintf(service, sizeof service, "%u",
	    (unsigned)ntohs(port_of(d)));
	return asyncore_bind_hostname(other, AF_UNSPEC, NULL, service);
}

START_TEST(address_in_use_leaves_no_descriptor)
{
	struct asyncore_dispatcher *d = new_listener(AF_UNSPEC, NULL, NULL);
	struct asyncore_dispatcher *other = asyncore_new(&listener, map);

	ck_assert_int_eq(bind_where(other, d), -EADDRINUSE);
	ck_assert_ptr_null(asyncore_resolve_error(other));
	ck_assert_int_eq(asyncore_fileno(other), -1);
	ck_assert_uint_eq(asyncore_map_len(map), 1);
	ck_assert_int_eq(asyncore_bind_hostname(other, AF_UNSPEC, NULL, NULL),
	    0);
	end_listener(other);
	end_listener(d);
}
END_TEST

static void
close_when_left(struct asyncore_dispatcher *d, struct asyncore_map *m)
{
	(void)m;
	if (!asyncore_closed(d)) {
		trace("left");
		ck_assert_int_eq(asyncore_close(d), 0);
	}
}

static int
add_and_close(struct asyncore_dispatcher *d, struct asyncore_map *m)
{
	(void)m;
	trace("added");
	return asyncore_close(d);
}

/* Between two addresses, or before the first is bound to. */
START_TEST(closed_channel_stays_closed_where_nothing_is_bound)
{
	struct asyncore_dispatcher *d = new_listener(AF_UNSPEC, NULL, NULL);
	struct asyncore_dispatcher *other = asyncore_new(&listener, map);

	ck_assert_int_eq(bind_where(other, d), -EADDRINUSE);
	ck_assert(!asyncore_closed(other));
	ck_assert_int_eq(asyncore_create_socket(other, AF_INET, SOCK_STREAM),
	    0);
	ck_assert_int_eq(asyncore_close(other), 0);
	ck_assert_int_eq(bind_where(other, d), -EADDRINUSE);
	ck_assert(asyncore_closed(other));
	ck_assert_int_eq(asyncore_send(other, "x", 1), 0);
	asyncore_unref(other);
	end_listener(d);
}
END_TEST

START_TEST(closed_in_between_is_the_end)
{
	static const struct asyncore_class leavers[] = {
		{ .base = &listener, .left_map = close_when_left },
		{ .base = &listener, .add_channel = add_and_close },
	};
	struct asyncore_dispatcher *d = new_listener(AF_INET, "127.0.0.1",
	    NULL);
	struct asyncore_dispatcher *other = asyncore_new(&leavers[_i], map);
	char service[sizeof "65535"];

	(void)snprintf(service, sizeof service, "%u",
	    (unsigned)ntohs(port_of(d)));
	ck_assert_int_eq(asyncore_bind_hostname(other, AF_INET, "127.0.0.1",
	    service), _i == 0 ? -EADDRINUSE : -EBADF);
	ck_trace(_i == 0 ? "left" : "added");
	ck_assert(asyncore_closed(other));
	ck_assert_int_eq(asyncore_fileno(other), -1);
	ck_assert_uint_eq(asyncore_map_len(map), 1);
	asyncore_unref(other);
	end_listener(d);
}
END_TEST

static void
refuses(int family, const char *host, const char *service, int err,
    const char *why)
{
	struct asyncore_dispatcher *d = asyncore_new(&listener, map);
	const char *said;

	ck_assert_int_eq(asyncore_bind_hostname(d, family, host, service),
	    err);
	said = asyncore_resolve_error(d);
	if (why == NULL)
		ck_assert_ptr_null(said);
	else
		ck_assert_ptr_eq(strstr(said, why), said);
	ck_assert_int_eq(asyncore_fileno(d), -1);
	asyncore_unref(d);
}

/* A label of more than 63 bytes is a name that nobody is asked for. */
START_TEST(bad_input_is_refused)
{
	char longest[200] = "/";
	struct asyncore_dispatcher *d = asyncore_new(&listener, map);

	memset(longest + 1, 'x', sizeof longest - 2);
	refuses(AF_UNSPEC, NULL, "no such service", -ENOENT, "");
	refuses(AF_INET, "127.0.0.1", "no such service", -ENOENT,
	    "127.0.0.1: ");
#ifdef __GLIBC__	/* to others it is a name that is not known */
	refuses(AF_INET6, "127.0.0.1", "0", -EAFNOSUPPORT, "127.0.0.1: ");
#endif
	refuses(AF_UNSPEC, NULL, "65536", -EINVAL, NULL);
	refuses(AF_UNSPEC, NULL, "-1", -EINVAL, NULL);
	refuses(AF_UNSPEC, NULL, "", -EINVAL, NULL);
	refuses(AF_UNIX, NULL, "0", -EAFNOSUPPORT, NULL);
	refuses(AF_INET, "unix:x", NULL, -EAFNOSUPPORT, NULL);
	refuses(AF_UNSPEC, longest, NULL, -ENAMETOOLONG, NULL);
	ck_assert_int_lt(asyncore_bind_hostname(d, AF_INET, longest + 1,
	    NULL), 0);
	ck_assert_ptr_nonnull(strstr(asyncore_resolve_error(d), "xxx: "));
	asyncore_unref(d);
	ck_assert_int_eq(asyncore_bind_hostname(NULL, AF_INET, NULL, NULL),
	    -EINVAL);
}
END_TEST

START_TEST(open_channel_is_EBUSY)
{
	struct asyncore_dispatcher *d = new_listener(AF_INET, NULL, NULL);

	ck_assert_int_eq(asyncore_bind_hostname(d, AF_INET, NULL, NULL),
	    -EBUSY);
	ck_accepts(d, inet);
	end_listener(d);
}
END_TEST

void
testing_add(TCase *tc)
{
	if (n_tcp_places() < 2)
		testing_skip("an_address_is_of_its_family_alone",
		    "IPv6: there is no ::1");
	if (find_service() == NULL)
		testing_skip("a_service_has_a_name_or_a_number",
		    "the system has no list of services");
	else
		tcase_add_test(tc, a_service_has_a_name_or_a_number);
	tcase_add_loop_test(tc, no_host_is_any_address_of_both_families, 0, 2);
	tcase_add_loop_test(tc, an_address_is_of_its_family_alone, 0,
	    n_tcp_places());
	tcase_add_test(tc, a_name_may_be_listened_on);
	tcase_add_test(tc, address_may_be_used_again_soon);
	tcase_add_test(tc, path_in_use_is_refused);
	tcase_add_test(tc, address_in_use_leaves_no_descriptor);
	tcase_add_test(tc,
	    closed_channel_stays_closed_where_nothing_is_bound);
	tcase_add_loop_test(tc, closed_in_between_is_the_end, 0, 2);
	tcase_add_test(tc, bad_input_is_refused);
	tcase_add_test(tc, open_channel_is_EBUSY);
}
