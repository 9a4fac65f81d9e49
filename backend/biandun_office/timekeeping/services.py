"""A person's confirmation of the office's clock, and the corrections that follow from it."""

from biandun_office.platform import clock, logs
from biandun_office.platform.database import writing
from biandun_office.platform.errors import Refused
from biandun_office.timekeeping import guard, records, selectors
from biandun_office.timekeeping.models import ClockCheck

AGREE = 600  # seconds that the second source may differ: a person reads and types its time


def confirm(*, at: int, source: str) -> ClockCheck:
    """Record that a person read the time ``at`` from another clock; the office signs again.

    If the office has recorded later times, they are taken back.  The confirmation stays on record
    and explains why the times of reception decrease at that entry of the log.

    Raises Refused(clock-disagrees) when the clocks differ by more than AGREE.
    """
    now = clock.now()
    if abs(now - at) > AGREE:
        raise Refused("clock-disagrees", now=clock.iso(now), at=clock.iso(at))
    with writing():
        known = selectors.known()
        check = ClockCheck.objects.create(
            at=now, last=known.moment, log_size=known.size, source=source
        )
        guard.mark(now)
        if known.moment > now:
            records.correct_times(now)
    logs.action("timekeeping.clock.confirmed", at=now, last=known.moment, size=known.size)
    return check
