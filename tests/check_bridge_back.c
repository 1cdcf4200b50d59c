/*
 * check_bridge_back.c - descriptors that a channel gives to a bufferevent, with
 * what it has not handed out and not sent; and those that change sides again
 * and again without losing a byte.
 */
#include "sides.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

const char testing_suite[] = "bridge_back";

/* ---- To a bufferevent. ---- */

static struct bufferevent *given;
static int options;

static int
give(struct asyncore_dispatcher *d)
{
	given = asyncore_give_bufferevent(d, options);
	return given != NULL ? 0 : -errno;
}

START_TEST(channel_gives_its_descriptor_to_a_bufferevent)
{
	struct asyncore_dispatcher *d = new_channel(&side_reader);
	const int fd = asyncore_fileno(d);

	options = _i ? BEV_OPT_CLOSE_ON_FREE : 0;
	ck_assert_int_eq(give(d), 0);
	ck_assert(asyncore_closed(d));
	ck_assert_int_eq(asyncore_fileno(d), -1);
	ck_assert_uint_eq(asyncore_map_len(map), 0);
	ck_assert_int_eq(bufferevent_getfd(given), fd);
	ck_assert_ptr_eq(bufferevent_get_base(given), host_base());
	asyncore_unref(d);
	ck_assert_int_ne(evbuffer_add(bufferevent_get_input(given), "", 1), 0);
	let_read(given, "in");
	ck_input(given, "in");
	ck_assert_int_eq(bufferevent_write(given, "out", 3), 0);
	ck_peer("out");
	end_bev(given, options);
}
END_TEST

/* More than the kernel takes; it goes out by itself, behind what went. */
START_TEST(output_of_a_channel_is_sent_by_the_bufferevent)
{
	struct asyncore_dispatcher *d = new_channel(keepers[_i]);
	const size_t size = 3 << 20;
	char *sent = malloc(size), *got = malloc(size);
	size_t i, len = 0;
	ssize_t n;

	for (i = 0; i < size; i++)
		sent[i] = (char)(i / 251 + i);
	if (_i == 0)
		ck_assert_int_eq(asyncore_send(d, sent, size) == (ssize_t)size,
		    1);
	else
		ck_assert_int_eq(asynchat_push(d, sent, size), 0);
	ck_assert_uint_gt(asyncore_pending_output(d), 0);
	ck_assert_int_eq(give(d), 0);
	ck_assert_uint_eq(asyncore_pending_output(d), 0);
	for (i = 0; i < 100000 && len < size; i++) {
		host_turn();
		n = recv(far_end, got + len, size - len, MSG_DONTWAIT);
		len += n > 0 ? (size_t)n : 0;
	}
	ck_assert_uint_eq(len, size);
	ck_assert(memcmp(got, sent, size) == 0);
	free(sent);
	free(got);
	asyncore_unref(d);
	end_bev(given, 0);
}
END_TEST

START_TEST(what_comes_behind_a_piece_is_in_the_bufferevent)
{
	struct asyncore_dispatcher *d = new_channel(&side_line.dispatcher);

	ck_assert_int_eq(asynchat_set_terminator(d, "\r\n", 2), 0);
	when_found = give;
	write_all(far_end, "STARTTLS\r\nnext\r\nhal", 19);
	one_pass();
	ck_trace("STARTTLS |");
	ck_assert(asyncore_closed(d));
	asyncore_unref(d);
	let_read(given, "f");
	ck_input(given, "next\r\nhalf");
	end_bev(given, 0);
}
END_TEST

/* The first byte of a terminator is neither here nor there. */
START_TEST(beginning_of_a_terminator_is_in_the_bufferevent)
{
	struct asyncore_dispatcher *d = new_channel(&side_line.dispatcher);

	ck_assert_int_eq(asynchat_set_terminator(d, "\r\n", 2), 0);
	write_all(far_end, "half\r", 5);
	one_pass();
	ck_trace("half");
	ck_assert_int_eq(give(d), 0);
	ck_input(given, "\r");
	asyncore_unref(d);
	end_bev(given, 0);
}
END_TEST

