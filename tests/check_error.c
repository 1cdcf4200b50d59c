/*
 * check_error.c - where an error goes: every hook in turn answers something,
 * and the channel, the log and the loop's result tell what became of it.
 *
 * A provocation brings a hook about in one pass; `spoiled` names the hook that
 * answers `answer`, all others do their work.
 */
#include "testing.h"
#include "places.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

const char testing_suite[] = "error";

static const char *spoiled = "";
static int answer;
static bool closes_first;

static int n_logged, error_given;
static char logged[1024];	/* the first of them */

/* ---- The channel. ---- */

static int
hook(struct asyncore_dispatcher *d, const char *name)
{
	trace("%s", name);
	if (strcmp(name, spoiled) != 0)
		return 0;
	if (closes_first)
		ck_assert_int_eq(asyncore_close(d), 0);
	return answer;
}

static int
on_read(struct asyncore_dispatcher *d)
{
	char c;
	int err = hook(d, "read");
	ssize_t n;

	if (strcmp(spoiled, "read") == 0)
		return err;
	n = asyncore_recv(d, &c, 1);
	return n < 0 ? (int)n : 0;
}

static int
on_write(struct asyncore_dispatcher *d)
{
	return hook(d, "write");
}

static int
on_expt(struct asyncore_dispatcher *d)
{
	return hook(d, "expt");
}

static int
on_connect(struct asyncore_dispatcher *d)
{
	return hook(d, "connect");
}

static int
on_accept(struct asyncore_dispatcher *d)
{
	int err = hook(d, "accept");

	return strcmp(spoiled, "accept") == 0 ? err :
	    asyncore_dispatcher_class.handle_accept(d);
}

static int
on_accepted(struct asyncore_dispatcher *d, int fd, const struct sockaddr *addr,
    socklen_t len)
{
	(void)addr;
	(void)len;
	ck_assert_int_eq(close(fd), 0);
	return hook(d, "accepted");
}

static int
on_eof(struct asyncore_dispatcher *d)
{
	int err = hook(d, "eof");

	return strcmp(spoiled, "eof") == 0 ? err : asyncore_handle_close(d);
}

static int
on_close(struct asyncore_dispatcher *d)
{
	int err = hook(d, "close");

	return strcmp(spoiled, "close") == 0 ? err : asyncore_close(d);
}

static int
on_error(struct asyncore_dispatcher *d, int err)
{
	int result = hook(d, "error");

	error_given = err;
	return strcmp(spoiled, "error") == 0 ? result :
	    asyncore_handle_close(d);
}

static int
read_event(struct asyncore_dispatcher *d)
{
	return strcmp(spoiled, "read_event") == 0 ? hook(d, "read_event") :
	    asyncore_dispatcher_class.handle_read_event(d);
}

static int
write_event(struct asyncore_dispatcher *d)
{
	return strcmp(spoiled, "write_event") == 0 ? hook(d, "write_event") :
	    asyncore_dispatcher_class.handle_write_event(d);
}

static int
expt_event(struct asyncore_dispatcher *d)
{
	return strcmp(spoiled, "expt_event") == 0 ? hook(d, "expt_event") :
	    asyncore_dispatcher_class.handle_expt_event(d);
}

static int
connect_event(struct asyncore_dispatcher *d)
{
	return strcmp(spoiled, "connect_event") == 0 ?
	    hook(d, "connect_event") :
	    asyncore_dispatcher_class.handle_connect_event(d);
}

static void
on_log_info(struct asyncore_dispatcher *d, const char *message,
    const char *type)
{
	(void)d;
	if (strcmp(type, "error") != 0)
		return;
	if (n_logged++ > 0)
		return;
	ck_assert_uint_lt(strlen(message), sizeof logged);
	strcpy(logged, message);
}

static const struct asyncore_class logger = {
	.name = "Spoiled",
	.writable = asyncore_never,
	.handle_read = on_read,
	.handle_write = on_write,
	.handle_expt = on_expt,
	.handle_connect = on_connect,
	.handle_accept = on_accept,
	.handle_accepted = on_accepted,
	.handle_eof = on_eof,
	.handle_close = on_close,
	.handle_read_event = read_event,
	.handle_write_event = write_event,
	.handle_expt_event = expt_event,
	.handle_connect_event = connect_event,
	.log_info = on_log_info,
};

static const struct asyncore_class handler = {
	.base = &logger,
	.handle_error = on_error,
};

