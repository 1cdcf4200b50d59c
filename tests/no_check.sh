#!/bin/sh
# no_check.sh - stands for the unit tests where configure found no Check.
#
# From the environment: top_srcdir, UNIT_TESTS (the programs that are missing).
: "${top_srcdir:=$(dirname "$0")/..}"
. "$top_srcdir/tests/tap.sh"

for test in $UNIT_TESTS; do
	skip "$test" 'configure found no Check >= 0.11 or no libevent_pthreads'
done
done_testing
