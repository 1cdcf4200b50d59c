"""http_client.py - the twin of examples/http_client.c, on CPython's asyncore.

twins.sh runs both against server.py and compares what they trace.
"""
import asyncore
import socket
import sys
import urllib.parse


class HttpClient(asyncore.dispatcher):
    def __init__(self, url):
        super().__init__()
        self.url = url
        parts = urllib.parse.urlsplit(url)
        host, port = parts.hostname, parts.port or 80
        path = parts._replace(scheme='', netloc='', fragment='',
                              path=parts.path or '/').geturl()
        self.write_buffer = ('GET %s HTTP/1.0\r\nHost: %s\r\n\r\n'
                             % (path, parts.netloc)).encode()
        self.read_buffer = b''
        family, kind, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM)[0]
        self.create_socket(family, kind)
        self.trace('connecting to %s' % ((host, port),))
        self.connect(address)

    def trace(self, text):
        print('%s: %s' % (self.url, text), file=sys.stderr)

    def readable(self):
        self.trace('readable() -> True')
        return True

    def writable(self):
        answer = bool(self.write_buffer)
        if answer:
            self.trace('writable() -> True')
        return answer

    def handle_connect(self):
        self.trace('handle_connect()')

    def handle_write(self):
        sent = self.send(self.write_buffer)
        self.trace('handle_write() -> "%s"' % self.write_buffer[:sent].decode())
        self.write_buffer = self.write_buffer[sent:]

    def handle_read(self):
        data = self.recv(8192)
        self.trace('handle_read() -> %d bytes' % len(data))
        self.read_buffer += data

    def handle_close(self):
        self.trace('handle_close()')
        self.close()


def main():
    clients = [HttpClient(url) for url in sys.argv[1:]]
    print('root: LOOP STARTING', file=sys.stderr)
    asyncore.loop()
    print('root: LOOP DONE', file=sys.stderr)
    for client in clients:
        print(client.url, 'got', len(client.read_buffer), 'bytes')


if __name__ == '__main__':
    main()
