/*
 * check_view.c - what a hang-up, an error and a reset are to a pass: poll()
 * sees with select's eyes, poll2() with those of poll(2), on every backend.
 *
 * The words expected are CPython's in the same scenes.
 */
#include "probe.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

const char testing_suite[] = "view";

/* Number 0, with input, whose peer has closed. */
static void
add_hung_up(bool r, bool w)
{
	add_pair(0, r, w);
	probe(0)->stays = true;
	close_peer(0);
}

START_TEST(poll2_reads_before_it_reports_a_hang_up)
{
	add_hung_up(true, false);
	ck_pass(_i, "r0", "r0 c0");
}
END_TEST

START_TEST(poll2_writes_before_it_reports_a_hang_up)
{
	add_hung_up(true, true);
	ck_pass(_i, "r0 w0", "r0 w0 c0");
}
END_TEST

START_TEST(a_hang_up_reaches_one_that_only_writes)
{
	ck_assert_int_eq(asyncore_map_set_presume(map, false), 0);
	add_hung_up(false, true);
	ck_pass(_i, "w0", "w0 c0");
}
END_TEST

START_TEST(a_hang_up_is_nothing_to_one_that_wishes_for_nothing)
{
	add_hung_up(false, false);
	ck_assert_int_eq(asyncore_loop(0, _i, map, 1), 0);
	ck_trace("");
}
END_TEST

START_TEST(a_hang_up_is_reported_until_it_is_closed)
{
	add_hung_up(true, false);
	ck_pass(_i, "r0", "r0 c0");
	probe(0)->stays = false;
	ck_pass(_i, "r0", "r0 c0");
	ck_assert_int_eq(asyncore_loop(0, _i, map, 1), 0);
	ck_trace(_i ? "" : "r0");
	ck_assert_uint_eq(asyncore_map_len(map), _i ? 0 : 1);
}
END_TEST

START_TEST(half_closed_is_no_hang_up)
{
	add_pair(0, true, true);
	ck_assert_int_eq(shutdown(peer[0], SHUT_WR), 0);
	ck_pass(_i, "r0 w0", "r0 w0");
	close_peers();
}
END_TEST

START_TEST(a_hang_up_is_reported_in_turn)
{
	add_three();
	close_peer(1);
	ck_pass(_i, "r0 r1 r2 w0 w1 w2", "r0 w0 r1 w1 c1 r2 w2");
	close_peers();
}
END_TEST

START_TEST(closed_in_its_read_is_not_closed_for_the_hang_up)
{
	add_hung_up(true, true);
	probe(0)->on_read = close_self;
	ck_pass(_i, "r0", "r0");
}
END_TEST

/*
 * To select, the hung-up end that reads a pipe is readable, never writable.
 * libevent's select backend shows nothing at all of it to one that only writes.
 */
START_TEST(pipe_without_writer_is_not_writable)
{
	const char *method = event_base_get_method(asyncore_map_base(map));
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	add_file_probe(0, fds[0], true, true);
	probe(0)->stays = true;
	close(fds[1]);
	ck_pass(_i, "r0", "c0");
	probe(0)->r = false;
	ck_assert_int_eq(asyncore_loop(0, _i, map, 1), 0);
	ck_trace(_i && strcmp(method, "select") != 0 ? "c0" : "");
}
END_TEST

/* Nor does it wake: a loop that waits would spin. */
START_TEST(pipe_without_writer_does_not_wake_one_that_only_writes)
{
	double start;
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	add_file_probe(0, fds[0], false, true);
	close(fds[1]);
	start = now();
	ck_assert_int_eq(asyncore_poll(0.05, map), 0);
	ck_waited(start, 0.05);
	ck_trace("");
}
END_TEST

/* To select, the end that writes into nothing is ready for everything. */
START_TEST(pipe_without_reader_is_readable_and_writable)
{
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	add_file_probe(0, fds[1], true, true);
	probe(0)->stays = true;
	close(fds[0]);
	ck_pass(_i, "r0 w0", "w0 c0");
	probe(0)->r = false;
	ck_pass(_i, "w0", "w0 c0");
	probe(0)->r = true;
	probe(0)->w = false;
	ck_pass(_i, "r0", "c0");
}
END_TEST

