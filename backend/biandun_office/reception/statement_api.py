"""HTTP: accepted statements.

Receipts are available to anybody who knows the statement's id; the rest needs a login.
"""

from base64 import b64encode

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema

from biandun_office.access.bearer import BY_LOGIN, reader_of
from biandun_office.evidence import blobs, selectors, services
from biandun_office.evidence.models import Statement
from biandun_office.flow.models import Case
from biandun_office.flow.selectors import event_of, may_read
from biandun_office.office import signing
from biandun_office.platform.errors import Refused
from biandun_office.platform.problems import binary, described, problems
from biandun_office.platform.throttle import signed
from biandun_office.reception.api import RECEIPT_TYPE, STATEMENT_TYPE

router = Router(tags=["statements"])
RECEIPT = "/statements/{statement_id}/receipt"


class StatementOut(Schema):
    """A statement as the office knows it; names and digests are hexadecimal, times are seconds
    since 1970.
    """

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


@router.get(
    "/statements/{statement_id}",
    response=StatementOut,
    auth=BY_LOGIN,
    openapi_extra=problems("login-required", "digest-malformed", "statement-not-found"),
)
def get_statement(request: HttpRequest, statement_id: str) -> dict[str, object]:
    """What became of a statement of a case that one may see."""
    row, case = _visible(request, statement_id)
    names = ("purpose", "kid", "uscc", "seq", "prev", "gap", "digest", "received", "leaf_index")
    return {
        "statement": row.statement_id,
        "case": case.number,
        "state": case.state,
        "serial": row.certificate.device.serial,
        "unit_code": row.certificate.unit_code,
        "region": row.certificate.region,
        "tree_size": row.receipt.tree_size,
        **{name: getattr(row, name) for name in names},
    }


@router.get(
    "/statements/{statement_id}/raw",
    response={200: None},
    auth=BY_LOGIN,
    openapi_extra=described(
        {"responses": {200: binary(STATEMENT_TYPE, "The statement")}},
        "login-required",
        "digest-malformed",
        "statement-not-found",
    ),
)
def get_raw(request: HttpRequest, statement_id: str) -> HttpResponse:
    """A statement of a case that one may see, byte for byte as it was received."""
    return HttpResponse(bytes(_visible(request, statement_id)[0].raw), content_type=STATEMENT_TYPE)


class CertificatesOut(Schema):
    """Whose key signed: the X.509 certificate in DER, and the office's statement about the key with
    its manifest (base64).
    """

    certificate: str
    profile_statement: str
    profile_manifest: str


@router.get(
    "/statements/{statement_id}/certificates",
    response=CertificatesOut,
    auth=BY_LOGIN,
    openapi_extra=problems("login-required", "digest-malformed", "statement-not-found"),
)
def get_certificates(request: HttpRequest, statement_id: str) -> dict[str, str]:
    """The certificate of the key that signed a statement of a case that one may see; the office's
    own are ``/anchors``.
    """
    certificate = _visible(request, statement_id)[0].certificate
    parts = {
        "certificate": certificate.x509,
        "profile_statement": certificate.profile_statement,
        "profile_manifest": certificate.profile_manifest,
    }
    return {name: b64encode(bytes(content)).decode() for name, content in parts.items()}


@router.get(
    RECEIPT,
    response={200: None},
    openapi_extra=described(
        {"responses": {200: binary(RECEIPT_TYPE, "The receipt")}},
        "request-invalid",
        "digest-malformed",
        "statement-not-found",
        "proof-range",
        "too-many-signatures",
    ),
)
def get_receipt(request: HttpRequest, statement_id: str, at_least: int = 0) -> HttpResponse:  # noqa: ARG001
    """The receipt again; with ``at_least``, one over a log of at least so many entries, signed now
    if it must be.
    """
    row = selectors.statement_by_id(blobs.check_digest(statement_id))
    bundle = services.fresh_receipt(statement=row, at_least=at_least, signer=signing.signer())
    answer = HttpResponse(bundle, content_type=RECEIPT_TYPE)
    return signed(answer) if at_least > row.receipt.tree_size else answer


def _visible(request: HttpRequest, statement_id: str) -> tuple[Statement, Case]:
    row = selectors.statement_by_id(blobs.check_digest(statement_id))
    event = event_of(row.leaf_index)
    if event is None or not may_read(reader_of(request), event.case):
        raise Refused("statement-not-found")  # what one may not see is not there
    return row, event.case


def asks_anew(request: HttpRequest) -> bool:
    """May a request for a receipt cost a signature?  The receipt as it was given out costs none."""
    return request.GET.get("at_least", "0") != "0"
