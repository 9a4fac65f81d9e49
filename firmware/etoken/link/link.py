"""The key's end of the serial link: frames in and out, one request at a time (SPEC section 2).

The last reply is kept, so that a repeated request is answered again.  The link knows nothing of
commands; the host's end is ``biandun.key.connection``.  All input passes two fixed buffers, so a
link that receives junk for days takes no more memory than a silent one.
"""

from binascii import crc32

from biandun_protocol.wire import codec, frames
from biandun_protocol.wire.messages import ErrorInfo, KeepAlive, Resync
from biandun_protocol.wire.numbers import (
    ERROR_TOO_LARGE,
    KIND_ABORTED,
    KIND_ACK,
    KIND_ERROR,
    KIND_KEEPALIVE,
    KIND_REPLY,
    KIND_RESYNC,
    LIMIT_KEEPALIVE_MS,
    LIMIT_MESSAGE,
    PROTOCOL_VERSION,
)

try:
    from etoken.link.native import checksum
except (NameError, SyntaxError):  # this interpreter cannot compile it
    checksum = frames.checksum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Port(Protocol):
        """A byte stream provided by the board."""

        def read_into(self, buffer: bytearray, timeout_ms: int) -> int: ...  # noqa: D102
        def write(self, data: bytes) -> None: ...  # noqa: D102

    class Clock(Protocol):
        """Milliseconds since some moment."""

        def ticks_ms(self) -> int: ...  # noqa: D102


class Link:
    """Frames over a port; keeps the link's nonce, the partial message and the last reply."""

    def __init__(self, port: "Port", clock: "Clock") -> None:
        self._port = port
        self._clock = clock
        self._reader = frames.FrameReader(checksum)
        self._chunk = bytearray(frames.ENCODED_MAX)
        self._nonce = b""
        self._last_sent = 0
        self._message = b""
        self._message_id = -1
        self._reply_id = -1
        self._reply_crc = 0
        self._reply_kind = KIND_REPLY
        self._reply = b""

    def receive(self, timeout_ms: int) -> "frames.Frame | None":
        """Return the next frame, or None after ``timeout_ms`` without one.

        Before the first resync every other frame is dropped, since it belongs to no link.

        Raises EOFError when the port is closed.
        """
        while True:
            frame = self._reader.next()
            if frame is None:
                size = self._port.read_into(self._chunk, timeout_ms)
                if size == 0:
                    return None
                self._reader.put(self._chunk, size)
            elif self._nonce or frame.kind == KIND_RESYNC:
                return frame

    def resync(self, payload: memoryview) -> bool:
        """Answer a resync frame; return True when it opened a new link.

        Everything unfinished on the old link is then void.
        """
        try:
            asked = codec.decode(Resync, payload)
        except codec.MessageError:
            return False
        last = self._reply_id if self._reply_id >= 0 else None
        new = asked.nonce != self._nonce
        if new:
            self._nonce = asked.nonce
            self._message_id = self._reply_id = -1
            self._message = self._reply = b""
        self.send(KIND_RESYNC, 0, 0, codec.encode(Resync(asked.nonce, PROTOCOL_VERSION, last)))
        return new

    def is_current(self, payload: memoryview) -> bool:
        """Return whether this resync frame carries the nonce of the current link."""
        try:
            return codec.decode(Resync, payload).nonce == self._nonce
        except codec.MessageError:
            return True

    def assemble(self, frame: frames.Frame) -> "bytes | None":
        """Add a request frame; return the message when it is complete.

        None while fragments are missing, and after a gap.
        """
        if frame.offset == 0:
            self._message_id, self._message = frame.request_id, b""
        elif frame.request_id != self._message_id or frame.offset != len(self._message):
            return None
        if len(self._message) + len(frame.payload) > LIMIT_MESSAGE:
            self._message_id, self._message = -1, b""
            self.fault(frame.request_id, ERROR_TOO_LARGE)
            return None
        self._message += bytes(frame.payload)
        if frame.more:
            return None
        message, self._message = self._message, b""
        self._message_id = -1
        return message

    def repeat(self, request_id: int, message: bytes) -> "bool | None":
        """Answer a repeated request with the stored reply.

        True when the same message was answered under this id before (the reply has been sent
        again), None when the id was used for another message, False when the request is new.
        """
        if request_id != self._reply_id:
            return False
        if crc32(message) != self._reply_crc:
            return None
        self._send_message(self._reply_kind, request_id, self._reply)
        return True

    def answer(self, request_id: int, message: bytes, reply: bytes) -> None:
        """Send the reply to ``message`` and store it for a repeated request."""
        self._keep(request_id, message, KIND_REPLY, reply)

    def refuse(self, request_id: int, message: bytes, error: bytes) -> None:
        """Send an encoded ErrorInfo as the answer to ``message``; store it for repetition."""
        self._keep(request_id, message, KIND_ERROR, error)

    def _keep(self, request_id: int, message: bytes, kind: int, reply: bytes) -> None:
        self._reply_id, self._reply_crc, self._reply_kind, self._reply = (
            request_id,
            crc32(message),
            kind,
            reply,
        )
        self._send_message(kind, request_id, reply)

    def _send_message(self, kind: int, request_id: int, message: bytes) -> None:
        size = frames.PAYLOAD_MAX
        for offset in range(0, max(len(message), 1), size):
            self.send(
                kind,
                request_id,
                offset,
                message[offset : offset + size],
                offset + size < len(message),
            )

    def fault(self, request_id: int, code: int, field: "int | None" = None) -> None:
        """Send an error for a frame that is no new request: of a stream, or with an id in use."""
        self.send(KIND_ERROR, request_id, 0, codec.encode(ErrorInfo(code, field)))

    def acknowledge(self, request_id: int, expected: int) -> None:
        """Tell the host which byte of the stream comes next."""
        self.send(KIND_ACK, request_id, expected, b"")

    def aborted(self, request_id: int) -> None:
        """Tell the host that a stream was cancelled."""
        self.send(KIND_ABORTED, request_id, 0, b"")

    def keepalive(self, request_id: int, phase: int, permille: int) -> None:
        """Send a keep-alive unless a frame was sent less than LIMIT_KEEPALIVE_MS / 2 ago."""
        if self._clock.ticks_ms() - self._last_sent >= LIMIT_KEEPALIVE_MS // 2:
            self.send(KIND_KEEPALIVE, request_id, 0, codec.encode(KeepAlive(phase, permille)))

    def send(
        self, kind: int, request_id: int, offset: int, payload: bytes, more: bool = False
    ) -> None:
        """Send one frame."""
        self._port.write(frames.encode_frame(kind, request_id, offset, payload, more))
        self._last_sent = self._clock.ticks_ms()
