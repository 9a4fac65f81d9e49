"""The sealed session between host and key: nobody on the cable gains by listening, changing, adding
or answering.
"""

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from biandun import errors
from biandun.key.connection import Connection
from biandun.keys import Key
from biandun.known_keys import Known, KnownKeys
from biandun_protocol import session as host_session
from biandun_protocol import sm2
from biandun_protocol.algorithms import ES256, SM2, Algorithm
from biandun_protocol.errors import StatementProblem
from biandun_protocol.secret import Secret
from biandun_protocol.wire import codec, frames
from biandun_protocol.wire import messages as m
from biandun_protocol.wire.numbers import (
    ERROR_PIN_LOCKED,
    ERROR_SESSION_LOST,
    KIND_ACK,
    KIND_DATA,
    KIND_ERROR,
    KIND_REPLY,
    KIND_REQUEST,
    KIND_RESYNC,
    LIMIT_AUTO_LOCK_MS,
    LIMIT_BAD_CODES,
    LIMIT_PIN_MOST,
    LIMIT_PIN_TRIES,
    LIMIT_SEAL_PAD,
    SESSION_COMMANDS,
)
from etoken import session as key_session
from etoken.crypto import sm2 as key_sm2
from etoken.dispatch import COMMANDS
from tests.firmware import transcript
from tests.firmware.conftest import Wire, ask, refusal
from tests.firmware.described import smallest
from tests.firmware.testboard import TestBoard
from tests.support import softkey
from tests.support.person import PIN, Person
from tests.support.softoffice import SoftOffice

WRONG = Secret(b"000000")
MANIFEST = softkey.manifest()


def sign(key: Key, name: bytes = b"k" * 16) -> int:
    return key.sign(MANIFEST, purpose="filing", idempotency_key=name).seq


@pytest.fixture(params=[ES256, SM2], ids=["ES256", "SM2"])
def office(request: pytest.FixtureRequest) -> SoftOffice:
    return SoftOffice(algorithm=request.param)


# --- what it is for ---------------------------------------------------
@pytest.mark.parametrize("name", transcript.SCENES)
def test_the_transcripts_are_what_crosses_the_cable(name: str) -> None:
    assert transcript.render(name) == (transcript.FOLDER / f"{name}.txt").read_text("utf-8")


def test_no_transcript_shows_a_pin() -> None:
    for path in transcript.FOLDER.iterdir():
        assert not re.search(
            rf"{PIN.reveal().decode()}|{PIN.reveal().hex()}|000000", path.read_text("utf-8")
        )


def test_what_needs_a_pin_goes_through_a_session_by_itself(key: Key) -> None:
    assert sign(key) == 1
    assert key.is_secure


def test_every_pin_makes_a_message_of_the_same_length(key: Key, wire: Wire) -> None:
    key.secure()
    lengths: set[int] = set()
    for pin in (b"2468013579-and-as-long-as-it-gets"[:size] for size in (6, 20, LIMIT_PIN_MOST)):
        wire.steps.clear()
        refusal(lambda pin=pin: key.change_pin(Secret(pin), Secret(pin)))
        lengths.add(max(len(str(step[1])) for step in wire.steps))
    assert max(lengths) - min(lengths) <= 2 * 4  # COBS adds a byte where it has to


# --- what is refused --------------------------------------------------
@pytest.mark.parametrize(
    "number", SESSION_COMMANDS, ids=lambda number: COMMANDS[number].handler.__name__
)
def test_a_command_in_clear_is_refused_also_while_the_key_is_unlocked(
    number: int, wire: Wire
) -> None:
    soft = SoftOffice()
    key = wire.open()
    key.personalise(soft.grant(key.answer_offer(soft.offer())))
    key.set_pin(PIN)
    key.unlock(PIN)
    request = smallest(COMMANDS[number].request)
    assert refusal(lambda: key.connection.call(codec.encode_request(request))) == "session-required"
    assert key.refresh().unlocked_slot == 0


def test_a_key_with_a_certified_device_key_takes_no_pin_in_clear_whatever_the_host_allows(
    key: Key, wire: Wire
) -> None:
    again = wire.restart()
    again.pin_in_clear = True
    again.unlock(PIN)
    assert again.is_secure


