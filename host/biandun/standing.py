"""Whether a key may sign: what its office says of it, told to the key when both are at hand (SPEC
section 6.11).

A key knows no more of its suspension than it was told, so a host that meets a refusal for it lets
the key hear the office's word: a suspended key stops by itself from then on, one that was resumed
goes on.
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

# standing -> the code of who refuses for it, key or office
REFUSALS = {STANDING_SUSPENDED: "key-suspended", STANDING_REVOKED: "certificate-revoked"}
T = TypeVar("T")


def known(key: Key) -> wire.StatusReply | None:
    """What the key was told last; None from firmware that knows of no status, and from a key that
    cannot say it any more.
    """
    try:
        return key.call(wire.StatusRequest(), wire.StatusReply)
    except KeyRefused as refusal:
        if refusal.number not in (ERROR_UNKNOWN_COMMAND, ERROR_STORE_DAMAGED):
            raise
        return None


def tell(key: Key, status: Signed) -> wire.StatusReply:
    """Let the key hear the office's word; the same again changes nothing.

    Raises KeyRefused: status-invalid, serial-mismatch, key-mismatch, status-older,
    certificate-revoked; StatementProblem, ManifestProblem for what the office did not sign.
    """
    own = key.certificate()
    verify_status(status, certificate.verify_issuer(own.issuer, own.root), key.algorithm)
    return key.call(wire.StatusRequest(status.statement, status.manifest), wire.StatusReply)


def ask(key: Key, office: Office) -> wire.StatusReply:
    """Fetch the office's word and let the key hear it.  Raises what ``tell`` and ``Office.status``
    raise.
    """
    return tell(key, office.status(key.info.serial))


def pass_on(key: Key, office: Office) -> wire.StatusReply | None:
    """The same by the way, beside something that matters more: None when the word is not to be had,
    or not to be understood.
    """
    try:
        return ask(key, office)
    except (HostProblem, ProtocolProblem):
        return None


def catch_up(key: Key, office: Office) -> None:
    """Let a key that was stopped hear whether it may go on: for a key that meets its office for
    something else.
    """
    said = known(key)
    if said is not None and said.standing in REFUSALS:
        pass_on(key, office)


def heeding(key: Key, office: Office, work: Callable[[], T]) -> T:
    """Do the work of both; when one of them refuses for the key's standing, let the key hear the
    office's word of today.

    Where that is that the key may sign, which it did not know, the work is done again.  Raises what
    ``work`` raises.
    """
    try:
        return work()
    except (KeyRefused, OfficeRefused) as refusal:
        told = pass_on(key, office) if refusal.code in REFUSALS.values() else None
        if told is None or told.standing != STANDING_ACTIVE or isinstance(refusal, OfficeRefused):
            raise
    return work()
