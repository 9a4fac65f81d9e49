"""A person's decisions about a certified key: suspend, resume, revoke."""

from biandun_office.evidence.forks import resolve
from biandun_office.issuance import states
from biandun_office.issuance.models import Certificate
from biandun_office.issuance.selectors import certificate_of_serial
from biandun_office.platform.database import writing
from biandun_office.platform.errors import Refused


def suspend(*, serial: str, reason: str, now: int, doubted: int | None = None) -> Certificate:
    """Suspend a key; it also works while the clock is in doubt and shows ``doubted``.

    Raises Refused: serial-unknown, key-not-suspended.
    """
    with writing():
        certificate = certificate_of_serial(serial)
        if states.current(certificate) != Certificate.State.ACTIVE.value:
            raise Refused("key-not-suspended", serial=serial)
        states.suspend(certificate=certificate, reason=reason, now=now, doubted=doubted)
    return certificate


def resume(*, serial: str, reason: str, now: int) -> Certificate:
    """Resume a suspended key and resolve its alerts.

    After a fork, the statement that was accepted first stays accepted; the other one stays
    evidence.

    Raises Refused: serial-unknown, key-not-suspended.
    """
    with writing():
        certificate = certificate_of_serial(serial)
        states.resume(certificate=certificate, reason=reason, now=now)
        resolve(certificate, f"resumed: {reason}", now)
    return certificate


def revoke(*, serial: str, reason: str, now: int, doubted: int | None = None) -> Certificate:
    """Revoke a key's certificate, finally; ``doubted`` as for ``suspend``.

    Raises Refused: serial-unknown, key-not-suspended.
    """
    with writing():
        certificate = certificate_of_serial(serial)
        states.revoke(certificate=certificate, reason=reason, now=now, doubted=doubted)
        resolve(certificate, f"revoked: {reason}", now)
    return certificate
