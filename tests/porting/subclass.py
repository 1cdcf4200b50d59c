import asyncore
import socket


class Counter(asyncore.dispatcher):
    def __init__(self, sock):
        super().__init__(sock)
        self.seen = 0

    def writable(self):
        return False

    def handle_read(self):
        self.seen += len(self.recv(8192))

    def handle_close(self):
        print('closed after', self.seen)
        super().handle_close()


class Loud(Counter):
    def __init__(self, sock, name):
        super().__init__(sock)
        self.name = name

    def handle_read(self):
        super().handle_read()
        print(self.name, 'has', self.seen)


ours, peer = socket.socketpair()
Loud(ours, 'Polly')
peer.send(b'12345')
asyncore.loop(count=1)
peer.close()
asyncore.loop()
