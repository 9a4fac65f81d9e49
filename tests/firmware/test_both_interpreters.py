"""One corpus of requests, two interpreters, the same bytes."""

import contextlib
import json
import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from biandun import errors, key_status
from biandun.key import succession, updating
from biandun.keys import Key
from biandun_protocol.algorithms import ES256, SM2, Algorithm
from biandun_protocol.release import Described
from biandun_protocol.secret import Secret
from biandun_protocol.wire import frames
from biandun_protocol.wire.messages import FactoryResetRequest, FetchRequest, InfoRequest
from biandun_protocol.wire.numbers import (
    KIND_CANCEL,
    KIND_DATA,
    KIND_REQUEST,
    STANDING_ACTIVE,
    STANDING_SUSPENDED,
)
from biandun_simulator import interpreter
from biandun_simulator.release import sign
from etoken.boards.vendor import TARGET
from tests.firmware.conftest import Wire, ask
from tests.support import softkey
from tests.support.person import PIN
from tests.support.softoffice import NOW, SoftOffice

HERE = Path(__file__).parent


@contextlib.contextmanager
def refused(code: str):
    with pytest.raises(errors.KeyRefused) as caught:
        yield
    assert caught.value.code == code


def record_the_whole_life(wire: Wire, office: SoftOffice) -> None:
    """Enrolment, signatures of several sizes, receipts, refusals of every kind, junk, a restart, a
    wipe.
    """
    wire.write(b"AT\r\nAT+CGMI\r\n" + bytes(range(1, 256)))
    key = wire.open()
    with refused("wrong-state"):
        key.chain()
    request = key.answer_offer(office.offer())
    with refused("anchor-present"):
        key.answer_offer(SoftOffice(seed=2000, algorithm=office.algorithm).offer())
    with refused("serial-mismatch"):
        key.personalise(office.grant(request, serial="BD-OTHER"))
    key.personalise(office.grant(request))
    with refused("pin-unset"):
        key.sign(
            softkey.manifest(),
            purpose="filing",
            idempotency_key=b"0" * 16,
            claimed_time=1_795_500_000,
        )
    live_with_a_pin(wire, key)
    sign_everything(wire, office, key)
    wire.write(b"\0" + frames.encode_frame(KIND_DATA, 9, 0, b"nobody asked"))
    wire.write(frames.encode_frame(KIND_CANCEL, 9, 0, b"") + frames.encode_frame(77, 1, 0, b""))
    wire.write(
        frames.encode_frame(KIND_REQUEST, 60000, 0, b"\xff\xff")
        + frames.encode_frame(KIND_REQUEST, 60001, 0, b"\x82\x18\xff\xa0")
    )
    key = wire.restart()
    key.fetch(seq=1)
    travel(key, office)
    be_unblocked(key, office)
    with refused("update-unavailable"):
        updating.update(key, office.approved(sign(Described(TARGET, "9.9.9", 99), b"image")))
    device_key = key.profile().device_key
    powers = ["filing", "login", "succession"]
    key.personalise(
        office.grant_for(
            key.info.serial,
            key.info.public_key or b"",
            version=2,
            device_key=device_key,
            purposes=powers,
        )
    )
    succession.install(
        key, office.succeed(succession.ask(key), key.info.public_key or b"", 3, purposes=powers)
    )
    stop(key, office)
    key.sign(
        softkey.manifest(),
        purpose="filing",
        idempotency_key=b"by the new pair!",
        claimed_time=1_795_500_000,
    )
    wire.presence(None)
    order = office.order("reset", key.challenge()).signed
    with refused("presence-timeout"):
        ask(key, FactoryResetRequest(order.statement, order.manifest))
    wire.presence(True)
    office.reset(key)
    key.answer_offer(office.offer())
    key.wipe()


def travel(key: Key, office: SoftOffice) -> None:
    """The unit card, and parcels in the outbox."""
    key.card.put(office.card([b"section %d" % number * 100 for number in range(3)]))
    key.card.read()
    with refused("card-older"):
        key.card.put(office.card([b"older"], version=0))
    with refused("not-found"):
        key.outbox.put(b"unsigned name 16", b"package")
    with refused("receipt-present"):
        key.outbox.put(key.fetch(seq=1).idempotency_key, b"package")
    name = b"travels on a key"
    key.confirm_batch([key.algorithm.digest(softkey.manifest()), bytes(32)], purpose="filing")
    key.sign(softkey.manifest(), purpose="filing", idempotency_key=name, claimed_time=1_795_500_000)
    key.outbox.put(name, b"package" * 500)
    key.outbox.read(key.outbox.entries()[0])
    key.outbox.drop(name)


def stop(key: Key, office: SoftOffice) -> None:
    """Suspended, asked to sign, told something older, resumed."""
    info = key.info
    key_status.store(key, office.status(info, STANDING_SUSPENDED, NOW + 2))
    with refused("key-suspended"):
        key.login("https://office.example", b"n" * 16)
    with refused("status-older"):
        key_status.store(key, office.status(info, STANDING_ACTIVE, NOW + 1))
    key_status.store(key, office.status(info, STANDING_ACTIVE, NOW + 2, number=2))
    key_status.stored(key)


