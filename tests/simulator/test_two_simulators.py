"""Two people's worth of simulators on one computer: one serial number, one key."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from biandun import keys
from biandun_simulator.simulated_key import SerialTaken, SimulatedKey, holder_of

PROGRAM = str(Path(sys.executable).with_name("biandun-sim"))


@pytest.fixture(autouse=True)
def _ports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIANDUN_PORTS", str(tmp_path / "ports"))


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """A function that starts `biandun-sim run` with a state folder and options, and returns what it
    said first.
    """
    with ExitStack() as ends:

        def start(state: str, *options: str) -> Any:
            command = [PROGRAM, "run", "--state", str(tmp_path / state), *options]
            process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
            ends.callback(process.wait, 20)
            ends.callback(process.send_signal, signal.SIGTERM)
            assert process.stdout is not None
            ends.callback(process.stdout.close)
            line = process.stdout.readline()
            return json.loads(line) if line.startswith("{") else line

        yield start


def serials(said: Any) -> list[str]:
    return [key["serial"] for key in said["keys"]]


def listed() -> list[str | None]:
    return [row.info.serial if row.info else None for row in keys.list()]


def test_a_serial_number_that_is_taken_is_refused_naming_its_holder(tmp_path: Path) -> None:
    with SimulatedKey("BD-000001", tmp_path / "one"):
        with pytest.raises(SerialTaken) as caught:
            SimulatedKey("BD-000001", tmp_path / "two").plug()
        assert caught.value.code == "serial-taken"
        for words in (str(os.getpid()), str(tmp_path / "one")):
            assert words in caught.value.message("zh")
        assert listed() == ["BD-000001"]
    assert holder_of("BD-000001") is None


def test_a_serial_number_is_free_again_however_its_key_went(tmp_path: Path) -> None:
    one = SimulatedKey("BD-000001", tmp_path / "one")
    one.plug()
    one.unplug()
    with SimulatedKey("BD-000001", tmp_path / "two"):
        assert listed() == ["BD-000001"]


def test_simulators_beside_each_other_take_different_serial_numbers(
    run: Callable[..., Any],
) -> None:
    assert serials(run("one")) == ["BD-000001"]
    assert serials(run("elsewhere")) == ["BD-000002"]
    assert serials(run("one")) == ["BD-000003"]
    assert listed() == ["BD-000001", "BD-000002", "BD-000003"]


def test_who_names_a_serial_number_that_is_taken_is_refused(run: Callable[..., Any]) -> None:
    run("one")
    said = run("elsewhere", "--first", "1")
    assert "BD-000001" in said
    assert "biandun-sim (pid" in said
    assert listed() == ["BD-000001"]


def test_a_simulator_alone_goes_on_with_its_own_keys(
    run: Callable[..., Any], tmp_path: Path
) -> None:
    with SimulatedKey("BD-000001", tmp_path / "one"):
        pass
    assert serials(run("one")) == ["BD-000001"]
