"""Request bodies as streams, with a length or in chunks (RFC 9112 section 7.1)."""

from typing import cast

from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest

from biandun_office.errors import Refused
from biandun_office.evidence.blobs import Stream


def announced_length(request: HttpRequest) -> int:
    """Content-Length, or 0 when there is none."""
    text = request.META.get("CONTENT_LENGTH") or "0"
    return int(text) if text.isascii() and text.isdigit() else 0


def stream(request: HttpRequest) -> Stream:
    """The body.  Django reads a chunked one as empty, so that comes straight from the server, which knows where it ends."""
    if "chunked" in request.headers.get("Transfer-Encoding", "").lower():
        return cast("Stream", cast("WSGIRequest", request).environ["wsgi.input"])
    return cast("Stream", request)


def read(request: HttpRequest, *, limit: int, too_large: str) -> bytes:
    """The whole body.  Raises Refused(``too_large``) as soon as it is longer than ``limit``."""
    if announced_length(request) > limit:
        raise Refused(too_large)
    source, raw = stream(request), b""
    while chunk := source.read(limit + 1 - len(raw)):
        raw += chunk
        if len(raw) > limit:
            raise Refused(too_large)
    return raw
