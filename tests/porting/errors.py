import asyncore
import socket
import sys


class Adder(asyncore.dispatcher):
    def __init__(self, sock):
        super().__init__(sock)
        self.sum = 0

    def writable(self):
        return False

    def handle_read(self):
        text = self.recv(100)
        if text:
            self.sum += int(text)       # may raise
            print('sum', self.sum)

    def handle_error(self):
        kind = sys.exc_info()[0]
        print('refused:', 'no number' if kind is ValueError else kind)


ours, peer = socket.socketpair()
adder = Adder(ours)
for text in b'5', b'x', b'7':
    peer.send(text)
    asyncore.loop(count=1)
adder.close()
