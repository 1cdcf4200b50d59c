/*
 * check_reopen.c - a client that connects anew whenever it is closed: by the
 * server, or by itself in any of its hooks and predicates, many times.
 */
#include "testing.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

const char testing_suite[] = "reopen";

static struct sockaddr_in server;
static const char *where;
static int rounds, closes, connects;

static int
reopen(struct asyncore_dispatcher *d)
{
	closes++;
	ck_assert_int_eq(asyncore_close(d), 0);
	if (closes > rounds)
		return asyncore_close_all(map, false);
	ck_assert_int_eq(asyncore_create_socket(d, AF_INET, SOCK_STREAM), 0);
	ck_assert(!asyncore_closed(d));
	ck_assert_int_eq(asyncore_connect(d, (struct sockaddr *)&server,
	    sizeof server), 0);
	return 0;
}

static int
leave(struct asyncore_dispatcher *d, const char *hook)
{
	return strcmp(where, hook) == 0 ? asyncore_handle_close(d) : 0;
}

static bool
leave_in_readable(struct asyncore_dispatcher *d)
{
	(void)leave(d, "readable");
	return true;
}

static bool
leave_in_writable(struct asyncore_dispatcher *d)
{
	(void)leave(d, "writable");
	return true;
}

static int
leave_in_connect(struct asyncore_dispatcher *d)
{
	connects++;
	return leave(d, "connect");
}

static int
leave_in_write(struct asyncore_dispatcher *d)
{
	ck_assert(asyncore_connected(d));
	return leave(d, "write");
}

static int
leave_in_read(struct asyncore_dispatcher *d)
{
	char buf[10];
	ssize_t n;

	ck_assert(asyncore_connected(d));
	if (strcmp(where, "error") == 0)
		return -EPROTO;
	if (strcmp(where, "expt") == 0)
		return asyncore_exception(d);
	if (strcmp(where, "read") == 0)
		return leave(d, "read");
	n = asyncore_recv(d, buf, sizeof buf);
	return n < 0 ? (int)n : 0;
}

static int
leave_in_expt(struct asyncore_dispatcher *d)
{
	return leave(d, "expt");
}

static int
leave_in_error(struct asyncore_dispatcher *d, int err)
{
	ck_assert_int_eq(err, -EPROTO);
	return leave(d, "error");
}

static const struct asyncore_class client = {
	.name = "Client",
	.readable = leave_in_readable,
	.writable = leave_in_writable,
	.handle_connect = leave_in_connect,
	.handle_read = leave_in_read,
	.handle_write = leave_in_write,
	.handle_expt = leave_in_expt,
	.handle_error = leave_in_error,
	.handle_close = reopen,
};

static int
swallow(struct asyncore_dispatcher *d)
{
	char buf[10];
	ssize_t n = asyncore_recv(d, buf, sizeof buf);

	return n < 0 ? (int)n : 0;
}

static const struct asyncore_class sink = {
	.name = "Sink",
	.writable = asyncore_never,
	.handle_read = swallow,
};

static int
greet(struct asyncore_dispatcher *d, int fd, const struct sockaddr *addr,
    socklen_t addrlen)
{
	(void)addr;
	(void)addrlen;
	(void)send(fd, "hello", 5, MSG_NOSIGNAL);
	if (strcmp(where, "the server") == 0)
		return close(fd);
	ck_assert_ptr_nonnull(asyncore_spawn(&sink, fd,
	    asyncore_map_of(d)));
	return 0;
}

static const struct asyncore_class greeter = {
	.name = "Greeter",
	.handle_accepted = greet,
};

static void
start_server(void)
{
	struct asyncore_dispatcher *d;

	d = asyncore_spawn(&greeter, listen_on_loopback(&server), map);
	ck_assert_ptr_nonnull(d);
	ck_assert_int_eq(asyncore_listen(d, 100), 0);
}

START_TEST(channel_that_was_closed_in_a_hook_is_opened_again_many_times)
{
	static const char *const hooks[] = {
		"the server", "readable", "writable", "connect", "read",
		"write", "expt", "error"
	};
	struct asyncore_dispatcher *d = asyncore_new(&client, map);

	where = hooks[_i / 2];
	rounds = 30;
	start_server();
	ck_assert_int_eq(asyncore_handle_close(d), 0);
	ck_assert_int_eq(asyncore_loop(5, _i % 2, map, -1), 0);
	ck_assert_int_eq(closes, rounds + 1);
	if (_i / 2 != 1 && _i / 2 != 2)
		ck_assert_int_eq(connects, rounds);
	ck_assert(asyncore_closed(d));
	asyncore_unref(d);
}
END_TEST

void
testing_add(TCase *tc)
{
	tcase_add_loop_test(tc,
	    channel_that_was_closed_in_a_hook_is_opened_again_many_times,
	    0, 16);
}