/* Held before, and brought: in the order in which it came. */
START_TEST(held_input_is_before_what_is_not_read_yet)
{
	static const struct asynchat_class slow = {
		.dispatcher = {
			.base = &side_line.dispatcher,
			.flags = ASYNCHAT_CLASS,
		},
		.ac_in_buffer_size = 3,
	};
	struct bufferevent *bev = new_bev(0);
	struct asyncore_dispatcher *d;

	let_read(bev, "ab\r_cd");
	d = asyncore_take_bufferevent(&slow.dispatcher, bev, map);
	ck_assert_int_eq(asynchat_set_terminator(d, "\r\n", 2), 0);
	one_pass();
	ck_trace("ab");
	ck_assert_int_eq(give(d), 0);
	ck_input(given, "\r_cd");
	asyncore_unref(d);
	end_bev(given, 0);
}
END_TEST

START_TEST(trigger_tells_of_input_that_is_there)
{
	struct bufferevent *bev = new_bev(0);
	struct asyncore_dispatcher *d;

	let_read(bev, "in");
	d = asyncore_take_bufferevent(&side_reader, bev, map);
	ck_assert_int_eq(give(d), 0);
	asyncore_unref(d);
	bufferevent_setcb(given, on_bev_read, NULL, NULL, NULL);
	ck_assert_int_eq(bufferevent_enable(given, EV_READ), 0);
	host_turn();
	ck_trace("");
	bufferevent_trigger(given, EV_READ, 0);
	host_turn();
	ck_trace("read:2");
	end_bev(given, 0);
}
END_TEST

static int
give_in_read(struct asyncore_dispatcher *d)
{
	trace("give");
	ck_assert_int_eq(give(d), 0);
	return 0;
}

START_TEST(channel_that_only_the_map_holds_gives_itself_up_in_its_hook)
{
	static const struct asyncore_class giver = {
		.base = &side_sender,
		.handle_read = give_in_read,
	};
	struct asyncore_dispatcher *d = new_channel(&giver);

	asyncore_unref(d);
	write_all(far_end, "x", 1);
	one_pass();
	ck_trace("give");
	write_all(far_end, "y", 1);
	await_input(given, 2);
	ck_input(given, "xy");
	end_bev(given, 0);
}
END_TEST

static void
on_bev_event(struct bufferevent *bev, short what, void *arg)
{
	(void)bev;
	(void)arg;
	trace(what == BEV_EVENT_CONNECTED ? "connected" : "event");
}

START_TEST(connection_that_is_being_made_is_made_by_the_bufferevent)
{
	struct asyncore_dispatcher *d = asyncore_new(&side_sender, map);
	struct sockaddr_in addr;
	int i;

	far_end = listen_on_loopback(&addr);
	ck_assert_int_eq(asyncore_create_socket(d, AF_INET, SOCK_STREAM), 0);
	ck_assert_int_eq(asyncore_connect(d, (struct sockaddr *)&addr,
	    sizeof addr), 0);
	ck_assert(asyncore_connecting(d));
	ck_assert_int_eq(give(d), 0);
	asyncore_unref(d);
	bufferevent_setcb(given, NULL, NULL, on_bev_event, NULL);
	await(bufferevent_getfd(given), POLLOUT);
	for (i = 0; i < TURNS && traced()[0] == '\0'; i++)
		host_turn();
	ck_trace("connected");
	end_bev(given, 0);
}
END_TEST

/* ---- What is not given. ---- */

static int
more_nothing(struct asynchat_producer *p, struct evbuffer *out)
{
	(void)p;
	(void)out;
	return -EAGAIN;
}

static void
push_producer(struct asyncore_dispatcher *d)
{
	static struct asynchat_producer p = { .more = more_nothing };

	ck_assert_int_eq(asynchat_push_with_producer(d, &p), 0);
}

static void
push_file(struct asyncore_dispatcher *d)
{
	FILE *f = tmpfile();

	ck_assert_int_ge(fputs("file", f), 0);
	ck_assert_int_eq(fflush(f), 0);
	fill(asyncore_fileno(d));
	ck_assert_int_eq(asynchat_push_file(d, dup(fileno(f)), 0, -1), 0);
	ck_assert_int_eq(fclose(f), 0);
}

