"""An office that had a wrong clock takes its time back: an order sets a key's time floor, once."""

import pytest

from biandun import errors, key_status
from biandun.keys import Key
from biandun_protocol import cose
from biandun_protocol.orders import Order
from biandun_protocol.receipt import Receipt
from biandun_protocol.wire import codec
from biandun_protocol.wire.messages import ChallengeReply, ChallengeRequest
from biandun_protocol.wire.numbers import (
    ERROR_UNKNOWN_COMMAND,
    STANDING_ACTIVE,
    STANDING_SUSPENDED,
    STATE_PERSONALISED,
)
from biandun_protocol.wire.otpmodel import OtpModel
from etoken.dispatch import COMMANDS
from etoken.vault import records
from tests.firmware.conftest import Wire, ask, refusal
from tests.firmware.test_audit import names
from tests.firmware.testboard import TestBoard
from tests.support import softkey
from tests.support.person import PIN
from tests.support.softoffice import NOW, SoftOffice

DAY = 86_400
AHEAD = NOW + 400 * DAY
MANIFEST = softkey.manifest()


def sign(key: Key, number: int, claimed: int = NOW + 60) -> bytes:
    return key.sign(
        MANIFEST, purpose="filing", idempotency_key=bytes((number,)) * 16, claimed_time=claimed
    ).statement


def kept(key: Key, office: SoftOffice, number: int, received: int) -> None:
    """Sign, have it received at that time, keep the receipt."""
    size = len(office.leaves)
    receipt = office.take_in(sign(key, number, max(received, key.chain().time_floor)), received)
    key.keep_receipt(receipt, office.consistency(size) if size else None)


def order(key: Key, office: SoftOffice, time: int = NOW, **fields: object) -> Order:
    return office.order("set-time", key.challenge(), time=time, **fields)


@pytest.fixture
def ahead(key: Key, office: SoftOffice) -> Key:
    """A key that has kept a receipt from an office whose clock was 400 days ahead."""
    kept(key, office, 1, AHEAD)
    assert key.chain().time_floor == AHEAD
    return key


def test_a_key_that_saw_a_time_400_days_ahead_signs_again_after_the_order(
    ahead: Key, office: SoftOffice, wire: Wire
) -> None:
    assert refusal(lambda: sign(ahead, 2)) == "clock-behind"
    assert ahead.carry_out(order(ahead, office, until=AHEAD, entries=1)) == NOW
    sign(ahead, 2)
    again = wire.restart()
    sign(again, 3)
    assert again.chain().time_floor == NOW


def test_the_order_needs_no_pin_and_is_in_the_audit_ring(
    ahead: Key, office: SoftOffice, wire: Wire
) -> None:
    key = wire.restart()
    key.carry_out(order(key, office))
    assert names(key)[-1] == ("time-set", NOW)


def test_an_order_is_good_once(ahead: Key, office: SoftOffice) -> None:
    given = order(ahead, office)
    ahead.carry_out(given)
    kept(ahead, office, 2, NOW + DAY)
    assert ahead.chain().time_floor == NOW + DAY
    assert refusal(lambda: ahead.carry_out(given)) == "order-stale"


def test_the_same_order_again_while_nothing_has_changed_is_answered_and_writes_nothing(
    ahead: Key, office: SoftOffice, wire: Wire
) -> None:
    given = order(ahead, office)
    ahead.carry_out(given)
    before = wire.key.board.flash.operations
    assert ahead.carry_out(given) == NOW
    assert wire.key.board.flash.operations == before


def test_an_order_is_stale_once_the_key_has_heard_a_later_time(
    key: Key, office: SoftOffice
) -> None:
    kept(key, office, 1, NOW + DAY)
    old = order(key, office)  # kept in a drawer
    kept(key, office, 2, NOW + 30 * DAY)
    assert refusal(lambda: key.carry_out(old)) == "order-stale"
    assert key.chain().time_floor == NOW + 30 * DAY
    assert key.challenge().nonce != old.read().nonce


