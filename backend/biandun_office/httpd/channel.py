"""One connection: its deadline, and the requests on it.

A worker thread is used only once a request is complete.  While the office waits for the client, the
connection has a deadline.  It is at most PATIENCE seconds ahead, and every byte that is received or
sent moves it by 1/MINIMUM_RATE seconds.  So silence closes a connection after PATIENCE seconds, and
a trickle soon after.  Everything except ``service`` and ``write_soon`` runs in the server's own
thread.
"""

import socket
from time import monotonic
from typing import Any, Protocol, cast

from waitress.channel import HTTPChannel
from waitress.task import ErrorTask, WSGITask

from biandun_office.httpd.peers import Proxies
from biandun_office.httpd.requests import Request
from biandun_office.platform import logs
from biandun_office.platform.addresses import client_of
from biandun_office.platform.errors import OfficeProblem

MINIMUM_RATE = 4096  # bytes a second
PATIENCE = 10.0  # seconds
IDLE = 30.0  # seconds between two requests of one connection
# seconds for which input after a refusal is discarded, so that the client reads the answer
_LINGER = 2.0


class Task(WSGITask):
    """A request that the application answers."""

    def get_environment(self) -> dict[str, Any]:
        """The WSGI environment; REMOTE_ADDR is the client, also behind a trusted proxy."""
        environ: dict[str, Any] = super().get_environment()
        proxies = self.channel.server.proxies
        environ["REMOTE_ADDR"] = proxies.client_of(
            self.channel.peer, environ.get("HTTP_X_FORWARDED_FOR", "")
        )
        return environ

    def write(self, data: bytes) -> None:
        """Send a part of the answer; to HEAD no body.

        A client would take a body for the beginning of the next answer (RFC 9112 section 6.3).
        """
        super().write(b"" if self.request.command == "HEAD" else data)


class Refusal(ErrorTask):
    """A request that is answered with a problem without reaching the application.

    Its connection is closed afterwards.
    """

    def execute(self) -> None:
        """Log one line and answer."""
        problem = self.request.error.problem
        logs.action(
            "http.request.refused", code=problem.code, peer=self.channel.peer, **problem.values
        )
        self.channel.refused = True
        super().execute()


class Server(Protocol):
    """What a connection uses of its server."""

    proxies: Proxies

    def add_task(self, task: Any) -> None:
        """Queue a channel whose request is complete for a worker."""
        ...


class Channel(HTTPChannel):
    """A connection of the office's server."""

    task_class = Task
    error_task_class = Refusal
    parser_class = Request
    server: Server

    def __init__(
        self, server: Server, sock: socket.socket, addr: tuple[Any, ...], adj: Any, map: Any = None
    ) -> None:
        self.peer = str(addr[0])
        self.client = client_of(self.peer)  # connections are limited for each
        self.began = monotonic()  # when the current request began to arrive
        self.deadline = self.began + PATIENCE
        self.refused = self.lingering = False
        self.ahead = b""  # bytes received of the next request
        super().__init__(cast("Any", server), sock, addr, adj, map=map)

    # --- called by the server

    @property
    def working(self) -> bool:
        """Is a request queued or running?  Then the client waits for the office."""
        return bool(self.requests)

    @property
    def buffered(self) -> int:
        """Bytes received of an incomplete body."""
        request = self.request
        return 0 if request is None else request.buffered()

    @property
    def at_rest(self) -> bool:
        """Is no request running, and no answer left to send?"""
        return not self.working and not self.total_outbufs_len

    def drop(self, reason: str) -> None:
        """Close at once; log one line if a request or an answer is lost."""
        if not self.lingering and (self.request is not None or self.total_outbufs_len):
            logs.action("http.connection.dropped", reason=reason, peer=self.peer)
        self.handle_close()

    def expire(self) -> None:
        """Handle a missed deadline: answer 408 to an incomplete request, else close."""
        with self.requests_lock:
            request = self.request
            late = not self.working and not self.total_outbufs_len
            if request is not None and late:
                request.fail(OfficeProblem("request-timeout"))
                self.request = None
                self.requests.append(request)
        if self.working:
            self.server.add_task(cast("Any", self))
        else:
            self.drop("slow")

    # --- called by the event loop

    def readable(self) -> bool:
        """Should the loop wait for input?

        Not while a request runs or its answer is not sent: until then, further input stays in the
        kernel.
        """
        if self.ahead and self.at_rest:
            self.received(self.ahead)
        return self.lingering or super().readable()

    def writable(self) -> bool:
        """Should the loop wait until the kernel can take output?"""
        return not self.lingering and super().writable()

    def handle_read(self) -> None:
        """Read; after a refusal discard what is read."""
        if self.lingering:
            self.recv(self.adj.recv_bytes)
        else:
            super().handle_read()

    def received(self, data: bytes) -> bool:
        """Process received bytes.

        Bytes of the next request are kept until the current one is answered and the answer is sent.
        """
        with self.requests_lock:
            if self.will_close or self.close_when_flushed:
                return False
            if self.request is None:
                self.request = Request(self.adj)
                self.began = monotonic()
                self.deadline = self.began + PATIENCE
            self._got_through(len(data))
            request, self.ahead = self.request, data
            while self.ahead and not request.completed:  # header and body are parsed separately
                self.ahead = self.ahead[request.received(self.ahead) :]
            if request.completed:
                self.request, self.sent_continue = None, False
                self.requests.append(request)
                self.server.add_task(cast("Any", self))
            elif request.expect_continue and request.headers_finished:
                self.send_continue()
        return True

    def send(self, data: bytes, do_close: bool = True) -> int:
        """Send as much as the kernel takes; return the number of bytes."""
        sent = super().send(data, do_close=do_close)
        self._got_through(sent)
        return sent

    def handle_write(self) -> None:
        """Send what is queued; after a refusal wait until the client closes.

        Closing at once would send a reset, and the client could lose the answer.
        """
        if self.refused and self.close_when_flushed and not self.will_close:
            self._flush_exception(self._flush_some)
            if self.connected and not self.will_close and not self.total_outbufs_len:
                self._linger()
        else:
            super().handle_write()

    def handle_expt(self) -> None:
        """Close a connection that has urgent data.

        Nothing here reads such data, and it would keep waking the loop.
        """
        self.drop("urgent data")

    def handle_error(self) -> None:
        """Close after an exception, and log it with its traceback as an internal error."""
        self.logger.exception("connection of %s", self.peer)
        self.handle_close()

    def handle_close(self) -> None:
        """Close, and discard an incomplete request with its temporary file."""
        if self._fileno is None:
            return
        if self.request is not None:
            if self.connected and self.request.error is None:
                logs.action("http.connection.lost", peer=self.peer)
            self.request.close()
            self.request = None
        super().handle_close()

    # --- called in a worker's thread

    def service(self) -> None:
        """Answer the first complete request."""
        super().service()
        self.deadline = monotonic() + (
            PATIENCE if self.total_outbufs_len or self.close_when_flushed else IDLE
        )

    def write_soon(self, data: Any) -> int:
        """Queue a part of an answer; restart the deadline, because the client must read it."""
        self.deadline = monotonic() + PATIENCE
        return super().write_soon(data)

    def _got_through(self, count: int) -> None:
        self.deadline = (
            min(self.deadline + count / MINIMUM_RATE, monotonic() + PATIENCE)
            if count
            else self.deadline
        )

    def _linger(self) -> None:
        self.close_when_flushed, self.lingering = False, True
        self.deadline = monotonic() + _LINGER
        try:
            cast("socket.socket", self.socket).shutdown(socket.SHUT_WR)
        except OSError:
            self.handle_close()
