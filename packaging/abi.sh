#!/bin/sh
# abi.sh - the binary interface of a library: written down, and compared with
# that of the last release.
#
#     packaging/abi.sh LIBRARY HEADERS VERSION RELEASES OUTPUT
#
# OUTPUT/NAME-VERSION-MACHINE.abi is what libabigail's abidw reads in LIBRARY
# (NAME.so, with its debugging information) of the types and functions that the
# headers in the directory HEADERS declare.  RELEASES has such files of earlier
# releases; the newest one for this machine is compared.
#
# What is missing, or is another now, needs another first number in VERSION;
# what is new needs another second one.  A change that programs do not see, such
# as a slot in the place of a reserved one, is named in RELEASES/reviewed.ini,
# in libabigail's form and with the reason.
#
# The status is 0 if VERSION is right, 1 if it is not, 2 if nothing could be
# compared that should be.
set -u

die() {
	printf 'abi.sh: %s\n' "$*" >&2
	exit 2
}

[ $# -eq 5 ] || die 'usage: abi.sh LIBRARY HEADERS VERSION RELEASES OUTPUT'
library=$1 headers=$2 version=$3 releases=$4 output=$5
[ -f "$library" ] || die "$library: there is no such library"
if ! (abidw --version && abidiff --version) >/dev/null 2>&1; then
	die 'there is no abidw or abidiff: apt-get install abigail-tools'
fi

name=$(basename "$library")
name=${name%%.*}
machine=$(uname -m)
now=$output/$name-$version-$machine.abi

# ---- Written down -----------------------------------------------------------

# Without what differs between two machines that build the same.
mkdir -p "$output" || exit 2
abidw --headers-dir "$headers" --drop-private-types --no-corpus-path \
    --no-comp-dir-path --no-show-locs --out-file "$now" "$library" ||
    die 'abidw failed'
grep -q '<function-decl' "$now" ||
    die "$library has no debugging information: compile it with -g"

# ---- Compared ---------------------------------------------------------------

# earlier: the versions that there is a file of for this machine, but for the
# one that is being made
earlier() {
	for file in "$releases/$name"-*-"$machine.abi"; do
		[ -f "$file" ] || continue
		file=${file#"$releases/$name-"}
		echo "${file%-"$machine.abi"}"
	done | grep -v -x -F "$version"
}

last=$(earlier | sort -t . -k 1,1n -k 2,2n -k 3,3n | tail -n 1)
if [ -z "$last" ]; then
	echo "abi.sh: $now is written"
	echo "abi.sh: there is no earlier release for $machine to compare with"
	exit 0
fi
before=$releases/$name-$last-$machine.abi

# compare OPTION...: the status is 0 if nothing that counts has changed, and 1
# if something has.
compare() {
	[ ! -f "$releases/reviewed.ini" ] ||
	    set -- --suppressions "$releases/reviewed.ini" "$@"
	abidiff "$@" "$before" "$now" >"$now.diff"
	status=$?
	# The first two bits are abidiff's own failures.
	[ $((status & 3)) -eq 0 ] || die 'abidiff failed'
	[ $status -eq 0 ]
}

rest=${version#*.}
last_rest=${last#*.}
if [ "${version%%.*}" != "${last%%.*}" ]; then
	compare
	wanted='another first number, as there is'
elif ! compare --no-added-syms; then
	wanted='another first number'
elif compare; then
	wanted='no other number but the last'
elif [ "${rest%%.*}" = "${last_rest%%.*}" ]; then
	wanted='another second number'
else
	wanted='another second number, as there is'
fi
cat "$now.diff"
rm -f "$now.diff"
echo "abi.sh: $name $version, after $last, needs $wanted"
case $wanted in
another*number) exit 1 ;;
esac
exit 0
