"""What a command declares to cost holds it, and never costs anybody a signature; how much each
needs is measured elsewhere.
"""

import pytest

from biandun.keys import Key
from biandun_protocol import cose
from biandun_protocol.secret import Secret
from biandun_protocol.wire.numbers import ERROR_INTERNAL
from etoken import heap
from etoken.dispatch import COMMANDS, COMPACTIONS, OverBudget
from etoken.meter import MeteredFlash
from tests.firmware.conftest import Wire, refusal
from tests.firmware.test_signing import NAME, sign
from tests.firmware.testboard import BudgetBroken, MemoryFlash
from tests.support.person import PIN

SIGN_FINISH, UNLOCK, INFO = (next(e for e in COMMANDS.values() if e.request.__name__ == n) for n in (
    "SignFinishRequest", "UnlockRequest", "InfoRequest"
))  # fmt: skip


@pytest.fixture
def spendthrift(key: Key, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> Key:
    """A key whose signature writes more than it may, on a board that reports it as a shipped one
    does.
    """
    monkeypatch.setattr(SIGN_FINISH, "flash", 100)
    wire.key.board.forgives = True
    return key


def metered(programmed: int = 0, erased: int = 0) -> MeteredFlash:
    flash = MeteredFlash(MemoryFlash())
    flash.programmed, flash.erased = programmed, erased
    return flash


def test_every_command_that_only_reads_may_not_write() -> None:
    assert {
        entry.request.__name__ for entry in COMMANDS.values() if entry.reads_only and entry.flash
    } == set()


def test_a_signature_over_budget_is_given_out_all_the_same(spendthrift: Key) -> None:
    signed = sign(spendthrift)
    cose.verify(
        cose.parse(signed.statement, purpose="filing"), spendthrift.public_key or pytest.fail()
    )
    assert signed.seq == spendthrift.chain().seq == 1


def test_a_command_over_budget_is_reported_with_what_it_wrote(spendthrift: Key, wire: Wire) -> None:
    sign(spendthrift)
    (bug,) = wire.key.board.reported
    assert isinstance(bug, OverBudget)
    name, programmed, erased = bug.args
    assert (name, erased) == ("SignFinishRequest", 0)
    assert programmed > 100


def test_it_is_one_entry_in_the_log_of_a_boot_however_often_it_happens(
    spendthrift: Key, wire: Wire
) -> None:
    for number in range(3):
        sign(spendthrift, name=bytes([number]) * 16)
    assert len(wire.key.board.reported) == 3
    info = spendthrift.refresh()
    assert (info.faults, info.last_fault) == (1, ERROR_INTERNAL)


def test_a_refused_command_is_held_to_its_budget_too(
    key: Key, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(UNLOCK, "flash", 1)
    with pytest.raises(BudgetBroken):
        key.unlock(Secret(b"000000"))
    assert wire.key.token.vault.users.tries_left(0) == 5


def test_on_the_board_of_the_tests_a_broken_budget_ends_the_test(
    key: Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SIGN_FINISH, "flash", 100)
    with pytest.raises(BudgetBroken):
        sign(key)


def test_who_declares_nothing_may_program_nothing() -> None:
    assert INFO.affords(metered())
    assert not INFO.affords(metered(programmed=1))


def test_who_declares_nothing_may_erase_nothing() -> None:
    assert not INFO.affords(metered(erased=1))


def test_bytes_up_to_the_budget_are_within_it_and_one_more_is_not() -> None:
    assert SIGN_FINISH.affords(metered(SIGN_FINISH.flash))
    assert not SIGN_FINISH.affords(metered(SIGN_FINISH.flash + 1))


def test_what_compaction_moves_into_erased_sectors_comes_on_top() -> None:
    assert SIGN_FINISH.affords(metered(SIGN_FINISH.flash + 2 * MemoryFlash.sector, erased=2))
    assert not SIGN_FINISH.affords(
        metered(SIGN_FINISH.flash + 2 * MemoryFlash.sector + 1, erased=2)
    )


def test_nobody_compacts_for_ever() -> None:
    most = COMPACTIONS * MemoryFlash().size // MemoryFlash.sector
    assert SIGN_FINISH.affords(metered(erased=most))
    assert not SIGN_FINISH.affords(metered(erased=most + 1))


def test_without_the_memory_that_it_declares_a_command_does_not_begin(
    key: Key, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    key.unlock(PIN)
    before = bytes(wire.key.board.flash.cells)
    monkeypatch.setattr(heap, "is_free", lambda size: size != SIGN_FINISH.heap * 1024)
    wire.key.board.presence = False  # nobody is asked for the button either
    assert refusal(lambda: sign(key)) == "out-of-memory"
    assert wire.key.board.flash.cells == before
    monkeypatch.undo()
    wire.key.board.presence = True
    assert sign(key, name=NAME).seq == 1


def test_pieces_that_cannot_be_had_are_not_free(monkeypatch: pytest.MonkeyPatch) -> None:
    assert heap.is_free(1024)
    monkeypatch.setattr(heap, "PIECE", 1 << 62)
    assert not heap.is_free(1024)
