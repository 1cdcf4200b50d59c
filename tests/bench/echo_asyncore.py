"""echo_asyncore.py - the echo server on CPython's asyncore.

With poll(2), as select(2) has no descriptors beyond 1023.  All connections that
wait are accepted in one pass: with 10,000 of them a pass takes milliseconds.
"""
import asyncore
import os
import resource

CHUNK = 65536


class Echo(asyncore.dispatcher):
    def __init__(self, sock):
        super().__init__(sock)
        self.buf = b''

    def readable(self):
        return len(self.buf) < CHUNK

    def writable(self):
        return len(self.buf) > 0

    def handle_read(self):
        self.buf += self.recv(CHUNK)

    def handle_write(self):
        sent = self.send(self.buf)
        self.buf = self.buf[sent:]


class Server(asyncore.dispatcher):
    handler = Echo

    def __init__(self):
        super().__init__()
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.create_socket()
        self.bind(('127.0.0.1', 0))
        self.listen(4096)
        print(self.socket.getsockname()[1], os.getpid(), flush=True)

    def handle_accept(self):
        while (pair := self.accept()) is not None:
            self.handler(pair[0])


if __name__ == '__main__':
    Server()
    asyncore.loop(use_poll=True)