static void
push_end(struct asyncore_dispatcher *d)
{
	ck_assert_int_eq(asynchat_close_when_done(d), 0);
}

static void
freeze(struct asyncore_dispatcher *d)
{
	struct evbuffer *out = asyncore_out_buffer(d);

	ck_assert_int_eq(evbuffer_add(out, "x", 1), 0);
	ck_assert_int_eq(evbuffer_freeze(out, 1), 0);
}

static const struct {
	const struct asyncore_class *cls;
	void (*fn)(struct asyncore_dispatcher *d);
} busy[] = {
	{ &side_line.dispatcher, push_producer },
	{ &side_line.dispatcher, push_file },
	{ &side_line.dispatcher, push_end },
	{ &side_sender, freeze },
};
#define N_BUSY ((int)(sizeof busy / sizeof busy[0]))

START_TEST(output_that_is_not_only_bytes_is_not_given)
{
	struct asyncore_dispatcher *d = new_channel(busy[_i].cls);
	const int fd = asyncore_fileno(d), n = count_fds();

	busy[_i].fn(d);
	ck_assert_int_eq(give(d), -EBUSY);
	ck_assert_int_eq(asyncore_fileno(d), fd);
	ck_assert(!asyncore_closed(d));
	ck_assert_int_le(count_fds(), n + 1);		/* of the file */
	write_all(far_end, "in", 2);
	ck_assert_int_eq(asyncore_read(d), 0);
	ck_trace("in");
	end_channel(d);
	host_turn();
}
END_TEST

static int
cannot_give(struct asyncore_dispatcher *d)
{
	ck_assert_int_eq(give(d), -EBUSY);
	return 0;
}

START_TEST(chat_gives_nothing_in_the_middle_of_a_piece)
{
	struct asyncore_dispatcher *d = new_channel(&side_line.dispatcher);

	ck_assert_int_eq(asynchat_set_terminator(d, "\r\n", 2), 0);
	when_collecting = cannot_give;
	write_all(far_end, "a\r\nb\r\n", 6);
	one_pass();
	ck_trace("a | b |");
	end_channel(d);
}
END_TEST

static void
ck_not_given(struct asyncore_dispatcher *d, int err)
{
	ck_assert_int_eq(give(d), err);
	ck_assert_int_eq(asyncore_close(d), 0);
	asyncore_unref(d);
}

START_TEST(what_is_no_stream_of_a_plain_socket_is_not_given)
{
	static const struct asyncore_class file = {
		.base = &asyncore_file_dispatcher_class,
	};
	static const struct asyncore_transport none = { .name = "none" };
	struct asyncore_dispatcher *d;
	struct sockaddr_in addr;

	ck_assert_int_eq(give(NULL), -EINVAL);
	ck_not_given(asyncore_new(&side_reader, map), -ENOTCONN);
	d = asyncore_new_socket(&side_reader, listen_on_loopback(&addr), map);
	ck_assert_int_eq(asyncore_set_accepting(d, true), 0);
	ck_not_given(d, -ENOTSUP);
	ck_not_given(asyncore_new_socket(&side_reader, socket(AF_INET,
	    SOCK_DGRAM, 0), map), -ENOTSUP);
	d = new_channel(&side_reader);
	ck_not_given(asyncore_new_file(&file, far_end, map), -ENOTSUP);
	ck_assert_int_eq(asyncore_set_transport(d, &none, NULL,
	    asyncore_fileno(d)), 0);
	ck_not_given(d, -ENOTSUP);
	close_far_end();
}
END_TEST

START_TEST(options_that_libevent_refuses_change_nothing)
{
	struct asyncore_dispatcher *d = new_channel(&side_reader);

	options = BEV_OPT_UNLOCK_CALLBACKS;	/* not without deferring */
	ck_assert_int_eq(give(d), -ENOMEM);
	write_all(far_end, "in", 2);
	one_pass();
	ck_trace("in");
	end_channel(d);
}
END_TEST

/* ---- There and back. ---- */

