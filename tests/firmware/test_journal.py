"""The journal: what was put is there after a restart, and a power cut leaves one of two legal
states.
"""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biandun_protocol.wire.flashfaults import Cut, WornFlash, rot
from biandun_protocol.wire.flashmodel import ERASE
from etoken.store.journal import BANK_HEADER, RECORD_HEADER, SPARE, Journal, StoreDamaged, StoreFull
from etoken.vault.sealed import Sealed
from tests.firmware.testboard import MemoryFlash, PowerCut

BANK = 2 * MemoryFlash.sector
SMALL = 2 * BANK


def contents(journal: Journal) -> dict[tuple[int, int], bytes]:
    return {
        (kind, n): journal.get(kind, n) or b"" for kind in range(4) for n in journal.numbers(kind)
    }


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
def test_running_out_of_memory_at_any_point_changes_nothing(
    at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
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
    # that of the last one may be torn: another test
    commit = [] if number == 3 else [(-RECORD_HEADER, 1)]
    # payload, CRC, length, commit byte
    for offset, bit in ((0, 1), (-1, 4), (-RECORD_HEADER + 6, 128), *commit):
        cells = bytes(flash.cells)
        flash.cells[at + offset] ^= bit
        journal = Journal(flash)
        assert journal.damaged
        for change in (lambda journal=journal: journal.put(1, 9, b"x"), journal.compact):
            with pytest.raises(StoreDamaged):
                change()
        assert all(
            journal.get(1, kept) == f"record number {kept}".encode() for kept in journal.numbers(1)
        )
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


operations = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 5), st.binary(max_size=400)), max_size=60
)


@settings(max_examples=100, deadline=None)
@given(operations=operations, restarts=st.sets(st.integers(0, 60)))
def test_the_journal_is_a_dictionary_that_survives_restarts(
    operations: list[tuple[int, int, bytes]], restarts: set[int]
) -> None:
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
        legal = [
            states[max(reached, 0)],
            states[reached + 1] if reached + 1 < len(states) else states[-1],
        ]
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
        # the commit byte comes last: with a torn record it is still FF, and so is everything behind
        # the tear
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
    assert [
        (kind, number, flash.read(at, size)) for kind, number, at, size in again.each()
    ] == written
    assert again.generation == journal.generation
    again.compact()
    assert [(kind, number) for kind, number, _, _ in again.each()] == sorted(
        {(kind, number) for kind, number, _ in written}
    )
    assert again.generation == journal.generation + 1


@pytest.mark.parametrize("left", [0x01, 0x80, 0xFE, 0x55])
def test_a_record_torn_in_its_commit_byte_stands_and_is_made_whole(left: int) -> None:
    flash = MemoryFlash(SMALL)
    filled(flash)
    at = flash.cells.index(b"record number 3") - RECORD_HEADER
    flash.cells[at] = left
    journal = Journal(flash)
    assert not journal.damaged
    assert journal.get(1, 3) == b"record number 3"
    assert flash.cells[at] == 0
    journal.put(1, 4, b"next")
    assert Journal(flash).get(1, 4) == b"next"


def test_a_put_that_was_given_up_after_its_first_step_is_never_taken_for_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    flash = MemoryFlash(SMALL)
    journal = filled(flash)

    def out_of_memory(at: int) -> None:
        raise MemoryError

    monkeypatch.setattr(journal, "_commit", out_of_memory)
    with pytest.raises(MemoryError):
        journal.put(1, 3, b"given up")
    monkeypatch.undo()
    assert journal.get(1, 3) == b"record number 3"
    journal.put(1, 9, b"what comes next lands where the other was begun")
    again = Journal(flash)
    assert (again.get(1, 3), again.get(1, 9)) == (
        b"record number 3",
        b"what comes next lands where the other was begun",
    )


@pytest.mark.parametrize("distance", [0, 1, 5, RECORD_HEADER, 40])
def test_rot_in_blank_flash_costs_a_compaction_and_no_record(distance: int) -> None:
    for restart in (False, True):
        flash = MemoryFlash(SMALL)
        journal = filled(flash)
        rot(flash, journal._base(journal._bank) + journal._end + distance, 0x10)
        if restart:
            journal = Journal(flash)
        for number in range(4, 8):
            journal.put(1, number, f"record number {number}".encode())
        assert contents(Journal(flash)) == {
            (1, number): f"record number {number}".encode() for number in range(8)
        }


