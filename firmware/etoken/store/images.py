"""Two firmware slots on flash, so that an update never overwrites the firmware that runs (A/B).

    slot    header sector || image
    header  "BDF1" order(4) number(4) floor(4) length(4) digest(32) crc32(4)      big-endian; SHA-256 of the image
            complete(1) good(1) bad(1) at 64, trials(3) at 72, progress from 128: one byte for each piece of 2048 bytes, FF no, 00 yes

Flags are single bytes, each programmed once: after a power cut a flag is unset, set, or becomes set
when it is programmed again.  ``choose`` decides at boot: the newest complete slot that is not bad.
A slot that was not found good yet is tried three times, then it is bad and the previous one runs
again, in the end the firmware that the board came with.  A piece counts once it was read back, so
an update resumes where it stopped; an erasure that was cut is repeated.

Neighbours: ``boards.boot`` calls ``choose``, ``commands.update_*`` fill a slot, ``selftest`` marks
a trial as good.
"""  # noqa: E501

from binascii import crc32
from hashlib import sha256

from biandun_protocol.wire.numbers import LIMIT_PIECE, LIMIT_TRIALS
from etoken.heap import tidy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from etoken.store.journal import Flash

MAGIC = b"BDF1"
HEADER = 56
COMPLETE, GOOD, BAD, TRIALS, PROGRESS = 64, 65, 66, 72, 128
YES = b"\0"
READ = 512
SLOTS = 2


class ImageBroken(Exception):
    """What was written does not read back, or the image differs from the announced one."""


class Slot:
    """One slot, as its header describes it; ``place`` is 0 or 1."""

    def __init__(self, place: int, head: bytes) -> None:
        self.place = place
        self.order, self.number, self.floor, self.length = (
            int.from_bytes(head[at : at + 4], "big") for at in (4, 8, 12, 16)
        )
        self.digest = head[20:52]