static const void *
where(struct evbuffer *buffer)
{
	struct evbuffer_iovec v;

	ck_assert_int_eq(evbuffer_peek(buffer, 1, NULL, &v, 1), 1);
	return v.iov_base;
}

START_TEST(buffers_are_moved_and_not_copied)
{
	struct bufferevent *bev = new_bev(0);
	const void *in, *out;
	struct asyncore_dispatcher *d;

	let_read(bev, "input");
	let_wait(bev, "output");
	in = where(bufferevent_get_input(bev));
	out = where(bufferevent_get_output(bev));
	d = asyncore_take_bufferevent(&side_sender, bev, map);
	ck_assert_ptr_eq(where(asyncore_out_buffer(d)), out);
	bev = asyncore_give_bufferevent(d, 0);
	ck_assert_ptr_nonnull(bev);
	ck_assert_ptr_eq(where(bufferevent_get_input(bev)), in);
	ck_assert_ptr_eq(where(bufferevent_get_output(bev)), out);
	asyncore_unref(d);
	end_bev(bev, 0);
}
END_TEST

#define MUCH 200000

static unsigned char heard[MUCH], to_us[MUCH], to_peer[MUCH], peer_got[MUCH];
static size_t heard_len;

static int
hear_some(struct asyncore_dispatcher *d)
{
	ssize_t n = asyncore_recv(d, heard + heard_len, (size_t)rand() % 900 +
	    1);

	heard_len += n > 0 ? (size_t)n : 0;
	return n < 0 ? (int)n : 0;
}

static int
hear_data(struct asyncore_dispatcher *d, const void *data, size_t len)
{
	(void)d;
	memcpy(heard + heard_len, data, len);
	heard_len += len;
	return 0;
}

static const struct asyncore_class some = {
	.base = &side_sender,
	.handle_read = hear_some,
};

static const struct asynchat_class data = {
	.dispatcher = {
		.base = &side_line.dispatcher,
		.flags = ASYNCHAT_CLASS,
	},
	.collect_incoming_data = hear_data,
	.ac_in_buffer_size = 700,
	.ac_out_buffer_size = 600,
};

/* A bufferevent or a channel; the other one is NULL. */
struct side {
	struct bufferevent *bev;
	struct asyncore_dispatcher *d;
};

static void
change_sides(struct side *s)
{
	if (s->d != NULL) {
		s->bev = asyncore_give_bufferevent(s->d, rand() % 2 ?
		    BEV_OPT_CLOSE_ON_FREE : 0);
		ck_assert_ptr_nonnull(s->bev);
		asyncore_unref(s->d);
		s->d = NULL;
		ck_assert_int_eq(bufferevent_enable(s->bev, EV_READ), 0);
	} else {
		s->d = asyncore_take_bufferevent(rand() % 2 ? &some :
		    &data.dispatcher, s->bev, map);
		ck_assert_ptr_nonnull(s->d);
		s->bev = NULL;
	}
}

static void
say(const struct side *s, const unsigned char *p, size_t len)
{
	if (s->bev != NULL)
		ck_assert_int_eq(bufferevent_write(s->bev, p, len), 0);
	else if (asyncore_out_buffer(s->d) != NULL)
		ck_assert_int_eq((int)asyncore_send(s->d, p, len), (int)len);
	else
		ck_assert_int_eq(asynchat_push(s->d, p, len), 0);
}

/* It hears what is there, some of the time only. */
static void
go_on(const struct side *s)
{
	ck_assert_int_eq(asyncore_poll(0, map), 0);
	host_turn();
	if (s->bev != NULL && rand() % 2)
		heard_len += bufferevent_read(s->bev, heard + heard_len,
		    (size_t)rand() % 500);
}

static size_t
part(size_t done)
{
	const size_t n = (size_t)rand() % 3000;

	return n < MUCH - done ? n : MUCH - done;
}

/* Small buffers of the kernel, so that there is something to bring along. */
static void
squeeze(struct asyncore_dispatcher *d)
{
	const int size = 4096;
	int i;

	for (i = 0; i < MUCH; i++) {
		to_us[i] = (unsigned char)rand();
		to_peer[i] = (unsigned char)rand();
	}
	ck_assert_int_eq(setsockopt(asyncore_fileno(d), SOL_SOCKET, SO_SNDBUF,
	    &size, sizeof size), 0);
	ck_assert_int_eq(evutil_make_socket_nonblocking(far_end), 0);
}

