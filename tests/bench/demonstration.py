"""demo_s: the main journey by the wall clock, from blank key to verified receipt; set-up and a
first run come before.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.rows import Row, Scale

JUDGE = Path("build/judge/bin/python")


def measure(_: Scale) -> Iterator[Row]:
    """Run the demo once, then for the clock."""
    run()
    note = "second run of `make demo`; no reference: a journey of many programs"
    yield Row("demo_s", run(), "s", "lower", 1, note=note, goal=20)


def run() -> float:
    """Seconds of one run."""
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "tests.system.demo", "--judge", str(JUDGE)],
        check=True,
        capture_output=True,
    )
    return time.perf_counter() - began
