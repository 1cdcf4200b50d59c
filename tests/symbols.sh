#!/bin/sh
# symbols.sh - the library exports what its headers declare, and nothing else.
#
# src/libasyncore.sym is the list: the linker reads it, and here it is compared
# with the headers on one side and with the libraries on the other.
#
# From the environment: top_srcdir, top_builddir, HEADERS, AWK, NM.
: "${top_srcdir:=$(dirname "$0")/..}"
: "${HEADERS:=$(cd "$top_srcdir" && echo include/*.h)}"
: "${top_builddir:=.}" "${AWK:=awk}" "${NM:=nm}"
. "$top_srcdir/tests/tap.sh"
LC_ALL=C
export LC_ALL

list=$top_srcdir/src/libasyncore.sym
shared=$top_builddir/.libs/libasyncore.so
static=$top_builddir/.libs/libasyncore.a

# The names of a library's global definitions; the version script's own name
# and what instrumentation adds (reserved names) are not ours.
defined() {
	$NM "$@" | $AWK 'NF >= 3 && $3 !~ /^(_|\.)/ { print $3 }' | sort -u
}

check 'the list is sorted and names each symbol once' sort -c -u "$list"

if grep -v -E '^(asyncore|asynchat)_[a-z0-9]+(_[a-z0-9]+)*$' "$list" \
    >"$tmp/odd"; then
	not_ok 'every symbol has the prefix of a module' "$tmp/odd"
else
	ok 'every symbol has the prefix of a module'
fi

# shellcheck disable=SC2086
(cd "$top_srcdir" && $AWK -f src/exports.awk $HEADERS) | sort >"$tmp/declared"
check 'the list has what the headers declare (make update-symbols)' \
    diff "$list" "$tmp/declared"

name='the shared library exports the list'
if [ ! -f "$shared" ]; then
	skip "$name" 'there is no .libs/libasyncore.so in the build'
elif ! $NM -D --defined-only "$shared" >/dev/null 2>&1; then
	skip "$name" "$NM does not know -D --defined-only"
else
	defined -D --defined-only "$shared" >"$tmp/exported"
	check "$name" diff "$list" "$tmp/exported"
fi

# The library compares addresses with those of programs, which may have their
# own entry for a function: so it must ask the loader for them, which clang's
# -fno-semantic-interposition and the linker's -Bsymbolic would leave out.
name='the library takes the known predicates'"'"' addresses from the loader'
if ! (readelf -rW "$shared") >"$tmp/relocations" 2>/dev/null; then
	skip "$name" 'there is no readelf, or no .libs/libasyncore.so'
elif ! grep -q GLOB_DAT "$tmp/relocations"; then
	skip "$name" 'this machine has no relocation that is called GLOB_DAT'
elif grep -q -E 'GLOB_DAT.* asyncore_always( |$)' "$tmp/relocations" &&
    grep -q -E 'GLOB_DAT.* asyncore_never( |$)' "$tmp/relocations"; then
	ok "$name"
else
	not_ok "$name" "$tmp/relocations"
fi

name='the static library defines no name that a program may use'
if [ ! -f "$static" ]; then
	skip "$name" 'there is no .libs/libasyncore.a in the build'
else
	defined -g "$static" | grep -v -E '^(asyncore|asynchat)_' >"$tmp/foreign"
	if [ -s "$tmp/foreign" ]; then
		not_ok "$name" "$tmp/foreign"
	else
		ok "$name"
	fi
fi
done_testing
