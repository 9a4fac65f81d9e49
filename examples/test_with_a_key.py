"""Tests that need a key bring their own: the package has a pytest fixture, and this file makes a
key in service out of it.

    python -m pytest test_with_a_key.py

``simulated_key`` is blank: the real firmware in a process of its own, with a button that does what
the test says.  ``school_key`` has a certificate, by an office in a folder of its own, and a PIN.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from biandun import keys
from biandun.errors import KeyRefused
from biandun.filings import Folder, prepare, read_form, unit_of
from biandun.ui import Silent
from biandun_protocol.secret import Secret
from biandun_simulator.simulated_key import SimulatedKey

BIN = Path(sys.executable).parent
SCHOOL = "12629900MB00000274"
PIN = "pin-of-a-test"


class Clerk(Silent):
    """Whoever sits at the key knows the PIN, and meets the key for the first time."""

    def need_pin(self, serial: str, slot: int, tries_left: int | None) -> Secret | None:
        return Secret(PIN.encode())

    def new_key(self, serial: str, unit_name: str, fingerprint: str, root_known: bool) -> bool:
        return True


@pytest.fixture
def school_key(
    simulated_key: SimulatedKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> SimulatedKey:
    """A simulated key in service, for a fictitious school."""
    # this account remembers the keys that it has met; those of a test are none of them
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    def run(program: str, *arguments: object) -> None:
        command = [str(BIN / program), *map(str, arguments)]
        subprocess.run(command, check=True, cwd=tmp_path, stdout=subprocess.DEVNULL)

    (tmp_path / "passphrase").write_text("correct horse battery staple\n")
    (tmp_path / "pin").write_text(PIN + "\n")
    port, opens = ("--port", simulated_key.port), ("--passphrase-file", "passphrase")
    office = ("--data", "office")
    run("biandun-office", *office, "init", "--backup", "backup", *opens)
    run("biandun-office", *office, "offer", "--unit", SCHOOL, "--out", "offer")
    run("biandun", "keys", "enroll", "offer", "--out", "request", *port)
    run("biandun-office", *office, "issue", "request", "--out", "grant", *opens)
    run("biandun", "keys", "personalise", "grant", *port)
    run("biandun", "keys", "set-pin", "--new-pin-file", "pin", *port)
    return simulated_key


def prepared(folder: Path, key: keys.Key) -> Folder:
    """A filing of the key's unit, ready to be signed."""
    command = [str(BIN / "biandun"), "--json", "filing", "example"]
    example = subprocess.run(command, check=True, capture_output=True).stdout
    folder.with_suffix(".json").write_bytes(example)
    return prepare(folder, read_form(folder.with_suffix(".json"), unit_of(key)), [])


def test_a_blank_key_has_no_unit(simulated_key: SimulatedKey) -> None:
    with keys.open(port=simulated_key.port) as key:
        assert key.info.unit_name is None


def test_a_filing_is_signed_at_a_finger_and_once(school_key: SimulatedKey, tmp_path: Path) -> None:
    school_key.presence = "reject"
    with keys.open(port=school_key.port, ui=Clerk()) as key:
        filing = prepared(tmp_path / "filing", key)
        with pytest.raises(KeyRefused) as refusal:
            filing.sign(key)
        assert refusal.value.code == "presence-refused"
        assert key.chain().seq == 0
        school_key.presence = "accept"
        signature = filing.sign(key)
    school_key.unplug()
    school_key.plug()
    with keys.open(port=school_key.port, ui=Clerk()) as key:
        assert filing.sign(key) == signature
