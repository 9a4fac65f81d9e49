"""A new key pair for a key in service: the old one names it, the office certifies it, one chain
goes on across both.
"""

import pytest

from biandun.key import succession
from biandun.keys import Key
from biandun.ui import Silent
from biandun_protocol import cose
from biandun_protocol.algorithms import ES256, SM2, Algorithm, PublicKey
from biandun_protocol.audit import verify_audit
from biandun_protocol.certificate import Signed
from biandun_protocol.errors import (
    CertificateProblem,
    ManifestProblem,
    ProtocolProblem,
    StatementProblem,
)
from biandun_protocol.secret import Secret
from biandun_protocol.succession import Granted, Succession
from biandun_protocol.wire import codec
from biandun_protocol.wire.numbers import EVENT_SUCCEEDED, ROLES
from biandun_protocol.wire.otpmodel import OtpModel
from etoken.vault import records
from tests.firmware.conftest import Wire, refusal
from tests.firmware.cuts import chain_holds
from tests.firmware.test_vault import rewritten, stored
from tests.firmware.testboard import TestBoard
from tests.support import softkey
from tests.support.person import PIN
from tests.support.softoffice import NOW, SoftOffice

PURPOSES = list(ROLES["unit"])
MANIFEST = softkey.manifest()


def in_service(wire: Wire, office: SoftOffice, **changed: object) -> Key:
    key = wire.open()
    key.personalise(
        office.grant(key.answer_offer(office.offer()), **{"purposes": PURPOSES, **changed})
    )
    key.set_pin(PIN)
    return key


@pytest.fixture
def served(wire: Wire, office: SoftOffice) -> Key:
    """A key of a unit's role in service, which has signed once."""
    key = in_service(wire, office)
    sign(key, 1)
    return key


def sign(key: Key, number: int) -> cose.Statement:
    signed = key.sign(
        MANIFEST, purpose="filing", idempotency_key=bytes((number,)) * 16, claimed_time=NOW
    )
    return cose.parse(signed.statement, purpose="filing")


def own(key: Key) -> PublicKey:
    assert key.public_key is not None
    return key.public_key


def swap(key: Key, office: SoftOffice, version: int = 2) -> tuple[Succession, Granted]:
    """The whole way: ask, be answered, take."""
    asked = succession.ask(key)
    granted = office.succeed(asked, own(key).point, version, purposes=PURPOSES)
    succession.install(key, granted)
    return asked, granted


# --- the whole way ----------------------------------------------------
@pytest.mark.parametrize("algorithm", [ES256, SM2], ids=["es256", "sm2"])
def test_a_chain_goes_on_from_the_old_pair_to_the_new_one(algorithm: Algorithm, wire: Wire) -> None:
    office = SoftOffice(algorithm=algorithm)
    key = in_service(wire, office)
    first, old = sign(key, 1), own(key)
    asked, _ = swap(key, office)
    named = cose.parse(asked.named.statement, purpose="succession")
    last, new = sign(key, 2), own(key)
    cose.verify(last, new)
    cose.verify(named, old)
    assert old.point != new.point
    assert [one.header.seq for one in (first, named, last)] == [1, 2, 3]
    assert (named.header.prev, last.header.prev) == (first.id, named.id)
    assert chain_holds(wire)
    assert not wire.key.board.reported


def test_the_old_pair_signs_until_the_answer_is_here(served: Key) -> None:
    old = own(served)
    succession.ask(served)
    cose.verify(sign(served, 2), old)
    assert served.refresh().public_key == old.point


def test_asked_again_a_key_makes_no_second_pair_and_signs_no_second_statement(
    served: Key, wire: Wire
) -> None:
    asked = succession.ask(served)
    again = succession.ask(wire.restart())
    assert again.named == asked.named
    assert again.proof.manifest == asked.proof.manifest
    assert wire.open().chain().seq == 2


