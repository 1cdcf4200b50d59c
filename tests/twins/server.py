"""server.py - an HTTP server for twins.sh whose timing a trace can rely on.

It prints its port and then serves one round after the other.  In a round it
takes the number of connections that is its argument and reads all requests.
Then it answers them one at a time, the last path of the alphabet first, and
begins an answer only when the client before has closed its connection.  So at
any time only one client has something to read, and the passes of the client's
loop do not depend on which process the system runs first.  An answer is one
send, and small enough to reach the other side in one piece.
"""
import signal
import socket
import sys

BODY = 20000


def request(conn):
    data = b''
    while not data.endswith(b'\r\n\r\n'):
        piece = conn.recv(8192)
        if not piece:
            return b''
        data += piece
    return data.split()[1]


def answer(conn):
    header = b'HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n' % BODY
    conn.sendall(header + b'x' * BODY)
    conn.shutdown(socket.SHUT_WR)
    while conn.recv(8192):
        pass
    conn.close()


def main():
    # twins.sh ends it; this is for when twins.sh cannot.
    signal.alarm(600)
    listener = socket.create_server(('127.0.0.1', 0))
    print(listener.getsockname()[1], flush=True)
    while True:
        conns = [listener.accept()[0] for _ in range(int(sys.argv[1]))]
        for conn in sorted(conns, key=request, reverse=True):
            answer(conn)


if __name__ == '__main__':
    main()
