"""Requests as they arrive: waitress's parser made strict (RFC 9112).

Each address has its own limit for bodies, and errors are answered as problems (RFC 9457).
"""

import json
import re
from http.client import responses
from typing import Any, cast

from waitress.buffers import OverflowableBuffer
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.receiver import FixedStreamReceiver

from biandun_office.evidence.blobs import incoming_folder
from biandun_office.httpd.chunks import BodyTooLarge, BrokenBody, ChunkedBody, Spool
from biandun_office.platform.errors import SERVER, OfficeProblem, Refused, http_status
from biandun_office.platform.files import unwritable
from biandun_office.platform.problems import MEDIA_TYPE, as_document
from biandun_protocol.errors import Problem
from biandun_protocol.wire.numbers import LIMIT_ATTACHMENT

LIMIT_HEADERS = 16 * 1024
_LIMIT_FIELDS = 100
_LIMIT_BODY = 64 * 1024  # of anything but a blob; views have their own, lower limits
_REQUEST_LINE = re.compile(rb"[A-Z]{1,32} [\x21-\x7e]+ HTTP/1\.[01]")
_LENGTH = re.compile(rb"[0-9]{1,15}")
_SINGLE = (
    b"host",
    b"content-length",
    b"transfer-encoding",
    b"content-type",
    b"authorization",
    b"expect",
)


class RequestBroken(OfficeProblem):
    """The received bytes are not an HTTP request."""

    code = "request-broken"


class _TooManyFields(ValueError):
    """More header fields than any client sends."""


class _UnknownExpectation(ValueError):
    """Expect says something else than 100-continue (RFC 9110, 10.1.1)."""


class Answer:
    """A problem with the interface of waitress's own errors."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem

    def to_response(self, ident: str | None = None) -> tuple[str, list[tuple[str, str]], bytes]:  # noqa: ARG002
        """Status line, headers, body."""
        status = http_status(self.problem.code)
        body = json.dumps(as_document(self.problem), ensure_ascii=False).encode()
        return f"{status} {responses[status]}", [("Content-Type", MEDIA_TYPE)], body


class Request(HTTPRequestParser):
    """One request.

    ``error`` is an Answer when it cannot be served; then all further input of its connection is
    discarded.
    """

    error: Answer | None
    path = ""

    def received(self, data: bytes) -> int:
        """Consume the bytes that belong to this request; return how many."""
        consumed = len(data)
        if self.error:
            return consumed
        try:
            consumed = super().received(data)
        except BrokenBody as error:
            self.fail(RequestBroken(detail=str(error)))
        except _TooManyFields:
            self.fail(OfficeProblem("request-headers-too-large"))
        except _UnknownExpectation:
            self.fail(OfficeProblem("expectation-unknown"))
        except BodyTooLarge:
            self.fail(Refused(self._too_large))
        except OSError as error:
            self.fail(unwritable(SERVER, error))
        if self.error is None and self.empty:
            self.fail(RequestBroken(detail="empty lines"))
        if self.error is not None:
            self._translate()
            return len(data)
        if self.completed:  # no body follows, so no "100 Continue" is sent
            self.expect_continue = False
        return consumed

    def fail(self, problem: Problem) -> None:
        """Answer with ``problem`` instead of serving."""
        self.error = Answer(problem)
        self.completed, self.empty, self.expect_continue = True, False, False

    def parse_header(self, header_plus: bytes) -> None:
        """Parse the request line and the header fields.

        Raises ParsingError, BodyTooLarge, and as ``_check``.
        """
        chunked = _check(header_plus)
        try:
            super().parse_header(header_plus)
        except ValueError:  # such as an unclosed IPv6 address in the URL
            raise ParsingError("the address") from None
        if self.content_length > self._limit:
            raise BodyTooLarge
        if chunked:
            self.body_rcv = ChunkedBody(_spool(), self._limit)
        elif self.content_length:
            self.body_rcv = FixedStreamReceiver(
                self.content_length, cast("OverflowableBuffer", _spool())
            )

    def buffered(self) -> int:
        """Bytes of the body that have arrived."""
        return 0 if self.body_rcv is None else len(self.body_rcv)

    @property
    def _is_blob(self) -> bool:
        return cast("str", self.command) == "PUT" and self.path.startswith("/blobs/")

    @property
    def _limit(self) -> int:
        return LIMIT_ATTACHMENT if self._is_blob else _LIMIT_BODY

    @property
    def _too_large(self) -> str:
        return "blob-too-large" if self._is_blob else "statement-too-large"

    def _translate(self) -> None:
        """Turn waitress's errors into problems."""
        error: Any = self.error
        if isinstance(error, Answer):
            return
        if error.code == 431:
            self.fail(OfficeProblem("request-headers-too-large"))
        else:
            # without the quoted part, which is the client's bytes
            self.fail(RequestBroken(detail=error.body.partition('"')[0].strip()))


def _spool() -> Spool:
    return Spool(incoming_folder())


def _check(raw: bytes) -> bool:
    """Refuse a header that two parsers may read differently; return whether the body is chunked.

    Raises ParsingError, _TooManyFields, _UnknownExpectation.
    """
    first, *lines = raw.split(b"\r\n")
    if not _REQUEST_LINE.fullmatch(first):
        raise ParsingError("the request line")
    if len(lines) > _LIMIT_FIELDS:
        raise _TooManyFields
    fields: dict[bytes, bytes] = {}
    for line in filter(None, lines):
        name, colon, value = line.partition(b":")
        name = name.lower()
        if not colon or name != name.strip(b" \t"):  # a folded line, or a space before the colon
            raise ParsingError("a header field")
        if name in fields and name in _SINGLE:
            raise ParsingError(f"more than one {name.decode()}")
        fields[name] = value.strip(b" \t")
    if first.endswith(b"1.1") and b"host" not in fields:
        raise ParsingError("no Host")
    length, coding = fields.get(b"content-length"), fields.get(b"transfer-encoding")
    if length is not None and not _LENGTH.fullmatch(length):
        raise ParsingError("Content-Length")
    if coding is not None and (
        length is not None or coding.lower() != b"chunked" or first.endswith(b"1.0")
    ):
        raise ParsingError("Transfer-Encoding")
    # in HTTP/1.0 the field has no meaning
    if first.endswith(b"1.1") and fields.get(b"expect", b"100-continue").lower() != b"100-continue":
        raise _UnknownExpectation
    return coding is not None
