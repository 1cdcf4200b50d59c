#!/bin/sh
# release.sh - packaging/release.sh lets a release pass in which all agree, and
# names what does not in others.
#
# It looks at a repository of its own: the files that it reads, as version
# 1.2.3.
#
# From the environment: top_srcdir.
: "${top_srcdir:=$(dirname "$0")/..}"
. "$top_srcdir/tests/tap.sh"

(git --version) >/dev/null 2>&1 || skip_all 'there is no git'
(bash --version) >/dev/null 2>&1 || skip_all 'there is no bash'

HOME=$tmp
GIT_CONFIG_NOSYSTEM=1
GIT_AUTHOR_NAME=nobody GIT_AUTHOR_EMAIL=nobody@example.org
GIT_COMMITTER_NAME=nobody GIT_COMMITTER_EMAIL=nobody@example.org
SOURCE_DATE_EPOCH=86400
export HOME GIT_CONFIG_NOSYSTEM GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL
export GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL SOURCE_DATE_EPOCH

repository=$tmp/repository
named='NEWS.md configure.ac docs/installing.md docs/trace.md
packaging/alpine/APKBUILD packaging/debian/changelog packaging/debian/libasyncore0.symbols
packaging/homebrew/libasyncore.rb packaging/rpm/libasyncore.spec'

# edit FILE EXPRESSION: with sed, whose -i is not everywhere
edit() {
	sed "$2" "$repository/$1" >"$tmp/edited" &&
	    cat "$tmp/edited" >"$repository/$1"
}

