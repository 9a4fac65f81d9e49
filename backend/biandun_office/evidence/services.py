"""Writes to the evidence: blobs, and the one transaction that takes a statement in."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction

from biandun_office import logs
from biandun_office.errors import Refused, StorageFull
from biandun_office.evidence import blobs, chain, selectors, tree
from biandun_office.evidence.models import Blob, Receipt, Statement
from biandun_office.evidence.selectors import NODES
from biandun_office.flow import services as flow
from biandun_office.issuance.models import Certificate
from biandun_office.registry.models import Unit
from biandun_office.signing import OfficeSigner
from biandun_protocol import cose
from biandun_protocol.package import Manifest
from biandun_protocol.wire.merkle import leaf_hash
from biandun_protocol.wire.statement import ReceiptPayload, log_leaf


@dataclass(frozen=True)
class Accepted:
    """The answer to a submission; ``created`` is False when the office had the statement already."""

    statement_id: str
    case: str
    bundle: bytes
    created: bool


def store_blob(*, digest: str, stream: blobs.Stream, announced: int, now: int) -> bool:
    """Store an upload under its digest; return whether it is new.  ``announced`` is its stated size, 0 when there is none.

    An upload is read and hashed even when the blob is there: a corrupted copy must not be answered with "stored".
    Raises Refused: blob-too-large, blob-mismatch, storage-full.
    """
    if announced > blobs.LIMIT_ATTACHMENT:
        raise Refused("blob-too-large")
    if blobs.size_of(digest) is None and selectors.unreferenced_bytes() + announced > settings.UNREFERENCED_BLOBS_LIMIT:
        raise StorageFull
    with blobs.incoming(digest, stream) as (temporary, size), transaction.atomic():
        present = blobs.size_of(digest) is not None
        row = Blob.objects.filter(sha256=digest).first()
        if row is None and selectors.unreferenced_bytes() + size > settings.UNREFERENCED_BLOBS_LIMIT:
            raise StorageFull
        Blob.objects.update_or_create(sha256=digest, defaults={"size": size, "stored_at": now})
        blobs.adopt(temporary, digest)
    return not present


def sweep_blobs(*, older_than: int) -> tuple[int, int]:
    """Delete what no accepted statement names and was uploaded before ``older_than``; return how many files and bytes.

    Runs under the write lock, so that no statement can come to rely on a blob while it goes.
    """
    with transaction.atomic():
        old = Blob.objects.filter(referenced=False, stored_at__lt=older_than)
        freed = [(row.sha256, row.size) for row in old]
        old.delete()
        for digest, _ in freed:
            blobs.remove(digest)
        kept = set(Blob.objects.values_list("sha256", flat=True))
        strays = [path for path in blobs.files_older_than(older_than) if path.name not in kept]
        total = sum(size for _, size in freed)
        for path in strays:  # left by an upload that was cut off between file and row
            total += path.stat().st_size
            path.unlink(missing_ok=True)
    logs.action("evidence.blobs.swept", files=len(freed) + len(strays), bytes=total)
    return len(freed) + len(strays), total


def require_blobs(digests: Sequence[str]) -> None:
    """Raise Refused(blob-missing) with every digest in ``missing`` that is not stored."""
    missing = [digest for digest in dict.fromkeys(digests) if blobs.size_of(digest) is None]
    if missing:
        raise Refused("blob-missing", count=len(missing), missing=missing)


@transaction.atomic
def accept(
    *, statement: cose.Statement, certificate: Certificate, manifest: Manifest, unit: Unit, now: int, signer: OfficeSigner
) -> Accepted:
    """Append a verified filing to the log, open or continue its case, and make its receipt: all of it or nothing.

    Raises Refused: blob-missing, chain-fork, chain-broken, certificate-expired, case-not-found.
    """
    name = statement.id.hex()
    known = answer_again(name)  # again: two clients may have come this far at once
    if known is not None:
        return known
    digests = [statement.digest.hex(), *(attachment.sha256.hex() for attachment in manifest.filing.attachments)]
    require_blobs(digests)  # again, under the lock that the sweep takes too
    gap = chain.check(statement.header, name)
    size, last = selectors.position()
    received = max(now, last)
    require_validity(certificate, received)
    row, proof = _append(statement, certificate, index=size, gap=gap, received=received)
    number = manifest.filing.case
    case = flow.continue_case(number=number, statement=row) if number else flow.open_case(unit=unit, statement=row)
    bundle = signer.receipt(proof)
    Receipt.objects.create(statement=row, bundle=bundle, tree_size=proof.tree_size)
    _reference(digests, received)
    return Accepted(name, case.number, bundle, created=True)


def answer_again(statement_id: str) -> Accepted | None:
    """The answer for a statement that the office accepted before: the same receipt.  None for one that it does not know."""
    given = selectors.answer_given(statement_id)
    return given and Accepted(statement_id, *given, created=False)


def require_validity(certificate: Certificate, moment: int) -> None:
    """Judge by the office's time of reception, never by the time that a key claims.

    Raises Refused: certificate-not-yet, certificate-expired.
    """
    if moment < certificate.not_before:
        raise Refused("certificate-not-yet")
    if moment > certificate.not_after:
        raise Refused("certificate-expired")


def fresh_receipt(*, statement: Statement, at_least: int, signer: OfficeSigner) -> bytes:
    """The statement's receipt; one over the whole log of today when the stored one covers less than ``at_least`` leaves.

    Raises Refused(proof-range) when the log itself is shorter.
    """
    if at_least <= statement.receipt.tree_size:
        return bytes(statement.receipt.bundle)
    size = selectors.log_size()
    if at_least > size:
        raise Refused("proof-range")
    return signer.receipt(_proof(statement, size))


def _append(
    statement: cose.Statement, certificate: Certificate, *, index: int, gap: bool, received: int
) -> tuple[Statement, ReceiptPayload]:
    header = statement.header
    leaf = leaf_hash(log_leaf(statement.id, statement.raw, statement.digest, received))
    root, path = tree.append(NODES, index, leaf)
    row = Statement.objects.create(
        leaf_index=index,
        statement_id=statement.id.hex(),
        raw=statement.raw,
        digest=statement.digest.hex(),
        purpose=header.purpose,
        certificate=certificate,
        kid=header.kid.hex(),
        uscc=header.uscc,
        seq=header.seq,
        prev=(header.prev or b"").hex(),
        gap=gap,
        received=received,
    )
    return row, ReceiptPayload(statement.id, index, index + 1, root, path, received)


def _proof(statement: Statement, size: int) -> ReceiptPayload:
    root, path = tree.root_and_inclusion(NODES, statement.leaf_index, size)
    return ReceiptPayload(bytes.fromhex(statement.statement_id), statement.leaf_index, size, root, path, statement.received)


def _reference(digests: Iterable[str], received: int) -> None:
    """Mark blobs as evidence.  A row may be missing after a crash between file and row: it is made good here."""
    wanted = list(dict.fromkeys(digests))
    if Blob.objects.filter(sha256__in=wanted).update(referenced=True) == len(wanted):
        return
    known = set(Blob.objects.filter(sha256__in=wanted).values_list("sha256", flat=True))
    Blob.objects.bulk_create(
        Blob(sha256=digest, size=blobs.size_of(digest) or 0, stored_at=received, referenced=True)
        for digest in wanted
        if digest not in known
    )