static void
drain(int fd)
{
	char buf[65536];
	ssize_t n;

	ck_assert_int_eq(evutil_make_socket_nonblocking(fd), 0);
	do
		n = read(fd, buf, sizeof buf);
	while (n > 0);
}

#ifdef __linux__

/* Number 0, which only writes, is full, and has heard of the hang-up. */
static void
add_full_and_hung_up(void)
{
	ck_assert_int_eq(asyncore_map_set_presume(map, false), 0);
	add_pair(0, false, true);
	fill(asyncore_fileno(channel[0]));
	ck_assert_int_eq(shutdown(peer[0], SHUT_RDWR), 0);
	ck_assert_int_eq(asyncore_loop(0, false, map, 1), 0);
	ck_trace("");
}

START_TEST(full_one_that_hung_up_is_writable_when_its_peer_has_read)
{
	add_full_and_hung_up();
	ck_assert_int_eq(asyncore_loop(0, false, map, 1), 0);
	ck_trace("");
	drain(peer[0]);
	ck_poll(map, "w0");
	close_peers();
}
END_TEST

START_TEST(full_one_that_hung_up_is_writable_when_its_peer_has_closed)
{
	add_full_and_hung_up();
	close_peers();
	ck_poll(map, "w0");
}
END_TEST

/* Nothing but select wakes a loop that waits for it, so that it is looked at long
 * before LONG is over; and none may spin. */
START_TEST(full_one_that_hung_up_is_looked_at_now_and_then)
{
	const char *method = event_base_get_method(asyncore_map_base(map));
	const bool by_select = strcmp(method, "select") == 0;
	double start;

	add_full_and_hung_up();
	start = now();
	ck_assert_int_eq(asyncore_poll(by_select ? 0.2 : LONG, map), 0);
	ck_trace("");
	ck_waited(start, 0.1);
	ck_assert_double_lt(now() - start, LONG);
	close_peers();
}
END_TEST

#endif /* __linux__ */

/* ---- Writes that are presumed. ---- */

/* No room, but for the first pass nobody has asked the kernel. */
START_TEST(a_presumed_write_that_sends_nothing_asks_the_kernel)
{
	add_pair(0, false, true);
	fill(asyncore_fileno(channel[0]));
	ck_pass(_i, "w0", "w0");
	ck_assert_int_eq(asyncore_loop(0, _i, map, 1), 0);
	ck_trace("");
	close_peers();
}
END_TEST

START_TEST(without_presuming_a_full_socket_is_not_writable)
{
	ck_assert_int_eq(asyncore_map_set_presume(map, false), 0);
	add_pair(0, false, true);
	fill(asyncore_fileno(channel[0]));
	ck_assert_int_eq(asyncore_loop(0, _i, map, 1), 0);
	ck_trace("");
	ck_assert_int_eq(asyncore_map_set_presume(map, true), 0);
	ck_pass(_i, "w0", "w0");
	close_peers();
}
END_TEST

static int
send_too_much(struct asyncore_dispatcher *d)
{
	static const char junk[65536];
	ssize_t n;

	do
		n = asyncore_send(d, junk, sizeof junk);
	while (n == (ssize_t)sizeof junk);
	ck_assert_int_ge(n, 0);
	return 0;
}

START_TEST(a_send_that_was_cut_short_waits_for_room)
{
	add_pair(0, false, true);
	probe(0)->on_write = send_too_much;
	ck_pass(_i, "w0", "w0");
	ck_assert_int_eq(asyncore_loop(0, _i, map, 1), 0);
	ck_trace("");
	drain(peer[0]);
	ck_pass(_i, "w0", "w0");
	close_peers();
}
END_TEST

/* ---- Errors. ---- */

static int error;

static int
raise_it(struct asyncore_dispatcher *d)
{
	(void)d;
	return -error;
}

START_TEST(poll2_takes_a_disconnected_error_for_the_end)
{
	static const int errors[] = { ECONNRESET, ENOTCONN, ESHUTDOWN,
	    ECONNABORTED, EPIPE, EBADF };
	size_t i;

	add_three();
	probe(0)->stays = true;
	probe(0)->on_read = raise_it;
	for (i = 0; i < sizeof errors / sizeof errors[0]; i++) {
		error = errors[i];
		ck_pass(_i, "r0 e0 r1 r2 w0 w1 w2", "r0 c0 r1 w1 r2 w2");
	}
	error = EIO;
	ck_pass(_i, "r0 e0 r1 r2 w0 w1 w2", "r0 e0 r1 w1 r2 w2");
	close_peers();
}
END_TEST

