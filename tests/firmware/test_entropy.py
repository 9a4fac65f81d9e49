"""The source of randomness: what is good enough, what fails, and what a failure leaves behind."""

import hmac
import math
from collections.abc import Callable
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biandun.keys import Key
from etoken import entropy
from etoken.boards.cpython import CPythonBoard, MemoryPort
from etoken.entropy import Entropy, EntropyFailed, Source, proportion_cutoff, repetition_cutoff
from etoken.refusal import Refused
from etoken.store.journal import Journal, StoreFull
from etoken.token import Token
from etoken.vault import records
from etoken.vault.seed import Seed
from tests.firmware.conftest import Wire
from tests.firmware.test_signing import MANIFEST, begin, finish, refusal, sign
from tests.firmware.testboard import MemoryFlash, TestBoard, TestKey
from tests.support.person import PIN
from tests.support.softoffice import SoftOffice

Spoil = Callable[[TestBoard, bytes], bytes | None]


def stall(board: TestBoard, block: bytes) -> bytes:
    board.clock.now += 501
    return block


def fail(board: TestBoard, block: bytes) -> bytes:
    raise OSError(5)


def crash(board: TestBoard, block: bytes) -> bytes:
    raise RuntimeError("the driver of a broken source")


def drop_to(values: int) -> Spoil:
    """A source that knows so many values only."""
    return lambda board, block: bytes(byte % values for byte in block)


def circle(board: TestBoard, block: bytes) -> bytes:
    """Two good blocks in turn."""
    board.turn = not getattr(board, "turn", False)  # type: ignore[attr-defined]
    return sha256(bytes([board.turn])).digest()  # type: ignore[attr-defined]


SPOILS: dict[str, Spoil] = {
    "stall": stall,
    "repeat": lambda board, block: sha256(b"the same").digest(),
    "circle": circle,
    "short": lambda board, block: block[:-1],
    "long": lambda board, block: block + b"x",
    "empty": lambda board, block: b"",
    "nothing": lambda board, block: None,
    "raises": fail,
    "crashes": crash,
    "stuck at 0": lambda board, block: bytes(len(block)),
    "stuck at FF": lambda board, block: b"\xff" * len(block),
    "a stuck byte now and then": lambda board, block: block[:10] + block[:1] * 5 + block[15:],
    "half of its bits": drop_to(16),
}
# found after so many uses at most, when a good start goes bad
SLOWER = {"repeat": 1, "circle": 2, "half of its bits": 64}


@pytest.mark.parametrize("bits", [0.5, 0.8, 1, 2, 4, 7, 8])
def test_the_cutoffs_are_those_of_the_standard_computed_exactly(bits: float) -> None:
    assert repetition_cutoff(bits) == 1 + math.ceil(30 / bits)
    # the binomial distribution in exact fractions, for the same p
    p = Fraction(int((1 << 24) * 2**-bits), 1 << 24)
    tail, count = Fraction(0), 1025
    while True:
        tail += math.comb(1024, count - 1) * p ** (count - 1) * (1 - p) ** (1025 - count)
        if tail > Fraction(1, 1 << 30):
            break
        count -= 1
    assert proportion_cutoff(bits) == count


def test_the_cutoffs_of_a_full_byte_are_5_in_a_row_and_22_in_a_window() -> None:
    assert (repetition_cutoff(8), proportion_cutoff(8)) == (5, 22)


class Tape:
    """A board whose source plays given samples, then good ones."""

    def __init__(self, samples: bytes = b"", bits: float = 8) -> None:
        self.serial, self.entropy_bits, self.clock = "BD-TEST-0001", bits, TestBoard().clock
        self.good = TestBoard(seed=b"tape")
        self.samples = samples

    def entropy(self, size: int) -> bytes:
        given, self.samples = self.samples[:size], self.samples[size:]
        return given + self.good.entropy(size)[len(given) :]


def distinct(start: int, size: int) -> bytes:
    return bytes((start + place * 7) % 251 for place in range(size))


@pytest.mark.parametrize(("run", "fails"), [(4, False), (5, True)])
@pytest.mark.parametrize("at", [0, 30])  # inside a block, and from one into the next
def test_so_many_equal_samples_in_a_row_fail_and_one_less_does_not(
    run: int, fails: bool, at: int
) -> None:
    samples = distinct(1, at) + b"\xfe" * run + distinct(9, 64)
    source = Source(Tape(samples), lambda: None)
    assert failed(lambda: [source.block() for _ in range(2)]) == fails


