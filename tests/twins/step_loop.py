"""step_loop.py - the twin of examples/step_loop.c, on CPython's asyncore.

twins.sh runs both against server.py and compares what they trace.
"""
import asyncore
import sys

from http_client import HttpClient


def main():
    clients = [HttpClient(url) for url in sys.argv[1:]]
    counter = 0
    while asyncore.socket_map:
        counter += 1
        print('root: loop_counter=%d' % counter, file=sys.stderr)
        asyncore.loop(timeout=1, count=1)
    sys.exit(not all(client.read_buffer for client in clients))


if __name__ == '__main__':
    main()
