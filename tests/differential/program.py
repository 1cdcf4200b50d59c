"""program.py - the text of a random program, taken apart.

README.md tells the language.  driver.py runs what is made here; program.c is
the same for the driver in C.
"""
import re

TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"(?:\*(\d+))?|;|[^\s;"]+')
ESCAPE = re.compile(rb'\\(x[0-9a-f]{2}|.)')
ESCAPES = {b'r': b'\r', b'n': b'\n', b't': b'\t'}

DECLARATIONS = ('mode', 'chan', 'children', 'on')


class Bad(Exception):
    """A line that is none of the language's."""


def unescaped(text):
    def one(match):
        code = match.group(1)
        if len(code) == 3:
            return bytes([int(code[1:], 16)])
        return ESCAPES.get(code, code)
    return ESCAPE.sub(one, text.encode('ascii'))


def tokens(line):
    """The words of a line: str, and bytes for what stands in quotes."""
    found, at = [], 0
    for match in TOKEN.finditer(line):
        if line[at:match.start()].strip():
            raise Bad(line)
        at = match.end()
        if match.group(0)[0] != '"':
            found.append(match.group(0))
        else:
            found.append(unescaped(match.group(1)) *
                         int(match.group(2) or 1))
    if line[at:].strip():
        raise Bad(line)
    return found


def actions(words):
    """Lists of words, as `;` separates them."""
    found = [[]]
    for word in words:
        if word == ';':
            found.append([])
        else:
            found[-1].append(word)
    return [action for action in found if action]


class Program:
    def __init__(self, text):
        self.use_poll = False
        self.kinds = {}         # of a channel: its kind and flags
        self.children = {}      # names for those that it will accept
        self.hooks = {}         # by channel, hook and number of the call
        self.commands = []
        for line in text.splitlines():
            if line.strip() and not line.startswith('#'):
                self.add(tokens(line))

    def add(self, words):
        first = words[0]
        if first == 'mode':
            self.use_poll = words[1] == 'poll2'
        elif first == 'chan':
            self.kinds[words[1]] = words[2:]
        elif first == 'children':
            self.children[words[1]] = words[2:]
        elif first == 'on':
            self.hooks[tuple(words[1:4])] = actions(words[4:])
        else:
            self.commands.extend(actions(words))

    def actions_of(self, name, hook, number):
        """What is to be done at that call; None: nothing is said of it."""
        return self.hooks.get((name, hook, str(number)),
                              self.hooks.get((name, hook, '*')))


def split(text):
    """The programs of a file with many: pairs of name and text."""
    parts = re.split(r'^=== (.*)\n', text, flags=re.M)
    return list(zip(parts[1::2], parts[2::2]))
