"""A simulated key with one-time-programmable memory: what boards of the production class notice."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from biandun import errors, keys
from biandun_protocol import cose
from biandun_protocol.wire.otpmodel import SECRET, OtpModel, size_of
from biandun_simulator.simulated_key import SimulatedKey
from tests.support import softkey
from tests.support.person import PIN, Person
from tests.support.softoffice import SoftOffice

MANIFEST = softkey.manifest()


def sign(key: keys.Key, number: int) -> bytes:
    return key.sign(MANIFEST, purpose="filing", idempotency_key=bytes((number,)) * 16).statement


@pytest.fixture
def simulated(tmp_path: Path, office: SoftOffice) -> Iterator[SimulatedKey]:
    with SimulatedKey("BD-000001", tmp_path / "keys", announce=False, otp=True) as simulated:
        with keys.open(port=simulated.port) as key:
            key.personalise(office.grant(key.answer_offer(office.offer())))
            key.set_pin(PIN)
        yield simulated


def replug(simulated: SimulatedKey, flash: bytes | None = None) -> None:
    simulated.unplug()
    if flash is not None:
        simulated.flash_path.write_bytes(flash)
    simulated.plug()


def test_its_memory_is_a_file_with_the_secret_and_a_bit_for_each_attempt(
    simulated: SimulatedKey,
) -> None:
    with keys.open(port=simulated.port, ui=Person()) as key:
        for _ in range(3):
            key.unlock(PIN)
    content = simulated.otp_path.read_bytes()
    assert len(content) == size_of(OtpModel().bits)
    assert content[:SECRET] not in simulated.flash_path.read_bytes()
    assert sum(byte.bit_count() for byte in content[SECRET + 1 :]) == 3


def test_setting_its_flash_back_stops_it_until_the_office_says_where_to_go_on(
    simulated: SimulatedKey, office: SoftOffice
) -> None:
    with keys.open(port=simulated.port, ui=Person()) as key:
        sign(key, 1)
        older = simulated.flash_path.read_bytes()
        for _ in range(2):
            key.unlock(PIN)
        sign(key, 2)
    replug(simulated, older)
    with keys.open(port=simulated.port, ui=Person()) as key:
        with pytest.raises(errors.KeyRefused) as caught:
            sign(key, 3)
        assert caught.value.code == "rolled-back"
        challenge = key.challenge()
        assert (challenge.seq, challenge.forgotten) == (1, 2)
    replug(simulated)
    order = office.order("reinstate", challenge, 64)
    with keys.open(port=simulated.port, ui=Person()) as key:
        assert key.carry_out(order) == 64
        header = cose.parse(sign(key, 3), purpose="filing").header
    assert (header.seq, header.prev) == (65, order.statement_id)


def test_without_that_memory_the_same_goes_unnoticed(make_key: Callable[..., SimulatedKey]) -> None:
    simulated = make_key()
    simulated.plug()
    older = simulated.flash_path.read_bytes()
    with keys.open(port=simulated.port, ui=Person()) as key:
        first = cose.parse(sign(key, 1), purpose="filing").header
        for _ in range(2):
            key.unlock(PIN)
    replug(simulated, older)
    with keys.open(port=simulated.port, ui=Person()) as key:
        again = cose.parse(sign(key, 2), purpose="filing").header
    assert (first.seq, again.seq) == (1, 1)


def test_a_key_that_was_once_given_the_memory_keeps_it(simulated: SimulatedKey) -> None:
    simulated.unplug()
    again = SimulatedKey(simulated.serial, simulated.folder, announce=False)
    with again, keys.open(port=again.port, ui=Person()) as key:
        sign(key, 1)
    assert sum(byte.bit_count() for byte in again.otp_path.read_bytes()[SECRET + 1 :]) == 1


def test_the_program_makes_such_keys(tmp_path: Path) -> None:
    command = [
        str(Path(sys.executable).with_name("biandun-sim")),
        "run",
        "--otp",
        "--state",
        str(tmp_path),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        assert run.stdout.readline()
        run.terminate()
    assert (tmp_path / "BD-000001.otp").exists()
