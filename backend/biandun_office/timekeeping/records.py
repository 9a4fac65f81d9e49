"""What other rooms have recorded with the office's clock, asked for without knowing them.

The clock is below every room that records a time.  So each of them says at start-up (its apps.py)
where its latest time stands, and what it does with its own rows when times are taken back.
"""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class _Registered:
    log: Callable[[], tuple[int, int]] | None = None
    certificates: Callable[[], int] | None = None
    take_back: dict[str, Callable[[int], None]] = field(default_factory=dict)


_registered = _Registered()


def register_log(position: Callable[[], tuple[int, int]]) -> None:
    """``position`` gives how many entries the log has, and when the newest was received (0 for an
    empty log).
    """
    _registered.log = position


def register_certificates(newest: Callable[[], int]) -> None:
    """``newest`` gives the latest time from which a certificate is good, 0 without any."""
    _registered.certificates = newest


def register_take_back(room: str, take_back: Callable[[int], None]) -> None:
    """``take_back`` corrects the rows of ``room`` when every time after the given one was wrong."""
    _registered.take_back[room] = take_back


def log_position() -> tuple[int, int]:
    """Size of the log, and the time of its newest entry."""
    if _registered.log is None:  # else a clock that is behind its own log would be believed
        raise RuntimeError("nobody has said where the log stands")
    return _registered.log()


def newest_certificate() -> int:
    """The latest time from which a certificate is good; 0 without any."""
    if _registered.certificates is None:
        raise RuntimeError("nobody has said when certificates were made")
    return _registered.certificates()


def take_back(now: int) -> None:
    """Let every room correct what it gave out with a clock that was ahead; in the caller's
    transaction.
    """
    for correct in _registered.take_back.values():
        correct(now)
