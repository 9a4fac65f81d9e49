"""Strict deterministic CBOR on the host and in the office.

Accepts and writes exactly what ``biandun_protocol.wire.cbor`` does (a property test compares the
two), only faster.  The decoder is our own: a general-purpose decoder interprets the sender's items
before a grammar can reject them, so a tag may create references or compile a regular expression.
Here each head is checked before its content is decoded, in one pass that is linear in the bytes
(decision 0027).  cbor2 encodes.
"""

from typing import cast

import cbor2

from biandun_protocol.wire.cbor import CborError, Incomplete
from biandun_protocol.wire.numbers import LIMIT_DEPTH, LIMIT_MAP

__all__ = ["CborError", "Incomplete", "byte_strings", "dumps", "items", "loads", "loads_prefix"]

# the first byte of an item: major type in the upper three bits, a number or its size in the lower
# five (RFC 8949 section 3)
_NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _OTHER = 0x20, 0x40, 0x60, 0x80, 0xA0, 0xC0
_FALSE, _TRUE = 0xF4, 0xF5
_INFO = 0x1F
_IN_HEAD = 24  # smaller numbers are in the head itself
# bytes that follow the head, smallest number that they may encode
_LONG = {24: (1, 24), 25: (2, 1 << 8), 26: (4, 1 << 16), 27: (8, 1 << 32)}
_ONE_BYTE_KEY = bytes([_IN_HEAD])  # smaller first bytes are the whole key


def dumps(value: object) -> bytes:
    """Encode ``value`` deterministically.

    Raises CborError for a type or an integer that cannot be encoded here.
    """
    try:
        if _is_plain(value, 0):
            return cbor2.dumps(value, canonical=True)
        return cbor2.dumps(_in_order(value))
    except UnicodeEncodeError:  # a lone surrogate, which a JSON escape can put into a string
        raise CborError("not UTF-8") from None


def loads(data: bytes) -> object:
    """Decode ``data``, which must be exactly one item.

    Raises CborError (Incomplete when bytes are missing).
    """
    value, end = loads_prefix(data)
    if end != len(data):
        raise CborError("trailing bytes")
    return value


def loads_prefix(data: bytes, start: int = 0) -> tuple[object, int]:
    """Decode the item that begins at ``start``; return it and the position after it.

    Raises CborError.
    """
    try:
        return _read(data, start, 0)
    except IndexError:
        raise Incomplete from None
    except UnicodeDecodeError:
        raise CborError("not UTF-8") from None


def items(value: object) -> list[object]:
    """Return a decoded array as a list; empty for any other value."""
    return cast("list[object]", value) if isinstance(value, list) else []


def byte_strings(value: object) -> tuple[bytes, ...] | None:
    """Return a decoded array whose items are all byte strings; None for anything else."""
    if not isinstance(value, list):
        return None
    listed = cast("list[object]", value)
    found = tuple(item for item in listed if isinstance(item, bytes))
    return found if len(found) == len(listed) else None


def _read(data: bytes, at: int, depth: int) -> tuple[object, int]:
    """Return the item at ``at`` and the position after it.

    Raises CborError, IndexError at the end of the data, UnicodeDecodeError.
    """
    first = data[at]
    at += 1
    number = first & _INFO
    if number >= _IN_HEAD:
        number, at = _read_number(data, at, first)
    if first < _BYTES:
        return (number if first < _NEGATIVE else -1 - number), at
    if first < _ARRAY:
        end = at + number
        if end > len(data):
            raise Incomplete
        return (data[at:end] if first < _TEXT else data[at:end].decode()), end
    if first >= _OTHER:
        if first in (_FALSE, _TRUE):
            return first == _TRUE, at
        raise CborError("tag, float, null or other simple value")
    if depth >= LIMIT_DEPTH:  # also for an empty array
        raise CborError("too deep")
    if first >= _MAP:
        return _read_map(data, at, number, depth + 1)
    # every item takes at least one byte: a huge count runs out of data before it allocates memory
    found: list[object] = []
    for _ in range(number):
        item, at = _read(data, at, depth + 1)
        found.append(item)
    return found, at


def _read_map(data: bytes, at: int, count: int, depth: int) -> tuple[object, int]:
    fields: dict[object, object] = {}
    before = b""
    for place in range(count):
        # integer keys can be chosen to collide in a hash table
        if place == LIMIT_MAP:
            raise CborError("a map of too many entries")
        name = data[at : at + 1]
        if name < _ONE_BYTE_KEY:
            key: object = data[at]
            at += 1
        else:
            start = at
            if not (name[0] < _BYTES or _TEXT <= name[0] < _ARRAY):
                raise CborError("a map key is an integer or text")
            key, at = _read(data, at, depth)
            name = data[start:at]
        if name <= before:
            raise CborError("map keys out of order or twice")
        before = name
        fields[key], at = _read(data, at, depth)
    return fields, at


def _read_number(data: bytes, at: int, first: int) -> tuple[int, int]:
    """Return the number that follows a head, and the position after it."""
    form = _LONG.get(first & _INFO)
    if form is None or first >= _OTHER:
        raise CborError("tag, indefinite length, reserved form or float")
    size, least = form
    end = at + size
    if end > len(data):
        raise Incomplete
    number = int.from_bytes(data[at:end], "big")
    if number < least:
        raise CborError("not the shortest form")
    return number, end


def _is_plain(value: object, depth: int) -> bool:
    """Check that ``value`` can be encoded; return whether cbor2's canonical order is ours.

    cbor2 sorts keys by length first (RFC 7049), we sort by bytes (RFC 8949): the same for maps
    whose keys are all text or all unsigned integers, since the head of a key grows with its length.
    """
    kind = type(value)
    if kind is str or kind is bytes or kind is bool:
        return True
    if kind is int:
        return _int_fits(cast("int", value))
    if kind is list or kind is tuple:
        if depth >= LIMIT_DEPTH:
            raise CborError("too deep")
        plain = True
        for item in cast("list[object]", value):
            plain = _is_plain(item, depth + 1) and plain
        return plain
    if kind is not dict:
        raise CborError("no encoding for this type")
    if depth >= LIMIT_DEPTH:
        raise CborError("too deep")
    plain, texts, numbers = True, 0, 0
    fields = cast("dict[object, object]", value)
    if len(fields) > LIMIT_MAP:
        raise CborError("a map of too many entries")
    for key, content in fields.items():
        if type(key) is str:
            texts += 1
        elif type(key) is int and _int_fits(key):
            numbers += key >= 0
        else:
            raise CborError("a map key is an integer or text")
        plain = _is_plain(content, depth + 1) and plain
    return plain and len(fields) in (texts, numbers)


def _int_fits(value: int) -> bool:
    if not -(1 << 64) <= value < 1 << 64:
        raise CborError("integer over 64 bits")
    return True


def _in_order(value: object) -> object:
    """Return a checked ``value`` with every map sorted by the bytes of its encoded keys."""
    if isinstance(value, list | tuple):
        return [_in_order(item) for item in cast("list[object]", value)]
    if isinstance(value, dict):
        pairs = [
            (key, _in_order(content))
            for key, content in cast("dict[object, object]", value).items()
        ]
        return dict(sorted(pairs, key=lambda pair: cbor2.dumps(pair[0])))
    return value
