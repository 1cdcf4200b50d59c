/*
 * check_chat_class.c - classes with async_chat among their bases: their slots
 * and sizes are inherited, mistakes are EINVAL, and functions of asynchat.h
 * that are given something else say so.
 */
#include "talker.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>

const char testing_suite[] = "chat_class";

static bool
is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* ---- Classes that are none. ---- */

static int
nothing(struct asyncore_dispatcher *d)
{
	(void)d;
	return 0;
}

static void
ck_refused(const struct asynchat_class *cls, int err)
{
	int fds[2];

	errno = 0;
	ck_assert_ptr_null(asynchat_new(cls, map));
	ck_assert_int_eq(errno, err);
	make_pair(fds);
	errno = 0;
	ck_assert_ptr_null(asynchat_new_socket(cls, fds[0], map));
	ck_assert_int_eq(errno, err);
	ck_assert(!is_open(fds[0]));
	errno = 0;
	ck_assert_ptr_null(asynchat_spawn(cls, fds[1], map));
	ck_assert_int_eq(errno, err);
	ck_assert(!is_open(fds[1]));
	ck_assert_uint_eq(asyncore_map_len(map), 0);
}

START_TEST(no_class_is_EINVAL)
{
	ck_refused(NULL, EINVAL);
}
END_TEST

START_TEST(class_without_the_flag_is_EINVAL)
{
	struct asynchat_class cls = talker_class;

	cls.dispatcher.flags = 0;
	ck_refused(&cls, EINVAL);
	cls.dispatcher.flags = ASYNCORE_ASK_ON_CHANGE;
	ck_refused(&cls, EINVAL);
}
END_TEST

START_TEST(class_with_a_flag_that_is_unknown_is_EINVAL)
{
	struct asynchat_class cls = talker_class;

	cls.dispatcher.flags |= 0x80u;
	ck_refused(&cls, EINVAL);
}
END_TEST

START_TEST(class_without_async_chat_as_a_base_is_EINVAL)
{
	static const struct asyncore_class *const bases[] = {
		NULL, &asyncore_dispatcher_class,
		&asyncore_dispatcher_with_send_class,
		&asyncore_file_dispatcher_class,
	};
	struct asynchat_class cls = talker_class;

	cls.dispatcher.base = bases[_i];
	ck_refused(&cls, EINVAL);
}
END_TEST

START_TEST(class_that_is_smaller_than_its_base_is_EINVAL)
{
	struct asynchat_class base = talker_class, cls = talker_class;

	base.dispatcher.instance_size = 16;
	cls.dispatcher.base = &base.dispatcher;
	cls.dispatcher.instance_size = 15;
	ck_refused(&cls, EINVAL);
}
END_TEST

START_TEST(class_of_a_later_release_is_ENOTSUP)
{
	struct asynchat_class later = talker_class, cls = talker_class;
	const size_t n = sizeof later.reserved / sizeof later.reserved[0];
	size_t i;

	for (i = 0; i < n; i++) {
		later.reserved[i] = (void (*)(void))nothing;
		ck_refused(&later, ENOTSUP);
		cls.dispatcher.base = &later.dispatcher;
		ck_refused(&cls, ENOTSUP);
		later.reserved[i] = NULL;
	}
	later.dispatcher.reserved[0] = (void (*)(void))nothing;
	ck_refused(&cls, ENOTSUP);
}
END_TEST

START_TEST(asyncore_makes_no_chats)
{
	const struct asyncore_class *cls = &talker_class.dispatcher;
	const struct asyncore_class plain = { .base = cls };
	int fds[2];

	if (_i)
		cls = &plain;
	make_pair(fds);
	errno = 0;
	ck_assert_ptr_null(asyncore_new(cls, map));
	ck_assert_int_eq(errno, EINVAL);
	errno = 0;
	ck_assert_ptr_null(asyncore_new_socket(cls, fds[0], map));
	ck_assert_int_eq(errno, EINVAL);
	ck_assert(!is_open(fds[0]));
	errno = 0;
	ck_assert_ptr_null(asyncore_new_file(cls, fds[1], map));
	ck_assert_int_eq(errno, EINVAL);
	errno = 0;
	ck_assert_ptr_null(asyncore_spawn(cls, fds[1], map));
	ck_assert_int_eq(errno, EINVAL);
	ck_assert(!is_open(fds[1]));
}
END_TEST

