#!/bin/sh
# configure.sh - where something is missing configure ends, and names the package
# that has it, as each system calls it.
#
# From the environment: top_srcdir.
: "${top_srcdir:=$(dirname "$0")/..}"
. "$top_srcdir/tests/tap.sh"

if [ ! -x "$top_srcdir/configure" ]; then
	skip_all 'there is no configure'
elif [ -f "$top_srcdir/config.status" ]; then
	skip_all 'the source tree is configured, so that no other tree can be'
fi
configure=$(cd "$top_srcdir" && pwd)/configure
unset PKG_CONFIG PKG_CONFIG_PATH LIBEVENT_CFLAGS LIBEVENT_LIBS CONFIG_SITE

# fails VARIABLE=VALUE...: configure, and it says why on stderr.
fails() (
	mkdir "$tmp/build" && cd "$tmp/build" || exit
	status=0
	env "$@" "$configure" >out 2>err </dev/null || status=$?
	mv err "$tmp/err"
	rm -rf "$tmp/build"
	echo "exit status $status"
	cat "$tmp/err"
	[ $status -eq 1 ]
)

# names WORD...: each of them is in what it has said.
names() {
	cat "$tmp/err"
	for words; do
		grep -q -e "$words" "$tmp/err" || { echo "not: $words"; return 1; }
	done
}

mkdir "$tmp/none"
check 'without libevent it fails' fails PKG_CONFIG_LIBDIR="$tmp/none"
check 'and names its packages' names 'libevent 2.1 or later is missing' \
    'apt-get install libevent-dev' 'dnf install libevent-devel' \
    'brew install libevent'
check 'without pkg-config it fails' fails ac_cv_path_PKG_CONFIG=no \
    ac_cv_path_ac_pt_PKG_CONFIG=no
check 'and names its packages, too' names 'pkg-config is missing' \
    'apt-get install pkg-config' 'dnf install pkgconf-pkg-config' \
    'brew install pkgconf'
done_testing
