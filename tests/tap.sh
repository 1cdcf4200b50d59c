# tap.sh - what our shell tests share: results in TAP, and a directory.
#
# Read with `.`.  A test calls ok, not_ok or skip once for each thing it
# states, and done_testing at its end.  $tmp is a new directory, which goes
# when the test ends.
# shellcheck shell=sh

tap_count=0
tap_failed=0

tmp=$(mktemp -d "${TMPDIR:-/tmp}/libasyncore.XXXXXX") || exit 1
trap 'rm -rf "$tmp"' 0
trap 'exit 1' 1 2 15

# ok NAME
ok() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count $1"
}

# not_ok NAME [FILE]: what FILE holds explains it.
not_ok() {
	tap_count=$((tap_count + 1))
	tap_failed=$((tap_failed + 1))
	echo "not ok $tap_count $1"
	[ $# -lt 2 ] || sed 's/^/# /' "$2"
}

# skip NAME REASON
skip() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count $1 # SKIP $2"
}

# skip_all REASON: nothing of this test can run.
skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

# check NAME COMMAND...: the command succeeds; its output explains a failure.
check() {
	tap_name=$1
	shift
	if "$@" >"$tmp/check.log" 2>&1; then
		ok "$tap_name"
	else
		not_ok "$tap_name" "$tmp/check.log"
	fi
}

# The plan.  The exit status stays 0: a failure has been told already, and
# automake would count the status as one more.
done_testing() {
	echo "1..$tap_count"
}
