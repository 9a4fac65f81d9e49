"""No request, however broken, is a fault of the office's: a status of 4xx, one line in the log, and
the next one is served.
"""

import itertools
import json
import os
import random
import re
import socket
import struct
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from biandun_office.api import api
from biandun_office.httpd import chunks, requests
from biandun_office.httpd.chunks import BodyTooLarge, BrokenBody, ChunkedBody, Spool
from biandun_office.httpd.requests import Request
from biandun_office.platform.errors import StorageFull
from biandun_protocol.wire.numbers import LIMIT_ATTACHMENT
from tests.backend.bench import ONLY_SQLITE, Bench
from tests.backend.raw_http import answers_in, connect, read_all, send
from tests.backend.serving import Served

NAME = "0" * 64
HOST = b"Host: office.test\r\n"
POST = b"POST /statements HTTP/1.1\r\n" + HOST + b"Content-Type: application/cose\r\n"
PUT = b"PUT /blobs/" + NAME.encode() + b" HTTP/1.1\r\n" + HOST
CHUNKED = b"Transfer-Encoding: chunked\r\n"

# what is sent, the status and the code of the answer
BROKEN: dict[str, tuple[bytes, int, str]] = {
    "F24: a chunk of minus one": (POST + CHUNKED + b"\r\n-1\r\n\r\n", 400, "request-broken"),
    "a chunk of plus five": (
        POST + CHUNKED + b"\r\n+5\r\nhello\r\n0\r\n\r\n",
        400,
        "request-broken",
    ),
    "a chunk of 0x5": (POST + CHUNKED + b"\r\n0x5\r\nhello\r\n0\r\n\r\n", 400, "request-broken"),
    "a chunk without size": (POST + CHUNKED + b"\r\n\r\nhello\r\n0\r\n\r\n", 400, "request-broken"),
    "a chunk whose size is words": (POST + CHUNKED + b"\r\nhello\r\n", 400, "request-broken"),
    "a chunk of 2^64": (POST + CHUNKED + b"\r\n10000000000000000\r\n", 400, "request-broken"),
    "a chunk of 4 GiB": (PUT + CHUNKED + b"\r\nffffffff\r\n", 413, "blob-too-large"),
    "a chunk over the limit of a statement": (
        POST + CHUNKED + b"\r\n100000\r\n",
        413,
        "statement-too-large",
    ),
    "a chunk that is longer than it says": (
        POST + CHUNKED + b"\r\n3\r\nhello\r\n0\r\n\r\n",
        400,
        "request-broken",
    ),
    "a chunk without its end": (POST + CHUNKED + b"\r\n5\r\nhello0\r\n\r\n", 400, "request-broken"),
    "bare line feeds in chunks": (POST + CHUNKED + b"\r\n5\nhello\n0\n\n", 400, "request-broken"),
    "an extension of 64 KiB": (
        PUT + CHUNKED + b"\r\n5;" + b"x" * 65536 + b"\r\nhello\r\n0\r\n\r\n",
        400,
        "request-broken",
    ),
    "chunks of one byte": (
        PUT + CHUNKED + b"\r\n" + b"1;aaaaaaaaaa\r\nx\r\n" * 4000,
        400,
        "request-broken",
    ),
    "endless trailers": (PUT + CHUNKED + b"\r\n0\r\n" + b"A: b\r\n" * 4000, 400, "request-broken"),
    "a trailer that is none": (PUT + CHUNKED + b"\r\n0\r\nno field\r\n\r\n", 400, "request-broken"),
    "length and chunks": (
        POST + CHUNKED + b"Content-Length: 5\r\n\r\n0\r\n\r\n",
        400,
        "request-broken",
    ),
    "two lengths": (
        POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        400,
        "request-broken",
    ),
    "one length twice": (
        POST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        400,
        "request-broken",
    ),
    "a list of lengths": (POST + b"Content-Length: 5, 5\r\n\r\nhello", 400, "request-broken"),
    "a negative length": (POST + b"Content-Length: -1\r\n\r\n", 400, "request-broken"),
    "a length with a sign": (POST + b"Content-Length: +5\r\n\r\nhello", 400, "request-broken"),
    "a length of words": (POST + b"Content-Length: five\r\n\r\nhello", 400, "request-broken"),
    "a length without digits": (POST + b"Content-Length:\r\n\r\n", 400, "request-broken"),
    "a length of full-width digits": (
        POST + "Content-Length: ５\r\n\r\nhello".encode(),
        400,
        "request-broken",
    ),
    "a length of 5000 digits": (
        POST + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n",
        400,
        "request-broken",
    ),
    "an expectation of something else": (
        PUT + b"Expect: other\r\nContent-Length: 5\r\n\r\n",
        417,
        "expectation-unknown",
    ),
    "an expectation of two things": (
        PUT + b"Expect: 100-continue, other\r\nContent-Length: 5\r\n\r\n",
        417,
        "expectation-unknown",
    ),
    "an expectation of nothing": (
        b"GET /health HTTP/1.1\r\n" + HOST + b"Expect:\r\n\r\n",
        417,
        "expectation-unknown",
    ),
    "a length over the limit of a blob": (
        PUT + b"Content-Length: 20971521\r\n\r\n",
        413,
        "blob-too-large",
    ),
    "a length over the limit of a statement": (
        POST + b"Content-Length: 1000000\r\n\r\n",
        413,
        "statement-too-large",
    ),
    "an unknown coding": (POST + b"Transfer-Encoding: gzip\r\n\r\n", 400, "request-broken"),
    "a coding before chunked": (
        POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        400,
        "request-broken",
    ),
    "chunked twice": (POST + CHUNKED + CHUNKED + b"\r\n0\r\n\r\n", 400, "request-broken"),
    "chunked with something behind it": (
        POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        400,
        "request-broken",
    ),
    "chunked with a vertical tab": (
        POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
        400,
        "request-broken",
    ),
    "chunks in HTTP/1.0": (
        POST.replace(b"1.1", b"1.0") + CHUNKED + b"\r\n0\r\n\r\n",
        400,
        "request-broken",
    ),
    "a folded field": (
        b"GET /health HTTP/1.1\r\n" + HOST + b"A: b\r\n c\r\n\r\n",
        400,
        "request-broken",
    ),
    "a folded first field": (
        b"GET /health HTTP/1.1\r\n b\r\n" + HOST + b"\r\n",
        400,
        "request-broken",
    ),
    "a space before the colon": (POST + b"Content-Length : 5\r\n\r\nhello", 400, "request-broken"),
    "a field without name": (
        b"GET /health HTTP/1.1\r\n" + HOST + b": x\r\n\r\n",
        400,
        "request-broken",
    ),
    "a field without colon": (
        b"GET /health HTTP/1.1\r\n" + HOST + b"nothing\r\n\r\n",
        400,
        "request-broken",
    ),
    "a NUL in a field": (
        b"GET /health HTTP/1.1\r\n" + HOST + b"A: \x00\r\n\r\n",
        400,
        "request-broken",
    ),
    "a NUL in a name": (
        b"GET /health HTTP/1.1\r\n" + HOST + b"A\x00: b\r\n\r\n",
        400,
        "request-broken",
    ),
    "a bare carriage return in a field": (
        b"GET /health HTTP/1.1\r\n" + HOST + b"A: b\rContent-Length: 5\r\n\r\n",
        400,
        "request-broken",
    ),
    "a bare line feed in a field": (
        b"GET /health HTTP/1.1\r\n" + HOST + b"A: b\nContent-Length: 5\r\n\r\n",
        400,
        "request-broken",
    ),
    "no host": (b"GET /health HTTP/1.1\r\n\r\n", 400, "request-broken"),
    "two hosts": (b"GET /health HTTP/1.1\r\n" + HOST + HOST + b"\r\n", 400, "request-broken"),
    "two tokens": (
        b"GET /me HTTP/1.1\r\n"
        + HOST
        + b"Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n",
        400,
        "request-broken",
    ),
    "headers of 20 KiB": (
        b"GET /health HTTP/1.1\r\n" + HOST + b"A: " + b"x" * 20480 + b"\r\n\r\n",
        431,
        "request-headers-too-large",
    ),
    "headers without end": (
        b"GET /health HTTP/1.1\r\n" + b"A: b\r\n" * 20000,
        431,
        "request-headers-too-large",
    ),
    "five hundred fields": (
        b"GET /health HTTP/1.1\r\n" + HOST + b"A: b\r\n" * 500 + b"\r\n",
        431,
        "request-headers-too-large",
    ),
    "an address of 20 KiB": (
        b"GET /" + b"x" * 20480 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
        431,
        "request-headers-too-large",
    ),
    "HTTP/0.9": (b"GET /health\r\n\r\n", 400, "request-broken"),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "request-broken"),
    "HTTP/1.2": (b"GET /health HTTP/1.2\r\n" + HOST + b"\r\n", 400, "request-broken"),
    "a version of letters": (b"GET /health HTTP/x.y\r\n" + HOST + b"\r\n", 400, "request-broken"),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, "request-broken"),
    "a method in small letters": (
        b"get /health HTTP/1.1\r\n" + HOST + b"\r\n",
        400,
        "request-broken",
    ),
    "two spaces": (b"GET  /health HTTP/1.1\r\n" + HOST + b"\r\n", 400, "request-broken"),
    "a tab": (b"GET\t/health HTTP/1.1\r\n" + HOST + b"\r\n", 400, "request-broken"),
    "an address that is not ASCII": (
        "GET /健康 HTTP/1.1\r\n".encode() + HOST + b"\r\n",
        400,
        "request-broken",
    ),
    "half an IPv6 address": (
        b"GET http://[::1 HTTP/1.1\r\n" + HOST + b"\r\n",
        400,
        "request-broken",
    ),
    "empty lines only": (b"\r\n" * 8, 400, "request-broken"),
}


