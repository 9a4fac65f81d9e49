"""Changes of a certificate's state: suspend, supersede, resume, revoke."""

from biandun_office.issuance.checks import require_standing
from biandun_office.issuance.models import Certificate, StateChange
from biandun_office.issuance.selectors import standings_of
from biandun_office.platform import logs
from biandun_office.platform.errors import Refused

State = Certificate.State


def suspend(*, certificate: Certificate, reason: str, now: int, doubted: int | None = None) -> None:
    """Suspend a key: no more of its statements are accepted until a person decides.

    The newest certificate of the chain is suspended, even if ``certificate`` was renewed meanwhile.
    A revoked one stays revoked.  ``doubted`` is what a clock in doubt shows; ``now`` is certain
    even then.
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
    """Mark a certificate as replaced; what it signed is accepted until ``overlap_until``.

    Raises Refused: key-suspended, certificate-revoked.
    """
    require_standing(current(certificate))
    certificate.overlap_until = overlap_until
    certificate.save(update_fields=["overlap_until"])
    _change(certificate, State.SUPERSEDED, reason, now)


def note_use(certificate: Certificate, now: int) -> None:
    """Record when a key pair that succeeded another was first used."""
    if certificate.kid != certificate.chain and certificate.used_at is None:
        Certificate.objects.filter(pk=certificate.pk, used_at=None).update(used_at=now)


def resume(*, certificate: Certificate, reason: str, now: int) -> None:
    """Make a suspended certificate active again.  Raises Refused(key-not-suspended)."""
    if current(certificate) != State.SUSPENDED.value:
        raise Refused("key-not-suspended", serial=certificate.device.serial)
    _change(certificate, State.ACTIVE, reason, now)


def revoke(*, certificate: Certificate, reason: str, now: int, doubted: int | None = None) -> None:
    """Revoke a certificate, finally; ``doubted`` as for ``suspend``.

    Raises Refused(key-not-suspended) when it is neither active nor suspended.
    """
    if current(certificate) not in (State.ACTIVE, State.SUSPENDED):
        raise Refused("key-not-suspended", serial=certificate.device.serial)
    _change(certificate, State.REVOKED, reason, now, doubted)


def current(certificate: Certificate) -> str:
    """The state of the newest certificate in the same chain, read from the database."""
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
