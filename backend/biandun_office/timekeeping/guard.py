"""The office's clock as it may be signed with: every time that the office states comes from here.

A key keeps the latest time that its office has stated, and signs nothing for a computer that is
behind it; so one statement with a clock that is far ahead stops it.  The clock is therefore
compared with what is known for nothing:

* with a clock that only counts, for as long as this process runs: a jump by more than JUMP in either direction;
* with the latest time that the office has recorded: behind it by more than BEHIND, or further ahead than BOUND.

An office that is switched off over a long holiday comes back within BOUND.  What is wrong stays so
until the clock is right again, or until a person has confirmed it with a second source
(``services.confirm``).  Until then only what stops a key is recorded, at a time that is certain.
"""  # noqa: E501

from typing import NamedTuple

from django.conf import settings

from biandun_office.platform import clock, sql
from biandun_office.platform.errors import ClockUntrusted
from biandun_office.timekeeping import selectors
from biandun_office.timekeeping.models import ClockMark
from biandun_office.timekeeping.selectors import Known

BOUND = 14 * 86_400
BEHIND = JUMP = 300
LOOK_EVERY = 3600  # seconds: how long the records need not be asked again


class Certain(NamedTuple):
    """A time that is not later than the truth; ``doubted`` is what the clock says while it is in
    doubt, None of one that is trusted.
    """

    moment: int
    doubted: int | None = None


class _Trusted(NamedTuple):
    """A moment when the clock was good, and what the clock that only counts said then."""

    moment: int
    ticks: float
    check: int


_trusted: dict[str, _Trusted] = {}  # by data folder: one for a server, whatever a test points at


def now() -> int:
    """The time, to be signed or recorded.

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
    """``now`` for what records no time: it leaves no mark, for which a full disk has no room."""
    moment, known = clock.now(), selectors.known()
    _judge(moment, clock.ticks(), _trusted.get(_folder()), known)
    return max(moment, known.moment)


def certain() -> Certain:
    """``now``; while the clock is in doubt the earlier of what it says and what the office has
    recorded.

    Whichever of the two is wrong, that one is not later than the truth: recorded, it raises no
    key's time, and needs no taking back.
    """
    try:
        return Certain(now())
    except ClockUntrusted:
        said = clock.now()
        return Certain(min(said, selectors.known().moment), said)


def problem() -> ClockUntrusted | None:
    """What is wrong with the clock, without touching anything; None when it may be signed with."""
    try:
        _judge(clock.now(), clock.ticks(), _trusted.get(_folder()), selectors.known())
    except ClockUntrusted as found:
        return found
    return None


def received(moment: int, last: int, size: int) -> int:
    """The time of reception of log entry number ``size``, at ``moment``, which ``now`` gave, when
    the entry before it was received at ``last``.

    It does not fall from one entry to the next, but where a correction took back what came before.
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
    """Remember that the clock was used at ``moment``, also after a restart."""
    if not sql.run("UPDATE timekeeping_clockmark SET seen = %s", moment):
        ClockMark.objects.create(pk=1, seen=moment)


def forget() -> None:
    """Ask the records again, as a process does that has just begun."""
    _trusted.pop(_folder(), None)


def _judge(moment: int, ticks: float, before: _Trusted | None, known: Known) -> None:
    if before is not None and before.check == known.check:  # else somebody has confirmed since
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
