# shellcheck shell=sh
# The rule's shell has $target, and uses $goal in its variant().
# shellcheck disable=SC2154,SC2034
#
# debian.sh - what a configuration needs of Debian's packages beyond those that
# this machine can install: libevent and Check for another architecture, or
# their sources.  They are unpacked in a directory of the build, with lists of
# our own, so that the machine's packages stay as they are.
#
# For the shell that a rule of Makefile.am runs in the directory of the build;
# $target is the rule's name.

# skip REASON...: what cannot be had is no failure, but is said.
skip() {
	echo "$target: skipped: $*"
	exit 0
}

# need COMMAND PACKAGE
need() {
	command -v "$1" >/dev/null 2>&1 || skip "there is no $1 (Debian: $2)"
}

# apt DIRECTORY ARGUMENT...: apt-get with its own lists and cache
apt() {
	state=$(pwd)/$1
	shift
	apt-get -q -y -o Dir::State::Lists="$state/lists" \
	    -o Dir::Cache="$state/cache" -o Debug::NoLocking=1 \
	    -o APT::Sandbox::User=root "$@" </dev/null
}

# fetched DIRECTORY COMMAND...: has the command filled it, now or before?
fetched() {
	into=$1
	shift
	[ ! -f "$into/stamp" ] || return 0
	rm -rf "$into"
	mkdir -p "$into/lists/partial" "$into/cache/archives/partial" || return
	if "$@" "$into" >"$into.log" 2>&1; then
		: >"$into/stamp"
		return
	fi
	tail -n 5 "$into.log"
	return 1
}

# ---- Another architecture ---------------------------------------------------

# Of a machine that has nothing yet, so that all they depend on comes too.
# (That some list cannot be had, of some other repository, is no matter.)
fetch_binaries() {
	: >"$1/status"
	for step in update \
	    '--download-only --no-install-recommends install libevent-dev check'
	do
		# shellcheck disable=SC2086
		apt "$1" -o Dir::State::status="$(pwd)/$1/status" \
		    -o APT::Architecture="$arch" \
		    -o APT::Architectures::="$arch" $step ||
		    [ "$step" = update ] || return
	done
	for deb in "$1"/cache/archives/*.deb; do
		dpkg -x "$deb" "$1/root" || return
	done
	rm -r "$1/cache" "$1/lists"
}

# foreign ARCHITECTURE COMPILER-PREFIX LIBRARIES LOADER: a program names where
# its loader and its libraries are, so that it runs as one of this machine does.
foreign() {
	arch=$1
	need "$2-gcc" "gcc-$2"
	need apt-get apt
	need dpkg dpkg
	fetched "variants/debian-$1" fetch_binaries ||
	    skip "libevent and Check for $1 cannot be had"
	sys=$(pwd)/variants/debian-$1/root
	PKG_CONFIG_SYSROOT_DIR=$sys
	export PKG_CONFIG_SYSROOT_DIR
	ldflags="-Wl,--dynamic-linker=$sys/lib/$4"
	for lib in "$sys/lib/$3" "$sys/usr/lib/$3"; do
		ldflags="$ldflags -Wl,-rpath,$lib -Wl,-rpath-link,$lib"
	done
	variant "$1" --host="$2" CC="$2-gcc" LDFLAGS="$ldflags" \
	    PKG_CONFIG_LIBDIR="$sys/usr/lib/$3/pkgconfig"
}

# emulated QEMU ...: the same, by an emulator of its processor
emulated() {
	need "$1" qemu-user
	EMULATOR=$1
	export EMULATOR
	shift
	goal=check-emulated
	foreign "$@"
}

# ---- Another C library ------------------------------------------------------

# The sources of what is installed here as a binary.
fetch_sources() {
	apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' \
	    'Created-By: Packages' | sed 's/^/deb-src /' | sort -u \
	    >"$1/sources.list"
	for step in update 'source libevent check'; do
		# shellcheck disable=SC2086
		(cd "$1" && apt . -o Dir::Etc::SourceList="$(pwd)/sources.list" \
		    -o Dir::Etc::SourceParts=/dev/null $step) ||
		    [ "$step" = update ] || return
	done
}

# autotools SOURCE CONFIGURE-ARGUMENT...: Debian's patches make the files that
# configure is made from newer than configure.
autotools() {
	make="${MAKE:-make} ACLOCAL=: AUTOCONF=: AUTOMAKE=: AUTOHEADER=:"
	cd "$1" || return
	shift
	./configure CC=musl-gcc --prefix="$prefix" --disable-shared "$@"
}

build_libevent() {
	autotools "$1"/libevent-* --disable-openssl --disable-samples \
	    --disable-libevent-regress && $make && $make install
}

build_check() {
	autotools "$1"/check-* --disable-subunit --disable-build-docs &&
	    $make -C lib && $make -C src install &&
	    cp check_stdint.h "$prefix/include"
}

fetch_and_build() {
	prefix=$(pwd)/$1/root
	fetch_sources "$1" && (build_libevent "$1") && (build_check "$1")
}

musl() {
	need musl-gcc musl-tools
	need apt-get apt
	need dpkg-source dpkg-dev
	fetched variants/debian-musl fetch_and_build ||
	    skip 'libevent and Check cannot be built for it'
	sys=$(pwd)/variants/debian-musl/root
	variant musl --disable-shared CC=musl-gcc \
	    PKG_CONFIG_LIBDIR="$sys/lib/pkgconfig" CHECK_CFLAGS=-I"$sys/include" \
	    CHECK_LIBS="$sys/lib/libcheck.a -lm -pthread"
}
