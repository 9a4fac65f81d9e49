"""Encoding messages and records as CBOR maps, by the table in each generated class.

A class has ``FIELDS``: (key, attribute, type, bound, required) in key order.  Everything that
crosses the wire passes through here, so unknown, missing and ill-typed fields are detected here
(the key answers each with an error number).
"""

# MicroPython has no typing.cast: what a decoder returns is narrowed with isinstance, which leaves
# its items unknown.
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
from biandun_protocol.wire import cbor
from biandun_protocol.wire.numbers import (
    ERROR_BAD_FIELD,
    ERROR_MALFORMED,
    ERROR_MISSING_FIELD,
    ERROR_TOO_LARGE,
    ERROR_UNKNOWN_FIELD,
    LIMIT_MESSAGE,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    M = TypeVar("M", bound="Message")


class Message:
    """The base class of all generated messages and records."""

    FIELDS: "tuple[tuple[int, str, int, int, bool], ...]" = ()

    def __init__(self, *values: object, **named: object) -> None:
        """Take the fields in order or by name; optional fields may be left out."""
        taken = len(values)
        for place, (_, name, _, _, required) in enumerate(self.FIELDS):
            if place < taken:
                value: object = values[place]
            elif required or name in named:
                if name not in named:
                    raise TypeError(name)
                value = named.pop(name)
            else:
                value = None
            setattr(self, name, value)
        if named or taken > len(self.FIELDS):
            raise TypeError("no such field")


class Request(Message):
    """The base class of requests."""

    NUMBER: int = 0
    STATES: "tuple[int, ...]" = ()  # the states in which a key accepts it


UINT, BOOL, TEXT, BYTES, OCTETS, TEXTS, HASHES = range(7)


class MessageError(ValueError):
    """A map is not a valid message.

    ``code`` is a wire error number, ``field`` the key concerned or None.
    """

    def __init__(self, code: int, field: "int | None" = None) -> None:
        super().__init__(code, field)
        self.code = code
        self.field = field


def to_map(message: Message) -> "dict[object, object]":
    """Return the message as a map by field numbers; None is left out, never encoded as null."""
    fields: dict[object, object] = {}
    for key, name, kind, bound, required in message.FIELDS:
        value = getattr(message, name)
        if value is None:
            if required:
                raise MessageError(ERROR_MISSING_FIELD, key)
            continue
        if not _fits(value, kind, bound):
            raise MessageError(ERROR_BAD_FIELD, key)
        fields[key] = value
    return fields


def from_map(cls: "type[M]", fields: object) -> "M":
    """Build a ``cls`` from a decoded map.

    Raises MessageError with the error number and the field that is wrong.
    """
    if not isinstance(fields, dict):
        raise MessageError(ERROR_MALFORMED)
    left = len(fields)
    values: list[object] = []
    for key, _, kind, bound, required in cls.FIELDS:
        if key not in fields:
            if required:
                raise MessageError(ERROR_MISSING_FIELD, key)
            values.append(None)
            continue
        value: object = fields[key]
        if not _fits(value, kind, bound):
            raise MessageError(ERROR_BAD_FIELD, key)
        values.append(value)
        left -= 1
    if left:
        raise MessageError(ERROR_UNKNOWN_FIELD)
    return cls(*values)


def encode(message: Message) -> bytes:
    """Encode a message or record as deterministic CBOR."""
    return cbor.dumps(to_map(message))


def decode(cls: "type[M]", raw: "bytes | memoryview") -> "M":
    """Decode the bytes of one message or record of class ``cls``.  Raises MessageError."""
    return from_map(cls, _load(raw))


def encode_request(message: Request) -> bytes:
    """Encode a request: [command number, fields]."""
    return cbor.dumps([message.NUMBER, to_map(message)])


def split_request(raw: "bytes | memoryview") -> "tuple[int, object]":
    """Return a request's command number and its fields, not checked yet.

    Raises MessageError.
    """
    value = _load(raw)
    if (
        not isinstance(value, list)
        or len(value) != 2
        or not isinstance(value[0], int)
        or isinstance(value[0], bool)
    ):
        raise MessageError(ERROR_MALFORMED)
    return value[0], value[1]


def _load(raw: "bytes | memoryview") -> object:
    if len(raw) > LIMIT_MESSAGE:
        raise MessageError(ERROR_TOO_LARGE)
    try:
        return cbor.loads(raw)
    except cbor.CborError:
        raise MessageError(ERROR_MALFORMED) from None


def _fits(value: object, kind: int, bound: int) -> bool:
    if kind == BOOL:
        return isinstance(value, bool)
    if kind == UINT:
        return (
            isinstance(value, int)
            and not isinstance(value, bool)
            and 0 <= value <= (bound or (1 << 63) - 1)
        )
    if kind == TEXT:
        return _text_fits(value, bound)
    if kind == BYTES:
        return isinstance(value, (bytes, bytearray)) and len(value) <= bound
    if kind == OCTETS:
        return isinstance(value, (bytes, bytearray)) and len(value) == bound
    if not isinstance(value, list) or len(value) > bound:
        return False
    if kind == TEXTS:
        return all(_text_fits(item, 32) for item in value)
    return all(isinstance(item, bytes) and len(item) == 32 for item in value)


def _text_fits(value: object, bound: int) -> bool:
    try:
        return isinstance(value, str) and len(cbor.encode_utf8(value)) <= bound
    except cbor.CborError:
        return False
