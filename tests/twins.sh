#!/bin/sh
# twins.sh - the examples print what their twins in Python print, line for line.
#
# The twins, in tests/twins, are the same programs on CPython's asyncore.  What
# a program writes to stdout and to stderr is compared, and its exit status;
# only the numbers of ports are normalised.
#
# From the environment: top_srcdir, top_builddir; PYTHON, to try it first.
: "${top_srcdir:=$(dirname "$0")/..}" "${top_builddir:=.}"
. "$top_srcdir/tests/tap.sh"

has_asyncore() {
	"$1" -W ignore -c 'import asyncore' >/dev/null 2>&1
}

for python in ${PYTHON:+"$PYTHON"} python3 python3.11 /usr/bin/python3; do
	! has_asyncore "$python" || break
	python=
done
[ -n "$python" ] || skip_all 'there is no Python with asyncore here'

limit=
! timeout 1 true >/dev/null 2>&1 || limit='timeout 300'

# run FILE COMMAND...: what it prints, and its exit status, into $tmp/FILE
run() {
	file=$tmp/$1
	shift
	status=0
	# shellcheck disable=SC2086
	$limit "$@" >"$file.out" 2>"$file.err" </dev/null || status=$?
	{
		echo 'stdout:'
		cat "$file.out"
		echo 'stderr:'
		sed "s/('127\.0\.0\.1', [0-9]*)/('127.0.0.1', PORT)/" \
		    "$file.err"
		echo "exit status: $status"
	} >"$file"
	return $status
}

# same NAME EXAMPLE ARGUMENT...
#
# The traces are equal on an idle machine, each time: loopback is synchronous.
# On a busy one the kernel may hand a packet on a moment later, and either
# program, Python's too, then has a pass more or less.  So an unequal pair is
# run again, a few times; a library that differs differs each time.
same() {
	name=$1
	example=$2
	shift 2
	rm -f "$tmp/py"
	for try in 1 2 3 4 5; do
		run c "$top_builddir/examples/$example" "$@" || break
		run py "$python" -B -W ignore \
		    "$top_srcdir/tests/twins/$example.py" "$@" || break
		if cmp -s "$tmp/py" "$tmp/c"; then
			ok "$name"
			[ $try -eq 1 ] || echo "# at try $try"
			return
		fi
	done
	cat "$tmp/c" "$tmp/server.log" >"$tmp/why"
	[ ! -f "$tmp/py" ] || diff -u "$tmp/py" "$tmp/c" >>"$tmp/why"
	not_ok "$name" "$tmp/why"
}

# text LENGTH: a file of that many letters and newlines
text() {
	awk -v n="$1" 'BEGIN {
		for (i = 1; i <= n; i++)
			printf "%s", i % 60 ? substr("abcdefghijklm", \
			    i % 13 + 1, 1) : "\n"
	}' >"$tmp/text.$1"
	echo "$tmp/text.$1"
}

: >"$tmp/server.log"
lorem=$top_srcdir/examples/lorem.txt
same 'echo: lorem.txt' echo "$lorem"
for length in 1 256 257 512 20000; do
	same "echo: $length bytes" echo "$(text $length)"
done
same 'file_reader: lorem.txt' file_reader "$lorem"
for length in 0 1 256 20000; do
	same "file_reader: $length bytes" file_reader "$(text $length)"
done

mkfifo "$tmp/port"
"$python" "$top_srcdir/tests/twins/server.py" 2 \
    >"$tmp/port" 2>"$tmp/server.log" &
trap 'kill $! 2>/dev/null; rm -rf "$tmp"' 0
if ! read -r port <"$tmp/port"; then
	not_ok 'a server answers the HTTP clients' "$tmp/server.log"
	done_testing
	exit
fi
url=http://127.0.0.1:$port
same 'http_client: two URLs at once' http_client "$url/a" "$url/b"
same 'http_client: no path, a query' http_client "$url" "$url/?q=a#b"
same 'step_loop: two URLs at once' step_loop "$url/a" "$url/b"
done_testing
