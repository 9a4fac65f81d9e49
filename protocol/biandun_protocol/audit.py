"""Verifying a key's exported audit ring (SPEC section 6.7).

It is signed by the device key, and each event is linked to the one before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import cast

from biandun_protocol import cbor, records
from biandun_protocol.algorithms import PublicKey
from biandun_protocol.wire.messages import AuditExport, AuditManifest
from biandun_protocol.wire.numbers import EVENT_NAMES, SCHEMA_AUDIT, SCHEMA_AUDIT_EXPORT

LABEL = b"BD1/audit"
FIELDS = 5


@dataclass(frozen=True)
class Event:
    """The ``count``-th event of a key.

    ``boots`` is the boot in which it happened, ``seq`` the number of the last statement then,
    ``link`` its link (32 bytes).
    """

    count: int
    event: int
    boots: int
    seq: int
    detail: int
    link: bytes

    @property
    def name(self) -> str:
        """The name of the event; the number when this version does not know it."""
        return EVENT_NAMES.get(self.event, str(self.event))


@dataclass(frozen=True)
class Ring:
    """A verified ring: the link before its first event, and the events."""

    serial: str
    before: bytes
    events: tuple[Event, ...]


def decode_export(raw: bytes) -> AuditExport:
    """Decode an exported ring.  Raises ManifestProblem: manifest-malformed, schema-unknown."""
    return records.read(AuditExport, raw, SCHEMA_AUDIT_EXPORT)


def serial_of(export: AuditExport) -> str:
    """Return the serial number that the export claims, unverified.  Raises ManifestProblem."""
    return _manifest(export).serial


def verify_audit(export: AuditExport, device_key: PublicKey) -> Ring:
    """Verify signature and links of an export.

    Raises StatementProblem(signature-invalid), ManifestProblem(manifest-malformed).
    """
    device_key.verify(LABEL + device_key.algorithm.digest(export.manifest), export.signature)
    manifest = _manifest(export)
    try:
        rows = cbor.items(cbor.loads(manifest.entries))
    except cbor.CborError as error:
        raise records.not_cbor(error, "entries") from None
    link, events = manifest.before, list[Event]()
    for place, row in enumerate(rows):
        fields = cbor.items(row)
        if len(fields) != FIELDS or not all(type(one) is int and one >= 0 for one in fields):
            raise records.wrong_part("entries")
        numbers = cast("Sequence[int]", fields)
        if numbers[0] != manifest.first + place:
            raise records.wrong_part("count")
        link = sha256(link + cbor.dumps(fields)).digest()
        count, event, boots, seq, detail = numbers
        events.append(Event(count, event, boots, seq, detail, link))
    if manifest.first == 1 and manifest.before != bytes(32):
        raise records.wrong_part("before")
    return Ring(manifest.serial, manifest.before, tuple(events))


def _manifest(export: AuditExport) -> AuditManifest:
    return records.read(AuditManifest, export.manifest, SCHEMA_AUDIT)
