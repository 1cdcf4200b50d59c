"""proxy_clients.py - clients and upstreams of examples/proxy, for proxy.sh.

    proxy_clients.py PROXY SCENE

Each scene is a function: it has a proxy and the listener it goes to of its
own, and fails by an exception.  The proxy must then end well by Ctrl-C, and
have complained of nothing else than the scene says.
"""
import contextlib
import os
import resource
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

BIG = os.urandom(1 << 20) * 10


def too_late(signo, frame):
    raise TimeoutError('the scene took too long')


class Proxy:
    """A listener, and a proxy that goes to it."""

    def __init__(self, *options, host='127.0.0.1', listens=True):
        self.listener = socket.socket()
        self.listener.bind(('127.0.0.1', 0))
        if listens:
            self.listener.listen(256)
        self.target = '%s:%d' % (host, self.listener.getsockname()[1])
        self.process = subprocess.Popen(
            [sys.argv[1], *options, '0', self.target],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.complaints = ''
        self.is_interrupted = False

    def __enter__(self):
        self.port = int(self.process.stdout.readline())
        return self

    def __exit__(self, *error):
        self.listener.close()
        try:
            self.interrupt()
            err = self.process.communicate(timeout=100)[1]
        finally:
            self.process.kill()
        if error[0] is None:
            assert self.complaints in (err, None), err
            assert self.process.returncode == 0, self.process.returncode

    def interrupt(self):
        """Once: a second one would find nobody who expects it."""
        if not self.is_interrupted:
            self.process.send_signal(signal.SIGINT)
        self.is_interrupted = True

    def client(self):
        return socket.create_connection(('127.0.0.1', self.port), 100)

    def upstream(self):
        self.listener.settimeout(100)
        upstream = self.listener.accept()[0]
        upstream.settimeout(100)
        return upstream

    def pair(self):
        client = self.client()
        return client, self.upstream()


def read_all(s):
    data = bytearray()
    while piece := s.recv(65536):
        data += piece
    return bytes(data)


@contextlib.contextmanager
def sending(s, data):
    """Sends meanwhile, and says that it has finished."""
    def send():
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)
    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    yield
    thread.join(100)
    assert not thread.is_alive()


def reset(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                 struct.pack('ii', 1, 0))
    s.close()


def ends(s):
    """The connection is gone, one way or the other."""
    try:
        return s.recv(1) == b''
    except ConnectionResetError:
        return True


def is_reset(s):
    try:
        return s.recv(1) and False
    except ConnectionResetError:
        return True


# ---- What goes through ------------------------------------------------------

def both_ways():
    with Proxy() as proxy:
        client, upstream = proxy.pair()
        back = BIG[::-1]
        with sending(client, BIG), sending(upstream, back):
            got = []
            reader = threading.Thread(
                target=lambda: got.append(read_all(upstream)), daemon=True)
            reader.start()
            assert read_all(client) == back
            reader.join(100)
            assert got == [BIG]


def client_finishes_first():
    with Proxy() as proxy:
        client, upstream = proxy.pair()
        with sending(client, BIG):
            assert read_all(upstream) == BIG
        with sending(upstream, BIG):
            assert read_all(client) == BIG


def upstream_finishes_first():
    with Proxy() as proxy:
        client, upstream = proxy.pair()
        with sending(upstream, BIG):
            assert read_all(client) == BIG
        with sending(client, BIG):
            assert read_all(upstream) == BIG


def many():
    with Proxy() as proxy:
        pairs = [proxy.pair() for i in range(200)]
        for i, (client, upstream) in enumerate(pairs):
            client.sendall(b'%d' % i)
        for i, (client, upstream) in enumerate(pairs):
            assert upstream.recv(9) == b'%d' % i
            upstream.sendall(b'-%d' % i)
            upstream.close()
        for i, (client, upstream) in enumerate(pairs):
            assert read_all(client) == b'-%d' % i
            client.close()


# ---- Back pressure ----------------------------------------------------------

def fill(s, most):
    """Sends until there has been no room for a second; answers how much."""
    s.setblocking(False)
    sent = 0
    while sent < most and select.select([], [s], [], 1)[1]:
        sent += s.send(BIG[:65536])
    s.settimeout(100)
    return sent


def held_up(reader, writer):
    sent = fill(writer, 256 << 20)
    assert sent < 64 << 20, sent
    with sending(writer, b'the rest'):
        data = read_all(reader)
    assert len(data) == sent + 8
    assert data.endswith(b'the rest')


def end_while_full():
    """Some of these ends come when a little waits for the client."""
    with Proxy() as proxy:
        for n in range(0, 8 << 20, 48 << 10):
            client, upstream = proxy.pair()
            with sending(upstream, BIG[:n]):
                select.select([client], [], [], .002)
                client.shutdown(socket.SHUT_WR)
                assert upstream.recv(1) == b''
                assert read_all(client) == BIG[:n]
            client.close()
            upstream.close()


