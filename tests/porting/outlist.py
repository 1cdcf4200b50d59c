import asyncore
import socket


class Sender(asyncore.dispatcher):
    def __init__(self, sock):
        super().__init__(sock)
        self.out = []

    def say(self, data):
        self.out.append(data)

    def readable(self):
        return False

    def writable(self):
        return len(self.out) > 0

    def handle_write(self):
        sent = self.send(self.out[0])
        rest = self.out[0][sent:]
        if rest:
            self.out[0] = rest
        else:
            self.out.pop(0)


ours, peer = socket.socketpair()
sender = Sender(ours)
for word in b'one ', b'two ', b'three\n':
    sender.say(word)
while sender.out:
    asyncore.loop(count=1)
print(peer.recv(100).decode(), end='')
sender.close()
