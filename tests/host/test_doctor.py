"""The doctor: each fault is planted for real, found, and has one fix."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from biandun import doctor, key_status
from biandun.cli.main import run
from biandun.keys import Key
from biandun_protocol.errors import Problem
from biandun_protocol.wire.numbers import (
    ERROR_ENTROPY_FAILED,
    LIMIT_OUTBOX,
    LIMIT_PARCELS,
    STANDING_REVOKED,
    STANDING_SUSPENDED,
)
from biandun_simulator.launcher import Launched
from biandun_simulator.simulated_key import SimulatedKey
from etoken import version
from tests.firmware.conftest import Wire, set_back
from tests.firmware.testboard import TestBoard
from tests.support import softkey
from tests.support.person import PIN, Person
from tests.support.softoffice import NOW, YEAR, SoftOffice

HOLDS = """
import sys, time
from biandun import keys
with keys.open_port(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""
CHATTERS = (
    "import sys\nwhile True:\n    sys.stdout.buffer.write(b'AT+CGMI\\r\\nERROR\\r\\n\\0' * 100)\n"
)
DAY = 86_400
NOBODY = 65534


@pytest.fixture(autouse=True)
def _ports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIANDUN_PORTS", str(tmp_path / "ports"))
    # processes are seen by all tests that run beside this one
    monkeypatch.setattr(doctor, "MANAGER", f"Modem{os.getpid()}")


def codes(problems: list[Problem]) -> list[str]:
    for problem in problems:
        assert problem.next_step("zh")
        assert problem.next_step("en")
    return [problem.code for problem in problems]


def found(report: doctor.Report) -> list[str]:
    return codes([finding.problem for finding in report.findings])


def announce(tmp_path: Path, serial: str, port: str) -> None:
    (tmp_path / "ports").mkdir(exist_ok=True)
    (tmp_path / "ports" / f"{serial}.json").write_text(
        json.dumps({"port": port, "pid": os.getpid()})
    )


# --- ports ------------------------------------------------------------
def test_without_a_key_there_is_one_thing_to_do() -> None:
    assert found(doctor.examine()) == ["key-not-found"]


def test_a_blank_key_is_told_how_to_be_set_up(simulated_key: SimulatedKey) -> None:
    report = doctor.examine(simulated_key.port)
    assert (found(report), report.keys) == (["key-not-set-up"], ("BD-000001",))


def test_a_busy_port_is_found_with_the_name_of_its_holder(simulated_key: SimulatedKey) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, simulated_key.port], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        report = doctor.examine(simulated_key.port)
        holder.kill()
    assert found(report) == ["port-busy"]
    assert f"(pid {holder.pid})" in report.findings[0].problem.message("en")


