"""Orders of the office: a reset, and going on after the flash was set back."""

from collections.abc import Callable

import pytest

from biandun import errors
from biandun.keys import Key
from biandun_protocol import cose
from biandun_protocol.certificate import Signed
from biandun_protocol.orders import Order
from biandun_protocol.secret import Secret
from biandun_protocol.wire import codec
from biandun_protocol.wire.numbers import (
    LIMIT_PIN_TRIES,
    LIMIT_PRESENCE_MS,
    LIMIT_SEQ,
    STATE_ANCHORED,
    STATE_PERSONALISED,
)
from biandun_protocol.wire.otpmodel import OtpModel
from etoken.store.journal import RECORD_HEADER
from etoken.vault import records
from tests.firmware.conftest import Wire, refusal
from tests.firmware.testboard import TestBoard, TestKey
from tests.support import softkey
from tests.support.person import PIN
from tests.support.softoffice import SoftOffice

MANIFEST = softkey.manifest()


def sign(key: Key, number: int) -> bytes:
    return key.sign(MANIFEST, purpose="filing", idempotency_key=bytes((number,)) * 16).statement


class SetBack:
    """A key with one-time-programmable memory whose flash was set back behind its third statement,
    to its first.
    """

    def __init__(self, attempts: int = 2) -> None:
        self.office = SoftOffice()
        self.board = TestBoard(otp=OtpModel())
        self.wire = Wire(self.board)
        key = self.wire.open()
        key.personalise(self.office.grant(key.answer_offer(self.office.offer())))
        key.set_pin(PIN)
        self.first = cose.parse(sign(key, 1), purpose="filing")
        self.older = bytes(self.board.flash.cells)
        for _ in range(attempts):
            key.unlock(PIN)
        self.second = cose.parse(sign(key, 2), purpose="filing")
        self.third = cose.parse(sign(key, 3), purpose="filing")
        self.newer = bytes(self.board.flash.cells)
        self.key = self.set_back()

    def set_back(self) -> Key:
        self.board.flash.cells[:] = self.older
        return self.wire.restart()

    def order(self, seq: int | None, head: bytes | None = None) -> Order:
        return self.office.order("reinstate", self.key.challenge(), seq, head)


@pytest.fixture
def back() -> SetBack:
    return SetBack()


def chained(statement: bytes) -> tuple[int | None, bytes | None]:
    header = cose.parse(statement, purpose="filing").header
    return header.seq, header.prev


def asked(key: Key) -> bytes:
    return codec.encode(key.challenge())


# --- the challenge ----------------------------------------------------
def test_a_challenge_says_who_asks_and_where_the_key_stands(key: Key) -> None:
    sign(key, 1)
    challenge, chain = key.challenge(), key.chain()
    assert key.public_key is not None
    assert (challenge.serial, challenge.kid) == (key.info.serial, key.public_key.kid)
    assert (challenge.generation, challenge.seq, challenge.head, challenge.forgotten) == (
        0,
        1,
        chain.head,
        None,
    )


def test_a_challenge_stays_the_same_until_it_is_used_also_after_unplugging(
    key: Key, wire: Wire
) -> None:
    first, before = asked(key), wire.key.board.flash.operations
    assert asked(wire.restart()) == first
    assert wire.key.board.flash.operations == before


def test_a_key_that_was_set_back_says_how_much_it_has_forgotten(back: SetBack) -> None:
    assert back.key.challenge().forgotten == back.key.chain().forgotten == 2


# --- reinstate --------------------------------------------------------
def test_a_key_that_was_set_back_goes_on_where_the_office_says(back: SetBack) -> None:
    assert back.key.carry_out(back.order(3, back.third.id)) == 3
    key = back.wire.restart()
    assert chained(sign(key, 4)) == (4, back.third.id)
    assert key.chain().forgotten is None
    assert chained(sign(back.wire.restart(), 5))[0] == 5


def test_numbers_left_free_end_in_the_name_of_the_order(back: SetBack) -> None:
    order = back.order(64)
    assert back.key.carry_out(order) == 64
    assert chained(sign(back.key, 4)) == (65, order.statement_id)
    assert back.key.chain().waiting == 2


