/*
 * check_class.c - classes: inheritance, state, methods that are overridden and
 * call their base's, and what a constructor refuses.  The layout of the struct
 * is in check_layout.c.
 */
#include "testing.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char testing_suite[] = "class";

/* ---- Instances. ---- */

START_TEST(root_has_no_base_and_file_has_the_root)
{
	ck_assert_ptr_null(asyncore_dispatcher_class.base);
	ck_assert_ptr_eq(asyncore_file_dispatcher_class.base,
	    &asyncore_dispatcher_class);
	ck_assert_uint_eq(asyncore_dispatcher_class.instance_size, 0);
	ck_assert_str_eq(asyncore_dispatcher_class.name, "dispatcher");
	ck_assert_str_eq(asyncore_file_dispatcher_class.name,
	    "file_dispatcher");
}
END_TEST

static struct asyncore_dispatcher *
new_pair(const struct asyncore_class *cls, int *peer)
{
	struct asyncore_dispatcher *d;
	int fds[2];

	make_pair(fds);
	*peer = fds[1];
	d = asyncore_new_socket(cls, fds[0], map);
	ck_assert_ptr_nonnull(d);
	return d;
}

static void
end_pair(struct asyncore_dispatcher *d, int peer)
{
	ck_assert_int_eq(asyncore_close(d), 0);
	asyncore_unref(d);
	ck_assert_int_eq(close(peer), 0);
}

/* Three generations, each with state of its own. */

struct grandparent {
	int first;
};

struct parent {
	struct grandparent grandparent;
	char second[100];
};

struct child {
	struct parent parent;
	long double third;
};

static int
grandparent_read(struct asyncore_dispatcher *d)
{
	struct grandparent *self = asyncore_self(d);

	trace("grandparent:%d", ++self->first);
	return 0;
}

static int
grandparent_write(struct asyncore_dispatcher *d)
{
	(void)d;
	trace("grandparent-write");
	return 0;
}

static void
grandparent_finalize(struct asyncore_dispatcher *d)
{
	struct grandparent *self = asyncore_self(d);

	trace("grandparent-finalize:%d", self->first);
}

static const struct asyncore_class grandparent = {
	.name = "Grandparent",
	.instance_size = sizeof(struct grandparent),
	.handle_read = grandparent_read,
	.handle_write = grandparent_write,
	.finalize = grandparent_finalize,
};

static int
parent_write(struct asyncore_dispatcher *d)
{
	trace("parent-write");
	return grandparent.handle_write(d);
}

static int
parent_expt(struct asyncore_dispatcher *d)
{
	struct parent *self = asyncore_self(d);

	trace("parent-expt:%s", self->second);
	return 0;
}

static void
parent_finalize(struct asyncore_dispatcher *d)
{
	trace("parent-finalize");
	grandparent.finalize(d);
}

static const struct asyncore_class parent = {
	.name = "Parent",
	.base = &grandparent,
	.instance_size = sizeof(struct parent),
	.handle_write = parent_write,
	.handle_expt = parent_expt,
	.finalize = parent_finalize,
};

static int
child_write(struct asyncore_dispatcher *d)
{
	struct child *self = asyncore_self(d);

	trace("child-write:%d", (int)self->third);
	return parent.handle_write(d);
}

static const struct asyncore_class child = {
	.base = &parent,
	.instance_size = sizeof(struct child),
	.handle_write = child_write,
};

static const struct asyncore_class plain_child = {
	.base = &child,
};

START_TEST(slot_is_found_in_the_class_its_base_and_its_bases_base)
{
	const struct asyncore_class *cls = _i ? &plain_child : &child;
	struct asyncore_dispatcher *d = asyncore_new(cls, map);
	struct child *self = asyncore_self(d);

	self->third = 3;
	strcpy(self->parent.second, "two");
	ck_assert_int_eq(asyncore_handle_write(d), 0);
	ck_trace("child-write:3 parent-write grandparent-write");
	ck_assert_int_eq(asyncore_handle_expt(d), 0);
	ck_trace("parent-expt:two");
	ck_assert_int_eq(asyncore_handle_read(d), 0);
	ck_assert_int_eq(asyncore_handle_read(d), 0);
	ck_trace("grandparent:1 grandparent:2");
	ck_assert_ptr_eq(asyncore_class_of(d), cls);
	asyncore_unref(d);
	ck_trace("parent-finalize grandparent-finalize:2");
}
END_TEST

