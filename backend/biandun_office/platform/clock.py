"""The machine's clocks, in one place so that a test can hold them.

What is signed or recorded takes its time from ``timekeeping.guard``.
"""

import time
from datetime import UTC, datetime

_COUNTING = (
    getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    if hasattr(time, "CLOCK_MONOTONIC")
    else None
)


def now() -> int:
    """Seconds since 1970, whole, as the machine believes."""
    return int(time.time())


def ticks() -> float:
    """Seconds that have passed, also while the machine slept: nobody sets this clock."""
    return time.monotonic() if _COUNTING is None else time.clock_gettime(_COUNTING)


def iso(moment: int) -> str:
    """A moment in UTC, as 2026-11-28 07:13:42Z."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
