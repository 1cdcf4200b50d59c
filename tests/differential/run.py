"""run.py - random programs on CPython's asyncore and on the library, compared.

usage: run.py [-n N] [-s SEED] [-j JOBS] [-p PYTHON] [-o DIRECTORY] [-c]
              [--presume] DRIVER [FILE...]

Runs the programs in the FILEs, then N random ones of SEED, on driver.py (with
PYTHON, which must have asyncore) and on DRIVER (driver.c).  The logs must be
equal.  A program on which they differ is made as small as it goes, printed
with the difference, and kept in DIRECTORY.  Prints TAP.
"""
import argparse
import collections
import concurrent.futures
import difflib
import itertools
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

import gen
import program

HERE = os.path.dirname(os.path.abspath(__file__))
BATCH = 50                      # programs for one pair of processes
TEST = 100                      # programs for one line of TAP
SECONDS = 120                   # for one process
AGAIN = 3                       # a difference must be there so many times
TRIALS = 400                    # to make a program smaller
END = '--- end'


class Side:
    """One of the two implementations."""

    def __init__(self, name, command):
        self.name = name
        self.command = command

    def run(self, programs, processor=None):
        """The logs of (name, text) pairs, by name."""
        logs = {}
        while programs:
            output, status = self.run_once(programs, processor)
            found = dict(program.split(output))
            for name, log in found.items():
                if not log.endswith(END + '\n'):
                    log += 'it ended here: %s\n' % status
                logs[name] = log
            reached = len(found) or 1
            if not found:
                logs[programs[0][0]] = 'it did not start: %s\n' % status
            elif status == 0 and reached < len(programs):
                logs[programs[reached][0]] = 'it did not run\n'
                reached += 1
            programs = programs[reached:]
        return logs

    def run_once(self, programs, processor):
        def bind():
            if processor is not None:
                os.sched_setaffinity(0, {processor})
        directory = tempfile.mkdtemp(prefix='d')
        try:
            path = os.path.join(directory, 'programs')
            with open(path, 'w') as file:
                file.writelines('=== %s\n%s' % pair for pair in programs)
            room = os.path.join(directory, 'r')
            os.mkdir(room)
            done = subprocess.run(
                self.command + [path, room], stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                timeout=SECONDS, preexec_fn=bind)
            return done.stdout.decode('ascii', 'replace'), done.returncode
        except subprocess.TimeoutExpired as late:
            return (late.stdout or b'').decode('ascii', 'replace'), 'late'
        finally:
            shutil.rmtree(directory)


class Sides:
    def __init__(self, options):
        driver = [options.driver] + ['-p'] * options.presume
        self.sides = [
            Side('CPython', [options.python, '-B', '-W', 'ignore',
                             os.path.join(HERE, 'driver.py')]),
            Side('libasyncore', driver)]

    def run(self, programs, processor=None):
        """By name: the two logs."""
        a, b = (side.run(programs, processor) for side in self.sides)
        return {name: (a[name], b[name]) for name, _ in programs}

    def differ(self, text, times=1):
        return all(a != b for _ in range(times)
                   for a, b in self.run([('it', text)], first()).values())

    def difference(self, text):
        a, b = self.run([('it', text)], first())['it']
        return list(difflib.unified_diff(
            a.splitlines(), b.splitlines(), *(s.name for s in self.sides),
            lineterm='', n=8))


def first():
    return min(processors()) if processors() else None


def processors():
    if hasattr(os, 'sched_getaffinity'):
        return sorted(os.sched_getaffinity(0))
    return []


# ---- Making a program smaller.

def shrunk(text, differ):
    """The smallest program found that still differs."""
    trials = itertools.count()

    def still(parts, join):
        return next(trials) < TRIALS and differ(join(parts))
    lines = without(text.splitlines(), still, joined)
    for i, line in enumerate(lines):
        if ' ; ' in line:
            lines[i] = ' ; '.join(without(
                line.split(' ; '), still,
                lambda parts: joined([*lines[:i], ' ; '.join(parts),
                                      *lines[i + 1:]])))
    return joined(without(lines, still, joined))


def joined(lines):
    return ''.join(line + '\n' for line in lines)


def without(parts, still, join):
    """Leaves out what can be left out: halves first, single parts last."""
    size = len(parts) // 2
    while size > 0:
        at = 0
        while at < len(parts):
            fewer = parts[:at] + parts[at + size:]
            if fewer and still(fewer, join):
                parts = fewer
            else:
                at += size
        size //= 2
    return parts