@contextmanager
def nobody() -> Iterator[None]:
    """Be an account without rights, where we are root; a port without any permission bits stops
    everybody else.
    """
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_port_that_may_not_be_opened_is_found(
    simulated_key: SimulatedKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tempfile.mkdtemp()
    for name in ("XDG_RUNTIME_DIR", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, place)
    if os.geteuid() == 0:
        os.chown(place, NOBODY, NOBODY)
    Path(simulated_key.port).chmod(0)
    try:
        with nobody():
            report = doctor.examine(simulated_key.port)
    finally:
        Path(simulated_key.port).chmod(0o600)
        shutil.rmtree(place, ignore_errors=True)
    assert found(report) == ["port-permission"]
    assert "install-udev" in report.findings[0].problem.next_step("zh")


def test_something_that_is_no_key_is_found(tmp_path: Path) -> None:
    chatter = Launched(["-c", CHATTERS], log=tmp_path / "log", heap=1 << 20)
    try:
        announce(tmp_path, "BD-000007", chatter.port)
        report = doctor.examine()
    finally:
        chatter.kill()
    assert (found(report), report.findings[0].serial) == (["link-garbled"], "BD-000007")


def test_a_key_under_the_name_of_another_is_the_wrong_device(
    simulated_key: SimulatedKey, tmp_path: Path
) -> None:
    announce(tmp_path, "BD-000009", simulated_key.port)
    assert found(doctor.examine()) == ["wrong-device", "key-not-set-up"]


# --- the computer -----------------------------------------------------
def test_a_modem_manager_is_found_unless_the_rules_keep_it_away(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sleep = shutil.which("sleep")
    assert sleep is not None
    program = tmp_path / doctor.MANAGER
    shutil.copy(sleep, program)
    with subprocess.Popen([program, "60"]) as running:
        # a process has its name a moment after it was started
        while not doctor._runs(doctor.MANAGER):
            assert running.poll() is None
        assert codes(doctor.of_computer(tmp_path)) == ["modem-manager"]
        assert run(["install-udev", "--root", str(tmp_path)]) == 0
        assert doctor.of_computer(tmp_path) == []
        running.kill()
    assert "70-biandun.rules" in capsys.readouterr().out
    assert (tmp_path / doctor.RULE).read_text() == doctor.RULE_TEXT


def test_the_manager_is_looked_for_by_the_name_that_its_process_has() -> None:
    source = Path(doctor.__file__).read_text("utf-8")
    assert 'MANAGER = "ModemManager"' in source


def test_the_rules_give_access_to_the_seat_and_keep_the_modem_manager_away() -> None:
    for words in ('TAG+="uaccess"', 'ENV{ID_MM_DEVICE_IGNORE}="1"'):
        assert words in doctor.RULE_TEXT
    assert int(doctor.RULE.name[:2]) < 73  # where seats get their access


def test_the_rules_are_printed_for_who_installs_them_otherwise(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["install-udev", "--print"]) == 0
    assert capsys.readouterr().out.strip() == doctor.RULE_TEXT.strip()


def test_rules_that_cannot_be_written_are_a_problem_with_a_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "etc").write_text("a file where a folder belongs")
    assert run(["install-udev", "--root", str(tmp_path), "--json"]) == 12
    assert json.loads(capsys.readouterr().err)["error"]["code"] == "file-unwritable"


# --- what a key says of itself ----------------------------------------
def sound(**changed: object) -> Key:
    """A key with nothing wrong; ``changed`` are fields of its profile."""
    wire, office = Wire(TestBoard()), SoftOffice()
    key = wire.open()
    key.personalise(office.grant(key.answer_offer(office.offer()), **changed))
    key.set_pin(PIN)
    return key


def sign(key: Key, number: int) -> bytes:
    name = bytes((number,)) * 16
    return key.sign(
        softkey.manifest(), purpose="filing", idempotency_key=name, claimed_time=NOW
    ).statement


def test_a_sound_key_has_no_findings(key: Key) -> None:
    assert doctor.of_key(key, NOW) == []


@pytest.mark.parametrize(
    ("days", "code"),
    [
        (-1, ["certificate-expired"]),
        (0, ["certificate-expiring"]),
        (60, ["certificate-expiring"]),
        (61, []),
    ],
)
def test_a_certificate_is_found_in_time(days: int, code: list[str]) -> None:
    key = sound(not_after=NOW + days * DAY + 1)
    assert codes(doctor.of_key(key, NOW)) == code


def test_a_clock_that_is_behind_is_found(key: Key, soft: SoftOffice) -> None:
    key.keep_receipt(soft.take_in(sign(key, 1), received=NOW + YEAR))
    assert codes(doctor.of_key(key, NOW)) == ["clock-behind"]


def test_old_firmware_is_found(key: Key, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(version, "VERSION", "0.0.9")
    assert codes(doctor.of_key(wire.open(), NOW)) == ["firmware-old"]


def test_a_key_without_a_pin_is_found() -> None:
    wire, office = Wire(TestBoard()), SoftOffice()
    key = wire.open()
    key.personalise(office.grant(key.answer_offer(office.offer())))
    assert codes(doctor.of_key(key, NOW)) == ["pin-unset"]


def test_a_key_whose_pin_cannot_be_sealed_is_found() -> None:
    wire, office = Wire(TestBoard()), SoftOffice(sessions=False)
    key = wire.open()
    key.personalise(office.grant(key.answer_offer(office.offer())))
    key.pin_in_clear = True
    key.set_pin(PIN)
    assert codes(doctor.of_key(key, NOW)) == ["session-unavailable"]


def test_a_key_that_found_itself_faulty_is_found(key: Key, wire: Wire) -> None:
    wire.key.token.vault.faults.add(ERROR_ENTROPY_FAILED, 1)
    assert codes(doctor.of_key(wire.open(), NOW)) == ["key-faulty"]


@pytest.mark.parametrize(
    ("word", "code"),
    [(STANDING_SUSPENDED, "key-suspended"), (STANDING_REVOKED, "certificate-revoked")],
)
def test_a_key_that_may_not_sign_is_found(key: Key, soft: SoftOffice, word: int, code: str) -> None:
    key_status.store(key, soft.status(key.info, word))
    assert codes(doctor.of_key(key, NOW + 1)) == [code]


def test_a_damaged_key_is_examined_all_the_same(key: Key, wire: Wire) -> None:
    wire.key.token.vault._journal.damaged = True
    assert key_status.stored(key) is None
    assert codes(doctor.of_key(key, NOW)) == ["store-damaged"]


def test_a_key_that_was_set_back_is_found() -> None:
    _, key = set_back(SoftOffice(), attempts=2)
    assert codes(doctor.of_key(key, NOW)) == ["rolled-back"]


def eight(key: Key) -> None:
    for number in range(LIMIT_PARCELS):
        sign(key, number)
        key.outbox.put(bytes((number,)) * 16, b"package")


def large(key: Key) -> None:
    sign(key, 1)
    key.outbox.put(bytes((1,)) * 16, bytes(LIMIT_OUTBOX))


@pytest.mark.parametrize("fill", [eight, large])
def test_a_full_outbox_is_found(fill: Callable[[Key], None], key: Key) -> None:
    fill(key)
    assert codes(doctor.of_key(key, NOW)) == ["outbox-full"]


def test_nobody_is_asked_for_a_pin(key: Key, wire: Wire) -> None:
    person = Person()
    doctor.of_key(wire.open(person), NOW)
    assert person.asked == []


# --- the program ------------------------------------------------------
def test_json_has_a_code_and_one_fix_for_each_finding(
    simulated_key: SimulatedKey, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["doctor", "--json", "--port", simulated_key.port]) == 13
    said = json.loads(capsys.readouterr().out)
    assert said["keys"] == ["BD-000001"]
    assert [(row["code"], bool(row["fix"])) for row in said["findings"]] == [
        ("key-not-set-up", True)
    ]


def test_people_read_what_is_wrong_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor"]) == 13
    assert "没有找到" in capsys.readouterr().out
    assert run(["--lang", "en", "doctor"]) == 13
    assert "Plug" in capsys.readouterr().out


def test_when_all_is_well_the_doctor_says_so(
    simulated_key: SimulatedKey, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "of_key", lambda key, now, office: [])
    assert run(["doctor", "--port", simulated_key.port]) == 0
    assert "BD-000001" in capsys.readouterr().out
