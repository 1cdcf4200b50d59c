/*
 * hosted.c - the loop of the tests' configuration "hosted": their calls of
 * asyncore_loop() and asyncore_poll() attach the map to its base, run that as a
 * host would, and detach the map.
 *
 * A loop with a count or a timeout attaches anew for each pass, and detaches
 * when the trace tells that the pass ends, so that no further one is begun.
 * One for ever leaves the map attached until nothing is left in it.  Whatever
 * cannot be attached (a map that a loop runs on, as use_poll's do) is the real
 * function's.
 */
#define TESTING_HOSTED_C
#include "testing.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <string.h>

#include <event2/event.h>
#include <event2/event_struct.h>

/* Turns that a pass may need after its wait: libevent's epoll fetches 32
 * answers first, and twice as many each time. */
#define TURNS 16
#define LONGEST 1e8	/* seconds */

bool testing_hosted;

struct host {
	struct asyncore_map *map;
	struct event_base *base;
	bool for_ever;		/* attached until nothing is left */
	bool waiting;		/* the channels have been asked */
	bool left, stopped, broken, refused;
	int result;
	struct host *outer;
};

/* A thread has its own maps, and runs the loops of no other. */
static _Thread_local struct host *innermost;

/* Channels, or calls that are still to come. */
static bool
is_alive(const struct host *h)
{
	struct asyncore_stats s;

	ck_assert_int_eq(asyncore_map_get_stats(h->map, &s, sizeof s), 0);
	return s.channels > 0 || s.calls > 0;
}

static void
leave(struct host *h)
{
	if (h->left)
		return;
	h->left = true;
	h->result = asyncore_detach_map(h->map);
}

