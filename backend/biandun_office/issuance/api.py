"""HTTP: the office's public keys, and what it says of the keys that it certified."""

from base64 import b64encode

from cryptography.hazmat.primitives.serialization import Encoding
from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema

from biandun_office.issuance import selectors
from biandun_office.office import signing
from biandun_office.platform.body import SIGNED_TYPE
from biandun_office.platform.problems import binary, described, problems
from biandun_office.platform.throttle import signed

router = Router(tags=["anchors"])
STATUS = "/keys/{serial}/status"


class AnchorsOut(Schema):
    """What a verifier needs: both certificates in PEM, and what the root states about the issuing
    key (base64 CBOR).
    """

    office_id: str
    office_name: str
    region: str
    uscc: str
    root_certificate: str
    issuing_certificate: str
    issuer_statement: str
    issuer_manifest: str
    fictitious: bool


@router.get("/anchors", response=AnchorsOut, openapi_extra=problems())
def get_anchors(request: HttpRequest) -> dict[str, object]:  # noqa: ARG001
    """The office's certificates.  Compare the root with one that came another way: this answer
    cannot vouch for itself.
    """
    office = signing.signer().office
    identity = office.identity
    return {
        "office_id": identity.office_id,
        "office_name": identity.office_name,
        "region": identity.region,
        "uscc": identity.uscc,
        "root_certificate": office.root.public_bytes(Encoding.PEM).decode(),
        "issuing_certificate": office.issuing.public_bytes(Encoding.PEM).decode(),
        "issuer_statement": b64encode(office.issuer.statement).decode(),
        "issuer_manifest": b64encode(office.issuer.manifest).decode(),
        "fictitious": True,
    }


@router.get(
    STATUS,
    openapi_extra=described(
        {
            "responses": {
                200: binary(SIGNED_TYPE, "A statement of purpose status, with its manifest")
            }
        },
        "serial-unknown",
        "too-many-signatures",
        "office-busy",
    ),
)
def get_status(request: HttpRequest, serial: str) -> HttpResponse:  # noqa: ARG001
    """Whether a key may sign, signed: for the key itself, and for whoever looks at what it signed.
    It names no unit.
    """
    return signed(
        HttpResponse(
            signing.signer().status(selectors.status_of(serial)).encode(), content_type=SIGNED_TYPE
        )
    )
