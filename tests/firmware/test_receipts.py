"""A key as a witness: which receipts it believes."""

import pytest

from biandun.key.session import Signature
from biandun.keys import Key
from biandun_protocol import receipt as receipts
from biandun_protocol.receipt import Receipt
from biandun_protocol.wire import statement as wire_statement
from tests.firmware.conftest import Wire, refusal
from tests.support import softkey
from tests.support.softoffice import NOW, SoftOffice


def sign(key: Key, name: bytes) -> Signature:
    return key.sign(
        softkey.manifest(), purpose="filing", idempotency_key=name * 16, claimed_time=NOW
    )


@pytest.fixture
def signed(key: Key) -> Signature:
    return sign(key, b"1")


def strangers(office: SoftOffice, count: int) -> None:
    """Other units' statements in the office's log."""
    office.leaves += [bytes([n]) * 32 for n in range(count)]


def test_a_genuine_receipt_is_kept_and_given_back_after_a_restart(
    key: Key, signed: Signature, office: SoftOffice, wire: Wire
) -> None:
    strangers(office, 5)
    receipt = office.take_in(signed.statement, received=NOW + 7)
    assert key.keep_receipt(receipt) == signed.seq
    again = wire.restart()
    assert again.fetch(seq=1).receipt == receipt
    state = again.chain()
    assert (state.receipted, state.log_size, state.time_floor) == (1, 6, NOW + 7)


def test_the_same_receipt_again_changes_nothing(
    key: Key, signed: Signature, office: SoftOffice
) -> None:
    receipt = office.take_in(signed.statement)
    assert key.keep_receipt(receipt) == key.keep_receipt(receipt) == 1


def test_a_receipt_of_a_foreign_office_is_refused(key: Key, signed: Signature) -> None:
    assert (
        refusal(lambda: key.keep_receipt(SoftOffice(seed=7000).take_in(signed.statement)))
        == "receipt-foreign"
    )


def test_a_receipt_by_the_right_key_in_the_name_of_another_office_is_refused(
    key: Key, signed: Signature, office: SoftOffice
) -> None:
    genuine = office.take_in(signed.statement)
    renamed = receipts.sign_receipt(
        office.issuer,
        office_id="qingping",
        region="629900",
        x5t=office.issuer_manifest.x5t,
        payload=genuine.read(),
    )
    assert refusal(lambda: key.keep_receipt(renamed)) == "receipt-foreign"


def test_a_receipt_for_a_statement_of_another_key_is_refused(
    key: Key, signed: Signature, office: SoftOffice
) -> None:
    other = softkey.SoftKey()
    other.personalise(office.grant_for(other.serial, other.signer.public_key))
    assert (
        refusal(lambda: key.keep_receipt(office.take_in(other.sign(softkey.manifest()))))
        == "receipt-mismatch"
    )


def test_a_payload_that_is_not_the_one_the_office_signed_is_refused(
    key: Key, signed: Signature, office: SoftOffice
) -> None:
    one = office.take_in(signed.statement)
    two = office.take_in(sign(key, b"2").statement)
    assert (
        refusal(lambda: key.keep_receipt(Receipt(one.statement, two.payload))) == "receipt-mismatch"
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"received": NOW + 1},
        {"leaf_index": 1},
        {"tree_size": 9},
        {"root": bytes(32)},
        {"path": []},
        {"path": [bytes(32)] * 3},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_proof_that_does_not_lead_to_the_root_is_refused(
    changed: dict[str, object], key: Key, signed: Signature, office: SoftOffice
) -> None:
    strangers(office, 3)
    genuine = office.take_in(signed.statement).read()
    for name, value in changed.items():
        setattr(genuine, name, value)
    forged = receipts.sign_receipt(
        office.issuer,
        office_id=office.office_id,
        region=office.region,
        x5t=office.issuer_manifest.x5t,
        payload=genuine,
    )
    assert refusal(lambda: key.keep_receipt(forged)) == "receipt-proof"
    assert key.chain().receipted == 0


