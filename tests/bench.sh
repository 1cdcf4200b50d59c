#!/bin/sh
# bench.sh - the benchmark runs: each of its servers answers, each program ends,
# and there is a report with every case.  No time is looked at.
#
# From the environment: top_srcdir, top_builddir.
: "${top_srcdir:=$(dirname "$0")/..}" "${top_builddir:=.}"
. "$top_srcdir/tests/tap.sh"

programs=$top_builddir/tests/bench
[ -x "$programs/load" ] || skip_all 'the benchmark is for Linux'
python3 -c 'import subprocess' >/dev/null 2>&1 ||
    skip_all 'there is no python3'
limit=
! timeout 1 true >/dev/null 2>&1 || limit='timeout 600'

run() {
	# shellcheck disable=SC2086
	$limit python3 -B "$top_srcdir/tests/bench/bench.py" --smoke \
	    --programs "$programs" --out "$tmp/out"
}

# has CASE PEER: the peer has a value in it.
has() {
	grep -E "^\"?$1[^\"]*\"?,\"?$2\"?,[^,]*,0,-?[0-9]" \
	    "$tmp/out/benchmark.csv"
}

# in_report PATTERN
in_report() {
	grep "$1" "$tmp/out/benchmark.md"
}

# server NAME PEER: it is in every case of the servers, if it was built.
server() {
	if [ ! -x "$programs/$1" ]; then
		skip "$2 serves" "there is no $2 here"
		check "$2 is named as missing" in_report "Missing here:.*$2"
		return
	fi
	for case in 'echo, 10 active of 10' connections stream memory; do
		check "$2 serves: $case" has "$case" "$2"
	done
}

check 'the benchmark runs' run
server echo_epoll 'epoll loop'
server echo_libevent libevent
server echo_bufferevent bufferevent
server echo_libev libev
server echo_libuv libuv
server echo_asyncore libasyncore
server echo_asyncore 'libasyncore, asked every pass'
if in_report 'Missing here:.*CPython' >/dev/null; then
	skip 'CPython serves' 'there is no Python with asyncore here'
else
	check 'CPython serves' has 'echo, 10 active of 10' CPython
	check 'CPython takes lines' has 'lines of 32 bytes' CPython
fi
for peer in libasyncore bufferevent; do
	check "$peer takes lines of 32 bytes" has 'lines of 32 bytes' $peer
	check "$peer takes lines of 1024 bytes" has 'lines of 1024 bytes' $peer
done
for peer in libasyncore libevent; do
	check "$peer runs the chain" has 'chain of' $peer
done
check 'scheduled calls run' has 'scheduled calls' libasyncore
check 'predicates are asked' has 'a channel in a pass' 'both asked'
check 'input without a terminator is read' has 'linear time' 'no terminator'
check 'the report has the marks' in_report '^| connections per second'
done_testing
