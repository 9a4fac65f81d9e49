"""The machine's clocks, in one module so that a test can replace them.

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
    """The machine's time in whole seconds since 1970."""
    return int(time.time())


def ticks() -> float:
    """Seconds of a monotonic clock, which cannot be set and counts while the machine sleeps."""
    return time.monotonic() if _COUNTING is None else time.clock_gettime(_COUNTING)


def iso(moment: int) -> str:
    """A moment in UTC, as 2026-11-28 07:13:42Z."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
