"""Intake: what a submitted statement must survive before it becomes evidence.

The order is the order of cost and of blame: form, who signed, what the certificate allows, the
signature itself, then time, then the files, then what they say.  Nothing is written until
everything is checked; ``services.accept`` then writes it all.
"""

from contextlib import suppress
from datetime import UTC, datetime
from threading import Lock

from django.db import Error as DatabaseProblem

from biandun_office.evidence import blobs
from biandun_office.evidence import services as evidence
from biandun_office.evidence.turn import Arrival
from biandun_office.issuance.checks import compare_header, require_standing, require_validity
from biandun_office.issuance.selectors import certificate_of
from biandun_office.office.signing import OfficeSigner
from biandun_office.platform import logs
from biandun_office.platform.errors import Refused
from biandun_office.reception import services
from biandun_office.reception.services import Accepted, Submission
from biandun_protocol import cose, package
from biandun_protocol.algorithms import PublicKey
from biandun_protocol.errors import Problem
from biandun_protocol.forms import reading
from biandun_protocol.package import Manifest
from biandun_protocol.wire.numbers import LIMIT_MANIFEST

LIMIT_STATEMENT = 4096
reading.load()  # now, and not when somebody sends the first odd manifest
# threads that compute at once only take the interpreter from each other, and from the one that
# writes
_checking = Lock()


def receive(raw: bytes, *, purpose: str, now: int, signer: OfficeSigner) -> Accepted:
    """Verify a statement of ``purpose`` (filing, countersign, decision) and take it in.

    A statement that was accepted before gets its receipt again, whatever has expired or been
    revoked since, and whatever the office cannot read or write at the moment.  Raises
    StatementProblem, ManifestProblem and Refused with the first rule that is broken; then nothing
    has changed, but for the evidence of a fork.
    """
    statement = cose.parse(raw, purpose=purpose)
    certificate = certificate_of(statement.header.kid)
    named = compare_header(statement.header, certificate)
    with _checking:
        cose.verify(statement, PublicKey(signer.office.algorithm, bytes(named.public_key)))
    arrival, chained = Arrival(statement, certificate, named), False
    try:
        require_standing(certificate.state)
        require_validity(named, now)
        chained = True
        with _checking:
            manifest = _read(statement, purpose, now)
        if manifest.form.attachments:
            # whoever sends the same again costs no second look at its files
            known = services.answer_again(arrival.name)
            if known is not None:
                return known
            _check_attachments(manifest)
    except (Problem, OSError):  # also a disk that does not give the files back
        known = services.answer_again(arrival.name)
        if known is not None:
            return known
        if chained:
            evidence.keep_contradiction(arrival, now=now)
        raise
    try:
        accepted = services.accept(Submission(arrival, manifest, now), signer=signer)
    except DatabaseProblem:  # who has no attachments comes this far again; and a commit whose answer was lost may have been one  # noqa: E501
        with suppress(DatabaseProblem):
            known = services.answer_again(arrival.name)
            if known is not None:
                return known
        raise
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


def _read(statement: cose.Statement, purpose: str, now: int) -> Manifest:
    """The manifest that a statement is about, read and compared with it."""
    manifest = _read_manifest(statement.digest.hex(), purpose)
    package.compare(statement, manifest)
    reading.check_dates(manifest.form, datetime.fromtimestamp(now, UTC).date())
    return manifest


def _read_manifest(digest: str, purpose: str) -> Manifest:
    # an upload may be larger; package.read refuses it by its length
    raw = blobs.read(digest, LIMIT_MANIFEST + 1)
    if raw is None:
        raise Refused("blob-missing", count=1, missing=[digest])
    return package.read(raw, purpose)


def _check_attachments(manifest: Manifest) -> None:
    attachments = manifest.form.attachments
    evidence.require_blobs([attachment.sha256.hex() for attachment in attachments])
    for attachment in attachments:
        if blobs.size_of(attachment.sha256.hex()) != attachment.size:
            raise Refused("blob-size-mismatch", name=attachment.name)
    # a receipt says that the office has these files: what has rotted on disk since its upload has
    # to come again
    rotten = [
        digest
        for attachment in attachments
        if not blobs.is_whole(digest := attachment.sha256.hex())
    ]
    if rotten:
        logs.action("evidence.blob.rotten", digests=rotten)
        raise Refused("blob-missing", count=len(rotten), missing=rotten)