def test_what_was_signed_under_the_old_pair_takes_its_receipt_later(
    served: Key, office: SoftOffice
) -> None:
    second = sign(served, 2)
    _, granted = swap(served, office)
    receipt = office.take_in(second.raw)
    size = granted.receipt.read().tree_size
    assert served.keep_receipt(receipt, office.consistency(size)) == 2
    assert served.fetch(seq=2).statement == second.raw


def test_the_receipt_of_the_statement_comes_with_the_answer(
    served: Key, office: SoftOffice
) -> None:
    swap(served, office)
    assert served.fetch(seq=2).receipt is not None
    assert served.chain().waiting == 1  # the filing before it


def test_the_answer_carries_the_proof_that_the_log_only_grew(
    served: Key, office: SoftOffice
) -> None:
    served.keep_receipt(office.take_in(served.fetch(seq=1).statement))
    for _ in range(3):
        office.leaves.append(bytes(32))
    _, granted = swap(served, office)
    assert granted.consistency
    assert served.chain().log_size == 5


def test_an_answer_that_comes_twice_is_taken_twice(
    served: Key, office: SoftOffice, wire: Wire
) -> None:
    _, granted = swap(served, office)
    assert succession.install(wire.restart(), granted) == 2


def test_a_key_may_change_its_pair_again(served: Key, office: SoftOffice, wire: Wire) -> None:
    swap(served, office)
    second = own(served)
    swap(served, office, 3)
    assert own(served).point != second.point
    assert sign(served, 9).header.seq == 4
    assert chain_holds(wire)


def test_pins_users_and_shares_stay(wire: Wire, office: SoftOffice) -> None:
    key = in_service(wire, office)
    key.unlock(PIN)
    key.set_pin(Secret(b"246802"), slot=2)
    key.unlock(PIN)
    key.recovery.name_officers(office.officers())
    shares = key.recovery.shares().manifest
    swap(key, office)
    key = wire.restart()
    assert (key.pin_slots, key.recovery.shares().manifest) == ((0, 2), shares)
    key.unlock(Secret(b"246802"), slot=2)
    key.recovery.unblock(0, office.codes(key), Secret(b"a new beginning"))
    key.unlock(Secret(b"a new beginning"))
    cose.verify(sign(key, 7), own(key))


def test_nothing_of_the_old_pair_stays_on_flash(
    served: Key, office: SoftOffice, wire: Wire
) -> None:
    before = wire.key.token.vault._journal.get(records.KEY_PAIR)
    assert before is not None
    sealed = before[-40:]
    assert sealed in bytes(wire.key.board.flash.cells)
    swap(served, office)
    served.unlock(PIN)
    assert sealed not in bytes(wire.key.board.flash.cells)


def test_a_change_of_pair_stands_in_the_audit_ring(served: Key, office: SoftOffice) -> None:
    swap(served, office)
    audit = verify_audit(
        served.audit(), PublicKey(served.algorithm, served.profile().device_key or b"")
    )
    assert (audit.events[-1].event, audit.events[-1].detail) == (EVENT_SUCCEEDED, 2)


def test_a_key_that_is_full_compacts_and_keeps_the_pair_that_it_made(
    served: Key, office: SoftOffice, wire: Wire
) -> None:
    asked = succession.ask(served)
    wire.key.token.vault._journal.compact()
    key = wire.restart()
    succession.install(key, office.succeed(asked, own(key).point, purposes=PURPOSES))
    cose.verify(sign(key, 3), own(key))


def test_an_image_from_before_the_change_is_found_out(office: SoftOffice) -> None:
    wire = Wire(TestBoard(otp=OtpModel()))
    key = in_service(wire, office)
    asked = succession.ask(key)
    older = bytes(wire.key.board.flash.cells)
    succession.install(key, office.succeed(asked, own(key).point, purposes=PURPOSES))
    wire.key.board.flash.cells[:] = older
    key = wire.restart()
    assert key.chain().forgotten
    assert refusal(lambda: sign(key, 5)) == "rolled-back"


