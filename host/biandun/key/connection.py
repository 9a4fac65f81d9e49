"""The host's end of the link: requests that are repeated until answered, streams with a window.

The specification is SPEC.md section 2; the key's end is ``etoken.link``.  Every wait has a
deadline.  A keep-alive extends it; after a silence of ``retransmit_ms`` the request is sent again.
The key answers a repeated request id with the same bytes, so repeating is always safe.
"""

import contextlib
import secrets
import threading
import time
from collections.abc import Callable

from biandun import errors
from biandun.key.transport import Transport
from biandun_protocol.session import Session
from biandun_protocol.wire import codec, frames
from biandun_protocol.wire.messages import ErrorInfo, KeepAlive, Resync
from biandun_protocol.wire.numbers import (
    ERROR_CANCELLED,
    ERROR_REQUEST_ID_REUSED,
    ERROR_SESSION_LOST,
    KIND_ABORTED,
    KIND_ACK,
    KIND_CANCEL,
    KIND_DATA,
    KIND_ERROR,
    KIND_KEEPALIVE,
    KIND_REPLY,
    KIND_REQUEST,
    KIND_RESYNC,
    LIMIT_MESSAGE,
    LIMIT_RETRANSMIT_MS,
    LIMIT_SEAL_PAD,
    PROTOCOL_VERSION,
)

RETRANSMIT = LIMIT_RETRANSMIT_MS / 1000
PATIENCE = 5.0  # seconds without any progress until the key counts as gone
ATTEMPTS = 3  # with new request ids, if another program on the line has used the same id
LONGEST_REPLY = LIMIT_MESSAGE + 2 * LIMIT_SEAL_PAD  # bytes of the longest sealed message
# seconds for which keep-alives can extend a wait: for requests that wait for a person or take long,
# and for those that only read
LONGEST_CALL, LONGEST_QUESTION = 120.0, 10.0

OnKeepAlive = Callable[[int, int], None]
OnSent = Callable[[int], None]
Opens = Callable[[int, bytes], bytes | None]


class Received:
    """A frame that was waited for, copied out of the reader's buffer."""

    def __init__(self, frame: frames.Frame) -> None:
        self.kind = frame.kind
        self.request_id = frame.request_id
        self.offset = frame.offset
        self.payload = bytes(frame.payload)
        self.more = frame.more


