/*
 * check_upset.c - hooks and callbacks that upset the pass under way: they run
 * loops, close and free all that the pass has in hand, move channels into a map
 * that waits, and free maps.
 */
#include "testing.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/event.h>

const char testing_suite[] = "upset";

static int finalized, depth, visits;
static int peers[512], n_peers;

static void
count_finalize(struct asyncore_dispatcher *d)
{
	(void)d;
	finalized++;
}

static const struct asyncore_class counted = {
	.name = "Counted",
	.finalize = count_finalize,
};

static struct asyncore_dispatcher *
add_ready(const struct asyncore_class *cls, struct asyncore_map *m)
{
	struct asyncore_dispatcher *d;
	int fds[2];

	make_pair(fds);
	write_all(fds[1], "x", 1);
	ck_assert_int_lt(n_peers, 512);
	peers[n_peers++] = fds[1];
	d = asyncore_new_socket(cls, fds[0], m);
	ck_assert_ptr_nonnull(d);
	return d;
}

static void
hang_up(void)
{
	while (n_peers > 0)
		ck_assert_int_eq(close(peers[--n_peers]), 0);
}

/* Of a test. */
static void
end(void)
{
	ck_assert_int_eq(asyncore_close_all(map, false), 0);
	ck_assert_uint_eq(asyncore_map_len(map), 0);
	hang_up();
}

static void
spawn_ready(const struct asyncore_class *cls, struct asyncore_map *m, int n)
{
	while (n-- > 0)
		asyncore_unref(add_ready(cls, m));
}

static int
run_pass(bool use_poll)
{
	return use_poll ? asyncore_poll2(0, map) : asyncore_poll(0, map);
}

/* ---- Loops inside. ---- */

static const struct asyncore_class plain = { .name = "Plain" };

static void
nest(struct asyncore_dispatcher *d)
{
	if (visits++ > 0)
		return;
	depth++;
	asyncore_unref(d);
	ck_assert_int_eq(asyncore_poll(0, map), 0);
	(void)asyncore_close_all(map, true);
	spawn_ready(&plain, map, 20);
	ck_assert_int_eq(asyncore_loop(0, true, map, 2), 0);
	depth--;
}

static bool
nest_in_predicate(struct asyncore_dispatcher *d)
{
	nest(d);
	return true;
}

static int
nest_in_hook(struct asyncore_dispatcher *d)
{
	nest(d);
	return 0;
}

static int
nest_in_error(struct asyncore_dispatcher *d, int err)
{
	nest(d);
	return err;
}

static void
nest_in_left_map(struct asyncore_dispatcher *d, struct asyncore_map *m)
{
	ck_assert_ptr_eq(m, map);
	nest(d);
}

static int
raise_error(struct asyncore_dispatcher *d)
{
	(void)d;
	return -EPROTO;
}

static void
stay_silent(struct asyncore_dispatcher *d, const char *message,
    const char *type)
{
	(void)d;
	(void)message;
	(void)type;
}

static int
read_end(struct asyncore_dispatcher *d)
{
	char buf[10];

	while (asyncore_recv(d, buf, sizeof buf) > 0)
		continue;
	return 0;
}

static void
end_nest(struct asyncore_dispatcher *d)
{
	(void)d;
	ck_assert_int_eq(depth, 0);
}

static const struct asyncore_class nest_base = { .finalize = end_nest };

static const struct asyncore_class nesting[] = {
	{ .base = &nest_base, .readable = nest_in_predicate },
	{ .base = &nest_base, .writable = nest_in_predicate },
	{ .base = &nest_base, .flags = ASYNCORE_ASK_ON_CHANGE,
	    .readable = nest_in_predicate },
	{ .base = &nest_base, .handle_read = nest_in_hook },
	{ .base = &nest_base, .handle_write = nest_in_hook },
	{ .base = &nest_base, .handle_read = asyncore_exception,
	    .handle_expt = nest_in_hook },
	{ .base = &nest_base, .handle_read = raise_error,
	    .handle_error = nest_in_error, .log_info = stay_silent },
	{ .base = &nest_base, .handle_read = asyncore_close,
	    .left_map = nest_in_left_map },
	{ .base = &nest_base, .handle_read = read_end,
	    .handle_close = nest_in_hook },
	{ .base = &nest_base, .handle_read = read_end,
	    .handle_eof = nest_in_hook },
};