def test_an_image_without_the_end_of_the_log_is_found_out_too(office: SoftOffice) -> None:
    """Somebody with a programmer drops the record of the new certificate, when the key has been
    unlocked under it.
    """
    wire = Wire(TestBoard(otp=OtpModel()))
    key = in_service(wire, office)
    asked = succession.ask(key)
    key.personalise(office.succeed(asked, own(key).point, purposes=PURPOSES).grant)
    rows = stored(wire.key.board.flash)
    assert rows[-1][0] == records.PROFILE
    cut = rewritten(wire.key.board.flash, rows[:-1])
    key.unlock(PIN)
    wire.key.board.flash.cells[:] = cut.cells
    key = wire.restart()
    assert key.chain().forgotten
    assert refusal(lambda: sign(key, 6)) == "rolled-back"


def test_under_a_renewed_certificate_the_same_pair_is_named_anew(
    served: Key, office: SoftOffice
) -> None:
    first = succession.ask(served)
    device = served.profile().device_key
    served.personalise(
        office.grant_for(
            served.info.serial, own(served).point, version=2, device_key=device, purposes=PURPOSES
        )
    )
    second = succession.ask(served)
    headers = [
        cose.parse(asked.named.statement, purpose="succession").header for asked in (first, second)
    ]
    assert [header.seq for header in headers] == [2, 3]
    assert headers[0].x5t != headers[1].x5t
    assert first.named.manifest == second.named.manifest


def test_what_the_unit_card_stops_is_stopped_here_too(served: Key, office: SoftOffice) -> None:
    served.card.put(office.card([b"section"], max_offline=1))
    sign(served, 2)
    assert refusal(lambda: succession.ask(served)) == "offline-limit"


def test_a_key_whose_device_key_the_office_does_not_know_makes_no_pair(wire: Wire) -> None:
    office = SoftOffice(sessions=False)
    key = wire.open()
    key.pin_in_clear = True
    key.personalise(office.grant(key.answer_offer(office.offer()), purposes=PURPOSES))
    key.set_pin(PIN)
    assert refusal(lambda: succession.ask(key)) == "session-unavailable"
    assert key.chain().seq == 0


def test_a_reset_takes_the_next_pair_with_it(served: Key, office: SoftOffice, wire: Wire) -> None:
    asked = succession.ask(served)
    next_point = asked.verify(own(served)).public_key
    office.reset(served)
    assert wire.key.token.vault.identity.next_public_key is None
    key = wire.restart()
    key.answer_offer(office.offer())
    assert own(key).point != next_point


# --- who may, and what is refused -------------------------------------
def test_it_takes_user_0_the_purpose_and_the_button(served: Key, wire: Wire) -> None:
    served.set_pin(Secret(b"246802"), slot=2)
    served.unlock(Secret(b"246802"), slot=2)
    assert refusal(lambda: succession.ask(served)) == "slot-refused"
    served.unlock(PIN)
    wire.presence(False)
    assert refusal(lambda: succession.ask(served)) == "presence-refused"
    assert wire.key.token.vault.identity.next_public_key is None
    assert served.chain().seq == 1


def test_without_a_pin_nothing_is_made(served: Key) -> None:
    served.lock()
    served.ui = Silent()
    assert refusal(lambda: succession.ask(served)) == "pin-required"


def test_a_profile_without_the_purpose_makes_no_pair(key: Key) -> None:
    assert refusal(lambda: succession.ask(key)) == "purpose-refused"


