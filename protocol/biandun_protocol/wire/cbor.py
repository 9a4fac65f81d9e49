"""Strict deterministic CBOR for both interpreters (RFC 8949 section 4.2.1).

Allowed: integers of 64 bits, byte strings, UTF-8 text, arrays, maps, true, false.  Refused: floats,
null, tags, indefinite lengths, non-shortest forms, duplicate or unsorted keys, maps of more than 64
entries, trailing bytes, nesting deeper than 8.  Encoded bytes have exactly one meaning and a value
exactly one encoding, so digests can be compared instead of contents.  Decoding time is linear in
the length of any input.  Neighbours: ``codec`` maps keys to field names; on the host
``biandun_protocol.cbor`` accepts the same, faster.
"""

# MicroPython has no typing.cast: what a decoder returns is narrowed with isinstance, which leaves
# its items unknown.
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
from biandun_protocol.wire.numbers import LIMIT_DEPTH, LIMIT_MAP


class CborError(ValueError):
    """The bytes are not the deterministic encoding of an allowed value."""


class Incomplete(CborError):
    """The bytes end inside an item; with more bytes it could be valid."""


def dumps(value: object) -> bytes:
    """Encode ``value``.  Raises CborError for a type or an integer that cannot be encoded."""
    out = bytearray()
    _write(out, value, 0)
    return bytes(out)


def _head(out: bytearray, major: int, number: int) -> None:
    major <<= 5
    if number < 24:
        out.append(major | number)
        return
    for step, size in enumerate((1, 2, 4, 8)):
        if number < 1 << (8 * size):
            out.append(major | (24 + step))
            out.extend(number.to_bytes(size, "big"))
            return
    raise CborError("integer over 64 bits")


def _write(out: bytearray, value: object, depth: int) -> None:
    if value is True or value is False:
        out.append(0xF5 if value else 0xF4)
    elif isinstance(value, int):
        if value < 0:
            _head(out, 1, -1 - value)
        else:
            _head(out, 0, value)
    elif isinstance(value, (bytes, bytearray, memoryview)):
        _head(out, 2, len(value))
        out.extend(value)
    elif isinstance(value, str):
        raw = encode_utf8(value)
        _head(out, 3, len(raw))
        out.extend(raw)
    elif isinstance(value, (list, tuple)):
        _enter(depth)
        _head(out, 4, len(value))
        for item in value:
            _write(out, item, depth + 1)
    elif isinstance(value, dict):
        _enter(depth)
        _write_map(out, value, depth)
    else:
        raise CborError("no encoding for this type")


def _enter(depth: int) -> None:
    if depth >= LIMIT_DEPTH:  # also for an empty array
        raise CborError("too deep")


def _write_map(out: bytearray, value: "dict[object, object]", depth: int) -> None:
    if len(value) > LIMIT_MAP:
        raise CborError("a map of too many entries")
    pairs: list[tuple[bytes, bytes]] = []
    for key in value:
        if isinstance(key, bool) or not isinstance(key, (int, str)):
            raise CborError("a map key is an integer or text")
        name, content = bytearray(), bytearray()
        _write(name, key, depth + 1)
        _write(content, value[key], depth + 1)
        pairs.append((bytes(name), bytes(content)))
    pairs.sort()
    _head(out, 5, len(pairs))
    for name, content in pairs:
        out.extend(name)
        out.extend(content)


def loads(data: "bytes | bytearray | memoryview") -> object:
    """Decode ``data``, which must be exactly one item.

    Raises CborError (Incomplete when bytes are missing).
    """
    value, end = loads_prefix(data)
    if end != len(data):
        raise CborError("trailing bytes")
    return value


def loads_prefix(data: "bytes | bytearray | memoryview", start: int = 0) -> "tuple[object, int]":
    """Decode the item that begins at ``start``; return it and the position after it.

    Raises CborError (Incomplete when bytes are missing).
    """
    return _read(memoryview(data), start, 0)


def _read(view: memoryview, at: int, depth: int) -> "tuple[object, int]":
    if at >= len(view):
        raise Incomplete
    first = view[at]
    major = first >> 5
    number, at = _read_number(view, at, first & 0x1F, major)
    if major == 0:
        return number, at
    if major == 1:
        return -1 - number, at
    if major == 2:
        return bytes(_take(view, at, number)), at + number
    if major == 3:
        return decode_utf8(bytes(_take(view, at, number))), at + number
    if major == 4:
        _enter(depth)
        # every item takes at least one byte: a huge count runs out of data before it allocates
        # memory
        items: list[object] = []
        for _ in range(number):
            item, at = _read(view, at, depth + 1)
            items.append(item)
        return items, at
    if major == 5:
        _enter(depth)
        return _read_map(view, at, number, depth)
    if first == 0xF4 or first == 0xF5:
        return first == 0xF5, at
    raise CborError("tag, float, null or other simple value")


def _read_number(view: memoryview, at: int, info: int, major: int) -> "tuple[int, int]":
    at += 1
    if info < 24:
        return info, at
    if info > 27 or major > 5:
        raise CborError("tag, indefinite length, reserved form or float")
    size = 1 << (info - 24)
    number = int.from_bytes(bytes(_take(view, at, size)), "big")
    if number < (24 if size == 1 else 1 << (4 * size)):
        raise CborError("not the shortest form")
    return number, at + size


def _take(view: memoryview, at: int, size: int) -> memoryview:
    if size > len(view) - at:
        raise Incomplete
    return view[at : at + size]


def _read_map(view: memoryview, at: int, count: int, depth: int) -> "tuple[object, int]":
    value: dict[object, object] = {}
    before = b""
    for place in range(count):
        # integer keys can be chosen to collide in a hash table
        if place == LIMIT_MAP:
            raise CborError("a map of too many entries")
        start = at
        # true equals 1 in Python, so a boolean key could hide another.  Keys of bytes beside text
        # make MicroPython print a warning, on a board to the line that the protocol may use
        if at < len(view) and view[at] >> 5 not in (0, 1, 3):
            raise CborError("a map key is an integer or text")
        key, at = _read(view, at, depth + 1)
        name = bytes(view[start:at])
        if name <= before:
            raise CborError("map keys out of order or twice")
        before = name
        value[key], at = _read(view, at, depth + 1)
    return value, at


def encode_utf8(text: str) -> bytes:
    """Encode text as UTF-8 (RFC 3629).

    Raises CborError for a lone surrogate, which a JSON escape can put into a string.
    """
    try:
        return text.encode()
    except UnicodeError:
        raise CborError("not UTF-8") from None


def decode_utf8(raw: bytes) -> str:
    """Decode UTF-8 (RFC 3629); MicroPython's own decoder accepts overlong forms and surrogates.

    Raises CborError.
    """
    at, size = 0, len(raw)
    while at < size:
        first = raw[at]
        if first < 0x80:
            at += 1
            continue
        if 0xC2 <= first < 0xE0:
            more, low = 1, 0x80
        elif 0xE0 <= first < 0xF0:
            more, low = 2, 0x800
        elif 0xF0 <= first < 0xF5:
            more, low = 3, 0x10000
        else:
            raise CborError("not UTF-8")
        if at + more >= size:
            raise CborError("not UTF-8")
        point = first & (0x3F >> more)
        for follow in raw[at + 1 : at + 1 + more]:
            if follow & 0xC0 != 0x80:
                raise CborError("not UTF-8")
            point = point << 6 | follow & 0x3F
        if point < low or 0xD800 <= point < 0xE000 or point > 0x10FFFF:
            raise CborError("not UTF-8")
        at += more + 1
    return raw.decode()
