#!/bin/sh
# host.sh - examples/host_loop: dispatchers in the loop of a libevent program,
# beside its HTTP server, whose page shows what they have counted.
#
# From the environment: top_srcdir, top_builddir.
: "${top_srcdir:=$(dirname "$0")/..}" "${top_builddir:=.}"
. "$top_srcdir/tests/tap.sh"

host=
trap '[ -z "$host" ] || kill $host 2>/dev/null; rm -rf "$tmp"' 0

limit=
! timeout 1 true >/dev/null 2>&1 || limit='timeout 300'

# Echo clients, the page, and both at once.  Bytes that the page counts came
# back already, as they are counted before they are returned.
cat >"$tmp/clients.py" <<'END'
import http.client, signal, socket, sys, threading

echo, web, scene = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
signal.alarm(250)


def page():
    connection = http.client.HTTPConnection('127.0.0.1', web, timeout=100)
    connection.request('GET', '/')
    response = connection.getresponse()
    assert response.status == 200, response.status
    lines = response.read().decode().splitlines()
    connection.close()
    return {name: int(n) for name, n in map(str.split, lines)}


def echoed(client, data, begin=None):
    """Is it what comes back?  It is not read before `begin`."""
    threading.Thread(target=client.sendall, args=(data,), daemon=True).start()
    if begin:
        begin.wait()
    got = b''
    while len(got) < len(data):
        piece = client.recv(65536)
        assert piece
        got += piece
    return got == data


def client():
    return socket.create_connection(('127.0.0.1', echo), 100)


def counts():
    assert page() == {'connections': 0, 'open': 0, 'bytes': 0}, page()
    a, b = client(), client()
    assert echoed(a, b'hello') and echoed(b, b'world!')
    assert page() == {'connections': 2, 'open': 2, 'bytes': 11}, page()
    a.shutdown(socket.SHUT_WR)
    assert a.recv(1) == b''
    assert page() == {'connections': 2, 'open': 1, 'bytes': 11}, page()


def both_at_once():
    """Pages are served while 10 MB go to and fro over each of 5."""
    before, n = page(), 0
    data = bytes(range(256)) * 40960
    results, seen = [], threading.Event()
    threads = [threading.Thread(target=lambda: results.append(
        echoed(client(), data, seen)), daemon=True) for i in range(5)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert page()['bytes'] <= before['bytes'] + 5 * len(data)
        seen.set()
        n += 1
    assert results == 5 * [True]
    assert n > 0
    after = page()
    assert after['connections'] == before['connections'] + 5
    assert after['bytes'] == before['bytes'] + 5 * len(data)


globals()[scene]()
END

start() {
	rm -f "$tmp/ports"
	mkfifo "$tmp/ports"
	"$top_builddir/examples/host_loop" >"$tmp/ports" 2>"$tmp/log" &
	host=$!
	{ read -r name echo && [ "$name" = echo ] &&
	    read -r name web && [ "$name" = http ]; } <"$tmp/ports"
}

stop() {
	status=0
	kill -INT "$host"
	wait "$host" || status=$?
	host=
	echo "exit status $status"
	cat "$tmp/log"
	[ $status -eq 0 ] && [ ! -s "$tmp/log" ]
}

# scene NAME WHAT
scene() {
	if python3 -c 'import http.client' >/dev/null 2>&1; then
		check "$2" python3 "$tmp/clients.py" "$echo" "$web" "$1"
	else
		skip "$2" 'there is no python3'
	fi
}

by_curl() {
	$limit curl -fsS "http://127.0.0.1:$web/" >"$tmp/page" &&
	    grep '^connections [0-9]*$' "$tmp/page"
}

# refuses PORT...: it says so and ends.
refuses() {
	status=0
	$limit "$top_builddir/examples/host_loop" "$@" >"$tmp/out" \
	    2>"$tmp/err" || status=$?
	cat "$tmp/out" "$tmp/err"
	[ $status -eq 1 ] && grep '^host_loop: ' "$tmp/err"
}

for bad in x 1x 65536; do
	check "a port that is none: $bad" refuses $bad
	check "another port that is none: $bad" refuses 0 $bad
done
check 'it starts' start
check 'a port that is taken' refuses "$echo"
check 'another port that is taken' refuses 0 "$web"
scene counts 'the page shows what the dispatchers have counted'
scene both_at_once 'both are served at once'
if curl --version >/dev/null 2>&1; then
	check 'curl gets the page' by_curl
else
	skip 'curl gets the page' 'there is no curl'
fi
check 'Ctrl-C ends it well' stop
done_testing
