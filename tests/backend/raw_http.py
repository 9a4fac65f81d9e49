"""HTTP by hand: bytes as they are, for requests that no client library sends."""

import json
import socket
from dataclasses import dataclass

from tests.backend.serving import Served

SECONDS = 20


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        return json.loads(self.body)["code"]


def connect(served: Served) -> socket.socket:
    return socket.create_connection(("127.0.0.1", served.port), timeout=SECONDS)


def read_all(connection: socket.socket) -> bytes:
    """Everything until the other side closes, by whatever means."""
    raw = b""
    try:
        while part := connection.recv(65536):
            raw += part
    except ConnectionError:
        pass
    return raw


def answers_in(raw: bytes) -> list[Answer]:
    """The answers in what a server sent; only those with a length."""
    found = []
    while raw:
        head, _, raw = raw.partition(b"\r\n\r\n")
        line, *fields = head.decode("latin-1").split("\r\n")
        status = int(line.split()[1])
        headers = {
            name.lower(): value.strip() for name, value in (field.split(":", 1) for field in fields)
        }
        size = int(headers.get("content-length", 0)) if status >= 200 else 0
        found.append(Answer(status, headers, raw[:size]))
        raw = raw[size:]
    return found


def send(served: Served, raw: bytes) -> list[Answer]:
    """Send bytes, say that there are no more, and return the answers."""
    with connect(served) as connection:
        try:
            connection.sendall(raw)
            connection.shutdown(socket.SHUT_WR)
        except ConnectionError:
            pass  # refused already
        return answers_in(read_all(connection))
