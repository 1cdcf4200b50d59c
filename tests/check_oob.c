/*
 * check_oob.c - out-of-band data: handle_expt(), which no backend of libevent
 * reports, in every pass until the byte is read, and only for a class that
 * overrides it or its router.  "x0" in a trace is handle_expt() of probe 0.
 */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>

const char testing_suite[] = "oob";

static probe_action on_expt;

static int
on_probe_expt(struct asyncore_dispatcher *d)
{
	const probe_action act = on_expt;

	trace("x%d", probe_of(d)->id);
	return act != NULL ? act(d) : 0;
}

static const struct asyncore_class expt_class = {
	.name = "Expt",
	.base = &probe_class,
	.handle_expt = on_probe_expt,
};

/* Probe `id` at a TCP connection, whose peer is peer[id]. */
static void
add_tcp(const struct asyncore_class *cls, int id, bool r, bool w)
{
	struct sockaddr_in addr;
	const int listener = listen_on_loopback(&addr);
	int fd;

	peer[id] = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(peer[id], (struct sockaddr *)&addr,
	    sizeof addr), 0);
	fd = accept(listener, NULL, NULL);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(close(listener), 0);
	put_probe(cls, id, fd, map);
	probe(id)->r = r;
	probe(id)->w = w;
}

#define UNSENT 0x894b	/* SIOCOUTQNSD of linux/sockios.h, which not all have */

/* Of bytes that were sent, and not answered yet; qemu does not say. */
static bool
has_bytes_under_way(int fd)
{
#ifdef __linux__
	int unanswered = 0, unsent = 0;

	return ioctl(fd, TIOCOUTQ, &unanswered) == 0 &&
	    ioctl(fd, UNSENT, &unsent) == 0 && unanswered > unsent;
#else
	(void)fd;
	return false;
#endif
}

static bool
has_room(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	return poll(&p, 1, 0) == 1 && (p.revents & POLLOUT);
}

/* Also when what is under way has come: its peer reads nothing. */
static void
fill_for_good(int fd)
{
	const double limit = now() + HANGS;

	do {
		fill(fd);
		ck_assert(now() < limit);
	} while (has_bytes_under_way(fd) || has_room(fd));
}

/* The urgent byte has come when this returns. */
static void
send_oob(int id, char byte)
{
	ck_assert_int_eq(send(peer[id], &byte, 1, MSG_OOB), 1);
	await(asyncore_fileno(channel[id]), POLLPRI);
}

static void
add_expt(int id, bool r, bool w)
{
	add_tcp(&expt_class, id, r, w);
	send_oob(id, '!');
}

static int
receive_oob(struct asyncore_dispatcher *d)
{
	char byte;

	ck_assert_int_eq(recv(asyncore_fileno(d), &byte, 1, MSG_OOB), 1);
	trace("(%c)", byte);
	return 0;
}

static void
run_passes(bool use_poll, int n)
{
	ck_assert_int_eq(asyncore_loop(0, use_poll, map, n), 0);
}

/* Passes of 50 ms in which nothing happens. */
static void
ck_quiet(bool use_poll)
{
	double begin;

	run_passes(use_poll, 2);	/* to settle */
	clear_trace();
	begin = now();
	ck_assert_int_eq(asyncore_loop(0.05, use_poll, map, 4), 0);
	ck_waited(begin, 4 * 0.05);
	ck_trace("");
}

/* ---- When it is called. ---- */

START_TEST(unread_byte_fires_again_in_each_pass)
{
	add_expt(0, true, false);
	run_passes(_i, 3);
	ck_trace("x0 x0 x0");
	close_peers();
}
END_TEST

START_TEST(byte_that_was_read_fires_no_more)
{
	on_expt = receive_oob;
	add_expt(0, true, false);
	run_passes(_i, 1);
	ck_trace("x0 (!)");
	ck_quiet(_i);
	send_oob(0, '?');
	run_passes(_i, 1);
	ck_trace("x0 (?)");
	close_peers();
}
END_TEST

