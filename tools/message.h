/*
 * message.h - what asyncore-timeline says, and how it ends where it cannot go on.
 *
 * The program reads one trace, writes one picture and ends.  Who cannot go on
 * says why and ends it, and leaves the memory to the system.
 */
#ifndef MESSAGE_H
#define MESSAGE_H

#define PROGRAM "asyncore-timeline"

#if defined __GNUC__
#define PRINTF(f, args) __attribute__((format(printf, f, args)))
#else
#define PRINTF(f, args)
#endif

/* "asyncore-timeline: MESSAGE" on stderr; die() ends with status 1. */
void warn(const char *format, ...) PRINTF(1, 2);
_Noreturn void die(const char *format, ...) PRINTF(1, 2);

#endif /* MESSAGE_H */
