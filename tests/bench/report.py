"""report.py - the results as a table, as plots, and against the marks."""
import collections
import csv
import os
import shutil
import statistics
import subprocess

from cases import (BUFFEREVENT, EPOLL, IDLE, LIBEVENT, LINES, OURS, PYTHON,
                   echo_case)


class Results:
    """Values by case, peer and metric, one a round."""

    def __init__(self):
        self.values = collections.defaultdict(list)

    def add(self, case, peer, round, metric, value):
        self.values[case, peer, metric].append(value)

    def cases(self):
        return list(dict.fromkeys(case for case, _, _ in self.values))

    def peers(self, case):
        return list(dict.fromkeys(p for c, p, _ in self.values if c == case))

    def metrics(self, case):
        return list(dict.fromkeys(m for c, _, m in self.values if c == case))

    def median(self, case, peer, metric):
        return statistics.median(self.values[case, peer, metric])

    def ratios(self, case, peer, base, metric='cpu'):
        """Round by round."""
        return [a / b for a, b in zip(self.values.get((case, peer, metric), ()),
                                      self.values.get((case, base, metric), ()))
                if b]

    def ratio(self, *which):
        ratios = self.ratios(*which)
        return statistics.median(ratios) if ratios else None

    def write(self, path):
        with open(path, 'w', newline='') as file:
            out = csv.writer(file, lineterminator='\n')
            out.writerow(['case', 'peer', 'metric', 'round', 'value'])
            for (case, peer, metric), values in self.values.items():
                for round, value in enumerate(values):
                    out.writerow([case, peer, metric, round, '%.6g' % value])


# ---- Tables -----------------------------------------------------------------

def base_of(results, case):
    peers = results.peers(case)
    return next((p for p in (EPOLL, LIBEVENT, BUFFEREVENT) if p in peers), None)


def with_spread(ratios):
    if not ratios:
        return '-'
    middle = statistics.median(ratios)
    if len(ratios) < 3:
        return '%.3g' % middle
    low, _, high = statistics.quantiles(ratios, n=4, method='inclusive')
    return '%.3g (%.3g to %.3g)' % (middle, low, high)


def row(*cells):
    return '| ' + ' | '.join(cells) + ' |\n'


def ratio_table(results, case):
    base = base_of(results, case)
    metrics = results.metrics(case)
    text = row('', *('CPU' if m == 'cpu' else m for m in metrics))
    text += row('---', *('---' for _ in metrics))
    for peer in results.peers(case):
        text += row(peer, *(with_spread(results.ratios(case, peer, base, m))
                            for m in metrics))
    return 'Ratios to %s.\n\n' % base + text


def value_table(results, case):
    metrics = results.metrics(case)
    text = row('', *metrics) + row('---', *('---' for _ in metrics))
    for peer in results.peers(case):
        text += row(peer, *('%.4g' % results.median(case, peer, m)
                            for m in metrics))
    return text


def case_table(results, case):
    is_ratio = 'cpu' in results.metrics(case)
    table = (ratio_table if is_ratio else value_table)(results, case)
    return '\n## %s%s\n\n%s' % (case[0].upper(), case[1:], table)


# ---- Marks ------------------------------------------------------------------

def at_most(limit):
    return '<= %g' % limit, lambda value: value <= limit


def at_least(limit):
    return '>= %g' % limit, lambda value: value >= limit


def marks(r):
    """What, the mark, and the value or None."""
    echoes = [c for c in r.cases() if c.startswith('echo, ')]
    crowd = echo_case(10, IDLE[-1])
    for base, limit in (EPOLL, 1.05), (BUFFEREVENT, .65):
        for case in echoes:
            yield ('%s: CPU, to %s' % (case, base), at_most(limit),
                   r.ratio(case, OURS, base))
    yield ('10 active of 10,000: CPU, to 10 of 10', at_most(1.10),
           divide(r, (crowd, OURS, 'cpu'), (echo_case(10, 10), OURS, 'cpu')))
    yield ('10 active of 10,000: CPU, %s to us' % PYTHON, at_least(100),
           r.ratio(crowd, PYTHON, OURS))
    yield from count_marks(r)
    for length in LINES:
        for base, limit in (BUFFEREVENT, 1.5), (PYTHON, 10):
            yield ('lines of %d bytes: lines per second, to %s' %
                   (length, base), at_least(limit),
                   r.ratio('lines of %d bytes' % length, OURS, base, 'rate'))
    yield ('connections per second, to libevent', at_least(.97),
           r.ratio('connections', OURS, LIBEVENT, 'rate'))
    for case in r.cases():
        if case.startswith('chain of'):
            yield ('%s: CPU, to libevent' % case, at_most(1.05),
                   r.ratio(case, OURS, LIBEVENT))
    for kind in r.peers('linear time'):
        yield ('linear time: %s, whole to half' % kind, at_most(2.3),
               min(r.values['linear time', kind, 'whole']) /
               min(r.values['linear time', kind, 'half']))


