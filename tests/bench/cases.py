"""cases.py - what is measured.

A case is a method of Cases; it adds to its results what it has found, under the
case's name, the peer's and the round's.  All peers of a case are there at the
same time, and each round asks every one of them, so that what disturbs the
machine disturbs them alike.
"""
import collections
import contextlib
import os
import re
import resource
import shutil
import subprocess
import tempfile

from processes import HERE, Load, Server, find_asyncore, output

OURS, ASKED = 'libasyncore', 'libasyncore, asked every pass'
EPOLL, LIBEVENT, BUFFEREVENT = 'epoll loop', 'libevent', 'bufferevent'
PYTHON = 'CPython'

IDLE = (10, 1000, 10000)
ACTIVE = (1, 100, 1000)
LINES = (32, 1024)
CHAIN_ACTIVE = (1, 100)
PAIRS = 9900

# How much of it: rounds, seconds of a span, the most connections, whether also
# as many as the limit allows; messages that are counted (0: none), writes of
# the chain, passes, MiB of input, calls pending.
Scale = collections.namedtuple(
    'Scale', 'rounds seconds connections limit counted writes passes mib calls')
FULL = Scale(15, .5, 10000, True, 20000, 300000, 2000, 64, 1000000)
QUICK = Scale(3, .1, 10000, False, 3000, 30000, 300, 16, 100000)
SMOKE = Scale(1, .01, 50, False, 0, 100, 2, .25, 100)


def echo_case(active, connections):
    return 'echo, %d active of %d' % (active, connections)


