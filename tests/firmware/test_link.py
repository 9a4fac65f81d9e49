"""The link from the key's side: lost, doubled, mangled and foreign bytes (SPEC.md section 2)."""

import itertools
import random

import pytest

from biandun import errors
from biandun.key import connection as connections
from biandun.key.connection import Connection
from biandun.keys import Key
from biandun_protocol.wire import codec, frames
from biandun_protocol.wire.messages import ErrorInfo, InfoReply, InfoRequest, Resync
from biandun_protocol.wire.numbers import (
    ERROR_REQUEST_ID_REUSED,
    ERROR_TOO_LARGE,
    KIND_ACK,
    KIND_CANCEL,
    KIND_DATA,
    KIND_ERROR,
    KIND_KEEPALIVE,
    KIND_REPLY,
    KIND_REQUEST,
    KIND_RESYNC,
    LIMIT_MESSAGE,
)
from tests.firmware.conftest import Wire
from tests.firmware.testboard import TestKey
from tests.support import softkey
from tests.support.person import PIN, Person
from tests.support.softoffice import SoftOffice

INFO = codec.encode_request(InfoRequest(1))


def heard(data: bytes) -> list[tuple[int, int, bytes]]:
    """(kind, request id, payload) of every frame in ``data``."""
    reader = frames.FrameReader()
    reader.put(data, len(data))
    out: list[tuple[int, int, bytes]] = []
    while (frame := reader.next()) is not None:
        out.append((frame.kind, frame.request_id, bytes(frame.payload)))
    return out


def resync(nonce: bytes) -> bytes:
    return frames.encode_frame(KIND_RESYNC, 0, 0, codec.encode(Resync(nonce)))


@pytest.fixture
def linked() -> TestKey:
    key = TestKey()
    key.feed(resync(b"12345678"))
    return key


def test_before_a_resync_the_key_says_nothing() -> None:
    assert TestKey().feed(frames.encode_frame(KIND_REQUEST, 1, 0, INFO)) == b""


def test_a_modem_manager_is_ignored() -> None:
    key = TestKey()
    assert key.feed(b"AT\r\nATI\r\n\x00AT+CGMM\r\n") == b""
    assert [kind for kind, _, _ in heard(key.feed(b"\0" + resync(b"12345678")))] == [KIND_RESYNC]


def test_a_megabyte_of_junk_takes_no_memory_and_leaves_the_key_well() -> None:
    key = TestKey()
    junk = random.Random(1)
    for _ in range(64):
        key.feed(junk.randbytes(16384))
    assert len(key.feed(b"\0" + resync(b"12345678"))) > 0


def test_the_nonce_comes_back_with_version_and_last_completed_request(linked: TestKey) -> None:
    linked.feed(frames.encode_frame(KIND_REQUEST, 7, 0, INFO))
    ((_, _, payload),) = heard(linked.feed(resync(b"87654321")))
    answer = codec.decode(Resync, payload)
    assert (answer.nonce, answer.version, answer.last_completed) == (b"87654321", 1, 7)


def test_a_repeated_request_gets_the_same_bytes(linked: TestKey) -> None:
    asked = frames.encode_frame(KIND_REQUEST, 7, 0, INFO)
    assert linked.feed(asked) == linked.feed(asked)


def test_a_resync_with_the_same_nonce_keeps_the_last_reply(linked: TestKey) -> None:
    asked = frames.encode_frame(KIND_REQUEST, 7, 0, INFO)
    before = linked.feed(asked)
    linked.feed(resync(b"12345678"))
    linked.board.serial = "BD-CHANGED"  # a fresh answer would differ
    assert linked.feed(asked) == before


def test_a_resync_with_another_nonce_forgets_the_last_reply(linked: TestKey) -> None:
    asked = frames.encode_frame(KIND_REQUEST, 7, 0, INFO)
    before = linked.feed(asked)
    linked.feed(resync(b"abcdefgh"))
    linked.board.serial = "BD-CHANGED"
    assert linked.feed(asked) != before


