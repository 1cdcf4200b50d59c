#!/bin/bash
# build-deb.sh - Debian packages from a release tarball, built, checked and
# tried.
#
#     packaging/build-deb.sh TARBALL OUTPUT-DIRECTORY
#
# In a directory of its own it unpacks the tarball, whose packaging/debian
# becomes debian/; dpkg-buildpackage makes the source package and the binary
# packages; lintian may find no error and no warning, but what is overridden
# with a reason in *.lintian-overrides; and an example is built with what is in
# the packages, unpacked, and runs (tests/installcheck.sh).
#
# The tests are left out (nocheck): whoever makes the tarball has just run them,
# and they take minutes.  `dpkg-buildpackage` by hand runs them.
set -euo pipefail

die() {
	printf 'build-deb.sh: %s\n' "$*" >&2
	exit 1
}

[ $# -eq 2 ] || die 'usage: build-deb.sh TARBALL OUTPUT-DIRECTORY'
tarball=$(realpath "$1")
[ -f "$tarball" ] || die "$1: there is no such file"
mkdir -p "$2"
output=$(realpath "$2")

missing=
for tool in dpkg-buildpackage:dpkg-dev dh:debhelper lintian:lintian; do
	command -v "${tool%:*}" >/dev/null || missing+=" ${tool#*:}"
done
[ -z "$missing" ] || die "apt-get install$missing"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

say() {
	printf -- '---- %s\n' "$*"
}

# ---- The packages -----------------------------------------------------------

name=$(basename "$tarball" .tar.gz)		# libasyncore-1.2.3
version=${name#libasyncore-}
cp "$tarball" "libasyncore_$version.orig.tar.gz"
tar -xzf "$tarball"
cp -R "$name/packaging/debian" "$name/debian"

say "dpkg-buildpackage of $name"
(cd "$name" && DEB_BUILD_OPTIONS="nocheck parallel=$(nproc)" \
    dpkg-buildpackage -us -uc) >build.log 2>&1 || {
	tail -n 60 build.log >&2
	die 'dpkg-buildpackage failed'
}
# What dh has to say of our files, such as one that is in no package.
if grep -E '^(dh_[a-z]+|dpkg-[a-z]+): (warning|error)' build.log >warnings; then
	cat warnings >&2
	die 'the build has warnings'
fi

say 'lintian'
lintian --allow-root --fail-on error,warning ./*.changes
sed 's/^/lintian: /' "$name"/debian/*.lintian-overrides

# ---- What is in them --------------------------------------------------------

for package in ./*.deb; do
	say "$package"
	dpkg -I "$package" | grep -E '^ (Depends|Installed-Size):'
	dpkg -x "$package" "$scratch/root"
done

say 'an example, built with them'
libdir=/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)
env top_srcdir="$scratch/$name" DESTDIR="$scratch/root" \
    prefix=/usr bindir=/usr/bin libdir="$libdir" includedir=/usr/include \
    mandir=/usr/share/man pkgconfigdir="$libdir/pkgconfig" \
    HEADERS='include/asynchat.h include/asyncore.h' \
    sh "$name/tests/installcheck.sh"

cp -- *.deb *.dsc *.changes *.buildinfo *.tar.* "$output"
say "$output:" ./*.deb