def test_the_same_order_again_is_answered_with_yes_also_later(back: SetBack) -> None:
    order = back.order(64)
    for _ in range(2):
        assert back.key.carry_out(order) == 64
    sign(back.key, 4)
    assert back.key.carry_out(order) == 64
    assert back.key.chain().seq == 65


def test_a_key_that_is_set_back_once_more_does_not_take_the_order_again(back: SetBack) -> None:
    challenge = back.key.challenge()
    older = bytes(back.board.flash.cells)  # with the challenge in it
    order = back.office.order("reinstate", challenge, 64)
    back.key.carry_out(order)
    sign(back.key, 4)
    back.board.flash.cells[:] = older
    key = back.wire.restart()
    assert refusal(lambda: key.carry_out(order)) == "order-stale"
    assert key.challenge().nonce != challenge.nonce
    assert refusal(lambda: sign(key, 5)) == "rolled-back"


def test_a_chain_never_goes_back_behind_the_keys_own_head(back: SetBack) -> None:
    assert refusal(lambda: back.key.carry_out(back.order(0, bytes(32)))) == "order-stale"
    assert refusal(lambda: back.key.carry_out(back.order(1, back.third.id))) == "order-stale"
    assert back.key.carry_out(back.order(1, back.first.id)) == 1


def test_a_key_that_was_not_set_back_has_nothing_to_be_reinstated(
    key: Key, office: SoftOffice
) -> None:
    sign(key, 1)
    assert (
        refusal(lambda: key.carry_out(office.order("reinstate", key.challenge(), 1, b"h" * 32)))
        == "wrong-state"
    )


def test_while_it_is_set_back_no_pin_is_examined_and_the_challenge_holds(back: SetBack) -> None:
    challenge = asked(back.key)
    assert refusal(lambda: back.key.unlock(PIN)) == "rolled-back"
    assert asked(back.key) == challenge


def test_an_order_may_leave_numbers_free_beyond_what_is_remembered(back: SetBack) -> None:
    order = back.order(5000)
    back.key.carry_out(order)
    for number in range(4, 8):
        sign(back.key, number)
    back.wire.key.token.vault._journal.compact()
    assert back.wire.restart().chain().seq == 5004


@pytest.mark.parametrize("seq", [LIMIT_SEQ + 1, 1 << 22, (1 << 63) - 1])
def test_an_order_to_go_on_where_a_key_cannot_count_is_refused(seq: int, back: SetBack) -> None:
    assert refusal(lambda: back.key.carry_out(back.order(seq))) == "order-invalid"
    assert back.key.carry_out(back.order(LIMIT_SEQ)) == LIMIT_SEQ
    assert chained(sign(back.key, 4))[0] == LIMIT_SEQ + 1


def test_a_key_that_has_forgotten_more_attempts_than_there_are_tries_has_one_left_when_it_is_reinstated() -> (
    None
):
    back = SetBack(attempts=LIMIT_PIN_TRIES + 2)
    order = back.order(64)
    assert refusal(lambda: back.key.unlock(PIN)) == "rolled-back"
    back.key.carry_out(order)
    assert chained(sign(back.key, 4))[0] == 65


def test_an_image_from_before_the_first_pin_is_an_older_one_as_well() -> None:
    wire, office = Wire(TestBoard(otp=OtpModel())), SoftOffice()
    key = wire.open()
    key.personalise(office.grant(key.answer_offer(office.offer())))
    older = bytes(wire.key.board.flash.cells)
    key.set_pin(PIN)
    for number in range(2):
        key.unlock(PIN)
        sign(key, number)
    wire.key.board.flash.cells[:] = older
    key = wire.restart()
    assert key.chain().forgotten
    assert refusal(lambda: key.set_pin(Secret(b"of the thief"))) == "rolled-back"


def test_an_image_from_before_a_reset_is_an_older_one_also_when_nobody_has_tried_a_pin_since() -> (
    None
):
    wire, office = Wire(TestBoard(otp=OtpModel())), SoftOffice()
    key = wire.open()
    key.personalise(office.grant(key.answer_offer(office.offer())))
    key.set_pin(PIN)
    older = bytes(wire.key.board.flash.cells)
    office.reset(key)
    wire.key.board.flash.cells[:] = older
    assert refusal(lambda: sign(wire.restart(), 1)) == "rolled-back"


