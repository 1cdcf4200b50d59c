"""timeline.py - what tests/timeline.sh asks of traces and their pictures.

    timeline.py svg TRACE SVG       every event is in its place of the picture
    timeline.py dom TRACE HTML      the same of a page as a browser has it
    timeline.py page TRACE HTML     the same of a page as a file, which is safe
    timeline.py shown HTML          how many a browser has
    timeline.py chrome TRACE JSON   slices match, and every event is there
    timeline.py make KIND           writes a trace: big, hostile, nested, two
    timeline.py mutate TOOL TRACE N SEED    bad traces are told, and no more

It says what is wrong, and ends with status 1 then.
"""

import collections
import html.parser
import json
import random
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

SIGNS = {'hook_begin': 'hook', 'call_begin': 'call', 'predicate': 'predicate',
         'arm': 'arm', 'disarm': 'disarm', 'error': 'error', 'add': 'add',
         'remove': 'remove', 'close': 'close', 'free': 'free'}

Event = collections.namedtuple(
    'Event', 'line sign name pid map column channel cls own_pass')


# ---- The trace --------------------------------------------------------------

def read_trace(path):
    """The lines, as objects; the last one may be cut."""
    with open(path, 'rb') as file:
        lines = file.read().split(b'\n')
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        try:
            yield number, json.loads(line.decode('utf-8', 'replace'))
        except ValueError:
            assert number == len(lines), 'line %d is bad' % number


def expected(path):
    """What must be in a picture: by line, an Event."""
    events, depth, outer = {}, collections.Counter(), {}
    for number, e in read_trace(path):
        who = e['pid'], e['map']
        kind = e.get('event')
        if kind in ('pass_begin', 'hook_begin', 'call_begin'):
            if depth[who] == 0:
                outer[who] = e['pass'] if kind == 'pass_begin' else 0
            depth[who] += 1
        if kind in SIGNS:
            events[number] = Event(
                number, SIGNS[kind], clean(e.get('name', '')), str(e['pid']),
                e['map'], outer.get(who, 0) if depth[who] else 0,
                e.get('channel', ''), clean(e.get('class', '')),
                str(e['pass']))
        if kind in ('pass_end', 'hook_end', 'call_end'):
            depth[who] -= 1
    return events


def clean(text):
    """As it stands in an attribute: controls are shown as pictures."""
    return ''.join(chr(0x2400 + ord(c)) if c < ' ' and c != '\n' else
                   '\ufffd' if c in '\ufffe\uffff\0' or
                   '\ud800' <= c <= '\udfff' else c for c in text)


# ---- The picture ------------------------------------------------------------

class Page(html.parser.HTMLParser):
    """Makes a tree of a page, as ElementTree has it."""

    VOID = ('meta', 'input', 'br', 'img', 'link', 'hr')

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.root = ET.Element('root')
        self.open = [self.root]
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        element = ET.SubElement(self.open[-1], tag,
                                {k: v or '' for k, v in attrs})
        if tag not in self.VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attrs):
        ET.SubElement(self.open[-1], tag, {k: v or '' for k, v in attrs})

    def handle_endtag(self, tag):
        if tag in self.VOID:
            return
        assert self.open[-1].tag == tag, '</%s> in <%s>' % (
            tag, self.open[-1].tag)
        self.open.pop()

    def handle_data(self, data):
        self.open[-1].text = (self.open[-1].text or '') + data


def number(text):
    match = re.search(r'-?[\d.]+', text or '')
    return float(match.group()) if match else 0.0


def top_of(element):
    match = re.match(r'translate\(0,\s*(-?\d+)\)', element.get('transform', ''))
    return float(match.group(1)) if match else 0.0


