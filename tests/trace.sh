#!/bin/sh
# trace.sh - ASYNCORE_TRACE is not looked at where a program runs with other
# rights than its user's: whoever starts it must not have it write to files that
# are not his.
#
# As root only, which gives a program to somebody else.  From the environment:
# top_srcdir, top_builddir, CC, CPPFLAGS.
: "${top_srcdir:=$(dirname "$0")/..}" "${top_builddir:=.}" "${CC:=cc}"
. "$top_srcdir/tests/tap.sh"

[ "$(id -u)" -eq 0 ] || skip_all 'it takes root to give rights away'

limit=
! timeout 1 true >/dev/null 2>&1 || limit='timeout 300'

# Open to everybody: that there is no trace then is not for want of rights.
chmod 755 "$tmp"
mkdir "$tmp/open"
chmod 777 "$tmp/open"
cp "$top_srcdir/examples/lorem.txt" "$tmp/open/lorem"
chmod 644 "$tmp/open/lorem"

# With the library in it, as a program with rights is told of no other place to
# look for libraries.  (libtool finds no library in a path with spaces.)
build() (
	cp "$top_srcdir/examples/echo.c" "$tmp/echo.c"
	cd "$top_builddir" || exit
	# shellcheck disable=SC2086
	./libtool --mode=link --tag=CC $CC -std=c11 $CPPFLAGS \
	    -I"$top_srcdir/include" "$tmp/echo.c" -static libasyncore.la \
	    -o "$tmp/echo"
)

# run PROGRAM
run() {
	rm -f "$tmp/open/trace"
	ASYNCORE_TRACE=$tmp/open/trace $limit "$1" "$tmp/open/lorem"
}

writes() {
	run "$1" && [ -s "$tmp/open/trace" ]
}

writes_none() {
	run "$1" && [ ! -e "$tmp/open/trace" ]
}

# lend PROGRAM COPY: who runs the copy is somebody else meanwhile
lend() {
	cp "$1" "$2" && chown 65534 "$2" && chmod 4755 "$2"
}

build >"$tmp/build.log" 2>&1 || skip_all 'there is no static library here'
if ! lend "$(command -v id)" "$tmp/id" || ! lend "$tmp/echo" "$tmp/lent"; then
	skip_all 'there is nobody else here'
fi
[ "$("$tmp/id" -u)" = 65534 ] || skip_all 'no program is given rights here'
run "$tmp/lent" >/dev/null 2>&1 ||
	skip_all 'with the rights of somebody else the program does not start'

check 'a program writes a trace' writes "$tmp/echo"
check 'with the rights of somebody else it writes none' writes_none "$tmp/lent"
chmod 755 "$tmp/lent"
check 'without them it does again' writes "$tmp/lent"
done_testing
