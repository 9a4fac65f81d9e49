"""A key in this process that the real host library talks to, and one that is already
personalised.
"""

from collections.abc import Callable, Iterator

import pytest

from biandun import errors
from biandun.key import connection
from biandun.key.connection import Connection
from biandun.keys import Key
from biandun.ui import Ui
from biandun_protocol.wire import codec
from biandun_protocol.wire.numbers import ERROR_NAMES
from biandun_protocol.wire.otpmodel import OtpModel
from etoken import dispatch
from etoken.refusal import Refused
from etoken.token import Token
from tests.firmware.described import BY_NUMBER
from tests.firmware.testboard import TestBoard, TestKey
from tests.support.person import PIN, Person
from tests.support.softoffice import SoftOffice


class Wire:
    """A transport into a TestKey; ``steps`` records everything that crosses, as a corpus."""

    name = "in-process"

    def __init__(self, board: TestBoard | None = None) -> None:
        self.key = TestKey(board)
        self.steps: list[list[object]] = []
        self._answer = b""
        self.cut_out: Callable[[bytes], bytes] = lambda data: data
        self.cut_in: Callable[[bytes], bytes] = lambda data: data

    def read(self) -> bytes:
        answer, self._answer = self._answer, b""
        return self.cut_in(answer)

    def write(self, data: bytes) -> None:
        data = self.cut_out(data)
        self.steps.append(["feed", data.hex()])
        self._answer += self.key.feed(data)

    def close(self) -> None:
        pass

    def presence(self, answer: bool | None) -> None:
        self.steps.append(["presence", answer])
        self.key.board.presence = answer

    def restart(self) -> Key:
        self.steps.append(["restart", None])
        self.key.start()
        self._answer = b""
        return self.open()

    def open(self, ui: Ui | None = None) -> Key:
        """A new link to the key; the person at it knows the PIN."""
        return Key(Connection(self), ui or Person())


def refusal(call: Callable[[], object]) -> str:
    """The code that a key refuses with."""
    with pytest.raises(errors.KeyRefused) as caught:
        call()
    return caught.value.code


def set_back(office: SoftOffice, attempts: int) -> tuple[Wire, Key]:
    """A key with one-time-programmable memory, and its cable; its flash has forgotten ``attempts``
    entries of the PIN.
    """
    wire = Wire(TestBoard(otp=OtpModel()))
    key = wire.open()
    key.personalise(office.grant(key.answer_offer(office.offer())))
    key.set_pin(PIN)
    older = bytes(wire.key.board.flash.cells)
    for _ in range(attempts):
        key.unlock(PIN)
    wire.key.board.flash.cells[:] = older
    return wire, wire.restart()


def ask(key: Key, request: codec.Request) -> bytes:
    """The encoded reply to a request, through the session when it needs one; nothing is unlocked by
    itself.
    """
    return key._exchange(request, lambda phase, permille: None)


@pytest.fixture(autouse=True)
def _no_cable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key in this process answers at once or never: nobody needs to wait for it as for one at a
    cable.
    """
    monkeypatch.setattr(connection, "RETRANSMIT", 0.02)
    monkeypatch.setattr(connection, "PATIENCE", 2.0)


@pytest.fixture(autouse=True)
def _only_described_errors(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever a test does to a key, no command answers an error that the schema does not have for
    it.
    """
    genuine, foreign = dispatch.run, set[tuple[str, str]]()

    def checked(token: Token, raw: bytes, sealed: bool = False) -> bytes:
        try:
            return genuine(token, raw, sealed)
        except Refused as refusal:
            try:
                described = BY_NUMBER.get(codec.split_request(raw)[0])
            except codec.MessageError:
                described = None
            code = ERROR_NAMES[refusal.code]
            if described is not None and code not in described.may_answer:
                foreign.add((described.name, code))
            raise

    monkeypatch.setattr(dispatch, "run", checked)
    yield
    assert not foreign, f"not in schema.toml: {sorted(foreign)}"


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def office() -> SoftOffice:
    return SoftOffice()


@pytest.fixture
def blank(wire: Wire) -> Key:
    return wire.open()


@pytest.fixture
def key(wire: Wire, blank: Key, office: SoftOffice) -> Key:
    """A personalised key of 陇澜市第一中学."""
    blank.personalise(office.grant(blank.answer_offer(office.offer())))
    blank.set_pin(PIN)
    assert not wire.key.board.reported
    return blank