START_TEST(instances_have_a_state_each)
{
	struct asyncore_dispatcher *d = asyncore_new(&parent, map);
	struct asyncore_dispatcher *e = asyncore_new(&parent, map);

	(void)asyncore_handle_read(d);
	(void)asyncore_handle_read(d);
	(void)asyncore_handle_read(e);
	ck_trace("grandparent:1 grandparent:2 grandparent:1");
	asyncore_unref(d);
	asyncore_unref(e);
}
END_TEST

START_TEST(state_is_zero_and_aligned)
{
	struct asyncore_dispatcher *d = asyncore_new(&child, map);
	const unsigned char *p = asyncore_self(d);
	size_t i;

	ck_assert_uint_eq((uintptr_t)p % _Alignof(max_align_t), 0);
	for (i = 0; i < sizeof(struct child); i++)
		ck_assert_int_eq(p[i], 0);
	asyncore_unref(d);
	clear_trace();
}
END_TEST

static void
ck_name(const struct asyncore_class *cls, const char *name)
{
	struct asyncore_dispatcher *d = asyncore_new(cls, map);
	char repr[100];
	const size_t len = strlen(name);

	ck_assert_ptr_nonnull(d);
	ck_assert_int_gt(asyncore_repr(d, repr, sizeof repr), 0);
	ck_assert_int_eq(repr[0], '<');
	ck_assert_mem_eq(repr + 1, name, len);
	ck_assert_int_eq(repr[1 + len], ' ');
	asyncore_unref(d);
}

START_TEST(name_is_inherited)
{
	static const struct asyncore_class nobody = { .flags = 0 };
	static const struct asyncore_class file = {
		.base = &asyncore_file_dispatcher_class
	};

	ck_name(&parent, "Parent");
	ck_name(&child, "Parent");
	ck_name(&plain_child, "Parent");
	ck_name(&nobody, "dispatcher");
	ck_name(&file, "file_dispatcher");
	ck_name(&asyncore_dispatcher_class, "dispatcher");
}
END_TEST

/* A base of NULL is the root: its methods do the work. */
START_TEST(class_without_a_base_is_a_dispatcher)
{
	static const struct asyncore_class empty = { .name = "Empty" };
	struct asyncore_dispatcher *d;
	char buf[8];
	int peer;

	d = new_pair(&empty, &peer);
	ck_assert_int_eq(asyncore_send(d, "hello", 5), 5);
	ck_assert_int_eq(read(peer, buf, sizeof buf), 5);
	write_all(peer, "abc", 3);
	ck_assert_int_eq(asyncore_recv(d, buf, sizeof buf), 3);
	ck_assert(asyncore_readable(d));
	ck_assert(asyncore_writable(d));
	end_pair(d, peer);
}
END_TEST

START_TEST(built_in_class_can_be_instantiated)
{
	struct asyncore_dispatcher *d;
	int peer;

	d = new_pair(&asyncore_dispatcher_class, &peer);
	ck_assert_ptr_eq(asyncore_class_of(d), &asyncore_dispatcher_class);
	ck_assert_int_eq(asyncore_loop(0, _i, map, 1), 0);
	end_pair(d, peer);
}
END_TEST

/* ---- Methods that are overridden, and call the root's. ---- */

static ssize_t
send_twice(struct asyncore_dispatcher *d, const void *data, size_t len)
{
	ssize_t n = asyncore_dispatcher_class.send(d, data, len);

	trace("send:%d", (int)n);
	return n < 0 ? n : asyncore_dispatcher_class.send(d, data, len);
}

static ssize_t
recv_less(struct asyncore_dispatcher *d, void *buf, size_t len)
{
	trace("recv:%d", (int)len);
	return asyncore_dispatcher_class.recv(d, buf, 1);
}

static int
close_and_tell(struct asyncore_dispatcher *d)
{
	trace("close");
	return asyncore_dispatcher_class.close(d);
}

static int
add_and_tell(struct asyncore_dispatcher *d, struct asyncore_map *to)
{
	trace("add");
	return asyncore_dispatcher_class.add_channel(d, to);
}

static int
del_and_tell(struct asyncore_dispatcher *d)
{
	trace("del");
	return asyncore_dispatcher_class.del_channel(d);
}

static void
left(struct asyncore_dispatcher *d, struct asyncore_map *from)
{
	trace("left:%d", from == map && asyncore_fileno(d) >= 0);
}

