"""driver.py - runs random programs on CPython's asyncore and asynchat.

usage: python -W ignore driver.py FILE DIRECTORY

FILE holds programs, each behind a line "=== NAME"; DIRECTORY is an empty one
for sockets and files.  The log on stdout is what driver.c prints for the same
file: each predicate, hook and action, with arguments and results.
"""
import asyncore
import os
import signal
import sys

import listed
import net
import program
import state
import verbs

SECONDS = 20                    # for one program


def clean_up(it):
    it.muted = True
    for channel in it.channels.values():
        channel.close()
    for peer in it.raws.values():
        peer.close()
    for name in os.listdir(it.net.directory):
        os.unlink(os.path.join(it.net.directory, name))
    it.net.settle()


def run(wires, name, text):
    print('=== ' + name, flush=True)
    signal.alarm(SECONDS)
    it = state.it = state.State(wires, text)
    asyncore.select = listed.Select(it.map)
    verbs.perform_commands(it.program.commands)
    clean_up(it)
    print('--- end', flush=True)


def main():
    with open(sys.argv[1], encoding='ascii') as file:
        programs = program.split(file.read())
    wires = net.Net(sys.argv[2])
    for name, text in programs:
        run(wires, name, text)


if __name__ == '__main__':
    main()