static void
free_its_map(struct asyncore_dispatcher *d, struct asyncore_map *m)
{
	(void)d;
	ck_assert_int_eq(asyncore_map_free(m), -EBUSY);
}

START_TEST(map_is_not_freed_while_its_base_gets_the_bufferevent)
{
	static const struct asyncore_class cls = {
		.left_map = free_its_map,
	};
	struct asyncore_map *m = asyncore_map_new(NULL);
	struct asyncore_dispatcher *d;
	struct bufferevent *bev;
	int fds[2];

	make_pair(fds);
	d = asyncore_new_socket(&cls, fds[0], m);
	ck_assert_ptr_nonnull(d);
	bev = asyncore_give_bufferevent(d, BEV_OPT_CLOSE_ON_FREE);
	ck_assert_ptr_nonnull(bev);
	ck_assert_ptr_eq(bufferevent_get_base(bev), asyncore_map_base(m));
	bufferevent_free(bev);
	asyncore_unref(d);
	ck_assert_int_eq(asyncore_map_free(m), 0);
	ck_assert_int_eq(close(fds[1]), 0);
}
END_TEST

START_TEST(no_byte_is_lost_in_round_trips)
{
	struct side s = { NULL, NULL };
	size_t told = 0, said = 0, got = 0, len;
	ssize_t n;
	int i;

	srand((unsigned)_i);
	s.d = new_channel(_i % 2 ? &some : &data.dispatcher);
	squeeze(s.d);
	for (i = 0; i < 200000 && (got < MUCH || heard_len < MUCH); i++) {
		n = send(far_end, to_us + told, part(told), MSG_NOSIGNAL);
		told += n > 0 ? (size_t)n : 0;
		if (rand() % 3 == 0) {
			len = part(said);
			say(&s, to_peer + said, len);
			said += len;
		}
		go_on(&s);
		n = recv(far_end, peer_got + got, part(got), 0);
		got += n > 0 ? (size_t)n : 0;
		if (rand() % 4 == 0)
			change_sides(&s);
	}
	ck_assert_uint_eq(got, MUCH);
	ck_assert_uint_eq(heard_len, MUCH);
	ck_assert(memcmp(heard, to_us, MUCH) == 0);
	ck_assert(memcmp(peer_got, to_peer, MUCH) == 0);
	if (s.bev != NULL)
		change_sides(&s);
	end_channel(s.d);
}
END_TEST

void
testing_add(TCase *tc)
{
	tcase_add_loop_test(tc, channel_gives_its_descriptor_to_a_bufferevent,
	    0, 2);
	tcase_add_loop_test(tc, output_of_a_channel_is_sent_by_the_bufferevent,
	    0, 2);
	tcase_add_test(tc, what_comes_behind_a_piece_is_in_the_bufferevent);
	tcase_add_test(tc, beginning_of_a_terminator_is_in_the_bufferevent);
	tcase_add_test(tc, held_input_is_before_what_is_not_read_yet);
	tcase_add_test(tc, trigger_tells_of_input_that_is_there);
	tcase_add_test(tc,
	    channel_that_only_the_map_holds_gives_itself_up_in_its_hook);
	tcase_add_test(tc,
	    connection_that_is_being_made_is_made_by_the_bufferevent);
	tcase_add_loop_test(tc, output_that_is_not_only_bytes_is_not_given, 0,
	    N_BUSY);
	tcase_add_test(tc, chat_gives_nothing_in_the_middle_of_a_piece);
	tcase_add_test(tc, what_is_no_stream_of_a_plain_socket_is_not_given);
	tcase_add_test(tc, options_that_libevent_refuses_change_nothing);
	tcase_add_test(tc, buffers_are_moved_and_not_copied);
	tcase_add_test(tc,
	    map_is_not_freed_while_its_base_gets_the_bufferevent);
	tcase_add_loop_test(tc, no_byte_is_lost_in_round_trips, 0, 4);
}
