"""lines_asynchat.py - the server of lines on CPython's asynchat."""
import asynchat
import asyncore

from echo_asyncore import Server


class Lines(asynchat.async_chat):
    def __init__(self, sock):
        super().__init__(sock)
        self.set_terminator(b'\r\n')

    collect_incoming_data = asynchat.async_chat._collect_incoming_data

    def found_terminator(self):
        if not self._get_data():
            self.push(b'.')


class LineServer(Server):
    handler = Lines


if __name__ == '__main__':
    LineServer()
    asyncore.loop(use_poll=True)
