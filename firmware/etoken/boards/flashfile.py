"""Flash in a file, for the boards that have none: NOR semantics, nothing more.

Programming only clears bits, erasing sets a sector to FF.  Every operation is handed to the operating system before it
returns, so a killed process loses nothing that the firmware believes it has written.
"""


class FileFlash:
    """``size`` bytes of flash in the file ``path``, made when it is not there; ``sector`` is the erase unit."""

    sector = 4096

    def __init__(self, path: str, size: int = 512 * 1024) -> None:
        self.size = size
        try:
            self._file = open(path, "r+b")
        except OSError:
            with open(path, "wb") as fresh:
                blank = b"\xff" * self.sector
                for _ in range(size // self.sector):
                    fresh.write(blank)
            self._file = open(path, "r+b")

    def read(self, offset: int, size: int) -> bytes:
        """Return ``size`` bytes at ``offset``."""
        self._file.seek(offset)
        return self._file.read(size)

    def read_into(self, offset: int, buffer: memoryview) -> None:
        """Fill ``buffer`` from ``offset`` on, without taking memory."""
        self._file.seek(offset)
        self._file.readinto(buffer)

    def program(self, offset: int, data: bytes) -> None:
        """Clear the bits that are 0 in ``data``; bits that are 0 on flash already stay so."""
        if offset + len(data) > self.size:
            raise ValueError("outside the flash")
        old = self.read(offset, len(data))
        if old.count(b"\xff") != len(old):
            data = bytes(a & b for a, b in zip(old, data))  # noqa: B905  MicroPython's zip has no strict
        self._file.seek(offset)
        self._file.write(data)
        self._file.flush()

    def erase(self, offset: int) -> None:
        """Set the sector at ``offset`` (a multiple of ``sector``) to FF."""
        if offset % self.sector or offset >= self.size:
            raise ValueError("not a sector")
        self._file.seek(offset)
        self._file.write(b"\xff" * self.sector)
        self._file.flush()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()
