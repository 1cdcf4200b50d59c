#!/bin/sh
# tutorial.sh - docs/tutorial: each program is what its page shows, is short
# enough, does what the page says, and leaves the trace that the page explains.
#
# The clients are Python's sockets, and the tutorial's own.  From the
# environment: top_srcdir, top_builddir, AWK.
: "${top_srcdir:=$(dirname "$0")/..}" "${top_builddir:=.}" "${AWK:=awk}"
. "$top_srcdir/tests/tap.sh"
. "$top_srcdir/tests/port.sh"

pages=$top_srcdir/docs/tutorial
sources=$top_srcdir/examples/tutorial
programs=$top_builddir/examples/tutorial
all='1_pass 2_server 3_client 4_crowd 5_lines 6_host'
unset ASYNCORE_TRACE

server=
# shellcheck disable=SC2086
trap '[ -z "$server$holder" ] || kill $server $holder 2>/dev/null
rm -rf "$tmp"' 0

limit=
! timeout 1 true >/dev/null 2>&1 || limit='timeout 300'

# ---- The pages --------------------------------------------------------------

# block LANGUAGE PAGE [N]: its blocks, a blank line between two; or the Nth.
block() {
	$AWK -v fence="\`\`\`$1" -v wanted="${3-0}" '
		$0 == "```" { on = 0 }
		on && (!wanted || n == wanted)
		$0 == fence { on = 1; if (n++ && !wanted) print "" }
	' "$pages/$2.md"
}

is_the_program() {
	block c "$1" | diff - "$sources/$1.c"
}

is_short() {
	lines=$(wc -l <"$sources/$1.c")
	echo "$lines lines"
	[ "$lines" -gt 0 ] && [ "$lines" -lt 120 ]
}

# A page has something to run, a trace, exercises, and leads on.
is_whole() {
	for heading in 'Run it' 'What to watch in its trace' 'Exercises'; do
		grep -x "## $heading" "$pages/$1.md" || return
	done
	grep '^\[.*\](.*\.md)$' "$pages/$1.md" &&
	    grep -F "($1.md)" "$pages/README.md"
}

for page in $all; do
	check "the page of $page shows all of it" is_the_program "$page"
	check "$page has less than 120 lines" is_short "$page"
	check "the page of $page is whole" is_whole "$page"
done

# readable N: a trace as the page shows it.  Which descriptor it is depends.
readable() {
	sed 's/handle_accepted([0-9]*)/handle_accepted(8)/' "$1"
}

# contains TEXT LINES: the lines stand in it, one behind the other.
contains() {
	$AWK '
		NR == FNR { wanted[n = NR] = $0; next }
		{ seen[FNR % n] = $0 }
		!found && FNR >= n {
			for (i = 0; i < n; i++)
				if (seen[(FNR - i) % n] != wanted[n - i])
					next
			found = 1
		}
		END { exit !found }' "$2" "$1" && return
	cat "$2" && echo 'is not in' && head -n 100 "$1"
	return 1
}

# traces PAGE: each of its excerpts is in the trace $tmp/PAGE.trace.
traces() {
	$AWK -f "$pages/readable.awk" "$tmp/$1.trace" >"$tmp/readable"
	readable "$tmp/readable" >"$tmp/$1.readable"
	n=$(grep -c '^```trace$' "$pages/$1.md")
	[ "$n" -gt 0 ] || not_ok "the page of $1 has a trace"
	i=0
	while [ $i -lt "$n" ]; do
		i=$((i + 1))
		block trace "$1" $i >"$tmp/excerpt"
		check "the page of $1 shows a trace of it ($i of $n)" \
		    contains "$tmp/$1.readable" "$tmp/excerpt"
	done
}

# ---- The programs -----------------------------------------------------------

by_hand() {
	ASYNCORE_TRACE=$tmp/1_pass.trace $limit "$programs/1_pass" >"$tmp/out" &&
	    block output 1_pass 1 | diff - "$tmp/out"
}

check '1_pass says what its page says' by_hand
traces 1_pass

# Itself, and no script that looks for it each time.
python=$(python3 -c 'import sys; print(sys.executable)' 2>/dev/null)

# The servers' clients: PORT SCENE.
cat >"$tmp/clients.py" <<'EOF'
import signal, socket, sys, threading

port, scene = int(sys.argv[1]), sys.argv[2]
signal.alarm(250)


def connect():
    return socket.create_connection(('127.0.0.1', port), 200)


def ask(s, text, answer):
    if text:
        s.sendall(text)     # none may not be sent after a shutdown
    got = b''
    while len(got) < len(answer):
        piece = s.recv(65536)
        assert piece, (got, answer)
        got += piece
    assert got == answer, (got, answer)


def end(s):
    """The server closes."""
    assert s.recv(1) == b''


def echo():
    s = connect()
    ask(s, b'hello', b'hello')
    s.shutdown(socket.SHUT_WR)
    end(s)


def many():
    clients = [connect() for i in range(50)]
    for n in range(3):
        for i, s in enumerate(clients):
            s.sendall(b'%d' % i * 100)
        for i, s in enumerate(clients):
            ask(s, b'', b'%d' % i * 100)


def half_closed():
    """All comes back though the client has finished sending."""
    s = connect()
    data = bytes(range(256)) * 20000

    def send():
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)

    threading.Thread(target=send, daemon=True).start()
    ask(s, b'', data)
    end(s)


def lines():
    s = connect()
    ask(s, b'add 5\nadd -2\nsum\n', b'ok\nok\n3\n')
    ask(s, b'nonsense\n\nadd\n', b'what?\nwhat?\nwhat?\n')
    ask(s, b'sum\nad', b'3\n')
    ask(s, b'd 5\n', b'ok\n')
    other = connect()
    ask(other, b'sum\n', b'0\n')
    ask(s, b'sum\nquit\nsum\n', b'8\nbye\n')
    end(s)
    ask(other, b'sum\n', b'0\n')


