"""What runs on the key imports nothing that a key does not have: the contracts in pyproject.toml
refuse whatever is planted, also a module that they do not name.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = {
    "biandun_protocol": "protocol",
    "etoken": "firmware",
    "biandun": "host",
    "biandun_simulator": "simulator",
    "biandun_office": "backend",
}
PLANTED = {
    ("biandun_protocol.wire.cobs", "biandun_protocol.secret"),
    ("biandun_protocol.wire.codec", "biandun_protocol.terminal.words"),
    ("biandun_protocol.wire.frames", "cbor2"),
    ("biandun_protocol.wire.pins", "pydantic"),
    ("biandun_protocol.wire.suite", "dataclasses"),
    ("biandun_protocol.wire.merkle", "etoken.policy"),
    ("etoken.policy", "biandun_protocol.cose"),
    ("etoken.batch", "cryptography"),
    ("etoken.token", "pydantic"),
    ("etoken.clock", "enum"),
    ("etoken.office", "os"),
    ("etoken.vault.users", "biandun_office"),
}


def refused(folder: Path) -> set[tuple[str, str]]:
    """Which imports lint-imports refuses in the packages of that folder, as (module, import)."""
    program = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Contracts: " in run.stdout, run.stdout + run.stderr
    return set(re.findall(r"^- +([\w.]+) -> ([\w.]+) ", run.stdout, re.M))


def test_whatever_is_planted_in_the_key_or_in_wire_is_refused_by_a_contract(
    tmp_path: Path,
) -> None:
    for package, room in ROOMS.items():
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / room / package, tmp_path / package, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    assert refused(tmp_path) == set()
    for module, planted in PLANTED:
        path = tmp_path / (module.replace(".", "/") + ".py")
        path.write_text(path.read_text("utf-8") + f"\nimport {planted}\n", "utf-8")
    seen = refused(tmp_path)
    assert {(module, planted) for module, planted in PLANTED if (module, planted) not in seen} == (
        set()
    )
