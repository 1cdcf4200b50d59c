#!/bin/sh
# abi.sh - packaging/abi.sh finds what programs would notice in a later release,
# and says which number of the version that needs.
#
# The libraries are small ones, made here.
#
# From the environment: top_srcdir, CC.
: "${top_srcdir:=$(dirname "$0")/..}" "${CC:=cc}"
. "$top_srcdir/tests/tap.sh"

(abidw --version && abidiff --version) >/dev/null 2>&1 ||
    skip_all 'there is no abidw or abidiff (package abigail-tools)'

mkdir "$tmp/include" "$tmp/releases"

# library CODE HEADER-LINE...
library() {
	printf '#include "sample.h"\n%s\n' "$1" >"$tmp/sample.c"
	shift
	printf '%s\n' "$@" >"$tmp/include/sample.h"
	# shellcheck disable=SC2086
	$CC -g -fPIC -shared -I"$tmp/include" -o "$tmp/libsample.so" \
	    "$tmp/sample.c"
}

code='int f(struct s *s) { return s->a; }'
more='int g(void) { return 0; }'
struct='struct s { int a; void *reserved; };'
declared='int f(struct s *s);'
declared_more='int g(void);'

# says STATUS TEXT VERSION
says() {
	"$top_srcdir/packaging/abi.sh" "$tmp/libsample.so" "$tmp/include" "$3" \
	    "$tmp/releases" "$tmp/out" >"$tmp/said" 2>&1
	status=$?
	cat "$tmp/said"
	[ $status -eq "$1" ] && grep -q "$2" "$tmp/said"
}

library "$code $more" "$struct" "$declared" "$declared_more" \
    >"$tmp/cc.log" 2>&1 || skip_all "$CC makes no shared library with -shared"
check 'there is no release yet' \
    says 0 'no earlier release' 1.2.0
cp "$tmp"/out/*.abi "$tmp/releases"
cp "$tmp"/out/libsample-1.2.0-*.abi \
    "$tmp/releases/libsample-1.10.0-$(uname -m).abi"

check 'the newest release is compared, by its numbers' \
    says 0 'after 1.10.0' 1.10.1
check 'nothing has changed' \
    says 0 'needs no other number but the last' 1.10.1
library "$code $more int h;" "$struct" "$declared" "$declared_more" \
    'extern int h;'
check 'what is new needs another second number' \
    says 1 'needs another second number$' 1.10.1
check 'and is fine with it' \
    says 0 'needs another second number, as there is' 1.11.0
library "$code" "$struct" "$declared"
check 'a function that is missing is named' says 1 'function int g' 1.11.0
check 'and needs another first number' \
    says 1 'needs another first number$' 1.11.0
check 'and is fine with it' \
    says 0 'needs another first number, as there is' 2.0.0
library "$code $more" 'struct s { void *b; int a; void *reserved; };' \
    "$declared" "$declared_more"
check 'so does a struct that has another layout' \
    says 1 'needs another first number$' 1.11.0
library 'int f(struct s *s, int i) { return s->a + i; }'" $more" "$struct" \
    'int f(struct s *s, int i);' "$declared_more"
check 'and a function that has another argument' \
    says 1 'needs another first number$' 1.11.0
library "$code $more" 'struct s { int a; void *slot; };' "$declared" \
    "$declared_more"
printf '[suppress_type]\nname = s\ntype_kind = struct\n' \
    >"$tmp/releases/reviewed.ini"
check 'a change that was looked at is none' \
    says 0 'needs no other number but the last' 1.10.1

library "$code $more" "$struct" "$declared" "$declared_more"
(strip "$tmp/libsample.so") >/dev/null 2>&1 &&
    check 'a library without debugging information is an error' \
    says 2 'compile it with -g' 1.10.1
done_testing
