"""From blank to personalised, and back: what a key accepts at each point of its life."""

from typing import Any

import pytest

from biandun.keys import Key
from biandun_protocol import certificate, cose
from biandun_protocol.algorithms import ES256
from biandun_protocol.certificate import Signed
from biandun_protocol.wire.messages import Grant, WipeRequest
from biandun_protocol.wire.numbers import (
    STATE_ANCHORED,
    STATE_BLANK,
    STATE_KEYED,
    STATE_PERSONALISED,
)
from etoken.vault import records
from tests.firmware.conftest import Wire, ask, refusal
from tests.support import softkey
from tests.support.person import PIN
from tests.support.softoffice import NOW, SoftOffice


def test_a_personalised_key_knows_its_unit_and_keeps_it_through_a_restart(
    key: Key, wire: Wire, office: SoftOffice
) -> None:
    for info in (key.info, wire.restart().info):
        assert info.state == STATE_PERSONALISED
        assert (info.uscc, info.unit_code, info.unit_name) == (
            office.uscc,
            office.unit_code,
            office.unit_name,
        )
        assert info.purposes == ["filing"]


def test_the_proof_of_possession_verifies_and_names_the_key(blank: Key, office: SoftOffice) -> None:
    request = blank.answer_offer(office.offer(b"N" * 16))
    proof = certificate.verify_possession(Signed(request.statement, request.manifest), ES256)
    assert (proof.nonce, proof.serial, proof.office_id) == (b"N" * 16, blank.info.serial, "longlan")
    assert cose.parse(request.statement, purpose="possession").header.uscc is None


def test_the_same_offer_again_gives_the_same_public_key(blank: Key, office: SoftOffice) -> None:
    first, second = (blank.answer_offer(office.offer()) for _ in range(2))
    assert (
        certificate.verify_possession(Signed(first.statement, first.manifest), ES256).public_key
        == blank.info.public_key
    )
    assert first.manifest == second.manifest


def test_the_same_grant_again_is_accepted_and_another_is_not(
    key: Key, office: SoftOffice, wire: Wire
) -> None:
    had = key.certificate()
    same = Grant("biandun-grant/1", had.profile.statement, had.profile.manifest, had.x509, b"", b"")
    key.personalise(same)
    token = wire.key.token
    other = office.grant_for(token.board.serial, key.info.public_key or b"", version=1)
    assert refusal(lambda: key.personalise(other)) == "profile-older"
    assert key.refresh().profile_version == 1


def renewal(key: Key, office: SoftOffice, **changed: Any) -> Grant:
    own = {
        "serial": key.info.serial,
        "public_key": key.info.public_key,
        "version": 2,
        "device_key": key.profile().device_key,
    }
    fields = {**own, **changed}
    return office.grant_for(fields.pop("serial"), fields.pop("public_key"), **fields)


def test_a_newer_certificate_of_the_same_key_pair_takes_the_place_of_the_old_one(
    key: Key, office: SoftOffice, wire: Wire
) -> None:
    key.personalise(renewal(key, office, purposes=["filing", "login"]))
    key = wire.restart()
    assert (key.info.profile_version, key.info.purposes, key.pin_slots) == (
        2,
        ["filing", "login"],
        (0,),
    )
    key.unlock(PIN)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"version": 1}, "profile-older"),
        ({"version": 0}, "profile-older"),
        ({"uscc": "11629900MB0000019C"}, "unit-mismatch"),
        ({"device_key": None}, "profile-invalid"),
        ({"public_key": b"\4" + bytes(64)}, "key-mismatch"),
        ({"serial": "BD-OTHER"}, "serial-mismatch"),
        ({"role": "no such role"}, "profile-invalid"),
    ],
)
def test_a_renewal_changes_neither_key_nor_unit_nor_the_sealing_of_pins(
    changed: dict[str, Any], code: str, key: Key, office: SoftOffice
) -> None:
    grant = renewal(key, office, **changed)
    assert refusal(lambda: key.personalise(grant)) == code
    assert key.refresh().profile_version == 1


def test_a_second_anchor_is_refused(blank: Key, office: SoftOffice) -> None:
    blank.answer_offer(office.offer())
    assert (
        refusal(lambda: blank.answer_offer(SoftOffice(seed=3000, office_id="qingping").offer()))
        == "anchor-present"
    )
    assert blank.refresh().office_id == "longlan"


def test_an_anchor_that_its_root_did_not_sign_is_refused(blank: Key, office: SoftOffice) -> None:
    offer = office.offer()
    offer.root_public_key = SoftOffice(seed=4000).root.public_key
    assert refusal(lambda: blank.answer_offer(offer)) == "anchor-invalid"
    assert blank.refresh().state == STATE_BLANK


@pytest.mark.parametrize("part", ["issuer_statement", "issuer_manifest", "root_public_key"])
def test_a_flipped_bit_anywhere_in_the_anchor_is_refused(
    part: str, blank: Key, office: SoftOffice
) -> None:
    size = len(getattr(office.offer(), part))
    for position in range(0, size, 5):
        offer = office.offer()
        broken = bytearray(getattr(offer, part))
        broken[position] ^= 0x10
        setattr(offer, part, bytes(broken))
        assert refusal(lambda offer=offer: blank.answer_offer(offer)) == "anchor-invalid"
    assert blank.refresh().state == STATE_BLANK


