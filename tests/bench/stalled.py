"""stalled_health_ms, stalled_submit_ms: what others wait beside 200 connections that stall, trickle
or do not read.

All come from one address, the measuring client too.  A stalled connection that the office closes is
opened again at once, so that there are 200 at any time.  p99 of each round, the median over the
rounds.
"""

import selectors
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from threading import Event, Thread

import httpx

from tests.bench.intake import package, served
from tests.bench.rows import Row, Scale, alternate, percentile

STALLED = 200
TRICKLE = 0.5  # seconds between two bytes
PUT = b"PUT /blobs/" + b"0" * 64 + b" HTTP/1.1\r\nHost: x\r\n"
KINDS = {
    "silent": b"",
    "half a header": b"GET /health HTTP/1.1\r\nA: ",
    "silent upload": PUT + b"Content-Length: 500000\r\n\r\n7 bytes",
    "trickling header": b"GET /health HTTP/1.1\r\nA: ",
    "trickling upload": PUT + b"Content-Length: 500000\r\n\r\n",
    "trickling chunk": PUT + b"Transfer-Encoding: chunked\r\n\r\n7d000\r\n",
    "unread answers": b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 200,
}


class Crowd(Thread):
    """STALLED connections of all kinds to one server, until ``stop``."""

    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__()
        self._address, self._kinds = address, cycle(KINDS)
        self._open: dict[socket.socket, str] = {}
        self.gathered, self._stopping = Event(), Event()
        self.replaced = 0

    def run(self) -> None:
        """Keep all of them open, and let those trickle that do."""
        with selectors.DefaultSelector() as ends:
            while not self._stopping.wait(0 if len(self._open) < STALLED else TRICKLE):
                while len(self._open) < STALLED:
                    self._join(ends)
                self.gathered.set()
                for key, _ in ends.select(0):
                    self._look(ends, key.fileobj)  # type: ignore[arg-type]
                for connection, kind in list(self._open.items()):
                    if kind.startswith("trickling"):
                        self._send(ends, connection, b"x")
        for connection in self._open:
            connection.close()

    def stop(self) -> None:
        """Close all of them."""
        self._stopping.set()
        self.join()

    def _join(self, ends: selectors.BaseSelector) -> None:
        kind = next(self._kinds)
        connection = socket.create_connection(self._address, timeout=20)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.setblocking(False)
        self._open[connection] = kind
        if kind != "unread answers":
            ends.register(connection, selectors.EVENT_READ)
        self._send(ends, connection, KINDS[kind])

    def _look(self, ends: selectors.BaseSelector, connection: socket.socket) -> None:
        try:
            if connection.recv(65536):
                return
        except ConnectionError:
            pass
        self._leave(ends, connection)

    def _send(self, ends: selectors.BaseSelector, connection: socket.socket, data: bytes) -> None:
        try:
            connection.send(data)
        except BlockingIOError:
            pass
        except ConnectionError:
            self._leave(ends, connection)

    def _leave(self, ends: selectors.BaseSelector, connection: socket.socket) -> None:
        if self._open.pop(connection, None) != "unread answers":
            ends.unregister(connection)
        connection.close()
        self.replaced += 1


@contextmanager
def crowd(client: httpx.Client) -> Iterator[Crowd]:
    """A crowd around the server of ``client``, all of it there."""
    gathering = Crowd((str(client.base_url.host), client.base_url.port or 80))
    gathering.start()
    try:
        assert gathering.gathered.wait(60)
        yield gathering
    finally:
        gathering.stop()


def measure(scale: Scale) -> Iterator[Row]:
    """Ask and submit beside the crowd and without it, in turns."""
    from biandun_office.office import startup
    from tests.backend import bench

    folder = scale.folder / "stalled-office"
    bench.found(folder)
    key = bench.Bench(folder).new_key()
    office = bench.Bench(folder)

    def ask(client: httpx.Client, packages: list[tuple[bytes, bytes]]) -> list[float]:
        health, submit = [], []
        for _ in range(scale.warm_up):
            timed("GET", client, "/health", 200)
        for _, statement in packages:
            health.append(timed("GET", client, "/health", 200))
            submit.append(
                timed(
                    "POST",
                    client,
                    "/statements",
                    201,
                    content=statement,
                    headers={"Content-Type": bench.COSE},
                )
            )
        return [percentile(health, 0.99), percentile(submit, 0.99)]

    def uploaded(mark: str) -> list[tuple[bytes, bytes]]:
        packages = [package(key, f"{mark}-{index:06d}-") for index in range(scale.answers)]
        for content, _ in packages:
            office.put(content)
        startup.connections.close_all()
        return packages

    def beside(number: int) -> list[float]:
        packages = uploaded(f"beside{number}")
        with served(folder, scale.folder, bench.PASSPHRASE.secret) as client, crowd(client):
            return ask(client, packages)

    def alone(number: int) -> list[float]:
        packages = uploaded(f"alone{number}")
        with served(folder, scale.folder, bench.PASSPHRASE.secret) as client:
            return ask(client, packages)

    (health, submit), (health_alone, submit_alone) = alternate(scale.rounds, beside, alone)
    note = f"p99 beside {STALLED} stalled, trickling or unread connections of the same address; without them {{:.3g}} ms"
    count = scale.rounds * scale.answers
    yield Row(
        "stalled_health_ms", health, "ms", "lower", count, note=note.format(health_alone), goal=1000
    )
    yield Row(
        "stalled_submit_ms", submit, "ms", "lower", count, note=note.format(submit_alone), goal=1000
    )


def timed(method: str, client: httpx.Client, path: str, status: int, **content: object) -> float:
    """Milliseconds for one request on a connection of its own."""
    began = time.perf_counter()
    answer = httpx.request(method, str(client.base_url.join(path)), timeout=60, **content)  # type: ignore[arg-type]
    assert answer.status_code == status, answer.text
    return (time.perf_counter() - began) * 1000
