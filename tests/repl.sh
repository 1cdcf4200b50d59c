#!/bin/sh
# repl.sh - examples/repl: what is typed goes to the server, and what it says is
# printed, whether stdin is a terminal, a pipe or a file.
#
# The servers, and what types at the terminal, are Python's.
# From the environment: top_srcdir, top_builddir.
: "${top_srcdir:=$(dirname "$0")/..}" "${top_builddir:=.}"
. "$top_srcdir/tests/tap.sh"

limit=
! timeout 1 true >/dev/null 2>&1 || limit='timeout 300'

# ---- Without a server -------------------------------------------------------

# says STATUS OUTPUT: the commands are stdin.
says() {
	wanted=$1
	printf %s "$2" >"$tmp/expected"
	status=0
	$limit "$top_builddir/examples/repl" >"$tmp/out" 2>"$tmp/err" ||
	    status=$?
	echo "exit status $status"
	cat "$tmp/out" "$tmp/err"
	[ $status -eq "$wanted" ] && [ ! -s "$tmp/err" ] &&
	    cmp "$tmp/expected" "$tmp/out"
}

check 'no input' says 0 '' </dev/null
printf 'stats\nsend x\n\nnone\nconnect\nquit\nstats\n' >"$tmp/commands"
answers='* sent 0, received 0
! send: there is no connection
! none: not connect, send, stats or quit
! connect: where to? HOST PORT
'
check 'commands from a file' says 1 "$answers" <"$tmp/commands"
from_pipe() {
	{ cat "$tmp/commands"; } | says 1 "$answers"
}
check 'commands from a pipe' from_pipe
last_line() {
	printf 'stats\nstats' | says 0 '* sent 0, received 0
* sent 0, received 0
'
}
check 'a last line without an end' last_line

# ---- With one ---------------------------------------------------------------

cat >"$tmp/scenes.py" <<'END'
import os, pty, select, signal, socket, subprocess, sys, termios, threading

repl, scene = sys.argv[1:]


def too_late(signo, frame):
    raise TimeoutError('the scene took too long')


class Server:
    """Greets, and says again what it hears, in capital letters."""

    def __init__(self):
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            with self.listener.accept()[0] as client:
                client.sendall(b'hello\n')
                while data := client.recv(65536):
                    client.sendall(data.upper())


def run(commands, **options):
    done = subprocess.run([repl], input=commands.encode(), timeout=200,
                          capture_output=True, **options)
    assert done.stderr == b'', done.stderr
    return done.returncode, done.stdout.decode()


class Terminal:
    """The repl at a terminal of its own; expects() reads what it prints."""

    def __init__(self):
        master, slave = pty.openpty()
        attributes = termios.tcgetattr(slave)
        attributes[3] &= ~termios.ECHO
        termios.tcsetattr(slave, termios.TCSANOW, attributes)
        self.master, self.slave, self.seen = master, slave, ''
        self.process = subprocess.Popen(
            [repl], stdin=slave, stdout=slave, stderr=slave,
            preexec_fn=self.control)

    def control(self):
        os.setsid()
        os.close(os.open(os.ttyname(0), os.O_RDWR))

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.kill()
        self.process.wait()

    def types(self, text):
        os.write(self.master, text.encode())

    def expects(self, text):
        while text not in self.seen:
            data = os.read(self.master, 4096)
            self.seen += data.decode().replace('\r\n', '\n')
        self.seen = self.seen.partition(text)[2]

    def ends(self, status):
        assert self.process.wait(100) == status
        # The next program at the terminal finds it as it was.
        assert os.get_blocking(self.slave)


def pipe():
    status, out = run('connect 127.0.0.1 %d\nsend one\nsend two\n' %
                      Server().port)
    assert status == 0, out
    assert out == '* connected\nhello\nONE\nTWO\n* closed\n', out


def file():
    with open(os.path.join(os.path.dirname(sys.argv[0]), 'input'), 'w+') as f:
        f.write('connect 127.0.0.1 %d\n' % Server().port)
        f.write('send one\nquit\nsend two\n')
        f.seek(0)
        done = subprocess.run([repl], stdin=f, timeout=200, capture_output=True)
    assert done.returncode == 0, done
    assert done.stdout == b'* connected\nhello\nONE\n* closed\n', done


