"""The journal against a dictionary: random operations, restarts, failing flash, and power cuts
anywhere, also while it recovers.

After a cut the record that was being put has its old or its new value and nothing else has changed;
after an error there is nothing of it.  Journals that are broken on purpose must not pass.
"""

import json
from binascii import crc32
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from biandun_protocol.wire.flashfaults import Cut, rot
from biandun_protocol.wire.flashmodel import NorFlash, PowerCut
from etoken.store.journal import (
    BANK_HEADER,
    NUMBER_BITS,
    RECORD_HEADER,
    SPARE,
    Journal,
    StoreDamaged,
    StoreFull,
)
from etoken.vault.sealed import LINK, Sealed

SECTOR, SECTORS = 256, 10
BANK = SECTOR * SECTORS // 2
RESULT = Path(__file__).parents[2] / "build" / "store-model.json"
OPERATIONS = 100_000
Model = dict[tuple[int, int], bytes]

kinds, numbers = st.integers(1, 3), st.integers(0, 4)  # kind 0 carries a key of the sealed journal
payloads = st.builds(
    lambda byte, size: bytes([byte]) * size, st.integers(0, 255), st.integers(0, 150)
)
cuts = st.tuples(
    st.one_of(st.integers(1, 4), st.integers(1, 40)),
    st.sampled_from([None, 0.0, 0.1, 0.5, 0.9, 1.0]),
    st.integers(0, 1 << 16),
    st.booleans(),
)


class Life(RuleBasedStateMachine):
    """One journal's life; subclasses say which."""

    journal_class: type[Journal] = Journal
    # bytes a record takes besides header and payload, and bytes of a bank that may stay unused
    extra = 0
    done: ClassVar[Counter[str]] = Counter()

    @initialize()
    def begin(self) -> None:
        self.flash = NorFlash(SECTOR * SECTORS, SECTOR)
        self.model: Model = {}
        self.dropped = 0
        self.start()

    def start(self) -> None:
        self.done["restarts"] += 1
        self.journal = self.journal_class(self.flash)
        assert not self.journal.damaged
        self.journal.survives = lambda kind, number: kind != self.dropped

    def contents(self) -> Model:
        return {
            (kind, n): self.journal.get(kind, n) or b""
            for kind in range(1, 4)
            for n in self.journal.numbers(kind)
        }

    def survivors(self) -> Model:
        """What is left when compaction happens: records of the kind that is dropped may be gone."""
        return {key: payload for key, payload in self.model.items() if key[0] != self.dropped}

    def put_now(self, kind: int, number: int, payload: bytes) -> None:
        self.journal.put(kind, number, payload)

    def check_full(self, size: int) -> None:
        """Full is only what holds more than a bank does."""
        kept = self.survivors()
        live = sum(RECORD_HEADER + self.extra + len(one) for one in kept.values())
        assert BANK_HEADER + live + RECORD_HEADER + size + 2 * self.extra > BANK

    def cut_off(self, work: Callable[[], object], cut: Any, again: list[Any]) -> None:
        """Do something and lose power; then start, and lose it in that too."""
        for attempt, (at, share, seed, scattered) in enumerate([cut, *again]):
            Cut(self.flash, at, share, seed, scattered)
            try:
                if attempt:
                    self.start()
                else:
                    work()
            except PowerCut:
                self.done["cuts"] += 1
            except StoreFull:
                assert not attempt
        self.flash.hook = None
        self.start()

    @rule(kind=kinds, number=numbers, payload=payloads)
    def put(self, kind: int, number: int, payload: bytes) -> None:
        self.done["puts"] += 1
        generation = self.journal.generation
        try:
            self.put_now(kind, number, payload)
        except StoreFull:
            self.check_full(len(payload))
        else:
            self.adopt_compaction(generation)
            self.model[kind, number] = payload
            return
        self.adopt_compaction(generation)

    def adopt_compaction(self, generation: int) -> None:
        if self.journal.generation != generation:
            self.model = self.survivors()

    @rule()
    def compact(self) -> None:
        self.done["compactions"] += 1
        self.journal.compact()
        self.model = self.survivors()

    @rule(kind=st.integers(0, 3))
    def want_less(self, kind: int) -> None:
        self.dropped = kind

    @rule()
    def restart(self) -> None:
        self.start()

    @rule(kind=kinds, number=numbers, payload=payloads, cut=cuts, again=st.lists(cuts, max_size=2))
    def put_and_cut(
        self, kind: int, number: int, payload: bytes, cut: Any, again: list[Any]
    ) -> None:
        self.done["puts"] += 1
        generation = self.journal.generation
        self.cut_off(lambda: self.put_now(kind, number, payload), cut, again)
        found = self.contents()
        if self.journal.generation != generation and found not in (
            self.model,
            {**self.model, (kind, number): payload},
        ):
            self.model = self.survivors()
        assert found in (self.model, {**self.model, (kind, number): payload})
        self.model = found

    @rule(cut=cuts, again=st.lists(cuts, max_size=2))
    def compact_and_cut(self, cut: Any, again: list[Any]) -> None:
        self.done["compactions"] += 1
        self.cut_off(self.journal.compact, cut, again)
        found = self.contents()
        assert found in (self.model, self.survivors())
        self.model = found

    @rule(kind=kinds, number=numbers, payload=payloads, at=st.integers(1, 30))
    def put_on_flash_that_fails(self, kind: int, number: int, payload: bytes, at: int) -> None:
        self.done["puts"] += 1
        generation, left = self.journal.generation, at

        def fail(*operation: object) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                raise OSError

        self.flash.hook = fail
        try:
            self.put_now(kind, number, payload)
            put = True
        except OSError:
            self.done["errors"] += 1
            put = False
        except StoreFull:
            self.check_full(len(payload))
            put = False
        self.flash.hook = None
        self.adopt_compaction(generation)
        # the erasure of the old bank failed: nothing more is written before the next start
        if self.journal.damaged:
            self.start()
        if put:
            self.model[kind, number] = payload

    @invariant()
    def the_journal_is_the_model(self) -> None:
        if hasattr(self, "journal"):
            assert self.contents() == self.model