def test_an_id_used_again_for_other_bytes_is_an_error(linked: TestKey) -> None:
    linked.feed(frames.encode_frame(KIND_REQUEST, 7, 0, INFO))
    ((kind, _, payload),) = heard(
        linked.feed(frames.encode_frame(KIND_REQUEST, 7, 0, INFO + b"\0"))
    )
    assert (kind, codec.decode(ErrorInfo, payload).code) == (KIND_ERROR, ERROR_REQUEST_ID_REUSED)


def fragments(message: bytes, cut: int) -> list[bytes]:
    return [
        frames.encode_frame(
            KIND_REQUEST, 9, at, message[at : at + cut], more=at + cut < len(message)
        )
        for at in range(0, len(message), cut)
    ]


def test_a_request_in_fragments_is_one_request(linked: TestKey) -> None:
    ((kind, request_id, payload),) = heard(linked.feed(b"".join(fragments(INFO, 2))))
    assert (kind, request_id) == (KIND_REPLY, 9)
    assert codec.decode(InfoReply, payload).serial == "BD-TEST-0001"


def test_a_request_that_lost_a_fragment_is_dropped_and_its_repetition_answered(
    linked: TestKey,
) -> None:
    one, two, three = fragments(INFO, 2)
    assert linked.feed(one + three) == b""
    assert len(heard(linked.feed(one + two + three))) == 1


def test_a_request_over_the_limit_is_refused_and_the_next_one_answered(linked: TestKey) -> None:
    message = bytes(LIMIT_MESSAGE + 1)
    ((kind, request_id, payload),) = heard(linked.feed(b"".join(fragments(message, 4000))))
    assert (kind, request_id, codec.decode(ErrorInfo, payload).code) == (
        KIND_ERROR,
        9,
        ERROR_TOO_LARGE,
    )
    assert len(heard(linked.feed(frames.encode_frame(KIND_REQUEST, 10, 0, INFO)))) == 1


def test_frames_of_unknown_kinds_and_stray_cancels_are_ignored(linked: TestKey) -> None:
    stray = b"".join(
        frames.encode_frame(kind, 1, 0, b"")
        for kind in (0, 42, 255, KIND_CANCEL, KIND_KEEPALIVE, KIND_REPLY)
    )
    assert linked.feed(stray) == b""


