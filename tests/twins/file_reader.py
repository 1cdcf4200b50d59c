"""file_reader.py - the twin of examples/file_reader.c, on CPython's asyncore.

twins.sh runs both on the same file and compares what they print.
"""
import asyncore
import os
import sys


class FileReader(asyncore.file_dispatcher):
    def writable(self):
        return False

    def handle_read(self):
        data = self.recv(256)
        print('READ: (%d) "%s"' % (len(data), data.decode('utf-8', 'replace')))

    def handle_expt(self):
        pass

    def handle_close(self):
        self.close()


def main():
    fd = os.open(sys.argv[1], os.O_RDONLY)
    FileReader(fd)
    os.close(fd)
    asyncore.loop()


if __name__ == '__main__':
    main()
