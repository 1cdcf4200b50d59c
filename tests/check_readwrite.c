/*
 * check_readwrite.c - read(), write(), _exception() and readwrite() called by
 * hand, as the loop calls them, and the hooks called by hand, which only answer
 * their error.
 */
#include "testing.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

const char testing_suite[] = "readwrite";

static const char *spoiled = "";
static int answer, n_logged, error_given;

static int
hook(const char *name)
{
	trace("%s", name);
	return strcmp(name, spoiled) == 0 ? answer : 0;
}

static int
on_read(struct asyncore_dispatcher *d)
{
	(void)d;
	return hook("read");
}

static int
on_write(struct asyncore_dispatcher *d)
{
	(void)d;
	return hook("write");
}

static int
on_expt(struct asyncore_dispatcher *d)
{
	(void)d;
	return hook("expt");
}

static int
on_connect(struct asyncore_dispatcher *d)
{
	(void)d;
	return hook("connect");
}

static int
on_accept(struct asyncore_dispatcher *d)
{
	(void)d;
	return hook("accept");
}

static int
on_eof(struct asyncore_dispatcher *d)
{
	(void)d;
	return hook("eof");
}

static int
on_close(struct asyncore_dispatcher *d)
{
	int err = hook("close");

	return strcmp(spoiled, "close") == 0 ? err : asyncore_close(d);
}

static int
on_error(struct asyncore_dispatcher *d, int err)
{
	trace("error");
	error_given = err;
	return asyncore_handle_close(d);
}

static void
on_log_info(struct asyncore_dispatcher *d, const char *message,
    const char *type)
{
	(void)d;
	(void)message;
	if (strcmp(type, "error") == 0)
		n_logged++;
}

static const struct asyncore_class handler = {
	.name = "Handler",
	.handle_read = on_read,
	.handle_write = on_write,
	.handle_expt = on_expt,
	.handle_connect = on_connect,
	.handle_accept = on_accept,
	.handle_eof = on_eof,
	.handle_close = on_close,
	.handle_error = on_error,
	.log_info = on_log_info,
};

static struct asyncore_dispatcher *d;
static int peer;

static void
make_channel(void)
{
	int fds[2];

	make_pair(fds);
	peer = fds[1];
	d = asyncore_new_socket(&handler, fds[0], map);
	ck_assert_ptr_nonnull(d);
}

static void
end_channel(void)
{
	ck_assert_int_eq(asyncore_close(d), 0);
	asyncore_unref(d);
	ck_assert_int_eq(close(peer), 0);
}

/* ---- The entries of the loop. ---- */

#define ALL (POLLIN | POLLOUT | POLLPRI | POLLHUP)

/* The traces are CPython's, up to the close in on_error(). */
static const struct {
	const char *hook;
	int answer;
	short revents;
	const char *trace;
} readwrites[] = {
	{ "", 0, POLLIN, "read" },
	{ "", 0, POLLOUT, "write" },
	{ "", 0, POLLPRI, "expt" },
	{ "", 0, POLLHUP, "close" },
	{ "", 0, POLLERR, "close" },
	{ "", 0, POLLNVAL, "close" },
	{ "", 0, ALL, "read write expt close" },
	{ "", 0, 0, "" },
	{ "read", -ECONNRESET, ALL, "read close" },
	{ "read", -ENOTCONN, ALL, "read close" },
	{ "read", -ESHUTDOWN, ALL, "read close" },
	{ "read", -ECONNABORTED, ALL, "read close" },
	{ "read", -EPIPE, ALL, "read close" },
	{ "read", -EBADF, ALL, "read close" },
	{ "read", -EPROTO, ALL, "read error close" },
	{ "write", -ECONNRESET, ALL, "read write close" },
	{ "write", -EPROTO, ALL, "read write error close" },
	{ "expt", -ECONNRESET, ALL, "read write expt close" },
	{ "expt", -EPROTO, ALL, "read write expt error close" },
	/* Differs: here the last one leaves asyncore's loop. */
	{ "close", -ECONNRESET, POLLHUP, "close close error close" },
	{ "close", -EPROTO, POLLHUP, "close error close" },
};