START_TEST(constructors_answer_as_asyncores)
{
	int fds[2], ends[2];

	make_pair(fds);
	ck_assert_int_eq(pipe(ends), 0);
	errno = 0;
	ck_assert_ptr_null(asynchat_new_socket(&talker_class, -1, map));
	ck_assert_int_eq(errno, EBADF);
	ck_assert_ptr_nonnull(asynchat_spawn(&talker_class, fds[0], map));
	errno = 0;
	ck_assert_ptr_null(asynchat_spawn(&talker_class, fds[0], map));
	ck_assert_int_eq(errno, EEXIST);
	ck_assert(is_open(fds[0]));
	errno = 0;
	ck_assert_ptr_null(asynchat_new_socket(&talker_class, ends[0], map));
	ck_assert_int_eq(errno, ENOTSOCK);
	ck_assert(!is_open(ends[0]));
	ck_assert_int_eq(asyncore_close_all(map, false), 0);
	ck_assert_int_eq(close(fds[1]), 0);
	ck_assert_int_eq(close(ends[1]), 0);
}
END_TEST

/* ---- Inheritance. ---- */

static int
base_collect(struct asyncore_dispatcher *d, const void *data, size_t len)
{
	(void)d;
	trace("base:%.*s", (int)len, (const char *)data);
	return 0;
}

static int
base_found(struct asyncore_dispatcher *d)
{
	(void)d;
	trace("base|");
	return 0;
}

static int
plain_close(struct asyncore_dispatcher *d)
{
	trace("plain-close");
	return asyncore_close(d);
}

static int
base_overflow(struct asyncore_dispatcher *d)
{
	(void)d;
	trace("base-overflow");
	return 0;
}

static const struct asynchat_class base_chat = {
	.dispatcher = {
		.name = "Base",
		.base = &asynchat_async_chat_class.dispatcher,
		.instance_size = sizeof(int),
		.flags = ASYNCHAT_CLASS,
	},
	.collect_incoming_data = base_collect,
	.found_terminator = base_found,
	.handle_overflow = base_overflow,
	.ac_in_buffer_size = 3,
	.ac_out_buffer_size = 4,
};

/* In the middle of the chain, and no struct asynchat_class. */
static const struct asyncore_class plain_middle = {
	.base = &base_chat.dispatcher,
	.handle_close = plain_close,
};

static int
leaf_found(struct asyncore_dispatcher *d)
{
	trace("leaf");
	return base_chat.found_terminator(d);
}

static const struct asynchat_class leaf_chat = {
	.dispatcher = {
		.name = "Leaf",
		.base = &plain_middle,
		.instance_size = 3 * sizeof(int),
		.flags = ASYNCHAT_CLASS,
	},
	.found_terminator = leaf_found,
};

START_TEST(slots_are_inherited_over_a_plain_class)
{
	start_of(&leaf_chat, "\n");
	ck_assert_ptr_eq(asyncore_class_of(chat), &leaf_chat.dispatcher);
	hear("ab\n");
	ck_trace("base:ab leaf base|");
	ck_assert_int_eq(shutdown(chat_peer, SHUT_WR), 0);
	ck_assert_int_eq(asyncore_loop(10, false, map, 1), 0);
	ck_trace("plain-close");
	end();
}
END_TEST

/* It has a plain class before the one that fills them. */
static const struct asynchat_class empty_leaf = {
	.dispatcher = {
		.name = "Empty",
		.base = &plain_middle,
		.instance_size = sizeof(int),
		.flags = ASYNCHAT_CLASS,
	},
};

