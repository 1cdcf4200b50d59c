"""state.py - a program that runs: what it has made, and its log.

`it` is the one that runs now.
"""
import os
import socket
import zlib

import listed
import program

LINES = 1500                    # of a program's log, at most
SHOWN = 48                      # bytes of data

it = None


def quoted(data):
    """Bytes as they are shown in the log."""
    if len(data) > SHOWN:
        return '<%d %08x>' % (len(data), zlib.crc32(data))
    return '"%s"' % ''.join(
        chr(c) if 32 <= c < 127 and c not in b'"\\' else '\\x%02x' % c
        for c in data)


def shown(word):
    return word if isinstance(word, str) else quoted(word)


def log(line):
    it.log(line)


class Raw:
    """A descriptor that is no channel: a peer."""

    def __init__(self, sock=None, fd=-1):
        self.sock = sock
        self.fd = sock.fileno() if sock is not None else fd
        os.set_blocking(self.fd, False)

    def close(self):
        if self.sock is not None:
            self.sock.close()
        else:
            os.close(self.fd)


class Frame:
    """The hook that runs."""

    def __init__(self, owner, base, accepted=None):
        self.owner = owner
        self.base = base
        self.accepted = accepted
        self.given = b''
        self.last = b''


class State:
    def __init__(self, net, text):
        self.net = net
        self.program = program.Program(text)
        self.map = listed.Map()
        self.channels = {}
        self.raws = {}
        self.counts = {}
        self.children = {name: list(names) for name, names
                         in self.program.children.items()}
        self.owners = {(socket.SOCK_STREAM, port): 't%d' % i
                       for i, port in enumerate(net.ports)}
        self.uses_net = False
        self.depth = 0
        self.lines = 0
        self.muted = False

    def log(self, line):
        if not self.muted:
            print(line)
            self.lines += 1
            self.muted = self.lines >= LINES

    def settle(self):
        if self.uses_net:
            self.net.settle()

    def next_actions(self, name, hook):
        number = self.counts[name, hook] = \
            self.counts.get((name, hook), 0) + 1
        return self.program.actions_of(name, hook, number)

    def own_port(self, name, sock):
        """Names the port that the kernel has chosen."""
        if sock.family == socket.AF_INET:
            key = sock.type, sock.getsockname()[1]
            if self.owners.get(key, 'p')[0] != 't':
                self.owners[key] = name

    def address(self, addr, sort=socket.SOCK_STREAM):
        """An address by its owner's name."""
        if addr is None:
            return 'none'
        if isinstance(addr, tuple):
            return self.owners.get((sort, addr[1]), 'inet')
        return os.path.basename(addr) or 'unnamed'
