"""The office's checked clock: every time that the office signs or records comes from here.

A key stores the latest time that its office has signed, and refuses to sign for a computer whose
clock is behind it; so a single statement with a time far ahead would block the key.  The clock is
therefore compared with two other sources, and is not trusted when it differs:

* from a monotonic clock, while this process runs: by more than JUMP in either direction;
* from the latest time that the office has recorded: behind by more than BEHIND, ahead by more than BOUND.

An office that was off over a long holiday is still within BOUND.  A clock that is not trusted stays
so until it is right again, or until a person has confirmed it with a second source
(``services.confirm``).  Until then the office only suspends and revokes keys, at a time that is
certain.
"""  # noqa: E501

from typing import NamedTuple

from django.conf import settings

from biandun_office.platform import clock, sql
from biandun_office.platform.errors import ClockUntrusted
from biandun_office.timekeeping import selectors
from biandun_office.timekeeping.models import ClockMark
from biandun_office.timekeeping.selectors import Known

BOUND = 14 * 86_400  # seconds
BEHIND = JUMP = 300  # seconds
LOOK_EVERY = 3600  # seconds for which the recorded times are not read again


class Certain(NamedTuple):
    """A time that is certainly not later than the true time, in seconds since 1970.

    ``doubted`` is what the clock shows while it is in doubt; None when it is trusted.
    """

    moment: int
    doubted: int | None = None


class _Trusted(NamedTuple):
    """When the clock was last found right: its time, the monotonic clock, and the newest check."""

    moment: int
    ticks: float
    check: int


_trusted: dict[str, _Trusted] = {}  # by data folder: a server has one, a test may have several


def now() -> int:
    """The time in seconds since 1970, to be signed or recorded.

    Raises ClockUntrusted: office-clock-ahead, office-clock-behind.
    """
    moment, ticks, before = clock.now(), clock.ticks(), _trusted.get(_folder())
    if (
        before is not None
        and abs(_drift(before, moment, ticks)) <= JUMP
        and ticks - before.ticks < LOOK_EVERY
    ):
        return moment
    known = selectors.known()
    _judge(moment, ticks, before, known)
    mark(max(moment, known.moment))
    _trusted[_folder()] = _Trusted(moment, ticks, known.check)
    return max(moment, known.moment)


def look() -> int:
    """As ``now``, but writes nothing to the database, so it works on a full disk.

    For callers that record no time.
    """
    moment, known = clock.now(), selectors.known()
    _judge(moment, clock.ticks(), _trusted.get(_folder()), known)
    return max(moment, known.moment)


def certain() -> Certain:
    """As ``now``; while the clock is in doubt, a time that is certain.

    That is the earlier of the clock's time and the latest recorded time.  Whichever of the two is
    wrong, the earlier is not later than the true time, so no key's time floor is raised by it and
    it never needs to be corrected.
    """
    try:
        return Certain(now())
    except ClockUntrusted:
        said = clock.now()
        return Certain(min(said, selectors.known().moment), said)


def problem() -> ClockUntrusted | None:
    """Why the clock is not trusted, or None; writes nothing."""
    try:
        _judge(clock.now(), clock.ticks(), _trusted.get(_folder()), selectors.known())
    except ClockUntrusted as found:
        return found
    return None


def received(moment: int, last: int, size: int) -> int:
    """The time of reception for log entry number ``size``, which arrived at ``moment``.

    ``moment`` comes from ``now``; ``last`` is the time of the entry before.  Times do not decrease
    from one entry to the next, except after a correction of the clock.  Raises
    ClockUntrusted(office-clock-behind).
    """
    if moment >= last:
        return moment
    check = selectors.newest_check()
    if check is not None and check.log_size >= size:
        return max(moment, check.at)
    if last - moment > BEHIND:
        raise ClockUntrusted("office-clock-behind", now=clock.iso(moment), last=clock.iso(last))
    return last


def mark(moment: int) -> None:
    """Record that the clock was trusted at ``moment``, so that it is known after a restart."""
    if not sql.run("UPDATE timekeeping_clockmark SET seen = %s", moment):
        ClockMark.objects.create(pk=1, seen=moment)


def forget() -> None:
    """Forget what this process knows of the clock, as after a restart."""
    _trusted.pop(_folder(), None)


def _judge(moment: int, ticks: float, before: _Trusted | None, known: Known) -> None:
    if before is not None and before.check == known.check:  # no confirmation since then
        drift = _drift(before, moment, ticks)
        if abs(drift) > JUMP:
            raise _untrusted(moment, int(moment - drift))
    elif known.moment and moment > known.moment + BOUND:
        raise _untrusted(moment, known.moment)
    if moment < known.moment - BEHIND:
        raise _untrusted(moment, known.moment)


def _drift(before: _Trusted, moment: int, ticks: float) -> float:
    return moment - before.moment - (ticks - before.ticks)


def _untrusted(moment: int, last: int) -> ClockUntrusted:
    code = "office-clock-ahead" if moment > last else "office-clock-behind"
    return ClockUntrusted(code, now=clock.iso(moment), last=clock.iso(last))


def _folder() -> str:
    return str(settings.DATA_DIR)