def test_a_key_without_one_gets_no_pin_unless_its_person_allows_it(wire: Wire) -> None:
    office = SoftOffice(sessions=False)
    key = wire.open()
    key.personalise(office.grant(key.answer_offer(office.offer())))
    assert refusal(lambda: key.set_pin(PIN)) == "session-unavailable"
    assert not any(PIN.reveal().hex() in str(step[1]) for step in wire.steps)
    key.pin_in_clear = True
    key.set_pin(PIN)
    key.unlock(PIN)
    assert sign(key) == 1


def test_a_new_session_ends_the_one_before_and_locks_the_key(key: Key, wire: Wire) -> None:
    key.unlock(PIN)
    key.secure()
    assert key.refresh().unlocked_slot is None
    assert wire.key.token.user is None


def test_a_session_that_the_key_has_lost_is_opened_anew_and_the_pin_asked_for(
    key: Key, wire: Wire
) -> None:
    key.unlock(PIN)
    wire.key.token.end_session()
    person = Person()
    key.ui = person
    assert sign(key) == 1
    assert person.asked == [(0, None)]


@pytest.mark.parametrize("count", [LIMIT_BAD_CODES - 1, LIMIT_BAD_CODES])
def test_messages_that_were_made_up_end_the_session_when_there_are_too_many(
    count: int, key: Key, wire: Wire
) -> None:
    key.unlock(PIN)
    for number in range(count):
        wire.write(
            frames.encode_frame(KIND_REQUEST, 100 + number, 0, b"\x58\x98" + bytes((number,)) * 152)
        )
    assert (wire.key.token.user, wire.key.token.session is None) == (
        (0, False) if count < LIMIT_BAD_CODES else (None, True)
    )


def test_a_sealed_message_without_a_session_is_answered_that_there_is_none(key: Key) -> None:
    sealed = b"\x58\x98" + bytes(152)
    with pytest.raises(errors.KeyRefused) as caught:
        key.connection.call(sealed)
    assert caught.value.number == ERROR_SESSION_LOST


def test_a_sealed_message_under_an_id_that_somebody_used_before_is_sent_under_the_next(
    key: Key, wire: Wire
) -> None:
    key.unlock(PIN)
    taken = key.connection.last_id + 1
    wire.write(
        frames.encode_frame(KIND_REQUEST, taken, 0, codec.encode_request(m.ChainStateRequest()))
    )
    wire.read()
    assert sign(key) == 1


@pytest.mark.parametrize(
    "point", [bytes(65), b"\4" + bytes(64), b"\4" + b"\xff" * 64, b"\2" + bytes(64)]
)
def test_a_point_off_the_curve_is_refused_by_the_key(point: bytes, key: Key) -> None:
    request = m.HelloRequest(1, key.algorithm.name, bytes(16), point)
    assert refusal(lambda: key.connection.call(codec.encode_request(request))) == "bad-field"


@pytest.mark.parametrize(("version", "suite"), [(2, "ES256"), (1, "SM2"), (1, "")])
def test_a_hello_in_another_version_or_suite_is_refused(
    version: int, suite: str, wire: Wire
) -> None:
    office = SoftOffice()
    key = wire.open()
    key.personalise(office.grant(key.answer_offer(office.offer())))
    point = host_session.EphemeralP256().point
    request = codec.encode_request(m.HelloRequest(version, suite, bytes(16), point))
    assert refusal(lambda: key.connection.call(request)) == "unsupported-version"


@pytest.mark.parametrize("algorithm", [ES256, SM2], ids=["ES256", "SM2"])
@pytest.mark.parametrize("point", [bytes(65), b"\4" + bytes(64), b"\4" + b"\xff" * 64])
def test_a_point_off_the_curve_is_refused_by_the_host(point: bytes, algorithm: Algorithm) -> None:
    own = host_session.Opening(algorithm)._own
    with pytest.raises(StatementProblem):
        own.common(point)


def hello(
    key: Key, change: Callable[[m.HelloReply], None], certificate: bytes | None = None
) -> None:
    own = key.certificate()
    opening = host_session.Opening(key.algorithm)
    reply = codec.decode(m.HelloReply, key.connection.call(codec.encode_request(opening.request)))
    change(reply)
    device = key.profile(own).device_key
    assert device is not None
    opening.finish(reply, device, certificate or reply.certificate)


