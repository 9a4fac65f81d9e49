"""The journal: what was put is there after a restart, and a power cut leaves one of two legal states."""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etoken.store.journal import BANK_HEADER, RECORD_HEADER, Journal, StoreDamaged, StoreFull
from tests.firmware.testboard import MemoryFlash, PowerCut

BANK = 2 * MemoryFlash.sector
SMALL = 2 * BANK


def contents(journal: Journal) -> dict[tuple[int, int], bytes]:
    return {(kind, n): journal.get(kind, n) or b"" for kind in range(4) for n in journal.numbers(kind)}


def test_a_fresh_flash_holds_nothing() -> None:
    journal = Journal(MemoryFlash(SMALL))
    assert contents(journal) == {}
    assert journal.get(1) is None


def test_the_newest_record_of_a_number_counts() -> None:
    journal = Journal(MemoryFlash(SMALL))
    for text in (b"one", b"two", b""):
        journal.put(1, 7, text)
        assert journal.get(1, 7) == text


def test_a_record_that_can_never_fit_is_refused_and_changes_nothing() -> None:
    journal = Journal(MemoryFlash(SMALL))
    journal.put(1, 1, b"kept")
    with pytest.raises(StoreFull):
        journal.put(1, 2, bytes(BANK))
    assert contents(journal) == {(1, 1): b"kept"}


def test_a_full_journal_says_so_when_everything_is_still_wanted() -> None:
    flash = MemoryFlash(SMALL)
    journal = Journal(flash)
    size = 1000
    fits = (BANK - BANK_HEADER) // (RECORD_HEADER + size)
    for number in range(fits):
        journal.put(1, number, bytes(size))
    with pytest.raises(StoreFull):
        journal.put(1, fits, bytes(size))
    assert Journal(flash).numbers(1) == list(range(fits))


def test_compaction_drops_only_what_is_no_longer_wanted_and_shrinks_what_may_shrink() -> None:
    flash = MemoryFlash(SMALL)
    journal = Journal(flash)
    for number in range(4):
        journal.put(1, number, bytes(200))
    journal.survives = lambda kind, number: {0: False, 1: (2, b"small")}.get(number, True)
    journal.compact()
    assert contents(Journal(flash)) == {(1, 2): bytes(200), (1, 3): bytes(200), (2, 1): b"small"}


def test_what_was_dropped_cannot_be_read_back_from_flash() -> None:
    flash = MemoryFlash(SMALL)
    journal = Journal(flash)
    journal.put(1, 1, b"a secret of thirty-two bytes ....")
    journal.survives = lambda kind, number: False
    journal.compact()
    assert b"a secret" not in flash.cells


def test_an_old_bank_whose_erasure_was_cut_is_erased_at_the_next_start() -> None:
    whole = MemoryFlash(SMALL)
    journal = Journal(whole)
    journal.put(1, 1, b"a secret of thirty-two bytes ....")
    journal.survives = lambda kind, number: False
    start, cells = whole.operations, bytes(whole.cells)
    journal.compact()
    for cut in range(start + 1, whole.operations + 1):
        flash = MemoryFlash(SMALL)
        flash.cells[:] = cells
        flash.operations, flash.fail_after = start, cut
        again = Journal(flash)
        again.survives = journal.survives
        with pytest.raises(PowerCut):
            again.compact()
        flash.fail_after = -1
        after = Journal(flash)
        assert contents(after) != {} or b"a secret" not in flash.cells, cut


