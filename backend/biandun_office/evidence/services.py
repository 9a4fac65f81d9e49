"""Writes to the evidence: blobs, and the one transaction that takes a statement in."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings

from biandun_office import logs, sql
from biandun_office.database import writing
from biandun_office.errors import Refused, StorageFull
from biandun_office.evidence import blobs, chain, forks, kept, selectors, tree
from biandun_office.evidence.chain import Contradiction
from biandun_office.evidence.models import Attached, Blob, Receipt, Statement
from biandun_office.evidence.selectors import NODES
from biandun_office.flow import services as flow
from biandun_office.group_commit import GroupCommit
from biandun_office.issuance.checks import require_standing, require_validity
from biandun_office.issuance.models import Certificate
from biandun_office.issuance.states import note_use
from biandun_office.registry.models import Unit
from biandun_office.signing import OfficeSigner
from biandun_office.timekeeping import guard
from biandun_protocol import cose
from biandun_protocol.algorithms import ES256, Algorithm
from biandun_protocol.package import Manifest
from biandun_protocol.wire.merkle import leaf_hash
from biandun_protocol.wire.statement import ReceiptPayload, log_leaf

# what must be read again under the lock: is the statement there by now, may the key still sign, where does the log stand
_UNDER_LOCK = (
    "SELECT (SELECT leaf_index FROM evidence_statement WHERE statement_id = %s),"
    " (SELECT state FROM issuance_certificate WHERE chain = %s AND state <> 'SUPERSEDED' ORDER BY version DESC LIMIT 1),"
    " (SELECT COALESCE(MAX(leaf_index) + 1, 0) FROM evidence_statement),"
    " COALESCE((SELECT received FROM evidence_statement ORDER BY leaf_index DESC LIMIT 1), 0)"
)


@dataclass(frozen=True)
class Arrival:
    """A statement whose signature holds, and whose it is.

    ``certificate`` is the newest of its chain, ``named`` the one that the statement names: the same, or one before it.
    """

    statement: cose.Statement
    certificate: Certificate
    named: Certificate


@dataclass(frozen=True)
class Submission:
    """What has arrived with its manifest, for a unit."""

    arrival: Arrival
    manifest: Manifest
    unit: Unit

    @property
    def attached(self) -> list[str]:
        """The digests of the attachments, each once."""
        return list(dict.fromkeys(attachment.sha256.hex() for attachment in self.manifest.form.attachments))


@dataclass(frozen=True)
class Accepted:
    """The answer to a submission; ``created`` is False when the office had the statement already."""

    statement_id: str
    case: str
    bundle: bytes
    created: bool


def store_blob(*, digest: str, stream: blobs.Stream, announced: int, now: int, algorithm: Algorithm = ES256) -> bool:
    """Store an upload under its digest; return whether it is new.  ``announced`` is its stated size, 0 when there is none.

    ``algorithm`` is the office's: its hash names manifests, SHA-256 everything.

    An upload is read and hashed even when the blob is there: a corrupted copy must not be answered with "stored".
    Raises Refused: blob-too-large, blob-mismatch, storage-full.
    """
    if announced > blobs.LIMIT_ATTACHMENT:
        raise Refused("blob-too-large")
    if blobs.size_of(digest) is None and selectors.unreferenced_bytes() + announced > settings.UNREFERENCED_BLOBS_LIMIT:
        raise StorageFull
    with blobs.incoming(digest, stream, algorithm) as (temporary, size), writing():
        present = blobs.size_of(digest) is not None
        row = Blob.objects.filter(sha256=digest).first()
        if row is None and selectors.unreferenced_bytes() + size > settings.UNREFERENCED_BLOBS_LIMIT:
            raise StorageFull
        Blob.objects.update_or_create(sha256=digest, defaults={"size": size, "stored_at": now})
        blobs.adopt(temporary, digest)
    return not present


def sweep_blobs(*, older_than: int) -> tuple[int, int]:
    """Delete what no evidence rests on and was uploaded before ``older_than``; return how many files and bytes.

    Runs under the write lock, so that no statement can come to rely on a blob while it goes.  Files go before anything is written: on a
    full disk there is room for it afterwards.  A row whose file is gone counts for nothing, and goes with the next sweep.
    """
    with writing():
        spared = forks.kept_files()
        old = Blob.objects.filter(referenced=False, stored_at__lt=older_than)
        freed = [(row.sha256, row.size) for row in old if row.sha256 not in spared]
        known = spared | set(Blob.objects.values_list("sha256", flat=True))
        strays = [path for path in blobs.files_older_than(older_than) if path.name not in known]
        total = sum(size for _, size in freed)
        for digest, _ in freed:
            blobs.remove(digest)
        for path in strays:  # left by an upload that was cut off between file and row
            total += path.stat().st_size
            path.unlink(missing_ok=True)
        forks.reference_files()  # also those that came after the fork, or before this program did
        old.delete()
    logs.action("evidence.blobs.swept", files=len(freed) + len(strays), bytes=total)
    return len(freed) + len(strays), total


def require_blobs(digests: Sequence[str]) -> None:
    """Raise Refused(blob-missing) with every digest in ``missing`` that is not stored."""
    missing = [digest for digest in dict.fromkeys(digests) if blobs.size_of(digest) is None]
    if missing:
        raise Refused("blob-missing", count=len(missing), missing=missing)


_arrivals = GroupCommit()


def accept(submission: Submission, *, now: int, signer: OfficeSigner) -> Accepted:
    """Append a verified statement to the log, let it open or move its case, and make its receipt: all of it or nothing.

    Statements that arrive together share a commit (``group_commit``); no receipt is handed out before its own is durable.

    A statement that contradicts its key's chain is kept as evidence, and its key suspended, before it is refused.
    Raises Refused: key-suspended, certificate-revoked, blob-missing, chain-fork, chain-broken, certificate-expired and what
    ``flow.services.take`` raises.
    """
    outcome = _arrivals.run(lambda: _accept(submission, now, signer))
    if isinstance(outcome, Contradiction):
        raise Refused(outcome.code, seq=outcome.seq)
    return outcome


def _accept(submission: Submission, now: int, signer: OfficeSigner) -> Accepted | Contradiction:
    statement = submission.arrival.statement
    digests = [statement.digest.hex(), *submission.attached]
    proof = enter(submission.arrival, digests, now)
    if proof is None:  # two clients may have come this far at once
        return _again(statement.id.hex())
    if isinstance(proof, Contradiction):
        return proof
    case = flow.take(form=submission.manifest.form, unit=submission.unit, leaf_index=proof.leaf_index, received=proof.received)
    bundle = seal(proof, digests, submission.attached, signer)
    return Accepted(statement.id.hex(), case, bundle, created=True)


def enter(arrival: Arrival, digests: Sequence[str], now: int) -> ReceiptPayload | Contradiction | None:
    """Append a statement to the log, under the caller's write lock: return its proof, or None when it is there already.

    ``digests`` are the blobs that it rests on.  One that contradicts its key's chain is kept as evidence, its key suspended, and nothing
    appended.  Raises Refused: key-suspended, certificate-revoked, certificate-expired and kin, blob-missing.
    """
    statement, certificate, named = arrival.statement, arrival.certificate, arrival.named
    header, name = statement.header, statement.id.hex()
    present, state, size, last = sql.rows(_UNDER_LOCK, name, certificate.chain)[0]
    if present is not None:
        return None
    require_standing(state)
    received = guard.received(now, last, size)
    known, contradiction = _compared(arrival)
    if contradiction is not None:
        forks.record(certificate=named, statement_id=name, raw=statement.raw, found=contradiction, now=received)
        return contradiction
    require_validity(named, received)
    require_blobs(digests)  # again, under the lock that the sweep takes too
    seq = header.seq or 0
    missing = seq - 1 if known.misses(seq - 1) else None
    forks.check_log_point(certificate=certificate, header=header, size=size, now=received)
    note_use(named, received)
    proof = _append(statement, named, index=size, gap=missing is not None, received=received)
    filled = [seq] if seq + 1 in known.arrived else []  # nothing waits for a number above which nothing is known
    chain.note_gaps(certificate=certificate, filled=filled, by=name, missing=missing, now=received)
    return proof


def keep_contradiction(arrival: Arrival, *, now: int) -> None:
    """Keep a statement that is refused for something else when it also contradicts its key's chain, and suspend the key.

    Its signature proves it whatever became of its files: whoever copied a key need not upload any.
    Raises Refused: chain-fork, chain-broken; key-suspended, certificate-revoked.
    """
    if _compared(arrival)[1] is None:  # nearly always: nothing is locked for it
        return
    with writing():
        present, state, size, last = sql.rows(_UNDER_LOCK, arrival.statement.id.hex(), arrival.certificate.chain)[0]
        require_standing(state)
        contradiction = None if present is not None else _compared(arrival)[1]
        if contradiction is not None:
            statement, name = arrival.statement, arrival.statement.id.hex()
            received = guard.received(now, last, size)
            forks.record(certificate=arrival.named, statement_id=name, raw=statement.raw, found=contradiction, now=received)
    if contradiction is not None:
        raise Refused(contradiction.code, seq=contradiction.seq)


def _compared(arrival: Arrival) -> tuple[chain.Known, Contradiction | None]:
    """What is known around a statement's number, and how the statement contradicts it."""
    header, seq = arrival.statement.header, arrival.statement.header.seq or 0
    known = chain.known(arrival.certificate.chain, seq - 1, seq)
    told = chain.told_by(header, arrival.statement.id.hex())
    return known, known.contradiction(told, own={seq}) or chain.out_of_turn(arrival.certificate, arrival.named, seq)


