"""Every bench runs to its end and has its rows; what they measure is no business of a test."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.__main__ import BENCHES

ROOT = Path(__file__).parents[2]
# the demonstration has a test of its own, as long as it
QUICK = [names for names in BENCHES if names != ("demo_s",)]


def measure(row: str, folder: Path) -> dict[str, dict[str, float]]:
    """Run one bench quickly, a program of its own: its rows by name."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", "--quick", "--only", row, "--into", str(folder)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'firmware'}"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    rows = json.loads((folder / "bench-quick.json").read_text("utf-8"))
    return {row["name"]: row for row in rows}


@pytest.mark.slow
@pytest.mark.parametrize("names", QUICK, ids=lambda names: names[0])
def test_a_bench_runs_to_its_end_and_measures_what_it_names(
    names: tuple[str, ...], tmp_path: Path
) -> None:
    rows = measure(names[0], tmp_path)
    missing = set(names) - rows.keys() - {"crypto"}  # which is all of its rows
    assert not missing
    assert all(row["value"] > 0 for row in rows.values())


@pytest.mark.slow
def test_signing_and_streaming_are_measured_with_a_session_beside_without(tmp_path: Path) -> None:
    for row in ("sign_p50_ms", "link_throughput"):
        rows = measure(row, tmp_path)
        sealed = row.replace("sign", "sign_sealed").replace("link", "link_sealed")
        for name in (row, sealed):
            assert rows[name]["value"] > 0
            assert rows[name]["reference"] > 0
