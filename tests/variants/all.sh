#!/bin/sh
# all.sh - `make check-all`: the tests in each configuration, one after the
# other, whatever fails; then what ran, how long it took, and what did not run
# and why.
#
# From the environment: MAKE, and which CONFIGURATIONS.  Their output goes to
# variants/NAME.log; of one that fails its failures are shown.
set -u

one() {
	case $1 in
	gcc) $MAKE check ;;
	# Each process that Check forks costs time there: one backend.
	valgrind | s390x | arm64)
		CK_RUN_CASE=${CK_RUN_CASE-default} $MAKE "check-$1"
		;;
	*) $MAKE "check-$1" ;;
	esac
}

# count NAME WORD: the results of a kind, of automake's summaries
count() {
	awk -v word="# $2:" 'index($0, word) == 1 { n += $3 }
		END { print n + 0 }' "variants/$1.log"
}

failures() {
	echo "---- variants/$1.log ----"
	grep -E '^(FAIL|ERROR|XPASS):|: error:' "variants/$1.log" | head -n 40
	grep -m 1 -B 15 '^make.*\*\*\*' "variants/$1.log"
}

# run NAME: a line of the summary
run() {
	start=$(date +%s)
	one "$1" >"variants/$1.log" 2>&1
	status=$?
	took=$(($(date +%s) - start))
	reason=$(sed -n "s/^check-$1: skipped: //p" "variants/$1.log")
	if [ "$status" -ne 0 ]; then
		failed="$failed $1"
		failures "$1"
		word=FAILED
	elif [ -n "$reason" ]; then
		word="skipped: $reason"
	else
		word=passed
	fi
	printf '%-12s %6d %8d %8d  %s\n' "$1" "$took" "$(count "$1" PASS)" \
	    "$(count "$1" SKIP)" "$word" >>variants/summary
}

failed=
mkdir -p variants || exit
printf '%-12s %6s %8s %8s\n' '' seconds passed skipped >variants/summary
for name in $CONFIGURATIONS; do
	printf 'check-all: %s (%s)\n' "$name" "$(date +%T)"
	run "$name"
done
echo
cat variants/summary
[ -z "$failed" ] || echo "check-all: failed:$failed"
[ -z "$failed" ]
