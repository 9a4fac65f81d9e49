"""Read COUNT bytes from stdin, hash them, answer the digest: as fast as MicroPython takes bytes
from a pseudo-terminal.

micropython sink_runner.py COUNT
"""

import select
import sys
from hashlib import sha256


def main(left):
    source = sys.stdin.buffer
    ready = select.poll()
    ready.register(source, select.POLLIN)
    buffer = bytearray(4096)
    view = memoryview(buffer)
    digest = sha256()
    sys.stdout.buffer.write(b"ready")
    while left:
        ready.poll(-1)
        size = source.readinto(buffer)
        digest.update(view[:size])
        left -= size
    sys.stdout.buffer.write(digest.digest())
    ready.poll(-1)  # stays until it is killed, as a key does


main(int(sys.argv[1]))
