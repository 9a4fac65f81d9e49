"""Connections that stall, trickle or do not read: they end in time, cost no worker, and keep nobody
away.
"""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from threading import Event, Semaphore, Thread
from time import monotonic

import httpx
import pytest
from django.conf import settings

from biandun_office.httpd import channel, front
from biandun_office.httpd.front import Front
from biandun_office.httpd.peers import Proxies
from biandun_office.server import listen
from tests.backend.bench import COSE, ONLY_SQLITE, digest_of
from tests.backend.raw_http import answers_in, connect, read_all
from tests.backend.serving import Served
from tests.support.softkey import SoftKey, manifest

NAME = "0" * 64
HOST = b"Host: x\r\n"
PUT = b"PUT /blobs/%s HTTP/1.1\r\n" % NAME.encode() + HOST
STALLED = (
    b"",
    b"G",
    b"GET /health HTTP/1.1\r\nA: ",
    PUT + b"Content-Length: 500000\r\n\r\n7 bytes",
    PUT + b"Transfer-Encoding: chunked\r\n\r\n5",
    PUT + b"Transfer-Encoding: chunked\r\n\r\n7d000\r\nseveral",
    b"POST /statements HTTP/1.1\r\n"
    + HOST
    + b"Content-Length: 100\r\nExpect: 100-continue\r\n\r\n",
)


def is_open(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return all(connection.recv(1000) for _ in range(2))  # at most an interim answer
    except BlockingIOError:
        return True
    except ConnectionError:
        return False


def file_and_ask(served: Served, key: SoftKey) -> None:
    """A submission with its upload, and /health, each on a connection of its own."""
    raw = manifest(reason=os.urandom(8).hex())
    assert httpx.put(f"{served.url}/blobs/{digest_of(raw)}", content=raw).status_code == 201
    answer = httpx.post(
        served.url + "/statements", content=key.sign(raw), headers={"Content-Type": COSE}
    )
    assert answer.status_code == 201
    assert httpx.get(served.url + "/health").status_code == 200


@ONLY_SQLITE  # about the process
def test_eight_uploads_that_fall_silent_stop_nothing(served: Served, key: SoftKey):
    """F3, literally."""
    with ExitStack() as stack:
        stalled = [stack.enter_context(connect(served)) for _ in range(8)]
        for connection in stalled:
            connection.sendall(PUT + b"Content-Length: 500000\r\n\r\n7 bytes")
        file_and_ask(served, key)
        assert all(map(is_open, stalled)), "not because they were thrown out"


@ONLY_SQLITE  # about the process
def test_two_hundred_stalled_connections_of_every_kind_stop_nothing(served: Served, key: SoftKey):
    with ExitStack() as stack:
        stalled = [stack.enter_context(connect(served)) for _ in range(200)]
        for place, connection in enumerate(stalled):
            connection.sendall(STALLED[place % len(STALLED)])
        file_and_ask(served, key)
        assert all(map(is_open, stalled))


@ONLY_SQLITE  # about the process
def test_more_connections_than_one_address_may_have_end_the_oldest_and_stop_nothing(
    served: Served, key: SoftKey
):
    with ExitStack() as stack:
        stalled = [
            stack.enter_context(connect(served)) for _ in range(front.CONNECTIONS_OF_PEER + 20)
        ]
        file_and_ask(served, key)
        for connection in stalled[:20]:
            assert read_all(connection) == b""
        assert all(map(is_open, stalled[30:]))


@ONLY_SQLITE  # about the process
def test_readers_that_do_not_read_stop_nothing(served: Served, key: SoftKey):
    with ExitStack() as stack:
        stalled = [stack.enter_context(connect(served)) for _ in range(40)]
        for connection in stalled:
            # some 20 MB of answers
            connection.sendall((b"GET /openapi.json HTTP/1.1\r\n" + HOST + b"\r\n") * 300)
        file_and_ask(served, key)


# --- the front alone, with little patience, around an application of this test's own


@dataclass
class Running:
    """A front in a thread; ``go`` lets requests for /slow end."""

    front: Front
    port: int
    go: Event
    began: Event

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def ask(self, path: str = "/") -> bytes:
        with self.connect() as connection:
            connection.sendall(
                b"GET %s HTTP/1.1\r\nConnection: close\r\n" % path.encode() + HOST + b"\r\n"
            )
            return read_all(connection)


@contextmanager
def running(threads: int = 1, proxies: Proxies | None = None) -> Iterator[Running]:
    go, began = Event(), Event()

    def application(environ, start_response):
        began.set()
        if environ["PATH_INFO"] == "/slow":
            assert go.wait(20)
        body = environ["REMOTE_ADDR"].encode()
        if environ["PATH_INFO"] == "/large":
            body = bytes(32 << 20)
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]

    listener = listen("127.0.0.1", 0)
    server = Front(application, listener, threads=threads, proxies=proxies or Proxies())
    thread = Thread(target=server.run)
    thread.start()
    try:
        yield Running(server, listener.getsockname()[1], go, began)
    finally:
        go.set()
        server.stop()
        thread.join(20)
        assert not thread.is_alive()


