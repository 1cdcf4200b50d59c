#!/bin/sh
# headers.sh - each installed header compiles alone, and twice, in C and in C++.
#
# From the environment: top_srcdir, HEADERS (their names in the source tree),
# CC, CPPFLAGS; CXX if the C++ compiler has another name than those below.
: "${top_srcdir:=$(dirname "$0")/..}"
: "${HEADERS:=$(cd "$top_srcdir" && echo include/*.h)}"
: "${CC:=cc}"
. "$top_srcdir/tests/tap.sh"

strict='-Wall -Wextra -Wpedantic -Wundef -Werror'

for cxx in ${CXX:+"$CXX"} c++ g++ clang++; do
	if ($cxx --version) >/dev/null 2>&1; then
		break
	fi
	cxx=
done

# compile COMMAND SOURCE; the command and the flags are several words.
compile() {
	# shellcheck disable=SC2086
	$1 $CPPFLAGS $strict -I"$top_srcdir/include" -c -o "$tmp/header.o" "$2"
}

for header in $HEADERS; do
	name=$(basename "$header")
	for suffix in c cc; do
		printf '#include <%s>\n#include <%s>\nint unused;\n' \
		    "$name" "$name" >"$tmp/header.$suffix"
	done
	for std in c99 c11; do
		check "$name compiles alone as $std" \
		    compile "$CC -std=$std" "$tmp/header.c"
	done
	for std in c++11 c++17; do
		if [ -z "$cxx" ]; then
			skip "$name compiles alone as $std" \
			    'there is no C++ compiler'
		else
			check "$name compiles alone as $std" \
			    compile "$cxx -std=$std" "$tmp/header.cc"
		fi
	done
done
done_testing