class Connection:
    """An open link to one key.

    Not thread-safe, except that another thread may set ``cancel``.
    """

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.cancel = threading.Event()
        self.sent_bytes = 0
        self.received_bytes = 0
        self.keepalive_bytes = 0  # part of received_bytes; their number depends on time only
        self._reader = frames.FrameReader()
        self._request_id = 0
        self._nonce = secrets.token_bytes(8)

    def close(self) -> None:
        """Close the transport."""
        self.transport.close()

    def resync(self, patience: float = PATIENCE) -> None:
        """Open the link: agree with the key on a nonce that identifies it.

        Raises LinkTimeout (no answer), LinkGarbled (an answer in another protocol),
        KeyRefused(unsupported-version).
        """
        payload = codec.encode(Resync(self._nonce))
        # a leading delimiter ends any incomplete frame
        opening = b"\0" + frames.encode_frame(KIND_RESYNC, 0, 0, payload)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            self._write(opening)
            frame = self._wait(
                lambda one: one.kind == KIND_RESYNC, time.monotonic() + RETRANSMIT, None
            )
            if frame is None:
                continue
            try:
                answer = codec.decode(Resync, frame.payload)
            except codec.MessageError:
                continue
            if answer.nonce == self._nonce:
                if answer.version != PROTOCOL_VERSION:
                    raise errors.LinkGarbled(port=self.transport.name)
                return
        if self.received_bytes:
            raise errors.LinkGarbled(port=self.transport.name)
        raise errors.LinkTimeout(port=self.transport.name)

    def call(
        self,
        message: bytes,
        on_keepalive: OnKeepAlive | None = None,
        longest: float = LONGEST_CALL,
    ) -> bytes:
        """Send a request and return the reply, within ``longest`` seconds.

        Raises KeyRefused with the key's error, LinkTimeout, LinkGarbled, Unplugged.  When
        ``cancel`` is set the key is notified; it answers with a reply that was already made, or
        KeyRefused(cancelled).
        """
        return self._ask(message, on_keepalive, None, longest)

    def call_sealed(
        self,
        session: Session,
        message: bytes,
        on_keepalive: OnKeepAlive | None = None,
        longest: float = LONGEST_CALL,
    ) -> bytes:
        """As ``call``, through a session: the request is sealed, unsealed answers are ignored.

        Raises also KeyRefused(session-lost): the key does not have the session; as this error is
        not sealed, somebody else may have sent it.
        """
        sealed = session.seal(KIND_REQUEST, message)
        for _ in range(ATTEMPTS):
            try:
                return self._ask(sealed, on_keepalive, session.open, longest)
            except errors.KeyRefused as refusal:
                if refusal.number != ERROR_REQUEST_ID_REUSED:
                    raise  # else another program has used the id; the key has opened nothing sealed
        raise errors.LinkTimeout(port=self.transport.name)

    def _ask(
        self,
        message: bytes,
        on_keepalive: OnKeepAlive | None,
        opens: Opens | None,
        longest: float,
    ) -> bytes:
        self._request_id = self._request_id % 0xFFFF + 1
        try:
            return self._call(self._request_id, message, on_keepalive, opens, longest)
        except KeyboardInterrupt:
            # a key that still waits for its button must not sign after the user has aborted
            with contextlib.suppress(errors.HostProblem):
                self._write(frames.encode_frame(KIND_CANCEL, self._request_id, 0, b""))
            raise

    def _call(
        self,
        request_id: int,
        message: bytes,
        on_keepalive: OnKeepAlive | None,
        opens: Opens | None,
        longest: float,
    ) -> bytes:
        wire = self._fragments(KIND_REQUEST, request_id, message)
        reply, furthest = bytearray(), 0
        notified = False
        begun = last_life = time.monotonic()
        self._write(wire)
        while True:
            if time.monotonic() - begun > longest:
                raise errors.LinkTimeout(port=self.transport.name)
            frame = self._wait(
                lambda one: one.request_id == request_id,
                time.monotonic() + RETRANSMIT,
                self.cancel if not notified else None,
            )
            notified = notified or self._notify_of_cancel(request_id)
            if frame is None:
                if time.monotonic() - last_life > PATIENCE:
                    raise errors.LinkTimeout(port=self.transport.name)
                reply.clear()
                self._write(wire)
                continue
            if frame.kind == KIND_KEEPALIVE:
                last_life = time.monotonic()
                self.keepalive_bytes += len(
                    frames.encode_frame(frame.kind, frame.request_id, frame.offset, frame.payload)
                )
                self._report(frame, on_keepalive)
            elif frame.kind == KIND_ERROR:
                refusal = self._refusal_of(frame, opens)
                if refusal is not None:
                    raise refusal
            elif frame.kind == KIND_REPLY and frame.offset == len(reply):
                self._append(reply, frame.payload)
                if len(reply) > furthest:
                    furthest, last_life = len(reply), time.monotonic()
                answer = None if frame.more else _opened(bytes(reply), opens)
                if answer is not None:
                    return answer
                if not frame.more:
                    reply.clear()  # not sealed by the key, or damaged: wait for a repeat
            # checked only after processing, because a late frame can still be progress on a slow
            # computer
            if time.monotonic() - last_life > PATIENCE:
                # frames arrive, but without progress
                raise errors.LinkTimeout(port=self.transport.name)

    def _append(self, reply: bytearray, payload: bytes) -> None:
        """Append a part of a reply.  Raises LinkGarbled if it gets longer than LONGEST_REPLY."""
        if len(reply) + len(payload) > LONGEST_REPLY:
            raise errors.LinkGarbled(port=self.transport.name)
        reply += payload

    def _notify_of_cancel(self, request_id: int) -> bool:
        """Send a cancel frame if ``cancel`` is set; return whether it is."""
        if self.cancel.is_set():
            self._write(frames.encode_frame(KIND_CANCEL, request_id, 0, b""))
            return True
        return False

    @property
    def last_id(self) -> int:
        """The id of the last request, which is also the id of the stream that it opened."""
        return self._request_id

    def stream(
        self, stream_id: int, data: bytes, window: int, on_sent: OnSent | None = None
    ) -> None:
        """Send ``data`` as data frames, at most ``window`` of them unacknowledged (go-back-N).

        Raises KeyRefused with the key's error, KeyRefused(cancelled) after ``cancel``, LinkTimeout,
        Unplugged.
        """
        size, view = frames.PAYLOAD_MAX, memoryview(data)
        acknowledged = sent = 0
        went_back_to = -1
        last_life = time.monotonic()
        while acknowledged < len(data):
            starts = range(sent, min(acknowledged + window * size, len(data)), size)
            if starts:  # all that the window allows, in one write
                self._write(
                    b"".join(
                        frames.encode_frame(KIND_DATA, stream_id, at, view[at : at + size])
                        for at in starts
                    )
                )
                sent = min(starts[-1] + size, len(data))
            frame = self._wait(
                lambda one: one.request_id == stream_id, time.monotonic() + RETRANSMIT, self.cancel
            )
            if self.cancel.is_set():
                self.abort(stream_id)
                raise errors.KeyRefused(ERROR_CANCELLED)
            if frame is None:
                if time.monotonic() - last_life > PATIENCE:
                    raise errors.LinkTimeout(port=self.transport.name)
                sent = acknowledged
                continue
            if frame.kind == KIND_ERROR:
                raise self._refusal(frame)
            if frame.kind == KIND_ACK:
                if frame.offset > acknowledged:
                    last_life = time.monotonic()
                if frame.offset == acknowledged != went_back_to:
                    # a repeated acknowledgement: the key has lost the frame at this offset
                    sent = went_back_to = acknowledged
                acknowledged = max(acknowledged, min(frame.offset, len(data)))
                if on_sent is not None:
                    on_sent(acknowledged)
            if time.monotonic() - last_life > PATIENCE:
                # acknowledgements arrive, but without progress
                raise errors.LinkTimeout(port=self.transport.name)

    def abort(self, stream_id: int) -> None:
        """Cancel a stream, so that nothing of it will be signed.  Raises Unplugged."""
        deadline = time.monotonic() + 2 * RETRANSMIT
        while time.monotonic() < deadline:
            self._write(frames.encode_frame(KIND_CANCEL, stream_id, 0, b""))
            frame = self._wait(
                lambda one: one.kind in (KIND_ABORTED, KIND_ERROR),
                time.monotonic() + RETRANSMIT,
                None,
            )
            if frame is not None:
                return

    def _fragments(self, kind: int, request_id: int, message: bytes) -> bytes:
        size = frames.PAYLOAD_MAX
        parts = [
            frames.encode_frame(
                kind,
                request_id,
                offset,
                message[offset : offset + size],
                offset + size < len(message),
            )
            for offset in range(0, max(len(message), 1), size)
        ]
        return b"".join(parts)

    def _refusal_of(self, frame: Received, opens: Opens | None) -> errors.KeyRefused | None:
        """The refusal in an error frame, or None.

        In a session only a sealed one counts, or an unsealed one that the key sends when it cannot
        unseal: session-lost and request-id-reused.
        """
        if opens is None:
            return self._refusal(frame)
        payload = opens(KIND_ERROR, frame.payload)
        if payload is not None:
            frame.payload = payload
            return self._refusal(frame)
        try:
            refusal = self._refusal(frame)
        except errors.LinkGarbled:
            return None
        return refusal if refusal.number in (ERROR_SESSION_LOST, ERROR_REQUEST_ID_REUSED) else None

    def _refusal(self, frame: Received) -> errors.KeyRefused:
        """The refusal in an error frame.  Raises LinkGarbled for one that cannot be decoded."""
        try:
            info = codec.decode(ErrorInfo, frame.payload)
        except codec.MessageError:
            raise errors.LinkGarbled(port=self.transport.name) from None
        return errors.KeyRefused(info.code, info.field, info.tries_left, info.wait_ms)

    def _report(self, frame: Received, on_keepalive: OnKeepAlive | None) -> None:
        if on_keepalive is None:
            return
        try:
            beat = codec.decode(KeepAlive, frame.payload)
        except codec.MessageError:
            return
        on_keepalive(beat.phase, beat.permille)

    def _write(self, data: bytes) -> None:
        self.transport.write(data)
        self.sent_bytes += len(data)

    def _wait(
        self, wanted: Callable[[frames.Frame], bool], until: float, cancel: threading.Event | None
    ) -> Received | None:
        """Return the next frame that is ``wanted``; None after ``until`` or when ``cancel`` is set.

        It reads at least once.
        """
        looked = False
        while True:
            frame = self._reader.next()
            if frame is not None:
                if wanted(frame):
                    return Received(frame)
                continue
            if looked and (time.monotonic() >= until or (cancel is not None and cancel.is_set())):
                return None
            chunk, looked = self.transport.read(), True
            self.received_bytes += len(chunk)
            self._reader.put(chunk, len(chunk))


def _opened(reply: bytes, opens: Opens | None) -> bytes | None:
    return reply if opens is None else opens(KIND_REPLY, reply)
