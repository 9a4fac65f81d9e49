"""Intake: the checks of a submitted statement before it becomes evidence.

They are made in this order: format, signer, what the certificate allows, signature, time, files,
content.  So cheap checks come first, and the signer is known before anything is held against the
key.  Nothing is written before all have passed; then ``services.accept`` writes everything.
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
reading.load()  # at start-up, so that the first manifest does not have to wait for it
# only one thread at a time verifies: with Python's global lock more would only slow each other, and
# the one that writes
_checking = Lock()


def receive(raw: bytes, *, purpose: str, now: int, signer: OfficeSigner) -> Accepted:
    """Verify a statement of ``purpose`` (filing, countersign, decision) and accept it.

    A statement that was accepted before gets the same receipt, even if something has expired or
    been revoked since, or the office cannot read or write at the moment.

    Raises StatementProblem, ManifestProblem and Refused for the first check that fails; then
    nothing was changed, except that a fork is stored as evidence.
    """
    with services.arrivals.approaching():  # a leader waits for it
        return _receive(raw, purpose, now, signer)


def _receive(raw: bytes, purpose: str, now: int, signer: OfficeSigner) -> Accepted:
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
            services.arrivals.let_others_go()  # large files take long to read
            # a repeated statement does not need its files to be read again
            known = services.answer_again(arrival.name)
            if known is not None:
                return known
            _check_attachments(manifest)
    except (Problem, OSError):  # OSError: the disk cannot read the files
        services.arrivals.let_others_go()
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
    """Read the manifest of a statement and compare it with the statement."""
    manifest = _read_manifest(statement.digest.hex(), purpose)
    package.compare(statement, manifest)
    reading.check_dates(manifest.form, datetime.fromtimestamp(now, UTC).date())
    return manifest


def _read_manifest(digest: str, purpose: str) -> Manifest:
    # one byte more than allowed, so that package.read refuses a file that is too long
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
    # a receipt states that the office has these files: one that was corrupted on disk since its
    # upload must be uploaded again
    rotten = [
        digest
        for attachment in attachments
        if not blobs.is_whole(digest := attachment.sha256.hex())
    ]
    if rotten:
        logs.action("evidence.blob.rotten", digests=rotten)
        raise Refused("blob-missing", count=len(rotten), missing=rotten)
