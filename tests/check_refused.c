/*
 * check_refused.c - connections that fail: later, which is an error and then a
 * close and never a handle_connect(), or at once, which is connect()'s result
 * and calls no hook.
 *
 * No packet leaves the machine: what is unreachable is so without being sent.
 * The traces are those of CPython's asyncore unless a test says otherwise.
 */
#include "testing.h"
#include "places.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

const char testing_suite[] = "refused";

static const struct place *elsewhere;
static const char *error_at;

static int
on_connect(struct asyncore_dispatcher *d)
{
	(void)d;
	trace("connect");
	return 0;
}

static int
on_read(struct asyncore_dispatcher *d)
{
	(void)d;
	trace("read");
	return 0;
}

static int
on_write(struct asyncore_dispatcher *d)
{
	(void)d;
	trace("write");
	return 0;
}

static int
on_error(struct asyncore_dispatcher *d, int err)
{
	trace("%s%s", err == -ECONNREFUSED ? "refused" : strerror(-err),
	    asyncore_connecting(d) ? "" : ",though-not-connecting");
	return asyncore_handle_close(d);
}

static int
on_close(struct asyncore_dispatcher *d)
{
	const struct place *p = elsewhere;

	trace("close");
	ck_assert_int_eq(asyncore_close(d), 0);
	elsewhere = NULL;
	if (p == NULL)
		return 0;
	ck_assert_int_eq(asyncore_create_socket(d, p->addr.sa.sa_family,
	    SOCK_STREAM), 0);
	ck_assert_int_eq(connect_to(d, p), 0);
	return 0;
}

static const struct asyncore_class client = {
	.name = "Client",
	.handle_connect = on_connect,
	.handle_read = on_read,
	.handle_write = on_write,
	.handle_error = on_error,
	.handle_close = on_close,
};

static const struct asyncore_class reader = {
	.base = &client,
	.writable = asyncore_never,
};

static const struct asyncore_class writer = {
	.base = &client,
	.readable = asyncore_never,
};

static void
on_log_info(struct asyncore_dispatcher *d, const char *message,
    const char *type)
{
	(void)d;
	if (strcmp(type, "warning") == 0)
		return;
	trace("%s%s", type, strstr(message, error_at) != NULL ? "" : "?");
}

static const struct asyncore_class with_defaults = {
	.name = "Default",
	.handle_connect = on_connect,
	.log_info = on_log_info,
};

static struct asyncore_dispatcher *
new_client(const struct asyncore_class *cls, const struct place *p)
{
	struct asyncore_dispatcher *d = asyncore_new(cls, map);

	ck_assert_ptr_nonnull(d);
	ck_assert_int_eq(asyncore_create_socket(d, p->addr.sa.sa_family,
	    SOCK_STREAM), 0);
	return d;
}

static void
end_client(struct asyncore_dispatcher *d)
{
	ck_assert_int_eq(asyncore_close(d), 0);
	asyncore_unref(d);
}

/* The answer is there, and the pass will see it. */
static void
run_connect_pass(struct asyncore_dispatcher *d, bool use_poll)
{
	await(asyncore_fileno(d), POLLOUT);
	ck_assert_int_eq(asyncore_loop(10, use_poll, map, 1), 0);
}

/* ---- Later. ---- */

static void
refused_later(const struct asyncore_class *cls, place_maker make,
    bool use_poll, const char *expected)
{
	struct place p;
	struct asyncore_dispatcher *d;

	bind_place(&p, make, SOCK_STREAM);
	d = new_client(cls, &p);
	ck_assert_int_eq(connect_to(d, &p), 0);
	ck_assert(asyncore_connecting(d));
	ck_trace("");
	run_connect_pass(d, use_poll);
	ck_trace(expected);
	ck_assert(asyncore_closed(d));
	ck_assert(!asyncore_connected(d));
	ck_assert(!asyncore_connecting(d));
	ck_assert_uint_eq(asyncore_map_len(map), 0);
	asyncore_unref(d);
	drop_place(&p);
}

