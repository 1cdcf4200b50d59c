/*
 * faults.h - makes the n-th call of malloc() or of a system call fail.
 *
 * The program of these tests is linked with the library's own files, compiled
 * once more so that their malloc() is ours (see Makefile.am); libevent's is too
 * (event_set_mem_functions).  System calls are caught where the program defines
 * them before the C library does, which catches libevent's as well.  What a
 * test does itself, between faults_hold() and faults_release(), is left alone.
 */
#ifndef FAULTS_H
#define FAULTS_H

#include <stdbool.h>
#include <stddef.h>

/* What can fail, and with what. */
struct fault {
	const char *name;
	const int *errors;		/* that its manual page names; 0 ends */
	unsigned count;			/* of its calls since faults_begin() */
};
extern struct fault faults[];
extern const int n_faults;

/* Before anything else calls libevent. */
void faults_install(void);

/* The kinds of failing, one at a time, from now on until faults_end(). */
void faults_begin(void);		/* none: only counts */
/* The n-th call, from 0 on; or that and all that follow. */
void faults_fail(int call, unsigned n, int err, bool all);
/* Everything that reads or writes takes one byte at most. */
void faults_shorten(void);
/* poll() does not say these bits. */
void faults_hide(short revents);
void faults_end(void);

/* The place of a call in faults[]. */
int faults_find(const char *name);
/* Has the call that was to fail been made? */
bool faults_happened(void);
/* Can it be answered by `err`, by what happened? */
bool faults_explain(int err);
/* Must the library get over it, so that the job is done all the same? */
bool faults_must_not_matter(void);

void faults_hold(void);
void faults_release(void);

/* Of memory, by the library and by libevent. */
long faults_blocks(void);

#endif /* FAULTS_H */
