"""The journal: small records on raw flash that survive power cuts.

    bank    "BDJ1" generation(4) crc32(4)  records…            big-endian, generation of the active bank is the higher
    record  commit(1) kind(1) number(4) length(2) crc32(4) payload     commit: FF not yet, 00 done

The newest record of a (kind, number) counts.  There are two banks.  The README beside this file
specifies the order of writes, the state after each power cut, what counts as damage, and the wear
of the flash.  The journal does not interpret what it stores.
"""  # noqa: E501

from binascii import crc32

from etoken.heap import tidy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Protocol

    class Flash(Protocol):
        """Raw flash provided by the board; ``size`` and ``sector`` in bytes."""

        size: int
        sector: int

        def read(self, offset: int, size: int) -> bytes: ...  # noqa: D102
        def read_into(self, offset: int, buffer: memoryview) -> None: ...  # noqa: D102
        def program(self, offset: int, data: bytes) -> None: ...  # noqa: D102
        def erase(self, offset: int) -> None: ...  # noqa: D102

    # compaction writes another kind and payload in place of a live record, keeps it, or drops it
    Survivor = Callable[[int, int], "tuple[int, bytes] | bool"]

MAGIC = b"BDJ1"
# an erased bank, not begun; MAGIC can be programmed over it
SPARE = bytes(byte | 0x3C for byte in MAGIC)
BANK_HEADER = 12
RECORD_HEADER = 12
PAYLOAD_MAX = 0xFFFF
KIND_MAX = 255
NUMBER_BITS = 22  # kind and number together fit a small integer, also where those have 31 bits
NUMBER_MASK = (1 << NUMBER_BITS) - 1
SCAN = 256
BLANK = b"\xff" * SCAN
# records between collections: small live objects between freed buffers fragment the heap
COLLECT_EVERY = 16


RECORDS = 1024  # about as many as a key has after years in service


def _roomy() -> "dict[int, int]":
    """Return an empty index that holds RECORDS entries without growing.

    A larger table must be allocated in one piece, which a heap in use may not have.
    """
    index = dict.fromkeys(range(RECORDS), 0)
    for number in range(RECORDS):
        del index[number]  # the table keeps its size
    return index


class StoreFull(Exception):
    """There is no room for the record, even after compaction."""


class StoreDamaged(Exception):
    """The flash contradicts itself or does not keep what is written: nothing more is written."""