/* Outside, everything that the pass had in hand is closed and freed. */
START_TEST(nested_loop_closes_all_that_the_outer_pass_has_ready)
{
	const bool use_poll = _i % 2;

	spawn_ready(&plain, map, 20);
	ck_assert_ptr_nonnull(add_ready(&nesting[_i / 2], map));
	if (nesting[_i / 2].handle_read == read_end)
		hang_up();
	spawn_ready(&plain, map, 20);
	ck_assert_int_eq(run_pass(use_poll), 0);
	ck_assert_int_ge(visits, 1);
	end();
}
END_TEST

static void
loop_in_finalize(struct asyncore_dispatcher *d)
{
	finalized++;
	ck_assert_int_eq(asyncore_poll(0, map), 0);
	ck_assert_int_eq(asyncore_handle_read(d), 0);
	if (finalized < 30)
		asyncore_unref(add_ready(asyncore_class_of(d), map));
}

static const struct asyncore_class looping_at_the_end = {
	.handle_read = asyncore_close,
	.finalize = loop_in_finalize,
};

START_TEST(finalize_may_run_a_loop_and_add_channels)
{
	spawn_ready(&looping_at_the_end, map, 5);
	while (asyncore_map_len(map) > 0)
		ck_assert_int_eq(run_pass(_i), 0);
	ck_assert_int_ge(finalized, 30);
	end();
}
END_TEST

static struct asyncore_dispatcher *victim;

static void
end_victim(struct asyncore_dispatcher *d, struct asyncore_map *m)
{
	(void)d;
	(void)m;
	if (victim != NULL) {
		ck_assert_int_eq(asyncore_close(victim), 0);
		asyncore_unref(victim);
		victim = NULL;
	}
}

static const struct asyncore_class killing = {
	.base = &counted,
	.handle_read = asyncore_close,
	.left_map = end_victim,
	.finalize = count_finalize,
};

START_TEST(left_map_may_end_the_next_channel_of_close_all)
{
	asyncore_unref(add_ready(&killing, map));
	victim = add_ready(&counted, map);
	spawn_ready(&counted, map, 1);
	if (_i == 0)
		ck_assert_int_eq(asyncore_close_all(map, false), 0);
	else
		ck_assert_int_eq(run_pass(_i == 2), 0);
	ck_assert_int_eq(finalized, _i == 0 ? 3 : 2);
	end();
}
END_TEST

/* ---- While the map waits. ---- */

static void
call_in_base(event_callback_fn fn, void *arg)
{
	const struct timeval at_once = { 0, 0 };

	ck_assert_int_eq(event_base_once(asyncore_map_base(map), -1,
	    EV_TIMEOUT, fn, arg, &at_once), 0);
}

static void
move_to_map(struct asyncore_dispatcher *d)
{
	ck_assert_int_eq(asyncore_add_channel(d, map), 0);
}

static bool
move_in_readable(struct asyncore_dispatcher *d)
{
	if (asyncore_map_of(d) != map)
		move_to_map(d);
	return true;
}

static const struct asyncore_class moving = {
	.base = &counted,
	.readable = move_in_readable,
};

static void
run_other_map(evutil_socket_t fd, short what, void *other)
{
	(void)fd;
	(void)what;
	visits++;
	ck_assert_int_eq(asyncore_poll(0, other), 0);
}

/* More of them are ready than the waiting map has room to record. */
START_TEST(channels_may_move_into_a_map_that_waits)
{
	struct asyncore_map *other = asyncore_map_new(NULL);

	spawn_ready(&counted, map, 40);
	spawn_ready(&moving, other, 200);
	call_in_base(run_other_map, other);
	ck_assert_int_eq(run_pass(_i), 0);
	ck_assert_int_eq(visits, 1);
	ck_assert_uint_eq(asyncore_map_len(other), 0);
	ck_assert_uint_eq(asyncore_map_len(map), 240);
	ck_assert_int_eq(run_pass(_i), 0);
	ck_assert_int_eq(asyncore_map_free(other), 0);
	end();
}
END_TEST

static void
upset(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	visits++;
	ck_assert_int_eq(asyncore_close(victim), 0);
	asyncore_unref(victim);
	victim = NULL;
	ck_assert_int_eq(asyncore_close_all(map, false), 0);
	spawn_ready(&counted, map, 100);
	ck_assert_int_eq(asyncore_poll(0, map), -EBUSY);
	ck_assert_int_eq(asyncore_map_free(map), -EBUSY);
}

