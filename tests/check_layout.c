/*
 * check_layout.c - the layout of the structs that compiled programs rely on: no
 * slot moves, the built-in classes fill every one, and a class that was
 * compiled when there were fewer still works.
 */
#include "testing.h"

#include "asynchat.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char testing_suite[] = "layout";

/* ---- The places. ---- */

/*
 * A program that was compiled with this header has these places in its data.
 * A new slot takes the first place of `reserved`, and a line at the end here.
 */
static const struct {
	const char *name;
	size_t offset;
} slots[] = {
#define SLOT(name) { #name, offsetof(struct asyncore_class, name) }
	SLOT(readable),
	SLOT(writable),
	SLOT(handle_read),
	SLOT(handle_write),
	SLOT(handle_expt),
	SLOT(handle_connect),
	SLOT(handle_accepted),
	SLOT(handle_accept),
	SLOT(handle_close),
	SLOT(handle_error),
	SLOT(handle_eof),
	SLOT(handle_timeout),
	SLOT(handle_read_event),
	SLOT(handle_write_event),
	SLOT(handle_expt_event),
	SLOT(handle_connect_event),
	SLOT(send),
	SLOT(recv),
	SLOT(accept),
	SLOT(close),
	SLOT(add_channel),
	SLOT(del_channel),
	SLOT(log),
	SLOT(log_info),
	SLOT(left_map),
	SLOT(finalize),
#undef SLOT
};
#define N_SLOTS (sizeof slots / sizeof *slots)
#define N_INTERNAL 1
#define N_RESERVED 16

#define HEAD offsetof(struct asyncore_class, readable)
#define POINTER sizeof(void (*)(void))

START_TEST(no_slot_has_moved)
{
	size_t i;

	for (i = 0; i < N_SLOTS; i++)
		ck_assert_msg(slots[i].offset == HEAD + i * POINTER,
		    "%s is at %zu", slots[i].name, slots[i].offset);
	ck_assert_uint_eq(offsetof(struct asyncore_class, reserved),
	    HEAD + (N_SLOTS + N_INTERNAL) * POINTER);
	ck_assert_uint_eq(sizeof(struct asyncore_class),
	    HEAD + (N_SLOTS + N_INTERNAL + N_RESERVED) * POINTER);
}
END_TEST

#ifdef __LP64__
_Static_assert(offsetof(struct asyncore_class, name) == 0, "moved");
_Static_assert(offsetof(struct asyncore_class, base) == 8, "moved");
_Static_assert(offsetof(struct asyncore_class, instance_size) == 16, "moved");
_Static_assert(offsetof(struct asyncore_class, flags) == 24, "moved");
_Static_assert(HEAD == 32, "moved");
_Static_assert(N_SLOTS + N_INTERNAL + N_RESERVED == 43, "moved");
_Static_assert(sizeof(struct asyncore_class) == 376, "another size");
_Static_assert(offsetof(struct asyncore_transport, name) == 0, "moved");
_Static_assert(offsetof(struct asyncore_transport, recv) == 8, "moved");
_Static_assert(offsetof(struct asyncore_transport, send) == 16, "moved");
_Static_assert(offsetof(struct asyncore_transport, close) == 24, "moved");
_Static_assert(offsetof(struct asyncore_transport, so_error) == 32, "moved");
_Static_assert(offsetof(struct asyncore_transport, pending) == 40, "moved");
_Static_assert(offsetof(struct asyncore_transport, interest) == 48, "moved");
_Static_assert(sizeof(struct asyncore_transport) == 120, "another size");
#endif
_Static_assert(ASYNCORE_ASK_ON_CHANGE == 1, "another flag");
_Static_assert(ASYNCORE_EXIT_NOW == -4096, "another value");
_Static_assert(ASYNCORE_READ == 1 && ASYNCORE_WRITE == 2, "other bits");

static void (*slot_of(const struct asyncore_class *cls, size_t i))(void)
{
	void (*slot)(void);

	memcpy(&slot, (const char *)cls + slots[i].offset, sizeof slot);
	return slot;
}

START_TEST(built_in_classes_have_every_slot_filled)
{
	static const struct asyncore_class *const classes[] = {
		&asyncore_dispatcher_class, &asyncore_file_dispatcher_class,
		&asyncore_dispatcher_with_send_class,
		&asynchat_async_chat_class.dispatcher
	};
	size_t i;

	for (i = 0; i < N_SLOTS; i++)
		ck_assert_msg(slot_of(classes[_i], i) != NULL, "%s is NULL",
		    slots[i].name);
	for (i = 0; i < N_RESERVED; i++)
		ck_assert(classes[_i]->reserved[i] == NULL);
	ck_assert_ptr_nonnull(classes[_i]->name);
}
END_TEST

/* ---- Classes of other releases. ---- */

static void
ck_refused(const struct asyncore_class *cls)
{
	int fds[2];

	errno = 0;
	ck_assert_ptr_null(asyncore_new(cls, map));
	ck_assert_int_eq(errno, ENOTSUP);
	make_pair(fds);
	errno = 0;
	ck_assert_ptr_null(asyncore_spawn(cls, fds[0], map));
	ck_assert_int_eq(errno, ENOTSUP);
	ck_assert_int_eq(close(fds[1]), 0);
	ck_assert_uint_eq(asyncore_map_len(map), 0);
}

static void
later_method(void)
{
}

/* Any place, and in a base too: it is from a later release. */
START_TEST(reserved_places_in_use_are_ENOTSUP)
{
	static struct asyncore_class later, below;

	memset(&later, 0, sizeof later);
	later.reserved[_i] = later_method;
	below.base = &later;
	ck_refused(&later);
	ck_refused(&below);
}
END_TEST

static int
on_read(struct asyncore_dispatcher *d)
{
	(void)d;
	trace("read");
	return 0;
}

static int
on_write(struct asyncore_dispatcher *d)
{
	(void)d;
	trace("write");
	return 0;
}

static int
on_close(struct asyncore_dispatcher *d)
{
	trace("close");
	return asyncore_close(d);
}

/*
 * A class of an older program, which knew the struct only up to a slot: the
 * rest is zero.
 */
START_TEST(class_compiled_with_fewer_slots_works)
{
	static const struct asyncore_class newer = {
		.name = "Older",
		.handle_read = on_read,
		.handle_write = on_write,
		.handle_close = on_close,
	};
	struct asyncore_class *older = calloc(1, sizeof *older);
	struct asyncore_dispatcher *d;
	int fds[2];

	ck_assert_ptr_nonnull(older);
	memcpy(older, &newer, slots[_i].offset);
	make_pair(fds);
	d = asyncore_new_socket(older, fds[0], map);
	ck_assert_ptr_nonnull(d);
	write_all(fds[1], "x", 1);
	ck_assert_int_eq(asyncore_loop(0, false, map, 1), 0);
	ck_trace("read write");
	ck_assert_int_eq(asyncore_handle_close(d), 0);
	ck_trace("close");
	ck_assert(asyncore_closed(d));
	asyncore_unref(d);
	ck_assert_int_eq(close(fds[1]), 0);
	free(older);
}
END_TEST

void
testing_add(TCase *tc)
{
	tcase_add_test(tc, no_slot_has_moved);
	tcase_add_loop_test(tc, built_in_classes_have_every_slot_filled, 0, 4);
	tcase_add_loop_test(tc, reserved_places_in_use_are_ENOTSUP, 0,
	    N_RESERVED);
	/* From behind handle_close on: what comes before it is used here. */
	tcase_add_loop_test(tc, class_compiled_with_fewer_slots_works, 9,
	    (int)N_SLOTS);
}
