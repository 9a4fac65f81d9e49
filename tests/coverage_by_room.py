"""Print how much of each room the tests run, and fail for a file below the mark without a reason.

    python tests/coverage_by_room.py build/coverage.json

Firmware counts under CPython; what only MicroPython can run is named here with its reason, as in
the room's README.
"""

import json
import sys
from pathlib import Path
from typing import Any

MARK = 90.0
ROOMS = ("protocol", "firmware", "host", "simulator", "backend")
REASONS = {
    "firmware/etoken/boards/unix.py": "runs under MicroPython only: every test of tests/simulator goes through it",
    "firmware/etoken/link/native.py": "machine code of MicroPython: tests/firmware/test_native.py compares it with its twin",
    "firmware/etoken/crypto/hash_integers.py": "each line runs in thousands of tests; counting takes as long as all the rest (pyproject.toml)",
    "firmware/etoken/crypto/machine_integers.py": "each line runs in thousands of tests; counting takes as long as all the rest (pyproject.toml)",
    "firmware/etoken/crypto/machine_viper.py": "machine code of MicroPython: tests/firmware/test_crypto.py compares it with the integers, operation by operation",
    "firmware/etoken/crypto/viper_field.py": "machine code of MicroPython: tests/firmware/test_crypto.py compares it with the integers, operation by operation",
    "firmware/etoken/crypto/viper_lookup.py": "machine code of MicroPython: tests/firmware/test_crypto.py compares it with the integers, operation by operation",
    "firmware/etoken/crypto/viper_numbers.py": "machine code of MicroPython: tests/firmware/test_crypto.py compares it with the integers, operation by operation",
    "firmware/etoken/crypto/hash_viper.py": "machine code of MicroPython: tests/firmware/test_crypto.py compares it with the integers, operation by operation",
    "firmware/etoken/crypto/thumb_m33_p256.py": "machine code of a Cortex-M: tests/firmware/test_kernels.py runs it under an emulator",
    "firmware/etoken/crypto/thumb_m33_sm2.py": "machine code of a Cortex-M: tests/firmware/test_kernels.py runs it under an emulator",
    "firmware/etoken/crypto/thumb_m33_hash.py": "machine code of a Cortex-M: tests/firmware/test_kernels.py runs it under an emulator",
    "firmware/etoken/crypto/thumb_m0plus_p256.py": "machine code of a Cortex-M: tests/firmware/test_kernels.py runs it under an emulator",
    "firmware/etoken/crypto/thumb_m0plus_sm2.py": "machine code of a Cortex-M: tests/firmware/test_kernels.py runs it under an emulator",
    "firmware/etoken/crypto/thumb_m0plus_hash.py": "machine code of a Cortex-M: tests/firmware/test_kernels.py runs it under an emulator",
    "simulator/biandun_simulator/cli.py": "runs as a process of its own: tests/simulator and tests/system start it",
    "backend/biandun_office/wsgi.py": "runs in the server's process: tests/backend and tests/system start it",
    "backend/biandun_office/server.py": "runs in the server's process: tests/backend and tests/system start it",
}


def main(report: Path) -> int:
    """Print a line a room; exit status 1 when a room or a file is below the mark."""
    files: dict[str, Any] = json.loads(report.read_text("utf-8"))["files"]
    low: list[str] = []
    for room in ROOMS:
        inside = {
            name: entry["summary"]
            for name, entry in files.items()
            if name.startswith(f"{room}/") and name not in REASONS
        }
        lines = sum(summary["num_statements"] for summary in inside.values())
        covered = sum(summary["covered_lines"] for summary in inside.values())
        share = 100 * covered / lines if lines else 100.0
        print(f"coverage {room:<10} {share:6.2f} %  of {lines} statements")
        if share < MARK:
            low.append(room)
    for name, reason in REASONS.items():
        print(f"not counted: {name}: {reason}")
    if low:
        print(f"below {MARK} %: {', '.join(low)}")
    return 1 if low else 0


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
