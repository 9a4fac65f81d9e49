"""Hostile inputs: genuine ones that were tampered with, and such as only an attacker writes."""

from random import Random

from biandun_protocol.wire import cbor

HEADS = bytes(
    (
        0x00,
        0x17,
        0x18,
        0x1B,
        0x20,
        0x3B,
        0x40,
        0x5B,
        0x60,
        0x7B,
        0x7F,
        0x80,
        0x9B,
        0x9F,
        0xA0,
        0xBB,
        0xBF,
        0xC2,
        0xC3,
    )
)
ODD = bytes((0xD2, 0xD8, 0xF4, 0xF5, 0xF6, 0xF7, 0xF9, 0xFB, 0xFF))
SHARED, REFERENCE, EXPRESSION = b"\xd8\x1c", b"\xd8\x1d", b"\xd8\x23"


class Raw(bytes):
    """Bytes that stand in a tree as they are, whatever they say."""


def head(major: int, number: int) -> bytes:
    """The shortest head."""
    for info, size in ((None, 0), (24, 1), (25, 2), (26, 4), (27, 8)):
        if info is None and number < 24:
            return bytes([major << 5 | number])
        if info is not None and number < 256**size:
            return bytes([major << 5 | info]) + number.to_bytes(size, "big")
    raise ValueError(number)


def text(content: str) -> bytes:
    """A text, encoded."""
    raw = content.encode()
    return head(3, len(raw)) + raw


def encode(value: object) -> bytes:
    """Encode a tree that may hold Raw; keys stay in the order that they have."""
    if isinstance(value, Raw):
        return bytes(value)
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(encode, value))
    if isinstance(value, dict):
        return head(5, len(value)) + b"".join(
            encode(key) + encode(item) for key, item in value.items()
        )
    return cbor.dumps(value)


