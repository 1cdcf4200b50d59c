#!/bin/sh
# configurations.sh - builds that are unlike the usual one: the shared library
# alone, the static one alone, a build in the source tree, and one on a system
# without Check and Python.  Each is installed, tried, and taken away again.
#
#     tests/configurations.sh TARBALL
#
# `make check-configurations` runs it; it takes a minute or two.
#
# From the environment: MAKE.
: "${top_srcdir:=$(dirname "$0")/..}" "${MAKE:=make}"
. "$top_srcdir/tests/tap.sh"

unset DESTDIR
tarball=$1
source=$tmp/$(basename "$tarball" .tar.gz)
tar -xzf "$tarball" -C "$tmp" || exit

# What was missing is not there for pkg-config, and not in PATH either.
poor_system() {
	mkdir -p "$tmp/bin"
	cat >"$tmp/bin/pkg-config" <<-END
	#!/bin/sh
	case " \$* " in
	*' check '*) exit 1 ;;
	esac
	exec $(command -v "${PKG_CONFIG:-pkg-config}") "\$@"
	END
	printf '#!/bin/sh\nexit 127\n' >"$tmp/bin/python3"
	chmod +x "$tmp/bin/pkg-config" "$tmp/bin/python3"
}

# files DIRECTORY
files() (
	cd "$1" && find . ! -type d
)

# tried NAME DIRECTORY ARGUMENT...: configured there, built, installed,
# tried by installcheck.sh, and taken away, which leaves nothing.
tried() {
	name=$1
	mkdir -p "$2" && cd "$2" || exit
	shift 2
	check "$name: configure" "$source/configure" --prefix="$tmp/prefix" "$@"
	check "$name: make" "$MAKE"
	check "$name: make install" "$MAKE" install
	check "$name: make installcheck" "$MAKE" installcheck
	[ -z "$tests" ] || check "$name: make check" "$MAKE" check-TESTS TESTS="$tests"
	check "$name: make uninstall" "$MAKE" uninstall
	files "$tmp/prefix" >"$tmp/left"
	check "$name: nothing is left" diff /dev/null "$tmp/left"
	check "$name: make distclean" "$MAKE" distclean
}

tests=
tried 'shared only' "$tmp/shared" --disable-static
tried 'static only' "$tmp/static" --disable-shared
tests='tests/symbols.sh tests/headers.sh'
files "$source" | sort >"$tmp/before"
tried 'in the source tree' "$source"
files "$source" | sort >"$tmp/after"
check 'in the source tree: distclean leaves what was there' \
    diff "$tmp/before" "$tmp/after"

poor_system
PATH=$tmp/bin:$PATH
PKG_CONFIG=$tmp/bin/pkg-config
export PATH PKG_CONFIG
tests="$tests tests/no_check.sh tests/man.sh tests/packaging.sh"
tried 'no Check, no Python' "$tmp/poor"
done_testing
# There is no harness here that reads the results.
[ "$tap_failed" -eq 0 ]