def log_of(tmp_path: Path) -> list[dict[str, object]]:
    """The log; a line that is no JSON, such as a part of a traceback, is an error here."""
    return [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]


def faults_in(log: list[dict[str, object]]) -> list[dict[str, object]]:
    return [line for line in log if "trace" in line or line["level"] != "info"]


@ONLY_SQLITE  # no request gets as far as the database
def test_a_broken_request_is_answered_by_its_status_and_one_line(served: Served, tmp_path: Path):
    wrong = {}
    for what, (raw, status, code) in BROKEN.items():
        answers = send(served, raw)
        got = [(answer.status, answer.code, answer.headers["content-type"]) for answer in answers]
        if got != [(status, code, "application/problem+json")]:
            wrong[what] = got
    assert wrong == {}
    assert httpx.get(served.url + "/health").status_code == 200
    served.stop()
    log = log_of(tmp_path)
    assert [(line["action"], line["code"]) for line in log] == [
        ("http.request.refused", code) for _, _, code in BROKEN.values()
    ]
    assert faults_in(log) == []


@ONLY_SQLITE
def test_what_is_refused_is_refused_in_any_slices(served: Served):
    """The network cuts where it likes: every broken request byte by byte gets the same answer."""
    wrong = {}
    for what, (raw, status, _) in BROKEN.items():
        if len(raw) > 400:
            continue
        with connect(served) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                for place in range(len(raw)):
                    connection.sendall(raw[place : place + 1])
                connection.shutdown(socket.SHUT_WR)
            except ConnectionError:
                pass
            got = read_all(connection)
        if not got.startswith(f"HTTP/1.1 {status} ".encode()) and not got.startswith(
            f"HTTP/1.0 {status} ".encode()
        ):
            wrong[what] = got[:60]
    assert wrong == {}


