"""The benches of a key run to their end, with the session on and off; what they measure is no
business of a test.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "build" / "bench-quick.json"


@pytest.mark.slow
def test_signing_and_streaming_are_measured_with_a_session_beside_without() -> None:
    RESULTS.unlink(missing_ok=True)
    for row in ("sign_p50_ms", "link_throughput"):
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench", "--quick", "--only", row],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'firmware'}"},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
    values = {
        row["name"]: (row["value"], row["reference"])
        for row in json.loads(RESULTS.read_text("utf-8"))
    }
    for name in ("sign_p50_ms", "sign_sealed_p50_ms", "link_throughput", "link_sealed_throughput"):
        value, reference = values[name]
        assert value > 0
        assert reference > 0
