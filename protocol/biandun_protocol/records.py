"""Records that travel by themselves: a map of the generated classes whose first field names its schema."""

from typing import TypeVar

from biandun_protocol.errors import ManifestProblem
from biandun_protocol.wire import codec

R = TypeVar("R", bound=codec.Message)


def read(kind: type[R], raw: bytes, schema: str) -> R:
    """Read a record of class ``kind``, which must be of ``schema``.  Raises ManifestProblem: manifest-malformed, schema-unknown."""
    try:
        record = codec.decode(kind, raw)
    except codec.MessageError as error:
        raise ManifestProblem("manifest-malformed", field=error.field) from None
    found = getattr(record, "schema", "")
    if found != schema:
        raise ManifestProblem("schema-unknown", schema=found)
    return record
