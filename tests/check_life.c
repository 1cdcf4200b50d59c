/*
 * check_life.c - references, that is what holds a dispatcher, and the state of
 * an instance.  What happens when nothing holds it any more is in
 * check_finalize.c, constructors that fail in check_construct.c.
 */
#include "testing.h"

#include <errno.h>
#include <fcntl.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

const char testing_suite[] = "life";

static int finalized;

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
new_channel(const struct asyncore_class *cls, int *peer)
{
	struct asyncore_dispatcher *d;
	int fds[2];

	make_pair(fds);
	d = asyncore_new_socket(cls, fds[0], map);
	ck_assert_ptr_nonnull(d);
	*peer = fds[1];
	return d;
}

static bool
is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static bool
at_end(int fd)
{
	char byte;

	return read(fd, &byte, 1) == 0;
}

/* ---- References. ---- */

START_TEST(constructor_gives_one_reference)
{
	asyncore_unref(asyncore_new(&counted, map));
	ck_assert_int_eq(finalized, 1);
}
END_TEST

START_TEST(each_reference_is_given_back_once)
{
	struct asyncore_dispatcher *d = asyncore_new(&counted, map);
	int i;

	for (i = 0; i < 1000; i++)
		ck_assert_ptr_eq(asyncore_ref(d), d);
	for (i = 0; i < 1000; i++)
		asyncore_unref(d);
	ck_assert_int_eq(finalized, 0);
	asyncore_unref(d);
	ck_assert_int_eq(finalized, 1);
}
END_TEST

START_TEST(null_has_no_references)
{
	asyncore_unref(NULL);
	ck_assert_ptr_null(asyncore_ref(NULL));
	ck_assert_ptr_null(asyncore_self(NULL));
}
END_TEST

/* Who holds the channel; the hook gives back when it returns. */
enum { MAP, TEST, SECOND, HOOK, N_HOLDERS };

static int order[N_HOLDERS], step;

static void
give_back(struct asyncore_dispatcher *d, bool closing)
{
	for (; step < N_HOLDERS && order[step] != HOOK; step++) {
		ck_assert_int_eq(finalized, 0);
		if (order[step] != MAP)
			asyncore_unref(d);
		else
			ck_assert_int_eq(closing ? asyncore_close(d) :
			    asyncore_del_channel(d), 0);
	}
}

static int
give_back_in_hook(struct asyncore_dispatcher *d)
{
	give_back(d, false);
	ck_assert_int_eq(finalized, 0);
	ck_assert_ptr_nonnull(asyncore_class_of(d));
	return 0;
}

static int
give_back_and_close_in_hook(struct asyncore_dispatcher *d)
{
	give_back(d, true);
	ck_assert_int_eq(finalized, 0);
	ck_assert_ptr_nonnull(asyncore_class_of(d));
	return 0;
}

static const struct asyncore_class shared = {
	.base = &counted,
	.handle_read = give_back_in_hook,
	.handle_write = give_back_and_close_in_hook,
};

/* The n-th of the 24 orders. */
static void
permute(int n)
{
	int holders[N_HOLDERS] = { MAP, TEST, SECOND, HOOK };
	int i, j, k;

	for (i = 0, k = N_HOLDERS; k > 0; i++, k--) {
		j = n % k;
		n /= k;
		order[i] = holders[j];
		holders[j] = holders[k - 1];
	}
}

START_TEST(dispatcher_ends_with_the_last_of_its_holders)
{
	const bool closing = _i % 2;
	int peer;
	struct asyncore_dispatcher *d = new_channel(&shared, &peer);

	permute(_i / 2);
	asyncore_ref(d);
	ck_assert_int_eq(closing ? asyncore_write(d) : asyncore_read(d), 0);
	ck_assert_int_eq(order[step++], HOOK);
	give_back(d, closing);
	ck_assert_int_eq(finalized, 1);
	ck_assert_uint_eq(asyncore_map_len(map), 0);
	ck_assert(at_end(peer));
	ck_assert_int_eq(close(peer), 0);
}
END_TEST

