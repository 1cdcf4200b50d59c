/*
 * check_attach.c - a map attached to its base: the host's loop drives it, beside
 * his own events.  What a pass does in there is tested by the whole suite, in
 * the configuration "hosted"; here is what only an attached map can do.
 */
#include "probe.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char testing_suite[] = "attach";

static struct event_base *
base(void)
{
	return asyncore_map_base(map);
}

static void
attach(void)
{
	ck_assert_int_eq(asyncore_attach(map), 0);
}

static void
end_loop(evutil_socket_t fd, short what, void *arg)
{
	foreign(fd, what, arg);
	ck_assert_int_eq(event_base_loopbreak(base()), 0);
}

/* Until there is nothing left to do at once. */
static void
host_settles(void)
{
	struct timeval none = { 0, 0 };
	int i;

	for (i = 0; i < 4; i++) {
		ck_assert_int_eq(event_base_loopexit(base(), &none), 0);
		ck_assert_int_ge(event_base_dispatch(base()), 0);
	}
}

static int
receive_and_rest(struct asyncore_dispatcher *d)
{
	probe_of(d)->w = false;
	return receive(d);
}

static int
write_once(struct asyncore_dispatcher *d)
{
	probe_of(d)->w = false;
	return 0;
}

static int
write_and_stop(struct asyncore_dispatcher *d)
{
	(void)write_once(d);
	return asyncore_stop(map);
}

/* Numbers 0, 1, 2, which read and write once; the last one ends the loop. */
static void
add_three_readers(void)
{
	int i;

	add_three();
	for (i = 0; i < 3; i++) {
		probe(i)->on_read = receive;
		probe(i)->on_write = i < 2 ? write_once : write_and_stop;
	}
}

START_TEST(hooks_run_in_asyncore_s_order_in_the_host_s_loop)
{
	ck_assert_int_eq(asyncore_map_set_presume(map, _i), 0);
	add_three_readers();
	attach();
	ck_assert_int_ge(event_base_dispatch(base()), 0);
	ck_trace("r0 'x' r1 'x' r2 'x' w0 w1 w2");
	ck_assert_int_eq(asyncore_detach_map(map), 0);
	close_peers();
}
END_TEST

/* Some came before the base got its priorities, and some behind that. */
START_TEST(order_is_kept_on_a_base_that_gets_priorities)
{
	ck_assert_int_eq(asyncore_map_set_presume(map, false), 0);
	if (_i > 0)
		add_pair(0, true, true);
	ck_assert_int_eq(event_base_priority_init(base(), 5), 0);
	if (_i == 0)
		add_pair(0, true, true);
	add_pair(1, true, true);
	probe(0)->on_read = probe(1)->on_read = receive;
	probe(0)->on_write = write_once;
	probe(1)->on_write = write_and_stop;
	attach();
	ck_assert_int_ge(event_base_dispatch(base()), 0);
	ck_trace("r0 'x' r1 'x' w0 w1");
	close_peers();
}
END_TEST

START_TEST(all_of_many_channels_are_seen_before_the_first_hook)
{
	char expected[2048] = "";
	size_t len = 0;
	int i;

	for (i = 0; i < 200; i++) {
		add_pair(i, true, false);
		probe(i)->on_read = i < 199 ? close_self : stop_map;
		len += (size_t)snprintf(expected + len, sizeof expected - len,
		    "%sr%d", i > 0 ? " " : "", i);
	}
	attach();
	ck_assert_int_ge(event_base_dispatch(base()), 0);
	ck_trace(expected);
	close_peers();
}
END_TEST

static int
third_write_calls_host(struct asyncore_dispatcher *d)
{
	static int n;

	(void)d;
	if (++n == 3)
		after(0, end_loop);
	return 0;
}

START_TEST(the_host_s_own_events_have_their_turn_beside_writers)
{
	ck_assert_int_eq(asyncore_map_set_presume(map, _i), 0);
	add_pair(0, false, true);
	probe(0)->on_write = third_write_calls_host;
	attach();
	ck_assert_int_ge(event_base_dispatch(base()), 0);
	ck_assert_ptr_nonnull(strstr(traced(), "w0 w0 w0"));
	ck_assert_ptr_nonnull(strstr(traced(), "t"));
	close_peers();
}

static int n_calls;

static int
count_call(void *arg)
{
	(void)arg;
	n_calls++;
	return 0;
}

