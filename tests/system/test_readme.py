"""The README's program, run as it stands, against a simulated key."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from biandun import keys
from biandun.cli.filing import EXAMPLE
from biandun_simulator.simulated_key import SimulatedKey
from tests.support.person import PIN
from tests.support.softoffice import SoftOffice
from tests.system.journey import pdf

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["README.md"])
def test_the_program_in_the_readme_signs_a_file(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = re.search(r"```python\n(.*?)```", (ROOT / name).read_text("utf-8"), re.DOTALL)
    assert program is not None
    monkeypatch.setenv("BIANDUN_PORTS", str(tmp_path / "ports"))
    office = SoftOffice()
    with SimulatedKey("BD-000001", tmp_path / "keys") as simulated:
        with keys.open(port=simulated.port) as key:
            key.personalise(office.grant(key.answer_offer(office.offer())))
            key.set_pin(PIN)
        (tmp_path / "pin.txt").write_bytes(PIN.reveal() + b"\n")
        (tmp_path / "form.json").write_text(json.dumps(EXAMPLE))
        (tmp_path / "letter.pdf").write_bytes(pdf())
        done = subprocess.run(
            [sys.executable, "-c", program[1]], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stderr
        with keys.open(port=simulated.port) as key:
            assert done.stdout.split()[:2] == ["1", key.chain().head.hex()]
    assert (tmp_path / "filing" / "statement.cose").exists()