def signs(element, found, context):
    """All that stands for an event, with where it stands."""
    context = dict(context)
    for key in ('data-pid', 'data-map', 'data-lane', 'data-channel',
                'data-class'):
        if key in element.attrib:
            context[key] = element.get(key)
    if 'data-column' in element.attrib:
        context.update(column=element.get('data-pass'),
                       width=number(element.get('width')),
                       height=number(element.get('height')),
                       y=number(element.get('y')))
    if 'data-lane' in element.attrib:
        context['top'] = top_of(element)
    if 'data-label' in element.attrib:
        found['labels'][element.get('data-label')].append(
            (top_of(element), context.get('data-map'),
             ''.join(element.itertext())))
    if 'data-line' in element.attrib:
        found['signs'].append((element, context))
        return
    for child in element:
        signs(child, found, context)


def sign_of(element):
    for sign in SIGNS.values():
        if 'data-' + sign in element.attrib:
            return sign, element.get('data-' + sign)
    raise AssertionError('no sign: %s' % element.attrib)


def extent(element):
    """The pixels of a sign, about."""
    for child in element:
        tag = child.tag.split('}')[-1]
        if tag == 'rect':
            x, y = number(child.get('x')), number(child.get('y'))
            return (x, y, x + number(child.get('width')),
                    y + number(child.get('height')))
        if tag == 'circle':
            x, y = number(child.get('cx')), number(child.get('cy'))
            r = number(child.get('r'))
            return x - r, y - r, x + r, y + r
        if tag == 'path':
            x, y = map(float, re.match(r'M(-?\d+) (-?\d+)',
                                       child.get('d')).groups())
            return x, y, x, y
    raise AssertionError('nothing to see: %s' % element.attrib)


def compare_place(element, context, labels):
    """It is inside of its column, and beside its lane's label."""
    x, y, right, bottom = extent(element)
    assert 0 <= x <= right <= context['width'], (
        'beside its column: %s' % element.attrib)
    assert 0 <= context['top'] + y and \
        context['top'] + bottom <= context['height'], (
        'above or below its column: %s' % element.attrib)
    beside = [top for top, of, _ in labels[context['data-lane']]
              if of == context['data-map']]
    assert context['top'] in beside or \
        context['y'] + context['top'] in beside, (
        'not beside its label: %s' % element.attrib)


def compare(trace, root):
    events = expected(trace)
    found = {'signs': [], 'labels': collections.defaultdict(list)}
    signs(root, found, {})
    for element, context in found['signs']:
        line = int(element.get('data-line'))
        sign, name = sign_of(element)
        assert line in events, 'line %d: nothing should be there' % line
        seen = Event(line, sign, name, context['data-pid'],
                     context['data-map'], int(context['column']),
                     context['data-channel'], clean(context['data-class']),
                     element.get('data-pass'))
        assert seen == events[line], '%s\nis not\n%s' % (seen, events[line])
        compare_place(element, context, found['labels'])
        del events[line]
    assert not events, 'missing: %s' % list(events.values())[:3]
    print('%d signs' % len(found['signs']))


def svg(trace, path):
    compare(trace, ET.parse(path).getroot())


