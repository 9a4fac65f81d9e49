"""A person's word on the office's clock, and what follows when it takes times back."""

from biandun_office.access.models import Challenge, Login
from biandun_office.access.services import CHALLENGE_SECONDS
from biandun_office.evidence.models import Blob, Gap
from biandun_office.issuance.models import Certificate, KeyOffer, StateChange
from biandun_office.issuance.services import DAY, OFFER_DAYS
from biandun_office.platform import clock, logs
from biandun_office.platform.database import writing
from biandun_office.platform.errors import Refused
from biandun_office.timekeeping import guard, selectors
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
            _take_back(now)
    logs.action("timekeeping.clock.confirmed", at=now, last=known.moment, size=known.size)
    return check


def _take_back(now: int) -> None:
    """What was given out with a clock that was ahead would last for as long as it was ahead."""
    Login.objects.filter(began_at__gt=now, ended_at=None).update(ended_at=now)
    Challenge.objects.filter(expires_at__gt=now + CHALLENGE_SECONDS).delete()
    KeyOffer.objects.filter(issued_at__gt=now, used_at=None).update(
        expires_at=now + OFFER_DAYS * DAY
    )
    Blob.objects.filter(stored_at__gt=now).update(stored_at=now)
    Gap.objects.filter(opened__gt=now, closed=None).update(opened=now)
    replaced = StateChange.objects.filter(after=Certificate.State.SUPERSEDED, changed_at__gt=now)
    for certificate_id, changed_at in replaced.values_list("certificate_id", "changed_at"):
        certificate = Certificate.objects.get(pk=certificate_id)
        if certificate.overlap_until is not None and certificate.overlap_until > changed_at:
            certificate.overlap_until -= changed_at - now
            certificate.save(update_fields=["overlap_until"])
