"""Strict deterministic CBOR on the host and in the office, through cbor2.

Accepts exactly what ``biandun_protocol.wire.cbor`` accepts (a property test compares the two), only faster.  cbor2 is lax
by default, so every decoded value is checked for allowed types and encoded again: the bytes must be the same.
"""

from typing import cast

import cbor2

from biandun_protocol.wire.cbor import CborError
from biandun_protocol.wire.numbers import LIMIT_DEPTH

__all__ = ["CborError", "dumps", "loads"]


def dumps(value: object) -> bytes:
    """Encode ``value`` deterministically.  Raises CborError for a type or an integer that has no encoding here."""
    try:
        return cbor2.dumps(_in_order(value, 0))
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


def _in_order(value: object, depth: int) -> object:
    """Return ``value`` with every map sorted by the bytes of its encoded keys, refusing what has no place here."""
    if isinstance(value, list | tuple | dict) and depth >= LIMIT_DEPTH:
        raise CborError("too deep")
    if isinstance(value, bool | bytes | str):
        return value
    if isinstance(value, int):
        if not -(1 << 64) <= value < 1 << 64:
            raise CborError("integer over 64 bits")
        return value
    if isinstance(value, list | tuple):
        return [_in_order(item, depth + 1) for item in cast("list[object]", value)]
    if isinstance(value, dict):
        fields = cast("dict[object, object]", value)
        for key in fields:
            if isinstance(key, bool) or not isinstance(key, int | str):
                raise CborError("a map key is an integer or text")
            _in_order(key, depth + 1)
        pairs = [(key, _in_order(fields[key], depth + 1)) for key in fields]
        return dict(sorted(pairs, key=lambda pair: cbor2.dumps(pair[0])))
    raise CborError("no encoding for this type")