@pytest.mark.parametrize("field", ["nonce", "point", "certificate", "signature"])
def test_every_field_of_the_keys_hello_counts(field: str, key: Key) -> None:
    def flip(reply: m.HelloReply) -> None:
        raw = bytearray(getattr(reply, field))
        raw[-1] ^= 1
        setattr(reply, field, bytes(raw))

    with pytest.raises(StatementProblem):
        hello(key, flip)


def test_a_hello_under_another_certificate_is_refused_by_the_host(key: Key) -> None:
    with pytest.raises(StatementProblem):
        hello(key, lambda reply: None, bytes(32))


# --- the button after a wrong PIN -------------------------------------
def test_after_a_wrong_pin_the_next_one_needs_the_button(key: Key, wire: Wire) -> None:
    wire.presence(False)
    assert refusal(lambda: key.unlock(WRONG)) == "pin-wrong"
    assert refusal(lambda: key.unlock(PIN)) == "presence-refused"
    assert wire.key.token.vault.users.tries_left(0) == LIMIT_PIN_TRIES - 1
    wire.presence(True)
    key.unlock(PIN)
    wire.presence(False)
    key.unlock(PIN)


# --- who is it? -------------------------------------------------------
class Doubter(Person):
    """Is asked about keys that are new, and says what it was told to say."""

    def __init__(self, answer: bool) -> None:
        super().__init__()
        self.answer = answer
        self.met: list[tuple[str, str, str]] = []

    def new_key(self, serial: str, unit_name: str, fingerprint: str, root_known: bool) -> bool:
        self.met.append((serial, unit_name, fingerprint))
        return self.answer


def meet(wire: Wire, known: KnownKeys, answer: bool = True) -> Doubter:
    person = Doubter(answer)
    wire.key.start()
    key = Key(Connection(wire), person, known)
    key.unlock()
    return person


@pytest.fixture
def known(tmp_path) -> KnownKeys:  # type: ignore[no-untyped-def]
    return KnownKeys(tmp_path / "known.json")


def test_a_person_is_asked_about_a_key_once(key: Key, wire: Wire, known: KnownKeys) -> None:
    first = meet(wire, known)
    [(serial, unit_name, fingerprint)] = first.met
    assert (serial, unit_name) == ("BD-TEST-0001", "陇澜市第一中学")
    assert re.fullmatch(r"([0-9a-f]{4} ){7}[0-9a-f]{4}", fingerprint)
    assert meet(wire, known).met == []


def test_a_key_that_its_person_does_not_know_gets_no_pin(
    key: Key, wire: Wire, known: KnownKeys
) -> None:
    with pytest.raises(errors.KeyUnknown):
        meet(wire, known, answer=False)
    assert known.all() == {}


class Liar:
    """A cable on which somebody changes what the key says in clear: replies of one kind, each made
    again by a function.
    """

    def __init__(self, wire: Wire, kind: type, change: Callable[[object], None]) -> None:
        self._pending: dict[int, bool] = {}
        wire.cut_out, wire.cut_in = self._watch, self._lie
        self._kind, self._change = kind, change

    def _watch(self, data: bytes) -> bytes:
        for frame in frames_in(data):
            if frame[0] == KIND_REQUEST and frame[2][:1] == b"\x82":
                number = codec.split_request(frame[2])[0]
                self._pending[frame[1]] = COMMANDS[number].request.__name__.removesuffix(
                    "Request"
                ) == self._kind.__name__.removesuffix("Reply")
        return data

    def _lie(self, data: bytes) -> bytes:
        out = b""
        for kind, request_id, payload in frames_in(data):
            if kind == KIND_REPLY and self._pending.get(request_id):
                reply = codec.decode(self._kind, payload)
                self._change(reply)
                out += frames.encode_frame(kind, request_id, 0, codec.encode(reply))
            else:
                out += frames.encode_frame(kind, request_id, 0, payload)
        return out


def frames_in(data: bytes) -> list[tuple[int, int, bytes]]:
    reader, found = frames.FrameReader(), []
    reader.put(data, len(data))
    while (frame := reader.next()) is not None:
        found.append((frame.kind, frame.request_id, bytes(frame.payload)))
    return found


