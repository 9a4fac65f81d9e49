"""The key's main loop: it passes each frame from the link to the stream or to dispatch and answers.

    resync   -> a new link drops everything unfinished
    request  -> repeated: the same answer again; new: opened by the session when it is sealed, then dispatched
    data     -> into the open manifest stream, acknowledged every second frame
    cancel   -> drops the stream, or cancels the command that waits for presence

Any other frame is ignored.  Neighbours: ``link`` and ``dispatch`` below; ``boards`` call ``run``.
"""  # noqa: E501

from biandun_protocol.wire import codec
from biandun_protocol.wire.messages import ErrorInfo
from biandun_protocol.wire.numbers import (
    ERROR_NO_STREAM,
    ERROR_REQUEST_ID_REUSED,
    ERROR_SESSION_LOST,
    KIND_CANCEL,
    KIND_DATA,
    KIND_ERROR,
    KIND_REPLY,
    KIND_REQUEST,
    KIND_RESYNC,
)
from etoken import dispatch
from etoken.heap import tidy
from etoken.link.link import Link
from etoken.refusal import Refused
from etoken.session import sealed_part

TYPE_CHECKING = False
if TYPE_CHECKING:
    from biandun_protocol.wire.frames import Frame
    from etoken.session import Session
    from etoken.token import Token


class Server:
    """Serves one token on one link."""

    def __init__(self, token: "Token") -> None:
        self._token = token
        self._link = Link(token.board.port, token.clock)
        self._running = -1
        self._stream_id = -1
        self._unacknowledged = 0
        self._resync = b""
        token.pulse = self

    def run(self) -> None:
        """Serve until the port is closed."""
        try:
            while True:
                self.step(1000)
        except EOFError:
            return

    def step(self, timeout_ms: int) -> bool:
        """Handle one frame; return False when none came within ``timeout_ms``."""
        if self._resync:
            again, self._resync = self._resync, b""
            self._on_resync(memoryview(again))
            return True
        frame = self._link.receive(timeout_ms)
        self._token.lock_if_idle()
        if frame is None:
            return False
        if frame.kind == KIND_RESYNC:
            self._on_resync(frame.payload)
        elif frame.kind == KIND_REQUEST:
            self._on_request(frame)
        elif frame.kind == KIND_DATA:
            self._on_data(frame)
        elif (
            frame.kind == KIND_CANCEL and frame.request_id == self._stream_id and self._token.stream
        ):
            self._token.stream = None
            self._link.aborted(frame.request_id)
        return True

    def keepalive(self, phase: int, permille: int) -> None:
        """Send a keep-alive for the running command, if one is due."""
        self._link.keepalive(self._running, phase, permille)

    def cancelled(self, wait_ms: int) -> bool:
        """Wait up to ``wait_ms``; return whether a cancel of the running command or a new link
        came.
        """
        frame = self._link.receive(wait_ms)
        if frame is None:
            return False
        if frame.kind == KIND_RESYNC and not self._link.is_current(frame.payload):
            self._resync = bytes(frame.payload)  # answered once the command has returned
            return True
        return frame.kind == KIND_CANCEL and frame.request_id == self._running

    def _on_resync(self, payload: memoryview) -> None:
        if self._link.resync(payload):
            self._token.end_session()  # a new link starts locked
            self._stream_id = -1

    def _on_request(self, frame: "Frame") -> None:
        request_id = frame.request_id
        message = self._link.assemble(frame)
        if message is None:
            return
        repeated = self._link.repeat(request_id, message)
        if repeated:
            return
        if repeated is None:
            self._link.fault(request_id, ERROR_REQUEST_ID_REUSED)
            return
        sealed = sealed_part(message)
        request: "bytes | None" = message
        session = None
        if sealed is not None:
            session = self._token.session
            request = self._opened(request_id, session, sealed)
            if request is None:
                return
        if sealed is not None or not self._token.vault.identity.needs_session:
            # not for requests in clear, which anybody can send
            self._token.restart_idle_timer()
        self._running = request_id
        stream = self._token.stream
        try:
            reply = dispatch.run(self._token, request, sealed is not None)
        except Refused as refusal:
            error = codec.encode(
                ErrorInfo(refusal.code, refusal.field, refusal.tries_left, refusal.wait_ms)
            )
            self._link.refuse(request_id, message, self._closed(session, KIND_ERROR, error))
            return
        finally:
            self._running = -1
        if self._token.stream is not stream:
            self._stream_id, self._unacknowledged = request_id, 0
        self._link.answer(request_id, message, self._closed(session, KIND_REPLY, reply))
        # after the answer, so that the host does not wait: garbage between long-lived objects
        # fragments the heap
        tidy()

    def _opened(
        self, request_id: int, session: "Session | None", sealed: memoryview
    ) -> "bytes | None":
        """Return the request in a sealed message; None when it was answered here or gets no answer.

        Without a session the answer is SESSION_LOST; a message that does not verify gets none.
        """
        if session is None:
            self._link.fault(request_id, ERROR_SESSION_LOST)
            return None
        request = session.open(KIND_REQUEST, sealed)
        if session.is_over:
            self._token.end_session()
        return request

    def _closed(self, session: "Session | None", kind: int, answer: bytes) -> bytes:
        """Return the answer as sent: sealed if the request was, unless it ended the session."""
        if session is None or session is not self._token.session:
            return answer
        return session.seal(kind, answer)

    def _on_data(self, frame: "Frame") -> None:
        stream, stream_id = self._token.stream, frame.request_id
        if stream is None or stream_id != self._stream_id:
            self._link.fault(stream_id, ERROR_NO_STREAM)
            return
        if frame.offset != stream.received and not stream.refusal:
            # a frame was lost: say where to go on
            self._link.acknowledge(stream_id, stream.received)
            return
        try:
            stream.feed(frame.payload)
        except Refused as refusal:
            self._link.fault(stream_id, refusal.code, refusal.field)
            return
        self._token.restart_idle_timer()
        self._unacknowledged += 1
        if self._unacknowledged == 2 or stream.received == stream.request.length:
            self._unacknowledged = 0
            self._link.acknowledge(stream_id, stream.received)