static void
call_each_round(evutil_socket_t fd, short what, void *arg)
{
	static int rounds;

	ck_assert_int_gt(asyncore_call_later(map, 0, count_call, NULL), 0);
	if (++rounds == 100)
		end_loop(fd, what, arg);
}

START_TEST(calls_run_though_the_host_schedules_one_in_each_round)
{
	struct event *ready;
	int fds[2];

	make_pair(fds);
	ready = event_new(base(), fds[0], EV_WRITE | EV_PERSIST,
	    call_each_round, NULL);
	ck_assert_int_eq(event_add(ready, NULL), 0);
	attach();
	ck_assert_int_ge(event_base_dispatch(base()), 0);
	ck_trace("t");
	ck_assert_int_gt(n_calls, 0);
	event_free(ready);
	ck_assert_int_eq(close(fds[0]), 0);
	ck_assert_int_eq(close(fds[1]), 0);
}
END_TEST

/* ---- When predicates are asked. ---- */

START_TEST(an_idle_map_is_not_asked_though_the_host_is_busy)
{
	int i;

	put_pair(&asked_probe_class, 0, false, false);
	attach();
	host_settles();
	ck_trace("R0 W0");
	for (i = 0; i < 3; i++)
		host_settles();
	ck_trace("");
	close_peers();
}
END_TEST

START_TEST(touch_asks_and_what_it_finds_is_done)
{
	put_pair(&asked_probe_class, 0, false, false);
	probe(0)->on_read = receive_and_rest;
	attach();
	host_settles();
	clear_trace();
	probe(0)->r = true;
	host_settles();
	ck_trace("");
	asyncore_touch(channel[0]);
	host_settles();
	ck_trace("R0 W0 r0 'x' R0 W0");
	close_peers();
}
END_TEST

START_TEST(all_are_asked_after_the_activity_of_one)
{
	put_pair(&asked_probe_class, 0, true, false);
	put_pair(&asked_probe_class, 1, false, false);
	probe(0)->on_read = receive;
	attach();
	host_settles();
	ck_trace("R0 W0 R1 W1 r0 'x' R0 W0 R1 W1");
	close_peers();
}
END_TEST

static void
send_in_callback(evutil_socket_t fd, short what, void *arg)
{
	foreign(fd, what, arg);
	ck_assert_int_eq((int)asyncore_send(channel[0], "y", 1), 1);
}

START_TEST(all_are_asked_after_a_call_of_the_host_s)
{
	put_pair(&asked_probe_class, 0, false, false);
	attach();
	host_settles();
	clear_trace();
	after(0, send_in_callback);
	host_settles();
	ck_trace("t R0 W0");
	close_peers();
}
END_TEST

static void
add_in_callback(evutil_socket_t fd, short what, void *arg)
{
	foreign(fd, what, arg);
	ck_assert_int_eq(asyncore_close(channel[1]), 0);
	add_pair(3, true, false);
	probe(3)->on_read = stop_map;
}

START_TEST(channels_of_the_host_s_callbacks_take_part)
{
	add_pair(0, false, false);
	add_pair(1, true, false);
	probe(1)->on_read = receive;
	attach();
	host_settles();
	clear_trace();
	after(0, add_in_callback);
	ck_assert_int_ge(event_base_dispatch(base()), 0);
	ck_trace("t r3");
	close_peers();
}
END_TEST

/* One that was found ready by a wait and left before its turn. */
static void
replace_ready(evutil_socket_t fd, short what, void *arg)
{
	foreign(fd, what, arg);
	asyncore_ref(channel[1]);
	ck_assert_int_eq(asyncore_del_channel(channel[1]), 0);
	ck_assert_int_eq(asyncore_add_channel(channel[1], NULL), 0);
	asyncore_unref(channel[1]);
	ck_assert_int_eq(asyncore_close(channel[0]), 0);
}

START_TEST(one_that_left_before_its_turn_has_none)
{
	add_three();
	probe(1)->w = probe(2)->w = false;
	probe(1)->on_read = probe(2)->on_read = receive;
	attach();
	host_settles();
	clear_trace();
	write_all(peer[0], "y", 1);
	write_all(peer[1], "y", 1);
	after(0, replace_ready);
	host_settles();
	ck_assert_ptr_null(strstr(traced(), "r0"));
	close_peers();
}
END_TEST

#define MOVING 15	/* and FEW before them: what there is room for */
#define FEW 11
#define MOVER 20

static struct asyncore_map *second;

