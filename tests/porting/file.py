import asyncore
import os


class Pipe(asyncore.file_dispatcher):
    def writable(self):
        return False

    def handle_read(self):
        data = self.recv(8192)
        if data:
            print('read', data.decode())

    def handle_close(self):
        print('end of file')
        self.close()


ours, theirs = os.pipe()
Pipe(ours)
os.close(ours)
os.write(theirs, b'some words')
os.close(theirs)
asyncore.loop()
