"""Reads of the office's records of its clock."""

from typing import NamedTuple

from biandun_office.platform import clock, sql
from biandun_office.timekeeping import records
from biandun_office.timekeeping.models import ClockCheck

_KNOWN = (
    "SELECT (SELECT MAX(seen) FROM timekeeping_clockmark),"
    " COALESCE((SELECT MAX(id) FROM timekeeping_clockcheck), 0),"
    " COALESCE((SELECT at FROM timekeeping_clockcheck ORDER BY id DESC LIMIT 1), 0),"
    " COALESCE((SELECT log_size FROM timekeeping_clockcheck ORDER BY id DESC LIMIT 1), 0)"
)


class Known(NamedTuple):
    """What the records say of the time.

    ``moment`` is the latest recorded time that was not taken back, 0 for none; ``size`` is the
    log's size; ``check`` is the number of the newest confirmation, 0 before the first.
    """

    moment: int
    size: int
    check: int


def known() -> Known:
    """Read what the office's records say of the time.

    An office that was founded by an older version has no mark; then its newest certificate counts.
    The log is read first: a confirmation that is made in between has at least that size, so it
    takes back what was read.
    """
    size, received = records.log_position()
    seen, check, at, checked = sql.rows(_KNOWN)[0]
    if seen is None:
        seen = records.newest_certificate()
    return Known(max(seen, at, received if size > checked else 0), size, check)


def newest_check() -> ClockCheck | None:
    """The newest confirmation; None before the first."""
    return ClockCheck.objects.order_by("-pk").first()


def corrections() -> list[ClockCheck]:
    """Every confirmation that took times back, oldest first."""
    return [check for check in ClockCheck.objects.order_by("pk") if check.last > check.at]


def effective_time(moment: int) -> int:
    """A recorded time; a future one that was taken back is replaced by the correction's time."""
    if moment <= clock.now():
        return moment
    return max(
        (check.at for check in corrections() if check.at < moment <= check.last), default=moment
    )
