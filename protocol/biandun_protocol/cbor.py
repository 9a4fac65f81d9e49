"""Strict deterministic CBOR on the host and in the office, through cbor2.

Accepts exactly what ``biandun_protocol.wire.cbor`` accepts (a property test compares the two), only faster.  cbor2 is lax
by default, so every decoded value is checked for allowed types and encoded again: the bytes must be the same.
"""

from typing import cast

import cbor2

from biandun_protocol.wire.cbor import CborError
from biandun_protocol.wire.numbers import LIMIT_DEPTH

__all__ = ["CborError", "byte_strings", "dumps", "items", "loads"]


def dumps(value: object) -> bytes:
    """Encode ``value`` deterministically.  Raises CborError for a type or an integer that has no encoding here."""
    try:
        if _is_plain(value, 0):
            return cbor2.dumps(value, canonical=True)
        return cbor2.dumps(_in_order(value))
    except UnicodeEncodeError:  # a lone surrogate, which JSON can smuggle into a string
        raise CborError("not UTF-8") from None


def loads(data: bytes) -> object:
    """Decode the one item that ``data`` is.  Raises CborError."""
    try:
        value: object = cbor2.loads(data, max_depth=LIMIT_DEPTH + 2, allow_duplicate_keys=False, allow_indefinite=False)
        again = dumps(value)
    except CborError:
        raise
    except Exception as error:  # cbor2 lets several families through: its own, ValueError, RecursionError, LookupError
        raise CborError("not CBOR") from error
    if again != data:
        raise CborError("not the deterministic encoding, or trailing bytes")
    return value


def items(value: object) -> list[object]:
    """A decoded array as a list; what is none has no items."""
    return cast("list[object]", value) if isinstance(value, list) else []


def byte_strings(value: object) -> tuple[bytes, ...] | None:
    """A decoded array whose items are all byte strings; None for anything else."""
    if not isinstance(value, list):
        return None
    listed = cast("list[object]", value)
    found = tuple(item for item in listed if isinstance(item, bytes))
    return found if len(found) == len(listed) else None


def _is_plain(value: object, depth: int) -> bool:
    """Refuse what has no place here; True when cbor2's own canonical order is ours.

    cbor2 sorts keys by length first (RFC 7049), we sort by bytes (RFC 8949): the same for maps whose keys are all text or
    all unsigned integers, since the head of a key grows with its length.
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
        pairs = [(key, _in_order(content)) for key, content in cast("dict[object, object]", value).items()]
        return dict(sorted(pairs, key=lambda pair: cbor2.dumps(pair[0])))
    return value