START_TEST(refused_is_an_error_then_a_close_never_a_connect)
{
	refused_later(&client, tcp_places[_i], false, "refused close");
	refused_later(&client, tcp_places[_i], true, "refused close");
}
END_TEST

START_TEST(one_that_only_reads_hears_of_it)
{
	refused_later(&reader, inet, _i, "refused close");
}
END_TEST

START_TEST(one_that_only_writes_hears_of_it)
{
	refused_later(&writer, inet, _i, "refused close");
}
END_TEST

START_TEST(refused_is_logged_with_the_router_and_closed_by_default)
{
	error_at = "in handle_connect_event";
	refused_later(&with_defaults, inet, _i, "error");
}
END_TEST

/* As a client with a list of servers does. */
START_TEST(refused_channel_turns_to_another_server_in_handle_close)
{
	struct place p, q;
	struct asyncore_dispatcher *d;

	bind_place(&p, inet, SOCK_STREAM);
	listen_place(&q, inet);
	elsewhere = &q;
	d = new_client(&client, &p);
	ck_assert_int_eq(connect_to(d, &p), 0);
	run_connect_pass(d, _i);
	ck_trace("refused close");
	ck_assert(asyncore_connecting(d));
	run_connect_pass(d, _i);
	ck_trace("connect write");
	ck_assert(asyncore_connected(d));
	ck_addr(d, &q);
	end_client(d);
	drop_place(&p);
	drop_place(&q);
}
END_TEST

/* ---- At once. ---- */

/* The same of a socket without a channel: what the system says. */
static int
errno_of_connect(const struct place *p, int family)
{
	int fd = socket(family, SOCK_STREAM, 0), err;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(connect(fd, &p->addr.sa, p->len), -1);
	err = errno;
	ck_assert_int_eq(close(fd), 0);
	return err;
}

/* Differs: asyncore leaves `connecting` set. */
static void
fails_at_once(struct asyncore_dispatcher *d, const struct place *p, int err)
{
	ck_assert_int_eq(connect_to(d, p), -err);
	ck_trace("");
	ck_assert(!asyncore_connecting(d));
	ck_assert(!asyncore_connected(d));
	ck_assert_ptr_null(asyncore_addr(d, NULL));
}

START_TEST(refused_at_once_is_answered_and_may_be_tried_again)
{
	struct place p, q;
	struct asyncore_dispatcher *d;

	bind_place(&p, local_places[_i], SOCK_STREAM);
	listen_place(&q, local_places[_i]);
	d = new_client(&client, &p);
	fails_at_once(d, &p, ECONNREFUSED);
	ck_assert(!asyncore_closed(d));
	ck_assert_int_eq(connect_to(d, &q), 0);
	ck_trace("connect");
	ck_assert(asyncore_connected(d));
	end_client(d);
	drop_place(&p);
	drop_place(&q);
}
END_TEST

/* Also where it was: nothing is under way any more. */
START_TEST(refused_at_once_ends_what_was_pending)
{
	struct place p;
	struct asyncore_dispatcher *d;

	bind_place(&p, path, SOCK_STREAM);
	d = new_client(&client, &p);
	ck_assert_int_eq(asyncore_set_connecting(d, true), 0);
	fails_at_once(d, &p, ECONNREFUSED);
	ck_assert_int_eq(asyncore_set_connected(d, true), 0);
	fails_at_once(d, &p, ECONNREFUSED);
	end_client(d);
	drop_place(&p);
}
END_TEST

static void
fails_as_a_socket(const struct place *p, int family)
{
	struct asyncore_dispatcher *d = asyncore_new(&client, map);

	ck_assert_int_eq(asyncore_create_socket(d, family, SOCK_STREAM), 0);
	fails_at_once(d, p, errno_of_connect(p, family));
	ck_assert(!asyncore_closed(d));
	ck_assert_ptr_eq(asyncore_map_get(map, asyncore_fileno(d)), d);
	end_client(d);
}

