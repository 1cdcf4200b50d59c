/*
 * check_order.c - the order in which a pass serves its channels: all reads
 * before all writes, or channel by channel, always in the order of insertion,
 * however many there are; and what a hook changes in the pass that it runs in.
 *
 * The words expected are CPython's in the same scenes.
 */
#include "probe.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

const char testing_suite[] = "order";

/* ---- Insertion. ---- */

START_TEST(poll_serves_all_reads_then_all_writes)
{
	ck_assert_int_eq(asyncore_map_set_presume(map, _i), 0);
	add_three();
	ck_assert_int_eq(asyncore_poll(LONG, map), 0);
	ck_trace("r0 r1 r2 w0 w1 w2");
	ck_assert_int_eq(asyncore_loop(LONG, false, map, 2), 0);
	ck_trace("r0 r1 r2 w0 w1 w2 r0 r1 r2 w0 w1 w2");
	close_peers();
}
END_TEST

START_TEST(poll2_serves_channel_by_channel)
{
	ck_assert_int_eq(asyncore_map_set_presume(map, _i), 0);
	add_three();
	ck_assert_int_eq(asyncore_poll2(LONG, map), 0);
	ck_trace("r0 w0 r1 w1 r2 w2");
	ck_assert_int_eq(asyncore_loop(LONG, true, map, 2), 0);
	ck_trace("r0 w0 r1 w1 r2 w2 r0 w0 r1 w1 r2 w2");
	close_peers();
}
END_TEST

static int
send_one_byte(struct asyncore_dispatcher *d)
{
	ck_assert_int_eq(asyncore_send(d, "y", 1), 1);
	return 0;
}

/* Some are presumed writable then, others are what the kernel reports. */
START_TEST(order_is_kept_between_presumed_and_reported)
{
	int i;

	add_three();
	probe(0)->on_write = probe(2)->on_write = send_one_byte;
	for (i = 0; i < 3; i++)
		ck_pass(_i, "r0 r1 r2 w0 w1 w2", "r0 w0 r1 w1 r2 w2");
	probe(0)->on_write = NULL;
	probe(1)->on_write = send_one_byte;
	for (i = 0; i < 3; i++)
		ck_pass(_i, "r0 r1 r2 w0 w1 w2", "r0 w0 r1 w1 r2 w2");
	close_peers();
}
END_TEST

START_TEST(order_is_not_that_of_the_numbers)
{
	static const int numbers[] = { 90, 70, 80 };
	int i, fds[2];

	ck_assert_int_eq(asyncore_map_set_presume(map, false), 0);
	for (i = 0; i < 3; i++) {
		make_pair(fds);
		peer[i] = fds[1];
		write_all(peer[i], "x", 1);
		ck_assert_int_eq(dup2(fds[0], numbers[i]), numbers[i]);
		close(fds[0]);
		add_probe(i, numbers[i], true, true);
	}
	for (i = 0; i < 3; i++)
		ck_pass(_i, "r0 r1 r2 w0 w1 w2", "r0 w0 r1 w1 r2 w2");
	close_peers();
}
END_TEST

