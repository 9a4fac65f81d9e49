"""The journal: small records on raw flash that survive an unplugged cable.

Flash is cut into two banks, of which one is active: records are appended to it, the newest record of a (kind, number)
counts.  When it is full, what is still wanted is copied to the other bank, that bank's header is written last, and the old
bank is erased from its end to its header.  So at every moment one bank is whole, and two whole ones are never left for
long.  A record is written in two steps, everything and then one commit byte; what has no commit byte was never there.

    bank    "BDJ1" generation(4) crc32(4)  records…            big-endian, generation of the active bank is the higher
    record  commit(1) kind(1) number(4) length(2) crc32(4) payload     commit: FF not yet, 00 done

It assumes of flash: bits go 1 to 0 by ``program``, back only by ``erase`` of a whole sector, from its lowest address up for
both, and a single byte is programmed whole or not at all.  What contradicts that (a committed record whose CRC is wrong, a
bank with records and no header) is damage: the journal then reads what it can and writes nothing any more, because a key
that forgets must not go on as if it remembered.  It knows nothing of what it stores.
"""

from binascii import crc32

from etoken.heap import tidy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Protocol

    class Flash(Protocol):
        """Raw flash as the boards hand it in; ``size`` and ``sector`` in bytes."""

        size: int
        sector: int

        def read(self, offset: int, size: int) -> bytes: ...  # noqa: D102
        def read_into(self, offset: int, buffer: memoryview) -> None: ...  # noqa: D102
        def program(self, offset: int, data: bytes) -> None: ...  # noqa: D102
        def erase(self, offset: int) -> None: ...  # noqa: D102

    # what becomes of a live record at compaction: another kind and payload, itself, or nothing
    Survivor = Callable[[int, int], "tuple[int, bytes] | bool"]

MAGIC = b"BDJ1"
BANK_HEADER = 12
RECORD_HEADER = 12
PAYLOAD_MAX = 0xFFFF
KIND_MAX = 255
NUMBER_BITS = 22  # kind and number together make a small integer also where those have 31 bits
NUMBER_MASK = (1 << NUMBER_BITS) - 1
BLANK = b"\xff" * RECORD_HEADER
SCAN = 256
COLLECT_EVERY = 16  # records: small live objects between freed buffers are what breaks a heap into pieces


class StoreFull(Exception):
    """No room for the record, even after compaction."""


class StoreDamaged(Exception):
    """The flash contradicts itself: nothing more is written."""


