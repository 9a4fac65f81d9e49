"""A plain CBOR encoder for making vectors; it can also write what the protocol forbids."""

from typing import cast


class Raw(bytes):
    """Bytes that are already encoded and are copied unchanged."""


class Pairs(list[tuple[object, object]]):
    """A map whose entries are written in the order given, also repeated ones."""


def head(major: int, number: int) -> bytes:
    """Return the shortest head of major type ``major``."""
    if number < 24:
        return bytes([major << 5 | number])
    for info, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 256**size:
            return bytes([major << 5 | info]) + number.to_bytes(size, "big")
    raise ValueError(number)


def encode(value: object) -> bytes:
    """Encode ``value``; maps are sorted by the bytes of their keys, except ``Pairs``."""
    match value:
        case Raw():
            return bytes(value)
        case None:
            return b"\xf6"
        case bool():
            return b"\xf5" if value else b"\xf4"
        case int():
            return head(0, value) if value >= 0 else head(1, -1 - value)
        case bytes():
            return head(2, len(value)) + value
        case str():
            return head(3, len(value.encode())) + value.encode()
        case Pairs():
            return head(5, len(value)) + b"".join(encode(key) + encode(item) for key, item in value)
        case list():
            items = cast("list[object]", value)
            return head(4, len(items)) + b"".join(encode(item) for item in items)
        case dict():
            pairs = sorted(
                (encode(key), encode(item))
                for key, item in cast("dict[object, object]", value).items()
            )
            return head(5, len(pairs)) + b"".join(key + item for key, item in pairs)
        case _:
            raise TypeError(type(value))
