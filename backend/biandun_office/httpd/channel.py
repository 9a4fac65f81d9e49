"""One connection: it has a deadline while the office waits for its peer, and costs no worker until
a request is whole.

A deadline is a bucket of patience: it lies at most PATIENCE seconds ahead, and every byte that gets
through, either way, moves it 1/MINIMUM_RATE seconds on.  So silence ends a connection after
PATIENCE seconds, and a trickle soon after.  Everything but ``service`` and ``write_soon`` runs in
the server's own thread.
"""

import socket
from time import monotonic
from typing import Any, Protocol, cast

from waitress.channel import HTTPChannel
from waitress.task import ErrorTask, WSGITask

from biandun_office.httpd.peers import Proxies
from biandun_office.httpd.requests import Request
from biandun_office.platform import logs
from biandun_office.platform.errors import OfficeProblem

MINIMUM_RATE = 4096  # bytes a second
PATIENCE = 10.0  # seconds
IDLE = 30.0  # seconds between two requests of one connection
# seconds that what a refused client still sends is thrown away, so that it reads the answer
_LINGER = 2.0


class Task(WSGITask):
    """A request for the application."""

    def get_environment(self) -> dict[str, Any]:
        """The WSGI environment; REMOTE_ADDR is the client, also behind a trusted proxy."""
        environ: dict[str, Any] = super().get_environment()
        proxies = self.channel.server.proxies
        environ["REMOTE_ADDR"] = proxies.client_of(
            self.channel.peer, environ.get("HTTP_X_FORWARDED_FOR", "")
        )
        return environ

    def write(self, data: bytes) -> None:
        """Send a part of the answer; to HEAD only its head, or the client would take the rest for
        its next answer.
        """
        super().write(b"" if self.request.command == "HEAD" else data)


class Refusal(ErrorTask):
    """A request that is answered with a problem before the application sees it, and its connection
    with it.
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
    """What a connection needs of the server that it belongs to."""

    proxies: Proxies

    def add_task(self, task: Any) -> None:
        """Let a worker answer a request that is whole."""
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
        self.began = monotonic()  # of the request that is arriving
        self.deadline = self.began + PATIENCE
        self.refused = self.lingering = False
        self.ahead = b""  # of the next request
        super().__init__(cast("Any", server), sock, addr, adj, map=map)

    # --- what the server asks

    @property
    def working(self) -> bool:
        """Does a request wait for a worker, or run?  Then it is us who is awaited."""
        return bool(self.requests)

    @property
    def buffered(self) -> int:
        """Bytes of a body that is arriving."""
        request = self.request
        return 0 if request is None else request.buffered()

    @property
    def at_rest(self) -> bool:
        """Is nothing under way?"""
        return not self.working and not self.total_outbufs_len

    def drop(self, reason: str) -> None:
        """Close at once, with one line in the log if there was something to lose."""
        if not self.lingering and (self.request is not None or self.total_outbufs_len):
            logs.action("http.connection.dropped", reason=reason, peer=self.peer)
        self.handle_close()

    def expire(self) -> None:
        """The peer has been waited for long enough: answer 408 to half a request, close everything
        else.
        """
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

    # --- what the loop calls

    def readable(self) -> bool:
        """Wait for bytes?

        Not while a request runs or its answer is unread: then what is sent ahead waits in the
        kernel.
        """
        if self.ahead and self.at_rest:
            self.received(self.ahead)
        return self.lingering or super().readable()

    def writable(self) -> bool:
        """Wait for room in the kernel?"""
        return not self.lingering and super().writable()

    def handle_read(self) -> None:
        """Read, or throw away what follows a request that was refused."""
        if self.lingering:
            self.recv(self.adj.recv_bytes)
        else:
            super().handle_read()

    def received(self, data: bytes) -> bool:
        """Bytes of a request have arrived; what follows it waits until it is answered and its
        answer is read.
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
            while self.ahead and not request.completed:  # its head first, its body apart
                self.ahead = self.ahead[request.received(self.ahead) :]
            if request.completed:
                self.request, self.sent_continue = None, False
                self.requests.append(request)
                self.server.add_task(cast("Any", self))
            elif request.expect_continue and request.headers_finished:
                self.send_continue()
        return True

    def send(self, data: bytes, do_close: bool = True) -> int:
        """Send what the kernel takes."""
        sent = super().send(data, do_close=do_close)
        self._got_through(sent)
        return sent

    def handle_write(self) -> None:
        """Send what is ready; after a refusal wait for the peer's own end, or it would lose the
        answer to a reset.
        """
        if self.refused and self.close_when_flushed and not self.will_close:
            self._flush_exception(self._flush_some)
            if self.connected and not self.will_close and not self.total_outbufs_len:
                self._linger()
        else:
            super().handle_write()

    def handle_expt(self) -> None:
        """Close a connection with urgent data: nobody here reads it, and it would keep the loop
        awake.
        """
        self.drop("urgent data")

    def handle_error(self) -> None:
        """Close after an exception; it is a fault of ours and is logged as one."""
        self.logger.exception("connection of %s", self.peer)
        self.handle_close()

    def handle_close(self) -> None:
        """Close, and forget half a request with the file that it was kept in."""
        if self._fileno is None:
            return
        if self.request is not None:
            if self.connected and self.request.error is None:
                logs.action("http.connection.lost", peer=self.peer)
            self.request.close()
            self.request = None
        super().handle_close()

    # --- in a worker's thread

    def service(self) -> None:
        """Answer the first request that is whole."""
        super().service()
        self.deadline = monotonic() + (
            PATIENCE if self.total_outbufs_len or self.close_when_flushed else IDLE
        )

    def write_soon(self, data: Any) -> int:
        """Queue a part of an answer; from now on the peer is awaited again."""
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
