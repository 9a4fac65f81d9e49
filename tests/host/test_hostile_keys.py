"""What claims to be a key and never comes to an end: it is given up by name, and costs no memory."""

import ast
from collections.abc import Callable
from pathlib import Path

import pytest

from biandun import errors
from biandun.key.connection import LONGEST_REPLY, Connection
from biandun.keys import Key
from biandun_protocol.release import Described
from biandun_protocol.wire import codec, frames
from biandun_protocol.wire import messages as m
from biandun_protocol.wire.numbers import (
    KIND_REPLY,
    KIND_REQUEST,
    KIND_RESYNC,
    LIMIT_MESSAGE,
    PROTOCOL_VERSION,
)
from biandun_simulator import release as releases
from etoken.boards.vendor import TARGET
from tests.support.softoffice import SoftOffice

HOST = Path(__file__).resolve().parents[2] / "host/biandun"


class Endless:
    """A line on which a reply begins and always goes on."""

    name = "endless"

    def __init__(self) -> None:
        self._reader = frames.FrameReader()
        self._waiting: list[bytes] = []
        self._request = 0
        self.sent = 0

    def read(self) -> bytes:
        if self._waiting:
            return self._waiting.pop(0)
        if not self._request:
            return b""
        part = bytes(frames.PAYLOAD_MAX)
        frame = frames.encode_frame(KIND_REPLY, self._request, self.sent, part, True)
        self.sent += len(part)
        return frame

    def write(self, data: bytes) -> None:
        self._reader.put(data, len(data))
        while (frame := self._reader.next()) is not None:
            if frame.kind == KIND_RESYNC:
                nonce = codec.decode(m.Resync, bytes(frame.payload)).nonce
                hello = codec.encode(m.Resync(nonce, PROTOCOL_VERSION))
                self._waiting.append(frames.encode_frame(KIND_RESYNC, 0, 0, hello))
            elif frame.kind == KIND_REQUEST:
                self._request = frame.request_id

    def close(self) -> None:
        pass


def test_a_reply_that_never_ends_is_cut_off_at_the_longest_that_there_is() -> None:
    line = Endless()
    with pytest.raises(errors.LinkGarbled):
        Key(Connection(line))
    assert LIMIT_MESSAGE < line.sent <= LONGEST_REPLY + frames.PAYLOAD_MAX


def stow(key: Key, _office: SoftOffice) -> object:
    return key.outbox.stow(bytes(16), bytes(5000))


def put_card(key: Key, office: SoftOffice) -> object:
    return key.card.put(office.card([b"a", b"b"]))


def update(key: Key, office: SoftOffice) -> object:
    from biandun.key.updating import update as hand_over

    return hand_over(key, office.approved(releases.make(Described(TARGET, "0.2.0", 2, 0))))


@pytest.mark.parametrize("work", [stow, put_card, update])
def test_a_key_that_wants_the_same_part_for_ever_is_given_up(
    work: Callable[[Key, SoftOffice], object],
    key: Key,
    soft: SoftOffice,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    genuine, asked = key.call, 0

    def call(request: codec.Request, reply: type[codec.Message]) -> object:
        nonlocal asked
        names = [name for _, name, *_ in reply.FIELDS]
        if "next" not in names:
            return genuine(request, reply)
        asked += 1
        assert asked < 10, "a key that does not get on is asked again and again"
        return reply(*[0 for _ in names])

    monkeypatch.setattr(key, "call", call)
    with pytest.raises(errors.LinkGarbled):
        work(key, soft)
    assert asked > 1


# every loop that asks a key until something holds, and why it ends
ENDS = {
    "connection.py resync": "a deadline",
    "connection.py _call": "LONGEST_CALL, and PATIENCE without progress",
    "connection.py stream": "PATIENCE without progress, and the end of the data",
    "connection.py abort": "a deadline",
    "connection.py _wait": "a deadline",
    "session.py hand_over": "each part is further on than the one before",
    "session.py unlock": "a person who gives up, or the key's own count of tries",
}


def test_every_loop_that_asks_a_key_has_an_end() -> None:
    found = {
        f"{path.name} {function.name}"
        for path in (HOST / "key").glob("*.py")
        for function in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(function, ast.FunctionDef)
        and any(isinstance(node, ast.While) for node in ast.walk(function))
    }
    assert sorted(found ^ set(ENDS)) == []
