"""Access to the times that other rooms have recorded, without importing those rooms.

The clock is below every room that records a time.  So each of them registers at start-up (in its
apps.py) how to read its latest time, and how to correct its rows after the clock was ahead.
"""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class _Registered:
    log: Callable[[], tuple[int, int]] | None = None
    certificates: Callable[[], int] | None = None
    corrections: dict[str, Callable[[int], None]] = field(default_factory=dict)


_registered = _Registered()


def register_log(position: Callable[[], tuple[int, int]]) -> None:
    """Register a function that returns the log's size and the time of its newest entry.

    The time is 0 for an empty log.
    """
    _registered.log = position


def register_certificates(newest: Callable[[], int]) -> None:
    """Register a function that returns the latest ``not_before`` of all certificates, or 0."""
    _registered.certificates = newest


def register_correction(room: str, correct: Callable[[int], None]) -> None:
    """Register a function that corrects the rows of ``room`` with times later than its argument."""
    _registered.corrections[room] = correct


def log_position() -> tuple[int, int]:
    """The size of the log, and the time of its newest entry (0 when empty)."""
    if _registered.log is None:  # must not pass silently: the check against the log would be lost
        raise RuntimeError("nobody has said where the log stands")
    return _registered.log()


def newest_certificate() -> int:
    """The latest ``not_before`` of all certificates; 0 when there are none."""
    if _registered.certificates is None:
        raise RuntimeError("nobody has said when certificates were made")
    return _registered.certificates()


def correct_times(now: int) -> None:
    """Let every room correct rows with times later than ``now``, in the caller's transaction."""
    for correct in _registered.corrections.values():
        correct(now)
