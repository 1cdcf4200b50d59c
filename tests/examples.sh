#!/bin/sh
# examples.sh - what the examples do at their limits.
#
# twins.sh and http.sh have what they are for.
#
# From the environment: top_srcdir, top_builddir.
: "${top_srcdir:=$(dirname "$0")/..}" "${top_builddir:=.}"
. "$top_srcdir/tests/tap.sh"

limit=
! timeout 1 true >/dev/null 2>&1 || limit='timeout 300'

# exits STATUS EXAMPLE ARGUMENT...: stdout to $tmp/out, stderr to $tmp/err
exits() {
	expected=$1
	example=$2
	shift 2
	status=0
	$limit "$top_builddir/examples/$example" "$@" \
	    >"$tmp/out" 2>"$tmp/err" </dev/null || status=$?
	echo "exit status $status"
	tail -n 3 "$tmp/out" "$tmp/err"
	[ $status -eq "$expected" ]
}

# ---- echo's buffers ---------------------------------------------------------

echoes_largest() {
	head -c 1048576 /dev/zero | tr '\0' x >"$tmp/largest"
	exits 0 echo "$tmp/largest" && [ ! -s "$tmp/out" ] &&
	    grep 'RECEIVED COPY OF MESSAGE$' "$tmp/err"
}

refuses_larger() {
	head -c 1048577 /dev/zero >"$tmp/larger"
	exits 1 echo "$tmp/larger" && grep 'File too large' "$tmp/err"
}

# ---- How they are called ----------------------------------------------------

# The page says of an example what it says of itself.
has_usage() {
	sed -n "s/^| \[\`$1\`\]([a-z_]*\.c)\( \`\([^\`]*\)\`\)* |.*/usage: $1 \2/p" \
	    "$top_srcdir/examples/README.md" | sed 's/\\|/|/g; s/ $//' \
	    >"$tmp/page"
	exits 0 "$1" --help && sed 's/ $//' "$tmp/out" | diff "$tmp/page" -
}

# usage OUTPUT STATUS EXAMPLE ARGUMENT...: one line, there and nowhere else
usage() {
	where=$1
	shift
	exits "$@" && cat "$tmp/out" "$tmp/err" | cmp - "$tmp/$where" &&
	    awk -v start="usage: $2 " '
		index($0, start) != 1 { exit 1 }
		END { exit NR != 1 }' "$tmp/$where"
}

for example in chat_server echo file_reader host_loop http_client proxy repl \
    smtp_sink step_loop threads; do
	for argument in -h --help; do
		check "$example $argument" usage out 0 $example $argument
	done
	check "$example with an unknown option" usage err 2 $example -x
	check "examples/README.md says how $example is called" \
	    has_usage $example
done
for example in echo file_reader; do
	check "$example with two files" \
	    usage err 2 $example "$top_srcdir/examples/lorem.txt" none
done
for example in http_client step_loop; do
	check "$example without a URL" usage err 2 $example
done

check 'echo: a file of 1 MiB' echoes_largest
check 'echo: a larger one is refused' refuses_larger
done_testing
