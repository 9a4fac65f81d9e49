"""Records that are files of their own: a map whose first field names its schema."""

from typing import TypeVar

from biandun_protocol import cbor
from biandun_protocol.catalogue import phrase
from biandun_protocol.errors import ManifestProblem
from biandun_protocol.wire import codec
from biandun_protocol.wire.numbers import ERROR_MALFORMED, ERROR_TOO_LARGE, LIMIT_MESSAGE

R = TypeVar("R", bound=codec.Message)


def decode(kind: type[R], raw: bytes) -> R:
    """Decode one message or record like ``codec.decode``, with the faster CBOR decoder.

    Raises MessageError.
    """
    if len(raw) > LIMIT_MESSAGE:
        raise codec.MessageError(ERROR_TOO_LARGE)
    try:
        fields = cbor.loads(raw)
    except cbor.CborError:
        raise codec.MessageError(ERROR_MALFORMED) from None
    return codec.from_map(kind, fields)


def wrong_field(kind: type[codec.Message], error: codec.MessageError) -> ManifestProblem:
    """The problem of a map that is not a ``kind``: manifest-malformed with the number of the field,
    and with its name in words.
    """
    names = [name for key, name, *_ in kind.FIELDS if key == error.field]
    detail = (
        phrase("malformed.field", name=names[0], number=error.field)
        if names
        else phrase("malformed.record")
    )
    return ManifestProblem("manifest-malformed", field=error.field, detail=detail)


def wrong_part(part: str) -> ManifestProblem:
    """The problem of a file whose part of this name is malformed."""
    return ManifestProblem(
        "manifest-malformed", field=part, detail=phrase("malformed.part", part=part)
    )


def not_cbor(error: cbor.CborError, part: str | None = None) -> ManifestProblem:
    """The problem of bytes that are not deterministic CBOR: a part, or the whole file."""
    return ManifestProblem(
        "manifest-malformed", field=part, detail=phrase("malformed.cbor", reason=str(error))
    )


def read(kind: type[R], raw: bytes, schema: str) -> R:
    """Decode a record of class ``kind``, which must have the given schema.

    Raises ManifestProblem: manifest-malformed, schema-unknown.
    """
    try:
        record = decode(kind, raw)
    except codec.MessageError as error:
        raise wrong_field(kind, error) from None
    found = getattr(record, "schema", "")
    if found != schema:
        raise ManifestProblem("schema-unknown", schema=found)
    return record


def read_head(kind: type[R], raw: bytes, schema: str) -> tuple[R, bytes]:
    """Decode the record at the beginning of a file; return it and the bytes after it.

    Raises ManifestProblem as ``read``.
    """
    try:
        _, end = cbor.loads_prefix(raw[:LIMIT_MESSAGE])
    except cbor.CborError as error:
        raise not_cbor(error, "head") from None
    return read(kind, raw[:end], schema), raw[end:]
