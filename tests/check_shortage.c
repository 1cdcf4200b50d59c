/*
 * check_shortage.c - a listener that runs out of descriptors says so once,
 * pauses and goes on by itself.  Differs: asyncore closes it (CVE-2010-3492).
 *
 * Each test lowers the limit of its own process.
 */
#include "testing.h"
#include "places.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/util.h>

const char testing_suite[] = "shortage";

static int n_errors, n_attempts;

static void
on_log_info(struct asyncore_dispatcher *d, const char *message,
    const char *type)
{
	(void)d;
	(void)message;
	if (strcmp(type, "error") == 0)
		n_errors++;
}

static int
refuse(struct asyncore_dispatcher *d, int fd, const struct sockaddr *addr,
    socklen_t len)
{
	(void)d;
	(void)addr;
	(void)len;
	trace("refuse");
	ck_assert_int_eq(close(fd), 0);
	return 0;
}

static int
count_and_accept(struct asyncore_dispatcher *d, struct sockaddr *addr,
    socklen_t *len)
{
	n_attempts++;
	return asyncore_dispatcher_class.accept(d, addr, len);
}

static const struct asyncore_class server = {
	.name = "Server",
	.accept = count_and_accept,
	.handle_accepted = refuse,
	.log_info = on_log_info,
};

/* Listens at p, whose descriptor is a duplicate of the channel's. */
static struct asyncore_dispatcher *
new_server(struct place *p, place_maker make)
{
	struct asyncore_dispatcher *d;

	listen_place(p, make);
	d = asyncore_new_socket(&server, dup(p->fd), map);
	ck_assert_ptr_nonnull(d);
	ck_assert_int_eq(asyncore_listen(d, 16), 0);
	return d;
}

static void
end_server(struct asyncore_dispatcher *d, struct place *p)
{
	ck_assert_int_eq(asyncore_close(d), 0);
	asyncore_unref(d);
	drop_place(p);
}

static void
run_pass(bool use_poll)
{
	ck_assert_int_eq(asyncore_loop(10, use_poll, map, 1), 0);
}

static void
ck_hung_up(int fd)
{
	char c;

	await(fd, POLLIN);
	ck_assert_int_eq(read(fd, &c, 1), 0);
	ck_assert_int_eq(close(fd), 0);
}

static struct rlimit usual;

/* As many descriptors as there are, and no more. */
static void
allow_no_more(void)
{
	struct rlimit few;
	int next = open("/dev/null", O_RDONLY);

	ck_assert_int_ge(next, 0);
	ck_assert_int_eq(close(next), 0);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &usual), 0);
	few = usual;
	few.rlim_cur = (rlim_t)next;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	ck_assert_int_eq(open("/dev/null", O_RDONLY), -1);
	ck_assert_int_eq(errno, EMFILE);
}

static void
allow_all(void)
{
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &usual), 0);
}

/* Passes until the trace says something, or it hangs. */
static void
run_until_traced(bool use_poll)
{
	const double end = now() + HANGS;

	while (traced()[0] == '\0' && now() < end)
		ck_assert_int_eq(asyncore_loop(1, use_poll, map, 1), 0);
}

START_TEST(listener_out_of_descriptors_says_so_once_and_goes_on_by_itself)
{
	struct place p;
	struct asyncore_dispatcher *d;
	int fd, i;

	d = new_server(&p, inet);
	fd = call_place(&p);
	allow_no_more();
	for (i = 0; i < 6; i++)
		ck_assert_int_eq(asyncore_loop(1, _i, map, 1), 0);
	ck_trace("");
	ck_assert_int_eq(n_errors, 1);
	ck_assert(asyncore_accepting(d));
	allow_all();
	run_until_traced(_i);
	ck_trace("refuse");
	ck_assert_int_eq(n_errors, 1);
	ck_hung_up(fd);
	end_server(d, &p);
}
END_TEST

/*
 * The caller is still in the queue, and must not wake the loop meanwhile.  An
 * attempt costs two passes, that which ends the pause and its own.
 */
START_TEST(listener_out_of_descriptors_pauses_and_does_not_spin)
{
	const double start = now();
	struct place p;
	struct asyncore_dispatcher *d;
	int fd, n_passes;

	d = new_server(&p, inet);
	fd = call_place(&p);
	allow_no_more();
	for (n_passes = 0; n_attempts < 3 && n_passes < 20; n_passes++)
		run_pass(_i);
	ck_assert_int_le(n_passes, 8);
	ck_assert_double_ge(now() - start, 0.1);
	allow_all();
	ck_assert_int_eq(close(fd), 0);
	end_server(d, &p);
}
END_TEST

