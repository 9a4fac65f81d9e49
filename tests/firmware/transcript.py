"""What crosses the cable, as text that reads as documentation: one line a frame, what is sealed
shown to the reader alone.

``python -m tests.firmware.transcript`` writes the files in ``transcripts/`` anew;
``test_session.py`` compares them.
"""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from biandun import errors
from biandun.keys import Key
from biandun_protocol import session as sessions
from biandun_protocol.wire import codec, frames
from biandun_protocol.wire import messages as m
from biandun_protocol.wire.numbers import (
    ERROR_NAMES,
    KIND_ACK,
    KIND_DATA,
    KIND_ERROR,
    KIND_KEEPALIVE,
    KIND_REPLY,
    KIND_REQUEST,
    KIND_RESYNC,
)
from etoken.dispatch import COMMANDS
from tests.firmware.conftest import Wire
from tests.firmware.testboard import TestBoard
from tests.support import softkey
from tests.support.person import PIN
from tests.support.softoffice import NOW, SoftOffice

FOLDER = Path(__file__).with_name("transcripts")
KINDS = {
    KIND_REQUEST: "request",
    KIND_REPLY: "reply",
    KIND_ERROR: "error",
    KIND_RESYNC: "resync",
    KIND_DATA: "data",
    KIND_ACK: "ack",
}
SECRET = ("pin", "old", "new")
NUMBERS = {entry.request.NUMBER: entry.request for entry in COMMANDS.values()}
REPLIES = {
    number: getattr(m, request.__name__.removesuffix("Request") + "Reply")
    for number, request in NUMBERS.items()
}


class Tap(Wire):
    """A cable that somebody listens on; ``lines`` is what the listener writes down, with what the
    two ends know beside it.
    """

    def __init__(self, board: TestBoard | None = None) -> None:
        super().__init__(board)
        self.lines: list[str] = []
        self.sent: list[bytes] = []
        self._known: dict[bytes, bytes] = {}  # sealed -> what is in it
        self._asked: dict[int, int] = {}  # request id -> number of the command
        self._last_id = 0
        self._readers = (frames.FrameReader(), frames.FrameReader())

    def write(self, data: bytes) -> None:
        self.sent.append(data)
        self._note("host", self._readers[0], data)
        super().write(data)

    def read(self) -> bytes:
        answer = super().read()
        self._note("key ", self._readers[1], answer)
        return answer

    def know(self, key: Key) -> None:
        """Read along with the two ends of the session of ``key``."""
        session = key._session
        assert session is not None
        seal, opened = session.seal, session.open

        def sealing(kind: int, message: bytes) -> bytes:
            sealed = seal(kind, message)
            self._known[sealed] = message
            return sealed

        def opening(kind: int, sealed: bytes) -> bytes | None:
            message = opened(kind, sealed)
            if message is not None:
                self.lines[-1] = self._line("key ", KINDS[kind], self._last_id, sealed, message)
            return message

        session.seal, session.open = sealing, opening  # type: ignore[method-assign]

    def say(self, text: str) -> None:
        """A remark between the lines."""
        self.lines.append(f"\n# {text}")

    def _note(self, who: str, reader: frames.FrameReader, data: bytes) -> None:
        reader.put(data, len(data))
        while (frame := reader.next()) is not None:
            if frame.kind == KIND_KEEPALIVE:
                continue
            payload = bytes(frame.payload)
            self._last_id = frame.request_id
            self.lines.append(
                self._line(
                    who, KINDS[frame.kind], frame.request_id, payload, self._known.get(payload)
                )
            )

    def _line(
        self, who: str, kind: str, request_id: int, payload: bytes, inside: bytes | None
    ) -> str:
        head = f"{who}  {kind:8}{request_id if kind not in ('resync',) else '':>3}  "
        if kind in ("data", "ack", "resync"):
            return (
                head
                + {
                    "data": f"{len(payload)} bytes of the manifest",
                    "ack": "",
                    "resync": "a new link",
                }[kind].rstrip()
            )
        is_sealed = payload[:1] in (b"\x58", b"\x59")
        if is_sealed and inside is None:
            return f"{head}sealed, {len(payload)} bytes"
        said = self._words(kind, request_id, inside if is_sealed else payload)
        return f"{head}sealed, {len(payload)} bytes: {said}" if is_sealed else head + said

    def _words(self, kind: str, request_id: int, message: bytes | None) -> str:
        raw = message or b""
        if kind == "request":
            try:
                number, fields = codec.split_request(raw)
            except codec.MessageError:
                return f"{len(raw)} bytes that are no request"
            self._asked[request_id] = number
            name = COMMANDS[number].handler.__name__
            return name + self._fields(codec.from_map(NUMBERS[number], fields))
        if kind == "error":
            info = codec.decode(m.ErrorInfo, raw)
            left = "" if info.tries_left is None else f", {info.tries_left} tries left"
            return ERROR_NAMES[info.code] + left
        try:
            return (
                self._fields(codec.decode(REPLIES[self._asked[request_id]], raw)).strip() or "done"
            )
        except (codec.MessageError, KeyError):
            return f"{len(raw)} bytes that are no reply"

    @staticmethod
    def _fields(message: codec.Message) -> str:
        shown: list[str] = []
        for _, name, _, _, _ in message.FIELDS:
            value: Any = getattr(message, name)
            if value is None:
                continue
            if name in SECRET:
                shown.append(f"{name} (the PIN)")
            elif isinstance(value, bytes):
                shown.append(f"{name} ({len(value)} bytes)")
            elif isinstance(value, list):
                shown.append(f"{name} ({len(value)})")
            else:
                shown.append(f"{name} {value}")
        return " " + ", ".join(shown) if shown else ""