@ONLY_SQLITE
def test_a_client_that_resets_half_way_leaves_one_line(served: Served, tmp_path: Path):
    for half in (
        PUT + b"Content-Length: 5000\r\n\r\nhalf",
        POST + CHUNKED + b"\r\n5\r\nhel",
        PUT[:20],
    ):
        connection = connect(served)
        connection.sendall(half)
        httpx.get(served.url + "/health")  # the half request has been read by now
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    for _ in range(3):
        assert httpx.get(served.url + "/health").status_code == 200
    served.stop()
    log = log_of(tmp_path)
    assert [line["action"] for line in log] == ["http.connection.lost"] * 3
    assert faults_in(log) == []


@ONLY_SQLITE
def test_who_sends_on_after_a_refusal_still_reads_it(served: Served):
    with connect(served) as connection:
        connection.sendall(PUT + b"Content-Length: 30000000\r\n\r\n")
        for _ in range(300):
            connection.sendall(b"x" * 100_000)
        assert read_all(connection).startswith(b"HTTP/1.1 413 ")


@ONLY_SQLITE
def test_requests_sent_ahead_are_answered_in_their_order(served: Served):
    get = b"GET /%s HTTP/1.1\r\n" + HOST + b"\r\n"
    answers = send(
        served,
        get % b"health" + get % b"nowhere" + get % b"log" + b"broken\r\n\r\n" + get % b"health",
    )
    assert [answer.status for answer in answers] == [200, 404, 200, 400], (
        "nothing after the broken one is believed"
    )