static const struct asyncore_class writing_logger = {
	.base = &logger,
	.writable = asyncore_always,
};

static const struct asyncore_class writing_handler = {
	.base = &handler,
	.writable = asyncore_always,
};

/* ---- Provocations. ---- */

static struct asyncore_dispatcher *d;
static int peer;

static void
make_channel(const struct asyncore_class *cls)
{
	int fds[2];

	make_pair(fds);
	peer = fds[1];
	d = asyncore_new_socket(cls, fds[0], map);
	ck_assert_ptr_nonnull(d);
}

static int
one_pass(bool use_poll)
{
	return asyncore_loop(10, use_poll, map, 1);
}

static int
to_read(bool logs, bool use_poll)
{
	make_channel(logs ? &logger : &handler);
	write_all(peer, "x", 1);
	return one_pass(use_poll);
}

static int
to_write(bool logs, bool use_poll)
{
	make_channel(logs ? &writing_logger : &writing_handler);
	return one_pass(use_poll);
}

static int
to_connect(bool logs, bool use_poll)
{
	make_channel(logs ? &writing_logger : &writing_handler);
	ck_assert_int_eq(asyncore_set_connected(d, false), 0);
	ck_assert_int_eq(asyncore_set_connecting(d, true), 0);
	return one_pass(use_poll);
}

/* No system reports it for a pair: by hand, as the loop would. */
static int
to_expt(bool logs, bool use_poll)
{
	make_channel(logs ? &logger : &handler);
	return use_poll ? asyncore_readwrite(d, POLLPRI) :
	    asyncore_exception(d);
}

static int
to_end(bool logs, bool use_poll)
{
	make_channel(logs ? &logger : &handler);
	ck_assert_int_eq(shutdown(peer, SHUT_WR), 0);
	return one_pass(use_poll);
}

static int
to_accept(bool logs, bool use_poll)
{
	struct place p;

	listen_place(&p, inet);
	d = asyncore_new_socket(logs ? &logger : &handler, p.fd, map);
	ck_assert_ptr_nonnull(d);
	ck_assert_int_eq(asyncore_listen(d, 1), 0);
	peer = call_place(&p);
	return one_pass(use_poll);
}

static const struct provocation {
	const char *hook;
	int (*provoke)(bool logs, bool use_poll);
	const char *named;	/* in the log */
	const char *before;	/* the trace up to the hook */
	const char *after;	/* where it answers nothing special */
} provocations[] = {
	{ "read", to_read, "in handle_read)", "read", "" },
	{ "write", to_write, "in handle_write)", "write", "" },
	{ "expt", to_expt, "in handle_expt)", "expt", "" },
	{ "connect", to_connect, "in handle_connect)", "connect", " write" },
	{ "accept", to_accept, "in handle_accept)", "accept", "" },
	{ "eof", to_end, "in handle_eof)", "read eof", "" },
	{ "read_event", to_read, "in handle_read_event)", "read_event", "" },
	{ "write_event", to_write, "in handle_write_event)", "write_event",
	    "" },
	{ "expt_event", to_expt, "in handle_expt_event)", "expt_event", "" },
	{ "connect_event", to_connect, "in handle_connect_event)",
	    "connect_event", " write" },
	/* Those whose error does not go to handle_error() alone. */
	{ "close", to_end, "in handle_close)", "read eof close", "" },
	{ "accepted", to_accept, "in handle_accepted)", "accept accepted",
	    "" },
};
#define N_PLAIN 10
#define N_ALL 12

/* _i: twice the hook's number, and one more for poll2. */
static int
provoke(int i, bool logs)
{
	const struct provocation *p = &provocations[i / 2];

	spoiled = p->hook;
	return p->provoke(logs, i % 2);
}

static void
ck_traced(int i, const char *rest)
{
	char expected[100] = "";

	strcat(expected, provocations[i / 2].before);
	strcat(expected, rest);
	ck_trace(expected);
}

static void
end_channel(void)
{
	spoiled = "";
	ck_assert_int_eq(asyncore_close(d), 0);
	asyncore_unref(d);
	if (peer >= 0)
		ck_assert_int_eq(close(peer), 0);
	clear_trace();
}

static void
ck_logged(const char *text)
{
	ck_assert_msg(strstr(logged, text) != NULL, "\"%s\" is not in \"%s\"",
	    text, logged);
}

/* ---- An error. ---- */

