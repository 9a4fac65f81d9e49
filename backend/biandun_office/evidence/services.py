"""Writes to the evidence: blobs, and a statement's entry in the log, its chain and its receipt.

This module knows no cases: ``reception`` applies a statement to its case between ``enter`` and
``seal``.
"""

from collections.abc import Sequence
from pathlib import Path

from django.conf import settings

from biandun_office.evidence import blobs, chain, forks, selectors, tree
from biandun_office.evidence.chain import Contradiction
from biandun_office.evidence.models import Blob, Gap, Statement
from biandun_office.evidence.selectors import NODES
from biandun_office.evidence.turn import Arrival, Turn
from biandun_office.issuance.checks import require_standing, require_validity
from biandun_office.issuance.states import note_use
from biandun_office.office.signing import OfficeSigner
from biandun_office.platform import logs
from biandun_office.platform.database import writing
from biandun_office.platform.errors import Refused, StorageFull
from biandun_office.timekeeping import guard
from biandun_protocol.algorithms import ES256, Algorithm
from biandun_protocol.wire.merkle import leaf_hash
from biandun_protocol.wire.statement import ReceiptPayload, log_leaf


def store_blob(
    *, digest: str, stream: blobs.Stream, announced: int, now: int, algorithm: Algorithm = ES256
) -> bool:
    """Store an upload under its digest; return whether it is new.

    ``announced`` is its announced size in bytes, 0 if there is none.  ``algorithm`` is the
    office's: manifests may be named by its hash, any file by its SHA-256.

    An upload is read and hashed even if the blob is stored already: a corrupted copy must not be
    answered as stored.

    Raises Refused: blob-too-large, blob-mismatch, storage-full.
    """
    if announced > blobs.LIMIT_ATTACHMENT:
        raise Refused("blob-too-large")
    if (
        blobs.size_of(digest) is None
        and selectors.unreferenced_bytes() + announced > settings.UNREFERENCED_BLOBS_LIMIT
    ):
        raise StorageFull
    with blobs.incoming(digest, stream, algorithm) as (temporary, size), writing():
        present = blobs.size_of(digest) is not None
        row = Blob.objects.filter(sha256=digest).first()
        if (
            row is None
            and selectors.unreferenced_bytes() + size > settings.UNREFERENCED_BLOBS_LIMIT
        ):
            raise StorageFull
        Blob.objects.update_or_create(sha256=digest, defaults={"size": size, "stored_at": now})
        blobs.adopt(temporary, digest)
    return not present


def sweep_blobs(*, older_than: int) -> tuple[int, int]:
    """Delete blobs that no evidence refers to and that were uploaded before ``older_than``.

    ``older_than`` is in seconds since 1970.  Return the numbers of files and bytes that were
    deleted.

    Runs under the write lock, so that no statement can refer to a blob while it is deleted.  Files
    are deleted before anything is written to the database, so that a full disk has room for that.
    A row without a file counts as not stored, and is deleted by the next sweep.
    """
    with writing():
        freed, strays = _sweepable(older_than)
        for digest, _ in freed:
            blobs.remove(digest)
        for path, _ in strays:
            path.unlink(missing_ok=True)
        forks.reference_files()  # also files uploaded after the fork or under an older program
        Blob.objects.filter(referenced=False, stored_at__lt=older_than).delete()
    total = sum(size for _, size in (*freed, *strays))
    logs.action("evidence.blobs.swept", files=len(freed) + len(strays), bytes=total)
    return len(freed) + len(strays), total


def sweepable_bytes(*, older_than: int) -> int:
    """The number of bytes that ``sweep_blobs`` would free now; writes nothing."""
    freed, strays = _sweepable(older_than)
    return sum(size for digest, size in freed if blobs.size_of(digest) is not None) + sum(
        size for _, size in strays
    )


def _sweepable(older_than: int) -> tuple[list[tuple[str, int]], list[tuple[Path, int]]]:
    """Name and size of each blob that no evidence refers to, and path and size of each stray file.

    A stray file has no row, because its upload was interrupted.
    """
    spared = forks.kept_files()
    old = Blob.objects.filter(referenced=False, stored_at__lt=older_than)
    freed = [(row.sha256, row.size) for row in old if row.sha256 not in spared]
    known = spared | set(Blob.objects.values_list("sha256", flat=True))
    strays = [stray for stray in blobs.files_older_than(older_than) if stray[0].name not in known]
    return freed, strays


def require_blobs(digests: Sequence[str]) -> None:
    """Raise Refused(blob-missing) with every digest in ``missing`` that is not stored."""
    missing = [digest for digest in dict.fromkeys(digests) if blobs.size_of(digest) is None]
    if missing:
        raise Refused("blob-missing", count=len(missing), missing=missing)


