"""Intake: what a submitted statement must survive before it becomes evidence.

The order is the order of cost and of blame: form, who signed, what the certificate allows, the signature itself, then time,
then the files, then what they say.  Nothing is written until everything is checked; ``services.accept`` then writes it all.
"""

from biandun_office import logs
from biandun_office.errors import Refused
from biandun_office.evidence import blobs, services
from biandun_office.evidence.services import Accepted
from biandun_office.issuance.models import Certificate
from biandun_office.issuance.selectors import active_certificate
from biandun_office.registry.selectors import active_unit
from biandun_office.signing import OfficeSigner
from biandun_protocol import cose, package
from biandun_protocol.errors import StatementProblem
from biandun_protocol.package import Manifest
from biandun_protocol.wire.numbers import LIMIT_MANIFEST

LIMIT_STATEMENT = 4096
_MOST_SEQ = (1 << 63) - 1  # what a database column holds


def receive_filing(raw: bytes, *, now: int, signer: OfficeSigner) -> Accepted:
    """Verify a filing and take it in; a statement that was accepted before gets its receipt again, whatever has expired since.

    Raises StatementProblem, ManifestProblem and Refused with the first rule that is broken; then nothing has changed.
    """
    statement = cose.parse(raw, purpose="filing")
    certificate = active_certificate(statement.header.kid)
    _compare_header(statement.header, certificate)
    cose.verify(statement, bytes(certificate.public_key))
    known = services.answer_again(statement.id.hex())
    if known is not None:
        return known
    services.require_validity(certificate, now)
    manifest = _read_manifest(statement.digest.hex())
    package.compare(statement, manifest)
    unit = active_unit(manifest.filing.uscc)
    _check_attachments(manifest)
    accepted = services.accept(statement=statement, certificate=certificate, manifest=manifest, unit=unit, now=now, signer=signer)
    if accepted.created:
        logs.action(
            "evidence.statement.accepted",
            statement=accepted.statement_id,
            case=accepted.case,
            serial=certificate.device.serial,
            seq=statement.header.seq,
        )
    return accepted


def _compare_header(header: cose.Header, certificate: Certificate) -> None:
    for field, claimed, registered in (
        ("serial", header.serial, certificate.device.serial),
        ("uscc", header.uscc, certificate.uscc),
        ("unit_code", header.unit_code, certificate.unit_code),
        ("region", header.region, certificate.region),
        ("x5t", (header.x5t or b"").hex(), certificate.x5t),
    ):
        if claimed != registered:
            raise Refused("certificate-mismatch", field=field)
    if header.purpose not in certificate.purposes:
        raise Refused("purpose-refused")
    if (header.seq or 0) > _MOST_SEQ:
        raise StatementProblem("header-invalid", field="-70001/7")


def _read_manifest(digest: str) -> Manifest:
    services.require_blobs([digest])
    path = blobs.path_of(digest)
    try:
        with path.open("rb") as file:
            raw = file.read(LIMIT_MANIFEST + 1)  # an upload may be larger; package.read refuses it by its length
    except FileNotFoundError:  # swept since
        raise Refused("blob-missing", count=1, missing=[digest]) from None
    return package.read(raw)


def _check_attachments(manifest: Manifest) -> None:
    attachments = manifest.filing.attachments
    services.require_blobs([attachment.sha256.hex() for attachment in attachments])
    for attachment in attachments:
        if blobs.size_of(attachment.sha256.hex()) != attachment.size:
            raise Refused("blob-size-mismatch", name=attachment.name)