/* One that is there before it, and one that may come in it. */
START_TEST(byte_ends_the_wait)
{
	const double start = now();
	pid_t pid;

	on_expt = receive_oob;
	add_expt(0, true, false);
	ck_assert_int_eq(asyncore_loop(20, _i, map, 1), 0);
	ck_trace("x0 (!)");
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		end_child(send(peer[0], "?", 1, MSG_OOB) == 1 ? 0 : 1);
	while (*traced() == '\0' && now() < start + 15)
		ck_assert_int_eq(asyncore_loop(20, _i, map, 1), 0);
	ck_trace("x0 (?)");
	ck_assert_double_lt(now(), start + 15);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	close_peers();
}
END_TEST

START_TEST(byte_comes_beside_the_stream)
{
	on_expt = receive_oob;
	add_tcp(&expt_class, 0, true, false);
	probe(0)->on_read = receive;
	write_all(peer[0], "ab", 2);
	send_oob(0, '!');
	write_all(peer[0], "cd", 2);
	run_passes(_i, 1);
	ck_trace("r0 'ab' x0 (!)");
	await(asyncore_fileno(channel[0]), POLLIN);
	run_passes(_i, 1);
	ck_trace("r0 'cd'");
	close_peers();
}
END_TEST

/* Reads, writes and these, all or channel by channel. */
START_TEST(order_is_that_of_the_pass)
{
	int i;

	for (i = 0; i < 3; i++) {
		add_tcp(&expt_class, i, true, true);
		write_all(peer[i], "a", 1);
		send_oob(i, '!');
	}
	run_passes(_i, 1);
	ck_trace(_i ? "r0 w0 x0 r1 w1 x1 r2 w2 x2" :
	    "r0 r1 r2 w0 w1 w2 x0 x1 x2");
	run_passes(_i, 1);
	ck_trace(_i ? "r0 w0 x0 r1 w1 x1 r2 w2 x2" :
	    "r0 r1 r2 w0 w1 w2 x0 x1 x2");
	close_peers();
}
END_TEST

/* More than a round of epoll tells of. */
START_TEST(many_channels_fire_in_each_pass)
{
	const int n = 150;
	int i, round;

	for (i = 0; i < n; i++)
		add_expt(i, true, false);
	for (round = 0; round < 3; round++) {
		const char *p;

		run_passes(_i, 1);
		p = traced();
		for (i = 0; i < n; i++, p = strchr(p, 'x') + 1)
			ck_assert_int_eq(atoi(strchr(p, 'x') + 1), i);
		ck_assert_ptr_null(strchr(p, 'x'));
		clear_trace();
	}
	close_peers();
}
END_TEST

/*
 * As in Python: select asks for those that are watched at all, poll for those
 * that are to be read.
 */
START_TEST(only_who_is_watched_is_asked)
{
	add_expt(0, false, false);
	add_expt(1, false, true);
	add_expt(2, true, false);
	run_passes(_i, 1);
	ck_trace(_i ? "w1 x2" : "w1 x1 x2");
	probe(0)->r = true;
	run_passes(_i, 1);
	ck_trace(_i ? "x0 w1 x2" : "w1 x0 x1 x2");
	probe(0)->r = false;
	probe(2)->r = false;
	run_passes(_i, 1);
	ck_trace(_i ? "w1" : "w1 x1");
	close_peers();
}
END_TEST

static int
log_router(struct asyncore_dispatcher *d)
{
	trace("X%d", probe_of(d)->id);
	return asyncore_dispatcher_class.handle_expt_event(d);
}

static void
trace_log(struct asyncore_dispatcher *d, const char *message, const char *type)
{
	(void)d;
	trace("%s: %s", type, message);
}

/* Differs: in Python the default hook logs a warning in each pass. */
START_TEST(class_that_overrides_nothing_is_not_asked)
{
	static const struct asyncore_class cls = {
		.base = &probe_class,
		.log_info = trace_log,
	};

	add_tcp(&cls, 0, true, false);
	send_oob(0, '!');
	ck_quiet(_i);
	close_peers();
}
END_TEST

START_TEST(class_that_overrides_the_router_is_asked)
{
	static const struct asyncore_class cls = {
		.base = &probe_class,
		.handle_expt_event = log_router,
		.log_info = trace_log,
	};

	add_tcp(&cls, 0, true, false);
	send_oob(0, '!');
	run_passes(_i, 1);
	ck_trace("X0 warning: unhandled incoming priority event");
	close_peers();
}
END_TEST

