import asyncore
import socket


class Scrambled:
    """A socket around a socket, as ssl's is."""

    def __init__(self, sock):
        self.sock = sock

    def __getattr__(self, name):
        return getattr(self.sock, name)

    def send(self, data):
        return self.sock.send(bytes(c ^ 1 for c in data))

    def recv(self, size):
        return bytes(c ^ 1 for c in self.sock.recv(size))


class Ear(asyncore.dispatcher):
    def writable(self):
        return False

    def handle_read(self):
        data = self.recv(100)
        print('heard', data.decode())
        self.send(data.upper())


ours, peer = socket.socketpair()
ear = Ear(Scrambled(ours))
peer.send(b'idmmn')
asyncore.loop(count=1)
print('sent', peer.recv(100).decode())
ear.close()
