"""objects.py - what a program has given names: channels, and peers, which are
descriptors that asyncore knows nothing of.

These are the verbs that make them, and those that do something to a descriptor
behind asyncore's back.
"""
import os
import socket
import struct

import hooks
import net
import state

HOW = {'rd': socket.SHUT_RD, 'wr': socket.SHUT_WR, 'rdwr': socket.SHUT_RDWR}


# ---- Making channels and peers.

def made(name):
    words = state.it.program.kinds.get(name, ['plain'])
    cls = hooks.CLASSES[words[0]]
    channel = cls.__new__(cls)
    channel.name = name
    channel.asked = 'asked' in words
    channel.can_want = channel.asked or 'flagged' in words
    channel.logged = 'logged' in words
    channel.want = {'r': None, 'w': None}
    channel.sort = socket.SOCK_STREAM
    channel.family = None       # it never had a socket
    state.it.channels[name] = channel
    return channel


def is_new(name):
    return name not in state.it.channels and name not in state.it.raws


def wrap(name, sock, accepted=None):
    """The socket becomes what the name says: a channel, or a peer."""
    if name[0] == 'p':
        state.it.raws[name] = state.Raw(sock)
        return
    channel = made(name)
    channel.sort = sock.type
    channel.family = sock.family
    if isinstance(channel, hooks.File):
        channel.__init__(sock.fileno(), state.it.map)
        sock.close()
    else:
        channel.__init__(sock, state.it.map, accepted)


def wrap_fd(name, fd):
    if name[0] == 'p':
        state.it.raws[name] = state.Raw(fd=fd)
        return
    made(name).__init__(fd, state.it.map)
    os.close(fd)


def is_file(name):
    kind = state.it.program.kinds.get(name, ['plain'])[0]
    return name[0] == 'p' or kind == 'file'


def do_pair(frame, kind, a, b):
    if a == b or not is_new(a) or not is_new(b):
        return 'absent'
    state.it.uses_net = state.it.uses_net or kind in ('tcp', 'udp')
    pair = net.wire(kind)
    state.it.own_port(a, pair[0])
    state.it.own_port(b, pair[1])
    for name, sock in zip((a, b), pair):
        wrap(name, sock)


def do_pipe(frame, a, b):
    if a == b or not is_new(a) or not is_new(b) or \
            not is_file(a) or not is_file(b):
        return 'absent'
    fds = os.pipe()
    for name, fd in zip((a, b), fds):
        wrap_fd(name, fd)


def do_regular(frame, name, data):
    if not is_new(name) or not is_file(name):
        return 'absent'
    path = os.path.join(state.it.net.directory, 'file')
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    os.write(fd, data)
    os.lseek(fd, 0, os.SEEK_SET)
    wrap_fd(name, fd)


def do_null(frame, name):
    if not is_new(name) or not is_file(name):
        return 'absent'
    wrap_fd(name, os.open('/dev/null', os.O_RDWR))


def do_new(frame, name):
    if not is_new(name) or is_file(name):
        return 'absent'
    made(name).__init__(None, state.it.map)


def take(channel, pair):
    """The next of its children; none left: it is closed."""
    sock, addr = pair
    names = state.it.children.get(channel.name, [])
    if not names or not is_new(names[0]):
        sock.close()
        return 'declined'
    net.no_delay(sock)
    wrap(names[0], sock, addr)
    return names.pop(0)


def do_take(frame):
    if not frame.accepted:
        return 'absent'
    pair = list(frame.accepted)
    del frame.accepted[:]
    return take(frame.owner, pair)


# ---- What is done to descriptors behind asyncore's back.

def descriptor(name):
    """The open socket of a channel or peer; a number where it is a file."""
    if name in state.it.raws:
        return state.it.raws[name].sock or state.it.raws[name].fd
    channel = state.it.channels.get(name)
    if channel is None or channel.socket is None or channel.closed:
        return None
    if isinstance(channel, hooks.File):
        return channel.socket.fd
    return channel.socket


def raw(name, call, *args):
    sock = descriptor(name)
    if not isinstance(sock, socket.socket):
        return 'absent'
    try:
        result = call(sock, *args)
    except BlockingIOError:
        return 'again'
    except OSError as error:
        return 'error %d' % error.errno
    return state.quoted(result) if isinstance(result, bytes) else 'ok'


def do_shutdown(frame, name, how):
    return raw(name, socket.socket.shutdown, HOW[how])


def do_oob(frame, name, data):
    return raw(name, lambda sock: sock.send(data, socket.MSG_OOB) and None)


def do_recv_oob(frame, name):
    return raw(name, lambda sock: sock.recv(1, socket.MSG_OOB))


def do_linger(frame, name):
    """Its close is a reset."""
    return raw(name, lambda sock: sock.setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0)))


def do_write(frame, name, data):
    peer = state.it.raws.get(name)
    if peer is None:
        return 'absent'
    try:
        if peer.sock is not None:
            return str(peer.sock.send(data))
        return str(os.write(peer.fd, data))
    except BlockingIOError:
        return 'again'
    except OSError as error:
        return 'error %d' % error.errno


def do_read(frame, name, size):
    peer = state.it.raws.get(name)
    if peer is None:
        return 'absent'
    try:
        if peer.sock is not None:
            return state.quoted(peer.sock.recv(int(size)))
        return state.quoted(os.read(peer.fd, int(size)))
    except BlockingIOError:
        return 'again'
    except OSError as error:
        return 'error %d' % error.errno


def do_drop(frame, name):
    peer = state.it.raws.pop(name, None)
    if peer is None:
        return 'absent'
    peer.close()


VERBS = {
    'pair': do_pair, 'pipe': do_pipe, 'regular': do_regular, 'null': do_null,
    'new': do_new, 'take': do_take, 'shutdown': do_shutdown, 'oob': do_oob,
    'recv_oob': do_recv_oob, 'linger': do_linger, 'write': do_write,
    'read': do_read, 'drop': do_drop}
