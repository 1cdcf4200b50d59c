#!/bin/sh
# readme.sh - README.md's echo server in C is built and run, its twin in Python
# is run, and both echo: what the first page shows is what works.
#
# From the environment: top_srcdir, top_builddir, CC, CPPFLAGS.
: "${top_srcdir:=$(dirname "$0")/..}" "${top_builddir:=.}" "${CC:=cc}"
. "$top_srcdir/tests/tap.sh"
. "$top_srcdir/tests/port.sh"

trap '[ -z "$holder" ] || kill "$holder" 2>/dev/null; rm -rf "$tmp"' 0

# block LANGUAGE: the README's first block in it.
block() {
	awk -v fence="\`\`\`$1" '
		$0 == fence { on = 1; next }
		on && $0 == "```" { exit }
		on' "$top_srcdir/README.md"
}

# libtool finds no library in a path with spaces, so it has a relative one.
build() (
	block c >"$tmp/server.c"
	cd "$top_builddir" || exit
	# shellcheck disable=SC2086
	./libtool --mode=link --tag=CC $CC -std=c11 -Wall -Wextra -Werror \
	    $CPPFLAGS -I"$top_srcdir/include" "$tmp/server.c" libasyncore.la \
	    -o "$tmp/server"
)

# The client sends more than any buffer holds, and wants it back.
cat >"$tmp/client.py" <<'EOF2'
import socket, sys, threading, time
port, end = int(sys.argv[1]), time.monotonic() + 300
while True:
    try:
        s = socket.create_connection(('127.0.0.1', port), 100)
        break
    except ConnectionRefusedError:
        if time.monotonic() > end:
            sys.exit('nobody listens')
        time.sleep(0.01)
data = bytes(range(256)) * 8000
threading.Thread(target=s.sendall, args=(data,), daemon=True).start()
got = b''
while len(got) < len(data):
    piece = s.recv(65536)
    if not piece:
        break
    got += piece
sys.exit(0 if got == data else 'not what was sent')
EOF2

# echoes COMMAND...: runs the server, and the client against it.
echoes() {
	hold_port lend
	"$@" "$port" &
	server=$!
	$python "$tmp/client.py" "$port"
	status=$?
	kill "$server"
	wait "$server" 2>/dev/null
	return $status
}

python=
for candidate in ${PYTHON:+"$PYTHON"} python3 python3.11 /usr/bin/python3; do
	if ($candidate -W ignore -c 'import asyncore') >/dev/null 2>&1; then
		python="$candidate -W ignore"
		break
	fi
done

# As a browser shows it: Python's block stands beside the one in C, and the page's
# own marks are not seen.
is_short() {
	awk '
		$0 == "```python" { beside = 1 }
		!beside && !/^<|^```/ { n++ }
		$0 == "```" { beside = 0 }
		END { print n " lines"; exit n > 115 }' "$top_srcdir/README.md"
}

# A port that is no number and no service: what is wrong is the name.
names_its_port() {
	! "$tmp/server" no-such-service 2>"$tmp/why" &&
	    grep '^EchoServer: localhost: ' "$tmp/why"
}

check 'it fits on two screens' is_short
check 'the server in C builds' build
check 'the server in C says what is wrong with its port' names_its_port
if [ -z "$python" ]; then
	skip 'the server in C echoes' 'there is no Python with asyncore'
	skip 'the server in Python echoes' 'there is no Python with asyncore'
else
	block python >"$tmp/server.py"
	check 'the server in C echoes' echoes "$tmp/server"
	# shellcheck disable=SC2086
	check 'the server in Python echoes' echoes $python "$tmp/server.py"
fi
done_testing
