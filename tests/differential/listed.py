"""listed.py - CPython's asyncore and asynchat, but for the listed differences.

The classes here stand between the real asyncore and the programs.  Each
override is a difference that docs/differences.md lists, and nothing else:
where it does not apply, the real code runs.

Core classes lie under the hooks of a program, Listed ones above them:
class Chat(ListedChat, Hooks, ChatCore).
"""
import asyncore
import asynchat
import errno
import select
import socket
import sys

EXITS = (asyncore.ExitNow, KeyboardInterrupt, SystemExit)


class Gone(Exception):
    """A hook has closed the channel: what asyncore would do next is left."""


class Map(dict):
    """Events belong to the channel and its descriptor, not to the number.

    `seen` is what a pass began with.  A channel that left the map while the
    predicates were asked is neither asked nor watched in that pass.
    """

    def __init__(self):
        super().__init__()
        self.seen = {}
        self.entered = 0

    def __setitem__(self, fd, channel):
        if super().get(fd) is not channel:
            self.entered += 1
            channel.place = self.entered
        super().__setitem__(fd, channel)

    def items(self):
        self.seen = {fd: (channel, channel.place, channel.epoch)
                     for fd, channel in super().items()}
        return super().items()

    def is_seen(self, fd):
        channel = super().get(fd)
        return (channel is not None and fd in self.seen and
                self.seen[fd][:2] == (channel, channel.place))

    def get(self, fd):
        channel = super().get(fd)
        if channel is None or fd not in self.seen:
            return None
        old, _, epoch = self.seen[fd]
        if old is not channel or epoch != channel.epoch:
            return None
        return Event(channel)


class Select:
    """The module select, for a map: closed descriptors are left out."""

    def __init__(self, map):
        self.map = map

    def __getattr__(self, name):
        return getattr(select, name)

    def select(self, r, w, e, timeout):
        return select.select(*([fd for fd in fds if self.map.is_seen(fd)]
                               for fds in (r, w, e)), timeout)


class Event:
    """What the loop has in hand: a channel, as it was when it was ready.

    Nothing is called on a channel that has closed since, or has a new
    descriptor; an error of its hook is reported then.
    """

    def __init__(self, channel):
        self.channel = channel
        self.epoch = channel.epoch
        self.outer = sys.exc_info()[1]

    def is_same(self):
        return not self.channel.closed and self.channel.epoch == self.epoch

    def forward(name):
        def call(self):
            if self.is_same():
                getattr(self.channel, name)()
        return call

    handle_read_event = forward('handle_read_event')
    handle_write_event = forward('handle_write_event')
    handle_expt_event = forward('handle_expt_event')

    def handle_error(self):
        self.channel.handle_error()

    def handle_close(self):
        if sys.exc_info()[1] is self.outer:
            if self.is_same():
                self.channel.handle_close()
        elif self.channel.closed:
            self.channel.report()
        else:
            self.close_after_error()

    def close_after_error(self):
        """readwrite's except clause: its own error is contained."""
        try:
            self.channel.handle_close()
        except EXITS:
            raise
        except OSError:
            self.channel.handle_error()