def live(
    journal_class: type[Journal], examples: int, extra: int = 0, **options: Any
) -> Counter[str]:
    """Let many journals live; raises what the first broken one did.  Return what was done."""
    done: Counter[str] = Counter()
    life = type("Life", (Life,), {"journal_class": journal_class, "extra": extra, "done": done})
    given = {
        "deadline": None,
        "suppress_health_check": list(HealthCheck),
        "database": None,
        "stateful_step_count": 50,
        **options,
    }
    run_state_machine_as_test(life, settings=settings(max_examples=examples, **given))
    return done


def test_the_journal_is_a_dictionary_whatever_happens_to_it() -> None:
    done = live(Journal, 60)
    assert min(done[name] for name in ("puts", "compactions", "restarts", "cuts")) > 5


class Linked(Sealed):
    """The vault's journal, on a board whose memory has a secret."""

    def __init__(self, flash: Any) -> None:
        super().__init__(flash, b"a secret of thirty-two bytes ...")


def test_the_sealed_journal_of_the_vault_is_one_too_and_no_cut_breaks_its_links() -> None:
    done = live(Linked, 60, LINK)
    # it did live
    assert min(done[name] for name in ("puts", "compactions", "restarts", "cuts")) > 5


@pytest.mark.slow
def test_a_hundred_thousand_operations_and_the_journal_is_still_a_dictionary() -> None:
    total: Counter[str] = Counter()
    while total["puts"] + total["compactions"] + total["restarts"] < OPERATIONS:
        total += live(Journal, 500) + live(Linked, 100, LINK)
    total["operations"] = total["puts"] + total["compactions"] + total["restarts"]
    print(dict(total))
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(dict(total), indent=1, sort_keys=True) + "\n")


