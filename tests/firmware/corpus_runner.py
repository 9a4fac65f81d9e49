"""Feed a recorded request corpus to the firmware and print every answer; runs under CPython and
MicroPython.

    python corpus_runner.py CORPUS.json        micropython corpus_runner.py CORPUS.json

A corpus is a list of steps [kind, argument]: "feed" hex, "presence" true/false/null, "restart"
null.
"""

import binascii
import json
import sys

from testboard import TestKey


def main(path):
    with open(path) as file:
        steps = json.load(file)
    key = TestKey()
    for kind, argument in steps:
        if kind == "feed":
            print(binascii.hexlify(key.feed(binascii.unhexlify(argument))).decode())
        elif kind == "presence":
            key.board.presence = argument
        else:
            key.start()
    for error in key.board.reported:
        print("reported", type(error).__name__)


main(sys.argv[1])
