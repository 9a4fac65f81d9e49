"""The model of NOR flash that firmware, simulator and tests share.

Programming only clears bits, erasing sets a whole sector to FF, reading changes nothing.  The bytes
are kept in a medium: memory, or one provided by a board.  ``otpmodel`` is the model of
one-time-programmable memory.

``hook(kind, offset, data)`` is called before each operation that changes bytes: kind is PROGRAM,
ERASE or (for OTP memory) BURN, ``data`` the bytes to be programmed or burned, empty for an erase.
A hook that raises prevents the operation.  Power cuts in the middle of an operation, rot and wear
are in ``flashfaults``.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    Hook = Callable[[str, int, bytes], None]

    class Medium(Protocol):
        """Storage of bytes that can be overwritten at will."""

        def read(self, offset: int, size: int) -> bytes: ...  # noqa: D102
        def read_into(self, offset: int, buffer: memoryview) -> None: ...  # noqa: D102
        def write(self, offset: int, data: bytes) -> None: ...  # noqa: D102


PROGRAM, ERASE, BURN = "program", "erase", "burn"


class PowerCut(BaseException):
    """The power is off: no operation works after this."""


class Memory:
    """A medium in memory; ``data`` are its bytes."""

    def __init__(self, size: int, blank: bytes) -> None:
        self.data = bytearray(blank * size)

    def read(self, offset: int, size: int) -> bytes:
        """Return ``size`` bytes at ``offset``."""
        return bytes(self.data[offset : offset + size])

    def read_into(self, offset: int, buffer: memoryview) -> None:
        """Fill ``buffer`` from ``offset`` on."""
        buffer[:] = memoryview(self.data)[offset : offset + len(buffer)]

    def write(self, offset: int, data: bytes) -> None:
        """Replace the bytes at ``offset``."""
        self.data[offset : offset + len(data)] = data


class NorFlash:
    """``size`` bytes of flash, erased in sectors of ``sector`` bytes.

    They are in ``medium``, whose blank byte is FF, or in memory without one.  Counts wear:
    ``erases`` by sector, ``programs``, ``programmed`` bytes.
    """

    def __init__(
        self, size: int = 512 * 1024, sector: int = 4096, medium: "Medium | None" = None
    ) -> None:
        if size <= 0 or size % sector:
            raise ValueError("not a whole number of sectors")
        self.size = size
        self.sector = sector
        self.medium = medium or Memory(size, b"\xff")
        self.hook: "Hook | None" = None
        self.erases = [0] * (size // sector)
        self.programs = 0
        self.programmed = 0

    def read(self, offset: int, size: int) -> bytes:
        """Return ``size`` bytes at ``offset``.  Raises ValueError outside the flash."""
        self._check(offset, size)
        return self.medium.read(offset, size)

    def read_into(self, offset: int, buffer: memoryview) -> None:
        """Fill ``buffer`` from ``offset`` on, without allocating memory.

        Raises ValueError outside the flash.
        """
        self._check(offset, len(buffer))
        self.medium.read_into(offset, buffer)

    def program(self, offset: int, data: bytes) -> None:
        """Clear the bits that are 0 in ``data``; bits that are 0 on flash stay 0.

        Raises ValueError outside the flash.
        """
        self._check(offset, len(data))
        if self.hook is not None:
            self.hook(PROGRAM, offset, data)
        self.programs += 1
        self.programmed += len(data)
        self.medium.write(offset, cleared(self.medium.read(offset, len(data)), data))

    def erase(self, offset: int) -> None:
        """Set the sector at ``offset`` to FF.  Raises ValueError when no sector begins there."""
        self._check(offset, self.sector)
        if offset % self.sector:
            raise ValueError("not a sector")
        if self.hook is not None:
            self.hook(ERASE, offset, b"")
        self.erases[offset // self.sector] += 1
        self.medium.write(offset, b"\xff" * self.sector)

    def _check(self, offset: int, size: int) -> None:
        if offset < 0 or offset + size > self.size:
            raise ValueError("outside the flash")


def cleared(old: bytes, data: bytes) -> bytes:
    """Return the bytes on flash after ``data`` is programmed over ``old`` of the same length."""
    if old.count(b"\xff") == len(old):
        return data
    return bytes(a & b for a, b in zip(old, data))  # noqa: B905
