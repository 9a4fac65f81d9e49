"""Sign on one key without a link, thousands of times; MicroPython runs this, an office answers at
the other end of a pipe.

    micropython wear_runner.py SERIAL FLASH PRESENCE MANIFEST PIN

Reads a line "SEQ [RECEIPT PAYLOAD CONSISTENCY…]" in hex, keeps that receipt and signs the next
statement under the key SEQ.  Prints the statement, the bytes of heap that are free after a
collection, and whether flash was compacted since the last line.
"""

import gc

gc.threshold(64 * 1024)  # as the boards do

import sys  # noqa: E402
from binascii import hexlify, unhexlify  # noqa: E402
from hashlib import sha256  # noqa: E402

from biandun_protocol.wire import codec, statement  # noqa: E402
from biandun_protocol.wire.messages import (  # noqa: E402
    SignBeginRequest,
    SignFinishReply,
    SignFinishRequest,
    StoreReceiptRequest,
    UnlockRequest,
)
from etoken import dispatch  # noqa: E402
from etoken.boards.unix import UnixBoard  # noqa: E402
from etoken.token import Token  # noqa: E402


def run(token, request):
    raw = codec.encode_request(request)
    reply = dispatch.run(token, raw, True)  # as if it had come sealed
    gc.collect()  # as the server does after each answer
    return reply, token.flash.erased


def sign(token, manifest, digest):
    """Read a line, do what it says; return the statement in hex and whether flash was compacted,
    None at the end.

    A function of its own, so that what a line holds, which is longer for a longer proof, is out of
    reach when memory is counted: the interpreter leaves arguments of calls in the frame of the
    caller.
    """
    words = sys.stdin.readline().split()
    if not words:
        return None
    erased = 0
    if len(words) > 1:
        parts = [unhexlify(word) for word in words[1:]]
        erased += run(token, StoreReceiptRequest(parts[0], parts[1], parts[2:]))[1]
    name = unhexlify(words[0])
    run(token, SignBeginRequest(name, "filing", len(manifest), digest))
    token.stream.feed(memoryview(manifest))
    raw, again = run(token, SignFinishRequest(name))
    reply = codec.decode(SignFinishReply, raw)
    return hexlify(statement.assemble(reply.header, reply.digest, reply.signature)).decode(), int(
        erased + again > 0
    )


def main(serial, flash, presence, path, pin):
    gc.threshold(-1)
    token = Token(UnixBoard(serial, flash, presence))
    run(token, UnlockRequest(0, pin.encode()))
    with open(path, "rb") as file:
        manifest = file.read()
    digest = sha256(manifest).digest()
    while True:
        done = sign(token, manifest, digest)
        if done is None:
            return
        gc.collect()
        print(done[0], gc.mem_free(), done[1])


main(*sys.argv[1:])
