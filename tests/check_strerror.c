/*
 * check_strerror.c - asyncore_strerror(): words for all that can be answered,
 * in every thread its own.
 */
#include "testing.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

const char testing_suite[] = "strerror";

START_TEST(results_are_taken_as_they_are)
{
	ck_assert_str_eq(asyncore_strerror(-ECONNREFUSED),
	    strerror(ECONNREFUSED));
	ck_assert_str_eq(asyncore_strerror(asyncore_listen(NULL, 1)),
	    strerror(EINVAL));
}
END_TEST

START_TEST(errno_is_taken_too)
{
	errno = ENOTSOCK;
	ck_assert_str_eq(asyncore_strerror(errno), strerror(ENOTSOCK));
}
END_TEST

START_TEST(our_own_codes_are_named)
{
	ck_assert_ptr_nonnull(strstr(asyncore_strerror(ASYNCORE_EXIT_NOW),
	    "ASYNCORE_EXIT_NOW"));
	ck_assert_ptr_nonnull(strstr(
	    asyncore_strerror(ASYNCORE_KEYBOARD_INTERRUPT),
	    "ASYNCORE_KEYBOARD_INTERRUPT"));
}
END_TEST

START_TEST(nothing_is_no_error)
{
	ck_assert_str_eq(asyncore_strerror(0), "No error");
}
END_TEST

#define ck_number(err, text)						\
	ck_assert_ptr_nonnull(strstr(asyncore_strerror(err), text))

START_TEST(a_number_without_words_is_told)
{
	ck_number(-4095, strerror(4095));	/* not in each C library */
	ck_number(4095, strerror(4095));
	ck_number(ASYNCORE_KEYBOARD_INTERRUPT - 1, "-4098");
	ck_number(INT_MIN, "-2147483648");
	ck_number(INT_MAX, strerror(INT_MAX));
}
END_TEST

START_TEST(errno_stays)
{
	errno = ENOENT;
	(void)asyncore_strerror(-4095);
	(void)asyncore_strerror(INT_MAX);
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

static void *
ask_for_another(void *arg)
{
	(void)arg;
	return strdup(asyncore_strerror(INT_MIN));
}

START_TEST(another_thread_does_not_change_it)
{
	const char *mine = asyncore_strerror(ASYNCORE_KEYBOARD_INTERRUPT - 1);
	pthread_t thread;
	void *other;

	ck_assert_int_eq(pthread_create(&thread, NULL, ask_for_another, NULL),
	    0);
	ck_assert_int_eq(pthread_join(thread, &other), 0);
	ck_assert_ptr_nonnull(other);
	ck_assert_ptr_nonnull(strstr(other, "-2147483648"));
	ck_assert_ptr_nonnull(strstr(mine, "-4098"));
	free(other);
}
END_TEST

void
testing_add(TCase *tc)
{
	tcase_add_test(tc, results_are_taken_as_they_are);
	tcase_add_test(tc, errno_is_taken_too);
	tcase_add_test(tc, our_own_codes_are_named);
	tcase_add_test(tc, nothing_is_no_error);
	tcase_add_test(tc, a_number_without_words_is_told);
	tcase_add_test(tc, errno_stays);
	tcase_add_test(tc, another_thread_does_not_change_it);
}