START_TEST(error_is_given_to_handle_error_once)
{
	answer = -EPROTO;
	ck_assert_int_eq(provoke(_i, false), 0);
	ck_traced(_i, " error close");
	ck_assert_int_eq(error_given, -EPROTO);
	ck_assert_int_eq(n_logged, 0);
	ck_assert(asyncore_closed(d));
	end_channel();
}
END_TEST

START_TEST(handle_error_logs_one_line_and_closes_by_default)
{
	answer = -EPROTO;
	ck_assert_int_eq(provoke(_i, true), 0);
	ck_traced(_i, " close");
	ck_assert_int_eq(n_logged, 1);
	ck_logged("<Spoiled");
	ck_logged(strerror(EPROTO));
	ck_logged(provocations[_i / 2].named);
	ck_assert_ptr_null(strchr(logged, '\n'));
	ck_assert(asyncore_closed(d));
	end_channel();
}
END_TEST

START_TEST(log_tells_who_it_was_before_it_is_closed)
{
	char repr[100];
	struct place p;

	answer = -EPROTO;
	spoiled = "write";
	listen_place(&p, inet);
	peer = p.fd;
	d = asyncore_new_socket(&logger, call_place(&p), map);
	ck_assert_int_lt(asyncore_repr(d, repr, sizeof repr),
	    (int)sizeof repr);
	ck_assert_int_eq(asyncore_write(d), 0);
	ck_logged(repr);
	ck_logged("connected 127.0.0.1:");
	end_channel();
}
END_TEST

START_TEST(largest_errno_value_is_an_error)
{
	answer = -4095;
	ck_assert_int_eq(provoke(0, false), 0);
	ck_assert_int_eq(error_given, -4095);
	end_channel();
}
END_TEST

/* It is logged, and nothing else: it is not the listener's fault. */
START_TEST(error_of_handle_accepted_is_logged)
{
	answer = -EPROTO;
	ck_assert_int_eq(provoke(22 + _i, false), 0);
	ck_trace("accept accepted");
	ck_assert_int_eq(n_logged, 1);
	ck_logged(strerror(EPROTO));
	ck_logged("in handle_accepted)");
	ck_assert(asyncore_accepting(d));
	end_channel();
}
END_TEST

/* recv() answers it, and the hook that called recv() passes it on. */
START_TEST(error_of_handle_close_goes_through_recv_to_handle_error)
{
	answer = -EPROTO;
	ck_assert_int_eq(provoke(20 + _i, false), 0);
	ck_assert_int_eq(error_given, -EPROTO);
	ck_trace("read eof close error close");
	ck_assert(asyncore_closed(d));
	ck_assert_int_eq(n_logged, 1);
	end_channel();
}
END_TEST

/* Twice: by recv(), and by the handle_error() that speaks of it. */
START_TEST(error_of_handle_close_is_named_as_its_own)
{
	answer = -EPROTO;
	ck_assert_int_eq(provoke(20 + _i, true), 0);
	ck_trace("read eof close close");
	ck_logged("in handle_close)");
	ck_assert_int_eq(n_logged, 2);
	ck_assert(asyncore_closed(d));
	end_channel();
}
END_TEST

START_TEST(error_of_handle_close_is_the_result_of_recv_and_send)
{
	char c;

	answer = -EPROTO;
	make_channel(&handler);
	spoiled = "close";
	ck_assert_int_eq(close(peer), 0);
	peer = -1;
	ck_assert_int_eq(asyncore_recv(d, &c, 1), -EPROTO);
	ck_trace("eof close");
	ck_assert_int_eq(asyncore_send(d, "x", 1), -EPROTO);
	ck_trace("close");
	ck_assert_int_eq(n_logged, 0);
	end_channel();
}
END_TEST

START_TEST(hook_that_closes_and_fails_is_reported_without_a_second_close)
{
	answer = -EPROTO;
	closes_first = true;
	ck_assert_int_eq(provoke(_i, false), 0);
	ck_traced(_i, "");
	ck_assert_int_eq(n_logged, 1);
	ck_logged(strerror(EPROTO));
	ck_logged(provocations[_i / 2].named);
	ck_assert(asyncore_closed(d));
	end_channel();
}
END_TEST

/* ---- No error. ---- */