/* ---- What it may do. ---- */

START_TEST(closing_oneself_ends_it)
{
	on_expt = close_self;
	add_expt(0, true, false);
	run_passes(_i, 3);
	ck_trace("x0");
	ck_assert_ptr_null(channel[0]);
	close_peers();
}
END_TEST

START_TEST(closing_others_before_their_turn)
{
	int i;

	on_expt = _i & 2 ? close_2 : close_0;
	for (i = 0; i < 3; i++)
		add_expt(i, true, false);
	run_passes(_i & 1, 1);
	ck_trace(_i & 2 ? "x0 x1" : "x0 x1 x2");
	on_expt = NULL;
	run_passes(_i & 1, 1);
	ck_trace(_i & 2 ? "x0 x1" : "x1 x2");
	close_peers();
}
END_TEST

static int
raise_EIO(struct asyncore_dispatcher *d)
{
	(void)d;
	return -EIO;
}

START_TEST(error_goes_to_handle_error)
{
	on_expt = raise_EIO;
	add_expt(0, true, false);
	run_passes(_i, 1);
	ck_trace("x0 e0");
	close_peers();
}
END_TEST

START_TEST(exit_leaves_the_loop)
{
	on_expt = exit_now;
	add_expt(0, true, false);
	add_expt(1, true, false);
	ck_assert_int_eq(asyncore_loop(0, _i, map, 1), ASYNCORE_EXIT_NOW);
	ck_trace("x0");
	close_peers();
}
END_TEST

static int
run_a_loop(struct asyncore_dispatcher *d)
{
	on_expt = NULL;
	(void)d;
	trace("(");
	run_passes(false, 1);
	trace(")");
	return 0;
}

START_TEST(loop_inside_of_it_fires_again)
{
	on_expt = run_a_loop;
	add_expt(0, true, false);
	add_expt(1, true, false);
	run_passes(_i, 1);
	ck_trace("x0 ( x0 x1 ) x1");
	close_peers();
}
END_TEST

/* ---- Connections that break. ---- */

/* Closes peer[id] with a reset, which has come when this returns. */
static void
reset_peer(int id)
{
	const struct linger hard = { .l_onoff = 1, .l_linger = 0 };

	ck_assert_int_eq(setsockopt(peer[id], SOL_SOCKET, SO_LINGER, &hard,
	    sizeof hard), 0);
	close_peer(id);
	await(asyncore_fileno(channel[id]), POLLERR);
}

START_TEST(error_that_is_pending_closes_instead)
{
	add_expt(0, true, false);
	reset_peer(0);
	run_passes(_i, 1);
	ck_trace("r0 c0");
	close_peers();
}
END_TEST

/* The descriptor has hung up for good, and nobody wants to read or write. */
START_TEST(hang_up_does_not_spin)
{
	add_tcp(&expt_class, 0, true, false);
	probe(0)->on_read = receive;
	probe(0)->stays = true;
	ck_assert_int_eq(shutdown(asyncore_fileno(channel[0]), SHUT_WR), 0);
	close_peer(0);
	await(asyncore_fileno(channel[0]), POLLHUP);
	run_passes(_i, 1);
	clear_trace();
	probe(0)->r = false;
	ck_quiet(_i);
	close_peers();
}
END_TEST

/* Poll does not ask who only writes; his byte must not wake it. */
START_TEST(byte_that_nobody_asks_for_does_not_spin)
{
	ck_assert_int_eq(asyncore_map_set_presume(map, false), 0);
	add_expt(0, false, true);
	fill_for_good(asyncore_fileno(channel[0]));
	ck_quiet(true);
	run_passes(false, 1);
	ck_trace("x0");
	ck_quiet(true);
	close_peers();
}
END_TEST

/* ---- Descriptors that come and go. ---- */

