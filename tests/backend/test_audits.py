"""Audit rings at the office: verified, compared with what came before, kept."""

from hashlib import sha256

import pytest

from biandun_office.evidence import audits
from biandun_office.evidence.models import AuditRing
from biandun_office.office.keys import new_key
from biandun_office.platform.errors import Refused
from biandun_protocol import cbor
from biandun_protocol.audit import LABEL
from biandun_protocol.errors import StatementProblem
from biandun_protocol.wire import codec
from biandun_protocol.wire.messages import AuditExport, AuditManifest, Grant
from biandun_protocol.wire.numbers import LIMIT_AUDIT, ROLES, SCHEMA_AUDIT, SCHEMA_AUDIT_EXPORT
from tests.backend.bench import Bench
from tests.support.softkey import SoftKey

SERIAL = "BD-TEST-0300"


class Device:
    """A key with a certified device key, and its ring."""

    def __init__(self, office: Bench, serial: str = SERIAL) -> None:
        self.office, self.serial = office, serial
        self.device = new_key(office.office.algorithm)
        self.key = SoftKey(
            serial=serial,
            signer=new_key(office.office.algorithm),
            device_key=self.device.public_key,
        )
        grant = office.issue(self.key, office.offer(), purposes=ROLES["unit"])
        self.key.personalise(codec.decode(Grant, grant))

    def export(self, last: int, detail: int = 0, signer: object = None) -> bytes:
        """The ring after ``last`` events; another ``detail`` makes other events."""
        link, links, rows = bytes(32), [bytes(32)], []
        for count in range(1, last + 1):
            rows.append([count, 2, 1, 0, detail])
            link = sha256(link + cbor.dumps(rows[-1])).digest()
            links.append(link)
        first = max(last - LIMIT_AUDIT + 1, 1)
        manifest = codec.encode(
            AuditManifest(
                SCHEMA_AUDIT, self.serial, first, links[first - 1], cbor.dumps(rows[first - 1 :])
            )
        )
        signature = (signer or self.device).sign(
            LABEL + self.office.office.algorithm.digest(manifest)
        )  # type: ignore[attr-defined]
        return codec.encode(AuditExport(SCHEMA_AUDIT_EXPORT, manifest, signature))


@pytest.fixture
def device(office: Bench) -> Device:
    return Device(office)


def take(device: Device, raw: bytes) -> audits.NewEvents:
    return audits.receive(raw=raw, algorithm=device.office.office.algorithm, now=5)


def test_a_ring_is_verified_and_kept_and_what_is_new_in_it_is_told(device: Device):
    assert [event.count for event in take(device, device.export(3)).new] == [1, 2, 3]
    assert [event.count for event in take(device, device.export(5)).new] == [4, 5]
    assert AuditRing.objects.count() == 2


def test_the_same_ring_again_changes_nothing(device: Device):
    raw = device.export(3)
    take(device, raw)
    assert take(device, raw).new == ()
    assert AuditRing.objects.count() == 1


def test_events_that_the_ring_has_lost_are_counted(device: Device):
    take(device, device.export(3))
    taken = take(device, device.export(3 + LIMIT_AUDIT + 10))
    assert (taken.lost, len(taken.new)) == (10, LIMIT_AUDIT)


def test_a_ring_that_goes_on_just_where_the_last_one_ended_has_lost_nothing(device: Device):
    take(device, device.export(3))
    assert take(device, device.export(3 + LIMIT_AUDIT)).lost == 0


@pytest.mark.parametrize(
    ("last", "detail"), [(5, 1), (2, 0), (0, 0)], ids=["others", "fewer", "none"]
)
def test_a_ring_that_names_other_events_is_refused_and_kept(device: Device, last: int, detail: int):
    take(device, device.export(3))
    with pytest.raises(Refused) as caught:
        take(device, device.export(last, detail))
    assert caught.value.code == "audit-contradicts"
    assert AuditRing.objects.filter(contradicts=True).count() == 1
    assert take(device, device.export(4)).lost == 0


def test_a_ring_that_another_device_signed_is_refused(device: Device):
    with pytest.raises(StatementProblem):
        take(device, device.export(3, signer=new_key(device.office.office.algorithm)))
    assert AuditRing.objects.count() == 0


def test_a_ring_of_a_key_without_a_certified_device_key_is_refused(office: Bench, device: Device):
    office.new_key(serial="BD-TEST-0400")
    device.serial = "BD-TEST-0400"
    with pytest.raises(Refused) as caught:
        take(device, device.export(1))
    assert caught.value.code == "session-unavailable"


def test_a_ring_of_an_unknown_key_is_refused(device: Device):
    device.serial = "BD-UNKNOWN"
    with pytest.raises(Refused) as caught:
        take(device, device.export(1))
    assert caught.value.code == "serial-unknown"
