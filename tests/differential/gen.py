"""gen.py - makes random programs; README.md tells their language.

usage: gen.py SEED NUMBER

A program is a few groups of channels that are wired to each other or to
peers, what their hooks do, and commands with steps of the loop between them.
The same seed and number give the same program.

What is never made, because a listed difference would show in it in a way that
listed.py cannot take back, or because it is no program for asyncore:
- an empty datagram, and an empty push;
- in a predicate: a loop, and what takes a channel into the map;
- in collect_incoming_data(): an error, a loop, another terminator, another
  read (asynchat hands out the same bytes again, or counts them after it);
- in more(): output on a chat, a loop, discard_buffers();
- in handle_close(): an error that means "disconnected" (Python's recv()
  swallows it and calls handle_close() again);
- more than a few thousand bytes on a TCP connection: what fits is the
  kernel's mood.
"""
import random
import re
import sys

KINDS = ['plain'] * 5 + ['send'] * 2 + ['chat'] * 5 + ['file']
ERRORS = ['EIO', 'EINVAL', 'EPIPE', 'ECONNRESET', 'EPERM', 'EBADF']
TAME_ERRORS = ['EIO', 'EINVAL', 'EPERM']
TERMINATORS = [r'"\r\n"', r'"\n"', r'"\r\n.\r\n"', '"aab"', '"a"', 'none',
               '0', '1', '3', '10', r'"\x00\xff"',
               '"0123456789012345678901"']
PIECES = ['a', 'aa', 'b', r'\r\n', r'\r', r'\n', '.', 'hello', r'\x00\xff',
          '0123456789', r'\r\n.\r\n', r'\"']
HOOKS = {'plain': ['handle_read', 'handle_write', 'handle_expt',
                   'handle_connect', 'handle_close', 'handle_error'],
         'chat': ['handle_read', 'handle_write', 'handle_connect',
                  'handle_close', 'handle_error', 'collect_incoming_data',
                  'found_terminator']}


RAISING = re.compile(r'(^|; )(add|connect|create|send|recv|call)\b')