static const struct asyncore_class overriding = {
	.name = "Overriding",
	.send = send_twice,
	.recv = recv_less,
	.close = close_and_tell,
	.add_channel = add_and_tell,
	.del_channel = del_and_tell,
	.left_map = left,
};

START_TEST(methods_are_virtual)
{
	struct asyncore_dispatcher *d;
	char buf[8];
	int peer;

	d = new_pair(&overriding, &peer);
	ck_trace("add");
	ck_assert_int_eq(asyncore_send(d, "ab", 2), 2);
	ck_trace("send:2");
	ck_assert_int_eq(read(peer, buf, sizeof buf), 4);
	write_all(peer, "abc", 3);
	ck_assert_int_eq(asyncore_recv(d, buf, sizeof buf), 1);
	ck_trace("recv:8");
	ck_assert_int_eq(asyncore_del_channel(d), 0);
	ck_trace("del left:1");
	ck_assert_int_eq(asyncore_add_channel(d, NULL), 0);
	ck_trace("add");
	ck_assert_int_eq(asyncore_close(d), 0);
	ck_trace("close del left:1");
	end_pair(d, peer);
	ck_trace("");
}
END_TEST

/* handle_close() of the root closes by self.close(). */
START_TEST(defaults_call_the_overrides)
{
	struct asyncore_dispatcher *d;
	int peer;

	d = new_pair(&overriding, &peer);
	clear_trace();
	ck_assert_int_eq(asyncore_handle_close(d), 0);
	ck_trace("close del left:1");
	end_pair(d, peer);
}
END_TEST

/* ---- Predicates that need not be asked. ---- */

static int
on_read(struct asyncore_dispatcher *d)
{
	char buf[8];

	trace("read");
	return (int)asyncore_recv(d, buf, sizeof buf);
}

static int
on_write(struct asyncore_dispatcher *d)
{
	(void)d;
	trace("write");
	return 0;
}

static const struct asyncore_class known[] = {
	{ .readable = asyncore_always, .writable = asyncore_always,
	    .handle_read = on_read, .handle_write = on_write },
	{ .readable = asyncore_always, .writable = asyncore_never,
	    .handle_read = on_read, .handle_write = on_write },
	{ .readable = asyncore_never, .writable = asyncore_always,
	    .handle_read = on_read, .handle_write = on_write },
	{ .readable = asyncore_never, .writable = asyncore_never,
	    .handle_read = on_read, .handle_write = on_write },
};

START_TEST(always_and_never_are_what_they_say)
{
	static const char *const expected[] = {
		"read write", "read", "write", ""
	};
	struct asyncore_dispatcher *d;
	int peer;

	d = new_pair(&known[_i], &peer);
	write_all(peer, "x", 1);
	ck_assert_int_eq(asyncore_loop(0, false, map, 1), 0);
	ck_trace(expected[_i]);
	ck_assert_int_eq(asyncore_readable(d), _i < 2);
	ck_assert_int_eq(asyncore_writable(d), _i % 2 == 0);
	ck_assert(asyncore_always(d));
	ck_assert(!asyncore_never(d));
	end_pair(d, peer);
}
END_TEST

/* ---- What a constructor refuses. ---- */

static void
ck_refused(const struct asyncore_class *cls, int err)
{
	int fds[2];

	errno = 0;
	ck_assert_ptr_null(asyncore_new(cls, map));
	ck_assert_int_eq(errno, err);
	make_pair(fds);
	errno = 0;
	ck_assert_ptr_null(asyncore_spawn(cls, fds[0], map));
	ck_assert_int_eq(errno, err);
	ck_assert_int_eq(close(fds[1]), 0);
	errno = 0;
	ck_assert_ptr_null(asyncore_new_file(cls, 0, map));
	ck_assert_int_eq(errno, err);
	ck_assert_uint_eq(asyncore_map_len(map), 0);
}

static struct asyncore_class ring[3];

START_TEST(cycle_of_bases_is_EINVAL)
{
	int n;

	for (n = 1; n <= 3; n++) {
		ring[0].base = &ring[1 % n];
		ring[1].base = &ring[2 % n];
		ring[2].base = &ring[0];
		ck_refused(&ring[0], EINVAL);
	}
}
END_TEST

