"""Writes to the evidence: blobs, and what becomes of a statement in the log: its leaf, its chain,
its receipt.

They know no case: ``reception`` lets a statement take effect between ``enter`` and ``seal``.
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
    """Store an upload under its digest; return whether it is new.  ``announced`` is its stated
    size, 0 when there is none.

    ``algorithm`` is the office's: its hash names manifests, SHA-256 everything.

    An upload is read and hashed even when the blob is there: a corrupted copy must not be answered
    with "stored".  Raises Refused: blob-too-large, blob-mismatch, storage-full.
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
    """Delete what no evidence rests on and was uploaded before ``older_than``; return how many
    files and bytes.

    Runs under the write lock, so that no statement can come to rely on a blob while it goes.  Files
    go before anything is written: on a full disk there is room for it afterwards.  A row whose file
    is gone counts for nothing, and goes with the next sweep.
    """
    with writing():
        freed, strays = _sweepable(older_than)
        for digest, _ in freed:
            blobs.remove(digest)
        for path, _ in strays:
            path.unlink(missing_ok=True)
        forks.reference_files()  # also those that came after the fork, or before this program did
        Blob.objects.filter(referenced=False, stored_at__lt=older_than).delete()
    total = sum(size for _, size in (*freed, *strays))
    logs.action("evidence.blobs.swept", files=len(freed) + len(strays), bytes=total)
    return len(freed) + len(strays), total


def sweepable_bytes(*, older_than: int) -> int:
    """What ``sweep_blobs`` would free now; nothing is written for it."""
    freed, strays = _sweepable(older_than)
    return sum(size for digest, size in freed if blobs.size_of(digest) is not None) + sum(
        size for _, size in strays
    )


def _sweepable(older_than: int) -> tuple[list[tuple[str, int]], list[tuple[Path, int]]]:
    """Blobs that no evidence rests on, by name and size; files without a row, which an upload left
    that was cut off.
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
    """Append a statement that came at ``moment`` to the log: return its proof, or None when it is
    there already.

    ``digests`` are the blobs that it rests on.  One that contradicts its key's chain is kept as
    evidence, its key suspended, and nothing appended.  Raises Refused: key-suspended,
    certificate-revoked, certificate-expired and kin, blob-missing.
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
    require_blobs(digests)  # again, under the lock that the sweep takes too
    seq, size = arrival.seq, turn.size
    missing = seq - 1 if seen.known.misses(seq - 1) else None
    proof = _append(arrival, turn, gap=missing is not None, received=received)
    # nothing waits for a number above which nothing is known
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
    """Keep a statement that is refused for something else when it also contradicts its key's chain,
    and suspend the key.

    Its signature proves it whatever became of its files: whoever copied a key need not upload any.
    Raises Refused: chain-fork, chain-broken; key-suspended, certificate-revoked.
    """
    known = chain.known(arrival.chain, arrival.seq - 1, arrival.seq)
    if _contradiction(arrival, known) is None:  # nearly always: nothing is locked for it
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
    """How a statement contradicts what is known around its number."""
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
    """Sign the receipt of what was entered, and keep it; from now on its blobs are evidence.
    Returns the receipt.
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
    """The statement's receipt; one over the whole log of today when the stored one covers less than
    ``at_least`` leaves.

    Raises Refused(proof-range) when the log itself is shorter.
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


def take_back(now: int) -> None:
    """Correct the times after ``now`` from which blobs wait to be swept, and gaps to be reminded
    of.
    """
    Blob.objects.filter(stored_at__gt=now).update(stored_at=now)
    Gap.objects.filter(opened__gt=now, closed=None).update(opened=now)