def uploads(count: int) -> bytes:
    """Requests with bodies, every other one in chunks."""
    sent = b""
    for number in range(count):
        content = f"第 {number} 份".encode()
        sent += b"PUT /blobs/" + sha256(content).hexdigest().encode() + b" HTTP/1.1\r\n" + HOST
        if number % 2:
            chunk = b"%x\r\n" % len(content) + content
            sent += CHUNKED + b"\r\n" + chunk + b"\r\n0\r\n\r\n"
        else:
            sent += b"Content-Length: %d\r\n\r\n" % len(content) + content
    return sent


@ONLY_SQLITE
def test_requests_with_bodies_sent_ahead_are_all_answered(served: Served):
    """Also when the client has nothing more to say, and wherever the network cuts."""
    raw = uploads(6)
    assert [answer.status for answer in send(served, raw)] == [201] * 6
    half = len(raw) // 2
    for place in range(half, half + len(uploads(1)) + 40):
        with connect(served) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.sendall(raw[:place])
            got = connection.recv(65536)  # the first is answered, and what came with it waits
            connection.sendall(raw[place:])
            connection.shutdown(socket.SHUT_WR)
            answers = answers_in(got + read_all(connection))
        assert [answer.status for answer in answers] == [200] * 6, place


@ONLY_SQLITE
@pytest.mark.parametrize("path", ["/health", "/docs", "/nowhere", f"/blobs/{NAME}"])
def test_the_answer_to_head_has_no_body_that_would_be_taken_for_the_next_answer(
    served: Served, path: str
):
    line = f"HEAD {path} HTTP/1.1\r\n".encode()
    with connect(served) as connection:
        connection.sendall(
            line
            + HOST
            + b"\r\n"
            + b"GET /health HTTP/1.1\r\n"
            + HOST
            + b"Connection: close\r\n\r\n"
        )
        head, _, rest = read_all(connection).partition(b"\r\n\r\n")
    assert int(head.lower().partition(b"content-length:")[2].split()[0]) > 0
    assert rest.startswith(b"HTTP/1.1 200 OK\r\n")


@ONLY_SQLITE
def test_who_asks_before_sending_a_body_is_told_to_go_on_or_why_not(served: Served):
    expect = b"Expect: 100-continue\r\n"
    content = b"%PDF-1.7"
    name = sha256(content).hexdigest().encode()
    with connect(served) as connection:
        connection.sendall(
            PUT.replace(NAME.encode(), name)
            + expect
            + b"Connection: close\r\nContent-Length: 8\r\n\r\n"
        )
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(content)
        assert read_all(connection).startswith(b"HTTP/1.1 201 ")
    for headers, status in (
        (b"Content-Length: 30000000\r\n", 413),
        (CHUNKED + b"Content-Length: 1\r\n", 400),
    ):
        assert [answer.status for answer in send(served, PUT + expect + headers + b"\r\n")] == [
            status
        ]
    assert [
        answer.status
        for answer in send(served, b"GET /health HTTP/1.1\r\n" + HOST + expect + b"\r\n")
    ] == [200]


@ONLY_SQLITE
def test_an_expectation_means_nothing_in_the_first_version_of_http(served: Served):
    asked = b"GET /health HTTP/1.0\r\n" + HOST + b"Expect: other\r\n\r\n"
    assert [answer.status for answer in send(served, asked)] == [200]


@ONLY_SQLITE
def test_an_expectation_may_be_written_in_capitals(served: Served):
    asked = b"GET /health HTTP/1.1\r\n" + HOST + b"Expect: 100-Continue\r\n\r\n"
    assert [answer.status for answer in send(served, asked)] == [200]


# --- values of every address, well-formed as HTTP

