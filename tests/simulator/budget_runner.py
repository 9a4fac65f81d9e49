"""Run requests on a key without a link, the last one with little memory; MicroPython runs this.

    micropython budget_runner.py SERIAL FLASH PRESENCE SCRIPT FREE

SCRIPT is JSON, a list of [kind, hex]: "run" is a request that must succeed, "feed" are bytes of the
open manifest, "try" is the request that is measured.  Before it the heap is filled but for one
piece of FREE bytes (-1: not at all).  Prints the hex of the reply, or refused- and the number of
the refusal, then bytes programmed and sectors erased by it.
"""

import gc

gc.threshold(64 * 1024)  # as the boards do

import json  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402
from binascii import hexlify, unhexlify  # noqa: E402

from biandun_protocol.wire.flashmodel import NorFlash  # noqa: E402
from etoken import dispatch, heap  # noqa: E402
from etoken.boards.filemedium import FileMedium  # noqa: E402
from etoken.boards.unix import UnixBoard  # noqa: E402
from etoken.refusal import Refused  # noqa: E402
from etoken.token import Token  # noqa: E402

# what is needed is measured here, not what is declared
heap.is_free = lambda size: True
dispatch.Entry.affords = lambda entry, flash: True


def leave(free):
    """Fill the heap but for one piece of ``free`` bytes; whoever drops what this returns has the
    rest back.

    Fills nothing when there is no such piece: then the key has less to begin with.
    """
    ballast = None
    try:
        kept = bytearray(free)
    except MemoryError:
        return None
    try:
        while True:
            ballast = (ballast, None)  # one block
    except MemoryError:
        del kept
    return ballast


def run(token, raw, free=-1):
    ballast = None
    gc.collect()
    if free >= 0:
        ballast = leave(free)
        gc.collect()
    try:
        reply = dispatch.run(token, raw, True)  # as if it had come sealed
    except Refused as refusal:
        return refusal.code
    finally:
        del ballast
        gc.collect()
    return reply


def main(serial, flash, presence, path, free):
    gc.threshold(-1)
    board = UnixBoard(serial, flash, presence, images_path=flash + ".images")
    size = os.stat(flash)[6]  # that of a scene is smaller than the board's
    board.flash = NorFlash(size, medium=FileMedium(flash, size, b"\xff"))
    token = Token(board)
    with open(path) as file:
        script = json.load(file)
    for kind, content in script:
        raw = unhexlify(content)
        if kind == "feed":
            token.stream.feed(memoryview(raw))
        elif kind == "run":
            reply = run(token, raw)
            assert isinstance(reply, bytes), reply
        else:
            del script
            reply = run(token, raw, int(free))
            programmed, erased = token.flash.programmed, token.flash.erased
            print(
                hexlify(reply).decode() if isinstance(reply, bytes) else "refused-" + str(reply),
                programmed,
                erased,
            )
            return


main(*sys.argv[1:])
