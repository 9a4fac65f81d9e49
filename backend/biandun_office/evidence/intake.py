"""Intake: what a submitted statement must survive before it becomes evidence.

The order is the order of cost and of blame: form, who signed, what the certificate allows, the signature itself, then time,
then the files, then what they say.  Nothing is written until everything is checked; ``services.accept`` then writes it all.
"""

from datetime import UTC, datetime

from biandun_office import logs
from biandun_office.errors import Refused
from biandun_office.evidence import blobs, services
from biandun_office.evidence.services import Accepted, Arrival, Submission
from biandun_office.issuance.checks import compare_header, require_standing, require_validity
from biandun_office.issuance.selectors import certificate_of
from biandun_office.registry.selectors import active_unit
from biandun_office.signing import OfficeSigner
from biandun_protocol import cose, package
from biandun_protocol.algorithms import PublicKey
from biandun_protocol.errors import Problem
from biandun_protocol.forms import check_dates
from biandun_protocol.package import Manifest
from biandun_protocol.wire.numbers import LIMIT_MANIFEST, PURPOSE_FILING

LIMIT_STATEMENT = 4096


def receive_filing(raw: bytes, *, now: int, signer: OfficeSigner) -> Accepted:
    """``receive`` for a filing."""
    return receive(raw, purpose=PURPOSE_FILING, now=now, signer=signer)


def receive(raw: bytes, *, purpose: str, now: int, signer: OfficeSigner) -> Accepted:
    """Verify a statement of ``purpose`` (filing, countersign, decision) and take it in.

    A statement that was accepted before gets its receipt again, whatever has expired or been revoked since.
    Raises StatementProblem, ManifestProblem and Refused with the first rule that is broken; then nothing has changed, but for
    the evidence of a fork.
    """
    statement = cose.parse(raw, purpose=purpose)
    certificate = certificate_of(statement.header.kid)
    named = compare_header(statement.header, certificate)
    cose.verify(statement, PublicKey(signer.office.algorithm, bytes(named.public_key)))
    known = services.answer_again(statement.id.hex())
    if known is not None:
        return known
    require_standing(certificate.state)
    require_validity(named, now)
    arrival = Arrival(statement, certificate, named)
    try:
        submission = _read(arrival, purpose, now)
    except Problem:
        services.keep_contradiction(arrival, now=now)
        raise
    accepted = services.accept(submission, now=now, signer=signer)
    if accepted.created:
        logs.action(
            "evidence.statement.accepted",
            statement=accepted.statement_id,
            purpose=purpose,
            case=accepted.case,
            serial=certificate.device.serial,
            seq=statement.header.seq,
        )
    return accepted


def _read(arrival: Arrival, purpose: str, now: int) -> Submission:
    """The files that a statement is about, read and compared with it."""
    manifest = _read_manifest(arrival.statement.digest.hex(), purpose)
    package.compare(arrival.statement, manifest)
    check_dates(manifest.form, datetime.fromtimestamp(now, UTC).date())
    unit = active_unit(manifest.form.uscc)
    _check_attachments(manifest)
    return Submission(arrival, manifest, unit)


def _read_manifest(digest: str, purpose: str) -> Manifest:
    raw = blobs.read(digest, LIMIT_MANIFEST + 1)  # an upload may be larger; package.read refuses it by its length
    if raw is None:
        raise Refused("blob-missing", count=1, missing=[digest])
    return package.read(raw, purpose)


def _check_attachments(manifest: Manifest) -> None:
    attachments = manifest.form.attachments
    services.require_blobs([attachment.sha256.hex() for attachment in attachments])
    for attachment in attachments:
        if blobs.size_of(attachment.sha256.hex()) != attachment.size:
            raise Refused("blob-size-mismatch", name=attachment.name)
    # a receipt says that the office has these files: what has rotted on disk since its upload has to come again
    rotten = [digest for attachment in attachments if not blobs.is_whole(digest := attachment.sha256.hex())]
    if rotten:
        logs.action("evidence.blob.rotten", digests=rotten)
        raise Refused("blob-missing", count=len(rotten), missing=rotten)