START_TEST(readwrite_calls_in_order_and_takes_disconnected_for_a_close)
{
	make_channel();
	spoiled = readwrites[_i].hook;
	answer = readwrites[_i].answer;
	ck_assert_int_eq(asyncore_readwrite(d, readwrites[_i].revents), 0);
	ck_trace(readwrites[_i].trace);
	end_channel();
}
END_TEST

/* In a pass of select the same error is one like any other, as in CPython. */
START_TEST(only_readwrite_takes_disconnected_for_a_close)
{
	make_channel();
	spoiled = "read";
	answer = -ECONNRESET;
	ck_assert_int_eq(asyncore_read(d), 0);
	ck_trace("read error close");
	end_channel();
}
END_TEST

static int
readwrite_all(struct asyncore_dispatcher *self)
{
	return asyncore_readwrite(self, ALL);
}

struct call {
	const char *hook;
	int (*call)(struct asyncore_dispatcher *);
};

static const struct call entries[] = {
	{ "read", asyncore_read },
	{ "write", asyncore_write },
	{ "expt", asyncore_exception },
	{ "read", readwrite_all },
};

START_TEST(entries_route_errors_and_answer_what_leaves)
{
	make_channel();
	spoiled = entries[_i].hook;
	answer = ASYNCORE_EXIT_NOW;
	ck_assert_int_eq(entries[_i].call(d), ASYNCORE_EXIT_NOW);
	ck_trace(spoiled);
	answer = -EPROTO;
	ck_assert_int_eq(entries[_i].call(d), 0);
	ck_assert_int_eq(error_given, -EPROTO);
	ck_assert(asyncore_closed(d));
	clear_trace();
	ck_assert_int_eq(entries[_i].call(d), 0);
	ck_trace("");
	end_channel();
}
END_TEST

/* ---- Calls of hooks. ---- */

static const struct call hooks[] = {
	{ "read", asyncore_handle_read },
	{ "write", asyncore_handle_write },
	{ "expt", asyncore_handle_expt },
	{ "connect", asyncore_handle_connect },
	{ "accept", asyncore_handle_accept },
	{ "eof", asyncore_handle_eof },
	{ "close", asyncore_handle_close },
	{ "read", asyncore_handle_read_event },
	{ "write", asyncore_handle_write_event },
	{ "expt", asyncore_handle_expt_event },
	{ "connect", asyncore_handle_connect_event },
};

START_TEST(calls_of_hooks_only_answer_the_error)
{
	make_channel();
	spoiled = hooks[_i].hook;
	answer = -EPROTO;
	ck_assert_int_eq(hooks[_i].call(d), -EPROTO);
	ck_trace(spoiled);
	answer = 5;
	(void)hooks[_i].call(d);
	ck_trace(spoiled);
	ck_assert_int_eq(n_logged, 0);
	end_channel();
}
END_TEST

START_TEST(calls_of_hooks_of_a_closed_channel_do_nothing)
{
	make_channel();
	spoiled = hooks[_i].hook;
	answer = -EPROTO;
	ck_assert_int_eq(asyncore_close(d), 0);
	ck_assert_int_eq(hooks[_i].call(d), 0);
	ck_assert_int_eq(asyncore_handle_error(d, -EIO), 0);
	ck_trace("");
	ck_assert_int_eq(n_logged, 0);
	end_channel();
}
END_TEST

void
testing_add(TCase *tc)
{
	tcase_add_loop_test(tc,
	    readwrite_calls_in_order_and_takes_disconnected_for_a_close, 0,
	    (int)(sizeof readwrites / sizeof *readwrites));
	tcase_add_test(tc, only_readwrite_takes_disconnected_for_a_close);
	tcase_add_loop_test(tc, entries_route_errors_and_answer_what_leaves,
	    0, (int)(sizeof entries / sizeof *entries));
	tcase_add_loop_test(tc, calls_of_hooks_only_answer_the_error, 0,
	    (int)(sizeof hooks / sizeof *hooks));
	tcase_add_loop_test(tc, calls_of_hooks_of_a_closed_channel_do_nothing,
	    0, (int)(sizeof hooks / sizeof *hooks));
}