START_TEST(map_holds_its_channels)
{
	int peer;
	struct asyncore_dispatcher *d = new_channel(&counted, &peer);
	const int fd = asyncore_fileno(d);

	asyncore_unref(d);
	ck_assert_int_eq(finalized, 0);
	ck_assert_ptr_eq(asyncore_map_get(map, fd), d);
	ck_assert_int_eq(asyncore_del_channel(d), 0);
	ck_assert_int_eq(finalized, 1);
	ck_assert_uint_eq(asyncore_map_len(map), 0);
	ck_assert(at_end(peer));
	ck_assert_int_eq(close(peer), 0);
}
END_TEST

START_TEST(open_channel_out_of_any_map_closes_with_its_last_reference)
{
	int peer;
	struct asyncore_dispatcher *d = new_channel(&counted, &peer);
	const int fd = asyncore_fileno(d);

	ck_assert_int_eq(asyncore_del_channel(d), 0);
	ck_assert(is_open(fd));
	asyncore_unref(d);
	ck_assert_int_eq(finalized, 1);
	ck_assert(!is_open(fd));
	ck_assert(at_end(peer));
	ck_assert_int_eq(close(peer), 0);
}
END_TEST

START_TEST(spawned_channel_is_held_by_the_map_alone)
{
	struct asyncore_dispatcher *d;
	int fds[2];

	make_pair(fds);
	d = asyncore_spawn(&counted, fds[0], map);
	ck_assert_ptr_nonnull(d);
	ck_assert_ptr_eq(asyncore_map_get(map, fds[0]), d);
	ck_assert(asyncore_connected(d));
	ck_assert_int_eq(finalized, 0);
	if (_i == 0)
		ck_assert_int_eq(asyncore_close(d), 0);
	else if (_i == 1)
		ck_assert_int_eq(asyncore_close_all(map, false), 0);
	else
		ck_assert_int_eq(close(asyncore_detach(d)), 0);
	ck_assert_int_eq(finalized, 1);
	ck_assert(!is_open(fds[0]));
	ck_assert_int_eq(close(fds[1]), 0);
}
END_TEST

START_TEST(map_moved_to_holds_the_channel)
{
	struct asyncore_map *other = asyncore_map_new(NULL);
	int peer;
	struct asyncore_dispatcher *d = new_channel(&counted, &peer);

	asyncore_unref(d);
	ck_assert_int_eq(asyncore_add_channel(d, other), 0);
	ck_assert_int_eq(finalized, 0);
	ck_assert_ptr_eq(asyncore_map_of(d), other);
	ck_assert_int_eq(asyncore_close_all(other, false), 0);
	ck_assert_int_eq(finalized, 1);
	ck_assert_int_eq(asyncore_map_free(other), 0);
	ck_assert_int_eq(close(peer), 0);
}
END_TEST

START_TEST(dispatcher_outlives_its_map)
{
	struct asyncore_map *other = asyncore_map_new(NULL);
	struct asyncore_dispatcher *d = asyncore_new(&counted, other);

	ck_assert_int_eq(asyncore_map_free(other), 0);
	ck_assert_int_eq(asyncore_create_socket(d, AF_INET, SOCK_STREAM),
	    -EINVAL);
	ck_assert_int_eq(asyncore_fileno(d), -1);
	ck_assert_ptr_null(asyncore_new(&counted, asyncore_map_of(d)));
	ck_assert_int_eq(errno, EINVAL);
	asyncore_unref(d);
	ck_assert_int_eq(finalized, 1);
}
END_TEST

START_TEST(dispatcher_whose_map_was_freed_may_enter_another)
{
	struct asyncore_map *other = asyncore_map_new(NULL);
	int peer;
	struct asyncore_dispatcher *d = new_channel(&counted, &peer);

	ck_assert_int_eq(asyncore_add_channel(d, other), 0);
	ck_assert_int_eq(asyncore_map_free(other), -EBUSY);
	ck_assert_int_eq(asyncore_del_channel(d), 0);
	ck_assert_int_eq(asyncore_map_free(other), 0);
	ck_assert_int_eq(asyncore_add_channel(d, NULL), -EINVAL);
	ck_assert_int_eq(asyncore_add_channel(d, map), 0);
	ck_assert_ptr_eq(asyncore_map_of(d), map);
	ck_assert_int_eq(asyncore_close(d), 0);
	asyncore_unref(d);
	ck_assert_int_eq(finalized, 1);
	ck_assert_int_eq(close(peer), 0);
}
END_TEST

