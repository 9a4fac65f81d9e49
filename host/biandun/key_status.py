"""The revocation status of a key, signed by its office and stored on the key (SPEC section 6.11).

A key learns of its suspension only from the office's signed status.  So when key or office refuses
something because of the status, the host fetches the current one and stores it on the key: a
suspended key then refuses to sign, a resumed one signs again.
"""

from collections.abc import Callable
from typing import TypeVar

from biandun.errors import HostProblem, KeyRefused, OfficeRefused
from biandun.key.session import Key
from biandun.office_client import Office
from biandun_protocol import certificate
from biandun_protocol.certificate import Signed
from biandun_protocol.errors import ProtocolProblem
from biandun_protocol.status import verify_status
from biandun_protocol.wire import messages as wire
from biandun_protocol.wire.numbers import (
    ERROR_STORE_DAMAGED,
    ERROR_UNKNOWN_COMMAND,
    STANDING_ACTIVE,
    STANDING_REVOKED,
    STANDING_SUSPENDED,
)

# status -> the code of the refusal for it, by the key or by the office
REFUSALS = {STANDING_SUSPENDED: "key-suspended", STANDING_REVOKED: "certificate-revoked"}
T = TypeVar("T")


def stored(key: Key) -> wire.StatusReply | None:
    """Return the status that the key stored last.

    None from firmware that knows no status, and from a key that cannot read it any more.  Raises
    KeyRefused(wrong-state) from a key without a certificate; LinkProblem.
    """
    try:
        return key.call(wire.StatusRequest(), wire.StatusReply)
    except KeyRefused as refusal:
        if refusal.number not in (ERROR_UNKNOWN_COMMAND, ERROR_STORE_DAMAGED):
            raise
        return None


def store(key: Key, status: Signed) -> wire.StatusReply:
    """Verify the office's status under the key's anchor and store it on the key; idempotent.

    Raises KeyRefused: status-invalid, serial-mismatch, key-mismatch, status-older,
    certificate-revoked; StatementProblem, ManifestProblem for a status that the office did not
    sign.
    """
    own = key.certificate()
    verify_status(status, certificate.verify_issuer(own.issuer, own.root), key.algorithm)
    return key.call(wire.StatusRequest(status.statement, status.manifest), wire.StatusReply)


def refresh(key: Key, office: Office) -> wire.StatusReply:
    """Fetch the key's current status from the office and store it on the key.

    Raises what ``store`` and ``Office.status`` raise.
    """
    return store(key, office.status(key.info.serial))


def refresh_if_possible(key: Key, office: Office) -> wire.StatusReply | None:
    """As ``refresh``, but None if the status cannot be fetched or the key refuses it.

    For callers to whom the status is of secondary importance.
    """
    try:
        return refresh(key, office)
    except (HostProblem, ProtocolProblem):
        return None


def refresh_if_stopped(key: Key, office: Office) -> None:
    """Refresh the status of a key that is suspended or revoked as far as it knows.

    It may have been resumed meanwhile.
    """
    last = stored(key)
    if last is not None and last.standing in REFUSALS:
        refresh_if_possible(key, office)


def retry_after_refresh(key: Key, office: Office, work: Callable[[], T]) -> T:
    """Call ``work``; if key or office refuses it because of the key's status, refresh the status.

    If the key refused, and the new status is active, ``work`` is called again.  Raises what
    ``work`` raises.
    """
    try:
        return work()
    except (KeyRefused, OfficeRefused) as refusal:
        current = refresh_if_possible(key, office) if refusal.code in REFUSALS.values() else None
        if (
            current is None
            or current.standing != STANDING_ACTIVE
            or isinstance(refusal, OfficeRefused)
        ):
            raise
    return work()