static void
on_event(const struct asyncore_trace *e, void *arg)
{
	struct host *h = arg;

	if (e->kind == ASYNCORE_TRACE_WAIT_BEGIN) {
		h->waiting = true;
		if (!is_alive(h))
			leave(h);
	}
	if (e->kind == ASYNCORE_TRACE_PASS_END &&
	    (!h->for_ever || !is_alive(h) || e->result != 0))
		leave(h);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

/* One round of libevent's. */
static void
run(struct host *h, int flags)
{
	if (event_base_loop(h->base, EVLOOP_ONCE | flags) < 0)
		h->refused = true;
	else if (event_base_got_break(h->base) || event_base_got_exit(h->base))
		h->broken = true;
}

static void
take_turns(struct host *h, const bool *until)
{
	int i;

	for (i = 0; i < TURNS && !*until && !h->left && !h->refused &&
	    (h->waiting || !h->broken); i++)
		run(h, EVLOOP_NONBLOCK);
}

static void
wait_for(struct host *h, double timeout)
{
	const double seconds = timeout < LONGEST ? timeout : LONGEST;
	const double whole = floor(seconds);
	struct timeval tv = { (time_t)whole,
	    (suseconds_t)((seconds - whole) * 1e6) };
	struct event timer;

	if (timeout < 0) {
		run(h, EVLOOP_NO_EXIT_ON_EMPTY);
		return;
	}
	ck_assert_int_eq(evtimer_assign(&timer, h->base, on_timer, NULL), 0);
	(void)event_base_update_cache_time(h->base);
	ck_assert_int_eq(evtimer_add(&timer, &tv), 0);
	run(h, 0);
	(void)evtimer_del(&timer);
	event_debug_unassign(&timer);
}

/* Ask, wait, and the end of the pass, which may need more than one turn. */
static void
drive_pass(struct host *h, double timeout)
{
	h->waiting = false;
	take_turns(h, &h->waiting);
	if (h->left || h->refused || !h->waiting)
		return;
	wait_for(h, timeout);
	take_turns(h, &h->left);
}

static void
drive_for_ever(struct host *h)
{
	while (!h->left && !h->broken && !h->refused)
		run(h, EVLOOP_NO_EXIT_ON_EMPTY);
}

/* false: it cannot be attached. */
static bool
drive(struct host *h, double timeout)
{
	h->left = false;
	if (asyncore_attach(h->map) != 0)
		return false;
	if (h->for_ever)
		drive_for_ever(h);
	else
		drive_pass(h, timeout);
	leave(h);
	if (h->refused)
		h->result = -EBUSY;
	return true;
}

static bool
goes_on(const struct host *h)
{
	return is_alive(h) && h->result == 0 && !h->stopped && !h->broken;
}

static int
host_loop(struct host *h, double timeout, int count)
{
	ck_assert_int_eq(asyncore_map_set_trace(h->map, on_event, h), 0);
	h->outer = innermost;
	innermost = h;
	while (count != 0 && goes_on(h) && drive(h, timeout))
		if (count > 0)
			count--;
	innermost = h->outer;
	ck_assert_int_eq(asyncore_map_set_trace(h->map, NULL, NULL), 0);
	return h->result;
}

/* ---- What cannot be done. ---- */

#define NESTED "a loop inside of a pass is -EBUSY"
#define ASKED "attached anew for each pass, all are asked anew"

static const struct {
	const char *test;	/* or suite */
	const char *reason;
} inherent[] = {
	{ "nested", NESTED },
	{ "chat_reentry", NESTED },
	{ "discard_forgets_what_a_loop_put_behind", NESTED },
	{ "a_loop_inside_of_a_call_runs_the_others", NESTED },
	{ "a_loop_inside_of_a_hook_is_ended_and_the_hook_passes_it_on", NESTED },
	{ "loop_inside_of_it_fires_again", NESTED },
	{ "nested_loop_closes_all_that_the_outer_pass_has_ready", NESTED },
	{ "finalize_may_run_a_loop_and_add_channels", NESTED },
	{ "runs_a_whole_pass_inside", NESTED },
	{ "a_pass_inside_asks_those_still_to_be_asked", NESTED },
	{ "a_pass_inside_closes_what_is_still_to_be_asked", NESTED },
	{ "a_pass_inside_may_close_the_one_that_runs_it", NESTED },
	{ "self_contained_ones_are_asked_once", ASKED },
	{ "their_answer_holds_until_they_are_asked", ASKED },
	{ "touched_ones_are_asked_in_order", ASKED },
	{ "a_hook_asks_them_again", ASKED },
	{ "a_call_asks_them_again", ASKED },
	{ "touch_is_harmless_out_of_the_map", ASKED },
	{ "both_kinds_are_asked_in_one_order", ASKED },
	{ "the_flag_speaks_of_the_predicates_beside_it", ASKED },
	{ "a_change_of_an_earlier_one_is_not_lost", ASKED },
	{ "passes_channels_predicates_and_hooks_are_counted", ASKED },
	{ "attach", "it attaches for itself" },
	{ "trace", "the trace is the host's" },
	{ "faults", "the host would fail, too; it has a host of its own" },
	{ "base", "what else runs on the base does not end a pass" },
	{ "a_foreign_event_ends_one_pass",
	    "what else runs on the base does not end a pass" },
	{ "a_wakeup_ends_the_next_wait", "a wakeup does not end a pass" },
	{ "a_host_s_run_of_the_base_loses_no_call",
	    "the base runs all the time" },
	{ "exit_now_leaves_the_loop_and_the_others_run_in_the_next",
	    "no number tells of calls from other threads" },
	{ "a_forked_child_has_a_way_of_its_own",
	    "no number tells of calls from other threads" },
	{ "what_was_called_before_a_fork_runs_in_both_processes",
	    "no number tells of calls from other threads" },
	{ "an_error_of_the_wait_is_the_result_of_the_loop",
	    "it is the host's" },
	{ "what_a_hook_made_ready_by_hand_is_seen_after_presumed_writes",
	    "the host's loop asks the kernel each time" },
	{ "room_that_a_hook_made_is_seen_after_presumed_writes",
	    "the host's loop asks the kernel each time" },
	{ "a_map_is_not_freed_inside_of_its_wait",
	    "an attached map that is empty may be freed" },
};

/* NULL: it can be done. */
const char *
testing_not_hosted(const char *test)
{
	const size_t n = sizeof inherent / sizeof inherent[0];
	const char *p;
	size_t i;

	for (i = 0; i < n; i++) {
		p = inherent[i].test;
		if (strcmp(p, testing_suite) == 0 || strcmp(p, test) == 0)
			return inherent[i].reason;
	}
	return NULL;
}

/* ---- The loop. ---- */

/* What asyncore_loop() refuses or would run inside of a pass is its own. */
static bool
can_attach(struct asyncore_map *m)
{
	if (asyncore_attach(m) != 0)
		return false;
	(void)asyncore_detach_map(m);
	return true;
}

static int
run_loop(double timeout, bool use_poll, struct asyncore_map *m, int count)
{
	struct host h = { .map = m != NULL ? m : asyncore_socket_map() };

	if (!testing_hosted || use_poll || isnan(timeout) || !can_attach(m))
		return asyncore_loop(timeout, use_poll, m, count);
	h.base = asyncore_map_base(h.map);
	h.for_ever = count < 0 && timeout < 0;
	return host_loop(&h, timeout, count);
}

/* Only here signals come, where there is a storm of them: see testing.c. */
int
testing_loop(double timeout, bool use_poll, struct asyncore_map *m, int count)
{
	sigset_t alarm, before;
	int result;

	if (!testing_storms)
		return run_loop(timeout, use_poll, m, count);
	(void)sigemptyset(&alarm);
	(void)sigaddset(&alarm, SIGALRM);
	(void)pthread_sigmask(SIG_UNBLOCK, &alarm, &before);
	result = run_loop(timeout, use_poll, m, count);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return result;
}

int
testing_stop(struct asyncore_map *m)
{
	struct host *h;

	for (h = innermost; h != NULL; h = h->outer)
		if (h->map == (m != NULL ? m : asyncore_socket_map()))
			h->stopped = true;
	return asyncore_stop(m);
}