# ---- Results.

class Report:
    def __init__(self, sides, directory):
        self.sides = sides
        self.directory = directory
        self.count = self.different = self.unstable = 0

    def result(self, name, failures):
        """One line of TAP; failures: (name, text) pairs."""
        failures = [pair for pair in failures if self.is_stable(*pair)]
        self.count += 1
        print('%sok %d - %s' % ('not ' if failures else '', self.count, name),
              flush=True)
        for pair in failures:
            self.explain(*pair)

    def is_stable(self, name, text):
        if self.sides.differ(text, AGAIN):
            return True
        self.unstable += 1
        self.comment('%s differed once, and then not' % name)
        return False

    def explain(self, name, text):
        self.different += 1
        text = shrunk(text, self.sides.differ)
        self.comment('---- %s, as small as it goes:' % name)
        self.comment(text)
        self.comment('\n'.join(self.sides.difference(text)))
        if self.directory is not None:
            os.makedirs(self.directory, exist_ok=True)
            path = os.path.join(self.directory,
                                name.removesuffix('.txt') + '.txt')
            with open(path, 'w') as file:
                file.write(text)
            self.comment('kept as ' + path)

    def comment(self, text):
        for line in text.splitlines():
            print('# ' + line, flush=True)


def failures_of(logs, texts):
    return [(name, texts[name]) for name, (a, b) in logs.items() if a != b]


def kind_of(result):
    """Numbers, names and data are each as good as another."""
    if result[0] in '"<':
        return 'data'
    if result.isdigit():
        return 'number'
    return 'name' if re.match(r'[ctx]\d+$', result) else result


def count_events(logs, events):
    """What the programs have come to: hooks, verbs and results."""
    for log, _ in logs.values():
        for line in log.splitlines():
            hook = re.match(r'[cu]\d+ ([a-z_]+)', line)
            verb = re.match(r'(try )?([a-z_]+)(?: .*)? = (["<]|\w+)', line)
            if hook:
                events['hook ' + hook.group(1)] += 1
            elif verb:
                events['verb %s %s' % (verb.group(2),
                                       kind_of(verb.group(3)))] += 1


def run_files(sides, report, files):
    for path in files:
        with open(path) as file:
            pair = os.path.basename(path), file.read()
        logs = sides.run([pair], first())
        report.result(pair[0], failures_of(logs, dict([pair])))


def batches(options):
    numbers = list(range(1, options.n + 1))
    for at in range(0, len(numbers), BATCH):
        yield [('%s-%d' % (options.seed, number),
                gen.program(options.seed, number))
               for number in numbers[at:at + BATCH]]


def run_random(sides, report, options, events):
    places = processors()
    places = itertools.cycle(places if len(places) >= options.jobs
                             else [first()])
    pool = concurrent.futures.ThreadPoolExecutor(options.jobs)
    with pool:
        jobs = []
        for batch in batches(options):
            jobs.append((dict(batch), pool.submit(sides.run, batch,
                                                  next(places))))
        failures, done = [], 0
        for texts, job in jobs:
            logs = job.result()
            count_events(logs, events)
            failures += failures_of(logs, texts)
            done += len(texts)
            if done % TEST == 0 or done == options.n:
                report.result('programs to %d of seed %s' % (
                    done, options.seed), failures)
                failures = []


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('-n', type=int, default=0)
    parser.add_argument('-s', dest='seed', default='1')
    parser.add_argument('-j', dest='jobs', type=int, default=2)
    parser.add_argument('-p', dest='python', default=sys.executable)
    parser.add_argument('-o', dest='directory')
    parser.add_argument('-c', dest='count', action='store_true')
    parser.add_argument('--presume', action='store_true')
    parser.add_argument('driver')
    parser.add_argument('files', nargs='*')
    return parser.parse_args()


def main():
    options = arguments()
    began = time.monotonic()
    sides = Sides(options)
    report = Report(sides, options.directory)
    events = collections.Counter()
    run_files(sides, report, options.files)
    run_random(sides, report, options, events)
    print('1..%d' % report.count)
    if options.count:
        for event, n in sorted(events.items()):
            report.comment('%8d %s' % (n, event))
    report.comment('%d programs, %d different, %d unstable, %.0f s' % (
        len(options.files) + options.n, report.different, report.unstable,
        time.monotonic() - began))
    return 0


if __name__ == '__main__':
    sys.exit(main())