ODD = (
    "%00",
    "%ff",
    "%ed%a0%80",
    "%F0%9F%98%80",
    "9" * 30,
    "-1",
    "1e9",
    "..",
    "%2e%2e%2f",
    "'",
    "%22",
    "a" * 3000,
    "%",
    "%0d%0a",
    "０",
)
BODIES = (
    b"", b"{", b"[]", b"null", b'{"origin": null}', b'{"origin": "\\ud800"}', b'{"origin": "\\u0000"}', b"\xff\xfe", b"[" * 5000, b"9" * 5000,
    b'{"origin": ' + b"9" * 5000 + b"}", b"NaN",
)  # fmt: skip
TYPES = (
    "application/json",
    "application/cose",
    "application/biandun-signed+cbor",
    "text/\x80",
    "multipart/form-data; boundary=\x7f",
    ";",
)


def odd_requests() -> list[bytes]:
    """Every address with every odd value in each of its places, every parameter, every body in
    every type.
    """
    found = []
    for path, methods in api.get_openapi_schema()["paths"].items():
        for method, operation in methods.items():
            queries = [
                one["name"] for one in operation.get("parameters", []) if one["in"] == "query"
            ]
            for odd in ODD:
                target = re.sub(r"\{\w+\}", odd, path) + "".join(
                    "?&"[place > 0] + f"{name}={odd}" for place, name in enumerate(queries)
                )
                found.append((method.upper(), target, b"", "application/json"))
            target = re.sub(r"\{\w+\}", NAME, path)
            if method in ("post", "put"):
                found += [
                    (method.upper(), target, body, kind)
                    for body, kind in itertools.product(BODIES, TYPES)
                ]
            found.append((method.upper(), target, b"", "application/json"))
    return [
        b"%s %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \xff\r\nConnection: close\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s"
        % (
            method.encode(),
            target.encode().replace("０".encode(), b"%EF%BC%90"),
            kind.encode("latin-1"),
            len(body),
            body,
        )
        for method, target, body, kind in found
    ]


def test_no_value_in_any_place_of_any_address_is_a_fault_of_ours(served: Served, tmp_path: Path):
    faults = {}
    for raw in odd_requests():
        statuses = [answer.status for answer in send(served, raw)]
        if len(statuses) != 1 or statuses[0] >= 500:
            faults[raw[:300]] = statuses
    assert faults == {}
    served.stop()
    assert faults_in(log_of(tmp_path)) == []


# --- generated ones

GOOD = (
    b"GET /health HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n",
    b"GET /cases?limit=5 HTTP/1.1\r\n"
    + HOST
    + b"Authorization: Bearer x\r\nConnection: close\r\n\r\n",
    POST + b"Content-Length: 5\r\n\r\nhello",
    POST + CHUNKED + b"\r\n5;a=b\r\nhello\r\n0\r\nA: b\r\n\r\n",
    PUT + CHUNKED + b"\r\n3\r\nabc\r\n0\r\n\r\n" + PUT + b"Content-Length: 1\r\n\r\nx",
    b"POST /login/challenge HTTP/1.1\r\n"
    + HOST
    + b'Content-Type: application/json\r\nContent-Length: 23\r\n\r\n{"origin":"http://a.b"}',
)
PIECES = (
    b"\r\n", b"\n", b"\r", b"\0", b" ", b":", b";", b"-1", b"0", b"\xff", b"Content-Length: 7\r\n", CHUNKED, b"%00", b"HTTP/1.0", b"Expect: 100-continue\r\n",
)  # fmt: skip


def spoil(random_: random.Random) -> bytes:
    """A good request with a few wounds."""
    raw = bytearray(random_.choice(GOOD))
    for _ in range(random_.randint(1, 4)):
        place = random_.randrange(len(raw) + 1)
        match random_.randrange(5):
            case 0:
                raw[place:place] = random_.choice(PIECES)
            case 1:
                del raw[place : place + random_.randint(1, 12)]
            case 2:
                raw[place : place + 1] = bytes([random_.randrange(256)])
            case 3:
                raw[place:place] = raw[random_.randrange(len(raw) + 1) :][: random_.randint(1, 40)]
            case _:
                del raw[place:]
        raw = raw or bytearray(b"\r\n")
    return bytes(raw)