@pytest.mark.parametrize("known_before", [True, False])
def test_a_key_that_is_said_to_be_no_key_in_service_gets_no_pin_in_clear(
    known_before: bool, key: Key, wire: Wire, known: KnownKeys
) -> None:
    if known_before:
        meet(wire, known)
    wire.steps.clear()
    wire.key.start()
    Liar(wire, m.InfoReply, lambda reply: setattr(reply, "state", 2))
    victim = Key(Connection(wire), Person(), known)
    assert victim.info.state == 2
    victim.unlock()
    assert victim.is_secure
    assert not any(PIN.reveal().hex() in str(step[1]) for step in wire.steps)


def test_a_pin_is_not_sent_again_by_itself_when_the_session_was_lost(key: Key, wire: Wire) -> None:
    key.unlock(PIN)
    wire.key.token.end_session()
    assert refusal(lambda: key.unlock(WRONG)) == "session-lost"
    assert wire.key.token.vault.users.tries_left(0) == LIMIT_PIN_TRIES
    assert refusal(lambda: key.unlock(WRONG)) == "pin-wrong"


def test_a_stream_ends_with_who_began_it(key: Key, wire: Wire) -> None:
    key.unlock(PIN)
    ask(key, m.SignBeginRequest(b"k" * 16, "filing", len(MANIFEST), key.algorithm.digest(MANIFEST)))
    assert wire.key.token.stream is not None
    key.secure()
    assert wire.key.token.stream is None


def test_junk_does_not_keep_a_key_unlocked(key: Key, wire: Wire) -> None:
    key.unlock(PIN)
    for _ in range(3):
        wire.key.board.clock.now += LIMIT_AUTO_LOCK_MS // 2
        wire.write(frames.encode_frame(KIND_REQUEST, 500, 0, b"\x58\x98" + bytes(152)))
        wire.write(frames.encode_frame(KIND_DATA, 9, 0, b"nobody asked"))
    assert wire.key.token.user is None


def test_an_error_in_clear_does_not_end_a_stream_in_a_session(key: Key, wire: Wire) -> None:
    key.unlock(PIN)
    genuine, told = wire.cut_in, [False]

    def lie(data: bytes) -> bytes:
        for kind, request_id, _ in frames_in(data):
            if kind == KIND_ACK and not told[0]:
                told[0] = True
                return (
                    frames.encode_frame(
                        KIND_ERROR, request_id, 0, codec.encode(m.ErrorInfo(ERROR_PIN_LOCKED))
                    )
                    + data
                )
        return genuine(data)

    wire.cut_in = lie
    assert sign(key) == 1
    assert told == [True]


def test_a_program_takes_new_keys_of_an_office_that_it_knows_and_no_others(
    key: Key, wire: Wire, known: KnownKeys
) -> None:
    wire.key.start()
    with pytest.raises(errors.KeyUnknown):
        Key(Connection(wire), None, known).unlock(PIN)
    meet(wire, known)
    met = known.get("BD-TEST-0001")
    assert met is not None
    known.forget("BD-TEST-0001")
    known.remember("BD-OTHER", met)
    wire.key.start()
    Key(Connection(wire), None, known).unlock(PIN)
    assert known.get("BD-TEST-0001") is not None


def test_personalising_believes_only_a_certificate_that_is_the_grants(
    wire: Wire, known: KnownKeys
) -> None:
    office = SoftOffice()
    key = Key(Connection(wire), None, known)
    grant = office.grant(key.answer_offer(office.offer()))
    Liar(wire, m.ReadCertificateReply, lambda reply: setattr(reply, "x509", b"another"))
    with pytest.raises(errors.KeyNotGenuine):
        key.personalise(grant)
    assert known.all() == {}


def test_personalising_does_not_replace_what_is_known_of_another_device(
    wire: Wire, known: KnownKeys
) -> None:
    office = SoftOffice()
    known.remember("BD-TEST-0001", Known("00" * 65, "", "", "", 0))
    key = Key(Connection(wire), None, known)
    with pytest.raises(errors.KeyChanged):
        key.personalise(office.grant(key.answer_offer(office.offer())))


