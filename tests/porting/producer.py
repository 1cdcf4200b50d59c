import asynchat
import asyncore
import socket


class Countdown:
    def __init__(self, n):
        self.n = n

    def more(self):
        if self.n == 0:
            return b''
        self.n -= 1
        return b'%d\n' % self.n


class Chat(asynchat.async_chat):
    def readable(self):
        return False


ours, peer = socket.socketpair()
chat = Chat(ours)
chat.push_with_producer(Countdown(3))
chat.push(b'lift off\n')
chat.close_when_done()
asyncore.loop()
print(peer.recv(100).decode(), end='')