def test_rot_in_the_spare_bank_costs_an_erasure_and_no_record() -> None:
    for offset in (0, 3, BANK_HEADER, BANK_HEADER + 20, 60):
        flash = MemoryFlash(SMALL)
        journal = filled(flash)
        rot(flash, journal._base(1 - journal._bank) + offset, 0x40)
        journal.compact()
        assert not journal.damaged
        assert contents(Journal(flash)) == {
            (1, number): f"record number {number}".encode() for number in range(4)
        }


def test_rot_since_the_last_start_is_not_copied_under_a_good_crc() -> None:
    flash = MemoryFlash(SMALL)
    journal = filled(flash)
    rot(flash, flash.cells.index(b"record number 2"), 1)
    with pytest.raises(StoreDamaged):
        journal.compact()
    assert journal.damaged
    assert Journal(flash).damaged


def test_compaction_that_would_run_over_the_end_of_its_bank_changes_nothing() -> None:
    flash = MemoryFlash(SMALL)
    journal = filled(flash)
    journal.survives = lambda kind, number: (kind, bytes(BANK // 2))
    with pytest.raises(StoreFull):
        journal.compact()
    assert contents(Journal(flash)) == {
        (1, number): f"record number {number}".encode() for number in range(4)
    }


def test_flash_that_keeps_nothing_any_more_is_noticed_and_what_was_there_stays_readable() -> None:
    for seed in range(8):
        flash = WornFlash(SMALL, endurance=6, seed=seed)
        journal, model, step = Journal(flash), {}, 0
        with pytest.raises(StoreDamaged):
            for step in range(100000):
                journal.put(1, step % 5, step.to_bytes(4, "big") * 50)
                model[1, step % 5] = step.to_bytes(4, "big") * 50
        assert journal.damaged
        assert contents(journal) == model
        again = contents(Journal(flash))
        model[1, step % 5] = again[1, step % 5]
        assert again == model


def test_an_unused_flash_is_not_erased_before_one_bank_counts_and_survives_any_number_of_cuts() -> (
    None
):
    flash = MemoryFlash(SMALL)
    for seed in range(40):
        Cut(flash, 1 + seed % 6, seed % 7 / 7, seed, scattered=bool(seed % 2))
        with pytest.raises(PowerCut):
            filled(flash).compact()
    flash.hook = None
    journal = Journal(flash)
    assert not journal.damaged
    assert set(contents(journal).values()) <= {
        f"record number {number}".encode() for number in range(4)
    }


def test_a_bank_is_erased_once_each_time_it_was_full() -> None:
    flash = MemoryFlash(SMALL)
    journal = Journal(flash)
    before = list(flash.erases)
    for _ in range(10):
        journal = Journal(flash)
        journal.compact()
    assert [after - start for after, start in zip(flash.erases, before, strict=True)] == [5] * len(
        before
    )


def test_the_other_bank_is_erased_and_marked_at_the_next_start_whatever_a_cut_made_of_it() -> None:
    """Also when it reads blank: an erasure that was cut can look finished."""
    flash = MemoryFlash(SMALL)
    journal = filled(flash)
    spare = journal._base(1 - journal._bank)
    for content in (b"\xff" * BANK, b"BDJ1" + bytes(BANK - 4), bytes(BANK)):
        flash.cells[spare : spare + BANK] = content
        erased: list[int] = []
        flash.hook = lambda kind, offset, data, erased=erased: (
            erased.append(offset) if kind == ERASE else None
        )
        assert len(contents(Journal(flash))) == 4
        assert erased == [spare + flash.sector, spare]
        assert flash.cells[spare : spare + BANK] == SPARE + b"\xff" * (BANK - len(SPARE))


def test_starting_a_journal_that_was_put_away_whole_writes_nothing() -> None:
    flash = MemoryFlash(SMALL)
    filled(flash)
    operations = flash.operations
    Journal(flash)
    assert flash.operations == operations


@pytest.mark.parametrize("sealed", [False, True])
def test_when_the_old_bank_cannot_be_erased_nothing_is_written_before_the_next_start(
    sealed: bool,
) -> None:
    flash = MemoryFlash(SMALL)

    def start():
        return Sealed(flash, bytes(32)) if sealed else Journal(flash)

    journal = start()
    journal.put(1, 1, b"kept")

    def refuse_erasing(kind: str, offset: int, data: bytes) -> None:
        if kind == ERASE:
            raise OSError

    flash.hook = refuse_erasing
    with pytest.raises(OSError):
        journal.compact()
    with pytest.raises(StoreDamaged):
        journal.put(1, 2, b"never")
    flash.hook = None
    again = start()
    assert not again.damaged
    again.put(1, 3, b"next")
    assert contents(start()) == {(1, 1): b"kept", (1, 3): b"next"}
