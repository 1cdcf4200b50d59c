import asyncore
import socket


class Ear(asyncore.dispatcher):
    def writable(self):
        return False

    def handle_read(self):
        print('heard', self.recv(100).decode())


class Toolkit:
    """Calls what it was given, again and again, as a GUI does."""

    def after(self, milliseconds, callback):
        self.callback = callback

    def mainloop(self, ticks):
        for self.tick in range(ticks):
            print('tick', self.tick)
            peer.send(b'%d' % self.tick)
            self.callback()


def step():
    asyncore.loop(timeout=0, count=1)
    root.after(50, step)


ours, peer = socket.socketpair()
ear = Ear(ours)
root = Toolkit()
root.after(50, step)
root.mainloop(3)
ear.close()
