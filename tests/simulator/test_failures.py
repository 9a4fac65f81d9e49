"""What a clerk meets when hardware fails: every phase unplugged, a foreign device, several keys, a
port in use.
"""

import json
import os
import threading
import tty
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from biandun import errors, keys
from biandun.cli.main import run
from biandun.key import connection as connections
from biandun.key.transport import SerialTransport
from biandun_protocol.wire import codec, frames
from biandun_protocol.wire.messages import InfoRequest, Resync
from biandun_protocol.wire.numbers import KIND_REPLY, KIND_REQUEST, KIND_RESYNC, PROTOCOL_VERSION
from biandun_simulator.simulated_key import SimulatedKey
from tests.firmware.test_signing import raw_manifest
from tests.support.person import Person

MANIFEST = raw_manifest(40_000)
INFO = codec.encode_request(InfoRequest(PROTOCOL_VERSION))
PHASES = [
    "resync",
    "info",
    "certificate",
    "hello",
    "sign_begin, locked",
    "unlock",
    "sign_begin",
    "data",
    "more data",
    "sign_finish",
]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "PATIENCE", 0.3)
    monkeypatch.setattr(connections, "RETRANSMIT", 0.1)


@pytest.mark.parametrize("write", range(1, len(PHASES) + 1), ids=PHASES)
@pytest.mark.usefixtures("impatient")
def test_unplugging_in_any_phase_is_named_and_the_next_try_signs_once(
    write: int, simulated: SimulatedKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    genuine, count = SerialTransport.write, 0

    def pull_the_plug(self: SerialTransport, data: bytes) -> None:
        nonlocal count
        count += 1
        if count == write:
            simulated.unplug()
        genuine(self, data)

    monkeypatch.setattr(SerialTransport, "write", pull_the_plug)
    with (
        pytest.raises(errors.LinkProblem) as caught,
        keys.open(port=simulated.port, ui=Person()) as key,
    ):
        key.sign(MANIFEST, purpose="filing", idempotency_key=b"k" * 16)
    assert caught.value.code in ("unplugged", "link-timeout")
    assert (caught.value.exit_status, caught.value.retriable) == (11, True)
    monkeypatch.setattr(SerialTransport, "write", genuine)
    simulated.plug()
    with keys.open(port=simulated.port, ui=Person()) as key:
        assert key.sign(MANIFEST, purpose="filing", idempotency_key=b"k" * 16).seq == 1
        assert key.chain().seq == 1


@pytest.fixture
def device() -> Iterator[Callable[[Callable[[bytes], bytes]], str]]:
    """A function that puts some other device on a pseudo-terminal: what it answers to what it
    reads.
    """
    opened: list[int] = []
    stop = threading.Event()
    threads: list[threading.Thread] = []

    def make(answer: Callable[[bytes], bytes]) -> str:
        board, line = os.openpty()
        tty.setraw(line)
        opened.extend((board, line))
        os.set_blocking(board, False)

        def serve() -> None:
            while not stop.wait(0.005):
                try:
                    data = os.read(board, 4096)
                except BlockingIOError:
                    continue
                except OSError:
                    return
                reply = answer(data)
                if reply:
                    os.write(board, reply)

        threads.append(threading.Thread(target=serve, daemon=True))
        threads[-1].start()
        return os.ttyname(line)

    yield make
    stop.set()
    for thread in threads:
        thread.join()
    for descriptor in opened:
        os.close(descriptor)


def other_version(data: bytes) -> bytes:
    """A key of protocol version 9."""
    reader = frames.FrameReader()
    reader.put(data, len(data))
    frame = reader.next()
    if frame is None:
        return b""
    nonce = codec.decode(Resync, bytes(frame.payload)).nonce
    return frames.encode_frame(KIND_RESYNC, 0, 0, codec.encode(Resync(nonce, 9)))


DEVICES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "silent": (lambda data: b"", "link-timeout"),
    "a modem": (lambda data: b"OK\r\n", "link-garbled"),
    "an echo": (lambda data: data, "link-garbled"),
    "a REPL": (lambda data: b">>> \x00\x04raw REPL; CTRL-B to exit\r\n>", "link-garbled"),
    "another version": (other_version, "link-garbled"),
}


