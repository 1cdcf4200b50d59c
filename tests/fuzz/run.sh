#!/bin/sh
# run.sh - runs a fuzzer of this build with its corpus, for FUZZ_SECONDS.
#
#	run.sh			says whether there is a clang with libFuzzer
#	run.sh run-fuzz_NAME	runs tests/fuzz/fuzz_NAME
#
# In fuzz/NAME inputs gather that reach what others have not, for the next run;
# an input that fails becomes fuzz/NAME.crash-HASH and its like.
set -eu
: "${top_srcdir:=.}" "${FUZZ_SECONDS:=600}"

if [ $# -eq 0 ]; then
	dir=$(mktemp -d)
	trap 'rm -rf "$dir"' 0
	printf '%s\n' '#include <stddef.h>' \
	    'int LLVMFuzzerTestOneInput(const char *p, size_t n);' \
	    'int LLVMFuzzerTestOneInput(const char *p, size_t n)' \
	    '{ return n > 0 && *p == 0 ? 0 : 0; }' >"$dir/try.c"
	if ! clang -fsanitize=fuzzer,address "$dir/try.c" -o "$dir/try" \
	    2>"$dir/log"; then
		cat "$dir/log" >&2
		echo 'fuzz: needs clang and its libFuzzer (Debian: clang, libclang-rt-14-dev)' >&2
		exit 1
	fi
	exit 0
fi

name=${1#run-fuzz_}
longest=768
[ "$name" != timeline ] || longest=6000	# its lines are long
mkdir -p "fuzz/$name"
echo "fuzz_$name: $FUZZ_SECONDS s, log in $PWD/fuzz/$name.log"
status=0
"tests/fuzz/fuzz_$name" -max_total_time="$FUZZ_SECONDS" -max_len="$longest" \
    -timeout=60 -print_final_stats=1 -artifact_prefix="fuzz/$name." \
    "fuzz/$name" "$top_srcdir/tests/fuzz/corpus/$name" \
    >"fuzz/$name.log" 2>&1 || status=$?
if [ $status -ne 0 ]; then
	tail -n 60 "fuzz/$name.log"
	echo "fuzz_$name: failed: see fuzz/$name.*"
	exit 1
fi
sed -n 's/^#[0-9]*.DONE/'"fuzz_$name:"'/p' "fuzz/$name.log"
