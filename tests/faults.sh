#!/bin/sh
# faults.sh - check_faults leaves nothing out: its scenes call every public
# function, and its table has every system call that the library makes.
#
# From the environment: top_srcdir, top_builddir, NM.
: "${top_srcdir:=$(dirname "$0")/..}" "${top_builddir:=.}" "${NM:=nm}"
. "$top_srcdir/tests/tap.sh"
LC_ALL=C
export LC_ALL

scenes=$top_builddir/tests/faults
library=$top_builddir/.libs/libasyncore.so

# undefined FILE...: what object files take from elsewhere, one name a line;
# open64 and its like are open.
undefined() {
	$NM -u "$@" | sed -n 's/^ *U \([a-zA-Z0-9_]*\).*/\1/p' | sed 's/64$//' |
	    sort -u
}

# What else the library takes from the C library, and why it is not made to
# fail, or not by this name.  (Names with an underscore are the compiler's.)
harmless() {
	cat <<'END'
bcmp	only looks
calloc	memory, made to fail as malloc
ceil	only computes
clock_gettime	of CLOCK_MONOTONIC, which every system has
floor	only computes
fprintf	the default log(), whose result nobody waits for
fputc	as fprintf
fputs	as fprintf
free	cannot fail
fwrite	as fprintf
getegid	cannot fail
getenv	only looks
geteuid	cannot fail
getgid	cannot fail
getpid	cannot fail
gettimeofday	cannot fail with a pointer that is good
getuid	cannot fail
htonl	only computes
htons	only computes
inet_ntop	into room that is large enough
malloc	memory, made to fail
memchr	only looks
memcmp	only looks
memcpy	only copies
memmem	only looks
memset	only writes
ntohl	only computes
ntohs	only computes
printf	the default log_info(), whose result nobody waits for
pthread_sigmask	of this thread's own signals: cannot fail
putchar	as printf
puts	as printf
realloc	memory, made to fail as malloc
secure_getenv	only looks
sigaddset	of SIGPIPE, which is a signal
sigemptyset	cannot fail
sigismember	of SIGPIPE, which is a signal
sigpending	with a pointer that is good
sigwait	of one that is pending already
snprintf	into room that is large enough
stderr	an object
strchr	only looks
strcspn	only looks
strdup	memory, made to fail as malloc
strerror	cannot fail
strerror_r	its failure is a number instead of words
strlen	only looks
strncmp	only looks
strnlen	only looks
strspn	only looks
strtol	of digits that were looked at
vsnprintf	its failure is a message cut off, see check_log
END
}

if ! ls "$scenes"/check_faults-*.o >"$tmp/objects" 2>&1; then
	skip_all 'check_faults was not built: there is no Check'
fi

name='every public function is called in a scene'
# shellcheck disable=SC2046
undefined $(cat "$tmp/objects") >"$tmp/called"
comm -23 "$top_srcdir/src/libasyncore.sym" "$tmp/called" >"$tmp/missing"
if [ -s "$tmp/called" ] && [ ! -s "$tmp/missing" ]; then
	ok "$name"
else
	not_ok "$name" "$tmp/missing"
fi

# The table's names, as faults.c has them.
name='every system call of the library is in the table, or harmless() says why'
sed -n 's/^	\[[A-Z0-9_]*\] = { "\([a-z0-9_]*\)",.*/\1/p' \
    "$top_srcdir/tests/faults/faults.c" >"$tmp/table"
harmless | cut -f 1 | sort - "$tmp/table" >"$tmp/accounted"
if [ ! -f "$library" ] || [ ! -s "$tmp/table" ]; then
	skip "$name" 'there is no .libs/libasyncore.so in the build'
elif ! $NM -D -u "$library" >/dev/null 2>&1; then
	skip "$name" "$NM does not know -D -u"
else
	undefined -D "$library" | grep -v -E '^(ev|bufferevent_|_)' |
	    comm -23 - "$tmp/accounted" >"$tmp/missing"
	if [ ! -s "$tmp/missing" ]; then
		ok "$name"
	else
		not_ok "$name" "$tmp/missing"
	fi
fi
done_testing