class Images:
    """Both slots on ``flash``, one in each half."""

    def __init__(self, flash: "Flash") -> None:
        self._flash = flash
        self._size = flash.size // SLOTS // flash.sector * flash.sector
        self.most = self._size - flash.sector  # bytes of the longest image

    # --- at the start -------------------------------------------------
    def choose(self) -> "Slot | None":
        """Return the slot to run, None for the firmware that the board came with.

        A slot that was not found good yet is counted as tried.
        """
        for slot in self._newest_first():
            if self._may_run(slot):
                return slot
        return None

    def _may_run(self, slot: Slot) -> bool:
        if not self._is(slot, COMPLETE) or self._is(slot, BAD) or not self._intact(slot):
            return False
        if self._is(slot, GOOD):
            return True
        try:
            for trial in range(TRIALS, TRIALS + LIMIT_TRIALS):
                if not self._is(slot, trial):
                    self._mark(slot, trial)
                    return True
            self._mark(slot, BAD)
        except ImageBroken:
            pass  # without a count of trials on flash it would be tried for ever
        return False

    def is_good(self, slot: Slot) -> bool:
        """Return whether this slot was found good."""
        return self._is(slot, GOOD)

    def confirm(self, slot: Slot) -> None:
        """Mark a slot as good: its firmware runs and has passed its self-test."""
        self._mark(slot, GOOD)

    def reject(self, slot: Slot) -> None:
        """Mark a slot as bad: its firmware has failed its self-test and is never tried again."""
        self._mark(slot, BAD)

    def read(self, slot: Slot) -> bytes:
        """Return the image, for a board that cannot run it in place."""
        return self._flash.read(self._base(slot.place) + self._flash.sector, slot.length)

    # --- an update ----------------------------------------------------
    def begin(
        self, number: int, floor: int, length: int, digest: bytes, running: "Slot | None"
    ) -> Slot:
        """Start an update in the slot that does not run, replacing its content; return the slot.

        Raises ImageBroken.
        """
        place = 0 if running is None else 1 - running.place
        order = max([slot.order for slot in self._newest_first()] + [0]) + 1
        head = (
            MAGIC
            + b"".join(value.to_bytes(4, "big") for value in (order, number, floor, length))
            + digest
        )
        self._flash.erase(self._base(place))
        self._flash.program(self._base(place), head + crc32(head).to_bytes(4, "big"))
        slot = self.at(place)
        if slot is None:
            raise ImageBroken
        return slot

    def begun(
        self, number: int, floor: int, digest: bytes, running: "Slot | None"
    ) -> "Slot | None":
        """Return the slot in which an update with this very image was started and not tried yet."""
        for slot in self._beside(running):
            if (slot.number, slot.floor, slot.digest) == (
                number,
                floor,
                digest,
            ) and not self._is_judged(slot):
                return slot
        return None

    def filling(self, running: "Slot | None") -> "Slot | None":
        """Return the slot in which an update was started and is not complete."""
        for slot in self._beside(running):
            if not self._is(slot, COMPLETE):
                return slot
        return None

    def waiting(self, running: "Slot | None") -> "Slot | None":
        """Return the slot that will be tried at the next boot."""
        for slot in self._beside(running):
            if self._is(slot, COMPLETE) and not self._is_judged(slot):
                return slot
        return None

    def next(self, slot: Slot) -> int:
        """Return the offset of the first byte that is missing."""
        pieces = -(-slot.length // LIMIT_PIECE)
        done = 0
        while done < pieces and self._is(slot, PROGRESS + done):
            done += 1
        return min(done * LIMIT_PIECE, slot.length)

    def write(self, slot: Slot, offset: int, content: bytes) -> None:
        """Write the piece at ``offset``, which must be the next one.

        Raises ImageBroken: then the update has to be started again.
        """
        at = self._base(slot.place) + self._flash.sector + offset
        if at % self._flash.sector == 0:
            self._flash.erase(at)
        self._flash.program(at, content)
        if self._flash.read(at, len(content)) != content:
            self.abandon(slot)
            raise ImageBroken
        self._settle(slot, PROGRESS + offset // LIMIT_PIECE)

    def finish(self, slot: Slot) -> None:
        """Compare the digest of a slot whose bytes are all there, and have the next boot try it.

        Raises ImageBroken.
        """
        if not self._intact(slot):
            self.abandon(slot)
            raise ImageBroken
        self._settle(slot, COMPLETE)

    def _intact(self, slot: Slot) -> bool:
        """Return whether the image has the digest in its header."""
        running, at = sha256(), self._base(slot.place) + self._flash.sector
        for offset in range(0, slot.length, READ):
            running.update(self._flash.read(at + offset, min(READ, slot.length - offset)))
            if offset % (64 * READ) == 0:
                tidy()
        return running.digest() == slot.digest

    def _settle(self, slot: Slot, flag: int) -> None:
        try:
            self._mark(slot, flag)
        except ImageBroken:
            self.abandon(slot)
            raise

    def abandon(self, slot: Slot) -> None:
        """Give up the update in this slot."""
        self._flash.erase(self._base(slot.place))

    # --- bytes --------------------------------------------------------
    def _newest_first(self) -> "list[Slot]":
        slots = [slot for slot in (self.at(place) for place in range(SLOTS)) if slot is not None]
        return sorted(slots, key=lambda slot: -slot.order)

    def _beside(self, running: "Slot | None") -> "list[Slot]":
        return [
            slot for slot in self._newest_first() if running is None or slot.place != running.place
        ]

    def at(self, place: int) -> "Slot | None":
        """Return the slot at ``place``, None when its header is not valid."""
        head = self._flash.read(self._base(place), HEADER)
        if head[:4] != MAGIC or crc32(head[: HEADER - 4]) != int.from_bytes(
            head[HEADER - 4 :], "big"
        ):
            return None
        slot = Slot(place, head)
        return slot if 0 < slot.length <= self.most else None

    def _base(self, place: int) -> int:
        return place * self._size

    def _is(self, slot: Slot, flag: int) -> bool:
        return self._flash.read(self._base(slot.place) + flag, 1) == YES

    def _is_judged(self, slot: Slot) -> bool:
        """Return whether the slot was found good or bad."""
        return self._is(slot, GOOD) or self._is(slot, BAD)

    def _mark(self, slot: Slot, flag: int) -> None:
        self._flash.program(self._base(slot.place) + flag, YES)
        if not self._is(slot, flag):
            raise ImageBroken


class Installed:
    """What a board that can be updated knows of its firmware.

    Both slots, the slot that runs (None: the firmware that it came with), the ``target`` that
    images must be made for, and the vendor's points (65 bytes) by the name of the suite.
    """

    def __init__(
        self, images: Images, running: "Slot | None", target: str, vendors: "dict[str, bytes]"
    ) -> None:
        self.images = images
        self.running = running
        self.target = target
        self.vendors = vendors

    @property
    def on_trial(self) -> bool:
        """Return whether this firmware runs without having been found good."""
        return self.running is not None and not self.images.is_good(self.running)
