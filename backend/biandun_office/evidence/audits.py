"""Audit rings of keys: verified with the device key, compared with earlier ones, stored."""

from dataclasses import dataclass

from biandun_office.evidence.models import AuditRing
from biandun_office.issuance.models import Certificate
from biandun_office.issuance.selectors import certificate_of_serial, device_key_of
from biandun_office.platform import logs
from biandun_office.platform.database import writing
from biandun_office.platform.errors import Refused
from biandun_protocol.algorithms import Algorithm, PublicKey
from biandun_protocol.audit import Event, Ring, decode_export, serial_of, verify_audit


@dataclass(frozen=True)
class NewEvents:
    """An audit ring that was verified and stored.

    ``new`` are its events that the office had not seen.  ``lost`` is how many events between the
    last known one and these were overwritten in the key's ring buffer.
    """

    certificate: Certificate
    new: tuple[Event, ...]
    lost: int


def receive(*, raw: bytes, algorithm: Algorithm, now: int) -> NewEvents:
    """Verify an exported audit ring and store it; idempotent.

    Raises ManifestProblem and StatementProblem for an export that does not verify; Refused:
    serial-unknown, session-unavailable for a key whose device key was never certified,
    audit-contradicts for a ring whose events differ from those seen before.  Such a ring is stored,
    too.
    """
    export = decode_export(raw)
    certificate = certificate_of_serial(serial_of(export))
    ring = verify_audit(export, PublicKey(algorithm, device_key_of(certificate)))
    with writing():
        earlier = (
            AuditRing.objects.filter(device=certificate.device, contradicts=False)
            .order_by("-last")
            .first()
        )
        known, contradicts = _compared(ring, earlier)
        last, link = (
            (ring.events[-1].count, ring.events[-1].link) if ring.events else (0, ring.before)
        )
        AuditRing.objects.get_or_create(
            device=certificate.device,
            last=last,
            link=link.hex(),
            defaults={
                "first": last - len(ring.events) + 1,
                "contradicts": contradicts,
                "raw": raw,
                "received": now,
            },
        )
    logs.action("evidence.audit.taken", serial=ring.serial, last=last, contradicts=contradicts)
    if contradicts:
        raise Refused("audit-contradicts", serial=ring.serial)
    new = tuple(event for event in ring.events if event.count > known)
    return NewEvents(certificate, new, max(new[0].count - known - 1, 0) if new else 0)


def _compared(ring: Ring, earlier: AuditRing | None) -> tuple[int, bool]:
    """Compare a ring with the newest earlier one.

    Return the number of the last event that was known, and whether the ring contradicts it: it has
    another event at that number, or ends below it.
    """
    if earlier is None:
        return 0, False
    links = {event.count: event.link for event in ring.events}
    if ring.events:
        links[ring.events[0].count - 1] = ring.before
    if earlier.last in links:
        return earlier.last, links[earlier.last].hex() != earlier.link
    return earlier.last, max(links, default=0) < earlier.last
