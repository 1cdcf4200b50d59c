"""hooks.py - the classes of the channels.

Each hook is logged, and does what the program says; what it says nothing of is
left to the base class.
"""
import asyncore
import re
import sys

import listed
import state
import verbs


def log_text(message):
    """Python and C word errors differently: what counts is the number."""
    if not message.startswith('uncaptured'):
        return message
    found = re.search(r'\[Errno (\d+)\]', message)
    return found.group(1) if found else message


class Hooks:
    def hook(self, name, base, *args, accepted=None):
        if state.it.muted:
            return
        words = [self.name, name] + [state.shown(arg) for arg in args]
        state.log(' '.join(words))
        verbs.perform_hook(self.name, name, state.Frame(self, base, accepted))

    def predicate(self, name, base, direction):
        if state.it.muted:
            return False
        if self.asked:
            self.act(name)
        wish = self.want[direction]
        answer = bool(base() if wish is None else wish)
        if self.asked:
            state.log('%s %s %d' % (self.name, name, answer))
        return answer

    def act(self, name):
        """A predicate has nowhere to put an error, in C: it is dropped."""
        actions = state.it.next_actions(self.name, name)
        try:
            verbs.perform(actions or [], state.Frame(self, None))
        except (OSError, asyncore.ExitNow):
            pass

    def readable(self):
        return self.predicate('readable', super().readable, 'r')

    def writable(self):
        return self.predicate('writable', super().writable, 'w')

    def handle_read(self):
        self.hook('handle_read', super().handle_read)

    def handle_write(self):
        self.hook('handle_write', super().handle_write)

    def handle_expt(self):
        self.hook('handle_expt', super().handle_expt)

    def handle_connect(self):
        self.hook('handle_connect', super().handle_connect)

    def handle_accept(self):
        self.hook('handle_accept', super().handle_accept)

    def handle_accepted(self, sock, addr):
        offer = [sock, addr]
        base = super().handle_accepted
        try:
            self.hook('handle_accepted', lambda: base(sock, addr),
                      state.it.address(addr), accepted=offer)
        finally:
            if offer:
                sock.close()

    def handle_close(self):
        self.hook('handle_close', super().handle_close)

    def handle_error(self):
        error = sys.exc_info()[1]
        number = str(getattr(error, 'errno', repr(error)))
        self.hook('handle_error', super().handle_error, number)

    def collect_incoming_data(self, data):
        self.hook('collect_incoming_data',
                  lambda: self._collect_incoming_data(data), data)

    def found_terminator(self):
        self.hook('found_terminator', lambda: None)

    def close(self):
        state.log('%s close' % self.name)
        super().close()

    def log_info(self, message, type='info'):
        state.log('%s log_info %s: %s' % (self.name, type, log_text(message)))

    def send(self, data):
        if not self.logged:
            return super().send(data)
        state.log('%s send %s' % (self.name, state.quoted(data)))
        return super().send(data)

    def recv(self, size):
        if not self.logged:
            return super().recv(size)
        state.log('%s recv %d' % (self.name, size))
        return super().recv(size)


class Plain(listed.Listed, Hooks, listed.DispatcherCore):
    pass


class File(listed.ListedFile, Hooks, listed.FileCore):
    pass


class Send(listed.Listed, Hooks, listed.SendCore):
    pass


class Chat(listed.ListedChat, Hooks, listed.ChatCore):
    pass


CLASSES = {'plain': Plain, 'file': File, 'send': Send, 'chat': Chat}


class Producer:
    def __init__(self, chat, name):
        self.chat = chat
        self.name = name

    def more(self):
        return self.chat.more_of(self, self.give)

    def give(self):
        if state.it.muted:
            return b''
        state.log('%s more' % self.name)
        frame = state.Frame(None, None)
        verbs.perform_hook(self.name, 'more', frame)
        return frame.given
