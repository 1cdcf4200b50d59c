"""net.py - sockets and addresses for the programs.

t0 to t3 are ports on loopback, kept by sockets of ours that do not listen, so
that they are free for listeners and refuse connections else; x0 to x3 are
sockets' files in the directory.  net.c is the same for the driver in C.
"""
import os
import socket

ADDRESSES = 4                   # of each family

WIRES = {'unix': (socket.AF_UNIX, socket.SOCK_STREAM),
         'dgram': (socket.AF_UNIX, socket.SOCK_DGRAM),
         'seq': (socket.AF_UNIX, socket.SOCK_SEQPACKET),
         'tcp': (socket.AF_INET, socket.SOCK_STREAM),
         'udp': (socket.AF_INET, socket.SOCK_DGRAM)}


class Net:
    def __init__(self, directory):
        self.directory = directory
        self.ports = []
        self.keepers = []
        for _ in range(ADDRESSES):
            keeper = socket.socket()
            keeper.bind(('127.0.0.1', 0))
            keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.keepers.append(keeper)
            self.ports.append(keeper.getsockname()[1])
        self.ping = udp_pair()
        for sock in self.ping:
            sock.setblocking(True)

    def settle(self):
        """All that is under way on loopback has come when this has."""
        a, b = self.ping
        for _ in range(3):
            a.send(b'.')
            b.recv(1)
            b.send(b'.')
            a.recv(1)

    def address(self, name):
        number = int(name[1:])
        if name[0] == 't':
            return ('127.0.0.1', self.ports[number])
        return os.path.join(self.directory, name)


def no_delay(sock):
    """What is sent leaves at once; see net.c."""
    if sock.family == socket.AF_INET and sock.type == socket.SOCK_STREAM:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(socket, 'TCP_CONGESTION'):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION,
                            b'reno')


def tcp_pair():
    with socket.create_server(('127.0.0.1', 0)) as server:
        a = socket.create_connection(server.getsockname())
        b = server.accept()[0]
    return a, b


def udp_pair():
    a, b = (socket.socket(*WIRES['udp']) for _ in range(2))
    for sock in a, b:
        sock.bind(('127.0.0.1', 0))
    a.connect(b.getsockname())
    b.connect(a.getsockname())
    return a, b


def wire(kind):
    if kind == 'tcp':
        pair = tcp_pair()
    elif kind == 'udp':
        pair = udp_pair()
    else:
        pair = socket.socketpair(*WIRES[kind])
    for sock in pair:
        sock.setblocking(False)
        no_delay(sock)
    return pair