@pytest.fixture
def start(tmp_path, monkeypatch) -> Iterator[Callable[..., Running]]:
    monkeypatch.setattr(settings, "DATA_DIR", tmp_path)
    monkeypatch.setattr(channel, "PATIENCE", 0.3)
    monkeypatch.setattr(channel, "IDLE", 0.3)
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(running(**options))


@pytest.mark.parametrize("sent", [part for part in STALLED if len(part) > 1])
def test_half_a_request_is_answered_408_when_patience_ends(start, sent: bytes):
    with start().connect() as connection:
        connection.sendall(sent)
        answer = answers_in(read_all(connection))[-1]
        assert (answer.status, answer.code) == (408, "request-timeout")


def test_a_connection_that_asks_nothing_is_closed(start):
    served = start()
    with served.connect() as silent, served.connect() as idle:
        idle.sendall(b"GET / HTTP/1.1\r\n" + HOST + b"\r\n")
        assert read_all(silent) == b""
        assert [answer.status for answer in answers_in(read_all(idle))] == [200], (
            "and nothing after its answer"
        )


def test_a_trickle_below_the_least_rate_ends(start):
    with start().connect() as connection:
        connection.sendall(PUT + b"Content-Length: 500000\r\n\r\n")
        connection.settimeout(0.02)
        began, raw = monotonic(), b""
        while not raw and monotonic() - began < 20:
            connection.sendall(b"x")
            try:
                raw = connection.recv(1000)
            except TimeoutError:
                continue
        assert raw.startswith(b"HTTP/1.1 408 ")


def test_a_slow_upload_above_the_least_rate_is_taken(start, monkeypatch):
    monkeypatch.setattr(channel, "MINIMUM_RATE", 20)
    with start().connect() as connection:
        connection.sendall(PUT + b"Connection: close\r\nContent-Length: 60\r\n\r\n")
        connection.settimeout(0.04)
        began = monotonic()
        for _ in range(60):  # two bytes would be enough for the same time
            connection.sendall(b"x")
            try:
                connection.recv(1)
                break
            except TimeoutError:
                continue
        else:
            pytest.fail("no answer")
        assert monotonic() - began > 3 * channel.PATIENCE


def test_a_reader_that_does_not_read_costs_no_worker_and_ends(start):
    served = start(threads=1)
    with served.connect() as connection:
        connection.sendall(b"GET /large HTTP/1.1\r\n" + HOST + b"\r\n")
        assert served.began.wait(20)
        assert served.ask().startswith(b"HTTP/1.1 200"), "by the only worker"
        while served.front.active_channels:  # until patience ends
            served.ask()
        assert len(read_all(connection)) < 32 << 20


def test_what_is_asked_ahead_waits_until_the_answer_before_it_is_read(start, monkeypatch):
    monkeypatch.setattr(channel, "PATIENCE", 20)
    served = start(threads=2)
    with served.connect() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall((b"GET /large HTTP/1.1\r\n" + HOST + b"\r\n") * 3)
        assert served.began.wait(20)
        for _ in range(5):
            served.ask()
        assert sum(one.total_outbufs_len for one in served.front._channels()) < 33 << 20, (
            "one of the three"
        )


def test_a_request_that_runs_longer_than_patience_is_awaited(start):
    served = start()
    with served.connect() as connection:
        connection.sendall(b"GET /slow HTTP/1.1\r\n" + HOST + b"\r\n")
        assert served.began.wait(20)
        with served.connect() as other:
            assert read_all(other) == b"", "patience with the silent one has ended meanwhile"
        served.go.set()
        assert connection.recv(1000).startswith(b"HTTP/1.1 200")


def test_the_address_with_most_connections_gives_way_first(start, monkeypatch):
    monkeypatch.setattr(channel, "PATIENCE", 20)
    monkeypatch.setattr(front, "CONNECTIONS", 16)
    served = start(threads=2)
    with ExitStack() as stack:
        few = stack.enter_context(
            socket.create_connection(("127.0.0.1", served.port), 20, ("127.0.0.2", 0))
        )
        many = [stack.enter_context(served.connect()) for _ in range(30)]
        assert served.ask().startswith(b"HTTP/1.1 200")
        assert is_open(few), "though it is the oldest of all"
        assert sum(map(is_open, many)) <= 16


