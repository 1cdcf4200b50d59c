#!/bin/bash
# build-rpm.sh - RPM packages from a release tarball, built, checked and tried.
#
#     packaging/build-rpm.sh TARBALL OUTPUT-DIRECTORY
#
# rpmbuild makes the source package and the binary packages from the .spec file
# in the tarball; rpmlint may find no error and no warning, but what
# packaging/rpm/rpmlintrc names with a reason; and an example is built with what
# is in the packages, unpacked, and runs (tests/installcheck.sh).
#
# On a system of another kind, such as Debian, rpm knows of no installed
# package, so the dependencies are not looked at (--nodeps).  The tests are left
# out: whoever makes the tarball has just run them.
set -euo pipefail

die() {
	printf 'build-rpm.sh: %s\n' "$*" >&2
	exit 1
}

say() {
	printf -- '---- %s\n' "$*"
}

[ $# -eq 2 ] || die 'usage: build-rpm.sh TARBALL OUTPUT-DIRECTORY'
tarball=$(realpath "$1")
[ -f "$tarball" ] || die "$1: there is no such file"
mkdir -p "$2"
output=$(realpath "$2")
for tool in rpmspec rpmbuild rpmlint rpm2cpio cpio; do
	command -v $tool >/dev/null || die "$tool is missing"
done

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

# ---- The packages -----------------------------------------------------------

name=$(basename "$tarball" .tar.gz)
tar -xzf "$tarball"
rpm=$name/packaging/rpm

rpmspec -P "$rpm/libasyncore.spec" >/dev/null

say "rpmbuild of $name"
rpmbuild -ta --nodeps --without check --define "_topdir $scratch" \
    "$tarball" >build.log 2>&1 || {
	tail -n 60 build.log >&2
	die 'rpmbuild failed'
}

say 'rpmlint'
rpmlint --strict -r "$rpm/rpmlintrc" "$rpm/libasyncore.spec" \
    SRPMS/*.rpm RPMS/*/*.rpm

# ---- What is in them --------------------------------------------------------

mkdir root
for package in RPMS/*/*.rpm; do
	say "$package"
	(cd root && rpm2cpio "../$package" | cpio -i -d --quiet)
done

say 'an example, built with them'
libdir=$(rpm --eval '%{_libdir}')
env top_srcdir="$scratch/$name" DESTDIR="$scratch/root" \
    prefix=/usr bindir=/usr/bin libdir="$libdir" includedir=/usr/include \
    mandir="$(rpm --eval '%{_mandir}')" pkgconfigdir="$libdir/pkgconfig" \
    HEADERS='include/asynchat.h include/asyncore.h' \
    sh "$name/tests/installcheck.sh"

cp -- SRPMS/*.rpm RPMS/*/*.rpm "$output"
say "$output: $(cd "$output" && echo *.rpm)"
