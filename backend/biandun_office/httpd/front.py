"""The office's HTTP server: one thread reads requests of all connections, workers answer.

It is waitress with limits.  When there are too many connections, or too many bytes of incomplete
uploads, the server closes those with the nearest deadline, first from the address that has the
most.  So a client that holds connections open cannot keep other clients out, not even others with
the same address.
"""

import errno
import resource
import socket
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from time import monotonic
from typing import Any

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.server import TcpWSGIServer

from biandun_office.httpd.channel import Channel
from biandun_office.httpd.peers import Proxies
from biandun_office.httpd.requests import LIMIT_HEADERS
from biandun_office.platform.addresses import client_of

CONNECTIONS = 1024
CONNECTIONS_OF_PEER = 384
BUFFERED = 512 * 1024 * 1024  # bytes of unfinished uploads on disk
_FILES = 256  # descriptors for other things than connections: databases, blobs, Python's own
_GRACE = 10.0  # seconds for running requests to end when the server stops
_UNBOUNDED = 1 << 40


class Front(TcpWSGIServer):
    """Serves ``application`` on a listening socket."""

    channel_class = Channel

    def __init__(
        self,
        application: Callable[..., Any],
        listener: socket.socket,
        *,
        threads: int,
        proxies: Proxies,
    ) -> None:
        self.proxies = proxies
        self._limit = _connections_possible()
        self._told = False
        self._ends: float | None = None
        self._next_check = 0.0
        adjustments = Adjustments(
            threads=threads,
            ident=None,
            asyncore_use_poll=True,
            log_socket_errors=False,
            clear_untrusted_proxy_headers=False,
            recv_bytes=16 * 1024,
            max_request_header_size=LIMIT_HEADERS,
            max_request_body_size=_UNBOUNDED,  # each address has its own limit
            # a worker never waits for a slow reader: answers are finite and spill to disk
            outbuf_high_watermark=_UNBOUNDED,
            connection_limit=_UNBOUNDED,  # when full, the slowest are closed instead
        )
        # a small send buffer, so that answers to a client that pipelines requests without reading
        # are soon blocked and no further request of it is worked on
        adjustments.socket_options = [
            *Adjustments.socket_options,
            (socket.SOL_SOCKET, socket.SO_SNDBUF, 64 * 1024),
        ]
        super().__init__(
            application,
            map={},
            _sock=listener,
            adj=adjustments,
            sockinfo=(listener.family, listener.type, listener.proto, listener.getsockname()),
            bind_socket=False,
        )

    def run(self) -> None:
        """Serve until ``stop`` is called; then let running requests end, within _GRACE seconds."""
        while not self._has_ended():
            soon = self._told and self._ends is None
            wasyncore.loop(timeout=0.01 if soon else 1.0, use_poll=True, map=self._map, count=1)
            self._check(monotonic())
        self.task_dispatcher.shutdown(timeout=1)
        wasyncore.close_all(self._map)

    def stop(self) -> None:
        """End ``run``.  May be called from a signal handler and from any thread."""
        if not self._told:
            self._told = True
            self.pull_trigger()
            # set after pulling the trigger, because ``run`` closes the trigger when it ends
            self._ends = monotonic() + _GRACE

    def readable(self) -> bool:
        """Accept connections until the server stops."""
        return self.accepting

    def handle_accept(self) -> None:
        """Accept a connection; when there are too many, close another one for it."""
        try:
            accepted = self.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                self._evict(self._channels())
            return
        if accepted is None:
            return
        connection, address = accepted
        peer = str(address[0])
        channels = self._channels()
        client = client_of(peer)
        of_peer = [channel for channel in channels if channel.client == client]
        if not self.proxies.trusts(peer) and len(of_peer) >= CONNECTIONS_OF_PEER:
            room = self._evict(of_peer)
        else:
            room = len(channels) < self._limit or self._evict(channels)
        if not room:  # every connection has a running request: this client has to try again
            connection.close()
            return
        with suppress(OSError):  # the client has closed already
            self.set_socket_options(connection)
        Channel(self, connection, address, self.adj, map=self._map)

    def _channels(self) -> list[Channel]:
        return list(self.active_channels.values())

    def _evict(self, among: Iterable[Channel]) -> bool:
        """Close one connection that waits for its client; False when there is none."""
        waiting = [channel for channel in among if not channel.working]
        if not waiting:
            return False
        held = Counter(
            channel.client for channel in waiting if not self.proxies.trusts(channel.peer)
        )
        min(waiting, key=lambda channel: (-held[channel.client], channel.deadline)).drop(
            "too many connections"
        )
        return True

    def _check(self, now: float) -> None:
        """Close connections that missed their deadline, and uploads that use too much disk."""
        if now < self._next_check:
            return
        self._next_check = now + 0.5
        for channel in self._channels():
            if not channel.working and channel.deadline < now:
                channel.expire()
        uploads = sorted(
            (channel for channel in self._channels() if channel.buffered), key=lambda one: one.began
        )
        kept = sum(channel.buffered for channel in uploads)
        # the oldest are closed first: an honest upload takes seconds
        while kept > BUFFERED:
            oldest = uploads.pop(0)
            kept -= oldest.buffered
            oldest.drop("too many uploads")

    def _has_ended(self) -> bool:
        """Was ``stop`` called, and has everything ended or the grace period passed?"""
        if self._ends is None:
            return False
        if self.accepting:
            self.accepting = False
            wasyncore.dispatcher.close(self)
        for channel in self._channels():
            if channel.at_rest:
                channel.drop("stop")
        return self._is_at_rest() or monotonic() > self._ends

    def _is_at_rest(self) -> bool:
        return all(channel.at_rest for channel in self._channels())


def _connections_possible() -> int:
    """The number of connections that the limit of open files allows.

    Raises that limit as far as permitted.  A connection may need two files: itself and its upload.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * CONNECTIONS + _FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return (
        CONNECTIONS
        if soft == resource.RLIM_INFINITY
        else max(min(CONNECTIONS, (soft - _FILES) // 2), 16)
    )