/* Number 0, over TCP, whose peer has reset the connection. */
static void
add_reset(void)
{
	const struct linger at_once = { .l_onoff = 1 };
	struct sockaddr_in addr;
	const int listener = listen_on_loopback(&addr);
	const int fd = socket(AF_INET, SOCK_STREAM, 0);
	int other;

	ck_assert_int_eq(connect(fd, (struct sockaddr *)&addr, sizeof addr),
	    0);
	other = accept(listener, NULL, NULL);
	ck_assert_int_ge(other, 0);
	add_probe(0, fd, true, true);
	probe(0)->on_read = receive;
	ck_assert_int_eq(setsockopt(other, SOL_SOCKET, SO_LINGER, &at_once,
	    sizeof at_once), 0);
	close(other);
	close(listener);
	await(fd, POLLIN);
}

START_TEST(a_reset_is_a_close_and_no_error)
{
	ck_assert_int_eq(asyncore_map_set_presume(map, false), 0);
	add_reset();
	probe(0)->stays = true;
	ck_pass(_i, "r0 c0 0 w0", "r0 c0 0 w0 c0");
}
END_TEST

START_TEST(a_reset_is_reported_once_to_one_that_closes)
{
	add_reset();
	ck_pass(_i, "r0 c0 0", "r0 c0 0");
	ck_assert_uint_eq(asyncore_map_len(map), 0);
}
END_TEST

static void
add_full_and_hung_up_tests(TCase *tc)
{
#ifdef __linux__
	tcase_add_test(tc,
	    full_one_that_hung_up_is_writable_when_its_peer_has_read);
	tcase_add_test(tc,
	    full_one_that_hung_up_is_writable_when_its_peer_has_closed);
	tcase_add_test(tc, full_one_that_hung_up_is_looked_at_now_and_then);
#else
	(void)tc;
	testing_skip("full_one_that_hung_up_is_writable_when_its_peer_has_read",
	    "only Linux has such sockets");
#endif
}

/* Each with poll() and with poll2(). */
void
testing_add(TCase *tc)
{
	tcase_add_loop_test(tc, poll2_reads_before_it_reports_a_hang_up, 0, 2);
	tcase_add_loop_test(tc, poll2_writes_before_it_reports_a_hang_up, 0,
	    2);
	tcase_add_loop_test(tc, a_hang_up_reaches_one_that_only_writes, 0, 2);
	tcase_add_loop_test(tc,
	    a_hang_up_is_nothing_to_one_that_wishes_for_nothing, 0, 2);
	tcase_add_loop_test(tc, a_hang_up_is_reported_until_it_is_closed, 0,
	    2);
	tcase_add_loop_test(tc, half_closed_is_no_hang_up, 0, 2);
	tcase_add_loop_test(tc, a_hang_up_is_reported_in_turn, 0, 2);
	tcase_add_loop_test(tc,
	    closed_in_its_read_is_not_closed_for_the_hang_up, 0, 2);
	tcase_add_loop_test(tc, pipe_without_writer_is_not_writable, 0, 2);
	tcase_add_test(tc,
	    pipe_without_writer_does_not_wake_one_that_only_writes);
	tcase_add_loop_test(tc, pipe_without_reader_is_readable_and_writable,
	    0, 2);
	add_full_and_hung_up_tests(tc);
	tcase_add_loop_test(tc,
	    a_presumed_write_that_sends_nothing_asks_the_kernel, 0, 2);
	tcase_add_loop_test(tc, without_presuming_a_full_socket_is_not_writable,
	    0, 2);
	tcase_add_loop_test(tc, a_send_that_was_cut_short_waits_for_room, 0,
	    2);
	tcase_add_loop_test(tc, poll2_takes_a_disconnected_error_for_the_end,
	    0, 2);
	tcase_add_loop_test(tc, a_reset_is_a_close_and_no_error, 0, 2);
	tcase_add_loop_test(tc, a_reset_is_reported_once_to_one_that_closes, 0,
	    2);
}
