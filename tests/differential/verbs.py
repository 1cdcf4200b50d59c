"""verbs.py - what a program can do.

Each verb calls one method, or does something to a descriptor behind asyncore's
back, and is logged with its result.
"""
import asynchat
import asyncore
import errno
import re
import select
import socket

import hooks
import listed
import net
import objects
import state

DEPTH = 3                       # of nested loops

BITS = {'i': select.POLLIN, 'o': select.POLLOUT, 'p': select.POLLPRI,
        'h': select.POLLHUP, 'e': select.POLLERR, 'n': select.POLLNVAL}


# ---- The methods of a channel.

def do_recv(frame, channel, size):
    try:
        data = channel.recv(int(size))
    except BlockingIOError:
        return 'again'          # here a result, and no error
    frame.last = data
    return state.quoted(data)


def do_send(frame, channel, data):
    n = channel.send(data)
    return None if isinstance(channel, hooks.Send) else str(n)


def do_echo(frame, channel):
    return do_send(frame, channel, frame.last) if frame.last else 'nothing'


def do_close(frame, channel):
    channel.close()


def do_create(frame, channel, kind):
    if isinstance(channel, hooks.File):
        return 'absent'
    state.it.uses_net = state.it.uses_net or kind in ('tcp', 'udp')
    channel.create_socket(*net.WIRES[kind])
    channel.sort = channel.socket.type
    channel.family = channel.socket.family
    net.no_delay(channel.socket)


def fits(channel, name):
    """Is it an address of the socket's family?"""
    family = socket.AF_INET if name[0] == 't' else socket.AF_UNIX
    return channel.family == family and not isinstance(channel, hooks.File)


def do_connect(frame, channel, name):
    if not fits(channel, name):
        return 'absent'
    try:
        channel.connect(state.it.net.address(name))
    except BlockingIOError:
        return 'again'
    finally:
        if channel.socket is not None and not channel.closed:
            state.it.own_port(channel.name, channel.socket)


def do_bind(frame, channel, name):
    if not fits(channel, name):
        return 'absent'
    channel.set_reuse_addr()
    channel.bind(state.it.net.address(name))


def do_listen(frame, channel, backlog):
    channel.listen(int(backlog))


def do_accept(frame, channel):
    pair = channel.accept()
    if pair is None:
        return 'none'
    return state.it.address(pair[1]) + ' ' + objects.take(channel, pair)


def do_del(frame, channel):
    channel.del_channel()


def do_add(frame, channel):
    if channel.closed:
        raise OSError(errno.EBADF, 'EBADF')
    channel._fileno = channel.socket.fileno()
    channel.add_channel()


def do_close_all(frame):
    asyncore.close_all(state.it.map)


def do_want(frame, channel, direction, answer):
    if not channel.can_want:
        return 'absent'
    channel.want[direction] = answer == '1'


def do_set(frame, channel, attribute, value):
    setattr(channel, attribute, value == '1')
    channel.watched = channel.watched or value == '1'


def do_call(frame, channel, hook):
    getattr(channel, hook)()


def do_event(frame, channel, which):
    {'read': asyncore.read, 'write': asyncore.write,
     'exception': asyncore._exception}[which](listed.Event(channel))


def do_readwrite(frame, channel, letters):
    asyncore.readwrite(listed.Event(channel),
                       sum(BITS[letter] for letter in letters))


def do_repr(frame, channel):
    text = re.sub(r'^<[^ ]*', '<channel', repr(channel))
    text = re.sub(r' at 0x[0-9a-f]+>$', '>', text)
    if isinstance(channel.addr, tuple):
        port = state.it.address(channel.addr, channel.sort)
        text = re.sub(r':\d+>', ':%s>' % port, text)
    return text.replace(state.it.net.directory + '/', '')


# ---- The methods of a chat.

def do_push(frame, chat, data):
    chat.push(data)


def do_push_simple(frame, chat, data, size):
    chat.push_with_producer(asynchat.simple_producer(data, int(size)))


def do_push_producer(frame, chat, name):
    chat.push_with_producer(hooks.Producer(chat, name))


def do_close_when_done(frame, chat):
    chat.close_when_done()


def do_terminator(frame, chat, what):
    if what == 'none':
        what = None
    chat.set_terminator(int(what) if isinstance(what, str) else what)


def do_get_terminator(frame, chat):
    what = chat.get_terminator()
    if isinstance(what, int):
        return str(what)
    return state.quoted(what) if what else 'none'


def do_discard_buffers(frame, chat):
    chat.discard_buffers()


def do_initiate_send(frame, chat):
    chat.initiate_send()


def do_get_data(frame, chat):
    frame.last = chat._get_data()
    return state.quoted(frame.last)


