/*
 * check_predicates.c - when readable() and writable() are asked, in which
 * order: once a pass, only on change, or never.
 */
#include "probe.h"

#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

const char testing_suite[] = "predicates";

/* Passes that do not wait. */
static void
glance(int passes)
{
	ck_assert_int_eq(asyncore_loop(0, false, map, passes), 0);
}

static const struct asyncore_class changing_class = {
	.base = &probe_class,
	.flags = ASYNCORE_ASK_ON_CHANGE,
	.readable = asked_readable,
	.writable = asked_writable,
};

static const struct asyncore_class reader_class = {
	.base = &probe_class,
	.readable = asyncore_always,
	.writable = asyncore_never,
};

static void
put_three(const struct asyncore_class *cls, bool r, bool w)
{
	int i;

	for (i = 0; i < 3; i++)
		put_pair(cls, i, r, w);
}

/* ---- Asked every pass. ---- */

START_TEST(asked_once_a_pass_in_order_readable_first)
{
	put_three(&asked_probe_class, true, true);
	ck_assert_int_eq(asyncore_poll(LONG, map), 0);
	ck_trace("R0 W0 R1 W1 R2 W2 r0 r1 r2 w0 w1 w2");
	ck_assert_int_eq(asyncore_poll2(LONG, map), 0);
	ck_trace("R0 W0 R1 W1 R2 W2 r0 w0 r1 w1 r2 w2");
	close_peers();
}
END_TEST

START_TEST(asked_before_every_pass)
{
	put_three(&asked_probe_class, false, false);
	glance(2);
	ck_trace("R0 W0 R1 W1 R2 W2 R0 W0 R1 W1 R2 W2");
	close_peers();
}
END_TEST

START_TEST(asked_in_the_new_order_after_del_and_add)
{
	put_three(&asked_probe_class, false, false);
	asyncore_ref(channel[0]);
	ck_assert_int_eq(asyncore_del_channel(channel[0]), 0);
	ck_assert_int_eq(asyncore_add_channel(channel[0], NULL), 0);
	asyncore_unref(channel[0]);
	glance(1);
	ck_trace("R1 W1 R2 W2 R0 W0");
	close_peers();
}
END_TEST

/* A socket that nobody watches yet. */
static void
put_idle(const struct asyncore_class *cls, int id)
{
	channel[id] = asyncore_new(cls, map);
	ck_assert_ptr_nonnull(channel[id]);
	*probe(id) = (struct probe){ .id = id, .r = true, .w = true };
	ck_assert_int_eq(asyncore_create_socket(channel[id], AF_INET,
	    SOCK_STREAM), 0);
	asyncore_unref(channel[id]);
}

START_TEST(idle_sockets_are_asked_but_not_watched)
{
	put_idle(&asked_probe_class, 0);
	put_idle(&asked_probe_class, 1);
	glance(1);
	ck_trace("R0 W0 R1 W1");
	ck_assert_int_eq(asyncore_loop(0, true, map, 1), 0);
	ck_trace("R0 W0 R1 W1");
}
END_TEST

static int
accept_and_drop(struct asyncore_dispatcher *d)
{
	trace("a%d", probe_of(d)->id);
	return asyncore_dispatcher_class.handle_accept(d);
}

static const struct asyncore_class listener_class = {
	.base = &asked_probe_class,
	.handle_accept = accept_and_drop,
};

START_TEST(listeners_are_asked_as_all_others)
{
	struct sockaddr_in addr;
	const int fd = listen_on_loopback(&addr);
	struct asyncore_dispatcher *client = asyncore_new(&reader_class, map);

	put_probe(&listener_class, 0, fd, map);
	probe(0)->r = probe(0)->w = true;
	ck_assert_int_eq(asyncore_set_accepting(channel[0], true), 0);
	ck_assert_int_eq(asyncore_create_socket(client, AF_INET, SOCK_STREAM),
	    0);
	ck_assert_int_eq(asyncore_connect(client, (struct sockaddr *)&addr,
	    sizeof addr), 0);
	ck_assert_int_eq(asyncore_del_channel(client), 0);
	await(fd, POLLIN);
	ck_assert_int_eq(asyncore_loop(LONG, _i, map, 1), 0);
	ck_trace("R0 W0 a0");
	glance(1);
	ck_trace("R0 W0");
	asyncore_unref(client);
}
END_TEST

static int
tell_write_event(struct asyncore_dispatcher *d)
{
	trace("W%d!", probe_of(d)->id);
	return 0;
}

/* The kernel would report it writable, as some do a listener. */
START_TEST(what_accepts_is_never_watched_for_writing)
{
	static const struct asyncore_class cls = {
		.base = &probe_class,
		.handle_write_event = tell_write_event,
	};

	put_pair(&cls, 0, false, true);
	glance(1);
	ck_trace("W0!");
	ck_assert_int_eq(asyncore_set_accepting(channel[0], true), 0);
	ck_assert_int_eq(asyncore_loop(0, _i, map, 2), 0);
	ck_trace("");
	close_peers();
}
END_TEST