START_TEST(other_answers_are_normal)
{
	static const int answers[] = { -EAGAIN, 1, 4096, INT_MAX };
	size_t k;

	for (k = 0; k < sizeof answers / sizeof *answers; k++) {
		answer = answers[k];
		ck_assert_int_eq(provoke(_i, false), 0);
		ck_traced(_i, provocations[_i / 2].after);
		ck_assert(!asyncore_closed(d));
		ck_assert(!asyncore_connecting(d) || _i / 2 == 9);
		end_channel();
	}
	ck_assert_int_eq(n_logged, 0);
}
END_TEST

/* ---- What leaves the loop. ---- */

START_TEST(exit_leaves_the_loop_and_closes_nothing)
{
	static const int answers[] = {
		ASYNCORE_EXIT_NOW, ASYNCORE_EXIT_NOW - 1, -100000, INT_MIN
	};
	size_t k;

	for (k = 0; k < sizeof answers / sizeof *answers; k++) {
		answer = answers[k];
		ck_assert_int_eq(provoke(_i, false), answers[k]);
		ck_traced(_i, "");
		ck_assert(!asyncore_closed(d));
		ck_assert_uint_eq(asyncore_map_len(map), 1);
		spoiled = "";
		ck_assert_int_eq(asyncore_loop(0, _i % 2, map, 1), 0);
		end_channel();
	}
	ck_assert_int_eq(n_logged, 0);
}
END_TEST

START_TEST(exit_leaves_connect_that_is_made_at_once)
{
	struct place p;

	answer = ASYNCORE_EXIT_NOW;
	spoiled = "connect";
	listen_place(&p, path);
	d = asyncore_new(&handler, map);
	ck_assert_int_eq(asyncore_create_socket(d, AF_UNIX, SOCK_STREAM), 0);
	ck_assert_int_eq(connect_to(d, &p), ASYNCORE_EXIT_NOW);
	ck_trace("connect");
	ck_assert(!asyncore_closed(d));
	peer = -1;
	end_channel();
	drop_place(&p);
}
END_TEST

/* ---- handle_error() itself. ---- */

static int
gives_up(struct asyncore_dispatcher *self)
{
	(void)self;
	trace("fail");
	return -EIO;
}

static const struct asyncore_class failing = {
	.base = &handler,
	.handle_read = gives_up,
	.handle_write = gives_up,
};

static struct asyncore_dispatcher *
make_neighbour(int *end)
{
	struct asyncore_dispatcher *other;
	int fds[2];

	make_pair(fds);
	*end = fds[1];
	write_all(*end, "x", 1);
	other = asyncore_new_socket(&handler, fds[0], map);
	ck_assert_ptr_nonnull(other);
	return other;
}

static int
to_fail(bool use_poll)
{
	make_channel(&failing);
	write_all(peer, "x", 1);
	spoiled = "error";
	return one_pass(use_poll);
}

START_TEST(error_of_handle_error_is_contained)
{
	struct asyncore_dispatcher *other;
	int end;

	answer = -EPROTO;
	make_channel(&failing);
	write_all(peer, "x", 1);
	other = make_neighbour(&end);
	spoiled = "error";
	ck_assert_int_eq(one_pass(_i), 0);
	ck_trace("fail error read");
	ck_assert_int_eq(n_logged, 1);
	ck_logged(strerror(EPROTO));
	ck_logged("in handle_error)");
	ck_assert(asyncore_closed(d));
	ck_assert_ptr_eq(asyncore_map_get(map, asyncore_fileno(other)), other);
	end_channel();
	asyncore_unref(other);
	ck_assert_int_eq(close(end), 0);
}
END_TEST

START_TEST(handle_error_that_closes_and_fails_is_reported_once)
{
	answer = -EPROTO;
	closes_first = true;
	ck_assert_int_eq(to_fail(_i), 0);
	ck_trace("fail error");
	ck_assert_int_eq(n_logged, 1);
	ck_assert(asyncore_closed(d));
	end_channel();
}
END_TEST

START_TEST(handle_error_may_keep_the_channel)
{
	answer = 0;
	ck_assert_int_eq(to_fail(_i), 0);
	ck_trace("fail error");
	ck_assert_int_eq(error_given, -EIO);
	ck_assert_int_eq(one_pass(_i), 0);
	ck_trace("fail error");
	ck_assert_int_eq(n_logged, 0);
	ck_assert(!asyncore_closed(d));
	end_channel();
}
END_TEST

START_TEST(exit_leaves_handle_error)
{
	answer = ASYNCORE_EXIT_NOW;
	ck_assert_int_eq(to_fail(_i), ASYNCORE_EXIT_NOW);
	ck_trace("fail error");
	ck_assert(!asyncore_closed(d));
	ck_assert_int_eq(n_logged, 0);
	end_channel();
}
END_TEST

