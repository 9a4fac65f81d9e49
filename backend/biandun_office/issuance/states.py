"""The states of a certificate after it was issued: suspended by the office's machinery, resumed or
revoked by a person.
"""

from biandun_office.issuance.checks import require_standing
from biandun_office.issuance.models import Certificate, StateChange
from biandun_office.issuance.selectors import standings_of
from biandun_office.platform import logs
from biandun_office.platform.errors import Refused

State = Certificate.State


def suspend(*, certificate: Certificate, reason: str, now: int, doubted: int | None = None) -> None:
    """Take no more statements of this key until a person decides; a revoked one stays revoked.

    It is the newest certificate of the chain that is suspended, also when ``certificate`` was
    renewed a moment ago.  ``doubted`` is what a clock in doubt says; ``now`` is certain then, too.
    """
    newest = (
        Certificate.objects.select_related("device")
        .filter(chain=certificate.chain, state=State.ACTIVE)
        .first()
    )
    if newest is not None:
        _change(newest, State.SUSPENDED, reason, now, doubted)
        certificate.state = newest.state


def supersede(*, certificate: Certificate, reason: str, overlap_until: int, now: int) -> None:
    """Another certificate takes the place of this one; what was signed under it is still taken in
    for a time.

    Raises Refused: key-suspended, certificate-revoked.
    """
    require_standing(current(certificate))
    certificate.overlap_until = overlap_until
    certificate.save(update_fields=["overlap_until"])
    _change(certificate, State.SUPERSEDED, reason, now)


def note_use(certificate: Certificate, now: int) -> None:
    """A key pair has been seen: of one that took the place of another it is kept when that was
    first.
    """
    if certificate.kid != certificate.chain and certificate.used_at is None:
        Certificate.objects.filter(pk=certificate.pk, used_at=None).update(used_at=now)


def resume(*, certificate: Certificate, reason: str, now: int) -> None:
    """Let a suspended key go on.  Raises Refused(key-not-suspended)."""
    if current(certificate) != State.SUSPENDED.value:
        raise Refused("key-not-suspended", serial=certificate.device.serial)
    _change(certificate, State.ACTIVE, reason, now)


def revoke(*, certificate: Certificate, reason: str, now: int, doubted: int | None = None) -> None:
    """End a certificate for good; ``doubted`` as for ``suspend``.

    Raises Refused(key-not-suspended) when that happened before.
    """
    if current(certificate) not in (State.ACTIVE, State.SUSPENDED):
        raise Refused("key-not-suspended", serial=certificate.device.serial)
    _change(certificate, State.REVOKED, reason, now, doubted)


def current(certificate: Certificate) -> str:
    """The standing of the key in the database, now: the state of the newest certificate of its
    chain.
    """
    return standings_of([certificate.chain])[certificate.chain].state or State.SUPERSEDED.value


def _change(
    certificate: Certificate, after: str, reason: str, now: int, doubted: int | None = None
) -> None:
    StateChange.objects.create(
        certificate=certificate,
        before=current(certificate),
        after=after,
        reason=reason,
        changed_at=now,
        doubted=doubted,
    )
    certificate.state = after
    certificate.save(update_fields=["state"])
    logs.action(
        f"issuance.certificate.{after.lower()}",
        serial=certificate.device.serial,
        kid=certificate.kid,
    )
