"""Randomness: a board's raw source, tested continuously and conditioned.

    board.entropy  --blocks of 32 samples-->  Source  --tested-->  SHA-256 with stored seed and boot count  -->  HMAC-DRBG  --> take

Design: docs/design/key.md, "Entropy and signatures".  Raw samples never leave this module.  A
sample is one byte.  Each passes the two tests of NIST SP 800-90B section 4.4, whose cutoffs follow
from the min-entropy H in bits that the board declares for a sample, for a false alarm probability
of 2^-30:

    repetition count    C = 1 + ceil(30 / H): C equal samples in a row fail
    adaptive proportion smallest C with P(X >= C) <= 2^-30 for X binomial over 1024 samples with p = 2^-H:
                        a window whose first sample occurs C times in it fails

A block also fails when it equals one of the last 32 blocks, has another length, or takes longer
than half a second.  The generator is seeded when randomness is first needed, not at boot, so that
boot stays fast for a key that is only read.  Seeding begins with a start-up test of 1024 samples,
all of which go into the seed.  Each ``take`` reseeds with fresh samples worth 256 bits of
min-entropy, so a source that fails later stops the next signature.  After a failure the generator
refuses until the key is restarted.  No command lets the host contribute to the seed.

Neighbours: ``token`` owns the one ``Entropy``; ``vault.seed`` stores the seed for the next boot.
"""  # noqa: E501

from hashlib import sha256

from biandun_protocol.wire.numbers import ERROR_ENTROPY_FAILED
from etoken.clock import SteadyClock
from etoken.crypto.drbg import HmacDrbg
from etoken.refusal import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Protocol

    from etoken.clock import Clock
    from etoken.vault.seed import Seed

    class Board(Protocol):
        """What this module needs of a board: raw source, min-entropy, serial number and clock."""

        @property
        def serial(self) -> str: ...  # noqa: D102
        @property
        def entropy_bits(self) -> float: ...  # noqa: D102
        @property
        def clock(self) -> Clock: ...  # noqa: D102
        def entropy(self, size: int) -> "bytes | None": ...  # noqa: D102


BLOCK = 32  # samples read at once
WINDOW = 1024  # samples of the adaptive proportion test, and of the start-up test
FALSE_ALARM = 30  # a healthy source fails with probability 2^-30 a sample
MARK = 8  # bytes of a block's digest that are remembered, for each block of a window
STALL_MS = 500  # a block that takes longer is a failure
STRENGTH = 256  # bits of entropy behind each output
PERSONAL = b"biandun key "


class EntropyFailed(Exception):
    """The raw source failed in this call; later calls of ``take`` raise Refused."""