@pytest.mark.parametrize(("times", "fails"), [(21, False), (22, True)])
def test_so_many_of_the_first_sample_in_a_window_fail_and_one_less_does_not(
    times: int, fails: bool
) -> None:
    samples = bytearray(
        byte if byte != 77 else 78 for byte in TestBoard(seed=b"window").entropy(1024)
    )
    for place in range(times):
        samples[place * 48] = 77
    source = Source(Tape(bytes(samples)), lambda: None)
    assert failed(lambda: list(source.start_up())) == fails


def test_the_count_begins_afresh_with_each_window() -> None:
    samples = bytearray(
        byte if byte != 77 else 78 for byte in TestBoard(seed=b"windows").entropy(2048)
    )
    for place in range(36):
        samples[48 * place if place < 18 else 1024 + 48 * (place - 18)] = 77
    source = Source(Tape(bytes(samples)), lambda: None)
    assert not failed(lambda: [*source.start_up(), *source.start_up()])


def failed(call: Callable[[], object]) -> bool:
    try:
        call()
    except EntropyFailed:
        return True
    return False


@settings(max_examples=40, deadline=None)
@given(seed=st.binary(max_size=16))
def test_a_good_source_passes_whatever_it_gives(seed: bytes) -> None:
    source = Source(TestBoard(seed=seed), lambda: None)
    for _ in range(200):
        source.block()


def test_a_weaker_source_has_wider_bounds_and_gives_more_samples() -> None:
    asked: list[int] = []
    tape = Tape(bits=0.8)
    good = tape.good.entropy
    tape.entropy = lambda size: (asked.append(size), bytes(byte & 1 for byte in good(size)))[1]  # type: ignore[method-assign]
    strong, weak = new_entropy(Tape()), new_entropy(tape)
    for one in (strong, weak):
        one.take(32)
    asked.clear()
    weak.take(32)
    assert sum(asked) == 320  # 256 bits at 0.8 bits a sample
    with pytest.raises(EntropyFailed):
        new_entropy(Tape(bytes(byte & 1 for byte in good(1024)))).take(1)


def new_entropy(board: object, flash: MemoryFlash | None = None) -> Entropy:
    return Entropy(board, Seed(Journal(flash or MemoryFlash())), lambda: None)  # type: ignore[arg-type]


# --- what comes out ---------------------------------------------------


def test_the_seed_is_the_digest_of_samples_stored_seed_and_boot_count() -> None:
    flash = MemoryFlash()
    Seed(Journal(flash)).replace(b"s" * 32, 6)
    out = new_entropy(Tape(), flash).take(32)
    count = (7).to_bytes(8, "big")
    board = TestBoard(seed=b"tape")
    samples = b"".join(board.entropy(32) for _ in range(32))
    material = sha256(samples + b"s" * 32 + count).digest()

    def mac(data: bytes) -> bytes:
        return hmac.new(k, data, "sha256").digest()

    def update(data: bytes) -> None:
        nonlocal k, v
        for step in (b"\0", b"\1") if data else (b"\0",):
            k = mac(v + step + data)
            v = mac(v)

    k, v = bytes(32), b"\1" * 32
    update(material + count + b"biandun key BD-TEST-0001")
    stored = v = mac(v)
    update(b"")
    update(board.entropy(32))  # each use reseeds
    v = mac(v)
    assert out == v
    seed = Seed(Journal(flash))
    assert (seed.read(), seed.boots) == (stored, 7)


@settings(max_examples=15, deadline=None)
@given(boots=st.integers(2, 5), seed=st.binary(max_size=8))
def test_no_two_boots_give_the_same_even_when_the_source_repeats_itself_from_boot_to_boot(
    boots: int, seed: bytes
) -> None:
    flash = MemoryFlash(16 * 4096)
    given = [new_entropy(TestBoard(seed=seed), flash).take(32) for _ in range(boots)]
    assert len(set(given)) == boots


def test_two_keys_with_the_same_source_give_different_bytes() -> None:
    tapes = [Tape(), Tape()]
    tapes[1].serial = "BD-TEST-0002"
    assert len({new_entropy(tape).take(32) for tape in tapes}) == 2


