"""Hold the key's machine-code CRC against the plain one, and read the frame vectors with both;
MicroPython runs this.

micropython native_runner.py FRAMES.json
"""

import json
import sys
from binascii import hexlify, unhexlify

from biandun_protocol.wire import frames
from etoken.link import link, native


def read(check, data):
    reader = frames.FrameReader(check)
    reader.put(data, len(data))
    found = []
    while True:
        frame = reader.next()
        if frame is None:
            return found, reader.dropped
        found.append(
            [frame.kind, frame.request_id, frame.offset, frame.more, hexlify(bytes(frame.payload))]
        )


def main(path):
    with open(path) as file:
        vectors = json.load(file)
    assert link.checksum is native.checksum
    compared = 0
    for size in list(range(70)) + [4083, 4084, 4085, 4092, 4096]:  # noqa: RUF005
        data = bytearray([(31 * place + size) % 256 for place in range(size + 2)])
        assert native.checksum(data, size) == frames.checksum(data, size)
        compared += 1
    for entry in vectors["streams"]:
        data = unhexlify(entry["wire"])
        assert read(native.checksum, data) == read(frames.checksum, data)
        compared += 1
    print(compared)


main(sys.argv[1])