def test_a_receipt_over_an_older_log_than_the_key_has_verified_is_refused(
    key: Key, signed: Signature, office: SoftOffice
) -> None:
    older = office.take_in(signed.statement)
    newer = office.take_in(sign(key, b"2").statement)
    key.keep_receipt(newer)
    assert refusal(lambda: key.keep_receipt(older, office.consistency(1))) == "receipt-older"
    fresh = office.receipt(0, signed.statement_id)
    assert key.keep_receipt(fresh) == 1


def test_a_log_that_does_not_continue_the_verified_one_is_refused(
    key: Key, signed: Signature, office: SoftOffice
) -> None:
    key.keep_receipt(office.take_in(signed.statement))
    rewritten = SoftOffice()
    strangers(rewritten, 3)
    second = sign(key, b"2")
    receipt = rewritten.take_in(second.statement)
    for proof in ([], rewritten.consistency(1), rewritten.consistency(2), office.consistency(1)):
        assert (
            refusal(lambda proof=proof: key.keep_receipt(receipt, proof)) == "receipt-consistency"
        )
    assert key.chain().log_size == 1


def test_a_log_of_the_same_size_with_another_root_is_refused(
    key: Key, signed: Signature, office: SoftOffice
) -> None:
    second = sign(key, b"2")
    key.keep_receipt(office.take_in(signed.statement))
    rewritten = SoftOffice()
    assert (
        refusal(lambda: key.keep_receipt(rewritten.take_in(second.statement)))
        == "receipt-consistency"
    )


def test_the_log_may_grow_by_any_number_between_two_receipts(
    key: Key, signed: Signature, office: SoftOffice
) -> None:
    key.keep_receipt(office.take_in(signed.statement))
    for number in range(2, 12):
        size = len(office.leaves)
        strangers(office, number)
        key.keep_receipt(
            office.take_in(sign(key, bytes([number])).statement),
            office.consistency(key.chain().log_size),
        )
        assert key.chain().log_size == size + number + 1


MALFORMED = [b"", b"\xd2", b"\xd2\x84\x40\xa0\x40\x40", bytes(400)]


@pytest.mark.parametrize("statement", MALFORMED, ids=range(len(MALFORMED)))
def test_bytes_that_are_no_receipt_are_refused(
    statement: bytes, key: Key, signed: Signature, office: SoftOffice
) -> None:
    payload = office.take_in(signed.statement).payload
    assert refusal(lambda: key.keep_receipt(Receipt(statement, payload))) == "receipt-malformed"


def test_every_bit_of_a_receipt_statement_counts(
    key: Key, signed: Signature, office: SoftOffice, wire: Wire
) -> None:
    genuine = office.take_in(signed.statement)
    for bit in range(0, 8 * len(genuine.statement), 3):
        broken = bytearray(genuine.statement)
        broken[bit // 8] ^= 1 << bit % 8
        assert refusal(
            lambda broken=broken: key.keep_receipt(Receipt(bytes(broken), genuine.payload))
        ).startswith("receipt-")
    assert not wire.key.board.reported
    assert key.keep_receipt(genuine) == 1


def test_a_statement_of_another_purpose_is_no_receipt(
    key: Key, signed: Signature, office: SoftOffice
) -> None:
    payload = office.take_in(signed.statement).payload
    from biandun_protocol import cose

    card = cose.sign_office(
        office.issuer,
        purpose="card",
        office_id="longlan",
        region="629900",
        x5t=office.issuer_manifest.x5t,
        manifest=payload,
    )
    assert refusal(lambda: key.keep_receipt(Receipt(card, payload))) == "receipt-malformed"
    assert (
        wire_statement.split(card)[1]
        == wire_statement.split(office.receipt(0, signed.statement_id).statement)[1]
    )


def test_the_time_floor_never_goes_back(key: Key, signed: Signature, office: SoftOffice) -> None:
    key.keep_receipt(office.take_in(signed.statement, received=NOW + 100))
    second = key.sign(
        softkey.manifest(), purpose="filing", idempotency_key=b"2" * 16, claimed_time=NOW + 100
    )
    key.keep_receipt(office.take_in(second.statement, received=NOW + 50), office.consistency(1))
    assert (key.chain().log_size, key.chain().time_floor) == (2, NOW + 100)
