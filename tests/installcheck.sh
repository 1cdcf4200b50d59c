#!/bin/sh
# installcheck.sh - a program outside of the tree is built against the installed
# library with what pkg-config says, and with CMake, and runs; and what was
# installed can be taken away again.
#
# `make installcheck` runs it, with DESTDIR if the installation had one, in the
# build directory.
#
# From the environment: top_srcdir, DESTDIR, prefix, bindir, libdir, includedir,
# mandir, pkgconfigdir, PKG_CONFIG, CC, MAKE, HEADERS (their names in the source
# tree).
# Those who build packages run it on what is in them.
: "${top_srcdir:?}" "${HEADERS:?}" "${libdir:?}" "${includedir:?}"
: "${prefix:?}" "${bindir:?}" "${mandir:?}" "${pkgconfigdir:?}" "${DESTDIR:=}"
: "${CC:=cc}" "${MAKE:=make}" "${PKG_CONFIG:=pkg-config}"
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
	$CC $alone -o "$program" "$top_srcdir/examples/echo.c" $flags
}
alone=

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

# ---- Files ------------------------------------------------------------------

# page man3/NAME.3: its text, which a package may have compressed
page() {
	if [ -f "$DESTDIR$mandir/$1.gz" ]; then
		gzip -dc "$DESTDIR$mandir/$1.gz"
	else
		cat "$DESTDIR$mandir/$1"
	fi
}