def as_written(kind: int, number: int, payload: bytes) -> bytes:
    """A record without its commit byte."""
    head = bytes((kind,)) + number.to_bytes(4, "big") + len(payload).to_bytes(2, "big")
    return head + crc32(payload, crc32(head)).to_bytes(4, "big") + payload


class CommitsFirst(Journal):
    """The commit byte before the data."""

    def _write(self, at: int, kind: int, number: int, payload: bytes) -> None:
        self._flash.program(at, b"\0")
        self._flash.program(at + 1, as_written(kind, number, payload))


class IndexesFirst(Journal):
    """The index is moved before the write and not moved back."""

    def put(self, kind: int, number: int, payload: bytes) -> None:
        self._index[kind << NUMBER_BITS | number] = self._base(self._bank) + self._end
        super().put(kind, number, payload)


class ErasesFirst(Journal):
    """The old bank is erased before the new one has its header."""

    def _write_header(self, bank: int, generation: int) -> None:
        if generation > 1:
            self._clear(1 - bank)
        super()._write_header(bank, generation)


class HeadsFirst(Journal):
    """The new bank's header stands before its records."""

    def _copy(self, target: int) -> tuple[dict[int, int], int]:
        self._write_header(target, self._generation + 1)
        return super()._copy(target)


class WritesOverTheTail(Journal):
    """What was never committed is written over, and nothing is read before or after."""

    def _is_blank(self, at: int, size: int) -> bool:
        return True

    def _scan(self) -> bool:
        return bool(super()._scan()) and False

    def _write(self, at: int, kind: int, number: int, payload: bytes) -> None:
        self._flash.program(at + 1, as_written(kind, number, payload))
        self._flash.program(at, b"\0")


class LeavesTheOtherBank(Journal):
    """An erasure or a compaction that was cut is not made good at the next start, and the bank
    taken for spare.
    """

    def _clear(self, bank: int) -> None:
        if self._generation < 2:
            super()._clear(bank)
        else:
            self._flash.program(self._base(bank), SPARE)


BROKEN = [
    CommitsFirst,
    IndexesFirst,
    ErasesFirst,
    HeadsFirst,
    WritesOverTheTail,
    LeavesTheOtherBank,
]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda one: one.__name__)
def test_a_journal_that_is_broken_on_purpose_is_caught(broken: type[Journal]) -> None:
    # ValueError: read outside the flash
    with pytest.raises((AssertionError, StoreDamaged, ValueError)):
        live(broken, 200, phases=[Phase.generate], derandomize=True, report_multiple_bugs=False)


def test_no_single_rotten_bit_anywhere_on_flash_is_read_as_something_else() -> None:
    """Either the journal says that it is damaged, or it holds exactly what it held, now and after
    going on.
    """
    flash = NorFlash(SECTOR * SECTORS, SECTOR)
    journal, model, damaged = Journal(flash), {}, 0
    journal.compact()
    for step in range(9):
        model[1, step % 4] = bytes([step]) * (20 + step)
        journal.put(1, step % 4, model[1, step % 4])
    end = journal._base(journal._bank) + journal._end
    whole = flash.read(0, flash.size)
    for bit in range(0, 8 * flash.size):
        at = bit // 8
        if at % BANK > 40 and not journal._base(journal._bank) <= at < end + 40 and bit % 29:
            continue  # blank flash is much the same everywhere
        flash.medium.write(0, whole)
        rot(flash, at, 1 << bit % 8)
        again = Journal(flash)
        read = {(1, number): again.get(1, number) for number in again.numbers(1)}
        if again.damaged:
            damaged += 1
            continue
        assert read == model, (at, bit % 8)
        for number in range(4, 24):  # over a compaction or more
            again.put(1, number % 8, bytes([number]) * 60)
        after = Journal(flash)
        assert {number: after.get(1, number) for number in range(8)} == {
            number % 8: bytes([number]) * 60 for number in range(16, 24)
        }
    assert damaged > 8 * (end - journal._base(journal._bank) - 9) * 0.9