/* A duplicate keeps what epoll was told of the descriptor. */
START_TEST(closed_channel_leaves_nothing_behind)
{
	int duplicate;

	add_expt(0, true, false);
	add_pair(1, false, false);
	run_passes(_i & 1, 1);
	ck_trace("x0");
	duplicate = dup(asyncore_fileno(channel[0]));
	if (_i & 2)
		ck_assert_int_eq(asyncore_close(channel[0]), 0);
	else
		ck_assert_int_eq(close(asyncore_detach(channel[0])), 0);
	ck_quiet(_i & 1);
	ck_assert_int_eq(close(duplicate), 0);
	close_peers();
}
END_TEST

/*
 * What epoll was told cannot be taken back then; nobody has the number any
 * more, or one who has no interest in such bytes.
 */
START_TEST(descriptor_closed_behind_our_back_does_not_spin)
{
	struct asyncore_dispatcher *d;
	int duplicate, fd;

	add_expt(0, true, false);
	add_tcp(&expt_class, 1, true, false);
	run_passes(_i & 1, 1);
	ck_trace("x0");
	fd = asyncore_fileno(channel[0]);
	duplicate = dup(fd);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(asyncore_close(channel[0]), 0);
	if (_i & 2) {
		ck_assert_int_eq(dup2(peer[1], fd), fd);
		d = asyncore_new_socket(&probe_class, fd, map);
		ck_assert_ptr_nonnull(d);
		asyncore_unref(d);
	}
	ck_quiet(_i & 1);
	send_oob(1, '!');
	run_passes(_i & 1, 2);
	ck_trace("x1 x1");
	ck_assert_int_eq(close(duplicate), 0);
	close_peers();
}
END_TEST

/* The loop says so, each time; then there is one. */
START_TEST(want_of_a_descriptor_for_another_epoll_loses_no_byte)
{
	struct rlimit old, none;
	int duplicate, err, fd;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
	add_expt(0, true, false);
	add_tcp(&expt_class, 1, true, false);
	run_passes(_i, 1);
	ck_trace("x0");
	fd = asyncore_fileno(channel[0]);
	duplicate = dup(fd);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(asyncore_close(channel[0]), 0);
	none = (struct rlimit){ 3, old.rlim_max };
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	err = asyncore_loop(0, _i, map, 3);
	if (err != 0)
		ck_assert_int_eq(err, -EMFILE);
	ck_assert_int_eq(asyncore_loop(0, _i, map, 3), err);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
	send_oob(1, '!');
	run_passes(_i, 2);
	ck_trace("x1 x1");
	ck_assert_int_eq(close(duplicate), 0);
	close_peers();
}
END_TEST

/* No assertions in the child: Check would take them for the test's end. */
static int
close_in_child(bool use_poll)
{
	if (event_reinit(asyncore_map_base(map)) != 0)
		return 2;
	if (asyncore_close(channel[0]) != 0)
		return 3;
	if (asyncore_loop(0, use_poll, map, 2) != 0)
		return 4;
	return strcmp(traced(), "x1 x1") == 0 ? 0 : 5;
}

START_TEST(forked_child_takes_nothing_from_its_parent)
{
	pid_t pid;
	int status;

	add_expt(0, true, false);
	add_expt(1, true, false);
	run_passes(_i, 1);
	ck_trace("x0 x1");
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		end_child(close_in_child(_i));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	run_passes(_i, 2);
	ck_trace("x0 x1 x0 x1");
	close_peers();
}
END_TEST

/* When its parent has given up its own duplicate of channel 0. */
static int
go_on_in_child(bool use_poll, int gate)
{
	char byte;

	if (read(gate, &byte, 1) != 1)
		return 2;
	if (event_reinit(asyncore_map_base(map)) != 0)
		return 3;
	if (asyncore_loop(0, use_poll, map, 2) != 0)
		return 4;
	return strcmp(traced(), "x0 x1 x0 x1") == 0 ? 0 : 5;
}