def test_a_connection_stays_with_the_device_that_it_has_met(
    key: Key, wire: Wire, office: SoftOffice
) -> None:
    key.unlock(PIN)
    other = Wire(TestBoard(seed=b"another device"))
    fresh = other.open()
    fresh.personalise(office.grant(fresh.answer_offer(office.offer())))
    wire.key = other.key
    wire.key.feed(
        b"\0"
        + frames.encode_frame(KIND_RESYNC, 0, 0, codec.encode(m.Resync(key.connection._nonce)))
    )
    with pytest.raises(errors.KeyChanged):
        sign(key)


def test_a_key_that_did_not_prove_itself_is_not_remembered(
    key: Key, wire: Wire, known: KnownKeys, office: SoftOffice
) -> None:
    impostor = Key(Connection(wire), Doubter(answer=True), known)
    profile = impostor.profile()
    profile.device_key = office.issuer.public_key
    impostor.profile = lambda own=None: profile  # type: ignore[method-assign]
    with pytest.raises(errors.KeyNotGenuine):
        impostor.unlock()
    assert known.all() == {}


def test_a_person_is_shown_what_the_office_signed_and_not_what_the_key_says(
    key: Key, wire: Wire, known: KnownKeys
) -> None:
    person = Doubter(answer=True)
    liar = Key(Connection(wire), person, known)
    liar.info.unit_name, liar.info.uscc = "陇澜市委编办（虚构）", "11629900MB0000000F"
    liar.unlock()
    assert person.met[0][1] == "陇澜市第一中学"
    met = known.get("BD-TEST-0001")
    assert met is not None
    assert met.uscc == "12629900MB00000274"


def test_an_old_certificate_does_not_talk_a_host_out_of_the_session(
    wire: Wire, known: KnownKeys
) -> None:
    office = SoftOffice(sessions=False)  # as if from before device keys
    key = Key(Connection(wire), Person(), known)
    key.personalise(office.grant(key.answer_offer(office.offer())))
    key.pin_in_clear = True
    key.set_pin(PIN)
    known.remember("BD-TEST-0001", Known("00" * 65, "", "", "", 0))
    wire.key.start()
    again = Key(Connection(wire), Person(), known)
    again.pin_in_clear = True
    assert refusal(again.unlock) == "session-unavailable"


def test_another_device_under_a_known_serial_number_gets_no_pin(
    key: Key, wire: Wire, known: KnownKeys, office: SoftOffice
) -> None:
    meet(wire, known)
    other = Wire(TestBoard(seed=b"another device"))
    fresh = other.open()
    fresh.personalise(office.grant(fresh.answer_offer(office.offer())))
    fresh.set_pin(PIN)
    with pytest.raises(errors.KeyChanged) as caught:
        meet(other, known)
    assert "forget BD-TEST-0001" in caught.value.next_step("en")
    assert known.forget("BD-TEST-0001")
    assert meet(other, known).met


def test_a_key_keeps_its_device_key_through_a_reset(
    key: Key, wire: Wire, office: SoftOffice, known: KnownKeys
) -> None:
    meet(wire, known)
    again = wire.restart()
    office.reset(again)
    again.personalise(office.grant(again.answer_offer(office.offer())))
    again.set_pin(PIN)
    assert meet(wire, known).met == []


def test_to_personalise_a_key_is_to_know_it(wire: Wire, known: KnownKeys) -> None:
    office = SoftOffice()
    key = Key(Connection(wire), None, known)
    key.personalise(office.grant(key.answer_offer(office.offer())))
    assert known.get("BD-TEST-0001") is not None


def test_a_record_of_known_keys_that_cannot_be_read_is_no_empty_one(
    key: Key, wire: Wire, known: KnownKeys
) -> None:
    known.path.write_text("{broken")
    with pytest.raises(errors.FolderProblem) as caught:
        meet(wire, known)
    assert caught.value.code == "known-keys-unreadable"


def test_the_record_of_known_keys_is_readable_by_its_owner_only(
    key: Key, wire: Wire, known: KnownKeys
) -> None:
    meet(wire, known)
    assert known.path.stat().st_mode & 0o077 == 0


def test_a_grant_for_another_device_key_is_refused(wire: Wire, office: SoftOffice) -> None:
    key = wire.open()
    grant = office.grant(key.answer_offer(office.offer()), device_key=office.issuer.public_key)
    assert refusal(lambda: key.personalise(grant)) == "key-mismatch"


