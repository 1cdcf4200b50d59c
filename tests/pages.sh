#!/bin/sh
# pages.sh - what the pages of the documentation say is there: their links lead
# somewhere, their names are in the headers, their code is code that is compiled,
# and docs/porting.md has all names of asyncore and asynchat.
#
# Code that stands under <!-- FILE --> is, line by line, a piece of that file.
#
# From the environment: top_srcdir, AWK.
: "${top_srcdir:=$(dirname "$0")/..}" "${AWK:=awk}"
. "$top_srcdir/tests/tap.sh"
LC_ALL=C
export LC_ALL

pages=$(cd "$top_srcdir" && echo *.md docs/*.md docs/*/*.md examples/*.md)

# empty NAME FILE: what is in FILE should not be.
empty() {
	if [ -s "$2" ]; then
		not_ok "$1" "$2"
	else
		ok "$1"
	fi
}

# ---- Links ------------------------------------------------------------------

# The anchors of a page's headings, as GitHub makes them.
anchors() {
	$AWK '/^```/ { code = !code } !code && sub(/^#+ /, "")' "$1" |
	    tr 'A-Z ' 'a-z-' | tr -d -c 'a-z0-9_\n-'
}

# Not those in code, and not those of the web.
links() {
	$AWK '
		/^```/ { code = !code }
		code { next }
		{
			gsub(/`[^`]*`/, "")
			while (match($0, /<img src="[^"]*"/)) {
				print substr($0, RSTART + 10, RLENGTH - 11)
				$0 = substr($0, RSTART + RLENGTH)
			}
			while (match($0, /\]\([^)]*\)/)) {
				print substr($0, RSTART + 2, RLENGTH - 3)
				$0 = substr($0, RSTART + RLENGTH)
			}
		}' "$1" | grep -v '^[a-z]*:'
}

for page in $pages; do
	links "$top_srcdir/$page" | while read -r link; do
		file=${link%%#*}
		anchor=${link#"$file"}
		if [ -z "$file" ]; then
			file=$top_srcdir/$page
		else
			file=$top_srcdir/$(dirname "$page")/$file
		fi
		[ -e "$file" ] && { [ -z "$anchor" ] ||
		    anchors "$file" | grep -q -x -e "${anchor#\#}"; } ||
			echo "$page: $link"
	done
done >"$tmp/dead"
empty 'every link leads somewhere' "$tmp/dead"
check 'there are links' test -n "$(links "$top_srcdir/README.md")"

# ---- Names ------------------------------------------------------------------

# Not what ends in _ and means several, nor what stands for any; what crosses our
# files has two underscores, and one is a target of CMake's.
for page in $pages; do
	$AWK '{
		while (match($0, /(asyncore|asynchat|ASYNCORE|ASYNCHAT)_[A-Za-z0-9_]*/)) {
			name = substr($0, RSTART, RLENGTH)
			if (name !~ /_$|__|_x$|^asyncore_static$/)
				print name
			$0 = substr($0, RSTART + RLENGTH)
		}
	}' "$top_srcdir/$page" | sort -u | while read -r name; do
		grep -q -w -h -e "$name" "$top_srcdir"/include/*.h ||
		    grep -q -w -e "$name" "$top_srcdir/Makefile.am" ||
			echo "$page: $name"
	done
done >"$tmp/unknown"
empty 'every name of ours is in a header' "$tmp/unknown"

# ---- Code -------------------------------------------------------------------

# Each block under a <!-- FILE --> goes to $tmp/block.N, its file's name to
# stdout, with that of those blocks of C and Python that have none.
blocks() {
	$AWK -v tmp="$tmp" '
		/^<!-- [^ ]* -->$/ { file = $2; next }
		/^```/ && !code {
			code = 1
			if ($0 == "```c" || $0 == "```python")
				print ++n, file == "" ? "?" : file
			file = ""
			out = tmp "/block." n
			printf "" >out
			next
		}
		/^```/ { code = 0; close(out) }
		code { print >out }' "$1"
}

# contains FILE LINES: the lines stand in it, one behind the other.
contains() {
	$AWK '
		NR == FNR { wanted[n = NR] = $0; next }
		{ seen[FNR % n] = $0 }
		!found && FNR >= n {
			for (i = 0; i < n; i++)
				if (seen[(FNR - i) % n] != wanted[n - i])
					next
			found = 1
		}
		END { exit !found }' "$2" "$1" && return
	echo "this is not in $1:"
	cat "$2"
	return 1
}

for page in docs/porting.md docs/libevent.md; do
	blocks "$top_srcdir/$page" >"$tmp/blocks"
	check "$page has code" test -s "$tmp/blocks"
	while read -r number file; do
		check "$page, block $number, is a piece of $file" \
		    contains "$top_srcdir/$file" "$tmp/block.$number"
	done <"$tmp/blocks"
done

for program in "$top_srcdir"/tests/porting/*.c "$top_srcdir"/tests/porting/*.py \
    "$top_srcdir"/tests/hosting/*.c; do
	grep -q -h -x -e "<!-- ${program#"$top_srcdir/"} -->" \
	    "$top_srcdir/docs/porting.md" "$top_srcdir/docs/libevent.md" ||
		echo "$program"
done >"$tmp/unshown"
empty 'every program is shown on a page' "$tmp/unshown"

# ---- asyncore's names -------------------------------------------------------

name='docs/porting.md has every public name of asyncore and asynchat'
python=
for candidate in ${PYTHON:+"$PYTHON"} python3 python3.11 /usr/bin/python3; do
	if ($candidate -W ignore -c 'import asyncore') >/dev/null 2>&1; then
		python=$candidate
		break
	fi
done
if [ -z "$python" ]; then
	skip "$name" 'there is no Python with asyncore'
else
	# The first column, where it is Python's.
	sed -n 's/^| \(.*\)$/\1/p' "$top_srcdir/docs/porting.md" |
	    sed 's/ | .*//' >"$tmp/column"
	$python "$top_srcdir/tests/porting_names.py" >"$tmp/names"
	check 'there are names' test -s "$tmp/names"
	while read -r word; do
		grep -q -w -e "$word" "$tmp/column" || echo "$word"
	done <"$tmp/names" >"$tmp/missing"
	empty "$name" "$tmp/missing"
fi
done_testing
