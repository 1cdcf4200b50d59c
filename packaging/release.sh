#!/bin/bash
# release.sh - checks that a release is what it says it is, and makes it.
#
#     packaging/release.sh check
#     packaging/release.sh make OUTPUT-DIRECTORY
#
# `check` compares the version in configure.ac with all that names it, with the
# last tag, and with what has become of the exported symbols since; it says
# everything that is wrong.  `make` does the same, then makes the tarball from a
# fresh clone with `make distcheck`, and beside it its checksums, the formula
# and the APKBUILD with them, and the description of the binary interface.
# Nothing is tagged, pushed or uploaded.
#
# docs/releasing.md says what to do before and afterwards.  From the
# environment: MAKE; SOURCE_DATE_EPOCH, the time that counts as now.
set -euo pipefail
export LC_ALL=C

usage() {
	echo 'usage: release.sh check | release.sh make OUTPUT-DIRECTORY' >&2
	exit 2
}

case ${1-}:$# in
check:1 | make:2) command=$1 output=${2-} ;;
*) usage ;;
esac
[ -z "$output" ] || { mkdir -p "$output" && output=$(realpath "$output"); }
cd "$(dirname "$0")/.."

wrong=0
wrong() {
	printf 'release.sh: %s\n' "$*" >&2
	wrong=$((wrong + 1))
}

die() {
	wrong "$@"
	exit 1
}

# ---- The version ------------------------------------------------------------

git rev-parse --git-dir >/dev/null 2>&1 ||
    die 'this is no clone: a release is made from one'
version=$(sed -n 's/^AC_INIT(\[libasyncore\],\[\(.*\)\])$/\1/p' configure.ac)
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] ||
    die "configure.ac: the version is three numbers, not '$version'"
if [ -n "${SOURCE_DATE_EPOCH-}" ]; then
	today=$(date -u -d "@$SOURCE_DATE_EPOCH" +%F 2>/dev/null ||
	    date -u -r "$SOURCE_DATE_EPOCH" +%F)
else
	today=$(date -u +%F)
fi

check_tree() {
	local status

	status=$(git status --porcelain)
	[ -z "$status" ] || wrong 'there is what is not committed:' \
	    "$(head -n 5 <<<"$status")"
	! git rev-parse -q --verify "refs/tags/v$version" >/dev/null ||
	    wrong "there is a tag v$version already"
}

# names FILE WHAT PATTERN: the first line that has PATTERN has the version where
# its parentheses are.
names() {
	local found

	found=$(sed -n "s#^$3#\\1#p" "$1" | sed 1q)
	[ "$found" = "$version" ] ||
	    wrong "$1: $2 is '$found', not '$version'"
}

check_names() {
	local heading

	heading=$(grep -m 1 '^## ' NEWS.md) || heading=none
	[ "$heading" = "## $version ($today)" ] ||
	    wrong "NEWS.md begins with '$heading', not '## $version ($today)'"
	grep -q "find_package(libasyncore ${version%.*} " docs/installing.md ||
	    wrong "docs/installing.md: find_package() does not name" \
		"${version%.*}"
	names docs/trace.md 'the version in a trace' \
	    '| `version` .*`"\(.*\)"` |$'
	names packaging/debian/changelog 'the first version' \
	    'libasyncore (\(.*\)-[0-9]*) .*'
	! sed 1q packaging/debian/changelog | grep -q UNRELEASED ||
	    wrong 'packaging/debian/changelog: UNRELEASED'
	names packaging/rpm/libasyncore.spec Version 'Version: *\(.*\)'
	names packaging/rpm/libasyncore.spec 'the newest entry of %changelog' \
	    '\* .* - \(.*\)-[0-9]*$'
	names packaging/homebrew/libasyncore.rb 'the version in url' \
	    ' *url ".*/libasyncore-\(.*\)\.tar\.gz"'
	names packaging/alpine/APKBUILD pkgver 'pkgver=\(.*\)'
}

# ---- Since the last release -------------------------------------------------

