#!/bin/sh
# doc.sh - Doxygen takes our headers, as `make doc` gives them to it, without a
# warning, and has all of their symbols afterwards.
#
# From the environment: top_srcdir, top_builddir.
: "${top_srcdir:=$(dirname "$0")/..}" "${top_builddir:=.}"
. "$top_srcdir/tests/tap.sh"

(doxygen --version) >/dev/null 2>&1 || skip_all 'there is no doxygen'

# Where it runs, the paths in it are right.
run() (
	cd "$top_builddir/docs" || exit
	{
		cat Doxyfile
		printf '%s = "%s"\n' OUTPUT_DIRECTORY "$tmp" \
		    WARN_LOGFILE "$tmp/warnings" GENERATE_TAGFILE "$tmp/tags"
	} | doxygen -
)

has_no_warning() {
	cat "$tmp/warnings"
	[ ! -s "$tmp/warnings" ]
}

# Some symbol that is not there is printed.
has_all() {
	missing=0
	while read -r symbol; do
		grep -q "<name>$symbol</name>" "$tmp/tags" ||
		    { echo "$symbol"; missing=1; }
	done <"$top_srcdir/src/libasyncore.sym"
	return $missing
}

check 'doxygen runs' run
check 'it has nothing to warn of' has_no_warning
check 'every symbol is in what it makes' has_all
done_testing
