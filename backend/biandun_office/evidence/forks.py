"""What the office does when a key contradicts itself or the office's log.

It stores the evidence, suspends the key, and raises an alert for a person.
"""

from biandun_office.evidence import kept, selectors, tree
from biandun_office.evidence.chain import Contradiction
from biandun_office.evidence.models import Alert, ForkEvidence
from biandun_office.evidence.selectors import NODES
from biandun_office.issuance import states
from biandun_office.issuance.models import Certificate
from biandun_office.platform import logs
from biandun_protocol.cose import Header
from biandun_protocol.wire.merkle import EMPTY_ROOT


def record(
    *, certificate: Certificate, statement_id: str, raw: bytes, found: Contradiction, now: int
) -> None:
    """Store a contradicting statement and mark its files as evidence; suspend its key.

    Idempotent: a statement that is submitted again changes nothing.
    """
    if ForkEvidence.objects.filter(pk=statement_id).exists():
        return
    ForkEvidence.objects.create(
        statement_id=statement_id,
        certificate=certificate,
        kid=certificate.kid,
        seq=found.seq,
        raw=raw,
        reason=found.code,
        known=found.known,
        received=now,
    )
    kept.reference_kept(raw, now)
    states.suspend(certificate=certificate, reason=f"{found.code} seq {found.seq}", now=now)
    _raise(certificate, Alert.Kind.FORK, f"seq {found.seq}: {statement_id} / {found.known}", now)


def reference_files() -> None:
    """Mark as evidence every stored blob that a kept statement names.

    Runs in the caller's transaction.
    """
    for raw, received in ForkEvidence.objects.values_list("raw", "received").iterator():
        kept.reference_kept(bytes(raw), received)


def kept_files() -> set[str]:
    """The digests of all files that kept statements name, marked as evidence or not."""
    return {
        file.digest
        for raw in ForkEvidence.objects.values_list("raw", flat=True).iterator()
        for file in kept.files_of(bytes(raw))
    }


def check_log_point(*, certificate: Certificate, header: Header, size: int, now: int) -> None:
    """Compare the log state that a key signed in ``header`` with the log of ``size`` entries.

    A key that has seen a longer log, or another root, proves that this log was rolled back or
    rewritten.  That raises an alert.
    """
    if header.log_point is None:
        return
    seen, root = header.log_point
    if seen <= size and root == (tree.root(NODES, seen) if seen else EMPTY_ROOT):
        return
    _raise(certificate, Alert.Kind.ROLLBACK, f"{seen} {root.hex()}", now)


def open_alerts() -> list[Alert]:
    """Every unresolved alert, oldest first."""
    return list(selectors.alerts().filter(resolved=None))


def _raise(certificate: Certificate, kind: Alert.Kind, detail: str, now: int) -> None:
    if Alert.objects.filter(
        certificate=certificate, kind=kind, detail=detail, resolved=None
    ).exists():
        return
    Alert.objects.create(kind=kind, certificate=certificate, detail=detail, raised=now)
    logs.action(
        f"evidence.alert.{kind.value.lower()}", serial=certificate.device.serial, detail=detail
    )


def resolve(certificate: Certificate, resolution: str, now: int) -> None:
    """Resolve the fork alerts of a key, because a person has decided about it."""
    forks = Alert.objects.filter(
        certificate__chain=certificate.chain, kind=Alert.Kind.FORK, resolved=None
    )
    forks.update(resolved=now, resolution=resolution)