GRANTS = {
    "serial-mismatch": {"serial": "BD-OTHER"},
    "key-mismatch": {"public_key": SoftOffice(seed=5000).root.public_key},
    "profile-invalid": {"x5t": bytes(32)},
}


@pytest.mark.parametrize("code", GRANTS)
def test_a_grant_for_something_else_is_refused(code: str, blank: Key, office: SoftOffice) -> None:
    grant = office.grant(blank.answer_offer(office.offer()), **GRANTS[code])
    assert refusal(lambda: blank.personalise(grant)) == code
    assert blank.refresh().state == STATE_KEYED


def test_a_grant_of_a_foreign_office_is_refused(blank: Key, office: SoftOffice) -> None:
    request = blank.answer_offer(office.offer())
    assert (
        refusal(lambda: blank.personalise(SoftOffice(seed=6000).grant(request)))
        == "profile-invalid"
    )


def test_a_grant_whose_schema_is_another_is_refused(blank: Key, office: SoftOffice) -> None:
    grant = office.grant(blank.answer_offer(office.offer()), schema="biandun-issuer/1")
    assert refusal(lambda: blank.personalise(grant)) == "profile-invalid"


def test_a_wipe_needs_the_serial_number_and_the_button(
    blank: Key, wire: Wire, office: SoftOffice
) -> None:
    blank.answer_offer(office.offer())
    wrong = WipeRequest("BD-OTHER")
    assert refusal(lambda: ask(blank, wrong)) == "serial-mismatch"
    wire.presence(False)
    assert refusal(blank.wipe) == "presence-refused"
    assert blank.refresh().state == STATE_KEYED
    wire.presence(True)
    assert blank.wipe() == 1
    assert blank.info.state == STATE_ANCHORED


def test_a_key_with_a_certificate_is_not_wiped(key: Key) -> None:
    assert refusal(key.wipe) == "wrong-state"


def test_a_reset_key_keeps_its_office_and_counts_and_has_no_trace_of_its_secret(
    key: Key, wire: Wire, office: SoftOffice
) -> None:
    key.unlock(PIN)
    secret = wire.key.token.vault.identity.secret()
    sealed = wire.key.token.vault.identity._read(records.KEY_PAIR)[2]
    assert secret not in wire.key.board.flash.cells
    assert sealed in wire.key.board.flash.cells
    assert office.reset(key) == 1
    assert sealed not in wire.key.board.flash.cells
    info = wire.restart().info
    assert (info.state, info.generation, info.office_id) == (STATE_ANCHORED, 1, "longlan")


def test_a_key_made_after_a_reset_is_another_one(key: Key, office: SoftOffice) -> None:
    before = key.info.public_key
    office.reset(key)
    key.personalise(office.grant(key.answer_offer(office.offer())))
    key.set_pin(PIN)
    assert key.info.public_key != before
    assert key.chain().seq == 0


@pytest.mark.parametrize(
    "changed",
    [{"purposes": ["filing", "receipt"]}, {"not_before": 9, "not_after": 9}],
    ids=["purposes", "validity"],
)
def test_a_grant_that_makes_no_sense_is_refused(
    changed: dict[str, object], blank: Key, office: SoftOffice
) -> None:
    grant = office.grant(blank.answer_offer(office.offer()), **changed)
    assert refusal(lambda: blank.personalise(grant)) == "profile-invalid"


def test_a_grant_under_another_certificate_of_the_office_is_refused(
    blank: Key, office: SoftOffice
) -> None:
    request = blank.answer_offer(office.offer())
    office.issuer_manifest.x5t = bytes(32)
    assert refusal(lambda: blank.personalise(office.grant(request))) == "profile-invalid"


def test_a_proof_of_possession_needs_the_button(blank: Key, wire: Wire, office: SoftOffice) -> None:
    wire.presence(False)
    assert refusal(lambda: blank.answer_offer(office.offer())) == "presence-refused"


def test_an_anchor_of_another_schema_is_refused(blank: Key, office: SoftOffice) -> None:
    office.issuer_manifest.schema = "biandun-profile/1"
    office.anchor = certificate.sign_issuer(
        office.root, region="629900", root_x5t=bytes(32), manifest=office.issuer_manifest
    )
    assert refusal(lambda: blank.answer_offer(office.offer())) == "anchor-invalid"


def test_another_root_for_the_same_office_is_not_the_same_anchor(
    blank: Key, office: SoftOffice
) -> None:
    blank.answer_offer(office.offer())
    other = SoftOffice(seed=3000)
    forged = office.offer()
    forged.root_public_key = other.root.public_key
    forged.issuer_statement = certificate.sign_issuer(
        other.root, region="629900", root_x5t=bytes(32), manifest=office.issuer_manifest
    ).statement
    assert refusal(lambda: blank.answer_offer(forged)) == "anchor-present"


def test_a_reset_key_cannot_be_walked_back_along_the_log(key: Key, office: SoftOffice) -> None:
    signed = key.sign(
        softkey.manifest(), purpose="filing", idempotency_key=b"k" * 16, claimed_time=NOW
    )
    key.keep_receipt(office.take_in(signed.statement, received=NOW + 5))
    office.reset(key)
    key.personalise(office.grant(key.answer_offer(office.offer())))
    state = key.chain()
    assert (state.seq, state.log_size, state.time_floor) == (0, 1, NOW + 5)
