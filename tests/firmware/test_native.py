"""The key's machine code does what the plain code does."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from biandun_protocol.wire import frames
from biandun_simulator import interpreter
from etoken.link import link

VECTORS = Path(__file__).parents[2] / "protocol" / "vectors" / "frames.json"


def micropython(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"MICROPYPATH": interpreter.firmware_path(), "PATH": os.environ["PATH"]}
    command = [interpreter.find(), *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, env=environment, check=False, timeout=60
    )


def test_the_fast_checksum_and_the_plain_one_agree_on_every_vector() -> None:
    if micropython("-c", "@micropython.viper\ndef one() -> int:\n    return 1\n").returncode:
        pytest.skip("this interpreter makes no machine code")
    done = micropython(str(Path(__file__).with_name("native_runner.py")), str(VECTORS))
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == 75 + len(json.loads(VECTORS.read_text("utf-8"))["streams"])


def test_an_interpreter_without_machine_code_takes_the_plain_one() -> None:
    assert link.checksum is frames.checksum
