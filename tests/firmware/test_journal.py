"""The journal: what was put is there after a restart, and a power cut leaves one of two legal states."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etoken.store.journal import BANK_HEADER, RECORD_HEADER, Journal, StoreFull
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


def test_compaction_drops_only_what_is_no_longer_wanted() -> None:
    flash = MemoryFlash(SMALL)
    journal = Journal(flash)
    journal.keeps = lambda kind, number: number >= 40
    for number in range(60):
        journal.put(1, number, bytes(200))
    assert set(range(40, 60)) <= set(Journal(flash).numbers(1))


def test_what_was_forgotten_cannot_be_read_back_from_flash() -> None:
    flash = MemoryFlash(SMALL)
    journal = Journal(flash)
    journal.put(1, 1, b"a secret of thirty-two bytes ....")
    journal.compact()
    journal.keeps = lambda kind, number: False
    journal.forget_old()
    assert b"a secret" not in flash.cells


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
        assert contents(Journal(flash)) in legal, cut


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


def test_a_record_whose_bits_rotted_is_not_believed() -> None:
    flash = MemoryFlash(SMALL)
    journal = Journal(flash)
    journal.put(1, 1, b"good")
    journal.put(1, 2, b"rotten")
    flash.cells[flash.cells.index(b"rotten")] ^= 1
    assert contents(Journal(flash)) == {(1, 1): b"good"}