START_TEST(every_hook_is_inherited_over_a_plain_class)
{
	start_of(&empty_leaf, "\n");
	ck_assert_int_eq(asynchat_set_limit(chat, 2), 0);
	hear("ab\n");
	ck_trace("base:ab base|");
	hear("abc\n");
	ck_trace("base-overflow");
	end();
}
END_TEST

START_TEST(state_is_the_classs_own)
{
	int *self, i;

	start_of(&leaf_chat, "\n");
	self = asyncore_self(chat);
	for (i = 0; i < 3; i++) {
		ck_assert_int_eq(self[i], 0);
		self[i] = -1;
	}
	hear("a\n");
	ck_trace("base:a leaf base|");
	for (i = 0; i < 3; i++)
		ck_assert_int_eq(self[i], -1);
	end();
}
END_TEST

static ssize_t
tracing_recv(struct asyncore_dispatcher *d, void *buf, size_t len)
{
	trace("recv:%zu", len);
	return asyncore_dispatcher_class.recv(d, buf, len);
}

static ssize_t
tracing_send(struct asyncore_dispatcher *d, const void *data, size_t len)
{
	trace("send:%zu", len);
	return asyncore_dispatcher_class.send(d, data, len);
}

static void
ck_sizes(const struct asynchat_class *base, size_t in, size_t out,
    const char *expected)
{
	static const char data[100000];
	const struct asynchat_class cls = {
		.dispatcher = {
			.base = &base->dispatcher,
			.flags = ASYNCHAT_CLASS,
			.recv = tracing_recv,
			.send = tracing_send,
		},
		.collect_incoming_data = asynchat_collect,
		.ac_in_buffer_size = in,
		.ac_out_buffer_size = out,
	};

	start_of(&cls, "");
	hear("x");
	ck_assert_int_eq(asynchat_push(chat, data, sizeof data), 0);
	ck_trace(expected);
	end();
}

START_TEST(buffer_sizes_are_65536)
{
	ck_sizes(&asynchat_async_chat_class, 0, 0, "recv:65536 send:65536");
	ck_assert_uint_eq(asynchat_async_chat_class.ac_in_buffer_size, 65536);
	ck_assert_uint_eq(asynchat_async_chat_class.ac_out_buffer_size, 65536);
}
END_TEST

START_TEST(buffer_sizes_are_inherited)
{
	ck_sizes(&base_chat, 0, 0, "recv:3 send:4");
	ck_sizes(&leaf_chat, 0, 0, "recv:3 send:4");
}
END_TEST

START_TEST(buffer_sizes_are_overridden_one_by_one)
{
	ck_sizes(&leaf_chat, 10, 0, "recv:10 send:4");
	ck_sizes(&leaf_chat, 0, 70000, "recv:3 send:70000");
	ck_sizes(&leaf_chat, 100000, 1, "recv:100000 send:1");
}
END_TEST

START_TEST(small_input_buffer_loses_nothing)
{
	start_of(&leaf_chat, "\r\n");
	say("ab\r\ncdefgh\r\n");
	ck_assert_int_eq(asyncore_loop(10, false, map, 4), 0);
	ck_trace("base:ab leaf base| base:cd base:efg base:h leaf base|");
	end();
}
END_TEST

START_TEST(others_have_their_turn_between_two_buffers_of_input)
{
	static const struct asynchat_class sipper = {
		.dispatcher = {
			.base = &talker_class.dispatcher,
			.flags = ASYNCHAT_CLASS,
		},
		.ac_in_buffer_size = 3,
	};
	int fds[2];

	start_of(&sipper, "\n");
	make_pair(fds);
	ck_assert_ptr_nonnull(asynchat_spawn(&talker_class, fds[0], map));
	say("abcdefg");
	write_all(fds[1], "another", 7);
	ck_assert_int_eq(asyncore_loop(10, false, map, 1), 0);
	ck_trace("abc another");
	ck_assert_int_eq(asyncore_loop(10, false, map, 1), 0);
	ck_trace("def");
	ck_assert_int_eq(close(fds[1]), 0);
	ck_assert_int_eq(asyncore_loop(10, false, map, 1), 0);
	ck_trace("g close");
	end();
}
END_TEST

