"""COBS: bytes without zeros, so that a zero can end a frame (Cheshire and Baker, IEEE/ACM ToN 7(2), 1999).

Both directions copy whole runs with slices instead of walking byte by byte; MicroPython is fast at slices and slow at loops.
"""


class CobsError(ValueError):
    """The bytes between two delimiters are not COBS."""


def encode(source: bytes) -> bytes:
    """Return ``source`` (bytes or bytearray) with its zeros taken out; the delimiter is not added."""
    size = len(source)
    out = bytearray(size + size // 254 + 1)
    read = write = 0
    while True:
        stop = min(read + 254, size)
        zero = source.find(b"\0", read, stop)
        end = stop if zero < 0 else zero
        run = end - read
        out[write] = run + 1
        out[write + 1 : write + 1 + run] = source[read:end]
        write += run + 1
        if zero >= 0:
            read = zero + 1  # the zero is implied by the code; a final zero leaves one empty run to write
        elif end == size:
            return bytes(memoryview(out)[:write])
        else:
            read = end


def decode_in_place(buffer: bytearray, size: int) -> int:
    """Decode ``buffer[:size]`` (no delimiter inside) where it stands and return the decoded length.

    Decoding never overtakes reading, so one fixed buffer is enough.  Raises CobsError; the buffer is then undefined.
    """
    view = memoryview(buffer)
    read = write = 0
    while read < size:
        code = buffer[read]
        end = read + code
        if code == 0 or end > size:
            raise CobsError
        view[write : write + code - 1] = view[read + 1 : end]
        write += code - 1
        read = end
        if code < 255 and read < size:
            buffer[write] = 0
            write += 1
    return write
