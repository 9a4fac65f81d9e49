"""HTTP: submission of statements.

It needs no login: the signature shows who a statement is from, and anybody may submit it.
"""

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema

from biandun_office.evidence import links
from biandun_office.office import signing
from biandun_office.platform import body, logs
from biandun_office.platform.problems import binary, described
from biandun_office.reception import intake
from biandun_office.timekeeping import guard
from biandun_protocol.errors import Problem
from biandun_protocol.wire.numbers import PURPOSE_COUNTERSIGN, PURPOSE_DECISION, PURPOSE_FILING

RECEIPT_TYPE = "application/biandun-receipt+cbor"
STATEMENT_TYPE = "application/cose"

router = Router(tags=["statements"])
STATEMENTS, COUNTERSIGNATURES, DECISIONS, LINKS = VERIFYING = (
    "/statements",
    "/countersignatures",
    "/decisions",
    "/links",
)  # what comes here costs a check of its signature

_RECEIPT_HEADERS = {
    "Location": {"schema": {"type": "string"}, "description": "Where the statement is"},
    "Biandun-Case": {
        "schema": {"type": "string"},
        "description": "Case number, such as 629900HB2026000001",
    },
    "Biandun-Statement": {
        "schema": {"type": "string"},
        "description": "Statement id, 64 hexadecimal characters",
    },
}
_SIGNER_CODES = (
    "statement-malformed",
    "statement-too-large",
    "media-type",
    "header-invalid",
    "algorithm-unknown",
    "algorithm-mismatch",
    "purpose-mismatch",
    "certificate-unknown",
    "certificate-mismatch",
    "purpose-refused",
    "signature-invalid",
    "signature-high-s",
    "key-suspended",
    "certificate-revoked",
    "certificate-not-yet",
    "certificate-expired",
    "chain-fork",
    "chain-broken",
    "too-many-failures",
    "office-busy",
    "office-clock-ahead",
    "office-clock-behind",
    "storage-full",
)
_MANIFEST_CODES = (
    "blob-missing",
    "blob-size-mismatch",
    "manifest-malformed",
    "manifest-too-large",
    "manifest-contradicts",
    "schema-unknown",
    "form-invalid",
    "date-future",
    "unit-unknown",
    "unit-inactive",
)


def _documented(what: str, *codes: str) -> dict[str, object]:
    operation: dict[str, object] = {
        "requestBody": binary(
            STATEMENT_TYPE, f"A signed {what} (COSE_Sign1)", intake.LIMIT_STATEMENT
        )
        | {"required": True},
        "responses": {
            200: binary(RECEIPT_TYPE, "Accepted before: the same receipt")
            | {"headers": _RECEIPT_HEADERS},
            201: binary(RECEIPT_TYPE, "Accepted: the receipt") | {"headers": _RECEIPT_HEADERS},
        },
    }
    return described(operation, *_SIGNER_CODES, *_MANIFEST_CODES, *codes)


@router.post(
    STATEMENTS,
    response={200: None, 201: None},
    openapi_extra=_documented("filing", "case-not-found", "case-not-open"),
)
def post_statement(request: HttpRequest) -> HttpResponse:
    """Submit a filing.  Submitting the same statement again is safe: it changes nothing and answers
    the same receipt.
    """
    return _receive(request, PURPOSE_FILING)


@router.post(
    COUNTERSIGNATURES,
    response={200: None, 201: None},
    openapi_extra=_documented(
        "countersignature", "statement-not-found", "not-supervisor", "countersign-not-due"
    ),
)
def post_countersignature(request: HttpRequest) -> HttpResponse:
    """Submit a supervisor's opinion on a filing; the same rules and receipts as for a filing."""
    return _receive(request, PURPOSE_COUNTERSIGN)


@router.post(
    DECISIONS,
    response={200: None, 201: None},
    openapi_extra=_documented(
        "decision", "not-officer", "case-not-found", "decision-not-due", "decision-mismatch"
    ),
)
def post_decision(request: HttpRequest) -> HttpResponse:
    """Submit the office's decision on a case; the same rules and receipts as for a filing."""
    return _receive(request, PURPOSE_DECISION)


class HoleOut(Schema):
    """A stretch of a key's chain that has not arrived: both ends included."""

    first: int
    last: int


class LinksOut(Schema):
    """Sequence numbers that this export filled, and the stretches that are still missing."""

    closed: list[int]
    open: list[HoleOut]


@router.post(
    LINKS,
    response=LinksOut,
    openapi_extra=described(
        {
            "requestBody": binary(body.SIGNED_TYPE, "A signed export of links", body.LIMIT_SIGNED)
            | {"required": True}
        },
        *_SIGNER_CODES,
        "links-malformed",
    ),
)
def post_links(request: HttpRequest) -> dict[str, object]:
    """Submit the names of a run of a key's statements, to close gaps in its chain."""
    try:
        signed, raw = body.read_signed(request)
        answer = links.receive_links(
            signed, raw, algorithm=signing.signer().office.algorithm, now=guard.now()
        )
    except Problem as problem:
        logs.action("evidence.links.refused", code=problem.code)
        raise
    return {
        "closed": answer.closed,
        "open": [{"first": first, "last": last} for first, last in answer.open],
    }


def _receive(request: HttpRequest, purpose: str) -> HttpResponse:
    try:
        body.require_type(request, STATEMENT_TYPE)
        raw = body.read(request, limit=intake.LIMIT_STATEMENT, too_large="statement-too-large")
        accepted = intake.receive(raw, purpose=purpose, now=guard.now(), signer=signing.signer())
    except Problem as problem:
        logs.action("evidence.statement.refused", code=problem.code)
        raise
    headers = {
        "Location": f"/statements/{accepted.statement_id}",
        "Biandun-Case": accepted.case,
        "Biandun-Statement": accepted.statement_id,
    }
    status = 201 if accepted.created else 200
    return HttpResponse(accepted.bundle, status=status, content_type=RECEIPT_TYPE, headers=headers)