def test_an_order_for_another_challenge_or_key_is_refused(ahead: Key, office: SoftOffice) -> None:
    challenge = ahead.challenge()
    foreign = office.order("set-time", challenge, time=NOW, serial="BD-999999")
    assert refusal(lambda: ahead.carry_out(foreign)) == "serial-mismatch"
    other = office.order("set-time", challenge, time=NOW, nonce=b"x" * 16)
    assert refusal(lambda: ahead.carry_out(other)) == "order-stale"
    silent = office.order("set-time", challenge)
    assert refusal(lambda: ahead.carry_out(silent)) == "order-invalid"
    stranger = SoftOffice(office_id="elsewhere").order("set-time", challenge, time=NOW)
    assert refusal(lambda: ahead.carry_out(stranger)) == "order-invalid"
    assert ahead.chain().time_floor == AHEAD


@pytest.mark.parametrize("purpose", ["reset", "reinstate"])
def test_an_order_of_another_purpose_sets_no_time(
    ahead: Key, office: SoftOffice, purpose: str
) -> None:
    given = office.order(purpose, ahead.challenge(), 64, time=NOW)
    assert refusal(lambda: ahead.carry_out(Order("set-time", given.signed))) == "order-invalid"


def test_nothing_that_the_office_takes_back_raises_the_floor_again(
    key: Key, office: SoftOffice
) -> None:
    first, second = sign(key, 1), sign(key, 2)
    wrong = [office.take_in(first, AHEAD - DAY), office.take_in(second, AHEAD)]
    key.keep_receipt(wrong[0])
    key.carry_out(order(key, office, until=AHEAD, entries=2))
    key.keep_receipt(wrong[1], office.consistency(1))
    key_status.store(key, office.status(key.info, STANDING_ACTIVE, AHEAD - 1))
    key.card.put(office.card([b"one"], issued=AHEAD - 2, not_after=AHEAD))
    assert key.chain().time_floor == NOW
    sign(key, 3)


def test_what_the_office_says_later_raises_it_as_ever(ahead: Key, office: SoftOffice) -> None:
    ahead.carry_out(order(ahead, office, until=AHEAD, entries=1))
    kept(ahead, office, 2, NOW + DAY)
    assert ahead.chain().time_floor == NOW + DAY
    key_status.store(ahead, office.status(ahead.info, STANDING_ACTIVE, AHEAD + 1))
    assert ahead.chain().time_floor == AHEAD + 1


def test_a_word_that_was_taken_back_played_again_makes_the_office_no_more_heard(
    ahead: Key, office: SoftOffice
) -> None:
    ahead.carry_out(order(ahead, office, until=AHEAD, entries=1))
    said = office.status(ahead.info, STANDING_ACTIVE, AHEAD - 1)
    key_status.store(ahead, said)
    ahead.card.put(office.card([b"one"], max_offline=1, issued=NOW))
    sign(ahead, 2)
    key_status.store(ahead, said)
    assert refusal(lambda: sign(ahead, 3)) == "offline-limit"


def test_what_was_said_of_the_key_with_the_wrong_clock_is_answered_by_the_next_word(
    ahead: Key, office: SoftOffice
) -> None:
    key_status.store(ahead, office.status(ahead.info, STANDING_SUSPENDED, AHEAD, number=2))
    ahead.carry_out(order(ahead, office, until=AHEAD, entries=1))
    assert refusal(lambda: sign(ahead, 2)) == "key-suspended"
    # as the office says it now: the same
    key_status.store(ahead, office.status(ahead.info, STANDING_SUSPENDED, NOW, number=2))
    key_status.store(ahead, office.status(ahead.info, STANDING_ACTIVE, NOW + 60, number=3))
    sign(ahead, 2)


def test_a_key_that_was_reset_and_certified_anew_takes_the_order_too(
    ahead: Key, office: SoftOffice, wire: Wire
) -> None:
    office.reset(ahead)
    ahead.personalise(office.grant(ahead.answer_offer(office.offer()), version=2))
    assert ahead.chain().time_floor == AHEAD
    ahead.carry_out(order(ahead, office, until=AHEAD, entries=1))
    ahead.set_pin(PIN)
    ahead.unlock(PIN)
    sign(ahead, 1)