# steps LAST: the versions that may follow it
steps() {
	local x y z

	IFS=. read -r x y z <<<"$1"
	printf '%s\n' "$x.$y.$((z + 1))" "$x.$((y + 1)).0" "$((x + 1)).0.0"
}

check_last() {
	local last next added gone
	local sym=src/libasyncore.sym

	last=$(git describe --tags --abbrev=0 --match 'v[0-9]*' 2>/dev/null) || {
		echo 'release.sh: there is no earlier release'
		return
	}
	last=${last#v}
	mapfile -t next < <(steps "$last")
	[[ " ${next[*]} " = *" $version "* ]] ||
	    wrong "after $last comes one of ${next[*]}, not $version"
	added=$(comm -13 <(git show "v$last:$sym") $sym)
	gone=$(comm -23 <(git show "v$last:$sym") $sym)
	if [ -n "$gone" ]; then
		[ "$version" = "${next[2]}" ] ||
		    wrong "symbols are gone since $last, which makes this" \
			"${next[2]}:" "$(tr '\n' ' ' <<<"$gone")"
	elif [ -n "$added" ]; then
		[ "$version" != "${next[0]}" ] ||
		    wrong "symbols are new since $last, which makes this" \
			"${next[1]}:" "$(tr '\n' ' ' <<<"$added")"
	fi
	# What the binary interface is compared with.
	compgen -G "packaging/abi/libasyncore-$last-*.abi" >/dev/null ||
	    wrong "packaging/abi has nothing of $last"
}

check_symbols() {
	# Debian's list says since which version there is what.
	diff <(sed -n 's/^ \(.*\)@Base .*/\1/p' \
	    packaging/debian/libasyncore0.symbols) src/libasyncore.sym \
	    >/dev/null || wrong 'packaging/debian/libasyncore0.symbols has' \
	    'other symbols than src/libasyncore.sym: make update-symbols'
	[ "$(sed 's/.*@Base //p;d' packaging/debian/libasyncore0.symbols |
	    cat - <(echo "$version") | sort -V | tail -n 1)" = "$version" ] ||
	    wrong 'packaging/debian/libasyncore0.symbols: a symbol is of a' \
		"later version than $version"
	# The name of the package is that of the library.
	grep -q "^Package: libasyncore${version%%.*}\$" \
	    packaging/debian/control ||
	    wrong "packaging/debian: the package of" \
		"libasyncore.so.${version%%.*} is libasyncore${version%%.*}"
}

check_tree
check_names
check_last
check_symbols
if [ $wrong -gt 0 ]; then
	echo "release.sh: $version cannot be released" >&2
	exit 1
fi
echo "release.sh: $version can be released, of $today"
[ "$command" = make ] || exit 0

# ---- The tarball ------------------------------------------------------------

scratch=$(mktemp -d)
# distcheck leaves directories that may not be written to where it fails.
trap 'chmod -R u+w "$scratch"; rm -rf "$scratch"' EXIT
tarball=libasyncore-$version.tar.gz

sum() {
	"sha$1sum" "$2" 2>/dev/null || shasum -a "$1" "$2"
}

# filled FILE: with the tarball's checksums
filled() {
	sed -e "s/@SHA256@/$(sum 256 "$tarball" | cut -d ' ' -f 1)/" \
	    -e "s/@SHA512@/$(sum 512 "$tarball" | cut -d ' ' -f 1)/" "$1"
}

git clone -q . "$scratch/source"
(cd "$scratch/source" && autoreconf -i)
mkdir "$scratch/build"
cd "$scratch/build"
"$scratch/source/configure" CFLAGS='-g -O2'
${MAKE:-make}
${MAKE:-make} abi
${MAKE:-make} distcheck

cp "$tarball" abi/libasyncore-*.abi "$output"
cd "$output"
sum 256 "$tarball" >"$tarball.sha256"
filled "$scratch/source/packaging/homebrew/libasyncore.rb" >libasyncore.rb
filled "$scratch/source/packaging/alpine/APKBUILD" >APKBUILD
echo "release.sh: in $output there are now:"
ls -l
