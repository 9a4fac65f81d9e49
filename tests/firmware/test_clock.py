"""A key that stays plugged in longer than its board's clock counts: rp2 begins again at zero after
twelve days and a half.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from biandun.keys import Key
from biandun_protocol import cose
from biandun_protocol.secret import Secret
from biandun_protocol.wire import codec, frames
from biandun_protocol.wire.messages import KeepAlive
from biandun_protocol.wire.numbers import (
    KIND_KEEPALIVE,
    LIMIT_AUTO_LOCK_MS,
    LIMIT_BATCH_MS,
    LIMIT_KEEPALIVE_MS,
    LIMIT_PRESENCE_MS,
    PHASE_WAITING_PRESENCE,
)
from etoken.clock import SteadyClock
from etoken.entropy import EntropyFailed, Source
from tests.firmware.conftest import Wire, refusal
from tests.firmware.testboard import TestBoard
from tests.support import softkey
from tests.support.person import PIN
from tests.support.softoffice import NOW, SoftOffice

PERIOD = 1 << 30  # of time.ticks_ms on rp2
MANIFEST = softkey.manifest()


class Counted:
    """A board's clock that says what it is told to."""

    def __init__(self, period: int) -> None:
        self.period = period
        self.raw = 0

    def ticks_ms(self) -> int:
        return self.raw


@given(st.lists(st.integers(0, PERIOD - 1), min_size=1), st.integers(0, PERIOD - 1))
def test_time_that_passes_between_two_looks_is_what_it_is_however_often_the_board_begins_again(
    steps: list[int], start: int
) -> None:
    board = Counted(PERIOD)
    board.raw = start
    clock = SteadyClock(board)
    begun = clock.ticks_ms()
    for step in steps:
        board.raw = (board.raw + step) % PERIOD
        clock.ticks_ms()
    assert clock.ticks_ms() - begun == sum(steps)


def test_a_clock_that_never_begins_again_is_taken_as_it_is() -> None:
    board = Counted(0)
    clock = SteadyClock(board)
    board.raw = PERIOD + 7
    assert clock.ticks_ms() == PERIOD + 7


@pytest.fixture
def wire() -> Wire:
    """A key whose board's clock is about to begin again, five seconds from now."""
    board = TestBoard()
    board.clock.period, board.clock.now = PERIOD, PERIOD - 5000
    return Wire(board)


def pass_by(wire: Wire, milliseconds: int) -> None:
    wire.key.board.clock.now += milliseconds


def test_an_unlocked_key_that_nobody_uses_locks_itself_across_the_turn(
    key: Key, wire: Wire
) -> None:
    key.unlock(PIN)
    pass_by(wire, LIMIT_AUTO_LOCK_MS - 1000)
    assert wire.key.token.user == 0
    key.refresh()
    pass_by(wire, LIMIT_AUTO_LOCK_MS + 1)
    key.refresh()
    assert wire.key.token.user is None


def test_a_confirmed_batch_ends_in_its_time(key: Key, wire: Wire) -> None:
    key.confirm_batch([key.algorithm.digest(MANIFEST)], purpose="filing")
    pass_by(wire, LIMIT_BATCH_MS + 1)
    signed = key.sign(MANIFEST, purpose="filing", idempotency_key=b"k" * 16, claimed_time=NOW)
    assert cose.parse(signed.statement, purpose="filing").header.batch is None


def test_a_confirmed_batch_lasts_its_time(key: Key, wire: Wire) -> None:
    key.confirm_batch([key.algorithm.digest(MANIFEST)], purpose="filing")
    pass_by(wire, LIMIT_BATCH_MS // 2)
    signed = key.sign(MANIFEST, purpose="filing", idempotency_key=b"k" * 16, claimed_time=NOW)
    assert cose.parse(signed.statement, purpose="filing").header.batch is not None


def test_nobody_at_the_button_ends_in_a_timeout_and_the_key_says_all_the_while_that_it_waits(
    key: Key, wire: Wire
) -> None:
    key.unlock(PIN)
    wire.presence(None)
    wire.key.board.clock.now = 2 * PERIOD - LIMIT_PRESENCE_MS // 2
    begun, told = wire.key.board.clock.now, key.connection.keepalive_bytes
    assert (
        refusal(lambda: key.sign(MANIFEST, purpose="filing", idempotency_key=b"k" * 16))
        == "presence-timeout"
    )
    assert LIMIT_PRESENCE_MS <= wire.key.board.clock.now - begun < 2 * LIMIT_PRESENCE_MS
    one = len(
        frames.encode_frame(
            KIND_KEEPALIVE, 1, 0, codec.encode(KeepAlive(PHASE_WAITING_PRESENCE, 500))
        )
    )
    assert (key.connection.keepalive_bytes - told) // one >= LIMIT_PRESENCE_MS // LIMIT_KEEPALIVE_MS


def test_who_was_wrong_waits_as_long_as_ever(office: SoftOffice) -> None:
    board = TestBoard()
    board.pin_delay_ms = 1000
    board.clock.period, board.clock.now = PERIOD, PERIOD - 1500
    key = Wire(board).open()
    key.personalise(office.grant(key.answer_offer(office.offer())))
    key.set_pin(PIN)
    board.clock.now = 2 * PERIOD - 500
    assert refusal(lambda: key.unlock(Secret(b"000000"))) == "pin-wrong"
    board.clock.now += 1000
    assert refusal(lambda: key.unlock(PIN)) == "pin-wait"
    board.clock.now += 1000
    key.unlock(PIN)


def test_a_source_that_stalls_while_the_clock_begins_again_has_failed() -> None:
    board = TestBoard()
    board.clock.period, board.clock.now = PERIOD, PERIOD - 100
    source = Source(board, lambda: None)
    entropy = board.entropy

    def slow(size: int) -> bytes:
        board.clock.now += 600
        return entropy(size)

    board.entropy = slow  # type: ignore[method-assign]
    with pytest.raises(EntropyFailed):
        source.block()
