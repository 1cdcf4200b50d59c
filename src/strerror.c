/*
 * strerror.c - the words for what functions, hooks and the loop answer.
 *
 * Known words are constants, and a number without words is written into
 * memory of the thread's own, so that several maps may each have errors in
 * threads of their own.  (strerror() promises that of no system.)
 */
#include "internal.h"

#include <stdio.h>
#include <string.h>

static _Thread_local char words[128];

static const char *
of_number(const char *what, int number)
{
	(void)snprintf(words, sizeof words, "%s %d", what, number);
	return words;
}

static const char *
of_errno(int err)
{
#ifdef STRERROR_R_CHAR_P
	return strerror_r(err, words, sizeof words);
#else
	if (strerror_r(err, words, sizeof words) != 0 || words[0] == '\0')
		return of_number("Unknown error", err);
	return words;
#endif
}

static const char *
words_for(int err)
{
	switch (err) {
	case 0:
		return "No error";
	case ASYNCORE_EXIT_NOW:
		return "Exit now (ASYNCORE_EXIT_NOW)";
	case ASYNCORE_KEYBOARD_INTERRUPT:
		return "Keyboard interrupt (ASYNCORE_KEYBOARD_INTERRUPT)";
	default:
		break;
	}
	if (asyncore__leaves_loop(err))
		return of_number("The program's own value", err);
	return of_errno(err < 0 ? -err : err);
}

const char *
asyncore_strerror(int err)
{
	const int saved = errno;
	const char *p = words_for(err);

	errno = saved;
	return p;
}
