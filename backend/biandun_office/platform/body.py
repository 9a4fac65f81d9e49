"""Reads request bodies within limits.

``httpd`` has received each body completely and decoded chunks, so every body has a length.
"""

from django.http import HttpRequest

from biandun_office.platform.errors import Refused
from biandun_protocol import records
from biandun_protocol.certificate import Signed
from biandun_protocol.errors import StatementProblem
from biandun_protocol.wire import codec
from biandun_protocol.wire.messages import SignedManifest
from biandun_protocol.wire.numbers import SCHEMA_SIGNED

SIGNED_TYPE = "application/biandun-signed+cbor"
OCTETS = "application/octet-stream"
LIMIT_SIGNED = 8192
_DIGITS = 18  # of a length; Python raises ValueError for an integer of thousands of digits


def announced_length(request: HttpRequest) -> int:
    """The value of Content-Length in bytes; 0 when there is none."""
    text = request.META.get("CONTENT_LENGTH") or "0"
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS else 0


def read(request: HttpRequest, *, limit: int, too_large: str) -> bytes:
    """The whole body.  Raises Refused(``too_large``) when it is longer than ``limit`` bytes."""
    if announced_length(request) > limit:
        raise Refused(too_large)
    raw = request.read(limit + 1)
    if len(raw) > limit:
        raise Refused(too_large)
    return raw


def require_type(request: HttpRequest, expected: str) -> None:
    """Raise Refused(media-type) unless the body's media type is ``expected``.

    Parameters of the media type are ignored.
    """
    if request.content_type != expected:
        raise Refused("media-type", expected=expected)


def read_signed(request: HttpRequest) -> tuple[Signed, bytes]:
    """Parse a body with a statement and its small manifest; return it with its bytes.

    Raises Refused: media-type, statement-too-large; StatementProblem(statement-malformed).
    """
    require_type(request, SIGNED_TYPE)
    raw = read(request, limit=LIMIT_SIGNED, too_large="statement-too-large")
    try:
        message = records.decode(SignedManifest, raw)
    except codec.MessageError as error:
        raise StatementProblem("statement-malformed", detail=f"field {error.field}") from None
    if message.schema != SCHEMA_SIGNED:
        raise StatementProblem("statement-malformed", detail="field 0")
    return Signed(message.statement, message.manifest), raw