def enter(
    arrival: Arrival, digests: Sequence[str], moment: int, turn: Turn
) -> ReceiptPayload | Contradiction | None:
    """Append a statement that arrived at ``moment`` to the log; return the content of its receipt.

    None if the log has it already.  ``digests`` are the blobs that it names.  A statement that
    contradicts its key's chain is stored as evidence and its key is suspended; nothing is appended.

    Raises Refused: key-suspended, certificate-revoked, certificate-expired and the like,
    blob-missing.
    """
    statement, certificate, named = arrival.statement, arrival.certificate, arrival.named
    seen = turn.seen(arrival)
    if seen.present:
        return None
    require_standing(seen.state)
    received = guard.received(moment, turn.last, turn.size)
    contradiction = _contradiction(arrival, seen.known)
    if contradiction is not None:
        turn.pending.then(lambda: _keep(arrival, contradiction, received))
        return contradiction
    require_validity(named, received)
    require_blobs(digests)  # checked again, under the lock that the sweep takes, too
    seq, size = arrival.seq, turn.size
    missing = seq - 1 if seen.known.misses(seq - 1) else None
    proof = _append(arrival, turn, gap=missing is not None, received=received)
    # ``seq`` can only close a gap if a number above it is known
    filled = [seq] if seq + 1 in seen.known.arrived else []
    if statement.header.log_point is not None:
        turn.pending.then(
            lambda: forks.check_log_point(
                certificate=certificate, header=statement.header, size=size, now=received
            )
        )
    turn.pending.then(lambda: note_use(named, received))
    if filled or missing is not None:
        turn.pending.then(
            lambda: chain.note_gaps(
                certificate=certificate,
                filled=filled,
                by=arrival.name,
                missing=missing,
                now=received,
            )
        )
    return proof


def keep_contradiction(arrival: Arrival, *, now: int) -> None:
    """Store a statement that was refused for another reason, if it contradicts its chain.

    Its key is suspended.  Its signature is evidence even without its files, and somebody who copied
    a key need not upload any.  Raises Refused: chain-fork, chain-broken; key-suspended,
    certificate-revoked.
    """
    known = chain.known(arrival.chain, arrival.seq - 1, arrival.seq)
    if _contradiction(arrival, known) is None:  # nearly always; no lock is needed for that
        return
    with writing():
        turn = Turn([arrival])
        seen = turn.seen(arrival)
        require_standing(seen.state)
        contradiction = None if seen.present else _contradiction(arrival, seen.known)
        if contradiction is not None:
            _keep(arrival, contradiction, guard.received(now, turn.last, turn.size))
    if contradiction is not None:
        raise Refused(contradiction.code, seq=contradiction.seq)


def _keep(arrival: Arrival, found: Contradiction, received: int) -> None:
    forks.record(
        certificate=arrival.named,
        statement_id=arrival.name,
        raw=arrival.statement.raw,
        found=found,
        now=received,
    )


def _contradiction(arrival: Arrival, known: chain.Known) -> Contradiction | None:
    """The contradiction between a statement and what is known around its number, or None."""
    claimed = chain.claimed_ids(arrival.statement.header, arrival.name)
    return known.contradiction(claimed, own={arrival.seq}) or chain.check_key_pair_order(
        arrival.certificate, arrival.named, arrival.seq
    )


def seal(
    proof: ReceiptPayload,
    digests: Sequence[str],
    attached: Sequence[str],
    turn: Turn,
    signer: OfficeSigner,
) -> bytes:
    """Sign and store the receipt of a statement that was entered, and mark its blobs as evidence.

    Return the receipt.
    """
    bundle = signer.receipt(proof)
    turn.keep(
        leaf_index=proof.leaf_index,
        tree_size=proof.tree_size,
        bundle=bundle,
        digests=digests,
        attached=attached,
    )
    return bundle


def fresh_receipt(*, statement: Statement, at_least: int, signer: OfficeSigner) -> bytes:
    """A receipt of the statement over a log of at least ``at_least`` entries.

    That is the stored one if it suffices, otherwise a new one over the current log.  Raises
    Refused(proof-range) when the log is shorter.
    """
    if at_least <= statement.receipt.tree_size:
        return bytes(statement.receipt.bundle)
    size = selectors.log_size()
    if at_least > size:
        raise Refused("proof-range")
    return signer.receipt(_proof(statement, size))


def _append(arrival: Arrival, turn: Turn, *, gap: bool, received: int) -> ReceiptPayload:
    statement, index = arrival.statement, turn.size
    leaf = leaf_hash(log_leaf(statement.id, statement.raw, statement.digest, received))
    root, path = tree.append(turn, index, leaf)
    turn.append(arrival.named, statement, gap=gap, received=received)
    return ReceiptPayload(statement.id, index, index + 1, root, path, received)


def _proof(statement: Statement, size: int) -> ReceiptPayload:
    root, path = tree.root_and_inclusion(NODES, statement.leaf_index, size)
    return ReceiptPayload(
        bytes.fromhex(statement.statement_id),
        statement.leaf_index,
        size,
        root,
        path,
        statement.received,
    )


def correct_times(now: int) -> None:
    """Correct the times of blobs and gaps that were recorded with a clock ahead of ``now``.

    Sweeping and reminders count from these times.
    """
    Blob.objects.filter(stored_at__gt=now).update(stored_at=now)
    Gap.objects.filter(opened__gt=now, closed=None).update(opened=now)