# --- both ends agree --------------------------------------------------
def pair(
    common: bytes = bytes(range(32)), transcript: bytes = b"t" * 32
) -> tuple[host_session.Session, key_session.Session]:
    return host_session.Session(common, transcript), key_session.Session(
        bytearray(common), transcript
    )


def opened(session: key_session.Session, sealed: bytes) -> bytes | None:
    part = key_session.sealed_part(sealed)
    assert part is not None
    return session.open(KIND_REQUEST, part)


@given(st.binary(max_size=700), st.binary(max_size=700), st.sampled_from([KIND_REPLY, KIND_ERROR]))
def test_what_one_end_seals_the_other_opens(request_: bytes, reply: bytes, kind: int) -> None:
    host, key = pair()
    sealed = host.seal(KIND_REQUEST, request_)
    assert opened(key, sealed) == request_
    answer = key.seal(kind, reply)
    assert host.open(kind, answer) == reply
    assert host.open(KIND_REPLY + KIND_ERROR - kind, answer) is None
    assert (len(sealed) - 2 - 24) % LIMIT_SEAL_PAD in (0, 1)


@given(st.binary(max_size=300), st.data())
def test_a_changed_bit_anywhere_opens_nothing(message: bytes, data: st.DataObject) -> None:
    host, key = pair()
    sealed = host.seal(KIND_REQUEST, message)
    place = data.draw(st.integers(0, 8 * len(sealed) - 1))
    flipped = bytearray(sealed)
    flipped[place // 8] ^= 1 << place % 8
    part = key_session.sealed_part(bytes(flipped))
    assert part is None or key.open(KIND_REQUEST, part) is None
    assert opened(key, sealed) == message
    answer = bytearray(key.seal(KIND_REPLY, message))
    place = data.draw(st.integers(0, 8 * len(answer) - 1))
    answer[place // 8] ^= 1 << place % 8
    assert host.open(KIND_REPLY, bytes(answer)) is None


def test_a_message_is_opened_once_and_in_its_turn() -> None:
    host, key = pair()
    first, second, third = (host.seal(KIND_REQUEST, bytes((number,))) for number in range(3))
    assert opened(key, second) is None
    assert [opened(key, one) for one in (first, first, third, second, third)] == [
        b"\0",
        None,
        None,
        b"\1",
        b"\2",
    ]


def test_the_answer_to_an_earlier_request_is_none_to_a_later_one() -> None:
    host, key = pair()
    opened(key, host.seal(KIND_REQUEST, b"first"))
    answer = key.seal(KIND_REPLY, b"answer")
    host.seal(KIND_REQUEST, b"second")
    assert host.open(KIND_REPLY, answer) is None


def test_the_two_directions_have_keys_of_their_own() -> None:
    host, key = pair()
    sealed = host.seal(KIND_REQUEST, b"message")
    assert host.open(KIND_REQUEST, sealed) is None
    opened(key, sealed)
    assert key.seal(KIND_REQUEST, b"message") != sealed


def test_a_session_that_is_over_holds_nothing() -> None:
    _, key = pair()
    key.wipe()
    assert not any(
        byte
        for part in key._hides + key._proves
        for byte in bytes(part._inner) + bytes(part._outer)
    )


@given(st.integers(2, sm2.N - 3))
def test_the_hosts_ladder_on_sm2p256v1_multiplies_as_the_key_does(scalar: int) -> None:
    secret = scalar.to_bytes(32, "big")
    x, y = sm2.multiply(sm2.G, scalar)
    assert b"\4" + x.to_bytes(32, "big") + y.to_bytes(32, "big") == key_sm2.public_key(secret)


@pytest.mark.parametrize("scalar", [2, 3, 4, sm2.N - 3, sm2.N - 4, 1 << 255, (1 << 256) - sm2.N])
def test_the_hosts_ladder_has_no_edges(scalar: int) -> None:
    x, y = sm2.multiply(sm2.G, scalar)
    assert b"\4" + x.to_bytes(32, "big") + y.to_bytes(32, "big") == key_sm2.public_key(
        scalar.to_bytes(32, "big")
    )


@pytest.mark.parametrize("scalar", [0, 1, sm2.N - 2, sm2.N - 1, sm2.N])
def test_the_hosts_ladder_refuses_what_it_cannot_climb(scalar: int) -> None:
    with pytest.raises(ValueError, match="infinity"):
        sm2.multiply(sm2.G, scalar)