/* Room for so many descriptors more, and still below select's 1024. */
static void
allow(int n)
{
	struct rlimit limit;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	if (limit.rlim_cur >= (rlim_t)n + 24)
		return;
	limit.rlim_cur = (rlim_t)n + 24;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* Duplicates of one socket, which has input and room. */
static void
add_many(int from, int n)
{
	int i, fd, fds[2];

	make_pair(fds);
	write_all(fds[1], "x", 1);
	for (i = from; i < from + n; i++) {
		fd = dup(fds[0]);
		ck_assert_int_ge(fd, 0);
		add_probe(i, fd, true, true);
	}
	close(fds[0]);
	peer[from] = fds[1];
}

static void
put_each(char **p, char direction, int n)
{
	int i;

	for (i = 0; i < n; i++)
		*p += sprintf(*p, " %c%d", direction, i);
}

static const char *
all_reads_all_writes(int n)
{
	static char words[16 * PROBES];
	char *p = words;

	put_each(&p, 'r', n);
	put_each(&p, 'w', n);
	return words + 1;
}

static const char *
each_in_turn(int n)
{
	static char words[16 * PROBES];
	char *p = words;
	int i;

	for (i = 0; i < n; i++)
		p += sprintf(p, " r%d w%d", i, i);
	return words + 1;
}

/*
 * epoll gives libevent 32 answers at first: the very first pass must see all,
 * and so must a later one.
 */
static void
serve_many(int n, int use_poll)
{
	allow(n);
	ck_assert_int_eq(asyncore_map_set_presume(map, false), 0);
	add_many(0, n);
	ck_pass(use_poll, all_reads_all_writes(n), each_in_turn(n));
	ck_pass(use_poll, all_reads_all_writes(n), each_in_turn(n));
	close_peers();
}

START_TEST(a_hundred_and_fifty_at_once)
{
	serve_many(150, _i);
}
END_TEST

START_TEST(a_thousand_at_once)
{
	serve_many(PROBES, _i);
}
END_TEST

START_TEST(many_are_ready_after_passes_with_few)
{
	int i;

	ck_assert_int_eq(asyncore_map_set_presume(map, false), 0);
	add_many(0, 20);
	for (i = 0; i < 3; i++)
		ck_pass(_i, all_reads_all_writes(20), each_in_turn(20));
	add_many(20, 280);
	ck_pass(_i, all_reads_all_writes(300), each_in_turn(300));
	close_peers();
}
END_TEST

START_TEST(del_and_add_moves_to_the_end)
{
	add_three();
	asyncore_ref(channel[0]);
	ck_assert_int_eq(asyncore_del_channel(channel[0]), 0);
	ck_assert_int_eq(asyncore_add_channel(channel[0], NULL), 0);
	asyncore_unref(channel[0]);
	ck_pass(_i, "r1 r2 r0 w1 w2 w0", "r1 w1 r2 w2 r0 w0");
	close_peers();
}
END_TEST

START_TEST(adding_it_again_moves_nothing)
{
	add_three();
	ck_assert_int_eq(asyncore_add_channel(channel[0], NULL), 0);
	ck_assert_int_eq(asyncore_add_channel(channel[0], map), 0);
	ck_pass(_i, "r0 r1 r2 w0 w1 w2", "r0 w0 r1 w1 r2 w2");
	close_peers();
}
END_TEST

/* ---- What a hook does to the rest of its pass. ---- */

START_TEST(close_other_before_its_turn)
{
	add_three();
	probe(0)->on_read = close_1;
	ck_pass(_i, "r0 r2 w0 w2", "r0 w0 r2 w2");
	close_peers();
}
END_TEST

START_TEST(close_other_after_its_turn)
{
	add_three();
	probe(1)->on_read = close_0;
	ck_pass(_i, "r0 r1 r2 w1 w2", "r0 w0 r1 w1 r2 w2");
	ck_assert_uint_eq(asyncore_map_len(map), 2);
	close_peers();
}
END_TEST

START_TEST(close_self_before_its_write)
{
	add_three();
	probe(1)->on_read = close_1;
	ck_pass(_i, "r0 r1 r2 w0 w2", "r0 w0 r1 r2 w2");
	close_peers();
}
END_TEST

static int
take_second_out(struct asyncore_dispatcher *d)
{
	(void)d;
	asyncore_ref(channel[1]);
	return asyncore_del_channel(channel[1]);
}

START_TEST(del_channel_drops_its_readiness)
{
	add_three();
	probe(0)->on_read = take_second_out;
	ck_pass(_i, "r0 r2 w0 w2", "r0 w0 r2 w2");
	asyncore_unref(channel[1]);
	close_peers();
}
END_TEST

static int
move_second_to_the_end(struct asyncore_dispatcher *d)
{
	probe(0)->on_read = NULL;
	ck_assert_int_eq(take_second_out(d), 0);
	ck_assert_int_eq(asyncore_add_channel(channel[1], NULL), 0);
	asyncore_unref(channel[1]);
	return 0;
}

START_TEST(moved_in_a_pass_is_served_in_its_old_turn)
{
	add_three();
	probe(0)->on_read = move_second_to_the_end;
	ck_pass(_i, "r0 r1 r2 w0 w1 w2", "r0 w0 r1 w1 r2 w2");
	ck_pass(_i, "r0 r2 r1 w0 w2 w1", "r0 w0 r2 w2 r1 w1");
	close_peers();
}
END_TEST

static int
wish_for_less(struct asyncore_dispatcher *d)
{
	(void)d;
	probe(1)->w = probe(2)->r = false;
	return 0;
}

START_TEST(a_wish_withdrawn_in_a_pass_is_served)
{
	add_three();
	probe(0)->on_read = wish_for_less;
	ck_pass(_i, "r0 r1 r2 w0 w1 w2", "r0 w0 r1 w1 r2 w2");
	ck_pass(_i, "r0 r1 w0 w2", "r0 w0 r1 w2");
	close_peers();
}
END_TEST

static int
add_fourth(struct asyncore_dispatcher *d)
{
	(void)d;
	probe(0)->on_read = NULL;
	add_pair(3, true, true);
	return 0;
}

START_TEST(a_channel_added_by_a_hook_waits_for_the_next_pass)
{
	add_three();
	probe(0)->on_read = add_fourth;
	ck_pass(_i, "r0 r1 r2 w0 w1 w2", "r0 w0 r1 w1 r2 w2");
	ck_pass(_i, "r0 r1 r2 r3 w0 w1 w2 w3", "r0 w0 r1 w1 r2 w2 r3 w3");
	close_peers();
}
END_TEST

/* ---- A descriptor's number, used again. ---- */

/* Closes the second channel; a socket with input gets its number. */
static int
take_its_number(void)
{
	const int number = asyncore_fileno(channel[1]);
	int fds[2];

	make_pair(fds);
	peer[3] = fds[1];
	write_all(peer[3], "x", 1);
	ck_assert_int_eq(asyncore_close(channel[1]), 0);
	ck_assert_int_eq(fcntl(fds[0], F_DUPFD, number), number);
	close(fds[0]);
	return number;
}

static int
replace_second(struct asyncore_dispatcher *d)
{
	(void)d;
	probe(0)->on_read = NULL;
	add_probe(3, take_its_number(), true, true);
	return 0;
}

START_TEST(a_new_channel_inherits_nothing_with_the_number)
{
	ck_assert_int_eq(asyncore_map_set_presume(map, false), 0);
	add_three();
	probe(0)->on_read = replace_second;
	ck_pass(_i, "r0 r2 w0 w2", "r0 w0 r2 w2");
	ck_pass(_i, "r0 r2 r3 w0 w2 w3", "r0 w0 r2 w2 r3 w3");
	close_peers();
}
END_TEST

static int
renew_second(struct asyncore_dispatcher *d)
{
	(void)d;
	probe(0)->on_read = NULL;
	asyncore_ref(channel[1]);
	ck_assert_int_eq(asyncore_set_socket(channel[1], take_its_number()),
	    0);
	asyncore_unref(channel[1]);
	return 0;
}

START_TEST(a_channel_inherits_nothing_from_its_closed_descriptor)
{
	ck_assert_int_eq(asyncore_map_set_presume(map, false), 0);
	add_three();
	probe(0)->on_read = renew_second;
	ck_pass(_i, "r0 r2 w0 w2", "r0 w0 r2 w2");
	ck_pass(_i, "r0 r2 r1 w0 w2 w1", "r0 w0 r2 w2 r1 w1");
	close_peers();
}
END_TEST

/* Each with poll() and with poll2(). */
static void
add_both(TCase *tc)
{
	tcase_add_loop_test(tc, order_is_kept_between_presumed_and_reported,
	    0, 2);
	tcase_add_loop_test(tc, order_is_not_that_of_the_numbers, 0, 2);
	tcase_add_loop_test(tc, a_hundred_and_fifty_at_once, 0, 2);
	tcase_add_loop_test(tc, a_thousand_at_once, 0, 2);
	tcase_add_loop_test(tc, many_are_ready_after_passes_with_few, 0, 2);
	tcase_add_loop_test(tc, del_and_add_moves_to_the_end, 0, 2);
	tcase_add_loop_test(tc, adding_it_again_moves_nothing, 0, 2);
	tcase_add_loop_test(tc, close_other_before_its_turn, 0, 2);
	tcase_add_loop_test(tc, close_other_after_its_turn, 0, 2);
	tcase_add_loop_test(tc, close_self_before_its_write, 0, 2);
	tcase_add_loop_test(tc, del_channel_drops_its_readiness, 0, 2);
	tcase_add_loop_test(tc, moved_in_a_pass_is_served_in_its_old_turn, 0,
	    2);
	tcase_add_loop_test(tc, a_wish_withdrawn_in_a_pass_is_served, 0, 2);
	tcase_add_loop_test(tc,
	    a_channel_added_by_a_hook_waits_for_the_next_pass, 0, 2);
	tcase_add_loop_test(tc, a_new_channel_inherits_nothing_with_the_number,
	    0, 2);
	tcase_add_loop_test(tc,
	    a_channel_inherits_nothing_from_its_closed_descriptor, 0, 2);
}

void
testing_add(TCase *tc)
{
	tcase_add_loop_test(tc, poll_serves_all_reads_then_all_writes, 0, 2);
	tcase_add_loop_test(tc, poll2_serves_channel_by_channel, 0, 2);
	add_both(tc);
}
