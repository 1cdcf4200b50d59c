"""echo.py - the twin of examples/echo.c, on CPython's asyncore.

twins.sh runs both on the same file and compares what they trace.
"""
import asyncore
import socket
import sys


def trace(name, text):
    print('%s: %s' % (name, text), file=sys.stderr)


def quoted(data):
    return '(%d) "%s"' % (len(data), data.decode('utf-8', 'replace'))


class EchoServer(asyncore.dispatcher):
    def __init__(self, address):
        super().__init__()
        self.create_socket(socket.AF_INET, socket.SOCK_STREAM)
        self.bind(address)
        self.address = self.socket.getsockname()
        trace('EchoServer', 'binding to %s' % (self.address,))
        self.listen(1)

    def handle_accept(self):
        pair = self.accept()
        if pair is None:
            return
        trace('EchoServer', 'handle_accept() -> %s' % (pair[1],))
        EchoHandler(pair[0])
        self.handle_close()

    def handle_close(self):
        trace('EchoServer', 'handle_close()')
        self.close()


class Echo(asyncore.dispatcher):
    """What the handler and the client have in common."""

    def __init__(self, name, chunk_size, sock=None):
        super().__init__(sock)
        self.name = name
        self.chunk_size = chunk_size
        self.to_send = b''
        self.received = b''

    def writable(self):
        answer = bool(self.to_send)
        trace(self.name, 'writable() -> %s' % answer)
        return answer

    def handle_write(self):
        chunk = self.to_send[:self.chunk_size]
        sent = self.send(chunk)
        trace(self.name, 'handle_write() -> %s' % quoted(chunk[:sent]))
        self.to_send = self.to_send[sent:]

    def handle_read(self):
        data = self.recv(self.chunk_size)
        trace(self.name, 'handle_read() -> %s' % quoted(data))
        self.received += data

    def handle_close(self):
        trace(self.name, 'handle_close()')
        self.close()


class EchoHandler(Echo):
    def __init__(self, sock):
        super().__init__('EchoHandler%s' % (sock.getsockname(),), 256, sock)

    def handle_read(self):
        super().handle_read()
        self.to_send += self.received
        self.received = b''

    def handle_write(self):
        super().handle_write()
        if not self.writable():
            self.handle_close()


class EchoClient(Echo):
    def __init__(self, address, message):
        super().__init__('EchoClient', 512)
        self.message = self.to_send = message
        self.create_socket(socket.AF_INET, socket.SOCK_STREAM)
        trace(self.name, 'connecting to %s' % (address,))
        self.connect(address)

    def handle_connect(self):
        trace(self.name, 'handle_connect()')

    def handle_close(self):
        super().handle_close()
        if self.received == self.message:
            trace(self.name, 'RECEIVED COPY OF MESSAGE')
        else:
            trace(self.name, 'ERROR IN TRANSMISSION')
            trace(self.name, 'EXPECTED "%s"' % self.message.decode())
            trace(self.name, 'RECEIVED "%s"' % self.received.decode())


def main():
    with open(sys.argv[1], 'rb') as file:
        message = file.read()
    server = EchoServer(('127.0.0.1', 0))
    client = EchoClient(server.address, message)
    asyncore.loop()
    sys.exit(client.received != message)


if __name__ == '__main__':
    main()