def test_when_every_connection_runs_a_new_one_is_closed_and_the_others_end_well(start, monkeypatch):
    monkeypatch.setattr(front, "CONNECTIONS_OF_PEER", 2)
    served = start(threads=2)
    with served.connect() as one, served.connect() as two:
        for connection in (one, two):
            connection.sendall(b"GET /slow HTTP/1.1\r\nConnection: close\r\n" + HOST + b"\r\n")
        while sum(one.working for one in served.front._channels()) < 2:
            assert served.began.wait(20)
        with served.connect() as third:
            assert read_all(third) == b""
        served.go.set()
        for connection in (one, two):
            assert read_all(connection).startswith(b"HTTP/1.1 200")


def test_uploads_that_take_too_much_of_the_disk_give_way_oldest_first(start, monkeypatch):
    monkeypatch.setattr(channel, "PATIENCE", 20)
    monkeypatch.setattr(front, "BUFFERED", 150_000)
    served = start()
    with served.connect() as old, served.connect() as new:
        for connection in (old, new):
            connection.sendall(PUT + b"Content-Length: 200000\r\n\r\n" + bytes(100_000))
            while not any(one.buffered == 100_000 for one in served.front._channels()):
                pass
        assert read_all(old) == b""
        new.sendall(bytes(100_000))
        assert new.recv(1000).startswith(b"HTTP/1.1 200")


def test_urgent_data_closes_its_connection(start, monkeypatch):
    monkeypatch.setattr(channel, "PATIENCE", 20)
    with start().connect() as connection:
        connection.send(b"!", socket.MSG_OOB)
        assert read_all(connection) == b""


def test_without_a_descriptor_left_a_stalled_connection_gives_way(start, monkeypatch):
    monkeypatch.setattr(channel, "PATIENCE", 20)
    served = start()
    with served.connect() as stalled:
        while not served.front.active_channels:
            pass
        accept = served.front.accept

        def once():
            monkeypatch.setattr(served.front, "accept", accept)
            raise OSError(24, "Too many open files")

        monkeypatch.setattr(served.front, "accept", once)
        assert served.ask().startswith(b"HTTP/1.1 200")
        assert read_all(stalled) == b""


def test_who_stops_the_server_waits_for_what_runs_and_for_nothing_else(start):
    served = start()
    with served.connect() as connection, served.connect() as stalled:
        stalled.sendall(PUT)
        connection.sendall(b"GET /slow HTTP/1.1\r\n" + HOST + b"\r\n")
        assert served.began.wait(20)
        served.front.stop()
        assert read_all(stalled) == b""
        served.go.set()
        assert read_all(connection).startswith(b"HTTP/1.1 200")


def test_the_server_does_not_end_while_it_is_being_told_to(start, monkeypatch):
    front = start().front
    wake, check, seen = front.pull_trigger, front._check, Semaphore(0)
    monkeypatch.setattr(front, "_check", lambda now: (check(now), seen.release()))

    def slowly() -> None:
        for _ in range(3):  # the loop goes round and round before the one who tells it has done so
            wake()
            assert seen.acquire(timeout=20)

    monkeypatch.setattr(front, "pull_trigger", slowly)
    front.stop()


# --- who a request is from


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", "", "203.0.113.9"),
        # no proxy of ours: the header means nothing
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
        # the client itself wrote what is left of it
        ("10.0.0.1", "6.6.6.6, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, 10.0.0.7", "198.51.100.1"),  # two proxies of ours
        ("10.0.0.1", "2001:db8::5", "2001:db8::5"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1, ", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "10.0.0.2", "10.0.0.2"),
        # some proxies write the port, too
        ("10.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
        ("10.0.0.1", "[2001:db8::5]:4711", "2001:db8::5"),
        ("10.0.0.1", "[2001:db8::5]", "2001:db8::5"),
        ("10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "[::ffff:10.0.0.7]:80, 198.51.100.1:80", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1:4711:2", "10.0.0.1"),
        ("10.0.0.1", "[]", "10.0.0.1"),
        # a translator's word is that of somebody else
        ("64:ff9b::10.0.0.1", "198.51.100.1", "64:ff9b::10.0.0.1"),
    ],
)
def test_only_a_trusted_proxy_says_who_the_client_is(peer: str, forwarded: str, client: str):
    from ipaddress import ip_network

    for network in ("10.0.0.0/8", "::ffff:10.0.0.0/104"):
        assert Proxies([ip_network(network)]).client_of(peer, forwarded) == client
    assert Proxies().client_of("10.0.0.1", "198.51.100.1") == "10.0.0.1"