START_TEST(cycle_that_the_class_is_not_part_of_is_EINVAL)
{
	static struct asyncore_class tail[2];
	int n;

	tail[0].base = &tail[1];
	tail[1].base = &ring[0];
	for (n = 1; n <= 3; n++) {
		ring[0].base = &ring[1 % n];
		ring[1].base = &ring[2 % n];
		ring[2].base = &ring[0];
		ck_refused(&tail[1], EINVAL);
		ck_refused(&tail[0], EINVAL);
	}
}
END_TEST

START_TEST(long_chain_of_bases_is_fine)
{
	static struct asyncore_class chain[100];
	struct asyncore_dispatcher *d;
	int i;

	for (i = 0; i < 99; i++)
		chain[i].base = &chain[i + 1];
	chain[99].handle_read = on_write;
	d = asyncore_new(&chain[0], map);
	ck_assert_ptr_nonnull(d);
	ck_assert_int_eq(asyncore_handle_read(d), 0);
	ck_trace("write");
	asyncore_unref(d);
}
END_TEST

START_TEST(class_of_NULL_is_EINVAL)
{
	ck_refused(NULL, EINVAL);
}
END_TEST

START_TEST(state_smaller_than_the_bases_is_EINVAL)
{
	static const struct asyncore_class smaller = {
		.base = &parent,
		.instance_size = sizeof(struct parent) - 1,
	};
	static const struct asyncore_class below_nothing = {
		.base = &smaller,
	};
	/* Large enough for all, but its base is wrong. */
	static const struct asyncore_class below_wrong = {
		.base = &smaller,
		.instance_size = sizeof(struct child),
	};

	ck_refused(&smaller, EINVAL);
	ck_refused(&below_nothing, EINVAL);
	ck_refused(&below_wrong, EINVAL);
}
END_TEST

START_TEST(state_of_the_same_size_as_the_bases_is_fine)
{
	static const struct asyncore_class same = {
		.base = &parent,
		.instance_size = sizeof(struct parent),
	};
	struct asyncore_dispatcher *d = asyncore_new(&same, map);

	ck_assert_ptr_nonnull(d);
	memset(asyncore_self(d), 0, sizeof(struct parent));
	asyncore_unref(d);
	clear_trace();
}
END_TEST

START_TEST(state_without_an_end_is_ENOMEM)
{
	static const struct asyncore_class huge = {
		.instance_size = SIZE_MAX,
	};

	errno = 0;
	ck_assert_ptr_null(asyncore_new(&huge, map));
	ck_assert_int_eq(errno, ENOMEM);
}
END_TEST

START_TEST(unknown_flags_are_EINVAL)
{
	static const struct asyncore_class unknown = { .flags = 0x80000000u };
	static const struct asyncore_class mixed = {
		.flags = ASYNCORE_ASK_ON_CHANGE | 0x2u
	};
	static const struct asyncore_class below = { .base = &unknown };

	ck_refused(&unknown, EINVAL);
	ck_refused(&mixed, EINVAL);
	ck_refused(&below, EINVAL);
}
END_TEST

static void
add_refusals(TCase *tc)
{
	tcase_add_test(tc, cycle_of_bases_is_EINVAL);
	tcase_add_test(tc, cycle_that_the_class_is_not_part_of_is_EINVAL);
	tcase_add_test(tc, long_chain_of_bases_is_fine);
	tcase_add_test(tc, class_of_NULL_is_EINVAL);
	tcase_add_test(tc, state_smaller_than_the_bases_is_EINVAL);
	tcase_add_test(tc, state_of_the_same_size_as_the_bases_is_fine);
	tcase_add_test(tc, state_without_an_end_is_ENOMEM);
	tcase_add_test(tc, unknown_flags_are_EINVAL);
}

void
testing_add(TCase *tc)
{
	tcase_add_test(tc, root_has_no_base_and_file_has_the_root);
	tcase_add_loop_test(tc,
	    slot_is_found_in_the_class_its_base_and_its_bases_base, 0, 2);
	tcase_add_test(tc, instances_have_a_state_each);
	tcase_add_test(tc, state_is_zero_and_aligned);
	tcase_add_test(tc, name_is_inherited);
	tcase_add_test(tc, class_without_a_base_is_a_dispatcher);
	tcase_add_loop_test(tc, built_in_class_can_be_instantiated, 0, 2);
	tcase_add_test(tc, methods_are_virtual);
	tcase_add_test(tc, defaults_call_the_overrides);
	tcase_add_loop_test(tc, always_and_never_are_what_they_say, 0, 4);
	add_refusals(tc);
}