@pytest.mark.parametrize("keep", range(30))
def test_however_much_of_a_bank_is_cut_off_a_key_that_was_set_back_does_not_sign(
    keep: int, back: SetBack
) -> None:
    """Somebody with a programmer lets the key compact, and cuts records off the end."""
    flash = back.board.flash
    back.wire.key.token.vault._journal.compact()
    rows = list(back.wire.key.token.vault._journal.each())
    if keep >= len(rows):
        keep = len(rows)
    at = rows[keep][2] - RECORD_HEADER if keep < len(rows) else rows[-1][2] + rows[-1][3]
    bank = flash.size // 2
    flash.cells[at : (at // bank + 1) * bank] = b"\xff" * ((at // bank + 1) * bank - at)
    key = back.wire.restart()
    with pytest.raises(errors.KeyRefused):
        sign(key, 9)


# --- reset ------------------------------------------------------------
def test_a_reset_leaves_the_anchor_and_counts(key: Key, office: SoftOffice) -> None:
    assert office.reset(key) == 1
    assert (key.info.state, key.info.generation, key.info.uscc, key.pin_slots) == (
        STATE_ANCHORED,
        1,
        None,
        (),
    )


def test_a_reset_destroys_card_and_outbox(key: Key, wire: Wire, office: SoftOffice) -> None:
    sign(key, 1)
    key.card.put(office.card([b"one", b"two"]))
    key.outbox.put(b"\1" * 16, b"package")
    office.reset(key)
    kinds = {kind for kind, _, _, _ in wire.key.token.vault._journal.each()}
    assert not kinds & {
        records.CARD,
        records.NEXT_CARD,
        records.SECTION,
        records.PARCEL,
        records.PART,
        records.CHALLENGE,
    }


def test_after_a_reset_nothing_of_the_life_before_decides_what_a_compaction_keeps(
    key: Key, wire: Wire, office: SoftOffice
) -> None:
    for number in range(70):  # more than stay whole, so that some became links
        size = len(office.leaves)
        receipt = office.take_in(sign(key, number))
        key.keep_receipt(receipt, office.consistency(size) if size else None)
    wire.key.token.vault.statements._compact(64)
    office.reset(key)
    key.personalise(office.grant(key.answer_offer(office.offer())))
    key.set_pin(PIN)
    for number in range(100, 103):
        sign(key, number)
    wire.key.token.vault._journal.compact()
    assert (key.chain().waiting, key.fetch(seq=1).seq) == (3, 1)


def test_numbers_that_are_left_out_make_no_key_forget_what_it_signed(back: SetBack) -> None:
    statements = back.wire.key.token.vault.statements
    back.key.carry_out(back.order(3000))
    back.key.keep_receipt(back.office.take_in(back.first.raw))
    back.key.keep_receipt(back.office.take_in(sign(back.key, 4)), back.office.consistency(1))
    sign(back.key, 5)
    for _ in range(2):
        statements._compact(1)
        assert statements.was_signed(bytes((1,)) * 16)


def test_an_order_to_reset_is_good_once(key: Key, office: SoftOffice) -> None:
    order = office.order("reset", key.challenge())
    key.carry_out(order)
    key.personalise(office.grant(key.answer_offer(office.offer())))
    assert refusal(lambda: key.carry_out(order)) == "order-stale"


def test_a_reset_needs_the_button_held(key: Key, wire: Wire, office: SoftOffice) -> None:
    order = office.order("reset", key.challenge())
    wire.presence(False)
    assert refusal(lambda: key.carry_out(order)) == "presence-refused"
    assert key.refresh().state == STATE_PERSONALISED


class Finger:
    """Presses the button of a board and lets go after a number of looks at it, again and again."""

    def __init__(self, board: TestBoard, looks: int) -> None:
        self.looks, self.count = looks, 0
        board.button = self.button  # type: ignore[method-assign]

    def button(self) -> bool | None:
        self.count += 1
        return True if self.count % (self.looks + 1) else None


@pytest.mark.parametrize(("looks", "does_it"), [(2, False), (50, True)], ids=["tapped", "held"])
def test_a_button_that_is_let_go_too_soon_resets_nothing(
    looks: int, does_it: bool, key: Key, wire: Wire, office: SoftOffice
) -> None:
    wire.key.board.reset_hold_ms = 40
    order = office.order("reset", key.challenge())
    finger = Finger(wire.key.board, looks)
    if does_it:
        assert key.carry_out(order) == 1
    else:
        wire.key.board.clock.ticks_ms = impatient(wire.key.board.clock.ticks_ms, finger)
        assert refusal(lambda: key.carry_out(order)) == "presence-timeout"
        assert key.refresh().state == STATE_PERSONALISED


def impatient(ticks_ms: Callable[[], int], finger: Finger) -> Callable[[], int]:
    """A clock that jumps beyond all patience when the finger has tapped often enough, and has let
    go.
    """
    return lambda: ticks_ms() + (2 * LIMIT_PRESENCE_MS if finger.count >= 300 else 0)


# --- what is refused, of either kind ----------------------------------
@pytest.mark.parametrize("purpose", ["reset", "reinstate"])
def test_an_order_for_another_nonce_is_stale(purpose: str, back: SetBack) -> None:
    order = back.office.order(purpose, back.key.challenge(), 64, nonce=b"another nonce 16")
    assert refusal(lambda: back.key.carry_out(order)) == "order-stale"


@pytest.mark.parametrize("purpose", ["reset", "reinstate"])
def test_an_order_for_another_key_is_refused(purpose: str, back: SetBack) -> None:
    order = back.office.order(purpose, back.key.challenge(), 64, serial="BD-OTHER")
    assert refusal(lambda: back.key.carry_out(order)) == "serial-mismatch"


@pytest.mark.parametrize("purpose", ["reset", "reinstate"])
def test_an_order_of_another_office_is_refused(purpose: str, back: SetBack) -> None:
    order = SoftOffice(seed=7000).order(purpose, back.key.challenge(), 64)
    assert refusal(lambda: back.key.carry_out(order)) == "order-invalid"


@pytest.mark.parametrize("purpose", ["reset", "reinstate"])
def test_an_order_of_another_schema_is_refused(purpose: str, back: SetBack) -> None:
    order = back.office.order(purpose, back.key.challenge(), 64, schema="biandun-card/1")
    assert refusal(lambda: back.key.carry_out(order)) == "order-invalid"


def test_an_order_to_reset_reinstates_nothing_and_the_other_way_round(back: SetBack) -> None:
    for purpose, other in (("reset", "reinstate"), ("reinstate", "reset")):
        signed = back.office.order(purpose, back.key.challenge(), 64).signed
        assert (
            refusal(lambda signed=signed, other=other: back.key.carry_out(Order(other, signed)))
            == "order-invalid"
        )


def test_an_order_to_go_on_names_a_number(back: SetBack) -> None:
    assert refusal(lambda: back.key.carry_out(back.order(None, back.third.id))) == "order-invalid"


def test_every_bit_of_an_order_counts(back: SetBack) -> None:
    order = back.order(64)
    for part in ("statement", "manifest"):
        raw = getattr(order.signed, part)
        for place in range(0, 8 * len(raw), 7):
            flipped = bytearray(raw)
            flipped[place // 8] ^= 1 << place % 8
            changed = Signed(
                **{
                    "statement": order.signed.statement,
                    "manifest": order.signed.manifest,
                    part: bytes(flipped),
                }
            )
            assert (
                refusal(lambda changed=changed: back.key.carry_out(Order("reinstate", changed)))
                == "order-invalid"
            )


def test_without_one_time_programmable_memory_an_order_to_reset_works_as_well() -> None:
    wire, office = Wire(TestBoard()), SoftOffice()
    key = wire.open()
    key.personalise(office.grant(key.answer_offer(office.offer())))
    assert office.reset(key) == 1
    assert TestKey(wire.key.board).token.vault.identity.generation == 1