static ssize_t close_answer;

static int
close_and_answer(struct asyncore_dispatcher *self)
{
	const int err = asyncore_dispatcher_class.close(self);

	return err < 0 ? err : (int)close_answer;
}

/* It is closed when handle_error() fails, and its close() has the last word. */
START_TEST(exit_leaves_the_close_behind_a_failed_handle_error)
{
	struct asyncore_class cls = failing;

	cls.close = close_and_answer;
	close_answer = _i % 2 ? ASYNCORE_EXIT_NOW : -EIO;
	answer = -EPROTO;
	make_channel(&cls);
	write_all(peer, "x", 1);
	spoiled = "error";
	ck_assert_int_eq(one_pass(_i / 2), _i % 2 ? ASYNCORE_EXIT_NOW : 0);
	ck_trace("fail error");
	ck_assert(asyncore_closed(d));
	close_answer = 0;
	end_channel();
}
END_TEST

/* ---- Who is named. ---- */

static int
swallow_and_fail(struct asyncore_dispatcher *self)
{
	(void)asyncore_handle_read(self);
	return -EIO;
}

static const struct asyncore_class swallowing = {
	.base = &logger,
	.handle_write = swallow_and_fail,
};

START_TEST(error_that_was_swallowed_is_not_named)
{
	answer = -EPROTO;
	make_channel(&swallowing);
	spoiled = "read";
	ck_assert_int_eq(asyncore_write(d), 0);
	ck_assert_int_eq(n_logged, 1);
	ck_logged(strerror(EIO));
	ck_logged("in handle_write)");
	end_channel();
}
END_TEST

START_TEST(error_of_a_call_by_hand_is_not_named_later)
{
	answer = -EPROTO;
	make_channel(&logger);
	spoiled = "read";
	ck_assert_int_eq(asyncore_handle_read(d), -EPROTO);
	ck_assert_int_eq(n_logged, 0);
	spoiled = "write";
	ck_assert_int_eq(asyncore_write(d), 0);
	ck_logged("in handle_write)");
	end_channel();
}
END_TEST

static void
add_errors(TCase *tc)
{
	tcase_add_loop_test(tc, error_is_given_to_handle_error_once, 0,
	    2 * N_PLAIN);
	tcase_add_loop_test(tc,
	    handle_error_logs_one_line_and_closes_by_default, 0, 2 * N_PLAIN);
	tcase_add_test(tc, log_tells_who_it_was_before_it_is_closed);
	tcase_add_test(tc, largest_errno_value_is_an_error);
	tcase_add_loop_test(tc, error_of_handle_accepted_is_logged, 0, 2);
	tcase_add_loop_test(tc,
	    error_of_handle_close_goes_through_recv_to_handle_error, 0, 2);
	tcase_add_loop_test(tc, error_of_handle_close_is_named_as_its_own, 0,
	    2);
	tcase_add_test(tc,
	    error_of_handle_close_is_the_result_of_recv_and_send);
	tcase_add_loop_test(tc,
	    hook_that_closes_and_fails_is_reported_without_a_second_close, 0,
	    2 * N_ALL);
	tcase_add_loop_test(tc, other_answers_are_normal, 0, 2 * N_ALL);
	tcase_add_loop_test(tc, exit_leaves_the_loop_and_closes_nothing, 0,
	    2 * N_ALL);
	tcase_add_test(tc, exit_leaves_connect_that_is_made_at_once);
}

static void
add_handle_error(TCase *tc)
{
	tcase_add_loop_test(tc, error_of_handle_error_is_contained, 0, 2);
	tcase_add_loop_test(tc,
	    handle_error_that_closes_and_fails_is_reported_once, 0, 2);
	tcase_add_loop_test(tc, handle_error_may_keep_the_channel, 0, 2);
	tcase_add_loop_test(tc, exit_leaves_handle_error, 0, 2);
	tcase_add_loop_test(tc,
	    exit_leaves_the_close_behind_a_failed_handle_error, 0, 4);
	tcase_add_test(tc, error_that_was_swallowed_is_not_named);
	tcase_add_test(tc, error_of_a_call_by_hand_is_not_named_later);
}

void
testing_add(TCase *tc)
{
	add_errors(tc);
	add_handle_error(tc);
}
