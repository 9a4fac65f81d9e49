"""Reads of logins."""

from dataclasses import dataclass
from hashlib import sha256

from biandun_office.access.models import Challenge, Login
from biandun_office.access.roles import roles_of
from biandun_office.issuance.checks import require_standing, require_validity
from biandun_office.issuance.models import Certificate
from biandun_office.platform.errors import Refused
from biandun_office.registry.models import Office, Unit
from biandun_office.registry.selectors import active_unit, office_of


@dataclass(frozen=True)
class Reader:
    """Who is logged in: a key of a unit, with its roles.

    ``office`` is the office that the unit is; None for any other unit.
    """

    certificate: Certificate
    unit: Unit
    office: Office | None
    roles: tuple[str, ...]
    login: Login


def digest_of(token: str) -> str:
    """SHA-256 of a token in hexadecimal: the form in which the office stores it."""
    return sha256(token.encode()).hexdigest()


def challenge(nonce: bytes, *, now: int) -> Challenge:
    """The unused challenge with this ``nonce``.

    Raises Refused: login-replayed for a used one; login-expired for one that has expired or was
    never issued.
    """
    found = Challenge.objects.filter(pk=nonce.hex()).first()
    if found is not None and found.used_at is not None:
        raise Refused("login-replayed")
    if found is None or found.expires_at < now:
        raise Refused("login-expired")
    return found


def reader_of(token: str, *, now: int) -> Reader | None:
    """The reader whose login has this ``token``.

    None when the login has ended or expired, or when its certificate or unit may no longer log in.
    """
    rows = Login.objects.select_related("certificate__device").filter(
        pk=digest_of(token), ended_at=None, expires_at__gt=now
    )
    login = rows.first()
    if login is None:
        return None
    try:
        return reader(login, now=now)
    except Refused:
        return None


def reader(login: Login, *, now: int) -> Reader:
    """The reader of a login, after checks of its certificate and unit.

    Raises Refused: key-suspended, certificate-revoked, certificate-superseded, certificate-not-yet,
    certificate-expired, unit-unknown, unit-inactive.
    """
    certificate = login.certificate
    if certificate.state == Certificate.State.SUPERSEDED.value:
        # the key has to log in again with its renewed certificate
        raise Refused("certificate-superseded")
    require_standing(certificate.state)
    require_validity(certificate, now)
    unit = active_unit(certificate.uscc)
    office = office_of(unit)
    roles = roles_of(certificate.purposes, of_office=office is not None)
    return Reader(certificate, unit, office, roles, login)