START_TEST(new_want_of_descriptors_is_said_again)
{
	struct place p;
	struct asyncore_dispatcher *d;
	int fds[2], i;

	d = new_server(&p, inet);
	for (i = 0; i < 2; i++) {
		fds[i] = call_place(&p);
		allow_no_more();
		run_pass(_i);
		ck_assert_int_eq(n_errors, i + 1);
		allow_all();
		run_until_traced(_i);
		ck_trace("refuse");
	}
	ck_hung_up(fds[0]);
	ck_hung_up(fds[1]);
	end_server(d, &p);
}
END_TEST

START_TEST(accept_by_hand_out_of_descriptors_is_EAGAIN)
{
	struct place p;
	struct asyncore_dispatcher *d;
	int fd, accepted;

	d = new_server(&p, path);
	fd = call_place(&p);
	allow_no_more();
	ck_assert_int_eq(asyncore_accept(d, NULL, NULL), -EAGAIN);
	ck_assert_int_eq(n_errors, 1);
	allow_all();
	accepted = asyncore_accept(d, NULL, NULL);
	ck_assert_int_ge(accepted, 0);
	ck_assert_int_eq(close(accepted), 0);
	ck_hung_up(fd);
	end_server(d, &p);
}
END_TEST

/* A paused listener may be closed, and its place taken by another. */
START_TEST(paused_listener_can_be_closed)
{
	struct place p, q;
	struct asyncore_dispatcher *d, *other;
	int fd, fd2;

	d = new_server(&p, inet);
	other = new_server(&q, inet);
	fd = call_place(&p);
	fd2 = call_place(&q);
	allow_no_more();
	run_pass(_i);
	allow_all();
	end_server(d, &p);
	run_until_traced(_i);
	ck_trace("refuse");
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(close(fd2), 0);
	end_server(other, &q);
}
END_TEST

/* The probe runs outside of any test, where nothing can be asserted. */
static bool
is_left_in_the_queue(int fd)
{
	struct rlimit all, none;
	int accepted;

	if (getrlimit(RLIMIT_NOFILE, &all) != 0)
		return true;
	none = all;
	none.rlim_cur = 0;
	(void)setrlimit(RLIMIT_NOFILE, &none);
	accepted = accept(fd, NULL, NULL);
	(void)setrlimit(RLIMIT_NOFILE, &all);
	if (accepted < 0)
		accepted = accept(fd, NULL, NULL);
	if (accepted >= 0)
		(void)close(accepted);
	return accepted >= 0;
}

/*
 * The kernel leaves a connection in the queue for which there is no descriptor.
 * valgrind, which does the counting itself, accepts it and throws it away.
 */
static bool
connections_wait(void)
{
	struct place p;
	const int fd = socket(AF_INET, SOCK_STREAM, 0);
	bool wait = true;

	inet(&p);
	p.fd = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(p.fd, &p.addr.sa, p.len) == 0 && listen(p.fd, 1) == 0 &&
	    getsockname(p.fd, &p.addr.sa, &p.len) == 0 &&
	    connect(fd, &p.addr.sa, p.len) == 0 &&
	    evutil_make_socket_nonblocking(p.fd) == 0)
		wait = is_left_in_the_queue(p.fd);
	(void)close(p.fd);
	(void)close(fd);
	return wait;
}

void
testing_add(TCase *tc)
{
	if (!connections_wait()) {
		testing_skip("listener_out_of_descriptors",
		    "what runs the tests (valgrind?) loses the connection");
		return;
	}
	tcase_add_loop_test(tc,
	    listener_out_of_descriptors_says_so_once_and_goes_on_by_itself, 0,
	    2);
	tcase_add_loop_test(tc,
	    listener_out_of_descriptors_pauses_and_does_not_spin, 0, 2);
	tcase_add_loop_test(tc, new_want_of_descriptors_is_said_again, 0, 2);
	tcase_add_test(tc, accept_by_hand_out_of_descriptors_is_EAGAIN);
	tcase_add_loop_test(tc, paused_listener_can_be_closed, 0, 2);
}