class Listed:
    closed = False              # or given up, and not created anew
    closing = False             # inside of handle_close()
    watched = False             # from connect, listen or a given socket on
    epoch = 0                   # one more for each descriptor and each close
    place = 0
    asked_epoch = None          # that readable() was asked about

    def __init__(self, sock=None, map=None, accepted=None):
        super().__init__(sock, map)
        if sock is not None and not self.connected and has_ended(sock):
            self.connected = True       # it was accepted, and has lost its
            self.addr = accepted        # peer since

    # ---- The descriptor.

    def set_socket(self, sock, map=None):
        self.epoch += 1
        self.closed = self.closing = False
        self.watched = True
        super().set_socket(sock, map)

    def create_socket(self, family, type):
        if self.socket is not None and not self.closed:
            raise OSError(errno.EBUSY, 'EBUSY')
        super().create_socket(family, type)
        self.watched = type == socket.SOCK_DGRAM

    def close(self):
        if not self.closed:
            self.closed = True
            self.epoch += 1
            super().close()

    # A call that fails leaves the attributes as they were.

    def bind(self, addr):
        old = self.addr
        try:
            super().bind(addr)
        except OSError:
            self.addr = old
            raise

    def listen(self, backlog):
        old = self.accepting
        try:
            super().listen(backlog)
        except OSError:
            self.accepting = old
            raise
        self.watched = True

    def connect(self, addr):
        epoch, old = self.epoch, self.addr
        try:
            super().connect(addr)
        except Gone:
            return
        except Exception:
            if self.epoch == epoch:
                self.connecting = False
            raise
        if self.epoch == epoch and self.connecting and self.is_local():
            self.connecting, self.addr = False, old
            raise BlockingIOError(errno.EAGAIN, 'EAGAIN')
        self.watched = True

    def is_local(self):
        """There EAGAIN says that the queue is full; nothing is pending."""
        return self.socket.family == socket.AF_UNIX

    def accept(self):
        return None if self.closed else super().accept()

    def send(self, data):
        return 0 if self.closed else super().send(data)

    def recv(self, size):
        return b'' if self.closed else super().recv(size)

    # ---- Predicates: not after leaving the map, nor before it is in use.

    def is_in(self):
        return self._map.is_seen(self._fileno)

    def readable(self):
        self.asked_epoch = self.epoch if self.is_in() else None
        return self.answer(super().readable)

    def writable(self):
        return self.answer(super().writable)

    def answer(self, predicate):
        if self.asked_epoch != self.epoch:
            return False
        return bool(predicate() and self.is_in() and self.watched)

    # ---- Routers and hooks: a closed channel has none.

    def handle_read_event(self):
        if not self.closed:
            self.unless_gone(super().handle_read_event)

    def handle_write_event(self):
        if not self.closed:
            self.unless_gone(super().handle_write_event)

    def unless_gone(self, router):
        try:
            router()
        except Gone:
            pass

    def handle_connect_event(self):
        """What handle_connect() left is looked at again."""
        epoch = self.epoch
        self.watched = True
        super().handle_connect_event()
        if self.epoch != epoch:
            self.connected, self.connecting = self.left
            raise Gone

    def handle_connect(self):
        if not self.closed:
            super().handle_connect()
            self.left = self.connected, self.connecting

    def handle_read(self):
        if not self.closed:
            super().handle_read()

    def handle_write(self):
        if not self.closed:
            super().handle_write()

    def handle_expt(self):
        if not self.closed:
            super().handle_expt()

    def handle_accept(self):
        if not self.closed:
            super().handle_accept()

    def handle_accepted(self, sock, addr):
        """Its error costs the listener nothing."""
        try:
            super().handle_accepted(sock, addr)
        except OSError:
            self.report()

    def handle_close(self):
        """Once, not inside of itself."""
        if self.closed or self.closing:
            return
        self.closing = True
        try:
            super().handle_close()
        finally:
            self.closing = False

    def handle_error(self):
        """Its own error is contained."""
        if self.closed:
            self.report()
            return
        try:
            super().handle_error()
        except EXITS:
            raise
        except OSError:
            self.report()
            self.close()

    def report(self):
        error = sys.exc_info()[1]
        self.log_info('uncaptured error of channel: %s' % error, 'error')


def has_ended(sock):
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return any(bits & select.POLLIN for _, bits in poll.poll(0))


class DispatcherCore(asyncore.dispatcher):
    pass


class FileCore(asyncore.file_dispatcher):
    def set_file(self, fd):
        self.epoch += 1
        self.watched = True
        super().set_file(fd)


class SendCore(asyncore.dispatcher_with_send):
    def initiate_send(self):
        """With nothing pending nothing is sent."""
        if self.out_buffer:
            super().initiate_send()


class ListedFile(Listed):
    def __init__(self, fd, map):
        asyncore.file_dispatcher.__init__(self, fd, map)


class ListedChat(Listed):
    def collect_incoming_data(self, data):
        self.or_gone(super().collect_incoming_data, data)

    def found_terminator(self):
        self.or_gone(super().found_terminator)

    def or_gone(self, hook, *args):
        """When a hook has closed the channel, nothing more is parsed."""
        if self.closed:
            raise Gone
        epoch = self.epoch
        hook(*args)
        if self.epoch != epoch:
            raise Gone


class ChatCore(asynchat.async_chat):
    terminator = None           # asynchat has none before set_terminator()
    initiating = sending = False
    stream = None               # the epoch of what was read last

    def handle_read(self):
        self.begin_stream()
        epoch = self.epoch
        try:
            super().handle_read()
        except Gone:
            pass
        finally:
            if self.epoch != epoch:
                self.ac_in_buffer = b''

    def begin_stream(self):
        """What is left from another connection is forgotten."""
        if self.stream != self.epoch:
            self.ac_in_buffer = b''
            self.stream = self.epoch

    def initiate_send(self):
        """Pushes are joined; a producer's error goes to handle_error()."""
        if self.sending:
            return              # a push inside of send() only queues
        self.join()
        self.initiating = True
        try:
            super().initiate_send()
        except EXITS:
            raise
        except OSError:
            self.handle_error()
        finally:
            self.initiating = False

    def join(self):
        joined = []
        for item in self.producer_fifo:
            if joined and isinstance(item, bytes) and \
                    isinstance(joined[-1], bytes):
                joined[-1] += item
            else:
                joined.append(item)
        self.producer_fifo.clear()
        self.producer_fifo.extend(joined)

    def send(self, data):
        if not self.initiating:
            return super().send(data)
        self.sending = True
        try:
            return super().send(data)
        finally:
            self.sending = False

    def more_of(self, producer, more):
        """Calls more(); a producer that fails is not asked again."""
        self.sending = True
        try:
            return more()
        except OSError:
            if self.producer_fifo and self.producer_fifo[0] is producer:
                self.producer_fifo.popleft()
            raise
        finally:
            self.sending = False
