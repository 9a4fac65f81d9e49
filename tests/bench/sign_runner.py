"""Sign inside MicroPython, without a link: the handlers of the firmware on the unix board, called
one after another.

    micropython sign_runner.py SERIAL FLASH PRESENCE MANIFEST PIN CLAIMED_TIME COUNT

Prints the microseconds of each signature.
"""

import sys
import time
from hashlib import sha256

from biandun_protocol.wire.messages import SignBeginRequest, SignFinishRequest, UnlockRequest
from etoken.boards.unix import UnixBoard
from etoken.commands.sign_begin import sign_begin
from etoken.commands.sign_finish import sign_finish
from etoken.commands.unlock import unlock
from etoken.token import Token


def main(serial, flash, presence, path, pin, claimed_time, count):
    token = Token(UnixBoard(serial, flash, presence))
    unlock(token, UnlockRequest(0, pin.encode()))
    with open(path, "rb") as file:
        manifest = file.read()
    for number in range(int(count)):
        name = number.to_bytes(16, "big")
        began = time.ticks_us()
        sign_begin(
            token,
            SignBeginRequest(
                name, "filing", len(manifest), sha256(manifest).digest(), int(claimed_time)
            ),
        )
        token.stream.feed(memoryview(manifest))
        sign_finish(token, SignFinishRequest(name))
        print(time.ticks_diff(time.ticks_us(), began))


main(*sys.argv[1:])