def slow_client():
    with Proxy() as proxy:
        held_up(*proxy.pair())


def slow_upstream():
    with Proxy() as proxy:
        client, upstream = proxy.pair()
        held_up(upstream, client)


def neither_reads():
    with Proxy() as proxy:
        client, upstream = proxy.pair()
        n, m = fill(client, 256 << 20), fill(upstream, 256 << 20)
        with sending(client, b''), sending(upstream, b''):
            assert len(read_all(upstream)) == n
            assert len(read_all(client)) == m


# ---- What ends --------------------------------------------------------------

def refused():
    with Proxy(listens=False) as proxy:
        with contextlib.suppress(ConnectionResetError), proxy.client() as c:
            assert ends(c)
        proxy.complaints = 'proxy: %s: Connection refused\n' % proxy.target


def lost_upstream():
    with Proxy() as proxy:
        client, upstream = proxy.pair()
        client.sendall(b'x')    # the proxy knows of its connection then
        assert upstream.recv(1) == b'x'
        reset(upstream)
        assert is_reset(client)


def lost_client():
    with Proxy() as proxy:
        client, upstream = proxy.pair()
        upstream.sendall(BIG[:65536])
        client.recv(1)
        reset(client)
        assert is_reset(upstream)


def lost_while_full():
    """The upstream's end is not read when it goes."""
    with Proxy() as proxy:
        client, upstream = proxy.pair()
        fill(upstream, 256 << 20)
        reset(client)
        try:
            while True:
                upstream.sendall(BIG)
        except (ConnectionResetError, BrokenPipeError):
            pass


def idle():
    with Proxy('-t', '0.3') as proxy:
        client, upstream = proxy.pair()
        assert ends(client)
        assert ends(upstream)


def idle_by_name():
    """The time is that of a connection, not of one address of the name."""
    with Proxy('-t', '0.3', host='localhost') as proxy:
        client, upstream = proxy.pair()
        assert ends(client)
        assert ends(upstream)


def no_such_name():
    with Proxy(host='nosuch.invalid') as proxy:
        with contextlib.suppress(ConnectionResetError), proxy.client() as c:
            assert ends(c)
        proxy.complaints = None


def interrupted_name():
    """Ctrl-C while a name is being looked up, or just was."""
    with Proxy(host='nosuch.invalid') as proxy:
        with contextlib.suppress(ConnectionResetError):
            client = proxy.client()
        proxy.complaints = None


def is_kept(proxy):
    """For three times as long as both might be silent one is.  False: so were
    both, as nobody ran this process for a while.
    """
    spoken = begin = time.monotonic()
    client, upstream = proxy.pair()
    try:
        while spoken < begin + 3:
            now = time.monotonic()
            upstream.sendall(b'x')
            assert client.recv(9) == b'x'
            spoken = now
            assert not select.select([client, upstream], [], [], .1)[0]
    except (AssertionError, ConnectionResetError, BrokenPipeError):
        if time.monotonic() < spoken + 1:
            raise
        return False
    return True


def one_is_silent():
    with Proxy('-t', '1') as proxy:
        while not is_kept(proxy):
            pass


def interrupted():
    with Proxy() as proxy:
        pairs = [proxy.pair() for i in range(3)]
        fill(pairs[0][1], 256 << 20)
        proxy.interrupt()
        for client, upstream in pairs[1:]:
            assert ends(client)
            assert ends(upstream)


def serve(listener):
    """One after the other gets one byte back."""
    with contextlib.suppress(OSError):
        while True:
            upstream = listener.accept()[0]
            with contextlib.suppress(OSError), upstream:
                upstream.sendall(upstream.recv(1))


def is_served(proxy):
    try:
        with proxy.client() as client:
            client.sendall(b'x')
            return client.recv(1) == b'x'
    except (ConnectionResetError, BrokenPipeError):
        return False


def no_descriptors():
    """Whom it cannot serve it turns away, or lets wait."""
    with Proxy() as proxy:
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.prlimit(proxy.process.pid, resource.RLIMIT_NOFILE, (24, hard))
        clients, upstreams = [], []
        with contextlib.suppress(ConnectionResetError):
            for i in range(24):
                clients.append(proxy.client())
        upstreams.append(proxy.upstream())
        while select.select([proxy.listener], [], [], 1)[0]:
            upstreams.append(proxy.upstream())
        assert len(upstreams) < 12
        for s in clients + upstreams:
            s.close()
        threading.Thread(target=serve, args=(proxy.listener,),
                         daemon=True).start()
        while not is_served(proxy):
            pass
        proxy.complaints = None


signal.signal(signal.SIGALRM, too_late)
signal.alarm(250)
globals()[sys.argv[2]]()
