"""What claims to be a key and never comes to an end: it is given up by name, and costs no memory."""

import ast
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from biandun import descriptions, doctor, errors
from biandun.key import channel, connection
from biandun.key.connection import LONGEST_REPLY, Connection
from biandun.keys import Key
from biandun_protocol.release import Described
from biandun_protocol.wire import codec, frames
from biandun_protocol.wire import messages as m
from biandun_protocol.wire.numbers import (
    KIND_ERROR,
    KIND_KEEPALIVE,
    KIND_REPLY,
    KIND_REQUEST,
    KIND_RESYNC,
    LIMIT_MESSAGE,
    PHASE_WORKING,
    PROTOCOL_VERSION,
)
from biandun_simulator import release as releases
from etoken.boards.vendor import TARGET
from etoken.commands import all as every_command
from etoken.dispatch import COMMANDS
from tests.firmware.conftest import Wire
from tests.support import softkey
from tests.support.person import PIN
from tests.support.softoffice import NOW, SoftOffice

ROOT = Path(__file__).resolve().parents[2]
HOST = ROOT / "host/biandun"
SCHEMA = tomllib.loads((ROOT / "protocol/schema.toml").read_text("utf-8"))

assert every_command


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


def put_parcel(key: Key, _office: SoftOffice) -> object:
    return key.outbox.put(bytes(16), bytes(5000))


def put_card(key: Key, office: SoftOffice) -> object:
    return key.card.put(office.card([b"a", b"b"]))


def update(key: Key, office: SoftOffice) -> object:
    from biandun.key.updating import update as hand_over

    return hand_over(key, office.approved(releases.make(Described(TARGET, "0.2.0", 2, 0))))


@pytest.mark.parametrize("work", [put_parcel, put_card, update])
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


class Clock:
    """Time that passes on a line only: a tenth of a second for each look at it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(connection, "time", self)

    def monotonic(self) -> float:
        return self.now


class Stalling:
    """A cable to a genuine key whose answers stop coming: from request ``at`` on there are
    keep-alives only.
    """

    name = "stalling"

    def __init__(self, wire: Wire, clock: Clock) -> None:
        self._wire, self._clock = wire, clock
        self._reader = frames.FrameReader()
        self._request = 0
        self.at: int | None = None
        self.requests = 0

    def read(self) -> bytes:
        self._clock.now += 0.1
        if self._request:
            beat = codec.encode(m.KeepAlive(PHASE_WORKING, 0))
            return frames.encode_frame(KIND_KEEPALIVE, self._request, 0, beat)
        return self._wire.read()

    def write(self, data: bytes) -> None:
        self._reader.put(data, len(data))
        while (frame := self._reader.next()) is not None:
            if frame.kind == KIND_RESYNC:
                self._request = 0
            if frame.kind == KIND_REQUEST and frame.request_id != self._request:
                if self.requests == self.at:
                    self._request = frame.request_id
                    return
                self.requests += 1
        self._wire.write(data)

    def close(self) -> None:
        pass


def asks(key: Key) -> None:
    """What ``keys list``, ``keys info`` and ``doctor`` ask of a key."""
    doctor.of_key(key, NOW)
    descriptions.readable(key)


def test_a_key_that_keeps_alive_for_ever_is_named_within_seconds_whatever_it_was_asked(
    wire: Wire, key: Key, soft: SoftOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    asks(key)
    clock = Clock(monkeypatch)
    line = Stalling(wire, clock)
    asks(Key(Connection(line)))
    total = line.requests
    assert total > 8
    for at in range(total):
        line.at, line.requests, clock.now = at, 0, 0.0
        with pytest.raises(errors.LinkTimeout):
            asks(Key(Connection(line)))
        assert clock.now < 15, f"request {at} of {total}"


def test_what_waits_for_nobody_is_a_question_and_what_needs_the_button_is_none() -> None:
    for entry in COMMANDS.values():
        name = entry.request.__name__
        if entry.reads_only:
            assert issubclass(entry.request, channel.QUESTIONS), name
        if SCHEMA["commands"][entry.handler.__name__].get("presence"):
            assert not issubclass(entry.request, channel.QUESTIONS), name


class Babbling(Endless):
    """A line that answers every request with one frame, whose content is nonsense."""

    def __init__(self, kind: int, payload: bytes) -> None:
        super().__init__()
        self._kind, self._payload = kind, payload

    def read(self) -> bytes:
        if self._waiting:
            return self._waiting.pop(0)
        answered, self._request = self._request, 0
        return frames.encode_frame(self._kind, answered, 0, self._payload) if answered else b""


NONSENSE = [
    b"",
    b"\xff" * 8,
    b"ERROR",
    codec.encode(m.Resync(bytes(8))),
    codec.encode(m.KeepAlive(PHASE_WORKING, 0))[:-1],
]


@pytest.mark.parametrize("payload", NONSENSE)
@pytest.mark.parametrize("kind", [KIND_ERROR, KIND_REPLY])
def test_an_answer_without_sense_is_called_garbled_and_nothing_else(
    kind: int, payload: bytes
) -> None:
    with pytest.raises(errors.LinkGarbled):
        Key(Connection(Babbling(kind, payload)))


def test_an_error_without_sense_on_a_stream_in_clear_is_called_garbled() -> None:
    line = Babbling(KIND_ERROR, b"ERROR")
    open_line = Connection(line)
    line._request = 7
    with pytest.raises(errors.LinkGarbled):
        open_line.stream(7, bytes(100), 1)


def test_an_error_without_sense_from_somebody_on_the_line_ends_no_sealed_work(
    wire: Wire, key: Key
) -> None:
    key.unlock(PIN)

    def forge(data: bytes) -> bytes:
        if not data:
            return data
        forged = frames.encode_frame(KIND_ERROR, key.connection.last_id, 0, b"ERROR")
        return forged + data

    wire.cut_in = forge
    signed = key.sign(softkey.manifest(), purpose="filing", idempotency_key=bytes(16))
    assert signed.seq == 1


# every loop that asks a key until something holds, and why it ends
ENDS = {
    "connection.py resync": "a deadline",
    "connection.py _call": "the longest time of its kind, and PATIENCE without progress",
    "connection.py stream": "PATIENCE without progress, and the end of the data",
    "connection.py abort": "a deadline",
    "connection.py _wait": "a deadline",
    "channel.py send_parts": "each part is further on than the one before",
    "access.py unlock": "a person who gives up, or the key's own count of tries",
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