class Scarce:
    """Journal._write that runs out of memory at its n-th call."""

    def __init__(self, fail_at: int) -> None:
        self.left = fail_at
        self.genuine = Journal._write

    def __get__(self, journal: Journal, _: object) -> Callable[..., None]:
        return lambda *arguments: self.write(journal, *arguments)

    def write(self, journal: Journal, *arguments: object) -> None:
        self.left -= 1
        if self.left == 0:
            raise MemoryError
        self.genuine(journal, *arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("at", ["compaction", "append"])
def test_running_out_of_memory_at_any_point_changes_nothing(at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for fail_at in range(1, 12):
        flash = MemoryFlash(SMALL)
        journal = Journal(flash)
        for number in range(3):
            journal.put(1, number, bytes([number]) * 50)
        monkeypatch.setattr(Journal, "_write", Scarce(fail_at))
        model = contents(journal)
        try:
            if at == "compaction":
                journal.compact()
            else:
                journal.put(1, 7, b"new")
                model[1, 7] = b"new"
        except MemoryError:
            pass
        monkeypatch.undo()
        assert contents(journal) == model
        journal.put(1, 8, b"goes on")
        assert contents(Journal(flash)) == {**model, (1, 8): b"goes on"}


def filled(flash: MemoryFlash) -> Journal:
    journal = Journal(flash)
    for number in range(4):
        journal.put(1, number, f"record number {number}".encode())
    return journal


@pytest.mark.parametrize("number", range(4))
def test_one_rotten_bit_in_a_committed_record_stops_all_writing(number: int) -> None:
    flash = MemoryFlash(SMALL)
    filled(flash)
    at = flash.cells.index(f"record number {number}".encode())
    for offset, bit in ((0, 1), (-1, 4), (-RECORD_HEADER, 1), (-RECORD_HEADER + 6, 128)):  # payload, CRC, commit byte, length
        cells = bytes(flash.cells)
        flash.cells[at + offset] ^= bit
        journal = Journal(flash)
        assert journal.damaged
        for change in (lambda journal=journal: journal.put(1, 9, b"x"), journal.compact):
            with pytest.raises(StoreDamaged):
                change()
        assert all(journal.get(1, kept) == f"record number {kept}".encode() for kept in journal.numbers(1))
        flash.cells[:] = cells


def test_a_bank_with_records_and_a_rotten_header_is_not_taken_for_a_fresh_one() -> None:
    flash = MemoryFlash(SMALL)
    filled(flash)
    start = flash.cells.index(b"BDJ1")
    for offset in range(BANK_HEADER):
        cells = bytes(flash.cells)
        flash.cells[start + offset] ^= 1
        assert Journal(flash).damaged, offset
        assert b"record number 3" in flash.cells
        flash.cells[:] = cells


operations = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.binary(max_size=400)), max_size=60)


@settings(max_examples=100, deadline=None)
@given(operations=operations, restarts=st.sets(st.integers(0, 60)))
def test_the_journal_is_a_dictionary_that_survives_restarts(operations: list[tuple[int, int, bytes]], restarts: set[int]) -> None:
    flash, model = MemoryFlash(2 * SMALL), {}
    journal = Journal(flash)
    for step, (kind, number, payload) in enumerate(operations):
        if step in restarts:
            journal = Journal(flash)
        journal.put(kind, number, payload)
        model[kind, number] = payload
        assert contents(journal) == model


def puts(flash: MemoryFlash) -> Iterator[dict[tuple[int, int], bytes]]:
    """Put until two compactions have happened, yielding what must be there after each step."""
    journal, model = Journal(flash), {}
    yield dict(model)
    for step in range(45):
        payload = bytes([step]) * (300 + step)
        journal.put(1, step % 5, payload)
        model[1, step % 5] = payload
        yield dict(model)


def test_a_power_cut_at_any_flash_operation_leaves_the_state_before_or_after() -> None:
    whole = MemoryFlash(SMALL)
    states = list(puts(whole))
    for cut in range(1, whole.operations + 1):
        flash = MemoryFlash(SMALL)
        flash.fail_after = cut
        reached = -1
        with pytest.raises(PowerCut):
            for _ in puts(flash):
                reached += 1
        flash.fail_after = -1
        legal = [states[max(reached, 0)], states[reached + 1] if reached + 1 < len(states) else states[-1]]
        again = Journal(flash)
        assert not again.damaged, cut
        assert contents(again) in legal, cut


def test_a_torn_record_is_as_if_it_had_never_been_written() -> None:
    whole = MemoryFlash(SMALL)
    journal = Journal(whole)
    journal.put(1, 1, b"before")
    start = whole.cells.index(b"before") + 6
    journal.put(1, 1, b"after!")
    for torn in range(1, RECORD_HEADER + 6):
        flash = MemoryFlash(SMALL)
        flash.cells[:] = whole.cells
        # the commit byte comes last: with a torn record it is still FF, and so is everything behind the tear
        flash.cells[start] = 0xFF
        flash.cells[start + torn : start + RECORD_HEADER + 6] = b"\xff" * (RECORD_HEADER + 6 - torn)
        again = Journal(flash)
        assert again.get(1, 1) == b"before"
        again.put(1, 1, b"next")
        assert Journal(flash).get(1, 1) == b"next"


def test_the_records_are_read_back_as_they_stand_old_ones_included() -> None:
    flash = MemoryFlash(16 * 4096)
    journal = Journal(flash)
    written = [(3, 1, b"one"), (3, 1, b"two"), (200, (1 << 22) - 1, b""), (0, 0, b"x" * 300)]
    for kind, number, payload in written:
        journal.put(kind, number, payload)
    again = Journal(flash)
    assert [(kind, number, flash.read(at, size)) for kind, number, at, size in again.each()] == written
    assert again.generation == journal.generation
    again.compact()
    assert [(kind, number) for kind, number, _, _ in again.each()] == sorted({(kind, number) for kind, number, _ in written})
    assert again.generation == journal.generation + 1