/* ---- What is no chat. ---- */

static int n_freed;

static int
more_of_nothing(struct asynchat_producer *producer, struct evbuffer *out)
{
	(void)producer;
	(void)out;
	return 0;
}

static void
count_free(struct asynchat_producer *producer)
{
	(void)producer;
	n_freed++;
}

static int
open_null(void)
{
	int fd = open("/dev/null", O_RDONLY);

	ck_assert_int_ge(fd, 0);
	return fd;
}

static void
ck_not_for(struct asyncore_dispatcher *d)
{
	struct asynchat_producer p = { more_of_nothing, count_free };
	struct evbuffer *buffer = evbuffer_new();
	const int fd = open_null();

	ck_assert_int_eq(asynchat_set_terminator(d, "\n", 1), -EINVAL);
	ck_assert_int_eq(asynchat_set_terminator_count(d, 1), -EINVAL);
	ck_assert_int_eq(asynchat_set_limit(d, 1), -EINVAL);
	ck_assert_int_eq(asynchat_collect(d, "a", 1), -EINVAL);
	ck_assert_int_eq(asynchat_push(d, "a", 1), -EINVAL);
	ck_assert_int_eq(evbuffer_add(buffer, "abc", 3), 0);
	ck_assert_int_eq(asynchat_push_buffer(d, buffer), -EINVAL);
	ck_assert_uint_eq(evbuffer_get_length(buffer), 3);
	evbuffer_free(buffer);
	ck_assert_int_eq(asynchat_push_file(d, fd, 0, -1), -EINVAL);
	ck_assert(!is_open(fd));
	n_freed = 0;
	ck_assert_int_eq(asynchat_push_with_producer(d, &p), -EINVAL);
	ck_assert_int_eq(n_freed, 1);
	ck_assert_int_eq(asynchat_close_when_done(d), -EINVAL);
	ck_assert_int_eq(asynchat_initiate_send(d), -EINVAL);
	ck_assert_int_eq(asynchat_discard_buffers(d), -EINVAL);
}

static void
ck_has_nothing(struct asyncore_dispatcher *d)
{
	long long count = 5;
	size_t len = 5;

	ck_assert_ptr_null(asynchat_get_terminator(d, &len, &count));
	ck_assert_uint_eq(len, 0);
	ck_assert_int_eq(count, -1);
	ck_assert_ptr_null(asynchat_get_terminator(d, NULL, NULL));
	len = 5;
	ck_assert_ptr_null(asynchat_get_data(d, &len));
	ck_assert_uint_eq(len, 0);
	ck_assert_ptr_null(asynchat_get_data(d, NULL));
}

START_TEST(other_kinds_of_dispatchers_are_EINVAL)
{
	static const struct asyncore_class *const classes[] = {
		&asyncore_dispatcher_class,
		&asyncore_dispatcher_with_send_class,
		&asyncore_file_dispatcher_class,
	};
	struct asyncore_dispatcher *d = asyncore_new(classes[_i], map);

	ck_not_for(d);
	ck_has_nothing(d);
	asyncore_unref(d);
}
END_TEST

START_TEST(no_dispatcher_is_EINVAL)
{
	ck_not_for(NULL);
	ck_has_nothing(NULL);
}
END_TEST

START_TEST(chat_is_no_dispatcher_with_send)
{
	start("\n");
	ck_assert_ptr_null(asyncore_out_buffer(chat));
	end();
}
END_TEST