def long_line():
    s = connect()
    s.sendall(b'x' * 71)
    end(s)
    s = connect()
    ask(s, b'x' * 70 + b'\n', b'what?\n')


def hosted():
    s, other = connect(), connect()
    ask(s, b'add 5\nadd 6\n', b'5\n11\n')
    ask(other, b'add 1\n', b'1\n')
    other.sendall(b'quit\n')
    end(other)
    ask(s, b'add 1\n', b'12\n')
    s.sendall(b'x' * 71)
    end(s)
    third = connect()   # alone, while the map waits: as on the page
    ask(third, b'add 1\n', b'1\n')


globals()[scene]()
EOF

# It listens, or its program has ended.
await() {
	"$python" - "$port" "$server" <<'EOF'
import os, socket, sys, time
end = time.monotonic() + 300
while True:
    try:
        socket.create_connection(('127.0.0.1', int(sys.argv[1])), 100)
        break
    except ConnectionRefusedError:
        os.kill(int(sys.argv[2]), 0)
        if time.monotonic() > end:
            sys.exit('nobody listens')
        time.sleep(0.01)
EOF
}

start() {
	hold_port lend
	"$programs/$1" "$port" >"$tmp/out" 2>"$tmp/err" &
	server=$!
	await || { cat "$tmp/err"; return 1; }
}

start_traced() {
	ASYNCORE_TRACE=$tmp/$1.trace
	export ASYNCORE_TRACE
	rm -f "$ASYNCORE_TRACE"
	start "$1"
	started=$?
	unset ASYNCORE_TRACE
	return $started
}

# Ctrl-C ends it well.
stop() {
	status=0
	kill -INT "$server"
	wait "$server" || status=$?
	server=
	echo "exit status $status"
	cat "$tmp/out" "$tmp/err"
	[ $status -eq 0 ]
}

client() {
	"$python" "$tmp/clients.py" "$port" "$1"
}

# The client of page 3 gets back what the file has.
returns() {
	$limit "$programs/3_client" "$port" <"$1" >"$tmp/back" && cmp "$1" "$tmp/back"
}

refused() {
	status=0
	hold_port keep
	echo hello | $limit "$programs/3_client" "$port" >"$tmp/out" \
	    2>"$tmp/err" || status=$?
	cat "$tmp/out" "$tmp/err"
	[ $status -eq 1 ] && grep -i '^3_client: .*refused' "$tmp/err"
}

# The client of page 4 that never reads, how long it is patient, and what it says
# that was taken.
deaf() {
	block python 4_crowd >"$tmp/deaf.py"
	grep -q 8007 "$tmp/deaf.py" && grep -q '\[\], 1)' "$tmp/deaf.py" || return
	sed -e "s/8007/$port/" -e "s/\[\], 1)/[], $1)/" "$tmp/deaf.py" \
	    >"$tmp/deaf_now.py"
	taken=$($limit "$python" "$tmp/deaf_now.py")
	echo "$taken"
}

takes_all() {
	deaf 40 && [ "${taken%% *}" -ge 67108864 ]
}

takes_little() {
	deaf 1 && [ "${taken%% *}" -lt 67108864 ]
}

counts() {
	stop && grep -E '^[0-9]+ connections, [0-9]+ bytes in, [0-9]+ bytes out$' \
	    "$tmp/out"
}

port_is_told() {
	"$programs/2_server" 0 >"$tmp/told" 2>"$tmp/err" &
	server=$!
	until grep -q '^port [1-9]' "$tmp/told"; do
		kill -0 "$server" || return
		sleep 0.01 2>/dev/null || sleep 1
	done
	port=$(cut -d ' ' -f 2 "$tmp/told")
	client echo && stop
}

ticks() {
	until grep '^[0-9]* connections$' "$tmp/out"; do
		kill -0 "$server" || return
		sleep 0.1 2>/dev/null || sleep 1
	done
}

if [ -z "$python" ]; then
	skip 'servers and clients' 'there is no python3'
	done_testing
	exit 0
fi
echo hello >"$tmp/hello"
head -c 1000000 /dev/zero | tr '\0' x >"$tmp/large"

check '2_server starts' start_traced 2_server
check '2_server echoes' client echo
check '2_server ends' stop
traces 2_server
check '2_server tells its port' port_is_told
check '2_server starts again' start 2_server
check '2_server serves many at once' client many
check '2_server keeps whatever is sent by who never reads' takes_all
ASYNCORE_TRACE=$tmp/3_client.trace
export ASYNCORE_TRACE
check '3_client gets back what it sends' returns "$tmp/hello"
unset ASYNCORE_TRACE
traces 3_client
check '3_client gets back a lot' returns "$tmp/large"
check '2_server ends again' stop
check '3_client says that nobody listens' refused

check '4_crowd starts' start_traced 4_crowd
check '4_crowd echoes' client echo
check '4_crowd serves many at once' client many
check '4_crowd returns a lot' returns "$tmp/large"
check '4_crowd returns all to who has finished sending' client half_closed
check '4_crowd does not take what is not read' takes_little
check '4_crowd has counted' counts
traces 4_crowd

check '5_lines starts' start_traced 5_lines
check '5_lines adds up' client lines
check '5_lines has a limit' client long_line
check '5_lines ends' stop
traces 5_lines

check '6_host starts' start_traced 6_host
check '6_host adds up' client hosted
check '6_host has a timer' ticks
check '6_host ends' stop
traces 6_host
done_testing