def personalised(tap: Tap, office: SoftOffice) -> Key:
    """A key of this office on that cable, with a PIN; nothing of it is in the transcript."""
    key = tap.open()
    key.personalise(office.grant(key.answer_offer(office.offer())))
    key.set_pin(PIN)
    key = tap.restart()
    tap.lines.clear()
    tap.sent.clear()
    return key


def sign(key: Key, name: bytes = b"k" * 16) -> None:
    """Sign the manifest of all tests, at the time of all tests."""
    key.sign(softkey.manifest(), purpose="filing", idempotency_key=name, claimed_time=NOW)


def opened(tap: Tap, key: Key) -> None:
    """Open the session, and read along."""
    key.secure()
    tap.know(key)


def refused(call: Callable[[], object]) -> None:
    with suppress(errors.HostProblem):
        call()


# --- the scenes -------------------------------------------------------
def a_session() -> list[str]:
    """Open, unlock with a wrong and the right PIN, sign."""
    tap, office = Tap(), SoftOffice()
    key = personalised(tap, office)
    tap.say(
        "The host asks whose key this is, and lets it prove that it holds the device key which the office certified."
    )
    opened(tap, key)
    tap.say(
        "From here on whoever listens sees lengths, all multiples of 128 bytes and a little; the words after the colon are ours."
    )
    refused(lambda: key.unlock(type(PIN)(b"000000")))
    key.unlock(PIN)
    tap.say(
        "The manifest itself crosses in clear; its digest came sealed, so another one is not signed."
    )
    sign(key)
    return tap.lines


def a_replay() -> list[str]:
    """A recorded session is played to the same key again, on a new link."""
    tap, office = Tap(), SoftOffice()
    key = personalised(tap, office)
    opened(tap, key)
    key.unlock(PIN)
    sign(key)
    recording = list(tap.sent)
    tap.restart()
    tap.lines.clear()
    tap.say(
        "A thief plays the whole recording to the key: its ephemeral point is a new one, so nothing sealed opens."
    )
    for data in recording:
        tap.write(data)
        tap.read()
    return [*tap.lines, f"\n# {state(tap)}"]


def an_injection() -> list[str]:
    """Somebody on the cable sends commands of his own while the key is unlocked."""
    tap, office = Tap(), SoftOffice()
    key = personalised(tap, office)
    opened(tap, key)
    key.unlock(PIN)
    tap.lines.clear()
    tap.say("The key is unlocked. Somebody else sends a command in clear.")
    inject(tap, 900, codec.encode_request(m.SignBeginRequest(b"t" * 16, "filing", 10, bytes(32))))
    tap.say("He makes up a sealed one; there is no answer.")
    inject(tap, 901, b"\x58\x98" + bytes(152))
    tap.say(
        "He sends the last sealed request once more, under another id; there is no answer either."
    )
    last = frames.FrameReader()
    last.put(tap.sent[-3], len(tap.sent[-3]))
    frame = last.next()
    assert frame is not None
    inject(tap, 902, bytes(frame.payload))
    tap.say("The one who has the session goes on.")
    sign(key)
    tap.say("After eight made-up messages in a row the session is over, and the key locked.")
    for number in range(8):
        inject(tap, 910 + number, b"\x58\x98" + bytes((number,)) * 152)
    refused(
        lambda: key.connection.call_sealed(
            session_of(key), codec.encode_request(m.ChainStateRequest())
        )
    )
    return [*tap.lines, f"\n# {state(tap)}"]


