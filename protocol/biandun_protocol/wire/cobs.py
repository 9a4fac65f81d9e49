"""COBS encodes bytes without zeros, so that a zero can end a frame (IEEE/ACM ToN 7(2), 1999).

By Cheshire and Baker.  Both directions copy whole runs with slices, because interpreters are fast
at slices and slow at loops over bytes.
"""


class CobsError(ValueError):
    """The bytes between two delimiters are not valid COBS."""


def encode(source: "bytes | bytearray") -> bytes:
    """Return ``source`` in COBS, without the delimiter."""
    out = bytearray()
    run = b""
    for run in bytes(source).split(b"\0"):
        size, at = len(run), 0
        while size - at >= 254:
            out.append(255)
            out.extend(run[at : at + 254])
            at += 254
        out.append(size - at + 1)
        out.extend(run[at:])
    if run and len(run) % 254 == 0:
        return bytes(memoryview(out)[:-1])  # no empty run after a final full one
    return bytes(out)


def decode_in_place(buffer: bytearray, size: int) -> int:
    """Decode ``buffer[:size]`` (without delimiter) in place; return the decoded length.

    Decoding never overtakes reading, so one fixed buffer is enough.

    Raises CobsError; the buffer is then undefined.
    """
    view = memoryview(buffer)
    at = start = write = 0
    before = 255
    while at < size:
        code = buffer[at]
        if code == 0 or at + code > size:
            raise CobsError
        if before < 255:
            buffer[at] = 0  # the code is in the place of the zero
        else:
            # after a full run the code stands for no zero: close the gap
            view[write : write + at - start] = view[start:at]
            write += at - start
            start = at + 1
        before = code
        at += code
    view[write : write + size - start] = view[start:size]
    return write + size - start