# has_pages SYMBOL...: there is a page by each name, and where that is a link, it
# leads to one.
has_pages() {
	for symbol; do
		link=$(page "man3/$symbol.3" | sed -n 's/^\.so //p')
		page "${link:-man3/$symbol.3}" | grep -q '^\.Nm' || return
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

# ---- pkg-config -------------------------------------------------------------

check 'pkg-config knows the library' \
    "$PKG_CONFIG" --exists --print-errors libasyncore

shared=no
if ls "$installed"/libasyncore.so "$installed"/libasyncore.dylib \
    >"$tmp/shared" 2>/dev/null || [ -s "$tmp/shared" ]; then
	shared=yes
	check 'a program links with the shared library' build "$tmp/echo"
	check 'and runs' echoes_shared "$tmp/echo"
else
	skip 'a program links with the shared library' 'it is not installed'
fi

# The archive alone in a directory, so that the linker has no choice.
static=no
if [ -f "$installed/libasyncore.a" ]; then
	static=yes
	ln -s "$installed/libasyncore.a" "$tmp/static/libasyncore.a"
	sed "s|^libdir=.*|libdir=$tmp/static|" "$pc" \
	    >"$tmp/static/libasyncore.pc"
	saved=$PKG_CONFIG_PATH
	PKG_CONFIG_PATH=$tmp/static:$PKG_CONFIG_PATH
	check 'a program links with the static library' \
	    build "$tmp/echo-static" --static
	check 'and runs without the shared one' echoes "$tmp/echo-static"
	PKG_CONFIG_PATH=$saved
else
	skip 'a program links with the static library' 'it is not installed'
fi

# static_system: programs of static libraries alone can be made here.
static_system() {
	libevent=$("$PKG_CONFIG" --libs --static libevent_extra libevent_core) ||
	    return
	printf '%s\n' '#include <event2/event.h>' \
	    'int main(void) { return event_base_new() == NULL; }' \
	    >"$tmp/system.c"
	# shellcheck disable=SC2046,SC2086
	$CC -static -o "$tmp/system" "$tmp/system.c" \
	    $("$PKG_CONFIG" --cflags libevent_core) $libevent
}

# The linker warns of the C library's functions that read a system's files.
name='a program without any shared library links'
if [ $static = no ]; then
	skip "$name" 'there is no static library'
elif ! static_system >"$tmp/system.log" 2>&1; then
	skip "$name" "$CC makes no static program that uses libevent"
else
	alone=-static
	check "$name" build "$tmp/echo-alone" --static
	alone=
	check 'and runs by itself' echoes "$tmp/echo-alone"
fi

# ---- CMake ------------------------------------------------------------------

# consume DIRECTORY ARGUMENT...: configures a program of somebody else's, which
# finds the library where a user says it is.
consume() {
	directory=$1
	shift
	case $libdir in
	"$prefix/lib" | "$prefix"/lib/*)
		set -- "$@" "-DCMAKE_PREFIX_PATH=$DESTDIR$prefix"
		;;
	*) set -- "$@" "-Dlibasyncore_DIR=$installed/cmake/libasyncore" ;;
	esac
	env CC="$CC" cmake -S "$tmp/consumer" -B "$tmp/$directory" "$@"
}

# refuses TEXT DIRECTORY ARGUMENT...: it is not found, and CMake says why.
refuses() {
	text=$1
	shift
	consume "$@" >"$tmp/refused" 2>&1 && return 1
	cat "$tmp/refused"
	# CMake breaks lines where it likes.
	tr -s ' \n' ' ' <"$tmp/refused" | grep -q "$text"
}

# As if there were no libevent: pkg-config, if it is there, knows of nothing.
without_libevent() (
	PKG_CONFIG_LIBDIR=$tmp/nowhere
	PKG_CONFIG_PATH=
	export PKG_CONFIG_LIBDIR PKG_CONFIG_PATH
	"$@"
)

# libs MODULE: for CMake
libs() {
	"$PKG_CONFIG" --libs "$1" | sed 's/ *$//; s/ /;/g'
}

# libevent's own package, which CMake builds of it install; not everybody has
# it.  It names the libraries that pkg-config would name.
fake_package() {
	mkdir -p "$tmp/libevent" || return
	cat >"$tmp/libevent/LibeventConfig.cmake" <<-END
	foreach(part core extra)
		add_library(libevent::\${part} INTERFACE IMPORTED)
	endforeach()
	set_target_properties(libevent::core PROPERTIES
		INTERFACE_LINK_LIBRARIES "$(libs libevent_core)")
	set_target_properties(libevent::extra PROPERTIES
		INTERFACE_LINK_LIBRARIES "$(libs libevent_extra)")
	END
	printf 'set(PACKAGE_VERSION 2.1.12)\nset(PACKAGE_VERSION_COMPATIBLE 1)\n' \
	    >"$tmp/libevent/LibeventConfigVersion.cmake"
}

defines_loop() {
	"${NM:-nm}" "$1" | grep ' T _*asyncore_loop$'
}

cmake_checks() {
	mkdir "$tmp/consumer"
	cp "$top_srcdir/tests/cmake/CMakeLists.txt" \
	    "$top_srcdir/examples/echo.c" "$tmp/consumer"

	check 'CMake finds the library' consume cmake
	check 'its programs link' cmake --build "$tmp/cmake"
	check 'the one of libasyncore::asyncore runs' \
	    echoes "$tmp/cmake/asyncore"
	if [ $static = yes ]; then
		check 'the one of libasyncore::asyncore_static has it inside' \
		    defines_loop "$tmp/cmake/asyncore_static"
		check 'and runs' echoes "$tmp/cmake/asyncore_static"
	fi
	check 'CMake finds the kinds that are there' consume kinds \
	    "-DCOMPONENTS=$([ $shared = no ] || printf 'shared;')$(
	    [ $static = no ] || printf static)"
	check 'it says of a kind that there is none' \
	    refuses 'There is no dynamic library' kind -DCOMPONENTS=dynamic
	check 'a later version is not there' \
	    refuses 'compatible with requested version' later -DWANT=0.99
	check 'nor is one with another first number' \
	    refuses 'compatible with requested version' first -DWANT=99
	check 'without libevent it says what is missing' without_libevent \
	    refuses 'needs libevent 2.1.*libevent-dev' without
	check 'libevent may be a CMake package' eval "fake_package &&
	    without_libevent consume package '-DLibevent_DIR=$tmp/libevent' &&
	    cmake --build '$tmp/package' && echoes '$tmp/package/asyncore'"
}

if (cmake --version) >/dev/null 2>&1; then
	cmake_checks
else
	skip 'CMake finds the library' 'there is no cmake'
fi

# ---- The program ------------------------------------------------------------

# The header of a trace is one.
draws() {
	echo '{"pid":1,"map":"0x1","time":1,"asyncore_trace":1,"version":"0"}' |
	    "$DESTDIR$bindir/asyncore-timeline" >"$tmp/page" &&
	    grep -q '<title>standard input</title>' "$tmp/page"
}

check 'asyncore-timeline draws a trace' draws
check 'and has a manual page' page man1/asyncore-timeline.1

# ---- Once more, and away ----------------------------------------------------

# listed DIRECTORY: the files in it
listed() (
	cd "$1" && find . ! -type d | sort
)

# make_in_root TARGET
make_in_root() {
	$MAKE "$1" DESTDIR="$tmp/root"
}

if [ -f Makefile ]; then
	check 'it can be installed elsewhere' make_in_root install
	listed "$tmp/root" >"$tmp/once"
	check 'and there once more' make_in_root install
	listed "$tmp/root" >"$tmp/twice"
	check 'which changes no name' diff "$tmp/once" "$tmp/twice"
	check 'it can be taken away' make_in_root uninstall
	listed "$tmp/root" >"$tmp/left"
	check 'which leaves no file' diff /dev/null "$tmp/left"
else
	skip 'it can be installed elsewhere' 'this is no build directory'
fi

done_testing
# There is no harness here that reads the results.
[ "$tap_failed" -eq 0 ]
