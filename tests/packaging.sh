#!/bin/sh
# packaging.sh - what packages are made from is well-formed, and Debian's list of
# symbols is ours.  `make deb` and `make rpm` build them.
#
# From the environment: top_srcdir.
: "${top_srcdir:=$(dirname "$0")/..}"
. "$top_srcdir/tests/tap.sh"
LC_ALL=C
export LC_ALL

packaging=$top_srcdir/packaging

sed -n 's/^ \(.*\)@Base [0-9.]*$/\1/p' \
    "$packaging/debian/libasyncore0.symbols" >"$tmp/symbols"
check "Debian's list of symbols is ours (make update-symbols)" \
    diff "$top_srcdir/src/libasyncore.sym" "$tmp/symbols"

# The license that Debian shows is the one that we give.
sed -n '/^License: BSD-3-clause$/,$p' "$packaging/debian/copyright" |
    sed -n 's/^ \.$//p; s/^ \(.\)/\1/p' >"$tmp/license"
sed 1,2d "$top_srcdir/LICENSE" >"$tmp/ours"
check "Debian's copyright is LICENSE" diff "$tmp/ours" "$tmp/license"

check 'the APKBUILD is shell' sh -n "$packaging/alpine/APKBUILD"
if (ruby --version) >/dev/null 2>&1; then
	check 'the formula is Ruby' ruby -c "$packaging/homebrew/libasyncore.rb"
else
	skip 'the formula is Ruby' 'there is no ruby'
fi
# rpm is particular about paths.
reads_spec() (
	cd "$packaging/rpm" && rpmspec -P libasyncore.spec
)

if (rpmspec --version) >/dev/null 2>&1; then
	check 'rpm reads the .spec file' reads_spec
else
	skip 'rpm reads the .spec file' 'there is no rpmspec'
fi
done_testing