@pytest.mark.parametrize("name", DEVICES)
@pytest.mark.usefixtures("impatient")
def test_a_device_that_is_no_key_is_told_from_a_silent_one(
    name: str, device: Callable[[Callable[[bytes], bytes]], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections.Connection, "resync", quick(connections.Connection.resync))
    answer, code = DEVICES[name]
    with pytest.raises(errors.LinkProblem) as caught:
        keys.open(port=device(answer))
    assert (caught.value.code, caught.value.exit_status) == (code, 11)


def quick(genuine: Callable[..., None]) -> Callable[..., None]:
    """Resync with a short patience: the default is an argument's, fixed when the module was
    read.
    """
    return lambda self, patience=0.3: genuine(self, min(patience, 0.3))


@pytest.fixture
def announced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "announced"
    folder.mkdir()
    monkeypatch.setenv("BIANDUN_PORTS", str(folder))
    return folder


def announce(folder: Path, *ports: SimulatedKey) -> None:
    for key in ports:
        (folder / f"{key.serial}.json").write_text(json.dumps({"port": key.port, "pid": key.pid}))


def test_two_keys_without_a_serial_number_are_listed_and_none_is_used(
    simulated_keys: Callable[[str], SimulatedKey],
    announced: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    announce(announced, simulated_keys("BD-000001"), simulated_keys("BD-000002"))
    status = run(["keys", "info", "--json"])
    error = json.loads(capsys.readouterr().err)["error"]
    assert (status, error["code"]) == (3, "several-keys")
    assert "BD-000001, BD-000002" in error["message"]
    assert run(["keys", "info", "--serial", "BD-000002", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["serial"] == "BD-000002"


def test_a_key_that_announces_another_serial_number_is_not_used(
    simulated_keys: Callable[[str], SimulatedKey], announced: Path
) -> None:
    key = simulated_keys("BD-000001")
    (announced / "BD-000007.json").write_text(json.dumps({"port": key.port, "pid": key.pid}))
    with pytest.raises(errors.KeyNotFound):
        keys.open(serial="BD-000007")


def test_a_busy_key_is_a_row_of_the_list_and_an_error_of_a_command(
    simulated_keys: Callable[[str], SimulatedKey],
    announced: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    busy, free = simulated_keys("BD-000001"), simulated_keys("BD-000002")
    announce(announced, busy, free)
    with keys.open(port=busy.port):
        rows = keys.list()
        assert [row.problem.code if row.problem else None for row in rows] == ["port-busy", None]
        assert run(["keys", "info", "--serial", "BD-000001", "--json"]) == 4
    assert json.loads(capsys.readouterr().err)["error"]["code"] == "port-busy"


@pytest.mark.parametrize(
    ("number", "code", "status"),
    [
        (13, "port-permission", 5),
        (16, "port-busy", 4),
        (2, "key-not-found", 3),
        (5, "port-failed", 11),
    ],
)
def test_what_the_system_says_of_a_port_has_our_name(
    number: int, code: str, status: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import serial

    def refuse(*_: object, **__: object) -> None:
        raise serial.SerialException(number, os.strerror(number))

    monkeypatch.setattr(serial, "Serial", refuse)
    for _ in range(2):  # the lock was let go
        with pytest.raises(errors.HostProblem) as caught:
            SerialTransport(str(tmp_path / "port"))
        assert (caught.value.code, caught.value.exit_status) == (code, status)


def test_a_host_that_stops_reading_gets_every_answer_when_it_reads_again(
    simulated: SimulatedKey,
) -> None:
    line = SerialTransport(simulated.port)
    try:
        line.write(b"\0" + frames.encode_frame(KIND_RESYNC, 0, 0, codec.encode(Resync(b"n" * 8))))
        count = 400  # 60 KB of answers: many times what a line holds
        asked = b"".join(
            frames.encode_frame(KIND_REQUEST, number, 0, INFO) for number in range(1, count + 1)
        )
        writer = threading.Thread(target=line.write, args=(asked,))
        writer.start()  # blocks when the key blocks, and the key blocks because nobody reads
        writer.join(0.5)
        reader, answered = frames.FrameReader(), list[int]()
        while len(answered) < count:
            chunk = line.read()
            reader.put(chunk, len(chunk))
            while (frame := reader.next()) is not None:
                if frame.kind == KIND_REPLY:
                    answered.append(frame.request_id)
        writer.join()
    finally:
        line.close()
    assert answered == list(range(1, count + 1))


@pytest.mark.parametrize("size", [63, 64, 65, 127, 128, 129, 512, 4032, 4096, 4160, 64 * 125])
def test_writes_of_any_multiple_of_a_usb_packet_arrive(size: int, simulated: SimulatedKey) -> None:
    """A full packet at the end of a transfer is what devices wait behind."""
    with keys.open(port=simulated.port, ui=Person()) as key:
        manifest = raw_manifest(max(size, 600))
        genuine = key.connection.transport.write

        def in_packets(data: bytes) -> None:
            for start in range(0, len(data), size):
                genuine(data[start : start + size])

        key.connection.transport.write = in_packets  # type: ignore[method-assign]
        assert (
            key.sign(manifest, purpose="filing", idempotency_key=size.to_bytes(16, "big")).seq == 1
        )


def test_a_frame_that_comes_byte_by_byte_is_a_frame(simulated: SimulatedKey) -> None:
    line = SerialTransport(simulated.port)
    try:
        for byte in b"\0" + frames.encode_frame(KIND_RESYNC, 0, 0, codec.encode(Resync(b"n" * 8))):
            line.write(bytes((byte,)))
        for byte in frames.encode_frame(KIND_REQUEST, 1, 0, INFO):
            line.write(bytes((byte,)))
        reader, kinds = frames.FrameReader(), list[int]()
        while KIND_REPLY not in kinds:
            chunk = line.read()
            reader.put(chunk, len(chunk))
            while (frame := reader.next()) is not None:
                kinds.append(frame.kind)
    finally:
        line.close()
    assert kinds == [KIND_RESYNC, KIND_REPLY]