class Journal:
    """Records by (kind 0..255, number 0..2**22-1).

    Compaction calls ``survives(kind, number)`` for every live record: True keeps it, False drops
    it, (kind, payload) writes a smaller one in its place under the same number.  ``prepare()`` is
    called once before.
    """

    def __init__(self, flash: "Flash") -> None:
        self._flash = flash
        self.survives: "Survivor" = lambda kind, number: True
        self.prepare: "Callable[[], None]" = lambda: None
        self.damaged = False
        self._bank_size = flash.size // flash.sector // 2 * flash.sector
        self._scratch = bytearray(SCAN)
        # keys and values are small integers on every board: an entry allocates nothing
        self._index = _roomy()
        self._bank = 0
        self._generation = 0
        self._end = BANK_HEADER
        self._recover()

    def get(self, kind: int, number: int = 0) -> "bytes | None":
        """Return the newest payload of (kind, number), or None."""
        at = self._index.get(kind << NUMBER_BITS | number)
        return None if at is None else self._flash.read(at + RECORD_HEADER, self._length(at))

    def peek(self, kind: int, number: int, size: int) -> "bytes | None":
        """Return the first ``size`` bytes of a payload, or None; cheaper than ``get``."""
        at = self._index.get(kind << NUMBER_BITS | number)
        return (
            None
            if at is None
            else self._flash.read(at + RECORD_HEADER, min(size, self._length(at)))
        )

    @property
    def generation(self) -> int:
        """The generation of the active bank: how often the journal was compacted."""
        return self._generation

    def each(self) -> "Iterator[tuple[int, int, int, int]]":
        """Yield every committed record in the order of flash, including superseded ones.

        Yields (kind, number, offset of the payload on flash, length).
        """
        at, end = self._base(self._bank) + BANK_HEADER, self._base(self._bank) + self._end
        while at < end:
            head = self._flash.read(at, RECORD_HEADER)
            size = int.from_bytes(head[6:8], "big")
            yield head[1], int.from_bytes(head[2:6], "big"), at + RECORD_HEADER, size
            at += RECORD_HEADER + size

    def read_into(self, kind: int, number: int, offset: int, view: memoryview) -> None:
        """Fill ``view`` from ``offset`` of a payload, for data that must not remain in the heap.

        Raises KeyError when there is no such record.
        """
        self._flash.read_into(
            self._index[kind << NUMBER_BITS | number] + RECORD_HEADER + offset, view
        )

    def numbers(self, kind: int) -> "list[int]":
        """Return the numbers of all live records of a kind, in ascending order."""
        return sorted(key & NUMBER_MASK for key in self._index if key >> NUMBER_BITS == kind)

    def has_room(self, size: int) -> bool:
        """Return whether a payload of ``size`` bytes fits without compaction.

        It does not fit where flash is not blank: after a write that was given up, or bit rot.
        """
        needed = RECORD_HEADER + size
        if size > PAYLOAD_MAX or self._end + needed > self._bank_size:
            return False
        return self._is_blank(self._base(self._bank) + self._end, needed)

    def put(self, kind: int, number: int, payload: bytes) -> None:
        """Append a record; when this returns it is on flash and was read back.

        Raises StoreFull, StoreDamaged (the flash does not keep what is written to it; nothing more
        is written).  After an exception the previous value still counts.
        """
        if self.damaged:
            raise StoreDamaged
        if kind > KIND_MAX or number > NUMBER_MASK:
            raise ValueError("kind or number out of range")
        if not self.has_room(len(payload)):
            self.compact()
            if not self.has_room(len(payload)):
                raise StoreFull
        tidy()  # the index entry is long-lived: allocate it behind no garbage
        key = kind << NUMBER_BITS | number
        before = self._index.get(key)
        at = self._base(self._bank) + self._end
        self._index[key] = at  # the only step that may allocate memory: before flash is written
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
        """Copy the surviving records to the other bank, make it the active one, erase the old one.

        When this fails before the switch, the old bank still counts.

        Raises StoreDamaged when the other bank does not keep what is written to it or a record has
        rotted, StoreFull when ``survives`` returned larger payloads than fit.
        """
        if self.damaged:
            raise StoreDamaged
        self.prepare()
        target = 1 - self._bank
        if not self._is_spare(target):
            self._clear(target)  # after an attempt that was given up, or bit rot
            if not self._is_spare(target):
                self._give_up()
        index, end = self._copy(target)
        old, self._bank, self._index, self._end = self._bank, target, index, end
        self._generation += 1
        try:
            self._clear(old)
        except Exception:
            # the new bank counts already, and the caller must not write as if it did not; the next
            # start finishes the erasure
            self.damaged = True
            raise

    def _copy(self, target: int) -> "tuple[dict[int, int], int]":
        """Write a whole bank; return its index and its end.

        The index is changed record by record: a second one would need as much memory again, in one
        piece.  When the copy fails, the index is read again from the bank that still counts.
        """
        try:
            return self._index, self._copy_each(target)
        except BaseException:
            self._index.clear()
            self._end = BANK_HEADER
            self._scan()
            raise

    def _copy_each(self, target: int) -> int:
        base, end = self._base(target), BANK_HEADER
        # no longer spare: if this fails from here on, the bank is erased before it is used again
        self._flash.program(base, MAGIC)
        keys = list(self._index)
        keys.sort()
        for count, key in enumerate(keys):
            kind, number = key >> NUMBER_BITS, key & NUMBER_MASK
            kept = self.survives(kind, number)
            if kept is False:
                del self._index[key]
                continue
            at = self._index[key]
            if not self._is_whole(at, self._flash.read(at + 1, RECORD_HEADER - 1)):
                # rotted since the last boot: a copy would have a good CRC over bad bytes
                self._give_up()
            if kept is True:
                payload = self._flash.read(at + RECORD_HEADER, self._length(at))
            else:
                kind, payload = kept  # type: ignore[misc]
            if end + RECORD_HEADER + len(payload) > self._bank_size:
                raise StoreFull
            self._write(base + end, kind, number, payload)
            moved = kind << NUMBER_BITS | number
            if moved != key:
                del self._index[key]
            self._index[moved] = base + end
            end += RECORD_HEADER + len(payload)
            if count % COLLECT_EVERY == 0:
                tidy()
        # the header makes the bank the active one: it is written last, after all records
        self._write_header(target, self._generation + 1)
        return end

    def _base(self, bank: int) -> int:
        return bank * self._bank_size

    def _length(self, at: int) -> int:
        return int.from_bytes(self._flash.read(at + 6, 2), "big")

    def _clear(self, bank: int) -> None:
        """Erase a bank from its end to its header, then mark it spare.

        While the header is there, the next boot knows that the erasure must be finished; the mark
        says that the last sector's erasure was finished too.
        """
        base = self._base(bank)
        for offset in range(
            base + self._bank_size - self._flash.sector, base - 1, -self._flash.sector
        ):
            self._flash.erase(offset)
        self._flash.program(base, SPARE)

    def _is_spare(self, bank: int) -> bool:
        base, mark = self._base(bank), len(SPARE)
        return self._flash.read(base, mark) == SPARE and self._is_blank(
            base + mark, self._bank_size - mark
        )

    def _is_blank(self, at: int, size: int) -> bool:
        view, blank = memoryview(self._scratch), memoryview(BLANK)
        for offset in range(0, size, SCAN):
            length = min(SCAN, size - offset)
            self._flash.read_into(at + offset, view[:length])
            if view[:length] != blank[:length]:
                return False
        return True

    def _give_up(self) -> None:
        self.damaged = True
        raise StoreDamaged

    def _write(self, at: int, kind: int, number: int, payload: bytes) -> None:
        """Write a record, read it back, commit it, read the commit back.

        Raises StoreDamaged when something else is read back.
        """
        head = bytes((kind,)) + number.to_bytes(4, "big") + len(payload).to_bytes(2, "big")
        head += crc32(payload, crc32(head)).to_bytes(4, "big")
        self._flash.program(at + 1, head + payload)
        if self._flash.read(at, RECORD_HEADER) != b"\xff" + head or not self._is_whole(at, head):
            self._give_up()
        self._commit(at)

    def _commit(self, at: int) -> None:
        self._flash.program(at, b"\0")
        if self._flash.read(at, 1) != b"\0":
            self._give_up()

    def _write_header(self, bank: int, generation: int) -> None:
        head = MAGIC + generation.to_bytes(4, "big")
        self._flash.program(self._base(bank), head + crc32(head).to_bytes(4, "big"))
        if self._read_generation(bank) != generation:
            self._give_up()

    def _recover(self) -> None:
        first, second = self._read_generation(0), self._read_generation(1)
        try:
            if first == second == 0:
                self._make_first()
                return
            self._bank = 0 if first > second else 1
            self._generation = max(first, second)
            torn = self._scan()
            tidy()
            if torn:
                self.compact()  # move on to clean flash
            elif self._flash.read(self._base(1 - self._bank), len(SPARE)) != SPARE:
                # a power cut during compaction or erasure, or an older firmware: the bank must not
                # be taken for an active one
                if first and second:
                    # the power cut may have come before the header's last bit was firm
                    self._write_header(self._bank, self._generation)
                self._clear(1 - self._bank)
        except StoreDamaged:
            self.damaged = True

    def _make_first(self) -> None:
        """Make the first bank.

        A torn header is programmed again: nothing is erased before one bank counts.
        """
        for bank in (0, 1):
            if (
                self._flash.read(self._base(bank) + BANK_HEADER, RECORD_HEADER)
                != BLANK[:RECORD_HEADER]
            ):
                # its header has rotted: its records can still be read, and nothing more is written
                self._bank = bank
                self.damaged = True
                self._scan()
                raise StoreDamaged
        self._write_header(0, 1)
        self._generation = 1
        self._clear(1)

    def _read_generation(self, bank: int) -> int:
        head = self._flash.read(self._base(bank), BANK_HEADER)
        if head[:4] != MAGIC or crc32(head[:8]) != int.from_bytes(head[8:], "big"):
            return 0
        return int.from_bytes(head[4:8], "big")

    def _scan(self) -> bool:
        """Index the active bank; return whether something uncommitted is at its end.

        Raises StoreDamaged.
        """
        base, count = self._base(self._bank), 0
        while self._end + RECORD_HEADER <= self._bank_size:
            at = base + self._end
            head = self._flash.read(at, RECORD_HEADER)
            if head[0] == 0xFF:
                return head != BLANK[:RECORD_HEADER]
            commit, head = head[0], head[1:]
            if head == BLANK[1:RECORD_HEADER]:
                return True  # bit rot where nothing was written yet
            if not self._is_whole(at, head):
                raise StoreDamaged
            self._index[head[0] << NUMBER_BITS | int.from_bytes(head[1:5], "big")] = at
            self._end += RECORD_HEADER + int.from_bytes(head[5:7], "big")
            if commit != 0 and not self.damaged:
                # torn in its commit byte, so it must be the last: the record counts, the byte is
                # programmed again
                if (
                    self._end + RECORD_HEADER <= self._bank_size
                    and self._flash.read(base + self._end, RECORD_HEADER) != BLANK[:RECORD_HEADER]
                ):
                    raise StoreDamaged
                self._commit(at)
            count += 1
            if count % COLLECT_EVERY == 0:
                tidy()
        return False

    def _is_whole(self, at: int, head: bytes) -> bool:
        """Return whether the payload of the record at ``at`` lies in its bank with the right CRC.

        ``head`` is the record header without the commit byte.
        """
        size = int.from_bytes(head[5:7], "big")
        if at % self._bank_size + RECORD_HEADER + size > self._bank_size:
            return False
        return self._crc(at + RECORD_HEADER, size, crc32(head[:7])) == int.from_bytes(
            head[7:], "big"
        )

    def _crc(self, at: int, size: int, value: int) -> int:
        view = memoryview(self._scratch)
        for offset in range(0, size, SCAN):
            part = view[: min(SCAN, size - offset)]
            self._flash.read_into(at + offset, part)
            value = crc32(part, value)
        return value
