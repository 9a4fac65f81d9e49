"""HTTP: blobs, statements and receipts."""

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema

from biandun_office import body, clock, logs
from biandun_office.errors import Refused
from biandun_office.evidence import blobs, intake, selectors, services
from biandun_office.evidence.services import Accepted
from biandun_office.problems import binary, problems
from biandun_office.signing import held
from biandun_protocol.errors import Problem
from biandun_protocol.wire.numbers import LIMIT_ATTACHMENT

RECEIPT_TYPE = "application/biandun-receipt+cbor"
STATEMENT_TYPE = "application/cose"

router = Router()

_RECEIPT_HEADERS = {
    "Location": {"schema": {"type": "string"}, "description": "Where the statement is"},
    "Biandun-Case": {"schema": {"type": "string"}, "description": "Case number, such as 629900HB2026000001"},
    "Biandun-Statement": {"schema": {"type": "string"}, "description": "Statement id, 64 hexadecimal characters"},
}
_FILING_CODES = (
    "statement-malformed",
    "statement-too-large",
    "media-type",
    "header-invalid",
    "algorithm-unknown",
    "purpose-mismatch",
    "certificate-unknown",
    "certificate-mismatch",
    "purpose-refused",
    "signature-invalid",
    "signature-high-s",
    "certificate-not-yet",
    "certificate-expired",
    "blob-missing",
    "blob-size-mismatch",
    "manifest-malformed",
    "manifest-too-large",
    "manifest-contradicts",
    "schema-unknown",
    "form-invalid",
    "unit-unknown",
    "unit-inactive",
    "case-not-found",
    "chain-fork",
    "chain-broken",
    "office-busy",
    "storage-full",
)


class StatementOut(Schema):
    """A statement as the office knows it; names and digests are hexadecimal, times are seconds since 1970."""

    statement: str
    case: str
    state: str
    purpose: str
    kid: str
    serial: str
    uscc: str
    unit_code: str
    region: str
    seq: int
    prev: str
    gap: bool
    digest: str
    received: int
    leaf_index: int
    tree_size: int


def _merge(operation: dict[str, object], *codes: str) -> dict[str, object]:
    described = problems(*codes)["responses"]
    return {**operation, "responses": {**operation.get("responses", {}), **described}}  # type: ignore[dict-item]


@router.put(
    "/blobs/{sha256}",
    tags=["blobs"],
    response={200: None, 201: None},
    openapi_extra=_merge(
        {
            "requestBody": binary("application/octet-stream", "The file, at most 20 MiB", LIMIT_ATTACHMENT) | {"required": True},
            "responses": {200: {"description": "It is there already"}, 201: {"description": "Stored"}},
        },
        "digest-malformed",
        "blob-mismatch",
        "blob-too-large",
        "office-busy",
        "storage-full",
    ),
)
def put_blob(request: HttpRequest, sha256: str) -> HttpResponse:
    """Upload a manifest or an attachment under its SHA-256 (lower-case hexadecimal)."""
    digest = blobs.check_digest(sha256)
    created = services.store_blob(
        digest=digest, stream=body.stream(request), announced=body.announced_length(request), now=clock.now()
    )
    return HttpResponse(status=201 if created else 200)


@router.api_operation(
    ["HEAD"],
    "/blobs/{sha256}",
    tags=["blobs"],
    response={200: None},
    openapi_extra=_merge({"responses": {200: {"description": "It is there"}}}, "digest-malformed", "blob-not-found"),
)
def head_blob(request: HttpRequest, sha256: str) -> HttpResponse:  # noqa: ARG001
    """Is the blob there?"""
    size = blobs.size_of(blobs.check_digest(sha256))
    if size is None:
        raise Refused("blob-not-found")
    return HttpResponse(headers={"Content-Length": str(size), "Content-Type": "application/octet-stream"})


@router.post(
    "/statements",
    tags=["statements"],
    response={200: None, 201: None},
    openapi_extra=_merge(
        {
            "requestBody": binary(STATEMENT_TYPE, "A signed filing (COSE_Sign1)", intake.LIMIT_STATEMENT) | {"required": True},
            "responses": {
                200: binary(RECEIPT_TYPE, "Accepted before: the same receipt") | {"headers": _RECEIPT_HEADERS},
                201: binary(RECEIPT_TYPE, "Accepted: the receipt") | {"headers": _RECEIPT_HEADERS},
            },
        },
        *_FILING_CODES,
    ),
)
def post_statement(request: HttpRequest) -> HttpResponse:
    """Submit a filing.  Submitting the same statement again is safe: it changes nothing and answers the same receipt."""
    try:
        if request.content_type != STATEMENT_TYPE:
            raise Refused("media-type", expected=STATEMENT_TYPE)
        raw = body.read(request, limit=intake.LIMIT_STATEMENT, too_large="statement-too-large")
        accepted = intake.receive_filing(raw, now=clock.now(), signer=held())
    except Problem as problem:
        logs.action("evidence.statement.refused", code=problem.code)
        raise
    return _receipt_response(accepted)


def _receipt_response(accepted: Accepted) -> HttpResponse:
    headers = {
        "Location": f"/statements/{accepted.statement_id}",
        "Biandun-Case": accepted.case,
        "Biandun-Statement": accepted.statement_id,
    }
    status = 201 if accepted.created else 200
    return HttpResponse(accepted.bundle, status=status, content_type=RECEIPT_TYPE, headers=headers)


@router.get(
    "/statements/{statement_id}",
    tags=["statements"],
    response=StatementOut,
    openapi_extra=problems("digest-malformed", "statement-not-found"),
)
def get_statement(request: HttpRequest, statement_id: str) -> dict[str, object]:  # noqa: ARG001
    """What became of a statement."""
    row = selectors.statement_by_id(blobs.check_digest(statement_id))
    names = ("purpose", "kid", "uscc", "seq", "prev", "gap", "digest", "received", "leaf_index")
    return {
        "statement": row.statement_id,
        "case": row.case_entry.case.number,
        "state": row.case_entry.case.state,
        "serial": row.certificate.device.serial,
        "unit_code": row.certificate.unit_code,
        "region": row.certificate.region,
        "tree_size": row.receipt.tree_size,
        **{name: getattr(row, name) for name in names},
    }


@router.get(
    "/statements/{statement_id}/receipt",
    tags=["statements"],
    response={200: None},
    openapi_extra=_merge(
        {"responses": {200: binary(RECEIPT_TYPE, "The receipt")}},
        "request-invalid",
        "digest-malformed",
        "statement-not-found",
        "proof-range",
    ),
)
def get_receipt(request: HttpRequest, statement_id: str, at_least: int = 0) -> HttpResponse:  # noqa: ARG001
    """The receipt again; with ``at_least``, one over a log of at least so many entries, signed now if it must be."""
    row = selectors.statement_by_id(blobs.check_digest(statement_id))
    bundle = services.fresh_receipt(statement=row, at_least=at_least, signer=held())
    return HttpResponse(bundle, content_type=RECEIPT_TYPE)
