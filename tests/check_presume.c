/*
 * check_presume.c - a pass that has only presumed writes to do asks the kernel
 * for nothing, so that an answer costs one wait and not two; and when it asks
 * all the same.
 */
#include "probe.h"

#include <sys/socket.h>

#include <event2/bufferevent.h>

const char testing_suite[] = "presume";

static int
receive_and_feed_0(struct asyncore_dispatcher *d)
{
	probe_of(d)->on_read = receive;
	probe_of(d)->w = true;
	write_all(peer[0], "y", 1);
	return receive(d);
}

static int
write_no_more(struct asyncore_dispatcher *d)
{
	probe_of(d)->w = false;
	return (int)asyncore_send(d, "z", 1);
}

static void
add_readers(probe_action second)
{
	add_pair(0, true, false);
	add_pair(1, true, false);
	probe(0)->on_read = receive;
	probe(1)->on_read = second;
	probe(1)->on_write = write_no_more;
}

/* Seen a pass later, unless the map is to be exact. */
START_TEST(what_a_hook_made_ready_by_hand_is_seen_after_presumed_writes)
{
	ck_assert_int_eq(asyncore_map_set_presume(map, _i), 0);
	add_readers(receive_and_feed_0);
	ck_assert_int_eq(asyncore_loop(LONG, false, map, 2 + _i), 0);
	ck_trace(_i ? "r0 'x' r1 'x' w1 r0 'y'" : "r0 'x' r1 'x' r0 'y' w1");
	close_peers();
}
END_TEST

static int
receive_all_for_2(struct asyncore_dispatcher *d)
{
	static char all[1 << 23];

	probe(2)->w = true;
	ck_assert_int_gt(asyncore_recv(d, all, sizeof all), 0);
	return 0;
}

/* So is the room that receiving makes at the other end. */
START_TEST(room_that_a_hook_made_is_seen_after_presumed_writes)
{
	int fds[2];

	ck_assert_int_eq(asyncore_map_set_presume(map, _i), 0);
	make_pair(fds);
	fill(fds[0]);
	add_probe(0, fds[0], false, true);
	probe(0)->on_write = write_no_more;
	ck_assert_int_eq((int)asyncore_send(channel[0], "z", 1), 0);
	add_probe(1, fds[1], true, false);
	probe(1)->on_read = receive_all_for_2;
	add_pair(2, false, false);
	probe(2)->on_write = write_no_more;
	ck_assert_int_eq(asyncore_loop(LONG, false, map, 2 + _i), 0);
	ck_trace(_i ? "r1 w2 w0" : "r1 w0 w2");
	close_peers();
}
END_TEST

static int
receive_and_send(struct asyncore_dispatcher *d)
{
	write_all(peer[0], "y", 1);
	(void)asyncore_send(d, "z", 1);
	probe_of(d)->on_read = receive;
	probe_of(d)->w = true;
	return receive(d);
}

static int
close_2_and_feed_0(struct asyncore_dispatcher *d)
{
	(void)close_2(d);
	return receive_and_feed_0(d);
}

static int
leave_some(struct asyncore_dispatcher *d)
{
	char byte;

	probe_of(d)->w = true;
	probe_of(d)->on_read = receive;
	return (int)asyncore_recv(d, &byte, 1);
}

/* What was sent through us may be somebody's input. */
START_TEST(after_a_send_or_a_close_the_kernel_is_asked)
{
	add_pair(2, false, false);
	add_readers(_i ? close_2_and_feed_0 : receive_and_send);
	ck_assert_int_eq(asyncore_loop(LONG, false, map, 2), 0);
	ck_trace("r0 'x' r1 'x' r0 'y' w1");
	close_peers();
}
END_TEST

START_TEST(input_that_is_not_used_up_is_seen_in_the_next_pass)
{
	add_readers(leave_some);
	write_all(peer[1], "more", 4);
	ck_assert_int_eq(asyncore_loop(LONG, false, map, 2), 0);
	ck_trace("r0 'x' r1 r1 'more' w1");
	close_peers();
}
END_TEST

/* The program may do what it likes between two loops. */
static int
receive_and_send_nothing(struct asyncore_dispatcher *d)
{
	ck_assert_int_eq((int)asyncore_send(channel[2], "", 0), 0);
	probe_of(d)->w = true;
	return receive(d);
}

START_TEST(after_a_datagram_of_no_bytes_the_kernel_is_asked)
{
	int fds[2];

	ck_assert_int_eq(asyncore_map_set_presume(map, _i), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), 0);
	add_probe(0, fds[0], true, false);
	probe(0)->on_read = receive;
	add_pair(1, true, false);
	probe(1)->on_read = receive_and_send_nothing;
	probe(1)->on_write = write_no_more;
	add_probe(2, fds[1], false, false);
	ck_assert_int_eq(asyncore_loop(LONG, false, map, 2), 0);
	ck_trace("r1 'x' r0 0 w1");
	close_peers();
}
END_TEST

