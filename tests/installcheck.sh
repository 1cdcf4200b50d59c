#!/bin/sh
# installcheck.sh - a program is built against the installed library with
# pkg-config alone, and runs.
#
# `make installcheck` runs it, with DESTDIR if the installation had one.
#
# From the environment: top_srcdir, DESTDIR, libdir, includedir, mandir,
# pkgconfigdir, PKG_CONFIG, CC, HEADERS (their names in the source tree).
: "${top_srcdir:?}" "${HEADERS:?}" "${libdir:?}" "${includedir:?}"
: "${mandir:?}" "${pkgconfigdir:?}" "${CC:=cc}" "${PKG_CONFIG:=pkg-config}"
. "$top_srcdir/tests/tap.sh"

installed=$DESTDIR$libdir
mkdir "$tmp/pkgconfig" "$tmp/static"

# Where the tree is not at its place yet, its paths in the .pc file get DESTDIR
# in front; the file is used as it is otherwise.
pc=$DESTDIR$pkgconfigdir/libasyncore.pc
if [ -n "$DESTDIR" ]; then
	sed "s|^\\([a-z_]*\\)=/|\\1=$DESTDIR/|" "$pc" \
	    >"$tmp/pkgconfig/libasyncore.pc"
	pc=$tmp/pkgconfig/libasyncore.pc
fi
PKG_CONFIG_PATH=$(dirname "$pc")${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
export PKG_CONFIG_PATH

# build PROGRAM FLAG...: the flags are pkg-config's, besides --cflags --libs.
build() {
	program=$1
	shift
	flags=$("$PKG_CONFIG" --cflags --libs "$@" libasyncore) || return
	# shellcheck disable=SC2086
	$CC -o "$program" "$top_srcdir/examples/echo.c" $flags
}

# echoes PROGRAM
echoes() {
	"$1" "$top_srcdir/examples/lorem.txt" >"$tmp/trace" 2>&1
	status=$?
	cat "$tmp/trace"
	[ $status -eq 0 ] && grep -q 'RECEIVED COPY OF MESSAGE$' "$tmp/trace"
}

# With the loader told where the library is, as it may not know of the prefix.
echoes_shared() (
	LD_LIBRARY_PATH=$installed${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
	DYLD_LIBRARY_PATH=$LD_LIBRARY_PATH
	export LD_LIBRARY_PATH DYLD_LIBRARY_PATH
	echoes "$1"
)

# has_pages SYMBOL...: there is a page by each name, and where that is a link, it
# leads to one.
has_pages() {
	dir=$DESTDIR$mandir
	for symbol; do
		page=$(sed -n 's/^\.so //p' "$dir/man3/$symbol.3") || return
		[ -s "$dir/${page:-man3/$symbol.3}" ] || return
	done
}

for header in $HEADERS; do
	name=$(basename "$header")
	check "$name is installed" \
	    cmp "$top_srcdir/$header" "$DESTDIR$includedir/$name"
done
# shellcheck disable=SC2046
check 'each symbol has a manual page' \
    has_pages $(cat "$top_srcdir/src/libasyncore.sym")
check 'pkg-config knows the library' \
    "$PKG_CONFIG" --exists --print-errors libasyncore

if ls "$installed"/libasyncore.so "$installed"/libasyncore.dylib \
    >"$tmp/shared" 2>/dev/null || [ -s "$tmp/shared" ]; then
	check 'a program links with the shared library' build "$tmp/echo"
	check 'and runs' echoes_shared "$tmp/echo"
else
	skip 'a program links with the shared library' 'it is not installed'
fi

# The archive alone in a directory, so that the linker has no choice.
if [ -f "$installed/libasyncore.a" ]; then
	ln -s "$installed/libasyncore.a" "$tmp/static/libasyncore.a"
	sed "s|^libdir=.*|libdir=$tmp/static|" "$pc" \
	    >"$tmp/static/libasyncore.pc"
	PKG_CONFIG_PATH=$tmp/static:$PKG_CONFIG_PATH
	check 'a program links with the static library' \
	    build "$tmp/echo-static" --static
	check 'and runs without the shared one' echoes "$tmp/echo-static"
else
	skip 'a program links with the static library' 'it is not installed'
fi
done_testing
# There is no harness here that reads the results.
[ "$tap_failed" -eq 0 ]