/* A stream cannot be connected to everybody, and nobody is asked. */
START_TEST(unreachable_is_answered)
{
	struct place p;

	inet(&p);
	p.addr.in.sin_addr.s_addr = htonl(INADDR_BROADCAST);
	p.addr.in.sin_port = htons(9);
	fails_as_a_socket(&p, AF_INET);
}
END_TEST

START_TEST(missing_path_is_answered)
{
	struct place p;

	path(&p);
	fails_as_a_socket(&p, AF_UNIX);
}
END_TEST

START_TEST(address_of_another_family_is_answered)
{
	struct place p;

	path(&p);
	fails_as_a_socket(&p, AF_INET);
}
END_TEST

START_TEST(no_descriptor_is_EBADF)
{
	struct place p;
	struct asyncore_dispatcher *d = asyncore_new(&client, map);

	listen_place(&p, inet);
	fails_at_once(d, &p, EBADF);
	ck_assert_int_eq(asyncore_create_socket(d, AF_INET, SOCK_STREAM), 0);
	ck_assert_int_eq(asyncore_close(d), 0);
	fails_at_once(d, &p, EBADF);
	ck_assert(asyncore_closed(d));
	asyncore_unref(d);
	drop_place(&p);
}
END_TEST

#ifdef __linux__
/*
 * Linux answers EAGAIN, and no connection is under way: nothing will ever come
 * of it.  Differs: asyncore takes it for pending, and calls handle_connect().
 */
START_TEST(full_local_listener_never_calls_handle_connect)
{
	struct place p;
	struct asyncore_dispatcher *first, *d;
	int i;

	bind_place(&p, path, SOCK_STREAM);
	ck_assert_int_eq(listen(p.fd, 0), 0);
	first = new_client(&client, &p);
	ck_assert_int_eq(connect_to(first, &p), 0);
	ck_trace("connect");
	end_client(first);
	d = new_client(&client, &p);
	if (connect_to(d, &p) == 0)
		for (i = 0; i < 3; i++)
			ck_assert_int_eq(asyncore_loop(0, _i, map, 1), 0);
	ck_assert_ptr_null(strstr(traced(), "connect"));
	ck_assert(!asyncore_connected(d));
	end_client(d);
	drop_place(&p);
}
END_TEST
#endif

static void
add_later(TCase *tc)
{
	tcase_add_loop_test(tc,
	    refused_is_an_error_then_a_close_never_a_connect, 0,
	    n_tcp_places());
	tcase_add_loop_test(tc, one_that_only_reads_hears_of_it, 0, 2);
	tcase_add_loop_test(tc, one_that_only_writes_hears_of_it, 0, 2);
	tcase_add_loop_test(tc,
	    refused_is_logged_with_the_router_and_closed_by_default, 0, 2);
	tcase_add_loop_test(tc,
	    refused_channel_turns_to_another_server_in_handle_close, 0, 2);
}

void
testing_add(TCase *tc)
{
	if (n_tcp_places() < 2)
		testing_skip("refused_is_an_error_then_a_close_never_a_connect",
		    "IPv6: there is no ::1");
	if (n_local_places() < 2)
		testing_skip(
		    "refused_at_once_is_answered_and_may_be_tried_again",
		    "abstract names: this system has none");
	add_later(tc);
	tcase_add_loop_test(tc,
	    refused_at_once_is_answered_and_may_be_tried_again, 0,
	    n_local_places());
	tcase_add_test(tc, refused_at_once_ends_what_was_pending);
	tcase_add_test(tc, unreachable_is_answered);
	tcase_add_test(tc, missing_path_is_answered);
	tcase_add_test(tc, address_of_another_family_is_answered);
	tcase_add_test(tc, no_descriptor_is_EBADF);
#ifdef __linux__
	tcase_add_loop_test(tc,
	    full_local_listener_never_calls_handle_connect, 0, 2);
#endif
}