class Generator:
    def __init__(self, seed, number):
        self.random = random.Random('%s %s' % (seed, number))
        self.head = []          # declarations
        self.setup = []
        self.kinds = {}         # of channels
        self.can_want = set()
        self.streams = set()    # channels that may have their socket anew
        self.listeners = {}     # and their addresses
        self.refusing = []      # addresses without a listener
        self.bound = []         # addresses of datagram sockets
        self.peers = []
        self.producers = 0
        self.net = self.chance(0.35)
        self.bulk = not self.net and self.chance(0.2)

    # ---- Dice.

    def chance(self, p):
        return self.random.random() < p

    def one(self, things):
        return self.random.choice(things)

    def weighted(self, table):
        """One of the keys."""
        keys = list(table)
        return self.random.choices(keys, [table[key] for key in keys])[0]

    def data(self):
        text = ''.join(self.one(PIECES)
                       for _ in range(self.random.randint(1, 6)))
        if self.chance(0.15):
            times = self.random.randint(2, 60)
        elif not self.net and self.chance(0.5 if self.bulk else 0.1):
            times = self.random.randint(1000, 20000)
        else:
            return '"%s"' % text
        return '"%s"*%d' % (text, times)

    def size(self):
        if self.bulk and self.chance(0.5):
            return self.one([65536, 200000, 1000000])
        return self.one([1, 2, 3, 5, 10, 100, 1000, 65536, 65536])

    # ---- Names.

    def channel(self, kind=None):
        name = 'c%d' % len(self.kinds)
        kind = self.kinds[name] = kind or self.one(KINDS)
        flags = self.weighted({'': 4, ' asked': 4, ' flagged': 2})
        if flags:
            self.can_want.add(name)
        if self.chance(0.2):
            flags += ' logged'
        self.head.append('chan %s %s%s' % (name, kind, flags))
        return name

    def peer(self):
        name = 'p%d' % len(self.peers)
        self.peers.append(name)
        return name

    def any_channel(self):
        return self.one(list(self.kinds))

    def any_chat(self):
        chats = [name for name in self.kinds if self.kinds[name] == 'chat']
        return self.one(chats) if chats else self.any_channel()

    def producer(self):
        """A new one: what its more() gives."""
        name = 'u%d' % self.producers
        self.producers += 1
        for number in range(1, self.random.randint(1, 4)):
            give = 'give ' + self.data()
            if self.chance(0.15):
                give = self.tame_action() + ' ; ' + give
            if self.chance(0.08):
                give += ' ; raise ' + self.one(ERRORS)
            self.head.append('on %s more %d %s' % (name, number, give))
        return name

    # ---- Groups of channels.

    def add_pair(self):
        wires = {'unix': 6, 'dgram': 1, 'seq': 1}
        if self.net:
            wires.update(tcp=8, udp=2)
        wire = self.weighted(wires)
        a = self.channel()
        b = self.channel() if self.chance(0.4) else self.peer()
        if self.chance(0.3):
            a, b = b, a
        self.setup.append('pair %s %s %s' % (wire, a, b))
        for name in a, b:
            if name[0] == 'c' and wire in ('unix', 'tcp'):
                self.streams.add(name)

    def add_pipe(self):
        ends = [self.channel('file'),
                self.channel('file') if self.chance(0.3) else self.peer()]
        self.random.shuffle(ends)
        self.setup.append('pipe %s %s' % tuple(ends))

    def add_file(self):
        name = self.channel('file')
        if self.chance(0.2):
            self.setup.append('null ' + name)
        else:
            self.setup.append('regular %s %s' % (name, self.data()))

    def wire(self):
        return 'tcp' if self.net and self.chance(0.8) else 'unix'

    def address(self, wire):
        used = [*self.listeners.values(), *self.refusing, *self.bound]
        letter = 't' if wire == 'tcp' else 'x'
        free = [a for a in (letter + str(i) for i in range(4))
                if a not in used]
        return free[0] if free else None

    def add_client(self, wire, address):
        name = self.channel(self.one(['plain', 'plain', 'send', 'chat']))
        if wire in ('unix', 'tcp'):
            self.streams.add(name)
        lines = ['new ' + name, 'create %s %s' % (name, wire)]
        if self.chance(0.2):
            lines.append('step')
        lines.append('connect %s %s' % (name, address))
        self.setup += lines

    def add_server(self):
        wire = self.wire() if self.chance(0.9) else 'seq'
        address = self.address(wire)
        if address is None:
            return
        name = self.channel('plain')
        self.listeners[name] = address
        self.setup += ['new ' + name, 'create %s %s' % (name, wire),
                       'bind %s %s' % (name, address)]
        if self.chance(0.1):
            self.setup.append('step')
        self.setup.append('listen %s %d' % (
            name, 5 if wire == 'tcp' else self.one([0, 1, 5])))
        children = [self.channel(self.one(['plain', 'send', 'chat', 'chat']))
                    for _ in range(self.random.randint(0, 3))]
        if children:
            self.head.append('children %s %s' % (name, ' '.join(children)))
            if wire != 'seq':
                self.streams.update(children)
        for _ in range(self.random.randint(1, 3)):
            self.add_client(wire, address)
        self.accept_hooks(name, children)

    def accept_hooks(self, name, children):
        later = [' ; terminator %s %s' % (child, self.one(TERMINATORS))
                 if self.kinds[child] == 'chat' and self.chance(0.8) else ''
                 for child in children] + ['']
        if self.chance(0.3):
            for number, more in enumerate(later, 1):
                self.head.append('on %s handle_accept %d accept %s%s' % (
                    name, number, name, more))
            self.head.append('on %s handle_accept * accept %s' % (name, name))
            return
        for number, more in enumerate(later, 1):
            if self.chance(0.15):
                more += ' ; ' + self.action(name)
            self.head.append('on %s handle_accepted %d take%s' % (
                name, number, more))

    def add_datagrams(self):
        """One that is bound, and one or two that are connected to it."""
        address = self.address('dgram')
        if address is None:
            return
        name = self.channel('plain')
        self.bound.append(address)
        self.setup += ['new ' + name, 'create %s dgram' % name,
                       'bind %s %s' % (name, address)]
        for _ in range(self.random.randint(1, 2)):
            self.add_client('dgram', address)

    def add_refused(self):
        wire = self.wire()
        address = self.address(wire)
        if address is not None:
            self.refusing.append(address)
            self.add_client(wire, address)

    # ---- Actions.

    def tame_action(self):
        """What hooks may do that may not do much."""
        return self.weighted({
            'close ' + self.any_channel(): 3,
            self.want(self.any_channel()): 4,
            self.peer_action(): 3,
            'repr ' + self.any_channel(): 1})

    def predicate_action(self):
        """Also what may change the predicates of another."""
        chat = self.any_chat()
        return self.weighted({
            self.tame_action(): 5,
            'try send %s %s' % (self.any_channel(), self.data()): 1,
            'push %s %s' % (chat, self.data()): 1,
            'push_simple %s %s 2' % (chat, self.data()): 1})

    def peer_action(self):
        if not self.peers:
            return 'show'
        peer = self.one(self.peers)
        return self.weighted({
            'write %s %s' % (peer, self.data()): 8,
            'read %s %d' % (peer, self.size()): 4,
            'drop ' + peer: 3,
            'shutdown %s %s' % (peer, self.one(['rd', 'wr', 'rdwr'])): 2,
            'linger ' + peer: 1,
            'oob %s "!"' % peer: 2 if self.net else 0,
            'recv_oob ' + peer: 1 if self.net else 0})

    def want(self, name):
        if name not in self.can_want:
            name = self.one(sorted(self.can_want)) if self.can_want else name
        return 'want %s %s %d' % (name, self.one('rw'),
                                  self.random.randint(0, 1))

    def connect(self, name):
        known = [*self.listeners.values(), *self.refusing]
        return 'connect %s %s' % (name, self.one(known or ['x3']))

    def reopen(self, name):
        if name not in self.streams:
            return 'close ' + name
        address = self.one([*self.listeners.values(), *self.refusing]
                           or ['x3'])
        wire = 'tcp' if address[0] == 't' else 'unix'
        return 'close %s ; create %s %s ; connect %s %s' % (
            name, name, wire, name, address)

    def chat_action(self, name):
        return self.weighted({
            'push %s %s' % (name, self.data()): 8,
            'push_simple %s %s %d' % (name, self.data(),
                                      self.one([1, 2, 10, 512])): 2,
            'push_producer %s %s' % (name, self.any_producer()): 2,
            'close_when_done ' + name: 2,
            'terminator %s %s' % (name, self.one(TERMINATORS)): 4,
            'get_terminator ' + name: 1,
            'get_data ' + name: 1,
            'initiate_send ' + name: 1,
            'discard_buffers ' + name: 0.5})

    def any_producer(self):
        return 'u%d' % self.random.randint(0, 2)

    def socket_action(self, name):
        return self.weighted({
            'send %s %s' % (name, self.data()): 10,
            'recv %s %d' % (name, self.size()): 4,
            'shutdown %s %s' % (name, self.one(['rd', 'wr', 'wr', 'rdwr'])):
                2,
            'oob %s "!"' % name: 1 if self.net else 0,
            'recv_oob ' + name: 1 if self.net else 0,
            'linger ' + name: 0.5})

    def life_action(self, name):
        return self.weighted({
            'close ' + name: 10,
            self.reopen(name): 4,
            self.connect(name): 0.5,
            'del ' + name: 1.5,
            'add ' + name: 1.5,
            'set %s %s %d' % (name, self.one(['connected', 'connecting']),
                              self.random.randint(0, 1)): 0.5,
            'close_all': 0.3})

    def loop_action(self):
        mode = self.weighted({'': 6, ' poll': 1, ' poll2': 1})
        return 'loop %d%s' % (self.one([1, 1, 2]), mode)

    def call_action(self, name):
        return self.weighted({
            'call %s %s' % (name, self.one(
                ['handle_read', 'handle_write', 'handle_close',
                 'handle_read_event', 'handle_write_event'])): 2,
            'event %s %s' % (name, self.one(
                ['read', 'write', 'exception'])): 1,
            'readwrite %s %s' % (name, self.one(
                ['i', 'o', 'io', 'ih', 'ioe', 'p', 'h', 'iop', 'n'])): 2})

    def action(self, name, leaves=True):
        """Something that channel `name` may do to itself or to another."""
        if self.chance(0.25):
            name = self.any_channel()
        chat = self.any_chat() if self.chance(0.3) else name
        found = self.weighted({
            self.socket_action(name): 10,
            self.life_action(name): 7,
            self.chat_action(chat): 14 if self.kinds[chat] == 'chat' else 0,
            self.peer_action(): 5,
            self.want(name): 5,
            self.loop_action(): 2,
            self.call_action(name): 2,
            'repr ' + name: 0.5,
            'show': 0.3,
            'raise ' + self.one(ERRORS): 3 if leaves else 0,
            'exit': 0.7 if leaves else 0})
        words = found.split()[0]
        if words in ('send', 'recv', 'connect', 'call') and self.chance(0.3):
            found = 'try ' + found
        return found

    def actions(self, name, most=3):
        return ' ; '.join(self.action(name)
                          for _ in range(self.random.randint(1, most)))

    # ---- Hooks.

    def on(self, name, hook, number, actions):
        self.head.append('on %s %s %s %s' % (name, hook, number, actions))

    def usual_hooks(self, name):
        """What nearly every program does."""
        kind = self.kinds[name]
        if kind != 'chat' and name not in self.listeners:
            if self.chance(0.9):
                self.on(name, 'handle_read', '*', 'recv %s %d%s' % (
                    name, self.size(), self.weighted(
                        {'': 3, ' ; echo ' + name: 1})))
            if kind in ('plain', 'file') and self.chance(0.8):
                self.on(name, 'handle_write', '*', self.weighted({
                    '': 2, 'want %s w 0' % name: 2,
                    'send %s %s' % (name, self.data()): 1}))
        if kind == 'chat' and self.chance(0.8):
            self.setup.append('terminator %s %s' % (
                name, self.one(TERMINATORS)))
            for number in [*range(1, self.random.randint(1, 4)), '*']:
                self.on(name, 'found_terminator', number,
                        self.found_actions(name, number))
        if self.net and name not in self.listeners and self.chance(0.3):
            self.on(name, 'handle_expt', '*', 'recv_oob ' + name)

    def found_actions(self, name, number):
        if number == '*' or self.chance(0.4):
            return 'get_data ' + name
        return 'get_data %s ; terminator %s %s' % (
            name, name, self.one(TERMINATORS))

    def rare_hooks(self, name):
        hooks = HOOKS['chat' if self.kinds[name] == 'chat' else 'plain']
        if name in self.listeners:
            hooks = ['handle_accept', 'handle_close', 'handle_error']
        for _ in range(self.random.randint(0, 4)):
            hook = self.one(hooks)
            number = self.one([1, 1, 1, 2, 2, 3, 4])
            self.on(name, hook, number, self.hook_actions(name, hook))

    def hook_actions(self, name, hook):
        if hook == 'collect_incoming_data':
            return 'base ; ' + self.tame_action()
        if hook == 'handle_close':
            return self.close_actions(name)
        actions = self.actions(name)
        if hook in ('handle_error', 'handle_accept') or self.chance(0.3):
            actions = self.one(['base ; ' + actions, actions + ' ; base'])
        return actions

    def close_actions(self, name):
        actions = self.weighted({
            self.socket_action(name): 2, self.chat_action(self.any_chat()): 1,
            self.life_action(self.any_channel()): 2, self.loop_action(): 1,
            'show': 1})
        if self.chance(0.9):
            actions = self.one(['base ; ' + actions, actions + ' ; base',
                                'close %s ; %s' % (name, actions)])
        actions = RAISING.sub(r'\1try \2', actions)
        if self.chance(0.15):
            actions += ' ; ' + self.weighted({
                'raise ' + self.one(TAME_ERRORS): 3, 'exit': 1})
        return actions

    def predicates(self, name):
        if name not in self.can_want:
            return
        for _ in range(self.weighted({0: 6, 1: 3, 2: 1})):
            self.on(name, self.one(['readable', 'writable']),
                    self.random.randint(1, 4), self.predicate_action())

    # ---- The whole.

    def command(self):
        if self.chance(0.35):
            return self.peer_action()
        return self.action(self.any_channel(), leaves=False)

    def step(self):
        return self.weighted({'step': 8, 'step 2': 1, 'step 3': 0.5,
                              'step 1 poll': 0.5, 'step 1 poll2': 0.5})

    def body(self):
        lines = []
        for _ in range(self.random.randint(4, 14)):
            for _ in range(self.weighted({0: 1, 1: 5, 2: 3, 3: 1})):
                lines.append(self.command())
            lines.append(self.step())
        return lines + ['step'] * 3

    def program(self):
        groups = {self.add_pair: 8, self.add_pipe: 1.5, self.add_file: 0.7,
                  self.add_server: 4, self.add_refused: 1,
                  self.add_datagrams: 0.4}
        for _ in range(self.weighted({1: 4, 2: 4, 3: 2})):
            self.weighted(groups)()
        if not self.kinds:
            self.add_pair()
        for _ in range(3):
            self.producer()
        for name in list(self.kinds):
            self.usual_hooks(name)
            self.rare_hooks(name)
            self.predicates(name)
        lines = ['mode ' + self.one(['poll', 'poll2'])]
        return '\n'.join(lines + self.head + self.setup + self.body()) + '\n'


def program(seed, number):
    return Generator(seed, number).program()


if __name__ == '__main__':
    sys.stdout.write(program(sys.argv[1], int(sys.argv[2])))
