"""A file as the flash of a simulated board.

Every write is handed to the operating system before it returns, so a killed process loses nothing
that the firmware believes it has written.
"""

import os

PIECE = 4096  # bytes written at a time when a file is made


class FileMedium:
    """``size`` bytes in the file ``path``.

    A file that does not exist is created atomically, filled with the byte ``blank``.
    """

    def __init__(self, path: str, size: int, blank: bytes) -> None:
        try:
            self._file = open(path, "r+b")
        except OSError:
            with open(path + ".new", "wb") as fresh:
                for done in range(0, size, PIECE):
                    fresh.write(blank * min(PIECE, size - done))
            os.rename(path + ".new", path)
            self._file = open(path, "r+b")

    def read(self, offset: int, size: int) -> bytes:
        """Return ``size`` bytes at ``offset``."""
        self._file.seek(offset)
        return self._file.read(size)

    def read_into(self, offset: int, buffer: memoryview) -> None:
        """Fill ``buffer`` with the bytes at ``offset``, without allocating memory."""
        self._file.seek(offset)
        self._file.readinto(buffer)

    def write(self, offset: int, data: bytes) -> None:
        """Replace bytes; the operating system has them when this returns."""
        self._file.seek(offset)
        self._file.write(data)
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
