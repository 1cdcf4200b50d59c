"""processes.py - the benchmark's processes, servers and loads on two cores.

Both speak in lines: a server prints "PORT PID" when it listens, a load "ready"
when its connections are open, and then a line for each span; see load.c.
"""
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
CORES = sorted(os.sched_getaffinity(0))


def find_asyncore():
    """A Python that still has asyncore, or None."""
    for python in (sys.executable, 'python3', 'python3.11', '/usr/bin/python3'):
        if shutil.which(python) and subprocess.run(
                [python, '-W', 'ignore', '-c', 'import asyncore, asynchat'],
                stderr=subprocess.DEVNULL).returncode == 0:
            return python
    return None


def start(command, core, **options):
    return subprocess.Popen(
        command, text=True, stdout=subprocess.PIPE,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}), **options)


def answer(process):
    line = process.stdout.readline()
    if not line:
        raise SystemExit('bench: %s ended with status %s' %
                         (' '.join(process.args), process.wait()))
    return line.split()


class Process:
    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Server(Process):
    """A server; `wrapper` is the beginning of a command that runs it."""

    def __init__(self, command, wrapper=()):
        self.process = start([*wrapper, *command], CORES[0])
        self.port, self.pid = answer(self.process)

    def stop(self):
        if self.process.poll() is None:
            os.kill(int(self.pid), 15)
            self.process.wait()
        self.process.stdout.close()

    def resident(self):
        """Bytes of anonymous memory that are resident."""
        with open('/proc/%s/status' % self.pid) as status:
            return 1024 * int(re.search(r'RssAnon:\s*(\d+)', status.read())[1])


class Load(Process):
    def __init__(self, program, server, kind, *args):
        self.process = start(
            [program, kind, server.port, server.pid, *map(str, args)],
            CORES[-1], stdin=subprocess.PIPE)
        if answer(self.process) != ['ready']:
            raise SystemExit('bench: %s is not ready' % program)

    def span(self, seconds, count=10**12):
        """Its count, and per unit of it: server CPU (ns), rate, latencies."""
        print(seconds, count, file=self.process.stdin, flush=True)
        done, wall, cpu, *latency = map(int, answer(self.process))
        return done, dict(zip(
            ('cpu', 'rate', 'p50', 'p99', 'p99.9'),
            (cpu / done, done * 1e9 / wall, *latency)))

    def stop(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def output(command):
    """What a program prints that runs by itself, on the servers' core."""
    process = start(command, CORES[0])
    text = process.communicate()[0]
    if process.returncode:
        raise SystemExit('bench: %s: status %d' %
                         (' '.join(command), process.returncode))
    return text
