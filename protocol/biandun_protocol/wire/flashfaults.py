"""Faults of flash and OTP memory for tests, reproducible by seed: power cuts, bit rot, wear.

A power cut in the middle of a program or burn operation leaves the first bytes done and the next
one with only some of its bits changed, or (``scattered``) any part of the bits of the rest.  A cut
in the middle of an erase leaves pieces erased, untouched, all zeros (chips program a sector before
they erase it) or anything.  Bit rot flips bits at rest, either way.  A worn-out sector keeps bits
at 0.
"""

from biandun_protocol.wire.flashmodel import BURN, ERASE, NorFlash, PowerCut, cleared
from biandun_protocol.wire.otpmodel import burned

TYPE_CHECKING = False
if TYPE_CHECKING:
    from biandun_protocol.wire.otpmodel import OtpModel

PIECE = 8  # bytes that a torn erase treats alike


class Noise:
    """Pseudo-random numbers, the same for a seed on both interpreters (xorshift, 32 bits)."""

    def __init__(self, seed: int) -> None:
        self._state = (seed * 2654435761 + 1) & 0xFFFFFFFF or 1

    def below(self, limit: int) -> int:
        """Return a number from 0 to ``limit`` - 1; ``limit`` up to 2**24."""
        state = self._state
        state ^= state << 13 & 0xFFFFFFFF
        state ^= state >> 17
        state ^= state << 5 & 0xFFFFFFFF
        self._state = state
        return (state >> 8) % limit

    def octets(self, size: int) -> bytes:
        """Return ``size`` bytes."""
        return bytes(self.below(256) for _ in range(size))


class Cut:
    """A hook that cuts the power of ``memory`` in its ``at``-th operation; 1 is the next one.

    ``share`` (0.0 to 1.0) is how much of the operation is done, None cuts before it begins;
    ``seed`` and ``scattered`` determine the state of the rest.  After the cut every operation fails
    until ``memory.hook`` is replaced.  ``count`` is the number of operations so far.
    """

    def __init__(
        self,
        memory: "NorFlash | OtpModel",
        at: int,
        share: "float | None" = None,
        seed: int = 1,
        scattered: bool = False,
    ) -> None:
        self._memory = memory
        self._at = at
        self._share = share
        self._noise = Noise(seed)
        self._scattered = scattered
        self.count = 0
        memory.hook = self

    def __call__(self, kind: str, offset: int, data: bytes) -> None:
        """Let the operation pass, or tear it.  Raises PowerCut."""
        self.count += 1
        if self.count < self._at:
            return
        if self.count == self._at and self._share is not None:
            self._memory.medium.write(offset, self._torn(kind, offset, data, self._share))
        raise PowerCut

    def _torn(self, kind: str, offset: int, data: bytes, share: float) -> bytes:
        if kind == ERASE:
            old = self._memory.medium.read(offset, self._memory.sector)  # type: ignore[union-attr]  only flash is erased
            return self._torn_erase(old, share)
        old = self._memory.medium.read(offset, len(data))
        new = burned(old, data) if kind == BURN else cleared(old, data)
        done = int(share * len(new))
        torn = bytearray(new[:done] + old[done:])
        for index in range(done, len(new) if self._scattered else min(done + 1, len(new))):
            torn[index] ^= (old[index] ^ new[index]) & self._noise.below(256)
        return bytes(torn)

    def _torn_erase(self, old: bytes, share: float) -> bytes:
        done = int(share * len(old))
        torn = bytearray(b"\xff" * done + old[done:])
        for index in range(done, len(old), PIECE):
            size, state = min(PIECE, len(old) - index), self._noise.below(4)
            if state < 2:
                torn[index : index + size] = (b"\xff" if state else b"\0") * size
            elif state == 2:
                torn[index : index + size] = self._noise.octets(size)
        return bytes(torn)


def rot(memory: "NorFlash | OtpModel", offset: int, mask: int) -> None:
    """Flip the bits of ``mask`` (0..255) in the byte at ``offset``."""
    memory.medium.write(offset, bytes((memory.medium.read(offset, 1)[0] ^ mask,)))


class WornFlash(NorFlash):
    """Flash whose sectors wear out.

    Each erase of a sector after the first ``endurance`` leaves one more bit that stays 0 for good.
    """

    def __init__(self, size: int, endurance: int, seed: int = 1, sector: int = 4096) -> None:
        super().__init__(size, sector)
        self._endurance = endurance
        self._noise = Noise(seed)
        self._stuck: "dict[int, int]" = {}  # offset -> bits that stay 0

    def erase(self, offset: int) -> None:
        """Erase the sector, except its bits that stay 0."""
        super().erase(offset)
        if self.erases[offset // self.sector] > self._endurance:
            at = offset + self._noise.below(self.sector)
            self._stuck[at] = self._stuck.get(at, 0) | 1 << self._noise.below(8)
        for at in self._stuck:
            if offset <= at < offset + self.sector:
                self.medium.write(at, bytes((self.medium.read(at, 1)[0] & ~self._stuck[at],)))
