"""What a person decides about a key that the office certified: suspend it, let it go on, or end
it.
"""

from biandun_office.evidence.forks import resolve
from biandun_office.issuance import states
from biandun_office.issuance.models import Certificate
from biandun_office.issuance.selectors import certificate_of_serial
from biandun_office.platform.database import writing
from biandun_office.platform.errors import Refused


def suspend(*, serial: str, reason: str, now: int, doubted: int | None = None) -> Certificate:
    """Take no more statements of a key until a person says otherwise, also while the clock is in
    doubt and says ``doubted``.

    Raises Refused: serial-unknown, key-not-suspended.
    """
    with writing():
        certificate = certificate_of_serial(serial)
        if states.current(certificate) != Certificate.State.ACTIVE.value:
            raise Refused("key-not-suspended", serial=serial)
        states.suspend(certificate=certificate, reason=reason, now=now, doubted=doubted)
    return certificate


def resume(*, serial: str, reason: str, now: int) -> Certificate:
    """Let a suspended key go on, as a person decided; its alerts are dealt with.

    The statement that came first stays, the other stays evidence.  Raises Refused: serial-unknown,
    key-not-suspended.
    """
    with writing():
        certificate = certificate_of_serial(serial)
        states.resume(certificate=certificate, reason=reason, now=now)
        resolve(certificate, f"resumed: {reason}", now)
    return certificate


def revoke(*, serial: str, reason: str, now: int, doubted: int | None = None) -> Certificate:
    """End a key's certificate for good, as a person decided; ``doubted`` as for ``suspend``.

    Raises Refused: serial-unknown, key-not-suspended.
    """
    with writing():
        certificate = certificate_of_serial(serial)
        states.revoke(certificate=certificate, reason=reason, now=now, doubted=doubted)
        resolve(certificate, f"revoked: {reason}", now)
    return certificate
