"""The audit ring of a key: what it notes, that nothing in it can be changed, and who can ask for
it.
"""

from collections.abc import Callable

import pytest

from biandun import errors
from biandun.keys import Key
from biandun_protocol import audit
from biandun_protocol.algorithms import PublicKey
from biandun_protocol.errors import ManifestProblem, StatementProblem
from biandun_protocol.secret import Secret
from biandun_protocol.wire import cbor, codec
from biandun_protocol.wire.messages import AuditExport, AuditManifest
from biandun_protocol.wire.numbers import EVENT_BATCH_CONFIRMED, LIMIT_AUDIT, LIMIT_PIN_TRIES
from tests.firmware.conftest import Wire, set_back
from tests.support import softkey
from tests.support.person import PIN
from tests.support.softoffice import SoftOffice

WRONG = Secret(b"000000")


def device_of(key: Key) -> PublicKey:
    device = key.profile().device_key
    assert device is not None
    return PublicKey(key.algorithm, device)


def ring(key: Key) -> audit.Ring:
    return audit.verify_audit(key.audit(), device_of(key))


def names(key: Key) -> list[tuple[str, int]]:
    return [(event.name, event.detail) for event in ring(key).events]


def test_a_life_is_noted(key: Key, office: SoftOffice) -> None:
    key.unlock(PIN)
    key.set_pin(Secret(b"246802"), slot=2)
    key.change_pin(PIN, PIN)
    key.unlock(PIN)
    key.card.put(office.card([b"section"], 7))
    key.confirm_batch([bytes(32)] * 3, purpose="filing")
    office.reset(key)
    key.personalise(office.grant(key.answer_offer(office.offer()), version=2))
    assert names(key) == [
        ("personalised", 1),
        ("pin-set", 0),
        ("pin-set", 2),
        ("pin-changed", 0),
        ("card-in-force", 7),
        ("batch-confirmed", 3),
        ("reset", 1),
        ("personalised", 2),
    ]


def test_a_locked_key_tells_that_it_is_locked(key: Key) -> None:
    for _ in range(LIMIT_PIN_TRIES):
        with pytest.raises(errors.KeyRefused):
            key.unlock(WRONG)
    assert names(key)[-1] == ("pin-locked", 0)


def test_a_key_that_was_set_back_tells_it_and_that_it_was_reinstated() -> None:
    office = SoftOffice()
    wire, key = set_back(office, attempts=3)
    assert names(key)[-1] == ("set-back", 3)
    key.carry_out(office.order("reinstate", key.challenge(), 64))
    assert names(wire.restart())[-1] == ("reinstated", 64)


def test_an_event_says_in_which_boot_and_after_which_statement(key: Key, wire: Wire) -> None:
    key.sign(softkey.manifest(), purpose="filing", idempotency_key=b"k" * 16)
    again = wire.restart()
    again.unlock(PIN)
    again.confirm_batch([bytes(32)], purpose="filing")
    event = ring(again).events[-1]
    assert (event.seq, event.boots) == (1, wire.key.token.vault.seed.boots)


def test_the_ring_keeps_the_newest_and_their_links_hold(key: Key, wire: Wire) -> None:
    first = ring(key)
    for number in range(LIMIT_AUDIT + 10):
        wire.key.token.vault.note(EVENT_BATCH_CONFIRMED, number)
    later = ring(wire.restart())
    assert len(later.events) == LIMIT_AUDIT
    assert (later.events[-1].count, later.events[-1].detail) == (
        len(first.events) + LIMIT_AUDIT + 10,
        LIMIT_AUDIT + 9,
    )
    assert later.before != first.before


def test_what_two_exports_have_in_common_has_the_same_links(key: Key, wire: Wire) -> None:
    earlier = ring(key)
    wire.key.token.vault.note(EVENT_BATCH_CONFIRMED, 1)
    assert ring(key).events[: len(earlier.events)] == earlier.events


def test_nothing_is_asked_for_and_nothing_but_the_seed_is_written(key: Key, wire: Wire) -> None:
    again = wire.restart()
    wire.presence(False)
    first = again.audit().manifest
    before = wire.key.board.flash.operations
    assert again.audit().manifest == first
    assert wire.key.board.flash.operations == before


@pytest.mark.parametrize("field", ["manifest", "signature"])
def test_every_bit_of_an_export_counts(field: str, key: Key) -> None:
    export, device = key.audit(), device_of(key)
    raw = getattr(export, field)
    for place in range(0, 8 * len(raw), 5):
        flipped = bytearray(raw)
        flipped[place // 8] ^= 1 << place % 8
        changed = AuditExport(export.schema, export.manifest, export.signature)
        setattr(changed, field, bytes(flipped))
        with pytest.raises((StatementProblem, ManifestProblem)):
            audit.verify_audit(changed, device)


def forged(
    key: Key, wire: Wire, change: Callable[[AuditManifest, list[object]], None]
) -> AuditExport:
    """An export that a faulty key might sign."""
    manifest = codec.decode(AuditManifest, key.audit().manifest)
    rows = cbor.loads(manifest.entries)
    assert isinstance(rows, list)
    change(manifest, rows)  # type: ignore[arg-type]
    manifest.entries = cbor.dumps(rows)
    raw = codec.encode(manifest)
    token = wire.key.token
    assert token.vault.identity.device_key is not None
    signature = token.suite.crypto.sign(
        token.vault.identity.secret(22),
        token.vault.identity.device_key,
        audit.LABEL + token.suite.digest(raw),
        token.entropy.take(32),
    )
    return AuditExport("biandun-audit-export/1", raw, signature)


@pytest.mark.parametrize(
    "change",
    [
        lambda manifest, rows: rows.pop(0),
        lambda manifest, rows: rows.append([9, 9]),
        lambda manifest, rows: rows.append("no event"),
        lambda manifest, rows: rows.append([3, 1, 1, 1, -1]),
        lambda manifest, rows: setattr(manifest, "before", b"b" * 32),
        lambda manifest, rows: setattr(manifest, "schema", "biandun-links/1"),
    ],
    ids=[
        "an event missing",
        "a short one",
        "none",
        "a negative number",
        "another beginning",
        "another schema",
    ],
)
def test_an_export_that_makes_no_sense_is_refused(
    change: Callable[[object, list[object]], None], key: Key, wire: Wire
) -> None:
    export = forged(key, wire, change)  # type: ignore[arg-type]
    with pytest.raises(ManifestProblem):
        audit.verify_audit(export, device_of(key))


@pytest.mark.parametrize("raw", [b"", b"\xff", b"\xa0"])
def test_another_file_is_no_export(raw: bytes) -> None:
    with pytest.raises(ManifestProblem):
        audit.decode_export(raw)


def test_a_key_without_a_device_key_has_nothing_to_sign_it_with(
    wire: Wire, office: SoftOffice
) -> None:
    key = wire.open()
    key.personalise(office.grant(key.answer_offer(office.offer())))
    wire.key.token.vault.identity.device_key = None
    with pytest.raises(errors.KeyRefused) as caught:
        key.audit()
    assert caught.value.code == "session-unavailable"