def repetition_cutoff(bits: float) -> int:
    """Return how many equal samples in a row fail (SP 800-90B section 4.4.1).

    ``bits`` is the min-entropy of a sample, above 0.
    """
    return 1 - int(-FALSE_ALARM // bits)


def proportion_cutoff(bits: float) -> int:
    """Return how many occurrences of a window's first sample fail (SP 800-90B section 4.4.2).

    ``bits`` is the min-entropy of a sample, above 0.  The probabilities of the binomial
    distribution are integers relative to the most likely one, each computed from its neighbour:
    exact to about 2^-60 and the same on boards whose floats have 32 bits.
    """
    one = 1 << 24
    p = int(one * 2**-bits)
    most_likely = WINDOW * p // one
    total = 0
    weight, count = 1 << 80, most_likely
    while weight:
        weight = weight * count * (one - p) // ((WINDOW - count + 1) * p)
        count -= 1
        total += weight
    weight, count, tail = 1 << 80, most_likely, 0
    while weight:
        tail += weight
        weight = weight * (WINDOW - count) * p // ((count + 1) * (one - p))
        count += 1
    total += tail
    weight, count = 1 << 80, most_likely
    while tail << FALSE_ALARM > total:
        tail -= weight
        weight = weight * (WINDOW - count) * p // ((count + 1) * (one - p))
        count += 1
    return count


class Source:
    """The raw source behind its tests.

    ``start_up`` must pass before ``block`` is used.
    """

    def __init__(self, board: "Board", tick: "Callable[[], None]") -> None:
        self._board = board
        self._clock = SteadyClock(board.clock)
        self._tick = tick
        self._repetition = repetition_cutoff(board.entropy_bits)
        self._proportion = proportion_cutoff(board.entropy_bits)
        self._marks, self._mark_at = bytearray(MARK * WINDOW // BLOCK), 0
        self._sample = self._run = -1
        self._first, self._count, self._place = -1, 0, 0

    def start_up(self) -> "Iterator[bytes]":
        """Yield the tested blocks of one window (1024 samples).  Raises EntropyFailed."""
        for _ in range(WINDOW // BLOCK):
            yield self.block()

    def block(self) -> bytes:
        """Return 32 tested samples.  Raises EntropyFailed."""
        self._tick()
        start = self._clock.ticks_ms()
        try:
            block = self._board.entropy(BLOCK)
        except MemoryError:
            raise
        except Exception:  # whatever the driver of a broken source raises
            raise EntropyFailed
        if self._clock.ticks_ms() - start > STALL_MS:
            raise EntropyFailed
        if block is None or len(block) != BLOCK:
            raise EntropyFailed
        # the same block again, or a source in a cycle; digests are compared, since the samples made
        # the seed and must not be kept
        mark = sha256(block).digest()[:MARK]
        if mark in self._marks:
            raise EntropyFailed
        self._marks[self._mark_at : self._mark_at + MARK] = mark
        self._mark_at = (self._mark_at + MARK) % len(self._marks)
        self._examine(block)
        return block

    def _examine(self, block: bytes) -> None:
        for sample in block:
            if sample == self._sample:
                self._run += 1
                if self._run >= self._repetition:
                    raise EntropyFailed
            else:
                self._sample, self._run = sample, 1
            if self._place == 0:
                self._first, self._count = sample, 1
            elif sample == self._first:
                self._count += 1
                if self._count >= self._proportion:
                    raise EntropyFailed
            self._place = (self._place + 1) % WINDOW


class Entropy:
    """The randomness of one key during one boot."""

    def __init__(self, board: "Board", seed: "Seed", tick: "Callable[[], None]") -> None:
        self._board = board
        self._seed = seed
        self._tick = tick
        self._ready: "tuple[Source, HmacDrbg] | None" = None
        self._failed = False

    def require(self) -> "tuple[Source, HmacDrbg]":
        """Make sure that randomness is available, before the user is asked to press the button.

        Raises EntropyFailed when the source fails in this call, Refused(ENTROPY_FAILED) after an
        earlier failure; StoreFull, StoreDamaged when the seed for the next boot cannot be stored,
        without which the next boot could repeat this one.
        """
        if self._failed:
            raise Refused(ERROR_ENTROPY_FAILED)
        if self._ready is None:
            try:
                self._ready = self._start()
            except EntropyFailed:
                self._failed = True
                raise
        return self._ready

    def take(self, size: int) -> bytes:
        """Return ``size`` random bytes, 0 to 65536, for values that are not secret.

        Raises what ``require`` raises.
        """
        return self._fresh().generate(size)

    def fill(self, out: bytearray) -> None:
        """Overwrite ``out`` with random bytes; for values that become a secret.

        Raises what ``require`` raises.
        """
        self._fresh().generate_into(out)

    def _fresh(self) -> HmacDrbg:
        source, generator = self.require()
        samples = -int(-STRENGTH // self._board.entropy_bits)
        try:
            generator.reseed(b"".join([source.block() for _ in range(-(-samples // BLOCK))]))
        except EntropyFailed:
            self._failed = True
            generator.wipe()
            raise
        return generator

    def _start(self) -> "tuple[Source, HmacDrbg]":
        """Test the source, seed the generator and store the next boot's seed before any output."""
        boots = self._seed.boots + 1
        count = boots.to_bytes(8, "big")
        source = Source(self._board, self._tick)
        material = sha256()
        for block in source.start_up():
            material.update(block)
        material.update(self._seed.read())
        material.update(count)
        generator = HmacDrbg(material.digest(), count, PERSONAL + self._board.serial.encode())
        self._seed.replace(generator.generate(32), boots)
        return source, generator
