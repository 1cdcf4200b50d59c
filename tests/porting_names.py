"""porting_names.py - the public names of Python's asyncore and asynchat, one a
line: of the modules, and of their classes and instances.

Left out are what the modules import, and what every object has.
"""
import socket
import types
import warnings

with warnings.catch_warnings():
    warnings.simplefilter('ignore')
    import asynchat
    import asyncore

# What programs use though it begins with an underscore.
USED = {'_exception', '_collect_incoming_data', '_get_data', '_fileno', '_map'}


def public(names):
    return {name for name in names if not name.startswith('_')
            or name in USED}


def own(module):
    """Not what it imports: modules, and constants and functions of theirs."""
    for name, value in vars(module).items():
        if isinstance(value, types.ModuleType):
            continue
        if name.isupper() or name in ('errorcode', 'strerror'):
            continue    # of errno, os
        if getattr(value, '__module__', module.__name__) == module.__name__:
            yield name


def instances():
    pair = socket.socketpair()
    yield asyncore.dispatcher_with_send(pair[0], {})
    yield asynchat.async_chat(pair[1], {})
    yield asyncore.file_dispatcher(pair[0].fileno(), {})
    yield asynchat.simple_producer(b'')


names = set()
for module in asyncore, asynchat:
    names |= public(own(module))
    for value in vars(module).values():
        if isinstance(value, type) and value.__module__ == module.__name__ \
                and not issubclass(value, BaseException):
            names |= public(vars(value))
for thing in instances():
    names |= public(vars(thing))
print('\n'.join(sorted(names)))
