"""Reads of what is known of the office's clock."""

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
    """``moment`` is the latest time that the office has recorded and not taken back, 0 for none;
    ``size`` that of its log.

    ``check`` is the number of the newest confirmation, 0 before the first.
    """

    moment: int
    size: int
    check: int


def known() -> Known:
    """What the office's own records say of the time.

    An office of before has no mark: its newest certificate stands in.

    The log is asked first: a confirmation in between then has the log's size, or more, and takes
    back what was read.
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


def as_it_counts(moment: int) -> int:
    """A time that the office recorded: one that was taken back, and is still to come, counts as
    that of the correction.
    """
    if moment <= clock.now():
        return moment
    return max(
        (check.at for check in corrections() if check.at < moment <= check.last), default=moment
    )