static int
receive_for_1(struct asyncore_dispatcher *d)
{
	probe(1)->w = true;
	return receive(d);
}

/* What a bufferevent had read is not all that there is. */
START_TEST(input_behind_that_of_a_bridge_is_seen_in_the_next_pass)
{
	struct event_base *base = asyncore_map_base(map);
	struct bufferevent *bev;
	int fds[2];

	ck_assert_int_eq(asyncore_map_set_presume(map, _i), 0);
	make_pair(fds);
	peer[0] = fds[1];
	bev = bufferevent_socket_new(base, fds[0], 0);
	ck_assert_int_eq(bufferevent_enable(bev, EV_READ), 0);
	write_all(peer[0], "x", 1);
	ck_assert_int_eq(event_base_loop(base, EVLOOP_NONBLOCK), 0);
	write_all(peer[0], "y", 1);
	channel[0] = asyncore_take_bufferevent(&probe_class, bev, map);
	ck_assert_ptr_nonnull(channel[0]);
	probe(0)->r = true;
	probe(0)->on_read = receive_for_1;
	add_pair(1, false, false);
	probe(1)->on_write = write_no_more;
	ck_assert_int_eq(asyncore_loop(LONG, false, map, 2), 0);
	ck_trace("r0 'x' r0 'y' w1");
	asyncore_unref(channel[0]);
	close_peers();
}
END_TEST

static int
receive_by_1_for_2(struct asyncore_dispatcher *d)
{
	probe_of(d)->on_read = receive;
	probe(2)->w = true;
	return receive(channel[1]);
}

/* Each map counts its waits. */
START_TEST(input_of_another_map_s_wait_is_not_that_of_this_one)
{
	struct asyncore_map *other = asyncore_map_new(NULL);

	ck_assert_int_eq(asyncore_map_set_presume(map, _i), 0);
	put_pair(&probe_class, 1, true, false);
	ck_assert_int_eq(asyncore_add_channel(channel[1], other), 0);
	ck_poll(other, "r1");
	probe(1)->r = false;
	ck_assert_int_eq(asyncore_add_channel(channel[1], map), 0);
	add_pair(0, true, false);
	probe(0)->on_read = receive_by_1_for_2;
	add_pair(2, false, false);
	probe(2)->on_write = write_no_more;
	ck_assert_int_eq(asyncore_loop(LONG, false, map, 2), 0);
	ck_trace("r0 'x' r0 'x' w2");
	ck_assert_int_eq(asyncore_map_free(other), 0);
	close_peers();
}
END_TEST

START_TEST(the_first_pass_of_a_loop_asks)
{
	add_readers(receive);
	ck_poll(map, "r0 'x' r1 'x'");
	probe(1)->w = true;
	write_all(peer[0], "y", 1);
	ck_poll(map, "r0 'y' w1");
	close_peers();
}
END_TEST

static int
receive_and_write(struct asyncore_dispatcher *d)
{
	probe_of(d)->w = true;
	return receive(d);
}

static int
feed_and_receive(struct asyncore_dispatcher *d)
{
	(void)d;
	write_all(peer[0], "y", 1);
	return 0;
}

/* Not twice in a row, though writes are all there is to do. */
START_TEST(one_that_writes_for_ever_keeps_nobody_waiting)
{
	add_readers(receive_and_write);
	probe(1)->on_write = feed_and_receive;
	ck_assert_int_eq(asyncore_loop(LONG, false, map, 3), 0);
	ck_trace("r0 'x' r1 'x' w1 r0 'y' w1");
	close_peers();
}
END_TEST

void
testing_add(TCase *tc)
{
	tcase_add_loop_test(tc,
	    what_a_hook_made_ready_by_hand_is_seen_after_presumed_writes, 0,
	    2);
	tcase_add_loop_test(tc,
	    room_that_a_hook_made_is_seen_after_presumed_writes, 0, 2);
	tcase_add_loop_test(tc, after_a_send_or_a_close_the_kernel_is_asked,
	    0, 2);
	tcase_add_test(tc,
	    input_that_is_not_used_up_is_seen_in_the_next_pass);
	tcase_add_loop_test(tc,
	    after_a_datagram_of_no_bytes_the_kernel_is_asked, 0, 2);
	tcase_add_loop_test(tc,
	    input_behind_that_of_a_bridge_is_seen_in_the_next_pass, 0, 2);
	tcase_add_loop_test(tc,
	    input_of_another_map_s_wait_is_not_that_of_this_one, 0, 2);
	tcase_add_test(tc, the_first_pass_of_a_loop_asks);
	tcase_add_test(tc, one_that_writes_for_ever_keeps_nobody_waiting);
}
