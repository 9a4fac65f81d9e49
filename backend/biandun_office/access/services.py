"""Writes of logins: issue a challenge, verify its answer, end a session."""

import secrets

from django.conf import settings

from biandun_office.access import selectors
from biandun_office.access.models import Challenge, Login
from biandun_office.access.selectors import Reader
from biandun_office.issuance.checks import (
    compare_header,
    require_newest_pair,
    require_standing,
    require_validity,
)
from biandun_office.issuance.selectors import certificate_of
from biandun_office.issuance.states import note_use
from biandun_office.office.identity import Office
from biandun_office.platform import logs
from biandun_office.platform.database import writing
from biandun_office.platform.errors import Refused
from biandun_office.registry.selectors import active_unit
from biandun_protocol import cose, records
from biandun_protocol.algorithms import PublicKey
from biandun_protocol.certificate import Signed
from biandun_protocol.errors import StatementProblem
from biandun_protocol.login import verify_login
from biandun_protocol.wire import codec
from biandun_protocol.wire.messages import LoginManifest
from biandun_protocol.wire.numbers import LIMIT_NONCE, PURPOSE_LOGIN

CHALLENGE_SECONDS = 300
LOGIN_SECONDS = 8 * 3600
# an expired challenge is kept this long, so that a replay is answered login-replayed; once it is
# deleted, the answer is login-expired
_KEPT_SECONDS = 86_400


def make_challenge(*, origin: str, now: int) -> Challenge:
    """Issue a nonce for one login from ``origin``.  Raises Refused(origin-unknown)."""
    if origin not in settings.LOGIN_ORIGINS:
        raise Refused("origin-unknown")
    with writing():
        Challenge.objects.filter(expires_at__lt=now - _KEPT_SECONDS).delete()
        Login.objects.filter(expires_at__lt=now - _KEPT_SECONDS).delete()
        nonce = secrets.token_bytes(LIMIT_NONCE).hex()
        return Challenge.objects.create(
            nonce=nonce, origin=origin, expires_at=now + CHALLENGE_SECONDS
        )


def log_in(signed: Signed, *, office: Office, now: int) -> tuple[Reader, str]:
    """Verify the signed answer to a challenge and open a session; return its reader and its token.

    The token is not stored.  Each challenge can be answered once.

    Raises StatementProblem for its format, its signature, and login-mismatch; Refused:
    certificate-…, key-suspended, purpose-refused, unit-inactive, login-expired, login-replayed.
    """
    statement = cose.parse(signed.statement, purpose=PURPOSE_LOGIN)
    certificate = certificate_of(statement.header.kid)
    named = compare_header(statement.header, certificate)
    key = PublicKey(office.algorithm, bytes(named.public_key))
    cose.verify(statement, key)  # before the nonce is looked up: only a certified key uses one up
    challenge = selectors.challenge(_nonce(signed), now=now)
    nonce = bytes.fromhex(challenge.nonce)
    verify_login(
        signed,
        public_key=key,
        office_id=office.identity.office_id,
        origin=challenge.origin,
        nonce=nonce,
    )
    require_standing(certificate.state)
    require_validity(named, now)
    require_newest_pair(named)
    active_unit(certificate.uscc)
    token = secrets.token_urlsafe(32)
    with writing():
        if not Challenge.objects.filter(pk=challenge.pk, used_at=None).update(used_at=now):
            raise Refused("login-replayed")
        note_use(named, now)
        login = Login.objects.create(
            token_digest=selectors.digest_of(token),
            certificate=certificate,
            began_at=now,
            expires_at=now + LOGIN_SECONDS,
        )
        reader = selectors.reader(login, now=now)
    logs.action(
        "access.login.began",
        serial=certificate.device.serial,
        uscc=certificate.uscc,
        roles=list(reader.roles),
    )
    return reader, token


def log_out(reader: Reader, *, now: int) -> None:
    """End a login."""
    Login.objects.filter(pk=reader.login.pk, ended_at=None).update(ended_at=now)
    logs.action("access.login.ended", serial=reader.certificate.device.serial)


def _nonce(signed: Signed) -> bytes:
    try:
        return records.decode(LoginManifest, signed.manifest).nonce
    except codec.MessageError as error:
        raise StatementProblem("login-mismatch", field=error.field) from None


def correct_times(now: int) -> None:
    """Shorten logins and challenges that were issued with a clock that was ahead of ``now``.

    Their expiry was computed from that clock, so they would last too long by as much as it was
    ahead.
    """
    Login.objects.filter(began_at__gt=now, ended_at=None).update(ended_at=now)
    Challenge.objects.filter(expires_at__gt=now + CHALLENGE_SECONDS).delete()
