#!/bin/sh
# soak.sh - mixed traffic with random ends, for SOAK_SECONDS: memory and
# descriptors are at the end as they were after the first tenth, and every
# channel knows how it ended.
#
# From the environment: top_builddir, SOAK_SECONDS, SOAK_SEED.
: "${top_builddir:=.}" "${SOAK_SECONDS:=3}" "${SOAK_SEED:=1}"

# What glibc's threads keep of freed memory would count as allocated.
GLIBC_TUNABLES=glibc.malloc.tcache_count=0
export GLIBC_TUNABLES

exec "$top_builddir/tests/load/soak" "$SOAK_SECONDS" "$SOAK_SEED"