def count_marks(r):
    calls = 'system calls, 100 active'
    chain = 'instructions, chain of 100, 10 active'
    memory = 'memory of an idle connection'
    asked = 'a channel in a pass'
    yield 'system calls of a message', at_most(2.05), value(r, calls, OURS,
                                                            'total')
    yield 'of which epoll_ctl', at_most(0), value(r, calls, OURS, 'epoll_ctl')
    yield ('instructions of an event, to libevent', at_most(1.5),
           r.ratio(chain, OURS, LIBEVENT, 'instructions'))
    yield ('ns of a custom predicate, one a channel', at_most(5),
           value(r, asked, 'a writable() asked', 'ns'))
    both = value(r, asked, 'both asked', 'ns')
    yield ('ns of a custom predicate, two a channel', at_most(5),
           both and both / 2)
    yield 'bytes of an idle connection', at_most(600), value(r, memory, OURS,
                                                             'bytes')
    yield ('the same, to bufferevent', at_most(1),
           r.ratio(memory, OURS, BUFFEREVENT, 'bytes'))


def value(results, *which):
    return results.median(*which) if which in results.values else None


def divide(results, one, other):
    a, b = value(results, *one), value(results, *other)
    return a / b if a is not None and b else None


def mark_table(results):
    text = row('', 'mark', 'here', '') + row(*['---'] * 4)
    for what, (limit, holds), found in marks(results):
        if found is None:
            text += row(what, limit, '-', 'not measured')
        else:
            text += row(what, limit, '%.3g' % found,
                        'yes' if holds(found) else '**no**')
    return text


# ---- Plots ------------------------------------------------------------------

def in_short(case):
    return case.replace('echo, ', '').replace('active ', '')


def bars(results, cases, metric, label):
    """A group of bars a case, in which each peer has its own."""
    peers = results.peers(cases[0])
    data = ''.join('"%s" %s\n' % (in_short(case), ' '.join(
        str(results.ratio(case, peer, base_of(results, case), metric) or '?')
        for peer in peers)) for case in cases)
    columns = ', '.join(
        '$data using %d%s title "%s"' %
        (i + 2, ':xtic(1)' if i == 0 else '', peer)
        for i, peer in enumerate(peers))
    return ('set style data histogram\nset style fill solid .7\n'
            'set logscale y\nset ylabel "%s"\n$data << EOD\n%sEOD\nplot %s\n' %
            (label, data, columns))


def idle_lines(results, cases):
    data, columns = '', []
    for peer in results.peers(cases[0]):
        columns.append('$data index %d with linespoints title "%s"' %
                       (len(columns), peer))
        data += ''.join('%s %g\n' % (case.split()[-1],
                                     results.median(case, peer, 'cpu') / 1000)
                        for case in cases) + '\n\n'
    return ('set logscale xy\nset xlabel "connections, 10 of them active"\n'
            'set ylabel "server CPU per message, microseconds"\n'
            '$data << EOD\n%sEOD\nplot %s\n' % (data, ', '.join(columns)))


def plots(results):
    echoes = [c for c in results.cases() if c.startswith('echo, ')]
    idle = [c for c in echoes if c.startswith('echo, 10 ')]
    lines = [c for c in results.cases() if c.startswith('lines ')]
    if echoes:
        yield 'echo', bars(results, echoes, 'cpu',
                           'server CPU per message, to the epoll loop')
    if len(idle) > 1:
        yield 'idle', idle_lines(results, idle)
    if lines:
        yield 'lines', bars(results, lines, 'rate',
                            'lines per second, to bufferevent')


def draw(results, out):
    """The names of the plots, none without gnuplot."""
    if not shutil.which('gnuplot'):
        return []
    names = []
    for name, script in plots(results):
        path = os.path.join(out, name + '.svg')
        subprocess.run(['gnuplot'], text=True, check=True, input=(
            'set terminal svg size 900,480 noenhanced\nset output "%s"\n'
            'set key below\nset grid ytics\nset datafile missing "?"\n' %
            path) + script)
        names.append(name)
    return names


# ---- The report -------------------------------------------------------------

def write(results, cases, out):
    os.makedirs(out, exist_ok=True)
    results.write(os.path.join(out, 'benchmark.csv'))
    names = draw(results, out)
    missing = cases.missing + ([] if names else ['gnuplot'])
    text = '# The benchmark\n\n%d rounds of %g s.  Missing here: %s.\n' % (
        cases.scale.rounds, cases.scale.seconds,
        ', '.join(missing) or 'nothing')
    text += '\n## The marks\n\n' + mark_table(results)
    text += ''.join('\n![%s](%s.svg)\n' % (name, name) for name in names)
    text += ''.join(case_table(results, case) for case in results.cases())
    with open(os.path.join(out, 'benchmark.md'), 'w') as file:
        file.write(text)
    return text