def test_every_flipped_bit_of_a_request_frame_goes_unanswered_or_is_an_error(
    linked: TestKey,
) -> None:
    whole = frames.encode_frame(KIND_REQUEST, 7, 0, INFO)
    for bit in range(8 * (len(whole) - 1)):
        broken = bytearray(whole)
        broken[bit // 8] ^= 1 << bit % 8
        assert linked.feed(bytes(broken) + b"\0") == b""
    assert len(heard(linked.feed(whole))) == 1


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that repeats at once: these tests lose frames on purpose and need not wait for it."""
    monkeypatch.setattr(connections, "RETRANSMIT", 0.001)


class Loss:
    """Drops, doubles or mangles a share of the frames, the same way in every run."""

    def __init__(self, seed: int, share: float) -> None:
        self.random = random.Random(seed)
        self.share = share

    def __call__(self, data: bytes) -> bytes:
        out = b""
        for frame in data.split(b"\0")[:-1]:
            chance = self.random.random()
            whole = frame + b"\0"
            if chance < self.share / 3:
                continue
            if chance < 2 * self.share / 3:
                whole += whole
            elif chance < self.share and frame:
                at = self.random.randrange(len(frame))
                whole = frame[:at] + bytes((frame[at] ^ 0x55 or 1,)) + frame[at + 1 :] + b"\0"
            out += whole
        return out


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.usefixtures("hasty")
def test_a_line_that_loses_doubles_and_mangles_frames_signs_the_right_thing_once(
    seed: int, key: Key, wire: Wire
) -> None:
    manifest = softkey.manifest(reason="长" * 1999)
    whole = key.sign(manifest, purpose="filing", idempotency_key=b"0" * 16, claimed_time=1)
    wire.cut_out, wire.cut_in = Loss(seed, 0.3), Loss(seed + 100, 0.3)
    signed = key.sign(manifest, purpose="filing", idempotency_key=b"1" * 16, claimed_time=1)
    wire.cut_out = wire.cut_in = lambda data: data
    assert signed.seq == 2
    assert key.chain().seq == 2
    assert key.fetch(seq=2).statement == signed.statement != whole.statement


@pytest.mark.usefixtures("hasty")
def test_a_long_stream_survives_a_bad_line(key: Key, wire: Wire) -> None:
    from tests.firmware.test_signing import raw_manifest

    wire.cut_out, wire.cut_in = Loss(1, 0.2), Loss(2, 0.2)
    signed = key.sign(raw_manifest(300_000), purpose="filing", idempotency_key=b"1" * 16)
    assert signed.seq == 1


def test_cancelling_a_stream_drops_it(key: Key) -> None:
    key.connection.cancel.set()
    with pytest.raises(errors.KeyRefused) as caught:
        key.sign(softkey.manifest(), purpose="filing", idempotency_key=b"1" * 16)
    key.connection.cancel.clear()
    assert caught.value.code == "cancelled"
    assert key.chain().seq == 0
    assert key.sign(softkey.manifest(), purpose="filing", idempotency_key=b"1" * 16).seq == 1


def test_a_new_host_makes_the_key_give_up_waiting_for_the_button(key: Key, wire: Wire) -> None:
    wire.presence(None)
    manifest = softkey.manifest()
    board = wire.key.board
    genuine = board.button
    looks = 0

    def button() -> bool | None:
        nonlocal looks
        looks += 1
        if looks == 3:
            board.port.incoming += resync(b"newcomer")
        return genuine()

    board.button = button  # type: ignore[method-assign]
    with pytest.raises(errors.KeyRefused) as caught:
        key.sign(manifest, purpose="filing", idempotency_key=b"1" * 16)
    assert caught.value.code == "cancelled"
    assert looks < 10
    assert Key(Connection(wire), Person()).chain().seq == 0


def test_a_waiting_key_sends_keepalives_and_obeys_a_cancel(
    key: Key, wire: Wire, office: SoftOffice
) -> None:
    wire.presence(None)
    manifest = softkey.manifest()
    seen: list[str] = []

    class Impatient(Person):
        def need_presence(self, serial: str) -> None:
            seen.append(serial)

    key.ui = Impatient()
    board = wire.key.board
    looks = 0

    def button() -> bool | None:
        nonlocal looks
        looks += 1
        if looks == 200:
            board.port.incoming += frames.encode_frame(KIND_CANCEL, key.connection.last_id, 0, b"")
        return None

    board.button = button  # type: ignore[method-assign]
    with pytest.raises(errors.KeyRefused) as caught:
        key.sign(manifest, purpose="filing", idempotency_key=b"1" * 16)
    assert caught.value.code == "cancelled"
    assert seen == [key.info.serial]


def test_an_answer_that_comes_late_is_taken_all_the_same(
    key: Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A computer that is slow or was asleep has no quarrel with its key."""
    slow = itertools.count()
    monkeypatch.setattr(
        connections.time, "monotonic", lambda: 3.0 * next(slow)
    )  # so long passes whenever somebody looks at the clock
    assert key.chain().seq == 0
    assert len(key.certificate().x509) > 0


def test_data_for_no_stream_is_answered_with_an_error(linked: TestKey) -> None:
    ((kind, request_id, _),) = heard(linked.feed(frames.encode_frame(KIND_DATA, 3, 0, b"x")))
    assert (kind, request_id) == (KIND_ERROR, 3)


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("what", ["first data frame", "second half of a reply"])
def test_a_line_on_which_nothing_gets_on_is_given_up(
    what: str, key: Key, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "PATIENCE", 0.05)
    key.unlock(PIN)

    def lose(data: bytes) -> bytes:
        kept = b""
        for frame in data.split(b"\0")[:-1]:
            reader = frames.FrameReader()
            reader.put(frame + b"\0", len(frame) + 1)
            one = reader.next()
            lost = one is not None and (
                (one.kind == KIND_DATA and one.offset == 0)
                or (one.kind == KIND_REPLY and one.offset > 0)
            )
            kept += b"" if lost else frame + b"\0"
        return kept

    wire.cut_out = wire.cut_in = lose
    with pytest.raises(errors.LinkTimeout):
        if what == "first data frame":
            key.sign(
                softkey.manifest(reason="长" * 1999), purpose="filing", idempotency_key=b"1" * 16
            )
        else:
            long_reply(key, wire)


def long_reply(key: Key, wire: Wire) -> None:
    """Ask for something whose answer takes two frames."""
    monkey = wire.key.token.vault.identity
    genuine = monkey.certificate
    monkey.certificate = lambda: [b"s" * 1024, b"m" * 2048, b"x" * 1536]  # type: ignore[method-assign]
    try:
        key.certificate()
    finally:
        monkey.certificate = genuine  # type: ignore[method-assign]


def test_a_cancel_of_something_else_cancels_nothing(key: Key, wire: Wire) -> None:
    key.unlock(PIN)
    wire.presence(None)
    board, looks = wire.key.board, 0

    def button() -> bool | None:
        nonlocal looks
        looks += 1
        if looks == 2:
            board.port.incoming += frames.encode_frame(
                KIND_CANCEL, key.connection.last_id + 1, 0, b""
            )
        return True if looks == 10 else None

    board.button = button  # type: ignore[method-assign]
    assert key.sign(softkey.manifest(), purpose="filing", idempotency_key=b"1" * 16).seq == 1
    assert looks == 10


def test_a_cancel_of_another_stream_leaves_the_open_one(key: Key, wire: Wire) -> None:
    from tests.firmware.test_signing import MANIFEST, begin, finish

    stream = begin(key, MANIFEST)
    assert wire.key.feed(frames.encode_frame(KIND_CANCEL, stream + 1, 0, b"")) == b""
    key.connection.stream(stream, MANIFEST, 8)
    finish(key)


def test_every_second_data_frame_is_acknowledged_and_the_last(key: Key, wire: Wire) -> None:
    from tests.firmware.test_signing import begin, raw_manifest

    manifest = raw_manifest(5000)
    stream = begin(key, manifest)
    acks = [
        [
            kind
            for kind, _, _ in heard(
                wire.key.feed(frames.encode_frame(KIND_DATA, stream, at, manifest[at : at + 1000]))
            )
        ]
        for at in range(0, 5000, 1000)
    ]
    assert acks == [[], [KIND_ACK], [], [KIND_ACK], [KIND_ACK]]


def test_the_host_goes_back_at_once_when_an_ack_is_said_twice(
    key: Key, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.firmware.test_signing import raw_manifest

    # nothing but the repeated ack can bring the frame back
    monkeypatch.setattr(connections, "RETRANSMIT", 1e6)
    monkeypatch.setattr(connections, "PATIENCE", 1e6)
    key.unlock(PIN)
    lost: list[int] = []
    silent = 0

    def lose_one(data: bytes) -> bytes:
        kept = b""
        for frame in data.split(b"\0")[:-1]:
            reader = frames.FrameReader()
            reader.put(frame + b"\0", len(frame) + 1)
            one = reader.next()
            if one is not None and one.kind == KIND_DATA and one.offset and not lost:
                lost.append(one.offset)
            else:
                kept += frame + b"\0"
        return kept

    def count_silence(data: bytes) -> bytes:
        nonlocal silent
        silent = 0 if data else silent + 1
        assert silent < 100, "the host waits for what will never come"
        return data

    wire.cut_out, wire.cut_in = lose_one, count_silence
    assert key.sign(raw_manifest(30_000), purpose="filing", idempotency_key=b"1" * 16).seq == 1
    assert lost


def test_a_resync_answered_with_another_nonce_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    class Impostor:
        name = "impostor"

        def __init__(self) -> None:
            self.answer = b""

        def read(self) -> bytes:
            answer, self.answer = self.answer, b""
            return answer

        def write(self, data: bytes) -> None:
            self.answer = frames.encode_frame(
                KIND_RESYNC, 0, 0, codec.encode(Resync(b"anothers", 1))
            )

        def close(self) -> None:
            pass

    monkeypatch.setattr(connections, "RETRANSMIT", 0.001)
    with pytest.raises(errors.LinkGarbled):
        Connection(Impostor()).resync(patience=0.02)
