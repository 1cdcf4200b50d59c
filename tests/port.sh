# port.sh - a port of loopback that is nobody else's while a test runs.
#
# Read with `.`, behind tap.sh; needs a python3.  The test ends $holder in its
# trap.
# shellcheck shell=sh disable=SC2034,SC2154

holder=

# hold_port keep|lend: sets $port, where nobody listens.  A port that is free at
# one moment may be another test's at the next, so a process keeps it.  One that is
# lent a server may have that sets SO_REUSEADDR, as ours do.  Only Linux allows
# that; elsewhere the port is free, and no more.
hold_port() {
	[ -z "$holder" ] || kill "$holder" 2>/dev/null
	rm -f "$tmp/held"
	mkfifo "$tmp/held" || return
	python3 - "$1" >"$tmp/held" <<'END' &
import signal, socket, sys
signal.alarm(1200)
held = socket.socket()
if sys.argv[1] == 'lend':
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
held.bind(('127.0.0.1', 0))
print(held.getsockname()[1], flush=True)
if sys.argv[1] == 'keep' or sys.platform == 'linux':
    signal.pause()
END
	holder=$!
	read -r port <"$tmp/held"
}
