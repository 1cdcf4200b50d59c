#!/bin/sh
# chat.sh - examples/chat_server: who hears what, and when one of them leaves,
# is rude or does not listen, the others go on.
#
# The clients are Python's sockets.  From the environment: top_srcdir,
# top_builddir.
: "${top_srcdir:=$(dirname "$0")/..}" "${top_builddir:=.}"
. "$top_srcdir/tests/tap.sh"

server=
trap '[ -z "$server" ] || kill $server 2>/dev/null; rm -rf "$tmp"' 0

cat >"$tmp/chat.py" <<'END'
import signal, socket, struct, sys

port, scene = int(sys.argv[1]), sys.argv[2]
signal.alarm(250)


class Client:
    """Knows its name, and takes one line after the other."""

    def __init__(self, others=()):
        self.socket = socket.create_connection(('127.0.0.1', port), 100)
        self.file = self.socket.makefile('rb')
        word, self.name, *rest = self.line().split()
        assert (word, rest) == ('*', ['has', 'joined'])
        for other in others:
            other.hears('* %s has joined' % self.name)

    def line(self):
        line = self.file.readline()
        assert line.endswith(b'\r\n') or line == b'', line
        return line[:-2].decode()

    def hears(self, *lines):
        for line in lines:
            got = self.line()
            assert got == line, (self.name, got, line)

    def says(self, text):
        self.socket.sendall(text.encode())


def clients(n):
    all = []
    for i in range(n):
        all.append(Client(all))
    return all


def everybody_hears(all, *lines):
    for c in all:
        c.hears(*lines)


def talk():
    a, b, c = all = clients(3)
    a.says('hello\n')
    everybody_hears(all, '<%s> hello' % a.name)
    b.says('hello\r\n\n')
    everybody_hears(all, '<%s> hello' % b.name, '<%s> ' % b.name)


def pieces():
    a, b = all = clients(2)
    for byte in 'one\r\nt':
        a.says(byte)
    everybody_hears(all, '<%s> one' % a.name)
    a.says('wo\nthree\nfo')
    everybody_hears(all, '<%s> two' % a.name, '<%s> three' % a.name)
    a.says('ur\n')
    everybody_hears(all, '<%s> four' % a.name)


def names():
    a, b = all = clients(2)
    a.says('/nick anna\n')
    everybody_hears(all, '* %s is now anna' % a.name)
    a.says('hi\n')
    everybody_hears(all, '<anna> hi')
    b.says('/nick anna\n/nick \n/nick b o b\n/nick <b>\n/nick %s\n' % (21 * 'b'))
    b.hears('! this name is taken', *4 * ['! a name has 1 to 20 letters'])
    b.says('/nick %s\n' % (20 * 'b'))
    everybody_hears(all, '* %s is now %s' % (b.name, 20 * 'b'))
    guest = int(b.name[5:]) + 1
    b.says('/nick guest%d\n' % guest)
    everybody_hears(all, '* %s is now guest%d' % (20 * 'b', guest))
    assert Client(all).name == 'guest%d' % (guest + 1)


def quit():
    a, b, c = all = clients(3)
    a.says('bye\n/quit\nnot heard\n')
    everybody_hears(all, '<%s> bye' % a.name)
    everybody_hears([b, c], '* %s has left' % a.name)
    a.hears('')
    b.socket.shutdown(socket.SHUT_WR)
    c.hears('* %s has left' % b.name)
    b.hears('')


def reset():
    a, b = clients(2)
    b.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                        struct.pack('ii', 1, 0))
    b.file.close()
    b.socket.close()
    a.hears('* %s has left' % b.name)


def too_long():
    a, b = all = clients(2)
    a.says(500 * 'x' + '\n')
    everybody_hears(all, '<%s> %s' % (a.name, 500 * 'x'))
    a.says(501 * 'x' + '\n')
    b.hears('* %s has left' % a.name)
    b.says('still there\n')
    b.hears('<%s> still there' % b.name)


def many():
    all = clients(200)
    for c in all[::20]:
        c.says('hello\n')
        everybody_hears(all, '<%s> hello' % c.name)


def deaf():
    a, b, c = clients(3)
    c.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line = 490 * 'x'
    said, left = '<%s> %s' % (a.name, line), '* %s has left' % c.name
    lefts = []
    for i in range(20):
        a.says(1000 * (line + '\n'))
        for hearer in a, b:
            for k in range(1000):
                got = hearer.line()
                if got == left:
                    lefts.append(hearer)
                    got = hearer.line()
                assert got == said, got
    assert lefts == [a, b] or lefts == [b, a], lefts


globals()[scene]()
END

# start: a server of its own for each scene, so that nobody of another one is
# still leaving.
start() {
	rm -f "$tmp/port"
	mkfifo "$tmp/port"
	"$top_builddir/examples/chat_server" >"$tmp/port" &
	server=$!
	exec 3<"$tmp/port"	# to the server's end: it logs there, too
	read -r port <&3
}

# stop: it was alive until now, and ends well by Ctrl-C.
stop() {
	status=0
	kill -INT "$server" && wait "$server" || status=$?
	server=
	exec 3<&-
	[ $status -eq 0 ]
}

# scene NAME: the script's clients do it, and the server is still there.
scene() {
	start
	python3 "$tmp/chat.py" "$port" "$1" && stop
}

# refuses PORT: the server says so and ends.
refuses() {
	status=0
	"$top_builddir/examples/chat_server" "$1" >"$tmp/out" 2>"$tmp/err" ||
	    status=$?
	cat "$tmp/out" "$tmp/err"
	[ $status -eq 1 ] && [ ! -s "$tmp/out" ] &&
	    grep '^chat_server: ' "$tmp/err"
}

for bad in x 1x 65536; do
	check "a port that is none: $bad" refuses "$bad"
done
if ! python3 -c 'import socket' >/dev/null 2>&1; then
	skip 'who hears what' 'there is no python3'
	done_testing
	exit
fi
check 'what one says, all hear' scene talk
check 'lines in pieces, and pieces of several lines' scene pieces
check 'names' scene names
check 'one who leaves is gone' scene quit
check 'one whose connection breaks is gone' scene reset
check 'one who says too much at once is thrown out' scene too_long
check '200 clients' scene many
check 'one who does not listen holds nobody up' scene deaf
start
check 'a port that is taken' refuses "$port"
done_testing