def test_an_expired_certificate_is_no_start(wire: Wire, office: SoftOffice) -> None:
    key = in_service(wire, office, not_after=NOW + 10)
    first = sign(key, 1)
    key.keep_receipt(office.take_in(first.raw, received=NOW + 11))
    assert refusal(lambda: succession.ask(key)) == "certificate-expired"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"version": 1}, "profile-older"),
        ({"uscc": "11629900MB0000019C"}, "unit-mismatch"),
        ({"device_key": None}, "profile-invalid"),
        ({"serial": "BD-OTHER"}, "serial-mismatch"),
    ],
)
def test_a_new_pair_changes_neither_unit_nor_device(
    changed: dict[str, object], code: str, served: Key, office: SoftOffice
) -> None:
    proof = succession.ask(served).verify(own(served))
    fields = {"version": 2, "device_key": proof.device_key, "purposes": PURPOSES, **changed}
    grant = office.grant_for(str(fields.pop("serial", proof.serial)), proof.public_key, **fields)
    before = own(served)
    assert refusal(lambda: served.personalise(grant)) == code
    served.refresh()
    assert own(served).point == before.point


def test_a_certificate_for_the_old_pair_does_not_come_back(served: Key, office: SoftOffice) -> None:
    old, device = own(served).point, served.profile().device_key
    swap(served, office)
    grant = office.grant_for(
        served.info.serial, old, version=9, device_key=device, purposes=PURPOSES
    )
    assert refusal(lambda: served.personalise(grant)) == "key-mismatch"


def test_the_old_pair_may_be_renewed_while_the_answer_is_on_its_way(
    served: Key, office: SoftOffice
) -> None:
    asked = succession.ask(served)
    old, device = own(served).point, served.profile().device_key
    served.personalise(
        office.grant_for(served.info.serial, old, version=2, device_key=device, purposes=PURPOSES)
    )
    succession.install(served, office.succeed(asked, old, 3, purposes=PURPOSES))
    assert own(served).point != old


# --- the request, as the office judges it -----------------------------
@pytest.fixture
def asked(served: Key) -> Succession:
    return succession.ask(served)


def test_a_request_survives_its_file(asked: Succession) -> None:
    assert Succession.decode(asked.encode()) == asked


@pytest.mark.parametrize("part", ["named", "proof"])
def test_a_flipped_bit_anywhere_in_the_request_is_refused(
    part: str, asked: Succession, served: Key
) -> None:
    signed: Signed = getattr(asked, part)
    for name in ("statement", "manifest"):
        content = getattr(signed, name)
        for position in range(0, len(content), 7):
            broken = bytearray(content)
            broken[position] ^= 0x10
            parts = {"named": asked.named, "proof": asked.proof}
            parts[part] = Signed(
                **{"statement": signed.statement, "manifest": signed.manifest, name: bytes(broken)}
            )
            with pytest.raises(ProtocolProblem):
                Succession(**parts).verify(own(served))


def other_request(office: SoftOffice, serial: str = "BD-TEST-0002") -> tuple[Key, Succession]:
    wire = Wire(TestBoard(serial=serial))
    key = in_service(wire, office)
    return key, succession.ask(key)


def test_the_proof_of_another_request_is_refused(
    asked: Succession, served: Key, office: SoftOffice
) -> None:
    _, foreign = other_request(office)
    with pytest.raises(CertificateProblem) as caught:
        Succession(asked.named, foreign.proof).verify(own(served))
    assert caught.value.values["field"] in ("serial", "public_key", "nonce")


def test_a_statement_of_another_key_is_refused(served: Key, office: SoftOffice) -> None:
    _, foreign = other_request(office)
    with pytest.raises(StatementProblem) as caught:
        foreign.verify(own(served))
    assert caught.value.code == "kid-mismatch"


def test_an_answer_survives_its_file(served: Key, office: SoftOffice) -> None:
    _, granted = swap(served, office)
    again = Granted.decode(granted.encode())
    assert (codec.encode(again.grant), again.receipt) == (
        codec.encode(granted.grant),
        granted.receipt,
    )


@pytest.mark.parametrize("raw", [b"", b"\xa0", b"\xa1\x00\x61x", bytes(64)])
def test_another_file_is_neither_request_nor_answer(raw: bytes) -> None:
    for kind in (Succession, Granted):
        with pytest.raises(ManifestProblem):
            kind.decode(raw)