/* In the other map they are ready at once, before this one's turn. */
static int
move_all(struct asyncore_dispatcher *d)
{
	int i;

	for (i = 0; i < MOVING; i++) {
		ck_assert_int_eq(asyncore_add_channel(channel[i], second), 0);
		probe(i)->w = true;
		probe(i)->on_write = close_self;
	}
	return close_self(d);
}

static void
put_into_second(int id, bool w)
{
	int fds[2];

	make_pair(fds);
	put_probe(&probe_class, id, fds[0], second);
	peer[id] = fds[1];
	probe(id)->w = w;
}

/* They are on the stacks of both maps for a while. */
START_TEST(those_found_ready_that_move_to_another_map_lose_nothing)
{
	char expected[512] = "w20";
	int i;

	second = asyncore_map_new(base());
	ck_assert_ptr_nonnull(second);
	for (i = 0; i < FEW; i++)
		put_into_second(i, false);
	ck_assert_int_eq(asyncore_poll(0, second), 0);
	ck_assert_int_eq(asyncore_close_all(second, false), 0);
	close_peers();
	put_into_second(MOVER, true);
	probe(MOVER)->on_write = move_all;
	for (i = 0; i < MOVING; i++)
		add_pair(i, true, false);
	attach();
	ck_assert_int_eq(asyncore_attach(second), 0);
	ck_assert_int_ge(event_base_dispatch(base()), 0);
	for (i = 0; i < 2 * MOVING; i++)
		(void)snprintf(expected + strlen(expected),
		    sizeof expected - strlen(expected), " %c%d",
		    i < MOVING ? 'r' : 'w', i % MOVING);
	ck_trace(expected);
	ck_assert_int_eq(asyncore_map_free(second), 0);
	close_peers();
}
END_TEST

/* ---- The ends. ---- */

START_TEST(exit_now_leaves_the_host_s_loop_and_it_may_run_again)
{
	add_three();
	probe(0)->on_read = exit_now;
	attach();
	ck_assert_int_ge(event_base_dispatch(base()), 0);
	ck_trace("r0");
	probe(0)->on_read = close_self;
	probe(1)->on_read = stop_map;
	ck_assert_int_ge(event_base_dispatch(base()), 0);
	ck_trace("r0 r1 r2 w1 w2");
	ck_assert_int_eq(asyncore_detach_map(map), ASYNCORE_EXIT_NOW);
	close_peers();
}
END_TEST

START_TEST(stop_before_the_host_s_loop_ends_it_at_once)
{
	add_three();
	attach();
	ck_assert_int_eq(asyncore_stop(map), 0);
	ck_assert_int_ge(event_base_dispatch(base()), 0);
	ck_trace("");
	probe(0)->on_read = stop_map;
	ck_assert_int_ge(event_base_dispatch(base()), 0);
	ck_trace("r0 r1 r2 w0 w1 w2");
	close_peers();
}
END_TEST

static int
loop_is_busy(struct asyncore_dispatcher *d)
{
	ck_assert_int_eq(asyncore_loop(LONG, false, map, 1), -EBUSY);
	ck_assert_int_eq(asyncore_poll2(LONG, map), -EBUSY);
	ck_assert_int_eq(asyncore_map_free(map), -EBUSY);
	return stop_map(d);
}

START_TEST(loop_on_an_attached_map_is_EBUSY_inside_and_outside)
{
	add_pair(0, true, false);
	probe(0)->on_read = loop_is_busy;
	attach();
	ck_assert_int_eq(asyncore_loop(LONG, false, map, 1), -EBUSY);
	ck_assert_int_ge(event_base_dispatch(base()), 0);
	ck_trace("r0");
	close_peers();
}
END_TEST

static int
detach(struct asyncore_dispatcher *d)
{
	(void)d;
	ck_assert_int_eq(asyncore_attach(map), -EALREADY);
	ck_assert_int_eq(asyncore_detach_map(map), 0);
	ck_assert_int_eq(asyncore_attach(map), -EBUSY);
	return 0;
}

START_TEST(detached_in_a_hook_the_pass_ends_and_none_follows)
{
	put_pair(&asked_probe_class, 0, true, true);
	put_pair(&asked_probe_class, 1, true, true);
	probe(0)->on_read = detach;
	attach();
	ck_assert_int_eq(event_base_dispatch(base()), 1);
	ck_trace("R0 W0 R1 W1 r0 r1 w0 w1");
	probe(0)->on_read = NULL;
	ck_poll(map, "R0 W0 R1 W1 r0 r1 w0 w1");
	close_peers();
}
END_TEST

