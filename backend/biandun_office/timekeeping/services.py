"""A person's word on the office's clock, and what follows when it takes times back."""

from biandun_office.platform import clock, logs
from biandun_office.platform.database import writing
from biandun_office.platform.errors import Refused
from biandun_office.timekeeping import guard, records, selectors
from biandun_office.timekeeping.models import ClockCheck

AGREE = 600  # seconds that a second source may differ: it is read by a person, and typed


def confirm(*, at: int, source: str) -> ClockCheck:
    """A person has read ``at`` from another clock: from now on the office signs with its own again.

    Where the office has recorded later times, they are taken back, and its log goes on from the
    true time: the confirmation is kept, and stands for the one place where the times of reception
    fall.  Raises Refused(clock-disagrees) when clock and source differ.
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
            records.take_back(now)
    logs.action("timekeeping.clock.confirmed", at=now, last=known.moment, size=known.size)
    return check
