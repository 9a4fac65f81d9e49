"""Receives request bodies, and decodes chunked ones (RFC 9112 section 7.1).

A small body is kept in memory, a larger one in an unnamed file on the office's disk.  Both
receivers have waitress's interface: ``received(data)`` returns how many bytes belonged to the body.
"""

import re
from contextlib import suppress
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, cast

IN_MEMORY = 64 * 1024
_LINE = 1024  # bytes of a chunk's size with its extensions, or of a trailer field
_TRAILERS = 8192
# bytes of framing in excess of content: decoding one-byte chunks costs the server more than the
# client
_OVERHEAD = 16 * 1024
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(;[\t\x20-\x7e\x80-\xff]*)?")
_TRAILER = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*")


class BrokenBody(ValueError):
    """The chunks do not follow RFC 9112 section 7.1; the message says where."""


class BodyTooLarge(ValueError):
    """The body is larger than its address allows."""


class Spool:
    """A body as it is received: append, then read it as a file.

    ``append`` raises OSError when the disk is full.
    """

    def __init__(self, folder: Path) -> None:
        # unnamed, so that nothing is left behind however this process ends
        self._file = SpooledTemporaryFile(IN_MEMORY, dir=str(folder))  # noqa: SIM115
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def append(self, data: bytes) -> None:
        """Add bytes at the end."""
        self._file.write(data)
        self._file.flush()  # so that a full disk raises here, where it can be answered
        self._size += len(data)

    def getfile(self) -> IO[bytes]:
        """The body as a file, from its beginning."""
        self._file.seek(0)
        return cast("IO[bytes]", self._file)

    def close(self) -> None:
        """Discard the body."""
        with suppress(OSError):  # the buffer's rest does not fit on a full disk
            self._file.close()


class ChunkedBody:
    """Strict decoder of a chunked body; its work is linear in the bytes received.

    Raises BrokenBody, BodyTooLarge, OSError.
    """

    error = None  # waitress reads it; this class raises instead

    def __init__(self, spool: Spool, limit: int) -> None:
        self._spool, self._limit = spool, limit
        self._missing = 0  # bytes of the current chunk that have not arrived
        self._line = bytearray()  # the current framing line, while incomplete
        self._read_line = self._size
        self._overhead = self._trailers = 0
        self.completed = False

    def __len__(self) -> int:
        return len(self._spool)

    def received(self, data: bytes) -> int:
        """Consume the bytes that belong to the body; return how many."""
        at = 0
        while at < len(data) and not self.completed:
            if self._missing:
                part = data[at : at + self._missing]
                self._spool.append(part)
                self._missing -= len(part)
                at += len(part)
                if not self._missing:
                    self._read_line = self._end_of_chunk
            else:
                at += self._framing(data, at)
        return at

    def getfile(self) -> IO[bytes]:
        """The decoded body as a file."""
        return self._spool.getfile()

    def getbuf(self) -> Spool:
        """The buffer of the decoded body."""
        return self._spool

    def _framing(self, data: bytes, at: int) -> int:
        """Consume a line of framing, or a part of one; return the number of bytes."""
        end = data.find(b"\n", at, at + _LINE)
        part = data[at : end + 1] if end >= 0 else data[at : at + _LINE]
        self._line += part
        if len(self._line) > _LINE:
            raise BrokenBody("a line of the chunks is too long")
        if end >= 0:
            if not self._line.endswith(b"\r\n") or b"\r" in self._line[:-2]:
                raise BrokenBody("a line of the chunks does not end with CRLF")
            line = bytes(self._line[:-2])
            self._line.clear()
            self._read_line(line)
        return len(part)

    def _size(self, line: bytes) -> None:
        found = _SIZE.fullmatch(line)
        if found is None:
            raise BrokenBody("no size of a chunk")
        size = int(found[1], 16)
        if len(self._spool) + size > self._limit:
            raise BodyTooLarge
        self._overhead = max(self._overhead + len(line) + 4 - 2 * size, 0)
        if self._overhead > _OVERHEAD:
            raise BrokenBody("more framing than content in the chunks")
        self._missing = size
        if not size:
            self._read_line = self._trailer

    def _end_of_chunk(self, line: bytes) -> None:
        if line:
            raise BrokenBody("a chunk is longer than its size")
        self._read_line = self._size

    def _trailer(self, line: bytes) -> None:
        """Check a trailer field; its content is ignored."""
        self._trailers += len(line)
        if line and (self._trailers > _TRAILERS or not _TRAILER.fullmatch(line)):
            raise BrokenBody("a trailer field")
        self.completed = not line