START_TEST(parent_takes_nothing_from_its_forked_child)
{
	int gate[2], status;
	pid_t pid;

	add_expt(0, true, false);
	add_expt(1, true, false);
	run_passes(_i, 1);
	ck_trace("x0 x1");
	ck_assert_int_eq(pipe(gate), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		end_child(go_on_in_child(_i, gate[0]));
	ck_assert_int_eq(asyncore_close(channel[0]), 0);
	write_all(gate[1], "!", 1);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	run_passes(_i, 2);
	ck_trace("x1 x1");
	ck_assert_int_eq(close(gate[0]), 0);
	ck_assert_int_eq(close(gate[1]), 0);
	close_peers();
}
END_TEST

/* Between two turns the map watches with what is its parent's, too. */
static int
attach_anew_in_child(int gate)
{
	struct event_base *base = asyncore_map_base(map);
	char byte;

	if (read(gate, &byte, 1) != 1)
		return 2;
	if (event_reinit(base) != 0)
		return 3;
	if (asyncore_detach_map(map) != 0 || asyncore_attach(map) != 0)
		return 4;
	on_expt = exit_now;
	(void)event_base_dispatch(base);
	if (asyncore_detach_map(map) != ASYNCORE_EXIT_NOW)
		return 5;
	return strcmp(traced(), "x0") == 0 ? 0 : 6;
}

START_TEST(forked_child_attaches_anew_and_hears_of_a_byte_all_the_same)
{
	int gate[2], status;
	pid_t pid;

	add_tcp(&expt_class, 0, true, false);
	ck_assert_int_eq(asyncore_attach(map), 0);
	for (status = 0; status < 4; status++)
		(void)event_base_loop(asyncore_map_base(map),
		    EVLOOP_NONBLOCK);
	ck_assert_int_eq(pipe(gate), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		end_child(attach_anew_in_child(gate[0]));
	send_oob(0, '!');
	ck_assert_int_eq(asyncore_close(channel[0]), 0);
	write_all(gate[1], "!", 1);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(asyncore_detach_map(map), 0);
	ck_assert_int_eq(close(gate[0]), 0);
	ck_assert_int_eq(close(gate[1]), 0);
	close_peers();
}
END_TEST

START_TEST(byte_is_heard_of_on_a_base_that_gets_priorities)
{
	struct event_base *base = asyncore_map_base(map);

	add_expt(0, true, false);
	run_passes(false, 1);
	ck_trace("x0");
	ck_assert_int_eq(event_base_priority_init(base, 5), 0);
	on_expt = exit_now;
	ck_assert_int_eq(asyncore_attach(map), 0);
	ck_assert_int_ge(event_base_dispatch(base), 0);
	ck_assert_int_eq(asyncore_detach_map(map), ASYNCORE_EXIT_NOW);
	ck_trace("x0");
	close_peers();
}
END_TEST

START_TEST(channel_that_moves_fires_in_its_new_map)
{
	struct asyncore_map *other = asyncore_map_new(NULL);

	add_expt(0, true, false);
	run_passes(_i, 1);
	ck_trace("x0");
	asyncore_ref(channel[0]);
	ck_assert_int_eq(asyncore_add_channel(channel[0], other), 0);
	add_pair(1, false, false);
	ck_quiet(_i);
	ck_assert_int_eq(asyncore_loop(0, _i, other, 2), 0);
	ck_trace("x0 x0");
	ck_assert_int_eq(asyncore_close_all(other, false), 0);
	ck_assert_int_eq(asyncore_map_free(other), 0);
	close_peers();
}
END_TEST

static bool no_memory;

static void *
scarce_realloc(void *p, size_t size)
{
	return no_memory ? NULL : realloc(p, size);
}

/* Without epoll a wait needs a timer: here there is no room for a ninth. */
START_TEST(want_of_memory_before_a_wait_loses_no_byte)
{
	int err, i;

	event_set_mem_functions(malloc, scarce_realloc, free);
	add_expt(0, true, false);
	run_passes(_i, 1);
	ck_trace("x0");
	for (i = 0; i < 8; i++)
		after(60 * 1000000L, foreign);
	no_memory = true;
	err = asyncore_loop(0, _i, map, 1);
	no_memory = false;
	if (err != 0)
		ck_assert_int_eq(err, -ENOMEM);
	clear_trace();
	run_passes(_i, 1);
	ck_trace("x0");
	close_peers();
}
END_TEST

/* The program runs the base itself: nothing happens, and nothing is lost. */
START_TEST(run_of_the_base_by_somebody_else_does_not_spin)
{
	struct event_base *base = asyncore_map_base(map);
	const struct timeval tv = { 0, 50000 };
	const double begin = now();

	add_expt(0, true, false);
	run_passes(_i, 1);
	ck_trace("x0");
	ck_assert_int_eq(event_base_loopexit(base, &tv), 0);
	ck_assert_int_ge(event_base_dispatch(base), 0);
	ck_assert_double_le(now() - begin, 9);
	ck_trace("");
	run_passes(_i, 2);
	ck_trace("x0 x0");
	close_peers();
}
END_TEST

START_TEST(files_have_no_such_data)
{
	static const struct asyncore_class cls = {
		.base = &file_probe_class,
		.handle_expt = on_probe_expt,
	};
	struct asyncore_dispatcher *d;
	const int fd = open("/dev/null", O_RDONLY);
	int fds[2];

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pipe(fds), 0);
	d = asyncore_new_file(&cls, _i & 2 ? fd : fds[0], map);
	ck_assert_ptr_nonnull(d);
	probe_of(d)->r = true;
	write_all(fds[1], "a", 1);
	run_passes(_i & 1, 2);
	ck_trace("r0 r0");
	asyncore_unref(d);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(close(fds[0]), 0);
	ck_assert_int_eq(close(fds[1]), 0);
}
END_TEST

static void
add_hook(TCase *tc)
{
	tcase_add_loop_test(tc, unread_byte_fires_again_in_each_pass, 0, 2);
	tcase_add_loop_test(tc, byte_that_was_read_fires_no_more, 0, 2);
	tcase_add_loop_test(tc, byte_ends_the_wait, 0, 2);
	tcase_add_loop_test(tc, byte_comes_beside_the_stream, 0, 2);
	tcase_add_loop_test(tc, order_is_that_of_the_pass, 0, 2);
	tcase_add_loop_test(tc, many_channels_fire_in_each_pass, 0, 2);
	tcase_add_loop_test(tc, only_who_is_watched_is_asked, 0, 2);
	tcase_add_loop_test(tc, class_that_overrides_nothing_is_not_asked, 0,
	    2);
	tcase_add_loop_test(tc, class_that_overrides_the_router_is_asked, 0,
	    2);
	tcase_add_loop_test(tc, closing_oneself_ends_it, 0, 2);
	tcase_add_loop_test(tc, closing_others_before_their_turn, 0, 4);
	tcase_add_loop_test(tc, error_goes_to_handle_error, 0, 2);
	tcase_add_loop_test(tc, exit_leaves_the_loop, 0, 2);
	tcase_add_loop_test(tc, loop_inside_of_it_fires_again, 0, 2);
}

void
testing_add(TCase *tc)
{
	add_hook(tc);
	tcase_add_loop_test(tc, error_that_is_pending_closes_instead, 0, 2);
	tcase_add_loop_test(tc, hang_up_does_not_spin, 0, 2);
	tcase_add_test(tc, byte_that_nobody_asks_for_does_not_spin);
	tcase_add_loop_test(tc, closed_channel_leaves_nothing_behind, 0, 4);
	tcase_add_loop_test(tc,
	    descriptor_closed_behind_our_back_does_not_spin, 0, 4);
	tcase_add_loop_test(tc,
	    want_of_a_descriptor_for_another_epoll_loses_no_byte, 0, 2);
	tcase_add_loop_test(tc, forked_child_takes_nothing_from_its_parent, 0,
	    2);
	tcase_add_test(tc, byte_is_heard_of_on_a_base_that_gets_priorities);
	tcase_add_test(tc,
	    forked_child_attaches_anew_and_hears_of_a_byte_all_the_same);
	tcase_add_loop_test(tc, parent_takes_nothing_from_its_forked_child, 0,
	    2);
	tcase_add_loop_test(tc, channel_that_moves_fires_in_its_new_map, 0,
	    2);
	tcase_add_loop_test(tc, want_of_memory_before_a_wait_loses_no_byte, 0,
	    2);
	tcase_add_loop_test(tc, run_of_the_base_by_somebody_else_does_not_spin,
	    0, 2);
	tcase_add_loop_test(tc, files_have_no_such_data, 0, 4);
}
