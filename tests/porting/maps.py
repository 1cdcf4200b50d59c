import asyncore
import socket


class Ear(asyncore.dispatcher):
    def __init__(self, sock, name, map):
        super().__init__(sock, map)
        self.name = name

    def writable(self):
        return False

    def handle_read(self):
        print(self.name, 'heard', self.recv(100).decode())


left, right = {}, {}
ours, peer = socket.socketpair()
Ear(ours, 'left', left)
Ear(peer, 'right', right)
ours.send(b'hello')
peer.send(b'hallo')
asyncore.loop(count=1, map=right)
asyncore.loop(count=1, map=left)
print(len(left), len(right), len(asyncore.socket_map))
asyncore.close_all(left)
asyncore.close_all(right)
print(len(left), len(right), len(asyncore.socket_map))
