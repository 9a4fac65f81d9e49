"""The journal: small records on raw flash that survive an unplugged cable.

Flash is cut into two banks.  One is active: records are appended to it, the newest record of a (type, number) counts.
When it is full the live records are copied to the other bank, whose header is written last, so at every moment exactly
one bank is whole.  A record is written in two steps: everything, then one commit byte; what has no commit byte was never
there.  It assumes of flash: bits go 1 to 0 by ``program``, back only by ``erase`` of a whole sector, and bytes are
programmed in ascending order, each whole or not at all.  It knows nothing of what it stores.

    bank    "BDJ1" generation(4) crc32(4)  records…            big-endian, generation of the active bank is the higher
    record  commit(1) type(1) number(4) length(2) crc32(4) payload     commit: FF not yet, 00 done
"""

from binascii import crc32

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    class Flash(Protocol):
        """Raw flash as the boards hand it in; ``size`` and ``sector`` in bytes."""

        size: int
        sector: int

        def read(self, offset: int, size: int) -> bytes: ...  # noqa: D102
        def program(self, offset: int, data: bytes) -> None: ...  # noqa: D102
        def erase(self, offset: int) -> None: ...  # noqa: D102


MAGIC = b"BDJ1"
BANK_HEADER = 12
RECORD_HEADER = 12
PAYLOAD_MAX = 0xFFFF


class StoreFull(Exception):
    """No room for the record, even after compaction."""


class Journal:
    """Records by (type 0..254, number 0..2**32-1).

    ``keeps(type, number)`` says at compaction which of the live records are still wanted; all, until the owner says less.
    """

    def __init__(self, flash: "Flash") -> None:
        self._flash = flash
        self.keeps: "Callable[[int, int], bool]" = lambda kind, number: True
        self._bank_size = flash.size // flash.sector // 2 * flash.sector
        self._index: dict[tuple[int, int], int] = {}
        self._bank = 0
        self._generation = 0
        self._end = 0
        self._recover()

    def get(self, kind: int, number: int = 0) -> "bytes | None":
        """Return the newest payload of (kind, number), or None."""
        at = self._index.get((kind, number))
        if at is None:
            return None
        head = self._flash.read(at, RECORD_HEADER)
        return self._flash.read(at + RECORD_HEADER, int.from_bytes(head[6:8], "big"))

    def numbers(self, kind: int) -> "list[int]":
        """Return the numbers of all live records of a type, ascending."""
        return sorted(number for one, number in self._index if one == kind)

    def put(self, kind: int, number: int, payload: bytes) -> None:
        """Append a record; when this returns it is on flash.  Raises StoreFull, and then nothing has changed."""
        if not self._fits(payload):
            self.compact()
            if not self._fits(payload):
                raise StoreFull
        self._append(kind, number, payload)

    def compact(self) -> None:
        """Copy what is still wanted to the other bank and make that one active."""
        old = [(key, self._index[key]) for key in sorted(self._index) if self.keeps(key[0], key[1])]
        target = 1 - self._bank
        self._erase(target)
        self._index = {}
        self._bank = target
        self._generation += 1
        self._end = BANK_HEADER
        for (kind, number), at in old:
            size = int.from_bytes(self._flash.read(at, RECORD_HEADER)[6:8], "big")
            self._append(kind, number, self._flash.read(at + RECORD_HEADER, size))
        # the header makes the bank the active one: it comes last, when all records stand
        head = MAGIC + self._generation.to_bytes(4, "big")
        self._flash.program(self._base(target), head + crc32(head).to_bytes(4, "big"))

    def forget_old(self) -> None:
        """Compact and erase the bank left behind, so that nothing dropped can be read back from flash."""
        self.compact()
        self._erase(1 - self._bank)

    def _base(self, bank: int) -> int:
        return bank * self._bank_size

    def _erase(self, bank: int) -> None:
        base = self._base(bank)
        for offset in range(base, base + self._bank_size, self._flash.sector):
            self._flash.erase(offset)

    def _fits(self, payload: bytes) -> bool:
        return len(payload) <= PAYLOAD_MAX and self._end + RECORD_HEADER + len(payload) <= self._bank_size

    def _append(self, kind: int, number: int, payload: bytes) -> None:
        at = self._base(self._bank) + self._end
        head = bytes((kind,)) + number.to_bytes(4, "big") + len(payload).to_bytes(2, "big")
        self._flash.program(at + 1, head + crc32(payload, crc32(head)).to_bytes(4, "big") + payload)
        self._flash.program(at, b"\0")
        self._end += RECORD_HEADER + len(payload)
        self._index[(kind, number)] = at

    def _recover(self) -> None:
        generations = [self._read_generation(bank) for bank in (0, 1)]
        if generations[0] == generations[1] == 0:  # factory fresh
            self._bank = 1
            self.compact()
            return
        self._bank = 0 if generations[0] > generations[1] else 1
        self._generation = generations[self._bank]
        if not self._scan():
            self.compact()  # the tail was torn: move on to clean flash

    def _read_generation(self, bank: int) -> int:
        head = self._flash.read(self._base(bank), BANK_HEADER)
        if head[:4] != MAGIC or crc32(head[:8]) != int.from_bytes(head[8:], "big"):
            return 0
        return int.from_bytes(head[4:8], "big")

    def _scan(self) -> bool:
        """Index the active bank; False when something that was never committed stands at its end."""
        base = self._base(self._bank)
        self._end = BANK_HEADER
        blank = b"\xff" * RECORD_HEADER
        while self._end + RECORD_HEADER <= self._bank_size:
            head = self._flash.read(base + self._end, RECORD_HEADER)
            if head == blank:
                return True
            size = int.from_bytes(head[6:8], "big")
            if head[0] != 0 or self._end + RECORD_HEADER + size > self._bank_size:
                return False
            payload = self._flash.read(base + self._end + RECORD_HEADER, size)
            if crc32(payload, crc32(head[1:8])) != int.from_bytes(head[8:], "big"):
                return False
            self._index[(head[1], int.from_bytes(head[2:6], "big"))] = base + self._end
            self._end += RECORD_HEADER + size
        return True