/* ---- Known ones. ---- */

static const struct asyncore_class always_read_class = {
	.base = &asked_probe_class,
	.readable = asyncore_always,
};

static const struct asyncore_class never_write_class = {
	.base = &asked_probe_class,
	.writable = asyncore_never,
};

START_TEST(the_other_one_of_a_known_predicate_is_asked)
{
	put_pair(&always_read_class, 0, false, false);
	put_pair(&never_write_class, 1, true, true);
	glance(2);
	ck_trace("W0 R1 r0 r1 W0 R1 r0 r1");
	close_peers();
}
END_TEST

START_TEST(known_predicates_replace_those_of_the_base)
{
	static const struct asyncore_class cls = {
		.base = &asked_probe_class,
		.readable = asyncore_always,
		.writable = asyncore_never,
	};

	put_pair(&cls, 0, false, true);
	glance(2);
	ck_trace("r0 r0");
	close_peers();
}
END_TEST

/* ---- Asked on change. ---- */

START_TEST(self_contained_ones_are_asked_once)
{
	put_three(&changing_class, false, false);
	glance(3);
	ck_trace("R0 W0 R1 W1 R2 W2");
	close_peers();
}
END_TEST

START_TEST(their_answer_holds_until_they_are_asked)
{
	put_pair(&changing_class, 0, false, false);
	glance(1);
	clear_trace();
	probe(0)->r = true;
	glance(1);
	ck_trace("");
	asyncore_touch(channel[0]);
	glance(1);
	ck_trace("R0 W0 r0");
	close_peers();
}
END_TEST

START_TEST(touched_ones_are_asked_in_order)
{
	put_three(&changing_class, false, false);
	glance(1);
	clear_trace();
	asyncore_touch(channel[2]);
	asyncore_touch(channel[0]);
	asyncore_touch(channel[2]);
	glance(2);
	ck_trace("R0 W0 R2 W2");
	close_peers();
}
END_TEST

START_TEST(a_hook_asks_them_again)
{
	put_three(&changing_class, true, false);
	asyncore_loop(LONG, _i, map, 1);
	ck_trace("R0 W0 R1 W1 R2 W2 r0 r1 r2");
	probe(1)->on_read = receive;
	asyncore_loop(LONG, _i, map, 1);
	ck_trace("R0 W0 R1 W1 R2 W2 r0 r1 'x' r2");
	asyncore_loop(LONG, _i, map, 1);
	ck_trace("R0 W0 R1 W1 R2 W2 r0 r2");
	asyncore_loop(LONG, _i, map, 1);
	ck_trace("R0 W0 R2 W2 r0 r2");
	close_peers();
}
END_TEST

static void
call_send(struct asyncore_dispatcher *d)
{
	ck_assert_int_eq(asyncore_send(d, "y", 1), 1);
}

static void
call_recv(struct asyncore_dispatcher *d)
{
	(void)receive(d);
}

static void
call_accept(struct asyncore_dispatcher *d)
{
	ck_assert_int_lt(asyncore_accept(d, NULL, NULL), 0);
}

static void
call_hook(struct asyncore_dispatcher *d)
{
	ck_assert_int_eq(asyncore_handle_expt(d), 0);
}

static void
call_router(struct asyncore_dispatcher *d)
{
	ck_assert_int_eq(asyncore_read(d), 0);
}

static void
set_connected(struct asyncore_dispatcher *d)
{
	ck_assert_int_eq(asyncore_set_connected(d, false), 0);
}

static void
set_connecting(struct asyncore_dispatcher *d)
{
	ck_assert_int_eq(asyncore_set_connecting(d, false), 0);
}

static void
set_accepting(struct asyncore_dispatcher *d)
{
	ck_assert_int_eq(asyncore_set_accepting(d, false), 0);
}

static void
set_addr(struct asyncore_dispatcher *d)
{
	ck_assert_int_eq(asyncore_set_addr(d, NULL, 0), 0);
}

static void
call_log_info(struct asyncore_dispatcher *d)
{
	asyncore_log_info(d, "warning", "ignored");
}

static void
del_and_add(struct asyncore_dispatcher *d)
{
	asyncore_ref(d);
	ck_assert_int_eq(asyncore_del_channel(d), 0);
	ck_assert_int_eq(asyncore_add_channel(d, NULL), 0);
	asyncore_unref(d);
}

static void (*const calls[])(struct asyncore_dispatcher *d) = {
	asyncore_touch, call_send, call_recv, call_accept, call_hook,
	call_router, set_connected, set_connecting, set_accepting, set_addr,
	call_log_info, del_and_add
};

