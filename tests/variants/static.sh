#!/bin/sh
# static.sh - `make check-static`: what four tools find without running anything.
# Each finding fails it.  One that is none is named where it stands, with the
# reason, or (gcc has no word for that) in fanalyzer.txt beside this file; what a
# tool does not look for is named in .clang-tidy or here.
#
# Shellcheck: bootstrap, .ci/run and each shell script.
# Cppcheck: all C.
# Gcc -fanalyzer: src/, tools/ and examples/.
# Clang-tidy: src/, include/, tools/ and examples/.  What it finds in the tests is of
#   their nature: rand() of a seed, strcat() of what they know, casts of counts.
#
# From the environment: top_srcdir, top_builddir, CPPFLAGS (with libevent's and
# Check's); TOOLS, which of the four; JOBS.
: "${top_srcdir:=.}" "${top_builddir:=_build}"
set -u
: "${TOOLS:=shellcheck cppcheck gcc clang-tidy}" "${JOBS:=2}"

build=$(cd "$top_builddir" && pwd) || exit
cd "$top_srcdir" || exit
out=$build/variants/static
mkdir -p "$out" || exit
# shellcheck disable=SC2086
set -- -std=c11 -DHAVE_CONFIG_H -I"$build" -I"$PWD/include" -I"$PWD/src" \
    -I"$PWD/tests" -I"$PWD/tools" -I"$build/tools" $CPPFLAGS

scripts() {
	echo bootstrap .ci/run packaging/debian/tests/build
	find packaging tests -name '*.sh'
}

sources() {
	find "$@" -name '*.c' | sort
}

run_shellcheck() {
	scripts | xargs shellcheck -x
}

# It does not read libevent's headers, where this macro is.
run_cppcheck() {
	sources src tools examples tests |
	    cppcheck -q -j "$JOBS" --enable=warning,portability,performance \
	    --error-exitcode=1 --inline-suppr --std=c11 --file-list=- \
	    -D'evutil_timercmp(a,b,op)=((a)->tv_sec op (b)->tv_sec)' \
	    -DHAVE_CONFIG_H -I"$build" -Iinclude -Isrc -Itests -Itools \
	    -I"$build/tools"
}

# "FILE FUNCTION WARNING", of each that is not in the list.
unknown() {
	awk -v file="$1" -v list=tests/variants/fanalyzer.txt '
		BEGIN {
			while ((getline line < list) > 0)
				if (split(line, f, " ") > 3 && f[1] !~ /^#/)
					known[f[1], f[2], f[3]] = 1
		}
		match($0, /In function .[a-z_0-9]+/) {
			name = substr($0, RSTART, RLENGTH)
			sub(/.*[^a-z_0-9]/, "", name)
		}
		match($0, /\[-Wanalyzer-[a-z-]+\]/) {
			kind = substr($0, RSTART + 1, RLENGTH - 2)
			if (!((file, name, kind) in known)) {
				print file, name, kind
				bad = 1
			}
		}
		END { exit bad }'
}

fanalyze() {
	file=$1
	shift
	object=$out/$(echo "$file" | tr / _)
	LC_ALL=C gcc "$@" -fanalyzer -c "$file" -o "$object.o" \
	    2>"$object.txt" || { cat "$object.txt"; return 1; }
	unknown "$file" <"$object.txt" || { cat "$object.txt"; return 1; }
}

run_fanalyzer() {
	bad=0
	for c in $(sources src tools examples); do
		fanalyze "$c" "$@" || bad=1
	done
	return "$bad"
}

run_clang_tidy() {
	printf '%s\n' "$@" >"$out/compile_flags.txt"
	sources src tools examples |
	    xargs -P "$JOBS" -n 8 clang-tidy --quiet -p "$out" 2>/dev/null
}

# check TOOL FLAG...
check() {
	case $1 in
	shellcheck) run_shellcheck ;;
	cppcheck) run_cppcheck ;;
	gcc) shift; run_fanalyzer "$@" ;;
	clang-tidy) shift; run_clang_tidy "$@" ;;
	*) echo "check-static: $1 is none of its tools"; return 2 ;;
	esac
}

failed=0
for tool in $TOOLS; do
	if ! command -v "$tool" >/dev/null 2>&1; then
		echo "check-static: $tool: skipped: it is not there"
		continue
	fi
	start=$(date +%s)
	word=clean
	check "$tool" "$@" || word=FAILED failed=1
	echo "check-static: $tool: $word, $(($(date +%s) - start)) s"
done
exit $failed
