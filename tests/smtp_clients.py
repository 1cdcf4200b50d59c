"""Clients of examples/smtp_sink for smtp.sh: they send, and look at what was kept.

    smtp_clients.py send PORT KIND PATH         with smtplib, and compares
    smtp_clients.py kept KIND PATH N FILE       N messages, each as the file
    smtp_clients.py transcript KIND PATH FILE   the last one, as swaks tells it
    smtp_clients.py replies PORT [utf8]         replies, and those of smtpd
    smtp_clients.py goes_on PORT                what smtpd does not survive
    smtp_clients.py floods PORT                 without an end, or a reader
    smtp_clients.py breaks PORT KIND PATH       connections that break

KIND is mbox or maildir.  The sink has been told a limit of 1000 bytes for
replies and goes_on.
"""
import os
import re
import signal
import smtplib
import socket
import struct
import sys
import threading

signal.alarm(580)
socket.getfqdn = lambda *args: 'localhost'      # no name server is asked


# ---- What was kept ----------------------------------------------------------

def texts(kind, path):
    if kind == 'maildir':
        names = os.listdir(path + '/new')
        assert os.listdir(path + '/tmp') == [], 'something is left in tmp'
        for name in names:
            with open(path + '/new/' + name, 'rb') as f:
                yield f.read()
        return
    with open(path, 'rb') as f:
        parts = re.split(rb'^From .*\n', f.read(), flags=re.M)
    assert parts[0] == b''
    for part in parts[1:]:
        assert part.endswith(b'\n')
        yield re.sub(rb'^>(>*From )', rb'\1', part[:-1], flags=re.M)


def messages(kind, path):
    """(sender, [recipient], content) of each."""
    for text in texts(kind, path):
        line, text = text.split(b'\n', 1)
        assert line.startswith(b'Return-Path: <') and line.endswith(b'>')
        sender, rcpts = line[14:-1].decode(), []
        while text.startswith(b'Delivered-To: '):
            line, text = text.split(b'\n', 1)
            rcpts.append(line[14:].decode())
        assert rcpts
        yield sender, rcpts, text


def kept(kind, path, n, file):
    with open(file, 'rb') as f:
        expected = f.read()
    all = list(messages(kind, path))
    assert len(all) == int(n), len(all)
    for sender, rcpts, content in all:
        assert content == expected, content[:1000]
    # smtp-source -N numbers the recipients.
    assert len(set(str(rcpts) for sender, rcpts, content in all)) == int(n)


def transcript(kind, path, file):
    with open(file, 'rb') as f:
        said = f.read().replace(b'\r', b'')
    said = said[said.index(b'<-  354'):]
    said = said[said.index(b'\n') + 1:said.index(b' -> .\n')]
    lines = [line[4:] for line in said.split(b'\n')[:-1]]
    lines = [line[1:] if line.startswith(b'.') else line for line in lines]
    expected = b''.join(line + b'\n' for line in lines)
    contents = [content for sender, rcpts, content in messages(kind, path)]
    assert expected in contents, (expected, contents)


# ---- smtplib ----------------------------------------------------------------

CORPUS = [
    b'From: a\r\n\r\nplain\r\n',
    b'',
    b'\r\n',
    b'no end of line',
    b'.\r\n..\r\n...\r\n.a\r\n\r\n.\r\n',
    b'From here\r\n>From there\r\n>>From all\r\nFrom\r\n From x\r\n',
    b'\r\nFrom the second line\r\n',
    bytes(range(32, 256)) + b'\r\n' + b'caf\xc3\xa9\r\n',
    b'\0\1\2\r\n\0\r\n',
    b'x' * 100000 + b'\r\n' + b'y' * 2000 + b'\r\n',
    b''.join(b'%d line\r\n' % i for i in range(200000)),
]


def connect(port):
    return smtplib.SMTP('127.0.0.1', int(port), timeout=300,
                        local_hostname='localhost')


