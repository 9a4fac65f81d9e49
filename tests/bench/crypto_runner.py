"""Time signatures inside MicroPython: prints a JSON list of median milliseconds.

micropython crypto_runner.py viper COUNT      unchecked, checked
micropython crypto_runner.py naive COUNT      unchecked, over Python integers
"""

import json
import os
import sys
import time
from hashlib import sha256

from etoken.crypto import ecdsa, programs
from etoken.crypto.curves import P256
from etoken.crypto.nonces import Nonces
from etoken.crypto.points import points
from tests.support import naive

SECRET = bytes(range(1, 33))
MESSAGE = bytes(600)


def median(work, count):
    times = []
    for index in range(count + 3):
        start = time.ticks_us()
        work()
        if index >= 3:
            times.append(time.ticks_diff(time.ticks_us(), start) / 1000)
    return sorted(times)[count // 2]


def unchecked():
    """What ``Points.sign`` does before it checks."""
    machine = points(P256)
    nonces = Nonces(SECRET, sha256(MESSAGE).digest(), os.urandom(32))
    nonces.next(machine._slots(programs.IO_K, 1))
    machine._put(programs.IO_D, SECRET)
    machine._put(programs.IO_E, sha256(MESSAGE).digest())
    machine._put_blind(programs.IO_Z, nonces)
    machine._put_blind(programs.IO_BLIND, nonces)
    assert machine._run(programs.SIGN_ES256, lambda: None) == 0
    machine._wipe()


def main(which, count):
    if which == "naive":
        print(
            json.dumps(
                [
                    median(
                        lambda: naive.sign_es256(
                            P256, SECRET, sha256(MESSAGE).digest(), os.urandom(32)
                        ),
                        count,
                    )
                ]
            )
        )
        return
    public = ecdsa.public_key(SECRET)
    points(P256).prepare(public)
    checked = median(lambda: ecdsa.sign(SECRET, public, MESSAGE, os.urandom(32)), count)
    print(json.dumps([median(unchecked, count), checked]))


main(sys.argv[1], int(sys.argv[2]))