def a_flip() -> list[str]:
    """A bit is flipped on the way, in a frame whose checksum was made right again."""
    tap, office = Tap(), SoftOffice()
    key = personalised(tap, office)
    opened(tap, key)
    tap.lines.clear()
    tap.say(
        "Somebody flips a bit of the sealed request; there is no answer, and the host sends it again."
    )
    tap.cut_out = flipping_once(KIND_REQUEST)
    key.unlock(PIN)
    tap.say(
        "Somebody flips a bit of the sealed reply; the host asks again and gets the same reply."
    )
    tap.cut_in = flipping_once(KIND_REPLY)
    key.chain()
    return [*tap.lines, f"\n# {state(tap)}"]


def a_man_in_the_middle() -> list[str]:
    """Somebody answers with a key of his own, certified by the same office, and passes on the
    rest.
    """
    office = SoftOffice()
    tap, other = Tap(), Wire(TestBoard(serial="BD-TEST-0002", seed=b"of the thief"))
    personalised(tap, office)
    thief = other.open()
    thief.personalise(office.grant(thief.answer_offer(office.offer())))
    key = tap.open()
    tap.lines.clear()
    tap.say(
        "The hello of the host is answered by another genuine key of the same office, since the thief holds one."
    )
    genuine = tap.key
    asking = key.certificate()
    assert asking.x509
    tap.key = other.key
    tap.key.feed(
        b"\0"
        + frames.encode_frame(KIND_RESYNC, 0, 0, codec.encode(m.Resync(key.connection._nonce)))
    )
    key.certificate = lambda: asking  # type: ignore[method-assign]  the thief passes the right certificate on
    try:
        key.secure()
    except errors.KeyNotGenuine as problem:
        tap.say(f"{problem.code}: {problem.message('en')}")
    tap.key = genuine
    return tap.lines


def state(tap: Tap) -> str:
    """What has become of the key."""
    token = tap.key.token
    locked = "locked" if token.user is None else "unlocked"
    return f"The key is {locked} and has signed {token.vault.statements.seq} statement(s)."


def session_of(key: Key) -> sessions.Session:
    """The host's end."""
    assert key._session is not None
    return key._session


def inject(tap: Tap, request_id: int, payload: bytes) -> None:
    """Send a frame that the host knows nothing of."""
    tap.write(frames.encode_frame(KIND_REQUEST, request_id, 0, payload))
    tap.read()


def flipping_once(kind: int) -> Callable[[bytes], bytes]:
    """Change one bit in the next frame of a kind that goes by, and make its checksum right."""
    left = [True]

    def cut(data: bytes) -> bytes:
        reader = frames.FrameReader()
        reader.put(data, len(data))
        frame = reader.next()
        if not left[0] or frame is None or frame.kind != kind:
            return data
        left[0] = False
        payload = bytearray(frame.payload)
        payload[40] ^= 1
        return frames.encode_frame(kind, frame.request_id, 0, bytes(payload))

    return cut


SCENES: dict[str, Callable[[], list[str]]] = {
    "session": a_session,
    "replayed": a_replay,
    "injected": an_injection,
    "flipped": a_flip,
    "exchanged-key": a_man_in_the_middle,
}


def render(name: str) -> str:
    """The text of one scene."""
    scene = SCENES[name]
    title = " ".join((scene.__doc__ or "").split())
    return f"# {title}\n" + "\n".join(line.rstrip() for line in scene()).strip("\n") + "\n"


def main() -> None:
    """Write them all."""
    FOLDER.mkdir(exist_ok=True)
    for name in SCENES:
        (FOLDER / f"{name}.txt").write_text(render(name), "utf-8")


if __name__ == "__main__":
    main()