def much():
    """More than fits into any buffer, while as much comes back."""
    line = 1000 * 'x'
    status, out = run('connect 127.0.0.1 %d\n' % Server().port +
                      10000 * ('send %s\n' % line))
    assert status == 0, out[:1000]
    assert out == '* connected\nhello\n' + 10000 * (line.upper() + '\n') + \
        '* closed\n', len(out)


def refused():
    with socket.socket() as held:
        held.bind(('127.0.0.1', 0))
        status, out = run('connect 127.0.0.1 %d\n' % held.getsockname()[1])
    assert (status, out) == (1, '! connect: Connection refused\n'), out


def no_such_name():
    """Names are looked up in the loop, without which none can be."""
    status, out = run('connect nosuch.invalid 80\nstats\n')
    assert status == 1, out
    assert '* sent 0, received 0\n' in out, out
    assert '! connect: nosuch.invalid: ' in out, out


def name():
    status, out = run('connect localhost %d\nsend one\n' % Server().port)
    assert (status, out) == (0, '* connected\nhello\nONE\n* closed\n'), out


def interrupted_name():
    with Terminal() as t:
        t.types('connect nosuch.invalid 80\n')
        t.expects('> ')
        t.types('\x03')
        t.ends(130)


def twice():
    port = Server().port
    status, out = run('connect 127.0.0.1 %d\nconnect 127.0.0.1 %d\n' %
                      (port, port))
    assert status == 1, out
    assert out == '! connect: there is a connection already\n' \
        '* connected\nhello\n* closed\n', out


def terminal():
    with Terminal() as t:
        t.expects('> ')
        t.types('connect 127.0.0.1 %d\n' % Server().port)
        t.expects('* connected\nhello\n')
        t.types('send one\n')
        t.expects('ONE\n')
        t.types('stats\n')
        t.expects('* sent 4, received 10\n')
        t.types('send two\n')
        t.expects('TWO\n')
        t.types('\x04')
        t.expects('* closed\n')
        t.ends(0)


def again():
    """Another server, when one has gone."""
    with Terminal() as t, socket.create_server(('127.0.0.1', 0)) as listener:
        for i in range(2):
            t.types('connect 127.0.0.1 %d\n' % listener.getsockname()[1])
            server = listener.accept()[0]
            t.expects('* connected\n')
            t.types('send %d\n' % i)
            assert server.recv(2) == b'%d\n' % i
            server.close()
            t.expects('* closed\n')
        t.types('quit\n')
        t.ends(0)


def control_c():
    with Terminal() as t:
        t.types('connect 127.0.0.1 %d\n' % Server().port)
        t.expects('hello\n')
        t.types('\x03')
        t.ends(130)


def hung_up():
    """The terminal goes: no signal, as it is nobody's controlling one."""
    master, slave = pty.openpty()
    process = subprocess.Popen([repl], stdin=slave, stdout=subprocess.DEVNULL)
    os.close(slave)
    os.close(master)
    try:
        process.wait(100)
    finally:
        process.kill()


signal.signal(signal.SIGALRM, too_late)
signal.alarm(250)
globals()[scene]()
END

# scene NAME WHAT
scene() {
	if python3 -c 'import pty, sys; sys.exit(sys.version_info < (3, 8))' \
	    >/dev/null 2>&1; then
		check "$2" python3 "$tmp/scenes.py" \
		    "$top_builddir/examples/repl" "$1"
	else
		skip "$2" 'there is no python3'
	fi
}

scene pipe 'a pipe: its end ends the program, after the answer'
scene file 'a file, and quit in the middle of it'
scene much '10 MB'
scene refused 'a refused connection'
scene name 'a name'
scene no_such_name 'a name that does not exist'
scene interrupted_name 'Ctrl-C while a name is looked up'
scene twice 'a second connection is refused'
scene terminal 'a terminal'
scene again 'one server after the other'
scene control_c 'Ctrl-C'
scene hung_up 'a terminal that goes away'
done_testing