/* ---- The state. ---- */

/* What an allocator gives again is not zero of itself. */
static void
soil_the_heap(size_t size)
{
	void *p[8];
	size_t i;

	for (i = 0; i < 8; i++) {
		p[i] = malloc(size + 700);
		ck_assert_ptr_nonnull(p[i]);
		memset(p[i], 0xa5, size + 700);
	}
	for (i = 0; i < 8; i++)
		free(p[i]);
}

static bool
is_all(const unsigned char *p, size_t size, unsigned char byte)
{
	while (size > 0 && *p == byte)
		p++, size--;
	return size == 0;
}

START_TEST(state_is_zero_and_aligned_for_any_type)
{
	static const size_t sizes[] = { 1, 7, 16, 100, 4096, 1 << 20 };
	const struct asyncore_class cls = { .instance_size = sizes[_i] };
	struct asyncore_dispatcher *d;
	unsigned char *state;

	soil_the_heap(sizes[_i]);
	d = asyncore_new(&cls, map);
	state = asyncore_self(d);
	ck_assert_uint_eq((uintptr_t)state % alignof(max_align_t), 0);
	ck_assert(is_all(state, sizes[_i], 0));
	memset(state, 0xff, sizes[_i]);
	ck_assert_ptr_eq(asyncore_self(d), state);
	ck_assert_int_eq(asyncore_create_socket(d, AF_INET, SOCK_STREAM), 0);
	ck_assert_int_eq(asyncore_close(d), 0);
	ck_assert(is_all(state, sizes[_i], 0xff));
	asyncore_unref(d);
}
END_TEST

struct animal {
	int legs;
};

struct dog {
	struct animal animal;
	char name[20];
};

static int
grow_leg(struct asyncore_dispatcher *d)
{
	struct animal *self = asyncore_self(d);

	return ++self->legs;
}

static int
bark(struct asyncore_dispatcher *d)
{
	struct dog *self = asyncore_self(d);

	memcpy(self->name, "Rex", sizeof "Rex");
	return self->animal.legs;
}

static const struct asyncore_class animal = {
	.instance_size = sizeof(struct animal),
	.handle_read = grow_leg,
};

static const struct asyncore_class dog = {
	.base = &animal,
	.instance_size = sizeof(struct dog),
	.handle_write = bark,
};

static const struct asyncore_class puppy = {
	.base = &dog,
};

START_TEST(state_begins_with_the_state_of_the_base)
{
	struct asyncore_dispatcher *d = asyncore_new(_i ? &puppy : &dog, map);
	struct dog *self = asyncore_self(d);
	int i;

	for (i = 1; i <= 4; i++)
		ck_assert_int_eq(asyncore_handle_read(d), i);
	ck_assert_int_eq(asyncore_handle_write(d), 4);
	ck_assert_int_eq(self->animal.legs, 4);
	ck_assert_str_eq(self->name, "Rex");
	asyncore_unref(d);
}
END_TEST

void
testing_add(TCase *tc)
{
	tcase_add_test(tc, constructor_gives_one_reference);
	tcase_add_test(tc, each_reference_is_given_back_once);
	tcase_add_test(tc, null_has_no_references);
	tcase_add_loop_test(tc, dispatcher_ends_with_the_last_of_its_holders,
	    0, 48);
	tcase_add_test(tc, map_holds_its_channels);
	tcase_add_test(tc,
	    open_channel_out_of_any_map_closes_with_its_last_reference);
	tcase_add_loop_test(tc, spawned_channel_is_held_by_the_map_alone, 0, 3);
	tcase_add_test(tc, map_moved_to_holds_the_channel);
	tcase_add_test(tc, dispatcher_outlives_its_map);
	tcase_add_test(tc, dispatcher_whose_map_was_freed_may_enter_another);
	tcase_add_loop_test(tc, state_is_zero_and_aligned_for_any_type, 0, 6);
	tcase_add_loop_test(tc, state_begins_with_the_state_of_the_base, 0, 2);
}
