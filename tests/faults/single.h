/*
 * single.h - the tests of single calls, for check_faults.
 */
#ifndef SINGLE_H
#define SINGLE_H

#include <check.h>

void single_add(TCase *tc);

#endif /* SINGLE_H */