def be_unblocked(key: Key, office: SoftOffice) -> None:
    """Officers, wrong codes, right ones, a user who leaves."""
    key.unlock(PIN)
    key.recovery.name_officers(office.officers())
    first, second = office.codes(key, 3)
    with refused("unblock-wrong"):
        key.recovery.unblock(3, (first, first), PIN)
    key.recovery.unblock(3, (first, second), PIN)
    key.unlock(PIN, slot=3)
    key.unlock(PIN)
    key.remove_user(3)


def live_with_a_pin(wire: Wire, key: Key) -> None:
    with refused("pin-format"):
        key.set_pin(Secret(b"12345"))
    key.set_pin(PIN)
    with refused("pin-set"):
        key.set_pin(PIN)
    with refused("slot-refused"):
        key.set_pin(Secret(b"246802"), slot=3)
    with refused("pin-wrong"):
        key.unlock(Secret(b"000000"))
    key.unlock(PIN)
    key.set_pin(Secret(b"246802"), slot=3)
    key.unlock(Secret(b"246802"), slot=3)
    key.change_pin(Secret(b"246802"), Secret(b"864209"), slot=3)
    for left in (5, 4, 3, 2, 1):
        with pytest.raises(errors.KeyRefused) as caught:
            key.unlock(Secret(b"wrong pin"), slot=3)
        assert caught.value.tries_left == left
    with refused("pin-locked"):
        key.unlock(Secret(b"wrong pin"), slot=3)
    with refused("pin-locked"):
        key.unlock(Secret(b"864209"), slot=3)
    key.lock()
    wire.presence(False)
    with refused("presence-refused"):
        key.login("https://office.test", b"n" * 16)
    wire.presence(True)
    key.login("https://office.test", b"n" * 16)
    with refused("not-found"):
        key.export_links(1, 1)


def sign_everything(wire: Wire, office: SoftOffice, key: Key) -> None:
    small, big = softkey.manifest(), softkey.manifest(reason="长" * 1999)
    signed = [
        key.sign(small, purpose="filing", idempotency_key=b"a" * 16, claimed_time=1_795_500_000)
    ]
    signed += [
        key.sign(big, purpose="filing", idempotency_key=b"b" * 16, claimed_time=1_795_500_001)
    ]
    key.sign(small, purpose="filing", idempotency_key=b"a" * 16, claimed_time=1_795_500_002)
    first = office.take_in(signed[0].statement)
    key.keep_receipt(first)
    second = office.take_in(signed[1].statement)
    with refused("receipt-consistency"):
        key.keep_receipt(second)
    key.keep_receipt(second, office.consistency(1))
    with refused("idempotency-conflict"):
        key.sign(big, purpose="filing", idempotency_key=b"a" * 16)
    with refused("unit-mismatch"):
        other = softkey.manifest(uscc="11629900MB0000019C", supervisor_uscc=None)
        key.sign(other, purpose="filing", idempotency_key=b"c" * 16, claimed_time=1_795_500_003)
    with refused("purpose-refused"):
        key.sign(small, purpose="decision", idempotency_key=b"d" * 16, claimed_time=1_795_500_003)
    wire.presence(False)
    with refused("presence-refused"):
        key.sign(small, purpose="filing", idempotency_key=b"e" * 16, claimed_time=1_795_500_003)
    wire.presence(True)
    with refused("bad-field"):
        ask(key, FetchRequest(b"a" * 16, 1))
    with refused("unsupported-version"):
        ask(key, InfoRequest(99))


def run_corpus(program: list[str], corpus: Path, environment: dict[str, str]) -> list[str]:
    command = [*program, str(HERE / "corpus_runner.py"), str(corpus)]
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("algorithm", [ES256, SM2], ids=lambda one: one.name)
def test_one_request_corpus_gets_byte_identical_answers_from_micropython_and_cpython(
    algorithm: Algorithm, wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = iter(range(1, 100))
    monkeypatch.setattr(secrets, "token_bytes", lambda size: next(numbers).to_bytes(size, "big"))
    record_the_whole_life(
        wire, SoftOffice(purposes=("filing", "login", "link"), algorithm=algorithm)
    )
    corpus = tmp_path / "corpus.json"
    corpus.write_text(json.dumps(wire.steps))

    path = interpreter.firmware_path()
    python = run_corpus(
        [sys.executable], corpus, {"PYTHONPATH": f"{HERE}:{path}", "PATH": os.environ["PATH"]}
    )
    micropython = run_corpus(
        [interpreter.find(), "-X", "heapsize=8m"],
        corpus,
        {"MICROPYPATH": f"{HERE}:{path}", "PATH": os.environ["PATH"]},
    )

    # and no line says that a bug was reported
    assert len(python) == sum(1 for kind, _ in wire.steps if kind == "feed")
    assert micropython == python


def test_no_board_that_ships_can_be_handed_its_entropy() -> None:
    import inspect

    from etoken.boards import cpython

    source = (Path(cpython.__file__).with_name("unix.py")).read_text()
    assert "os.urandom(size)" in source
    assert "seed" not in source.lower()
    assert set(inspect.signature(cpython.CPythonBoard.__init__).parameters) == {
        "self",
        "serial",
        "flash",
        "port",
    }