START_TEST(foreign_callback_may_replace_all_channels_of_a_waiting_map)
{
	spawn_ready(&counted, map, 50);
	victim = add_ready(&counted, map);
	ck_assert_int_eq(run_pass(_i), 0);
	call_in_base(upset, NULL);
	ck_assert_int_eq(run_pass(_i), 0);
	ck_assert_int_eq(visits, 1);
	ck_assert_int_eq(finalized, 51);
	ck_assert_uint_eq(asyncore_map_len(map), 100);
	ck_assert_int_eq(run_pass(_i), 0);
	end();
}
END_TEST

/* ---- Maps that are gone. ---- */

static void
bind_far(int fd, struct sockaddr_un *un, int n)
{
	memset(un, 0, sizeof *un);
	un->sun_family = AF_UNIX;
	(void)snprintf(un->sun_path, sizeof un->sun_path,
	    "check-upset-%ld-%d-with-a-name-of-some-length", (long)getpid(),
	    n);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)un, sizeof *un), 0);
}

/* The library remembers the peer of the last accept, in the map. */
START_TEST(accept_of_a_listener_whose_map_was_freed_leaks_nothing)
{
	struct asyncore_map *m = asyncore_map_new(NULL);
	struct sockaddr_un here, there;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	int caller = socket(AF_UNIX, SOCK_STREAM, 0);
	struct asyncore_dispatcher *d;

	bind_far(fd, &here, 1);
	bind_far(caller, &there, 2);
	d = asyncore_new_socket(&counted, fd, m);
	ck_assert_int_eq(asyncore_listen(d, 1), 0);
	ck_assert_int_eq(connect(caller, (struct sockaddr *)&here,
	    sizeof here), 0);
	ck_assert_int_eq(asyncore_del_channel(d), 0);
	ck_assert_int_eq(asyncore_map_free(m), 0);
	fd = asyncore_accept(d, NULL, NULL);
	ck_assert_int_ge(fd, 0);
	asyncore_unref(d);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(close(caller), 0);
	ck_assert_int_eq(unlink(here.sun_path), 0);
	ck_assert_int_eq(unlink(there.sun_path), 0);
}
END_TEST

static struct asyncore_map *doomed;

static void
free_the_map(struct asyncore_dispatcher *d, struct asyncore_map *from)
{
	(void)d;
	visits++;
	if (from == map)
		ck_assert_int_eq(asyncore_map_free(doomed), 0);
	else
		ck_assert_int_eq(asyncore_map_free(from), 0);
}

static const struct asyncore_class last_one = {
	.left_map = free_the_map,
	.finalize = count_finalize,
};

START_TEST(left_map_may_free_the_map_that_a_channel_moves_from)
{
	struct asyncore_dispatcher *d;

	doomed = asyncore_map_new(NULL);
	d = add_ready(&last_one, doomed);
	ck_assert_int_eq(asyncore_add_channel(d, map), 0);
	ck_assert_int_eq(visits, 1);
	ck_assert_ptr_eq(asyncore_map_of(d), map);
	doomed = NULL;
	ck_assert_int_eq(asyncore_close(d), 0);
	asyncore_unref(d);
	ck_assert_int_eq(finalized, 1);
	end();
}
END_TEST

START_TEST(left_map_may_free_the_map_that_a_channel_moves_to)
{
	struct asyncore_dispatcher *d = add_ready(&last_one, map);

	doomed = asyncore_map_new(NULL);
	ck_assert_int_eq(asyncore_add_channel(d, doomed), -EINVAL);
	ck_assert_int_eq(visits, 1);
	ck_assert_uint_eq(asyncore_map_len(map), 0);
	ck_assert(!asyncore_closed(d));
	asyncore_unref(d);
	ck_assert_int_eq(finalized, 1);
	end();
}
END_TEST

void
testing_add(TCase *tc)
{
	const int n_nesting = 2 * sizeof nesting / sizeof nesting[0];

	tcase_add_loop_test(tc,
	    nested_loop_closes_all_that_the_outer_pass_has_ready, 0, n_nesting);
	tcase_add_loop_test(tc, finalize_may_run_a_loop_and_add_channels, 0, 2);
	tcase_add_loop_test(tc, left_map_may_end_the_next_channel_of_close_all,
	    0, 3);
	tcase_add_loop_test(tc, channels_may_move_into_a_map_that_waits, 0, 2);
	tcase_add_loop_test(tc,
	    foreign_callback_may_replace_all_channels_of_a_waiting_map, 0, 2);
	tcase_add_test(tc,
	    accept_of_a_listener_whose_map_was_freed_leaks_nothing);
	tcase_add_test(tc,
	    left_map_may_free_the_map_that_a_channel_moves_from);
	tcase_add_test(tc, left_map_may_free_the_map_that_a_channel_moves_to);
}