def send(port, kind, path):
    """Each of the corpus alone, and all of it on one connection, twice."""
    def rcpts(i):
        return ['to%d@example.org' % (i + k) for k in range(1 + i % 3)]

    expected = []
    with connect(port) as one:
        for i, content in enumerate(CORPUS + CORPUS):
            sender = 'from%d@example.org' % i if i % 4 else ''
            smtp = one if i < len(CORPUS) else connect(port)
            assert smtp.sendmail(sender, rcpts(i), content) == {}
            if smtp is not one:
                smtp.quit()
            if not content.endswith(b'\r\n'):
                content += b'\r\n'
            expected.append((sender, rcpts(i), content.replace(b'\r\n', b'\n')))
    got = list(messages(kind, path))
    for message in expected:
        assert message in got, message[2][:1000]
    assert len(got) == len(expected)


# ---- Replies ----------------------------------------------------------------

class Raw:
    """A connection; a reply is its lines without the server's name, and the
    code of a reply is a number; either is 'closed' where there is none.
    """

    def __init__(self, port, *commands):
        self.socket = socket.create_connection(('127.0.0.1', int(port)), 300)
        self.file = self.socket.makefile('rb')
        code, self.name = self.file.readline().split()[:2]
        assert code == b'220'
        for command in commands:
            assert self.ask(command) == 250, command

    def reply(self):
        lines = [b'   -']
        while lines[-1][3:4] == b'-':
            try:
                line = self.file.readline()
            except ConnectionResetError:
                line = b''
            if not line:
                return 'closed'
            assert re.match(rb'[2345]\d\d[ -].*\r\n$', line), line
            assert line.isascii(), line
            lines.append(line.replace(self.name, b'NAME'))
        return b''.join(lines[1:]).decode()

    def code(self):
        reply = self.reply()
        return reply if reply == 'closed' else int(reply[:3])

    def say(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def ask(self, command):
        self.say(command + b'\r\n')
        return self.code()

    def answer(self, command):
        self.say(command + b'\r\n')
        return self.reply()


ADDRESSES = [
    b'<a@b>', b'a@b', b'<>', b'<a>', b'a', b'<a@b', b'a@b>', b'<a.b@c.d>',
    b'<a..b@c>', b'<a+b=c@d_e>', b'<"a b"@c>', b'"a b"@c', b'<"a>b"@c>',
    b'<"a@b"@c>', b'<a@[1.2.3.4]>', b'<a@[IPv6:::1]>', b'<@x:a@b>',
    b'<@x,@y:a@b>', b'<a@b>>', b'<a@b><c@d>', b'<a,b@c>', b'<a;b@c>',
    b'<a:b@c>', b'<a@b,c>', b'<a@b c>', b'<a@b>c', b'<a@b>\tc', b'  <a@b>',
    b'<caf\xc3\xa9@b>', b'<a@b> SIZE=10', b'<a@b>SIZE=10', b'<a@b> SIZE=1000',
    b'<a@b> SIZE=1001', b'<a@b> SIZE=99999999999999999999', b'<a@b> SIZE=',
    b'<a@b> SIZE=x', b'<a@b> SIZE=-1', b'<a@b> BODY=7BIT',
    b'<a@b> BODY=8BITMIME', b'<a@b> body=8bitmime', b'<a@b> BODY=x',
    b'<a@b> BODY', b'<a@b> BODY=', b'<a@b> SMTPUTF8', b'<a@b> SMTPUTF8=1',
    b'<a@b> X', b'<a@b> X=1', b'<a@b> X=1=2', b'<a@b> =', b'<a@b> =1',
    b'<a@b> X-Y=1', b'<a@b> ;', b'<a@b> SIZE=1  BODY=7BIT', b'', b' ',
]
# For these smtpd closes the connection: we refuse them.
NO_ADDRESSES = [
    b'<<a@b>>', b'<a@b@c>', b'<a@>', b'<@b>', b'@b', b'<a@b.>', b'<a@b..c>',
    b'<', b'< >', b'>', b'"', b'<a@[b>', b'<a@]>', b'<a@b> SIZE',
]
COMMANDS = [
    b'', b' ', b'NOOP', b'noop', b'NoOp ', b'NOOP x', b' NOOP', b'NOOPX',
    b'NO', b'FOO', b'FOO bar', b'MAIL\tFROM:<a@b>', b'HELO', b'EHLO', b'HELO ',
    b'RSET x', b'DATA x', b'EXPN', b'EXPN x', b'VRFY', b'VRFY <a@b>', b'VRFY a',
    b'VRFY <>', b'HELP', b'HELP x', b'help mail', b'HELP RCPT', b'HELP HELP',
    b'HELP EXPN', b'HELP DATA', b'X' * 512, b'X' * 513, b'X' * 100000,
    b'NOOP ' + b'x' * 507, b'NOOP ' + b'x' * 508, b'RSET' + b' ' * 1000,
    b'MAIL', b'MAIL ', b'MAIL FROM', b'MAIL <a@b>', b'MAIL TO:<a@b>',
    b'MAIL FROM<a@b>', b'mail from:<a@b>', b'MAIL  FROM:<a@b>',
    b'RCPT', b'RCPT ', b'RCPT TO', b'RCPT <a@b>', b'RCPT FROM:<a@b>',
    b'rcpt to:<a@b>',
] + [
    b'MAIL FROM:<' + b'a' * (n - 14) + b'@b>' for n in (512, 513, 538, 539, 549)
] + [
    verb + address for verb in (b'MAIL FROM:', b'RCPT TO:')
    for address in ADDRESSES
]
MAIL, RCPT = b'MAIL FROM:<a@b>', b'RCPT TO:<c@d>'
STATES = [
    ([], []), ([b'HELO x'], []), ([b'EHLO x'], []), ([b'EHLO x'], [MAIL]),
    ([b'HELO x'], [MAIL, RCPT]), ([b'EHLO x'], [MAIL, RCPT]),
]


def answers(port):
    """To every command in every state, and to a NOOP after it."""
    for greeting, state in STATES:
        raw = Raw(port, *greeting)
        for command in COMMANDS:
            assert raw.ask(b'RSET') == 250
            for before in state:
                assert raw.ask(before) == 250, before
            yield (greeting + state, command[:60], len(command),
                   raw.answer(command), raw.answer(b'NOOP'))


DIALOGUES = [
    [b'HELO x', b'HELO y', b'EHLO z', b'NOOP', b'QUIT'],
    [b'EHLO x', b'EHLO y', b'HELO z', b'RSET', b'EHLO x', b'QUIT z'],
    [b'HELO x', RCPT, b'DATA', MAIL, b'DATA', RCPT, MAIL, b'RSET', RCPT],
    [b'HELO x', MAIL, RCPT, RCPT, b'DATA', b'\r\n.', MAIL, RCPT, b'RSET',
     b'DATA', MAIL, b'DATA', RCPT, b'DATA', b'..\r\nNOOP\r\n.', b'NOOP'],
    [b'EHLO x', MAIL, RCPT, b'DATA', b'x' * 1000 + b'\r\n.', b'DATA', RCPT],
    [b'EHLO x', MAIL, RCPT, b'DATA', b'.x' * 400 + b'\r\n.', MAIL, b'QUIT'],
]


def dialogues(port):
    """In lines, in bytes, and all at once."""
    for dialogue in DIALOGUES:
        raw = Raw(port)
        yield [raw.answer(line) for line in dialogue]
        raw = Raw(port)
        for byte in b''.join(line + b'\r\n' for line in dialogue[:4]):
            raw.say(bytes([byte]))
        yield [raw.reply() for line in dialogue[:4]]
        raw = Raw(port)
        raw.say(b''.join(line + b'\r\n' for line in dialogue))
        yield [raw.reply() for line in dialogue]


def start_smtpd(utf8):
    import asyncore
    import smtpd

    class Server(smtpd.SMTPServer):
        def process_message(self, *args, **kwargs):
            return None

    map = {}
    server = Server(('127.0.0.1', 0), None, 1000, map, enable_SMTPUTF8=utf8)
    threading.Thread(target=asyncore.loop, args=(1, True, map),
                     daemon=True).start()
    return server.socket.getsockname()[1]


def replies(port, utf8=''):
    theirs = start_smtpd(bool(utf8))
    different = 0
    for ours, python in zip(answers(port), answers(theirs)):
        if ours != python:
            print('ours:', ours, 'smtpd:', python[3:])
            different += 1
    for ours, python in zip(dialogues(port), dialogues(theirs)):
        if ours != python:
            print('ours:', ours, 'smtpd:', python)
            different += 1
    assert different == 0


def goes_on(port):
    for greeting in b'HELO x', b'EHLO x':
        raw = Raw(port, greeting)
        for address in NO_ADDRESSES:
            assert raw.ask(b'MAIL FROM:' + address) == 501, address
        assert raw.ask(MAIL) == 250
        for address in NO_ADDRESSES:
            assert raw.ask(b'RCPT TO:' + address) in (501, 555), address
        for line in b'\xff\xfe', b'NOOP \xc3', b'NO\0OP', b'NOOP\r', b'\x7f':
            assert raw.ask(line) == 500, line
        assert raw.ask(b'caf\xc3\xa9') == 500
        assert raw.ask(b'VRFY @caf\xc3\xa9') == 502
        assert raw.ask(b'X' * (5 << 20)) == 500
        assert raw.ask(RCPT) == 250
        assert raw.ask(b'DATA') == 354
        assert raw.ask(b'x' * 1001 + b'\r\n.') == 552
        for size in 999, 1000, 5 << 20:
            assert [raw.ask(line) for line in (MAIL, RCPT, b'DATA')] == [
                250, 250, 354]
            assert raw.ask(b'\r\n'.join([b'x' * (size - 2), b'', b'.'])
                           ) == (552 if size > 1000 else 250), size
        assert [raw.ask(line) for line in (MAIL, RCPT, b'DATA', b'.')] == [
            250, 250, 354, 250]
        assert raw.ask(b'QUIT\r\nNOOP\r\n' + MAIL) == 221
        assert raw.code() == 'closed'


def floods(port):
    """A message has so many recipients at most, and a client that does not
    read its answers is not heard any more until it does.  Each answer to
    another client is the end of a pass of the sink's.
    """
    raw = Raw(port, b'HELO x', MAIL)
    raw.say((RCPT + b'\r\n') * 1002)
    codes = [raw.code() for i in range(1002)]
    assert codes == [250] * 1000 + [452] * 2, codes
    assert [raw.ask(b'DATA'), raw.ask(b'.'), raw.ask(MAIL)] == [354, 250, 250]
    assert raw.ask(RCPT) == 250

    flood, other = Raw(port), Raw(port)
    flood.socket.setblocking(False)
    said = stuck = 0
    lines = b'NOOP\r\n' * 10000
    while stuck < 20:
        assert said < 64 << 20, 'it reads on and on'
        try:
            said += flood.socket.send(lines[said % 6:])
            stuck = 0
        except BlockingIOError:
            assert other.ask(b'NOOP') == 250
            stuck += 1
    flood.socket.setblocking(True)
    rest = b'NOOP\r\n'[said % 6:]
    threading.Thread(target=flood.say, args=(rest,)).start()
    for i in range((said + len(rest)) // 6):
        assert flood.code() == 250


def breaks(port, kind, path):
    """In the middle of a message: nothing of it is kept."""
    before = len(list(messages(kind, path)))
    for hard in False, True:
        for commands in [[], [b'HELO x'], [b'HELO x', MAIL, RCPT]]:
            raw = Raw(port, *commands)
            if len(commands) == 3:
                assert raw.ask(b'DATA') == 354
                raw.say(b'half of\r\na mess')
            if hard:
                raw.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                      struct.pack('ii', 1, 0))
            raw.file.close()
            raw.socket.close()
    assert Raw(port).ask(b'HELO x') == 250
    assert len(list(messages(kind, path))) == before


globals()[sys.argv[1]](*sys.argv[2:])
