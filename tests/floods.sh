#!/bin/sh
# floods.sh - floods of connections, slow peers and readers that stop: a server
# in one process, its clients in another, and both count the same.
#
# From the environment: top_builddir; FLOODS, "full" or "full N" instead of
# "quick", with N connections one after the other.
: "${top_builddir:=.}" "${FLOODS:=quick}"

# shellcheck disable=SC2086
exec "$top_builddir/tests/load/floods" $FLOODS