#define CALLS ((int)(sizeof calls / sizeof calls[0]))

START_TEST(a_call_asks_them_again)
{
	put_pair(&changing_class, 0, false, false);
	glance(1);
	calls[_i](channel[0]);
	clear_trace();
	glance(2);
	ck_trace("R0 W0");
	close_peers();
}
END_TEST

START_TEST(touch_is_harmless_out_of_the_map)
{
	struct asyncore_dispatcher *d = asyncore_new(&changing_class, map);

	asyncore_touch(NULL);
	asyncore_touch(d);
	ck_assert_int_eq(asyncore_create_socket(d, AF_INET, SOCK_STREAM), 0);
	asyncore_touch(d);
	ck_assert_int_eq(asyncore_del_channel(d), 0);
	asyncore_touch(d);
	glance(1);
	ck_trace("");
	ck_assert_int_eq(asyncore_add_channel(d, NULL), 0);
	glance(2);
	ck_trace("R0 W0");
	asyncore_unref(d);
}
END_TEST

START_TEST(both_kinds_are_asked_in_one_order)
{
	int i;

	for (i = 0; i < 5; i++)
		put_pair(i % 2 ? &changing_class : &asked_probe_class, i,
		    false, false);
	glance(1);
	ck_trace("R0 W0 R1 W1 R2 W2 R3 W3 R4 W4");
	glance(1);
	ck_trace("R0 W0 R2 W2 R4 W4");
	asyncore_touch(channel[3]);
	asyncore_touch(channel[4]);
	asyncore_touch(channel[1]);
	glance(1);
	ck_trace("R0 W0 R1 W1 R2 W2 R3 W3 R4 W4");
	close_peers();
}
END_TEST

/* ---- To whom the flag speaks. ---- */

static const struct asyncore_class heir_class = {
	.base = &changing_class,
};

static const struct asyncore_class overrider_class = {
	.base = &changing_class,
	.readable = asked_readable,
};

static const struct asyncore_class says_it_anew_class = {
	.base = &changing_class,
	.flags = ASYNCORE_ASK_ON_CHANGE,
	.readable = asked_readable,
};

static const struct asyncore_class overrides_with_known_class = {
	.base = &changing_class,
	.readable = asyncore_never,
};

static const struct asyncore_class says_it_of_others_class = {
	.base = &asked_probe_class,
	.flags = ASYNCORE_ASK_ON_CHANGE,
};

static const struct asyncore_class says_it_of_one_class = {
	.base = &asked_probe_class,
	.flags = ASYNCORE_ASK_ON_CHANGE,
	.writable = asked_writable,
};

static const struct {
	const struct asyncore_class *cls;
	const char *asked;		/* in two passes */
} flags[] = {
	{ &heir_class, "R0 W0" },
	{ &overrider_class, "R0 W0 R0 W0" },
	{ &says_it_anew_class, "R0 W0" },
	{ &overrides_with_known_class, "W0" },
	{ &says_it_of_others_class, "R0 W0 R0 W0" },
	{ &says_it_of_one_class, "R0 W0 R0 W0" },
};

#define FLAGS ((int)(sizeof flags / sizeof flags[0]))

START_TEST(the_flag_speaks_of_the_predicates_beside_it)
{
	put_pair(flags[_i].cls, 0, false, false);
	glance(2);
	ck_trace(flags[_i].asked);
	close_peers();
}
END_TEST

void
testing_add(TCase *tc)
{
	tcase_add_test(tc, asked_once_a_pass_in_order_readable_first);
	tcase_add_test(tc, asked_before_every_pass);
	tcase_add_test(tc, asked_in_the_new_order_after_del_and_add);
	tcase_add_test(tc, idle_sockets_are_asked_but_not_watched);
	tcase_add_loop_test(tc, listeners_are_asked_as_all_others, 0, 2);
	tcase_add_loop_test(tc, what_accepts_is_never_watched_for_writing, 0,
	    2);
	tcase_add_test(tc, the_other_one_of_a_known_predicate_is_asked);
	tcase_add_test(tc, known_predicates_replace_those_of_the_base);
	tcase_add_test(tc, self_contained_ones_are_asked_once);
	tcase_add_test(tc, their_answer_holds_until_they_are_asked);
	tcase_add_test(tc, touched_ones_are_asked_in_order);
	tcase_add_loop_test(tc, a_hook_asks_them_again, 0, 2);
	tcase_add_loop_test(tc, a_call_asks_them_again, 0, CALLS);
	tcase_add_test(tc, touch_is_harmless_out_of_the_map);
	tcase_add_test(tc, both_kinds_are_asked_in_one_order);
	tcase_add_loop_test(tc, the_flag_speaks_of_the_predicates_beside_it, 0,
	    FLAGS);
}