@settings(max_examples=60, deadline=None)
@given(block=st.binary(min_size=32, max_size=32))
def test_a_source_that_is_constant_gives_nothing_in_any_boot(block: bytes) -> None:
    flash = MemoryFlash(16 * 4096)
    for _ in range(2):
        board = Tape()
        board.entropy = lambda size: block  # type: ignore[method-assign]
        one = new_entropy(board, flash)
        with pytest.raises(EntropyFailed):
            one.take(32)
        with pytest.raises(Refused):
            one.take(32)
    assert Seed(Journal(flash)).boots == 0


def test_a_boot_writes_one_seed_at_its_first_use_of_randomness_and_none_without() -> None:
    flash = MemoryFlash()
    key = TestKey(TestBoard(flash=flash))
    before = flash.operations
    key.start()
    assert flash.operations == before
    one = new_entropy(key.board, flash)
    for _ in range(20):
        one.take(32)
    assert flash.operations == before + 2  # record and commit byte


def test_nothing_is_given_out_before_the_next_boots_seed_is_on_flash(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = new_entropy(Tape())

    def full(*_: object) -> None:
        raise StoreFull

    monkeypatch.setattr(one._seed, "replace", full)
    for _ in range(2):
        with pytest.raises(StoreFull):
            one.take(32)
    monkeypatch.undo()
    assert len(one.take(32)) == 32


def test_the_seed_survives_a_reset(key: Key, wire: Wire, office: SoftOffice) -> None:
    seed = wire.key.token.vault.seed
    challenged = office.order("reset", key.challenge())
    stored, boots = seed.read(), seed.boots
    assert boots == 1
    assert any(stored)
    key.carry_out(challenged)
    wire.key.start()
    seed = wire.key.token.vault.seed
    assert (seed.read(), seed.boots) == (stored, boots)


def test_the_samples_of_the_operating_system_pass_on_the_cpython_board() -> None:
    token = Token(CPythonBoard("BD-TEST-0001", MemoryFlash(), MemoryPort()))
    assert len({token.entropy.take(32) for _ in range(50)}) == 50


def test_only_the_tests_and_the_generator_see_the_raw_source() -> None:
    firmware = Path(entropy.__file__).parent
    users = {
        path.name for path in firmware.rglob("*.py") if "board.entropy(" in path.read_text("utf-8")
    }
    assert users == {"entropy.py"}


def test_keep_alives_go_out_while_a_slow_source_is_tested(wire: Wire) -> None:
    ticks: list[int] = []
    one = Entropy(TestBoard(), wire.key.token.vault.seed, lambda: ticks.append(1))
    one.require()
    assert len(ticks) == 32
    one.take(32)
    assert len(ticks) == 33


# --- a key whose source fails -----------------------------------------


def spoil(board: TestBoard, name: str, after: int = 0) -> Callable[[], None]:
    """Let the source of a board fail from its ``after``-th block on; returns what repairs it."""
    good, count = board.entropy, 0

    def spoiled(size: int) -> bytes | None:
        nonlocal count
        count += 1
        block = good(size)
        return SPOILS[name](board, block) if count > after else block

    board.entropy = spoiled  # type: ignore[method-assign]
    return lambda: setattr(board, "entropy", good)


def require_a_key_that_reads_and_signs_nothing(key: Key, wire: Wire, count: int) -> None:
    vault = wire.key.token.vault
    assert key.chain().seq == 1
    assert vault.statements.seq == 1
    assert key.fetch(seq=1).seq == 1
    info = wire.open().info
    assert (info.faults, info.last_fault) == (count, 62)
    assert [fault.code for fault in vault.faults.entries()] == [62] * count


@pytest.mark.parametrize("name", SPOILS)
def test_a_source_that_fails_at_the_start_signs_nothing_and_says_so_once_in_the_log(
    name: str, key: Key, wire: Wire
) -> None:
    sign(key, name=b"1" * 16)
    board = wire.key.board
    key = wire.restart()
    repair = spoil(board, name)
    for attempt in (b"2" * 16, b"3" * 16):
        assert refusal(lambda attempt=attempt: sign(key, name=attempt)) == "entropy-failed"
    require_a_key_that_reads_and_signs_nothing(key, wire, 1)
    repair()
    key = wire.open()  # a new link is no new boot
    assert refusal(lambda: sign(key, name=b"2" * 16)) == "entropy-failed"
    key = wire.restart()
    assert sign(key, name=b"2" * 16).seq == 2
    assert key.info.faults == 1
    assert board.reported == []


@pytest.mark.parametrize("after", [1, 17, 31])
@pytest.mark.parametrize("name", ["stall", "short", "nothing", "raises"])
def test_a_start_up_test_that_fails_late_gives_nothing(
    name: str, after: int, key: Key, wire: Wire
) -> None:
    sign(key, name=b"1" * 16)
    key = wire.restart()
    spoil(wire.key.board, name, after)
    assert refusal(lambda: sign(key, name=b"2" * 16)) == "entropy-failed"
    require_a_key_that_reads_and_signs_nothing(key, wire, 1)


@pytest.mark.parametrize("name", [name for name in SPOILS if name not in SLOWER])
def test_a_source_that_fails_in_the_middle_stops_the_very_next_signature(
    name: str, key: Key, wire: Wire
) -> None:
    sign(key, name=b"1" * 16)
    spoil(wire.key.board, name)
    assert refusal(lambda: sign(key, name=b"2" * 16)) == "entropy-failed"
    assert refusal(lambda: sign(key, name=b"2" * 16)) == "entropy-failed"
    require_a_key_that_reads_and_signs_nothing(key, wire, 1)


@pytest.mark.parametrize("name", SLOWER)
def test_a_source_that_gets_worse_in_the_middle_is_found_soon(name: str) -> None:
    board = TestBoard()
    take = new_entropy(board).take
    take(32)
    spoil(board, name)
    uses = 0
    while not failed(lambda: take(32)):
        uses += 1
        assert uses <= SLOWER[name]
    with pytest.raises(Refused):
        take(32)


def test_the_generator_of_a_failed_source_is_wiped(key: Key, wire: Wire) -> None:
    generator = wire.key.token.entropy.require()[1]
    spoil(wire.key.board, "nothing")
    assert refusal(lambda: sign(key, name=b"1" * 16)) == "entropy-failed"
    assert not any(generator._key + generator._value)


def test_a_failed_source_makes_no_key_pair_and_no_pin(
    wire: Wire, blank: Key, office: SoftOffice
) -> None:
    repair = spoil(wire.key.board, "stall")
    assert refusal(lambda: blank.answer_offer(office.offer())) == "entropy-failed"
    assert wire.key.token.vault.identity.public_key is None
    repair()
    key = wire.restart()
    key.personalise(office.grant(key.answer_offer(office.offer())))
    spoil(wire.key.board, "stall")
    assert refusal(lambda: key.set_pin(PIN)) == "entropy-failed"
    assert wire.key.token.vault.users.slots() == []
    assert wire.open().info.faults == 2


def test_nobody_is_asked_for_the_button_when_there_is_no_randomness(key: Key, wire: Wire) -> None:
    key = wire.restart()
    spoil(wire.key.board, "nothing")
    wire.presence(False)
    for _ in range(2):
        assert refusal(lambda: sign(key)) == "entropy-failed"  # and not presence-refused


def test_running_out_of_memory_in_the_source_is_no_fault_of_the_source(
    key: Key, wire: Wire
) -> None:
    good, board = wire.key.board.entropy, wire.key.board

    def poor(size: int) -> bytes:
        raise MemoryError

    board.entropy = poor  # type: ignore[method-assign]
    assert refusal(lambda: sign(key, name=b"1" * 16)) == "out-of-memory"
    board.entropy = good  # type: ignore[method-assign]
    assert sign(key, name=b"1" * 16).seq == 1
    assert wire.open().info.faults is None


def test_a_manifest_that_was_on_its_way_is_refused_at_the_end_and_can_be_given_back_later(
    key: Key, wire: Wire
) -> None:
    key.connection.stream(begin(key, MANIFEST), MANIFEST, 8)
    spoil(wire.key.board, "nothing")
    assert refusal(lambda: finish(key)) == "entropy-failed"
    assert refusal(lambda: finish(key)) == "no-stream"


def test_the_record_numbers_are_those_that_old_keys_have() -> None:
    assert (records.SEED, records.FAULT) == (12, 13)