def walk(served: Served, seed: int, count: int) -> None:
    random_ = random.Random(seed)
    for _ in range(count):
        raw = spoil(random_)
        assert all(answer.status < 500 for answer in send(served, raw)), (seed, raw)


@ONLY_SQLITE
def test_a_walk_of_generated_broken_requests_meets_no_fault(served: Served, tmp_path: Path):
    walk(served, random.randrange(1 << 32), 600)
    assert httpx.get(served.url + "/health").status_code == 200
    served.stop()
    assert faults_in(log_of(tmp_path)) == []


@pytest.mark.slow
def test_a_long_walk_of_generated_broken_requests_meets_no_fault(served: Served, tmp_path: Path):
    for seed in range(20):
        walk(served, seed, 1000)
    served.stop()
    assert faults_in(log_of(tmp_path)) == []


# --- the parser alone


def chunked(*contents: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in contents) + b"0\r\n\r\n"


def test_chunks_are_the_same_in_any_slices(tmp_path: Path):
    raw = b"5;a=b\r\nhello\r\n" + chunked(b" world", b"\r\n" * 3)
    for size in range(1, len(raw) + 1):
        body = ChunkedBody(Spool(tmp_path), 1000)
        rest = raw + b"GET"
        while rest and not body.completed:
            rest = (
                rest[body.received(rest[:size]) :]
                if size < len(rest)
                else rest[body.received(rest) :]
            )
        assert body.completed and rest == b"GET"
        assert body.getfile().read() == b"hello world\r\n\r\n\r\n"
        body.getbuf().close()


@pytest.mark.parametrize(
    ("raw", "problem"),
    [(b"x" * 5000, BrokenBody), (b"1\r\na\r\n" * 20000, BrokenBody), (b"0\r\n" + b"A: b\r\n" * 5000, BrokenBody), (b"a\r\n" + b"0" * 10, BodyTooLarge)],
)  # fmt: skip
def test_framing_without_content_ends_soon(raw: bytes, problem: type[Exception], tmp_path: Path):
    body, taken = (
        ChunkedBody(Spool(tmp_path), 9 if problem is BodyTooLarge else LIMIT_ATTACHMENT),
        0,
    )
    with pytest.raises(problem):
        for place in range(0, len(raw), 16):
            taken += body.received(raw[place : place + 16])
    body.getbuf().close()
    assert taken < 60_000


def test_a_body_is_in_memory_while_small_and_in_a_nameless_file_beyond(tmp_path: Path):
    spool = Spool(tmp_path)
    for _ in range(8):
        spool.append(b"x" * 16384)
    assert os.fstat(spool.getfile().fileno()).st_nlink == 0
    assert len(spool) == len(spool.getfile().read()) == 8 * 16384
    assert list(tmp_path.iterdir()) == []
    spool.close()


def test_a_disk_that_fills_during_an_upload_is_answered_as_that(office: Bench, monkeypatch):
    def full(self: Spool, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(chunks.Spool, "append", full)
    for headers, content in (
        (b"Content-Length: 9\r\n\r\n", b"some more"),
        (CHUNKED + b"\r\n", chunked(b"some more")),
    ):
        request = Request(adjustments())
        request.received(PUT + headers)
        assert request.received(content) == len(content)
        assert request.completed and request.error is not None
        assert isinstance(request.error.problem, StorageFull)
        assert request.error.to_response()[0] == "507 Insufficient Storage"
        request.close()


def adjustments() -> object:
    from waitress.adjustments import Adjustments

    return Adjustments(
        max_request_header_size=requests.LIMIT_HEADERS, max_request_body_size=1 << 40
    )


def peak_kib(served: Served) -> int:
    status = Path(f"/proc/{served.process.pid}/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+)", status)[0])


@ONLY_SQLITE
def test_uploads_of_the_greatest_size_take_little_memory(served: Served):
    httpx.put(f"{served.url}/blobs/{NAME}", content=b"x")
    before = peak_kib(served)
    part = os.urandom(1 << 20)
    whole = part * 20
    assert len(whole) == LIMIT_ATTACHMENT
    for content, status in ((whole, 201), (iter([part] * 20), 200)):
        assert (
            httpx.put(
                f"{served.url}/blobs/{sha256(whole).hexdigest()}", content=content, timeout=60
            ).status_code
            == status
        )
    assert peak_kib(served) - before < 8 * 1024
