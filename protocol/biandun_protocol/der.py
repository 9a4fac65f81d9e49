"""The subset of DER (ITU-T X.690) that certificates and private keys of this project need.

Definite lengths, tags below 31.  X.509 in SM2 is written and read here because ``cryptography``
knows neither the curve nor the signature; names, extensions and certificates as a whole are still
its.
"""

from collections.abc import Iterator

INTEGER, BIT_STRING, OCTET_STRING, NULL, OBJECT, SEQUENCE, SET = (
    0x02,
    0x03,
    0x04,
    0x05,
    0x06,
    0x30,
    0x31,
)
BOOLEAN, UTC_TIME, GENERALIZED_TIME = 0x01, 0x17, 0x18


class DerError(ValueError):
    """The bytes are not DER, or not of the expected structure."""


def encode(tag: int, *parts: bytes) -> bytes:
    """Encode one element with the given contents."""
    content = b"".join(parts)
    return bytes([tag]) + _length(len(content)) + content


def _length(size: int) -> bytes:
    if size < 0x80:
        return bytes([size])
    raw = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(raw)]) + raw


def integer(value: int) -> bytes:
    """Encode a number that is not negative as INTEGER."""
    return encode(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def bit_string(content: bytes) -> bytes:
    """Encode whole bytes as BIT STRING."""
    return encode(BIT_STRING, b"\0", content)


def oid(dotted: str) -> bytes:
    """Encode an OBJECT IDENTIFIER."""
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    return encode(OBJECT, *(_arc(arc) for arc in (40 * first + second, *rest)))


def _arc(number: int) -> bytes:
    groups = [number & 0x7F]
    while number := number >> 7:
        groups.append(0x80 | number & 0x7F)
    return bytes(reversed(groups))


def signature(raw: bytes) -> bytes:
    """Encode r || s (64 bytes) as the SEQUENCE of two INTEGERs of X.509."""
    return encode(
        SEQUENCE, integer(int.from_bytes(raw[:32], "big")), integer(int.from_bytes(raw[32:], "big"))
    )


def read(data: bytes) -> tuple[int, bytes, bytes]:
    """Return the first element: its tag, its content, and the bytes after it.  Raises DerError."""
    start, end = _content(data, 0)
    return data[0], data[start:end], data[end:]


def _content(data: bytes, at: int) -> tuple[int, int]:
    """Return where the content of the element at ``at`` begins and ends."""
    if len(data) < at + 2 or data[at] & 0x1F == 0x1F:
        raise DerError("no element")
    size, start = data[at + 1], at + 2
    if size >= 0x80:
        start += size & 0x7F
        size = int.from_bytes(data[at + 2 : start], "big")
        if _length(size) != data[at + 1 : start]:
            raise DerError("a length that is not DER")
    if start + size > len(data):
        raise DerError("an element is cut short")
    return start, start + size


def items(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the elements of a SEQUENCE in order as (tag, content).  Raises DerError."""
    at = 0
    while at < len(content):  # by position, so that the rest is not copied for each element
        start, end = _content(content, at)
        yield content[at], content[start:end]
        at = end


def sequence(data: bytes, *tags: int) -> list[bytes]:
    """Return the contents of the one SEQUENCE that ``data`` is, whose elements have these tags.

    Raises DerError.
    """
    tag, content, rest = read(data)
    found = list(items(content)) if tag == SEQUENCE and not rest else []
    if [one for one, _ in found] != list(tags):
        raise DerError("another structure than expected")
    return [inner for _, inner in found]
