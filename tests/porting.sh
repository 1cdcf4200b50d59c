#!/bin/sh
# porting.sh - the programs of docs/porting.md print the same in C and in Python,
# and those of docs/libevent.md the same with libevent alone and with us.
#
# From the environment: top_srcdir, top_builddir.
: "${top_srcdir:=$(dirname "$0")/..}" "${top_builddir:=.}"
. "$top_srcdir/tests/tap.sh"

limit=
! timeout 1 true >/dev/null 2>&1 || limit='timeout 300'

python=
for candidate in ${PYTHON:+"$PYTHON"} python3 python3.11 /usr/bin/python3; do
	if ($candidate -W ignore -c 'import asyncore') >/dev/null 2>&1; then
		python="$candidate -W ignore"
		break
	fi
done

# prints COMMAND...: to $tmp/out, and something
prints() {
	$limit "$@" >"$tmp/out" && [ -s "$tmp/out" ]
}

# shellcheck disable=SC2086
as_in_python() {
	prints "$top_builddir/tests/porting/$1" || return
	$limit $python "$top_srcdir/tests/porting/$1.py" >"$tmp/python" || return
	diff "$tmp/python" "$tmp/out"
}

for source in "$top_srcdir"/tests/porting/*.c; do
	program=$(basename "$source" .c)
	if [ -n "$python" ]; then
		check "$program prints the same as $program.py" \
		    as_in_python "$program"
	else
		check "$program runs" prints \
		    "$top_builddir/tests/porting/$program"
		skip "$program prints the same as $program.py" \
		    'there is no Python with asyncore'
	fi
done

by_dispatcher() {
	prints "$top_builddir/tests/hosting/event" &&
	    cp "$tmp/out" "$tmp/event" &&
	    prints "$top_builddir/tests/hosting/dispatcher" &&
	    diff "$tmp/event" "$tmp/out"
}

bridges() {
	prints "$top_builddir/tests/hosting/bridges" || return
	cat >"$tmp/expected" <<'EOF'
bufferevent: it speaks
chat: hello
chat: raw
bufferevent: and the rest
EOF
	diff "$tmp/expected" "$tmp/out"
}

connects() {
	prints "$top_builddir/tests/hosting/names" && grep -x connected "$tmp/out"
}

check 'an event and a dispatcher print the same' by_dispatcher
check 'a connection crosses two bridges' bridges
check 'a name is connected to' connects
done_testing