static int
attach_is_busy(struct asyncore_dispatcher *d)
{
	(void)d;
	ck_assert_int_eq(asyncore_attach(map), -EBUSY);
	return 0;
}

/* An event that is still armed comes before the first turn has asked. */
START_TEST(what_is_found_before_a_pass_asks_is_not_dispatched)
{
	add_pair(0, true, false);
	ck_poll(map, "r0");
	probe(0)->r = false;
	attach();
	host_settles();
	ck_trace("");
	probe(0)->r = true;
	asyncore_touch(channel[0]);
	probe(0)->on_read = stop_map;
	ck_assert_int_ge(event_base_dispatch(base()), 0);
	probe(0)->r = false;
	host_settles();
	ck_trace("r0");
	close_peers();
}
END_TEST

START_TEST(attach_in_a_pass_twice_and_detach_without_are_errors)
{
	add_pair(0, true, false);
	probe(0)->on_read = attach_is_busy;
	ck_poll(map, "r0");
	ck_assert_int_eq(asyncore_detach_map(map), -EINVAL);
	attach();
	ck_assert_int_eq(asyncore_attach(map), -EALREADY);
	ck_assert_int_eq(asyncore_detach_map(map), 0);
	ck_assert_int_eq(asyncore_detach_map(map), -EINVAL);
	close_peers();
}
END_TEST

START_TEST(a_detached_map_keeps_nothing_on_the_base)
{
	add_three();
	attach();
	host_settles();
	ck_assert_int_eq(asyncore_detach_map(map), 0);
	clear_trace();
	ck_assert_int_eq(event_base_dispatch(base()), 1);
	ck_trace("");
	ck_poll(map, "r0 r1 r2 w0 w1 w2");
	close_peers();
}
END_TEST

START_TEST(an_attached_map_without_channels_can_be_freed)
{
	struct asyncore_map *m = asyncore_map_new(base());

	ck_assert_ptr_nonnull(m);
	ck_assert_int_eq(asyncore_attach(m), 0);
	ck_assert_int_eq(asyncore_map_free(m), 0);
	ck_assert_int_eq(event_base_dispatch(base()), 1);
}
END_TEST

static bool
detach_and_read(struct asyncore_dispatcher *d)
{
	(void)d;
	(void)asyncore_detach_map(map);
	return true;
}

/* Behind it there is one that is watched, and one that is ready. */
START_TEST(a_map_detached_in_a_predicate_keeps_nothing_on_the_base)
{
	static const struct asyncore_class detacher_class = {
		.base = &probe_class, .readable = detach_and_read,
	};

	put_pair(&detacher_class, 0, true, false);
	add_pair(1, true, false);
	add_pair(2, false, true);
	attach();
	ck_assert_int_eq(event_base_dispatch(base()), 1);
	ck_trace("");
	ck_assert_int_eq(asyncore_detach_map(map), -EINVAL);
	ck_poll(map, "r0 r1 w2");
	ck_poll(map, "r0 r1 w2");
	close_peers();
}
END_TEST

static int
free_its_map(struct asyncore_dispatcher *d, void *arg)
{
	(void)arg;
	ck_assert_int_eq(asyncore_close(d), 0);
	ck_assert_int_eq(asyncore_map_free(map), -EBUSY);
	return 0;
}

START_TEST(a_map_that_cannot_be_freed_stays_attached)
{
	add_pair(0, false, false);
	attach();
	ck_assert_int_eq(asyncore_map_foreach(map, free_its_map, NULL), 0);
	ck_assert_int_eq(asyncore_attach(map), -EALREADY);
	ck_assert_int_eq(asyncore_detach_map(map), 0);
	close_peers();
}
END_TEST

static void
free_map_of_mine(struct asyncore_dispatcher *d)
{
	trace("%s", asyncore_map_free(asyncore_map_of(d)) == -EBUSY ? "EBUSY" :
	    "freed");
}

/* Ready and closed before its turn, it ends in the detaching. */
START_TEST(a_channel_that_ends_in_the_detaching_cannot_free_the_map)
{
	static const struct asyncore_class ending_class = {
		.readable = asyncore_never, .finalize = free_map_of_mine,
	};
	struct asyncore_map *m = asyncore_map_new(base());
	struct asyncore_dispatcher *d;
	int fds[2];

	make_pair(fds);
	d = asyncore_spawn(&ending_class, fds[0], m);
	ck_assert_ptr_nonnull(d);
	ck_assert_int_eq(asyncore_attach(m), 0);
	ck_assert_int_eq(event_base_loop(base(), EVLOOP_ONCE), 0);
	ck_assert_int_eq(asyncore_close(d), 0);
	ck_trace("");
	ck_assert_int_eq(asyncore_detach_map(m), 0);
	ck_trace("EBUSY");
	ck_assert_int_eq(asyncore_map_free(m), 0);
	ck_assert_int_eq(close(fds[1]), 0);
}
END_TEST