# call_it OLD NEW: another version, everywhere
call_it() {
	old=$(echo "$1" | sed 's/\./\\./g')
	for file in $named; do
		edit "$file" "s/$old/$2/g
		    s/find_package(libasyncore ${old%\\.*} /find_package(libasyncore ${2%.*} /"
	done
	edit NEWS.md "s/^## $2 .*/## $2 (1970-01-02)/"
}

commit() {
	(cd "$repository" && git add -A && git commit -q -m "$1")
}

# again: what the last commit has
again() {
	(cd "$repository" && git reset -q --hard && git clean -q -d -f)
}

release() {
	(cd "$repository" && packaging/release.sh check) >"$tmp/said" 2>&1
	status=$?
	cat "$tmp/said"
	return $status
}

passes() {
	release && grep -q "$1" "$tmp/said"
}

# refuses TEXT: for this reason, and no other
refuses() {
	release && return 1
	grep -q "^release.sh: $1" "$tmp/said" &&
	    [ "$(grep -c '^release.sh: ' "$tmp/said")" -le "${2:-3}" ]
}

# refused NAME TEXT: as it is now, committed; and back.
refused() {
	commit "$1"
	check "$1" refuses "$2"
	(cd "$repository" && git reset -q --hard HEAD^)
}

# ---- The first release ------------------------------------------------------

mkdir -p "$repository/src" "$repository/docs"
cp -R "$top_srcdir/packaging" "$repository" && chmod -R u+w "$repository"
cp "$top_srcdir/src/libasyncore.sym" "$repository/src"
for file in NEWS.md configure.ac docs/installing.md docs/trace.md; do
	cp "$top_srcdir/$file" "$repository/$file"
done
chmod -R u+w "$repository"
rm -rf "$repository/packaging/abi"
version=$(sed -n 's/^AC_INIT(.*,\[\(.*\)\])$/\1/p' "$repository/configure.ac")
edit NEWS.md "1,/^## /s/^## .*/## $version (1970-01-02)/"
(cd "$repository" && git init -q) || skip_all 'git makes no repository'
commit 'as it is'
check "what names the version $version agrees" \
    passes "$version can be released"

# From here on the first number is another one, and Debian's package too.
call_it "$version" 1.2.3
edit packaging/debian/control 's/libasyncore0/libasyncore1/'
commit 'first'
check 'there is no release to compare with' passes 'no earlier release'

echo >"$repository/forgotten"
check 'a file that is not committed is found' \
    refuses 'there is what is not committed: ?? forgotten'
again
echo >>"$repository/NEWS.md"
check 'and one that was changed' \
    refuses 'there is what is not committed:  M NEWS.md'
again

edit NEWS.md 's/^## 1.2.3 .*/## 1.2.3 (unreleased)/'
refused 'news without a date' "NEWS.md begins with '## 1.2.3 (unreleased)'"
edit NEWS.md 's/^## 1.2.3 .*/## 1.2.3 (1970-01-01)/'
refused 'news of another day' "NEWS.md begins with '## 1.2.3 (1970-01-01)'"
edit NEWS.md 's/^## 1.2.3/## 1.2.2/'
refused 'news of another version' "NEWS.md begins with '## 1.2.2"
for file in $named; do
	case $file in
	NEWS.md | *.symbols | *.spec | configure.ac) continue ;;
	esac
	edit "$file" 's/1\.2\.3/1.2.2/; s/asyncore 1\.2 /asyncore 1.1 /'
	refused "another version in $file" "$file: "
done
edit packaging/rpm/libasyncore.spec '/^Version/s/1\.2\.3/1.2.2/'
refused 'another version in packaging/rpm/libasyncore.spec' \
    'packaging/rpm/libasyncore.spec: Version'
edit packaging/rpm/libasyncore.spec 's/> - 1.2.3-1/> - 1.2.2-1/'
refused 'the changes of the .spec file are old' \
    'packaging/rpm/libasyncore.spec: the newest'
edit packaging/debian/changelog '1s/unstable/UNRELEASED/'
refused "Debian's changes are not released" \
    'packaging/debian/changelog: UNRELEASED'
edit packaging/debian/libasyncore0.symbols '3s/1.2.3/1.2.4/'
refused 'a symbol is of a later version' \
    'packaging/debian/libasyncore0.symbols: a symbol'
edit packaging/debian/libasyncore0.symbols '4d'
refused 'a symbol is missing in the list of Debian' \
    'packaging/debian/libasyncore0.symbols has other'
edit packaging/debian/control 's/libasyncore1/libasyncore0/'
refused "the package has another library's name" 'packaging/debian: the package'
edit configure.ac 's/1\.2\.3/1.2.3-beta/'
refused 'a version that is not three numbers' 'configure.ac: the version'

# ---- The next ones ----------------------------------------------------------

(cd "$repository" && git tag v1.2.3)
check 'a version cannot be released twice' refuses 'there is a tag v1.2.3' 4
mkdir "$repository/packaging/abi"
: >"$repository/packaging/abi/libasyncore-1.2.3-x86_64.abi"
call_it 1.2.3 1.2.4
commit 'code'
check 'other code needs no other number than the last' passes '1.2.4 can be'
rm "$repository/packaging/abi/libasyncore-1.2.3-x86_64.abi"
refused 'the last binary interface is not there' 'packaging/abi has nothing'
call_it 1.2.4 1.4.0
refused 'a version is left out' 'after 1.2.3 comes one of 1.2.4 1.3.0 2.0.0'

echo asyncore_zzz >>"$repository/src/libasyncore.sym"
echo ' asyncore_zzz@Base 1.2.4' \
    >>"$repository/packaging/debian/libasyncore0.symbols"
commit 'symbol'
check 'a new symbol needs another second number' \
    refuses 'symbols are new since 1.2.3, which makes this 1.3.0: asyncore_zzz'
call_it 1.2.4 1.3.0
commit 'second number'
check 'and passes with it' passes '1.3.0 can be released'
edit src/libasyncore.sym 1d
edit packaging/debian/libasyncore0.symbols 3d
commit 'no symbol'
check 'one that is gone needs another first number' \
    refuses 'symbols are gone since 1.2.3, which makes this 2.0.0: asynchat_'
call_it 1.3.0 2.0.0
edit packaging/debian/control 's/libasyncore1/libasyncore2/'
commit 'first number'
check 'and passes with it' passes '2.0.0 can be released'
done_testing
