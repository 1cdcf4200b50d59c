#!/bin/sh
# threads.sh - examples/threads: connections are shared out between threads,
# each is served by one, and Ctrl-C ends them all.
#
# From the environment: top_srcdir, top_builddir.
: "${top_srcdir:=$(dirname "$0")/..}" "${top_builddir:=.}"
. "$top_srcdir/tests/tap.sh"

server=
trap '[ -z "$server" ] || kill $server 2>/dev/null; rm -rf "$tmp"' 0

limit=
! timeout 1 true >/dev/null 2>&1 || limit='timeout 300'

cat >"$tmp/clients.py" <<'END'
import signal, socket, sys

port, n, leave = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:] != ['stay']
signal.alarm(250)
clients = [socket.create_connection(('127.0.0.1', port), 100) for i in range(n)]
for i, client in enumerate(clients):
    client.sendall(b'I am %d' % i)
    if leave:
        client.shutdown(socket.SHUT_WR)
for i, client in enumerate(clients):
    expected, got = b'I am %d' % i, b''
    while len(got) < len(expected):
        piece = client.recv(100)
        assert piece
        got += piece
    assert got == expected
    assert not leave or client.recv(1) == b''
if not leave:
    print(flush=True)
    for client in clients:
        assert client.recv(1) == b''
END

# start NUMBER: of threads
start() {
	rm -f "$tmp/port"
	mkfifo "$tmp/port"
	"$top_builddir/examples/threads" 0 "$1" >"$tmp/port" 2>"$tmp/err" &
	server=$!
	exec 3<"$tmp/port"
	read -r port <&3 && return
	cat "$tmp/err"
	return 1
}

# stop NUMBER CONNECTIONS: each of the threads says what it has served, and
# that makes so many.
stop() {
	status=0
	kill -INT $server
	cat <&3 >"$tmp/out"
	exec 3<&-
	wait $server || status=$?
	server=
	echo "exit status $status"
	cat "$tmp/out" "$tmp/err"
	[ $status -eq 0 ] && [ ! -s "$tmp/err" ] &&
	    awk -v threads="$1" -v connections="$2" '
		$1 != "thread" || $2 != NR - 1 || $3 != "served" { exit 1 }
		{ sum += $4 }
		END { exit NR != threads || sum != connections }' "$tmp/out"
}

# serves THREADS CONNECTIONS
serves() {
	start "$1" && $limit python3 "$tmp/clients.py" "$port" "$2" &&
	    stop "$1" "$2"
}

# stops_with_open THREADS CONNECTIONS
stops_with_open() {
	start "$1" || return
	mkfifo "$tmp/ready"
	$limit python3 "$tmp/clients.py" "$port" "$2" stay >"$tmp/ready" &
	clients=$!
	read -r _ <"$tmp/ready" && stop "$1" "$2" && wait $clients
}

# refuses ARGUMENT...
refuses() {
	status=0
	$limit "$top_builddir/examples/threads" "$@" >"$tmp/out" \
	    2>"$tmp/err" || status=$?
	cat "$tmp/out" "$tmp/err"
	[ $status -eq 1 ] && [ ! -s "$tmp/out" ] &&
	    grep '^threads: ' "$tmp/err"
}

for bad in x 1x 65536; do
	check "a port that is none: $bad" refuses $bad
done
for bad in '' x 0 65; do
	check "a number of threads that is none: '$bad'" refuses 0 "$bad"
done
if ! start 1 >"$tmp/log" && grep -q SO_REUSEPORT "$tmp/log"; then
	skip 'connections are shared out' 'the system has no SO_REUSEPORT'
	done_testing
	exit
fi
check 'Ctrl-C ends it well' stop 1 0
if ! python3 -c 'import socket' >/dev/null 2>&1; then
	skip 'connections are shared out' 'there is no python3'
	done_testing
	exit
fi
for threads in 1 2 4; do
	check "200 connections to $threads threads" serves $threads 200
done
check 'Ctrl-C with connections that are open' stops_with_open 4 100
done_testing
