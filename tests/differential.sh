#!/bin/sh
# differential.sh - random programs behave here as in CPython's asyncore.
#
# Runs those in tests/differential/scripts, and N random ones of SEED.
#
# From the environment: top_srcdir, top_builddir; N, SEED; PYTHON, to try it
# first; KEEP, where programs that differ are kept.
: "${top_srcdir:=$(dirname "$0")/..}" "${top_builddir:=.}"
. "$top_srcdir/tests/tap.sh"

has_asyncore() {
	"$1" -W ignore -c 'import asyncore, asynchat' >/dev/null 2>&1
}

[ "$(uname -s)" = Linux ] || skip_all 'it needs to know how loopback settles'

for python in ${PYTHON:+"$PYTHON"} python3 python3.11 /usr/bin/python3; do
	! has_asyncore "$python" || break
	python=
done
[ -n "$python" ] || skip_all 'there is no Python with asyncore here'

TMPDIR=$tmp "$python" -B "$top_srcdir/tests/differential/run.py" \
    -n "${N:-500}" -s "${SEED:-1}" -o "${KEEP:-$top_builddir/differential}" \
    "$top_builddir/tests/differential/driver" \
    "$top_srcdir"/tests/differential/scripts/*.txt