class Cases:
    def __init__(self, programs, results, scale):
        self.programs = programs
        self.results = results
        self.scale = scale
        self.missing = []
        self.python = find_asyncore()
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        # Beyond 30,000 all servers together would fill the machine's memory.
        self.most = min(limit, 30000) - 64
        self.echo = self.only_present({
            EPOLL: ['echo_epoll'],
            LIBEVENT: ['echo_libevent'],
            BUFFEREVENT: ['echo_bufferevent'],
            'libev': ['echo_libev'],
            'libuv': ['echo_libuv'],
            OURS: ['echo_asyncore'],
            ASKED: ['echo_asyncore', 'asked'],
            PYTHON: ['echo_asyncore.py'],
        })
        self.compiled = {name: command for name, command in self.echo.items()
                         if name != PYTHON}
        self.lines = self.only_present({
            BUFFEREVENT: ['lines_bufferevent'],
            OURS: ['lines_asynchat'],
            PYTHON: ['lines_asynchat.py'],
        })

    def all(self):
        self.echoes()
        self.churn()
        self.streams()
        self.chats()
        self.chains()
        self.predicates()
        self.calls()
        self.memory()
        self.linear()
        if self.scale.counted:
            self.system_calls()
            self.instructions()

    # ---- What there is

    def only_present(self, peers):
        commands = {name: self.command(*words)
                    for name, words in peers.items()}
        self.missing += [name for name in commands if not commands[name] and
                         name not in self.missing]
        return {name: command for name, command in commands.items() if command}

    def command(self, program, *args):
        if program.endswith('.py'):
            return self.python and [self.python, '-B', '-W', 'ignore',
                                    os.path.join(HERE, program), *args]
        path = os.path.join(self.programs, program)
        return [path, *args] if os.path.exists(path) else None

    def load(self, server, *args):
        return Load(self.command('load')[0], server, *args)

    def add(self, *row):
        self.results.add(*row)

    # ---- In spans of time

    def spans(self, case, peers, *load, per=1):
        """`per`: how many units a count of the load is."""
        with contextlib.ExitStack() as stack:
            servers, loads = [], {}
            for name, command in peers.items():
                servers.append(stack.enter_context(Server(command)))
                loads[name] = stack.enter_context(
                    self.load(servers[-1], *load))
                loads[name].span(self.scale.seconds / 2)
            for round in range(self.scale.rounds):
                for name in loads:
                    found = loads[name].span(self.scale.seconds)[1]
                    found['cpu'] /= per
                    found['rate'] *= per
                    for metric, value in found.items():
                        self.add(case, name, round, metric, value)
            for server in servers:
                server.stop()       # before it sees them leave

    def echoes(self):
        cases = [(n, n) for n in ACTIVE]
        cases += [(10, n) for n in IDLE]
        if self.scale.limit:
            cases.append((10, self.most))
        for active, connections in cases:
            if connections <= min(self.most, max(self.scale.connections,
                                                 self.scale.limit * self.most)):
                self.spans(echo_case(active, connections), self.echo,
                           'echo', connections, active, 64)

    def churn(self):
        self.spans('connections', self.echo, 'connections', 32)

    def streams(self):
        self.spans('stream, 64 KiB chunks', self.echo, 'stream')

    def chats(self):
        for length in LINES:
            self.spans('lines of %d bytes' % length, self.lines, 'lines',
                       length, per=(1 << 20) // length)

    # ---- Programs that measure themselves

    def chains(self):
        pairs = min(PAIRS, self.scale.connections, (self.most - 16) // 2)
        for active in CHAIN_ACTIVE:
            active = min(active, pairs)
            for round in range(self.scale.rounds):
                for name in LIBEVENT, OURS:
                    value = float(output(self.chain(
                        name, pairs, active, self.scale.writes)))
                    self.add('chain of %d, %d active' % (pairs, active), name,
                             round, 'cpu', value)

    def chain(self, name, *args):
        program = {LIBEVENT: 'chain_libevent', OURS: 'chain_asyncore'}[name]
        return self.command(program, *map(str, args))

    def predicates(self):
        channels = min(10000, self.scale.connections, self.most // 2 * 2)
        for round in range(self.scale.rounds):
            values = output(self.command('predicates', str(channels),
                                         str(self.scale.passes))).split()
            for name, value in zip(
                    ('none asked', 'a writable() asked', 'both asked'), values):
                self.add('a channel in a pass', name, round, 'ns',
                         float(value))

    def calls(self):
        for round in range(min(self.scale.rounds, 5)):
            for name, word in (LIBEVENT, 'libevent'), (OURS, 'asyncore'):
                values = output(self.command(
                    'calls', word, str(self.scale.calls))).split()
                for what, value in zip(('add', 'cancel', 'run'), values):
                    self.add('scheduled calls, %d pending' % self.scale.calls,
                             name, round, what, float(value))

    def linear(self):
        for round in range(min(self.scale.rounds, 5)):
            for line in output(self.command(
                    'linear', str(self.scale.mib))).splitlines():
                name, *values = line.split('\t')
                for size, value in zip(('quarter', 'half', 'whole'), values):
                    self.add('linear time', name, round, size, float(value))

    # ---- Counts

    def memory(self):
        few, many = self.scale.connections // 10, self.scale.connections
        many = min(many, self.most - few)
        for name, command in self.echo.items():
            with Server(command) as server:
                with self.load(server, 'echo', few, 0, 64):
                    before = server.resident()
                    with self.load(server, 'echo', many, 0, 64):
                        grown = server.resident() - before
            self.add('memory of an idle connection', name, 0, 'bytes',
                     grown / many)

    def counted(self, command, wrapper, read):
        """What a message costs, without the beginning and the end: the
        difference of two runs.  `read` makes a dict of what a tool wrote."""
        found = []
        for count in self.scale.counted, 2 * self.scale.counted:
            with tempfile.TemporaryDirectory() as directory:
                path = os.path.join(directory, 'out')
                with Server(command, with_file(wrapper, path)) as server:
                    with self.load(server, 'echo', 100, 100, 64) as load:
                        load.span(1e6, count)
                        server.stop()
                found.append(read(path))
        return self.difference(*found)

    def difference(self, once, twice):
        return {key: (twice[key] - once[key]) / self.scale.counted
                for key in once}

    def has(self, *tool):
        """strace and valgrind may be there and not allowed to trace."""
        works = shutil.which(tool[0]) and subprocess.run(
            [*tool, 'true'], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL).returncode == 0
        if not works:
            self.missing.append(tool[0])
        return works

    def system_calls(self):
        if not self.has('strace', '-o', os.devnull):
            return
        tool = 'strace', '-f', '-c', '-o', '%s'
        for name, command in self.echo.items():
            found = self.counted(command, tool, calls_in)
            for metric, value in found.items():
                self.add('system calls, 100 active', name, 0, metric, value)

    def instructions(self):
        tool = ('valgrind', '-q', '--tool=callgrind',
                '--callgrind-out-file=%s')
        if not self.has(*with_file(tool, os.devnull)):
            return
        for name, command in self.compiled.items():
            self.add('instructions, echo, 100 active', name, 0, 'instructions',
                     self.counted(command, tool,
                                  instructions_in)['instructions'])
        for name in LIBEVENT, OURS:
            self.add('instructions, chain of 100, 10 active', name, 0,
                     'instructions',
                     self.counted_chain(name, tool)['instructions'])

    def counted_chain(self, name, tool):
        found = []
        for writes in self.scale.counted, 2 * self.scale.counted:
            with tempfile.TemporaryDirectory() as directory:
                path = os.path.join(directory, 'out')
                output(with_file(tool, path) +
                       self.chain(name, 100, 10, writes))
                found.append(instructions_in(path))
        return self.difference(*found)


def with_file(command, path):
    return [word.replace('%s', path) for word in command]


def calls_in(path):
    found = {'total': 0, 'epoll_ctl': 0}
    with open(path) as summary:
        for line in summary:
            words = line.split()
            if words and words[-1] in found:
                found[words[-1]] = int(words[3])
    return found


def instructions_in(path):
    with open(path) as profile:
        total = re.search(r'^(?:totals|summary): (\d+)', profile.read(), re.M)
    return {'instructions': int(total[1])}