# ---- Control.

def do_raise(frame, name):
    number = getattr(errno, name)
    raise OSError(number, name)


def do_exit(frame):
    raise asyncore.ExitNow


def do_base(frame):
    if frame.base is None:
        return 'absent'
    frame.base()


def do_give(frame, data):
    frame.given += data


def run_loop(count, use_poll):
    """Where packets are on their way each pass is one call of its own."""
    it = state.it
    calls = [1] * count if it.uses_net else [count]
    seen = it.map.seen
    it.depth += 1
    try:
        for passes in calls:
            it.settle()
            asyncore.loop(0, use_poll, it.map, passes)
    finally:
        it.depth -= 1
        it.map.seen = seen


def do_loop(frame, count, mode=None):
    if state.it.depth >= DEPTH:
        return 'deep'
    state.log('loop')
    if mode is None:
        use_poll = state.it.program.use_poll
    else:
        use_poll = mode == 'poll2'
    run_loop(int(count), use_poll)


def show_channel(channel):
    place = 'closed' if channel.closed else \
        'in' if channel._fileno in state.it.map else 'out'
    flags = ''.join(letter if flag else '-' for letter, flag in (
        ('c', channel.connected), ('p', channel.connecting),
        ('a', channel.accepting)))
    state.log('  %s %s %s %s%s' % (channel.name, place, flags,
                             state.it.address(channel.addr, channel.sort),
                             pending(channel)))


def pending(channel):
    if isinstance(channel, hooks.Send):
        return ' w' if asyncore.dispatcher_with_send.writable(channel) else ''
    if isinstance(channel, hooks.Chat):
        return ' w' if asynchat.async_chat.writable(channel) else ''
    return ''


def do_show(frame):
    for name in sorted(state.it.channels):
        show_channel(state.it.channels[name])
    names = [channel.name for channel in state.it.map.values()]
    state.log('  map: ' + ' '.join(names))


def do_step(frame, count='1', mode=None):
    try:
        return do_loop(frame, count, mode)
    finally:
        do_show(frame)


ON_CHANNEL = {
    'recv': do_recv, 'send': do_send, 'echo': do_echo, 'close': do_close,
    'create': do_create, 'connect': do_connect, 'bind': do_bind,
    'listen': do_listen, 'accept': do_accept, 'del': do_del, 'add': do_add,
    'want': do_want, 'set': do_set, 'call': do_call, 'event': do_event,
    'readwrite': do_readwrite, 'repr': do_repr}
ON_CHAT = {
    'push': do_push, 'push_simple': do_push_simple,
    'push_producer': do_push_producer,
    'close_when_done': do_close_when_done, 'terminator': do_terminator,
    'get_terminator': do_get_terminator,
    'discard_buffers': do_discard_buffers,
    'initiate_send': do_initiate_send, 'get_data': do_get_data}
NEED_SOCKET = {'recv', 'send', 'echo', 'connect', 'bind', 'listen', 'accept',
               'add', 'call', 'event', 'readwrite'}
OTHERS = {
    **objects.VERBS, 'close_all': do_close_all, 'raise': do_raise,
    'exit': do_exit, 'base': do_base, 'give': do_give, 'loop': do_loop,
    'step': do_step, 'show': do_show}


def call_verb(frame, verb, args):
    if verb in OTHERS:
        return OTHERS[verb](frame, *args)
    channel = state.it.channels.get(args[0])
    if channel is None or \
            verb in ON_CHAT and not isinstance(channel, hooks.Chat) or \
            verb in NEED_SOCKET and channel.socket is None:
        return 'absent'
    return (ON_CHANNEL.get(verb) or ON_CHAT[verb])(frame, channel, *args[1:])


def perform_one(action, frame):
    tries = action[0] == 'try'
    verb, *args = action[tries:]
    text = ' '.join(state.shown(word) for word in action)
    state.it.settle()
    try:
        result = call_verb(frame, verb, args)
        state.log('%s = %s' % (text, result or 'ok'))
    except OSError as error:
        state.log('%s = error %d' % (text, error.errno))
        if not tries:
            raise
    except asyncore.ExitNow:
        state.log('%s = exit' % text)
        raise


def perform(actions, frame):
    for action in actions:
        if state.it.muted:
            return
        perform_one(action, frame)


def perform_hook(name, hook, frame):
    actions = state.it.next_actions(name, hook)
    if actions is None:
        actions = [['base']] if frame.base is not None else []
    perform(actions, frame)


def perform_commands(commands):
    for action in commands:
        if state.it.muted:
            return
        try:
            perform_one(action, state.Frame(None, None))
        except (OSError, asyncore.ExitNow):
            pass
