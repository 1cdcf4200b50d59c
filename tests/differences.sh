#!/bin/sh
# differences.sh - each test that docs/differences.md names exists, and each that
# docs/robustness.md names.
#
# From the environment: top_srcdir.
: "${top_srcdir:=$(dirname "$0")/..}"
. "$top_srcdir/tests/tap.sh"

# The last column's words in back quotes.
names() {
	awk -F'|' 'NF > 4 { print $(NF - 1) }' "$top_srcdir/docs/differences.md" |
	    tr ',' '\n' | sed -n 's/.*`\([A-Za-z_0-9]*\)`.*/\1/p' | sort -u
}

# Of the words in back quotes those that look like one, and are no names of files.
shown() {
	sed -n '/^## What SECURITY.md promises/,/^## Every/p' \
	    "$top_srcdir/docs/robustness.md" | tr '`' '\n' |
	    grep -x '[a-z]*_[A-Za-z_0-9]*' | grep -v '^check_' | sort -u
}

for name in $( (names; shown) | sort -u); do
	check "$name exists" grep -qE "^START_TEST\\($name\\)" \
	    "$top_srcdir"/tests/check_*.c
done
check 'the table names tests' test "$tap_count" -gt 10
done_testing