START_TEST(pointers_that_are_NULL_are_EINVAL)
{
	struct asynchat_producer no_more = { NULL, count_free };

	start("\n");
	ck_assert_int_eq(asynchat_set_terminator(chat, NULL, 1), -EINVAL);
	ck_assert_int_eq(asynchat_collect(chat, NULL, 1), -EINVAL);
	ck_assert_int_eq(asynchat_collect(chat, NULL, 0), 0);
	ck_assert_int_eq(asynchat_push(chat, NULL, 1), -EINVAL);
	ck_assert_int_eq(asynchat_push(chat, NULL, 0), 0);
	ck_assert_int_eq(asynchat_push_buffer(chat, NULL), -EINVAL);
	ck_assert_int_eq(asynchat_push_with_producer(chat, NULL), -EINVAL);
	n_freed = 0;
	ck_assert_int_eq(asynchat_push_with_producer(chat, &no_more), -EINVAL);
	ck_assert_int_eq(n_freed, 1);
	ck_assert_int_eq(asynchat_push_file(chat, -1, 0, -1), -EBADF);
	ck_assert_ptr_null(asynchat_simple_producer(NULL, 1, 0));
	ck_assert_ptr_null(asynchat_simple_producer("", SIZE_MAX, 0));
	ck_assert_int_eq(asynchat_push_with_producer(chat,
	    asynchat_simple_producer(NULL, 0, 0)), 0);
	ck_assert(!asyncore_writable(chat));
	end();
}
END_TEST

START_TEST(chat_without_a_descriptor_keeps_what_it_is_given)
{
	struct asyncore_dispatcher *d = asynchat_new(&talker_class, map);

	ck_assert_int_eq(asynchat_set_terminator(d, "\n", 1), 0);
	ck_assert_int_eq(asynchat_push(d, "abc", 3), 0);
	ck_assert_int_eq(asynchat_initiate_send(d), 0);
	ck_assert_int_eq(asynchat_close_when_done(d), 0);
	ck_assert(asyncore_writable(d));
	ck_assert_int_eq(asynchat_discard_buffers(d), 0);
	ck_assert_int_eq(asyncore_handle_read(d), -ENOTCONN);
	asyncore_unref(d);
}
END_TEST

/* The number belongs to that channel, whatever else is wrong. */
START_TEST(descriptor_of_another_channel_stays_open_though_the_class_is_none)
{
	start("\n");
	errno = 0;
	ck_assert_ptr_null(asynchat_new_socket(NULL, asyncore_fileno(chat),
	    map));
	ck_assert_int_eq(errno, EEXIST);
	hear("a\n");
	ck_trace("a |");
	end();
}
END_TEST

static void
add_mistakes(TCase *tc)
{
	tcase_add_test(tc, no_class_is_EINVAL);
	tcase_add_test(tc, class_without_the_flag_is_EINVAL);
	tcase_add_test(tc, class_with_a_flag_that_is_unknown_is_EINVAL);
	tcase_add_loop_test(tc, class_without_async_chat_as_a_base_is_EINVAL,
	    0, 4);
	tcase_add_test(tc, class_that_is_smaller_than_its_base_is_EINVAL);
	tcase_add_test(tc, class_of_a_later_release_is_ENOTSUP);
	tcase_add_loop_test(tc, asyncore_makes_no_chats, 0, 2);
	tcase_add_test(tc, constructors_answer_as_asyncores);
	tcase_add_test(tc,
	    descriptor_of_another_channel_stays_open_though_the_class_is_none);
}

void
testing_add(TCase *tc)
{
	add_mistakes(tc);
	tcase_add_test(tc, slots_are_inherited_over_a_plain_class);
	tcase_add_test(tc, every_hook_is_inherited_over_a_plain_class);
	tcase_add_test(tc, state_is_the_classs_own);
	tcase_add_test(tc, buffer_sizes_are_65536);
	tcase_add_test(tc, buffer_sizes_are_inherited);
	tcase_add_test(tc, buffer_sizes_are_overridden_one_by_one);
	tcase_add_test(tc, small_input_buffer_loses_nothing);
	tcase_add_test(tc,
	    others_have_their_turn_between_two_buffers_of_input);
	tcase_add_loop_test(tc, other_kinds_of_dispatchers_are_EINVAL, 0, 3);
	tcase_add_test(tc, no_dispatcher_is_EINVAL);
	tcase_add_test(tc, chat_is_no_dispatcher_with_send);
	tcase_add_test(tc, pointers_that_are_NULL_are_EINVAL);
	tcase_add_test(tc, chat_without_a_descriptor_keeps_what_it_is_given);
}
