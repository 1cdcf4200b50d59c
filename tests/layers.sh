#!/bin/sh
# layers.sh - docs/architecture.md shows all files of the library, and no file
# calls one that stands further up there, but for what the page names.
#
# The objects know who calls whom.  From the environment: top_srcdir,
# top_builddir, NM, AWK.
: "${top_srcdir:=$(dirname "$0")/..}" "${top_builddir:=.}" "${NM:=nm}"
: "${AWK:=awk}"
. "$top_srcdir/tests/tap.sh"
LC_ALL=C
export LC_ALL

page=$top_srcdir/docs/architecture.md

# "FILE ROW" of each file in the picture; lines up to one with a caption, which
# is what follows the files, are one row.
rows() {
	$AWK '
		/^```/ { if (on) exit; on = 1; next }
		!on { next }
		{
			caption = 0
			for (i = 1; i <= NF; i++)
				if ($i ~ /^[a-z_]+\.c$/)
					print $i, row + 1
				else
					caption = 1
			row += caption
		}' "$page"
}

rows >"$tmp/rows"
shows_all() {
	cut -d ' ' -f 1 "$tmp/rows" | sort >"$tmp/shown"
	(cd "$top_srcdir/src" && ls -- *.c) | sort | diff - "$tmp/shown"
}
check 'the picture has every file, once' shows_all

# "FILE T NAME" of what a file has, "FILE U NAME" of what it takes.
symbols() {
	while read -r file row; do
		for object in "$top_builddir"/src/.libs/*-"${file%.c}".o \
		    "$top_builddir"/src/*-"${file%.c}".o; do
			[ -f "$object" ] || continue
			$NM "$object" | $AWK -v file="$file" -v row="$row" '
				$(NF - 1) ~ /^[TDBRSU]$/ {
					sub(/^_/, "", $NF)
					print file, row, $(NF - 1), $NF
				}'
			break
		done
	done <"$tmp/rows"
}

# "NAME: FILE calls FILE" where that is further up.
upwards() {
	$AWK '
		NR == FNR { if ($3 != "U") { in_file[$4] = $1; at[$4] = $2 } next }
		$3 == "U" && ($4 in at) && at[$4] < $2 {
			print $4 ": " $1 " calls " in_file[$4]
		}' "$tmp/symbols" "$tmp/symbols"
}

named() {
	sed -n '/^### The way up/,/^## /p' "$page" | tr '`' '\n' |
	    grep -x 'asyn[a-z]*_[a-z_]*' | sort -u
}

named >"$tmp/named"
symbols >"$tmp/symbols" 2>"$tmp/nm"
upwards >"$tmp/upwards"

only_what_is_named() {
	! grep -v -w -F -f "$tmp/named" "$tmp/upwards"
}

exist() {
	missing=0
	while read -r name; do
		grep -q -w -e "$name" "$top_srcdir"/src/*.c ||
		    { echo "$name"; missing=1; }
	done <"$tmp/named"
	return $missing
}

check 'what it names is there' exist
name='nobody calls further up, but what is named'
if [ "$(grep -c ' [TS] ' "$tmp/symbols")" -lt 100 ]; then
	skip "$name" "$NM reads no objects here"
else
	check "$name" only_what_is_named
	check 'and some do, so that this looks' test -s "$tmp/upwards"
fi
done_testing