def seal(proof: ReceiptPayload, digests: Sequence[str], attached: Sequence[str], signer: OfficeSigner) -> bytes:
    """Sign the receipt of what was entered, and keep it; from now on its blobs are evidence.  Returns the receipt."""
    bundle = signer.receipt(proof)
    sql.insert(Receipt, proof.leaf_index, bundle, proof.tree_size)
    sql.insert_many(Attached, [(proof.leaf_index, digest) for digest in attached])
    kept.reference(digests, proof.received)
    return bundle


def answer_again(statement_id: str) -> Accepted | None:
    """The answer for a statement that the office accepted before: the same receipt.  None for one that it does not know."""
    given = selectors.answer_given(statement_id)
    return given and Accepted(statement_id, *given, created=False)


def _again(statement_id: str) -> Accepted:
    given = answer_again(statement_id)
    if given is None:
        raise RuntimeError("an accepted statement without case or receipt")
    return given


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


def _append(statement: cose.Statement, certificate: Certificate, *, index: int, gap: bool, received: int) -> ReceiptPayload:
    header = statement.header
    leaf = leaf_hash(log_leaf(statement.id, statement.raw, statement.digest, received))
    root, path = tree.append(NODES, index, leaf)
    sql.insert(
        Statement,
        index,
        statement.id.hex(),
        statement.raw,
        statement.digest.hex(),
        header.purpose,
        certificate.pk,
        header.kid.hex(),
        header.uscc,
        header.seq,
        (header.prev or b"").hex(),
        gap,
        received,
    )
    return ReceiptPayload(statement.id, index, index + 1, root, path, received)


def _proof(statement: Statement, size: int) -> ReceiptPayload:
    root, path = tree.root_and_inclusion(NODES, statement.leaf_index, size)
    return ReceiptPayload(bytes.fromhex(statement.statement_id), statement.leaf_index, size, root, path, statement.received)