class Journal:
    """Records by (kind 0..255, number 0..2**22-1).

    ``survives(kind, number)`` is asked for every live record at compaction: True keeps it, False drops it, (kind, payload)
    puts something smaller in its place under the same number.
    """

    def __init__(self, flash: "Flash") -> None:
        self._flash = flash
        self.survives: "Survivor" = lambda kind, number: True
        self.damaged = False
        self._bank_size = flash.size // flash.sector // 2 * flash.sector
        self._scratch = bytearray(SCAN)
        self._index: dict[int, int] = {}  # both small integers on every board: an entry takes no memory of its own
        self._bank = 0
        self._generation = 0
        self._end = BANK_HEADER
        self._recover()

    def get(self, kind: int, number: int = 0) -> "bytes | None":
        """Return the newest payload of (kind, number), or None."""
        at = self._index.get(kind << NUMBER_BITS | number)
        return None if at is None else self._flash.read(at + RECORD_HEADER, self._length(at))

    def peek(self, kind: int, number: int, size: int) -> "bytes | None":
        """Return the first ``size`` bytes of a payload, or None: cheaper than all of it."""
        at = self._index.get(kind << NUMBER_BITS | number)
        return None if at is None else self._flash.read(at + RECORD_HEADER, min(size, self._length(at)))

    @property
    def generation(self) -> int:
        """How often the journal was compacted: the generation of the active bank."""
        return self._generation

    def each(self) -> "Iterator[tuple[int, int, int, int]]":
        """Yield (kind, number, offset of the payload on flash, length) of every committed record as they stand, old ones too."""
        at, end = self._base(self._bank) + BANK_HEADER, self._base(self._bank) + self._end
        while at < end:
            head = self._flash.read(at, RECORD_HEADER)
            size = int.from_bytes(head[6:8], "big")
            yield head[1], int.from_bytes(head[2:6], "big"), at + RECORD_HEADER, size
            at += RECORD_HEADER + size

    def read_into(self, kind: int, number: int, offset: int, view: memoryview) -> None:
        """Fill ``view`` from ``offset`` of a payload on: for what must not lie about in the heap.  Raises KeyError when there is none."""
        self._flash.read_into(self._index[kind << NUMBER_BITS | number] + RECORD_HEADER + offset, view)

    def numbers(self, kind: int) -> "list[int]":
        """Return the numbers of all live records of a kind, ascending."""
        return sorted(key & NUMBER_MASK for key in self._index if key >> NUMBER_BITS == kind)

    def has_room(self, size: int) -> bool:
        """Does a payload of ``size`` bytes fit without compaction?"""
        return size <= PAYLOAD_MAX and self._end + RECORD_HEADER + size <= self._bank_size

    def put(self, kind: int, number: int, payload: bytes) -> None:
        """Append a record; when this returns it is on flash.

        Raises StoreFull, StoreDamaged; whatever is raised, what was there before is still what counts.
        """
        if self.damaged:
            raise StoreDamaged
        if not self.has_room(len(payload)):
            self.compact()
            if not self.has_room(len(payload)):
                raise StoreFull
        if kind > KIND_MAX or number > NUMBER_MASK:
            raise ValueError("kind or number out of range")
        tidy()  # what stays must not come to lie between what goes
        key = kind << NUMBER_BITS | number
        before = self._index.get(key)
        at = self._base(self._bank) + self._end
        self._index[key] = at  # the only thing that may need memory: before the flash is touched
        try:
            self._write(at, kind, number, payload)
        except BaseException:
            if before is None:
                del self._index[key]
            else:
                self._index[key] = before
            raise
        self._end += RECORD_HEADER + len(payload)

    def compact(self) -> None:
        """Copy what survives to the other bank, make that one active, erase the old one.

        Nothing of this object changes before the new bank is whole.
        """
        if self.damaged:
            raise StoreDamaged
        target = 1 - self._bank
        base, end = self._base(target), BANK_HEADER
        self._erase(target)
        index: dict[int, int] = {}
        for key in sorted(self._index):
            kind, number = key >> NUMBER_BITS, key & NUMBER_MASK
            fate = self.survives(kind, number)
            if fate is False:
                continue
            if fate is True:
                at = self._index[key]
                payload = self._flash.read(at + RECORD_HEADER, self._length(at))
            else:
                kind, payload = fate  # type: ignore[misc]
            index[kind << NUMBER_BITS | number] = base + end
            self._write(base + end, kind, number, payload)
            end += RECORD_HEADER + len(payload)
            if len(index) % COLLECT_EVERY == 0:
                tidy()
        # the header makes the bank the active one: it comes last, when all records stand
        head = MAGIC + (self._generation + 1).to_bytes(4, "big")
        self._flash.program(base, head + crc32(head).to_bytes(4, "big"))
        old, self._bank, self._index, self._end = self._bank, target, index, end
        self._generation += 1
        self._erase(old)

    def _base(self, bank: int) -> int:
        return bank * self._bank_size

    def _length(self, at: int) -> int:
        return int.from_bytes(self._flash.read(at + 6, 2), "big")

    def _erase(self, bank: int) -> None:
        """Erase a bank from its end to its header: while the header stands, the next boot knows what to finish."""
        base = self._base(bank)
        for offset in range(base + self._bank_size - self._flash.sector, base - 1, -self._flash.sector):
            self._flash.erase(offset)

    def _write(self, at: int, kind: int, number: int, payload: bytes) -> None:
        head = bytes((kind,)) + number.to_bytes(4, "big") + len(payload).to_bytes(2, "big")
        self._flash.program(at + 1, head + crc32(payload, crc32(head)).to_bytes(4, "big") + payload)
        self._flash.program(at, b"\0")

    def _recover(self) -> None:
        first, second = self._read_generation(0), self._read_generation(1)
        if first == second == 0:
            if not all(self._flash.read(self._base(bank) + BANK_HEADER, RECORD_HEADER) == BLANK for bank in (0, 1)):
                self.damaged = True
                return
            self._bank = 1  # factory fresh, or the very first header was torn
            self.compact()
            return
        self._bank = 0 if first > second else 1
        self._generation = max(first, second)
        torn = self._scan()
        tidy()
        if self.damaged:
            return
        if torn:
            self.compact()  # move on to clean flash
        elif first and second:
            self._erase(1 - self._bank)  # the cut came while the old bank was being erased

    def _read_generation(self, bank: int) -> int:
        head = self._flash.read(self._base(bank), BANK_HEADER)
        if head[:4] != MAGIC or crc32(head[:8]) != int.from_bytes(head[8:], "big"):
            return 0
        return int.from_bytes(head[4:8], "big")

    def _scan(self) -> bool:
        """Index the active bank; True when something that was never committed stands at its end."""
        base, count = self._base(self._bank), 0
        while self._end + RECORD_HEADER <= self._bank_size:
            head = self._flash.read(base + self._end, RECORD_HEADER)
            if head == BLANK:
                return False
            if head[0] == 0xFF:
                return True
            size = int.from_bytes(head[6:8], "big")
            if head[0] != 0 or self._end + RECORD_HEADER + size > self._bank_size:
                self.damaged = True
                return False
            if self._crc(base + self._end + RECORD_HEADER, size, crc32(head[1:8])) != int.from_bytes(head[8:], "big"):
                self.damaged = True
                return False
            self._index[head[1] << NUMBER_BITS | int.from_bytes(head[2:6], "big")] = base + self._end
            self._end += RECORD_HEADER + size
            count += 1
            if count % COLLECT_EVERY == 0:
                tidy()
        return False

    def _crc(self, at: int, size: int, value: int) -> int:
        view = memoryview(self._scratch)
        for offset in range(0, size, SCAN):
            part = view[: min(SCAN, size - offset)]
            self._flash.read_into(at + offset, part)
            value = crc32(part, value)
        return value
