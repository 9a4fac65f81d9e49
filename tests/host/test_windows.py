"""Clerks use Windows: what it lacks is taken away, and the library and the program still list,
open, file and verify.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What came of each step; the process has another idea of its system, so it is one of its
    own.
    """
    runner = Path(__file__).with_name("windows_runner.py")
    done = subprocess.run(
        [sys.executable, str(runner), str(tmp_path_factory.mktemp("windows"))],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'firmware'}", "PATH": "", "PYTHONIOENCODING": "utf-8"},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stderr.splitlines()[-1])


def test_what_windows_lacks_is_really_away(said: dict[str, Any]) -> None:
    assert said["hidden"] == [True, "win32", False]


def test_every_module_of_host_and_protocol_is_imported(said: dict[str, Any]) -> None:
    assert said["modules"] > 60


def test_ports_are_listed_and_one_in_use_is_a_row(said: dict[str, Any]) -> None:
    assert said["list"] == [["COM4", None, "port-busy"], ["COM3", "BD-TEST-0001", None]]


def test_a_port_that_is_not_there_has_its_exit_status(said: dict[str, Any]) -> None:
    assert said["missing"] == 3


@pytest.mark.parametrize("step", ["prepare", "sign", "verify", "known"])
def test_a_filing_goes_its_way(step: str, said: dict[str, Any]) -> None:
    assert said[step] == 0


def test_the_key_keeps_the_receipt(said: dict[str, Any]) -> None:
    assert said["receipt"] == 1


def test_the_doctor_speaks(said: dict[str, Any]) -> None:
    assert said["doctor"] == 13  # of the port that another program has