def read(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


def harmless(root):
    """There is nothing on the page that a trace could have put there."""
    tags = collections.Counter(e.tag for e in root.iter())
    assert tags['script'] == 2, '%d scripts' % tags['script']
    for tag in ('img', 'iframe', 'object', 'embed', 'link', 'a', 'form',
                'foreignobject', 'use', 'image'):
        assert not tags[tag], 'there is a <%s>' % tag
    for element in root.iter():
        for key, value in element.attrib.items():
            assert not key.startswith('on'), key
            assert key not in ('src', 'href', 'srcset', 'xlink:href'), key


def dom(trace, path):
    root = Page(read(path)).root
    harmless(root)
    compare(trace, root)


def shown(path):
    """How many signs are on the screen."""
    found = {'signs': [], 'labels': collections.defaultdict(list)}
    signs(Page(read(path)).root, found, {})
    print(len(found['signs']))


def page(trace, path):
    """Puts the pieces together as the page's script does."""
    text = read(path)
    root = Page(text).root
    harmless(root)
    for url in re.findall(r'''https?:|url\(|@import|["'(]//''',
                          text.replace('http://www.w3.org/2000/svg', '')):
        raise AssertionError('the page refers to something: ' + url)
    data = [e for e in root.iter('script') if e.get('id') == 'trace'][0]
    whole = ET.Element('page')
    for m in json.loads(data.text)['maps']:
        section = ET.SubElement(whole, 'section', {
            'data-pid': m['pid'], 'data-map': m['map']})
        for i, lane in enumerate(m['lanes']):
            section.append(wrap(lane['label'], {'data-label': str(i)}))
        for i, c in enumerate(m['columns']):
            wrap(c['head']), wrap(c['tall'])
            column = ET.SubElement(section, 'svg', {
                'data-column': str(i), 'data-pass': str(c['pass']),
                'width': str(c['width']), 'height': '99999'})
            for n, rows, piece in c['lanes']:
                lane = m['lanes'][n]
                assert rows <= lane['rows'], 'the lane is too low'
                column.append(wrap(piece, {
                    'data-lane': str(n), 'data-channel': lane['channel'],
                    'data-class': clean(lane['class'])}))
    compare(trace, whole)


def wrap(piece, attributes=()):
    element = ET.fromstring('<g>%s</g>' % piece)
    element.attrib.update(attributes)
    return element


# ---- Chrome's format --------------------------------------------------------

def balanced(events):
    """How many there are of each kind; slices match, and time goes on."""
    stacks, last = collections.defaultdict(list), {}
    kinds = collections.Counter()
    for e in events:
        if e['ph'] == 'M':
            continue
        who = e['pid'], e['tid']
        assert e['ts'] >= last.get(who, 0), 'back in time: %s' % e
        last[who] = e['ts']
        kinds[e['ph']] += 1
        if e['ph'] == 'B':
            stacks[who].append(e['name'])
        elif e['ph'] == 'E':
            assert stacks[who].pop() == e['name'], 'no match: %s' % e
        else:
            assert e['ph'] == 'i' and e['s'] == 't', e
    assert not any(stacks.values()), 'not ended: %s' % stacks
    return kinds


def chrome(trace, path):
    with open(path, encoding='utf-8') as file:
        kinds = balanced(json.load(file)['traceEvents'])
    kinds_expected = collections.Counter(
        e.get('event') for _, e in read_trace(trace))
    begins = sum(n for k, n in kinds_expected.items()
                 if k and k.endswith('_begin'))
    assert kinds['B'] == kinds['E'] == begins, (kinds, begins)
    marks = sum(n for k, n in kinds_expected.items()
                if k in SIGNS and not k.endswith('_begin'))
    assert kinds['i'] == marks, (kinds, marks)
    print(dict(kinds))


# ---- Traces that no program of ours writes ----------------------------------

class Maker:
    def __init__(self, pid=77, address='0x5000'):
        self.time, self.who = 100.0, {'pid': pid, 'map': address}
        self.write(asyncore_trace=1, version='0.1.0')

    def write(self, **members):
        self.time += 3e-6
        print(json.dumps(dict(self.who, time=round(self.time, 9),
                              **members), separators=(',', ':')))

    def event(self, number, kind, **members):
        self.write(**{'pass': number}, event=kind, **members)

    def hook(self, number, channel, name, result=0, inside=None):
        self.event(number, 'hook_begin', **channel, name=name, argument=0)
        if inside:
            inside()
        self.event(number, 'hook_end', **channel, name=name, result=result)

    def run_pass(self, number, channels, ready):
        self.event(number, 'pass_begin')
        for i, c in enumerate(channels):
            self.event(number, 'predicate', **c, name='readable', result=True)
            self.event(number, 'predicate', **c, name='writable',
                       result=(number + i) % 3 == 0)
            if number == 1:
                self.event(number, 'arm', **c, name='read')
        self.event(number, 'wait_begin')
        self.event(number, 'wait_end', result=1)
        result = -5 if number % 97 == 0 else 0
        self.hook(number, ready, 'handle_read_event', result,
                  lambda: self.hook(number, ready, 'handle_read', result))
        if result:
            self.event(number, 'error', **ready, name='handle_read',
                       result=result)
        self.event(number, 'pass_end', result=0)


def channel(i, cls='Talker'):
    address = hex(0x6000 + 16 * i)
    return {'channel': address, 'fd': 5 + i, 'class': cls,
            'repr': '<%s connected 127.0.0.1:%d at %s>' % (cls, 4000 + i,
                                                           address)}


def make_big(passes=625, n=4):
    """More than 10,000 events."""
    maker, channels = Maker(), [channel(i) for i in range(n)]
    for c in channels:
        maker.event(0, 'add', **c)
    for number in range(1, passes + 1):
        maker.run_pass(number, channels, channels[number % n])


def make_hostile():
    """Names that would be something else in a page, if they could."""
    names = ['</script><script>document.title="caught"</script>',
             '<!--<script>', '<img src=x onerror=\'document.title="caught"\'>',
             '"\'><b>bold</b>&amp;', 'a\nb\tc\x01\x7f', ']]>', '\u2028\u2029',
             '<svg onload=alert(1)>', '\ufffe\ud800\U0001f600', '%s%n\\', '']
    maker = Maker(address='0x5"><b>\'&')
    for i, name in enumerate(names):
        c = channel(i, name)
        c['channel'] += '"\'<&'
        maker.event(0, 'add', **c)
        maker.event(0, 'hook_begin', **c, name=name or 'x', argument=-1)
        maker.event(0, 'hook_end', **c, name=name or 'x', result=-2)
        maker.event(0, 'error', **c, name=name or 'x', result=-99999)
    sys.stdout.flush()
    sys.stdout.buffer.write(
        b'{"pid":77,"map":"0x5000","time":101,"pass":0,"event":"add",'
        b'"channel":"0x1","fd":3,"class":"a\xff\xc3(\xed\xa0\x80",'
        b'"repr":"\xf5"}\n')
    least = -2 ** 63
    maker.event(0, 'hook_begin', **channel(0), name='handle_error',
                argument=least)
    maker.event(0, 'hook_end', **channel(0), name='handle_error', result=least)
    maker.event(0, 'new_thing', channel='0x1', fd=3, more={'a': [1, {}]})
    maker.event(0, 'close', **channel(1), more=[None, 1e5, 'x'], pid2=4)


def make_nested():
    """Loops inside of hooks, and what is closed in all of them."""
    maker, a, b = Maker(), channel(0, 'A'), channel(1, 'B')
    maker.event(0, 'add', **a)
    maker.event(0, 'add', **b)

    def inner():
        maker.run_pass(2, [a, b], b)
        maker.run_pass(3, [b], b)
        maker.event(1, 'close', **a)

    maker.event(1, 'pass_begin')
    maker.event(1, 'predicate', **a, name='readable', result=True)
    maker.event(1, 'wait_begin')
    maker.hook(1, b, 'handle_read')
    maker.event(1, 'wait_end', result=1)
    maker.hook(1, a, 'handle_read_event', 0, inner)
    maker.event(1, 'call_begin', name='call_later', argument=1)
    maker.event(1, 'call_end', name='call_later', argument=1, result=-4096)
    maker.event(1, 'pass_end', result=-4096)


def make_two():
    """Two maps of one process, a child, and a map at an old address."""
    first, second = Maker(), Maker(address='0x5100')
    first.event(0, 'add', **channel(0))
    second.event(0, 'add', **channel(0, 'Other'))
    first.run_pass(1, [channel(0)], channel(0))
    first.who['pid'] = 78
    first.run_pass(2, [channel(0)], channel(0))
    first.event(0, 'free', **channel(0))
    first.event(0, 'add', **channel(0, 'Later'))
    third = Maker()
    third.event(0, 'add', **channel(0, 'Third'))
    third.run_pass(1, [channel(0, 'Third')], channel(0, 'Third'))


def make(kind):
    {'big': make_big, 'hostile': make_hostile, 'nested': make_nested,
     'two': make_two}[kind]()


# ---- Bad traces -------------------------------------------------------------

def mutated(text, rand):
    """The trace with something wrong, or cut, or in another order."""
    lines = text.split(b'\n')
    for _ in range(rand.randint(1, 4)):
        i = rand.randrange(len(lines))
        line = lines[i]
        at = rand.randrange(len(line) + 1)
        what = rand.randrange(8)
        if what == 0:
            lines[i] = line[:at] + bytes([rand.randrange(256)]) + line[at + 1:]
        elif what == 1:
            del lines[i]
        elif what == 2:
            lines.insert(i, rand.choice(lines))
        elif what == 3:
            del lines[rand.randrange(len(lines)):]
            lines.append(line[:at])
        elif what == 4:
            rand.shuffle(lines[1:])
            lines[1:] = rand.sample(lines[1:], len(lines) - 1)
        elif what == 5:
            key = rand.choice([b'pass', b'result', b'time', b'fd', b'pid',
                               b'argument'])
            value = rand.choice([b'-1', b'9223372036854775807', b'1e308', b'0',
                                 b'-9223372036854775808', b'true', b'99',
                                 b'18446744073709551616', b'"x"', b'{}'])
            lines[i] = re.sub(b'"%s":[^,}]*' % key, b'"%s":%s' % (key, value),
                              line)
        elif what == 6:
            kind = rand.choice(list(SIGNS) + ['pass_begin', 'pass_end',
                                              'wait_begin', 'wait_end',
                                              'hook_end', 'call_end'])
            lines[i] = re.sub(b'"event":"[^"]*"',
                              b'"event":"%s"' % kind.encode(), line)
        else:
            lines[i] = line[:at] + rand.choice(
                [b'"', b'{', b'\\u', b'\\ud83d', b'\xff', b'\0', b']', b'[[[',
                 b'</script>']) + line[at:]
        lines = lines or [b'']
    return b'\n'.join(lines)


def one_mutation(tool, text, form, name):
    done = subprocess.run([tool, '--format=' + form], input=text,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=300, check=False)
    errors = done.stderr.decode('utf-8', 'replace')
    assert done.returncode in (0, 1), '%s: %d: %s' % (
        name, done.returncode, errors)
    assert 'anitizer' not in errors and 'runtime error' not in errors, errors
    for line in errors.splitlines():
        assert re.match(r'asyncore-timeline: standard input:\d+: ', line), line
    if done.returncode == 1:
        assert errors and not done.stdout, '%s: %s' % (name, errors)
        return 'refused'
    if form == 'svg':
        ET.fromstring(done.stdout)
    elif form == 'chrome':
        balanced(json.loads(done.stdout)['traceEvents'])
    else:
        harmless(Page(done.stdout.decode('utf-8')).root)
    return 'shown'


def mutate(tool, trace, n, seed):
    with open(trace, 'rb') as file:
        text = file.read()
    rand, counts = random.Random(int(seed)), collections.Counter()
    for i in range(int(n)):
        form = ('svg', 'html', 'chrome')[i % 3]
        counts[one_mutation(tool, mutated(text, rand), form,
                            'mutation %d' % i)] += 1
    print(dict(counts))
    assert len(counts) == 2, 'not all kinds came up'


if __name__ == '__main__':
    try:
        globals()[sys.argv[1]](*sys.argv[2:])
    except AssertionError as error:
        sys.exit('timeline.py: %s' % error)