def test_what_was_taken_back_stays_so_over_a_reset(ahead: Key, office: SoftOffice) -> None:
    ahead.carry_out(order(ahead, office, until=AHEAD, entries=1))
    office.reset(ahead)
    ahead.personalise(office.grant(ahead.answer_offer(office.offer()), version=2))
    key_status.store(ahead, office.status(ahead.info, STANDING_ACTIVE, AHEAD))
    assert ahead.chain().time_floor == NOW


def test_an_expired_certificate_that_had_not_expired_signs_again(office: SoftOffice) -> None:
    wire = Wire()
    key = wire.open()
    key.personalise(office.grant(key.answer_offer(office.offer()), not_after=NOW + 300 * DAY))
    key.set_pin(PIN)
    key.unlock(PIN)
    kept(key, office, 1, AHEAD)
    assert refusal(lambda: sign(key, 2, AHEAD)) == "certificate-expired"
    key.carry_out(order(key, office))
    sign(key, 2)


def test_the_tally_stays_and_an_image_from_before_asks_for_another_order(
    office: SoftOffice,
) -> None:
    """Who puts back the image with the challenge in it, after somebody has signed, has a key that
    was set back.
    """
    board = TestBoard(otp=OtpModel())
    wire = Wire(board)
    key = wire.open()
    key.personalise(office.grant(key.answer_offer(office.offer())))
    key.set_pin(PIN)
    kept(key, office, 1, AHEAD)
    given = order(key, office)
    image, tally = bytes(board.flash.cells), wire.key.token.vault.users.tally()
    key.carry_out(given)
    assert wire.key.token.vault.users.tally() == tally
    for _ in range(2):
        key.unlock(PIN)
    sign(key, 2)
    board.flash.cells[:] = image
    key = wire.restart()
    assert refusal(lambda: key.carry_out(given)) == "order-stale"
    assert refusal(lambda: sign(key, 3)) == "rolled-back"


def test_a_challenge_of_older_firmware_is_given_anew(
    ahead: Key, office: SoftOffice, wire: Wire
) -> None:
    """It says nothing of the time floor: an order to reset is still good for it, one to set the
    time is not.
    """
    vault = wire.key.token.vault
    old = b"o" * 16
    vault._journal.put(records.CHALLENGE, 0, old + bytes(4))
    given = office.order("set-time", ahead.challenge(), time=NOW)
    vault._journal.put(records.CHALLENGE, 0, old + bytes(4))
    stale = office.order("set-time", ahead.challenge(), time=NOW, nonce=old)
    vault._journal.put(records.CHALLENGE, 0, old + bytes(4))
    assert refusal(lambda: ahead.carry_out(stale)) == "order-stale"
    assert refusal(lambda: ahead.carry_out(given)) == "order-stale"
    assert ask_nonce(ahead) != old


def ask_nonce(key: Key) -> bytes:
    return codec.decode(ChallengeReply, ask(key, ChallengeRequest())).nonce


def test_firmware_that_does_not_know_the_order_says_so_by_name(
    ahead: Key, office: SoftOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(COMMANDS, 43)
    with pytest.raises(errors.KeyRefused) as caught:
        ahead.carry_out(order(ahead, office))
    assert (caught.value.number, caught.value.code) == (ERROR_UNKNOWN_COMMAND, "unknown-command")
    assert ahead.info.state == STATE_PERSONALISED


def test_the_statement_of_a_receipt_that_was_taken_back_stays_evidence(
    ahead: Key, office: SoftOffice
) -> None:
    before = ahead.fetch(seq=1)
    ahead.carry_out(order(ahead, office, until=AHEAD, entries=1))
    after = ahead.fetch(seq=1)
    assert (after.statement, after.receipt) == (before.statement, before.receipt)
    assert isinstance(after.receipt, Receipt)
    assert cose.parse(after.statement, purpose="filing").header.seq == 1