static int late_fd;

static void
put_another_in(struct asyncore_dispatcher *d)
{
	static const struct asyncore_class quiet_class = {
		.readable = asyncore_never, .writable = asyncore_never,
	};

	ck_assert_ptr_nonnull(asyncore_spawn(&quiet_class, late_fd,
	    asyncore_map_of(d)));
}

/* As above, but it leaves a channel behind. */
START_TEST(a_map_into_which_one_is_put_in_its_detaching_is_not_freed)
{
	static const struct asyncore_class ending_class = {
		.readable = asyncore_never, .finalize = put_another_in,
	};
	struct asyncore_map *m = asyncore_map_new(base());
	struct asyncore_dispatcher *d;
	int fds[2], late[2];

	make_pair(fds);
	make_pair(late);
	late_fd = late[0];
	d = asyncore_spawn(&ending_class, fds[0], m);
	ck_assert_ptr_nonnull(d);
	ck_assert_int_eq(asyncore_attach(m), 0);
	ck_assert_int_eq(event_base_loop(base(), EVLOOP_ONCE), 0);
	ck_assert_int_eq(asyncore_close(d), 0);
	ck_assert_int_eq(asyncore_map_free(m), -EBUSY);
	ck_assert_uint_eq(asyncore_map_len(m), 1);
	ck_assert_int_eq(asyncore_close_all(m, false), 0);
	ck_assert_int_eq(asyncore_map_free(m), 0);
	ck_assert_int_eq(close(fds[1]), 0);
	ck_assert_int_eq(close(late[1]), 0);
}
END_TEST

void
testing_add(TCase *tc)
{
	tcase_add_loop_test(tc,
	    hooks_run_in_asyncore_s_order_in_the_host_s_loop, 0, 2);
	tcase_add_loop_test(tc,
	    order_is_kept_on_a_base_that_gets_priorities, 0, 2);
	tcase_add_test(tc, all_of_many_channels_are_seen_before_the_first_hook);
	tcase_add_loop_test(tc,
	    the_host_s_own_events_have_their_turn_beside_writers, 0, 2);
	tcase_add_test(tc,
	    calls_run_though_the_host_schedules_one_in_each_round);
	tcase_add_test(tc, an_idle_map_is_not_asked_though_the_host_is_busy);
	tcase_add_test(tc, touch_asks_and_what_it_finds_is_done);
	tcase_add_test(tc, all_are_asked_after_the_activity_of_one);
	tcase_add_test(tc, all_are_asked_after_a_call_of_the_host_s);
	tcase_add_test(tc, channels_of_the_host_s_callbacks_take_part);
	tcase_add_test(tc,
	    those_found_ready_that_move_to_another_map_lose_nothing);
	tcase_add_test(tc, one_that_left_before_its_turn_has_none);
	tcase_add_test(tc,
	    exit_now_leaves_the_host_s_loop_and_it_may_run_again);
	tcase_add_test(tc, stop_before_the_host_s_loop_ends_it_at_once);
	tcase_add_test(tc,
	    loop_on_an_attached_map_is_EBUSY_inside_and_outside);
	tcase_add_test(tc, detached_in_a_hook_the_pass_ends_and_none_follows);
	tcase_add_test(tc, what_is_found_before_a_pass_asks_is_not_dispatched);
	tcase_add_test(tc,
	    attach_in_a_pass_twice_and_detach_without_are_errors);
	tcase_add_test(tc, a_detached_map_keeps_nothing_on_the_base);
	tcase_add_test(tc,
	    a_map_into_which_one_is_put_in_its_detaching_is_not_freed);
	tcase_add_test(tc, an_attached_map_without_channels_can_be_freed);
	tcase_add_test(tc,
	    a_map_detached_in_a_predicate_keeps_nothing_on_the_base);
	tcase_add_test(tc, a_map_that_cannot_be_freed_stays_attached);
	tcase_add_test(tc,
	    a_channel_that_ends_in_the_detaching_cannot_free_the_map);
}