def expression(chance: Random, size: int) -> bytes:
    """Tag 35 on a regular expression that takes long to compile; never the same one, for compiled
    ones are kept.
    """
    return EXPRESSION + text(
        f"(?i){chance.randrange(1 << 32):08x}" + "[\0-\U0010ffff]" * max(1, (size - 20) // 7)
    )


def colliding(size: int) -> bytes:
    """A map, in order, whose keys meet in a hash table: the first fill a chain of places, the
    others walk along it.
    """
    bits = 12
    count = size // 6
    place, chain = 1, list[int]()
    for _ in range(count // 2):
        chain.append(place)
        place = (5 * place + 1) % (1 << bits)
    keys = sorted(set(chain)) + [1 + (number << 17) for number in range(1, count - count // 2)]
    return head(5, len(keys)) + b"".join(head(0, key) + b"\0" for key in keys)


def item(chance: Random, size: int, depth: int = 0) -> bytes:
    """One item of some ``size`` bytes, allowed or not."""
    kind = chance.randrange(15)
    few = max(1, size // 3)
    if kind == 0:
        return expression(chance, size)
    if kind == 1:  # references, one after the other and in one another
        return head(4, few + 1) + SHARED + b"\x81\0" + (REFERENCE + b"\0") * few
    if kind == 2:
        return SHARED * few + b"\x80"
    if kind == 3:  # a number without end
        return chance.choice((b"\xc2", b"\xc3")) + head(2, size) + b"\xff" * size
    if kind == 4:
        return chance.choice((b"\x81", b"\xa1\0", b"\xd2", b"\x9f", b"\xbf\0")) * size
    if kind == 5:  # counts that nobody brings
        return (
            bytes([chance.choice((0x5B, 0x7B, 0x9B, 0xBB))])
            + chance.randbytes(8)
            + b"\0" * chance.randrange(20)
        )
    if kind == 6:
        return colliding(size)
    if kind == 7:
        return text(chance.choice(("x", "编", "\U0010ffff", "\x1b[", " \n", "9")) * few)
    if kind == 8:
        return head(4, size) + bytes(
            chance.choice((0x00, 0x20, 0x60, 0x80, 0xF5)) for _ in range(size)
        )
    if kind == 9:
        keys = sorted((text(f"{chance.randrange(1 << 30):x}") for _ in range(few)), key=bytes)
        return head(5, len(keys)) + b"".join(key + b"\0" for key in keys)
    if kind == 10:
        return bytes([0xC0 | chance.randrange(24)]) + cbor.dumps(
            chance.choice((0, "1e999999999", b"\xff" * few, [1, 1 << 40]))
        )
    if kind == 11:
        return b"\xd8" + bytes([chance.randrange(24, 37)]) + text("9" * few)
    if kind == 13:  # JSON that goes on and on
        return chance.choice((b"[", b'{"a":', b"9", b'"', b"1,", b" ", b"\\u0041", b'["a",')) * few
    if kind == 12 and depth < 6:
        parts = [item(chance, few, depth + 1) for _ in range(3)]
        return head(4, len(parts)) + b"".join(parts)
    return chance.randbytes(size)


def tampered(chance: Random, raw: bytes, size: int) -> bytes:
    """A genuine input after a few edits, some of them by its bytes and some by its tree."""
    data = bytearray(raw)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data) + 1)
        what = chance.randrange(7)
        if what == 0 and at < len(data):
            data[at] ^= 1 << chance.randrange(8)
        elif what == 1:
            data[at:at] = bytes([chance.choice(HEADS + ODD)])
        elif what == 2:
            del data[at : at + chance.randint(1, 9)]
        elif what == 3:
            data[at:at] = data[at : at + chance.randint(1, 40)] * chance.randint(1, 8)
        elif what == 4:
            data[at:] = item(chance, size)
        elif what == 5:
            return grafted(chance, raw, size)
        else:
            data[at : at + 1] = bytes([chance.choice(HEADS + ODD)])
    return bytes(data)


def grafted(chance: Random, raw: bytes, size: int) -> bytes:
    """A genuine input with something else in the place of one of its values, at any depth; its
    heads stay right.
    """
    front = raw[:1] if raw[:1] == b"\xd2" else b""
    try:
        tree = cbor.loads(raw[len(front) :])
    except cbor.CborError:
        return raw + item(chance, size)
    return front + encode(_graft(chance, tree, size))


def _graft(chance: Random, tree: object, size: int) -> object:
    inner = isinstance(tree, list | dict | bytes) and bool(tree)
    if not inner or chance.random() < 0.15:
        return chance.choice(
            (
                Raw(item(chance, size)),
                item(chance, size),
                "x" * size,
                "编" * (size // 3),
                0,
                (1 << 63) - 1,
                [],
                {},
            )
        )
    if isinstance(tree, list):
        place = chance.randrange(len(tree))
        return [*tree[:place], _graft(chance, tree[place], size), *tree[place + 1 :]]
    if isinstance(tree, dict):
        key = chance.choice(list(tree))
        return {**tree, key: _graft(chance, tree[key], size)}
    assert isinstance(tree, bytes)
    return grafted(chance, tree, size)


def der(chance: Random, raw: bytes, size: int) -> bytes:
    """DER that is genuine but for a few edits, or only an attacker's."""
    kind = chance.randrange(5)
    if kind == 0:
        return _sequence(b"\x05\0" * (size // 2))
    if kind == 1:
        return b"\x30\x80" * (size // 2)
    if kind == 2:
        return b"\x30\xfe" + b"\xff" * size
    if kind == 3:
        inner = b""
        while len(inner) < size:
            inner = _sequence(inner)
        return inner
    return tampered(chance, raw, size)


def _sequence(content: bytes) -> bytes:
    size = len(content)
    if size < 128:
        return bytes((0x30, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((0x30, 0x80 | len(length))) + length + content


def make(chance: Random, genuine: list[bytes], size: int, *, is_der: bool = False) -> bytes:
    """An input of some ``size`` bytes for a reader whose genuine inputs are these."""
    raw = chance.choice(genuine)
    if is_der:
        return der(chance, raw, size)
    kind = chance.randrange(8)
    if kind == 0:
        return item(chance, size)
    if kind == 1:  # the shape of a statement around it
        return (
            b"\xd2\x84"
            + cbor.dumps(item(chance, size))
            + b"\xa0\x58\x20"
            + bytes(32)
            + b"\x58\x40"
            + bytes(64)
        )
    if kind == 2:
        return grafted(chance, raw, size)
    return tampered(chance, raw, size)
