"""Frames: COBS( header | payload | CRC-32 ) 00, the only thing that crosses the serial line.

header = kind (1) | flags (1) | request id (2) | offset (4), big-endian.  Flag 1 says that more
fragments of the same message follow; no other flag exists.  The offset counts bytes: inside a
message that spans several frames, inside the stream for ``data``, and as "next byte expected" for
``ack``.  A frame that does not decode, has a wrong CRC or is too long is dropped silently, and the
sender repeats it after a timeout.  So is everything before the first delimiter, such as the ``AT``
commands of a modem manager.  See SPEC section 2.1.
"""

from binascii import crc32

from biandun_protocol.wire import cobs
from biandun_protocol.wire.numbers import LIMIT_FRAME

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

HEADER = 8
CRC = 4
PAYLOAD_MAX = LIMIT_FRAME - HEADER - CRC
ENCODED_MAX = LIMIT_FRAME + LIMIT_FRAME // 254 + 1
MORE = 1


def encode_frame(
    kind: int,
    request_id: int,
    offset: int,
    payload: "bytes | bytearray | memoryview",
    more: bool = False,
) -> bytes:
    """Return the bytes of one frame with its delimiter.

    ``request_id`` 0..65535, ``offset`` 0..2**32-1, ``payload`` at most PAYLOAD_MAX bytes
    (ValueError otherwise).
    """
    size = len(payload)
    if size > PAYLOAD_MAX:
        raise ValueError("payload over the frame limit")
    raw = bytearray(HEADER + size + CRC)
    raw[0] = kind
    raw[1] = MORE if more else 0
    raw[2:4] = request_id.to_bytes(2, "big")
    raw[4:8] = offset.to_bytes(4, "big")
    raw[HEADER : HEADER + size] = payload
    raw[HEADER + size :] = checksum(raw, HEADER + size).to_bytes(4, "big")
    return cobs.encode(raw) + b"\0"


def checksum(data: "bytes | bytearray | memoryview", size: int) -> int:
    """Return the CRC-32 of ``data[:size]``."""
    return crc32(memoryview(data)[:size])


class Frame:
    """One received frame.

    ``payload`` is a view of the reader's buffer, valid until the next call of ``next``.
    """

    def __init__(
        self, kind: int, request_id: int, offset: int, payload: memoryview, more: bool
    ) -> None:
        self.kind = kind
        self.request_id = request_id
        self.offset = offset
        self.payload = payload
        self.more = more


class FrameReader:
    """Splits a byte stream into frames, with one fixed buffer.

    Pass received bytes to ``put`` and call ``next`` until it returns None.  ``check`` computes the
    CRC; a key may have a faster function than ``checksum``.
    """

    def __init__(self, check: "Callable[[bytearray, int], int]" = checksum) -> None:
        self._check = check
        self._buffer = bytearray(ENCODED_MAX)
        self._fill = 0
        self._overflow = False
        self._source: "bytes | bytearray" = b""
        self._at = 0
        self._end = 0
        self.dropped = 0  # number of invalid frames, for diagnosis

    def put(self, source: "bytes | bytearray", size: int) -> None:
        """Take ``source[:size]``; call it only after ``next`` has returned None."""
        self._source, self._at, self._end = source, 0, size

    def next(self) -> "Frame | None":
        """Return the next complete and valid frame, or None when the bytes are used up."""
        while self._at < self._end:
            stop = self._source.find(b"\0", self._at, self._end)
            end = self._end if stop < 0 else stop
            self._append(end)
            if stop < 0:
                return None
            self._at = stop + 1
            size, self._fill = self._fill, 0
            overflow, self._overflow = self._overflow, False
            if size == 0 and not overflow:
                continue  # two delimiters in a row: a sender ends whatever preceded its frame
            frame = None if overflow else self._parse(size)
            if frame is not None:
                return frame
            self.dropped += 1
        return None

    def _append(self, end: int) -> None:
        run = end - self._at
        if self._overflow or self._fill + run > len(self._buffer):
            self._overflow = True
            self._fill = 0
        else:
            self._buffer[self._fill : self._fill + run] = memoryview(self._source)[self._at : end]
            self._fill += run
        self._at = end

    def _parse(self, size: int) -> "Frame | None":
        buffer = self._buffer
        try:
            size = cobs.decode_in_place(buffer, size)
        except cobs.CobsError:
            return None
        if not HEADER + CRC <= size <= LIMIT_FRAME or buffer[1] > MORE:
            return None
        view = memoryview(buffer)
        body = size - CRC
        if self._check(buffer, body) != int.from_bytes(bytes(view[body:size]), "big"):
            return None
        number = int.from_bytes(bytes(view[2:HEADER]), "big")
        return Frame(
            buffer[0], number >> 32, number & 0xFFFFFFFF, view[HEADER:body], buffer[1] == MORE
        )
