#!/bin/sh
# man.sh - the manual pages: each symbol has one, what they declare is what the
# headers declare, mandoc finds nothing wrong with them, and their examples
# compile.
#
# From the environment: top_srcdir, top_builddir, HEADERS, PAGES, PROGRAM_PAGES
# (their names in the source tree; of sections 3 and 1), AWK, CC, CPPFLAGS.
: "${top_srcdir:=$(dirname "$0")/..}" "${top_builddir:=.}"
: "${HEADERS:=$(cd "$top_srcdir" && echo include/*.h)}"
: "${PAGES:=$(cd "$top_srcdir" && echo docs/man/*.3)}"
: "${PROGRAM_PAGES:=$(cd "$top_srcdir" && echo docs/man/*.1)}"
: "${AWK:=awk}" "${CC:=cc}"
. "$top_srcdir/tests/tap.sh"
LC_ALL=C
export LC_ALL

# from_source PROGRAM ARGUMENT...: awk, with the names that the files have there.
from_source() (
	cd "$top_srcdir" && $AWK "$@"
)

# ---- Names ------------------------------------------------------------------

# shellcheck disable=SC2086
from_source -f docs/man/names.awk $PAGES >"$tmp/names"
cut -d ' ' -f 1 "$tmp/names" | sort >"$tmp/sorted"

# empty NAME FILE: what is in FILE should not be.
empty() {
	if [ -s "$2" ]; then
		not_ok "$1" "$2"
	else
		ok "$1"
	fi
}

comm -23 "$top_srcdir/src/libasyncore.sym" "$tmp/sorted" >"$tmp/missing"
empty 'every symbol has a page' "$tmp/missing"
uniq -d "$tmp/sorted" >"$tmp/twice"
empty 'no name has two' "$tmp/twice"
for page in $PAGES; do
	page=$(basename "$page" .3)
	grep -q -x "$page $page" "$tmp/names" || echo "$page"
done >"$tmp/nameless"
empty 'every page has a name that is its own' "$tmp/nameless"

for page in $PROGRAM_PAGES; do
	basename "$page" .1
done | sort - "$tmp/sorted" >"$tmp/known"
# shellcheck disable=SC2086
from_source '/Xr asyn/ {
	for (i = 1; i < NF; i++)
		if ($i ~ /Xr$/)
			print $(i + 1)
}' $PAGES $PROGRAM_PAGES | sort -u | comm -23 - "$tmp/known" >"$tmp/nowhere"
empty 'every reference from one to another leads to one' "$tmp/nowhere"

for page in $PAGES; do
	page=$(basename "$page" .3)
	case $page in
	asyncore | asynchat) continue ;;
	esac
	grep -q -x ".It Xr $page 3" "$top_srcdir/docs/man/${page%%_*}.3" ||
	    echo "$page"
done >"$tmp/unlisted"
empty 'asyncore(3) and asynchat(3) list the others' "$tmp/unlisted"

# ---- What they declare ------------------------------------------------------

# shellcheck disable=SC2086
from_source -v whole=1 -f src/exports.awk $HEADERS | sort >"$tmp/headers"
# shellcheck disable=SC2086
from_source -f tests/synopsis.awk $PAGES | sort >"$tmp/pages"
check 'every declaration of the headers is in one synopsis, and no other' \
    diff "$tmp/headers" "$tmp/pages"

# A slot is a member of a struct, and a pointer to a function.
# shellcheck disable=SC2086
from_source 'match($0, /^\t[a-z_ ]+\(\*[a-z_]+\)\(/) && !/reserved/ {
	sub(/^[^(]*\(\*/, "")
	sub(/\).*/, "")
	print
}' $HEADERS >"$tmp/slots"
# shellcheck disable=SC2086
(cd "$top_srcdir" && cat $PAGES) >"$tmp/text"
while read -r slot; do
	grep -q -E "^\.It (Vt [a-z_]+ )?Fn $slot [a-z]" "$tmp/text" ||
	    echo "$slot"
done <"$tmp/slots" >"$tmp/unsaid"
empty "each of the $(wc -l <"$tmp/slots") slots is described" "$tmp/unsaid"

# Constants are macros that have a value, and members of an enum.
# shellcheck disable=SC2086
from_source '$1 == "#define" && NF > 2 && $2 !~ /\(/ { print $2 }
match($0, /^\tASYNCORE_[A-Z_]+/) { print substr($0, 2, RLENGTH - 1) }
' $HEADERS >"$tmp/constants"
while read -r constant; do
	grep -q -w "Dv.* $constant" "$tmp/text" || echo "$constant"
done <"$tmp/constants" >"$tmp/unsaid"
empty "each of the $(wc -l <"$tmp/constants") constants is described" \
    "$tmp/unsaid"

# ---- Programs ---------------------------------------------------------------

# options FILE: those that it names, "--help" and the like.
options() {
	sed 's/Fl \\-/--/g' "$1" | grep -o -E -e '--[a-z]+' | sort -u
}

# What the page says of a program's options is what the program says.
has_options() {
	"$top_builddir/tools/$2" --help >"$tmp/help" || return
	options "$tmp/help" >"$tmp/said"
	options "$top_srcdir/$1" >"$tmp/described"
	diff "$tmp/said" "$tmp/described"
}

for page in $PROGRAM_PAGES; do
	program=$(basename "$page" .1)
	check "$program(1) has the options of the program" \
	    has_options "$page" "$program"
done

# ---- How they are written ---------------------------------------------------

# mandoc looks for the pages that ours refer to among the installed ones, and
# does not find them; what it says of its database goes to the standard error.
lint() {
	# shellcheck disable=SC2086
	(cd "$top_srcdir" && mandoc -Tlint $PAGES $PROGRAM_PAGES) 2>/dev/null |
	    grep -v 'referenced manual not found' >"$tmp/lint"
	cat "$tmp/lint"
	[ ! -s "$tmp/lint" ]
}

name='mandoc has nothing to say about them'
if (command -v mandoc) >/dev/null 2>&1; then
	check "$name" lint
else
	skip "$name" 'there is no mandoc'
fi

# ---- Their examples ---------------------------------------------------------

# example PAGE: the program in its section EXAMPLES.
example() {
	$AWK '
		$1 == ".Sh" { wanted = $2 == "EXAMPLES" }
		$1 == ".Ed" { on = 0 }
		on { gsub(/\\e/, "\\"); print }
		wanted && $1 == ".Bd" { on = 1 }' "$top_srcdir/$1"
}

# libtool finds no library in a path with spaces, so it has a relative one.
compile() (
	cd "$top_builddir" || exit
	# shellcheck disable=SC2086
	./libtool --mode=link --tag=CC $CC -std=c11 -Wall -Wextra -Werror \
	    $CPPFLAGS -I"$top_srcdir/include" "$1" libasyncore.la -o "$1.out"
)

for page in $PAGES; do
	page=docs/man/$(basename "$page")
	example "$page" >"$tmp/example.c"
	case $page in
	*/asyncore.3 | */asynchat.3)
		check "$page has a whole program" \
		    grep '^main(' "$tmp/example.c"
		;;
	esac
	if [ -s "$tmp/example.c" ]; then
		check "the example of $page compiles" compile "$tmp/example.c"
	fi
done
done_testing
