import asynchat
import asyncore
import socket


class Lines(asynchat.async_chat):
    def __init__(self, sock):
        super().__init__(sock)
        self.set_terminator(b'\r\n')
        self.ibuffer = []

    def collect_incoming_data(self, data):
        self.ibuffer.append(data)

    def found_terminator(self):
        line = b''.join(self.ibuffer)
        self.ibuffer = []
        if line == b'quit':
            self.close_when_done()
        else:
            self.push(b'<' + line + b'>\r\n')


ours, peer = socket.socketpair()
Lines(ours)
peer.send(b'one\r\ntwo\r\nquit\r\n')
asyncore.loop()
print(peer.recv(100).decode().replace('\r', ''), end='')
