"""set_officers: take in whom the office names to let this key in again, and make two shares, one
for each.

At enrolment, before there is anything to protect; later user 0 says yes by having the key unlocked.
The same statement again changes nothing, unless too many wrong codes have locked the shares: then
there are new ones.
"""

from biandun_protocol.wire.messages import OfficersManifest, SetOfficersReply, SetOfficersRequest
from biandun_protocol.wire.numbers import (
    ERROR_OFFICERS_INVALID,
    ERROR_OFFICERS_OLDER,
    ERROR_SESSION_UNAVAILABLE,
    EVENT_OFFICERS_SET,
    PHASE_WORKING,
    PURPOSE_UNBLOCK,
    SCHEMA_OFFICERS,
    STATE_PERSONALISED,
)
from etoken.dispatch import command
from etoken.refusal import Refused
from etoken.token import Token
from etoken.vault.recovery import NoPoint


@command(SetOfficersRequest, heap=36, flash=1300)
def set_officers(token: Token, request: SetOfficersRequest) -> SetOfficersReply:
    """Return the number of the shares.

    Raises Refused: OFFICERS_INVALID, OFFICERS_OLDER, PIN_REQUIRED, SLOT_REFUSED for another user,
    SESSION_UNAVAILABLE on a key without a device key.
    """
    if token.state == STATE_PERSONALISED:
        token.require_first_user()
    if token.vault.identity.device_key is None:
        raise Refused(ERROR_SESSION_UNAVAILABLE)
    statement, manifest = request.statement, request.manifest
    officers = token.read_office(
        OfficersManifest,
        statement,
        manifest,
        PURPOSE_UNBLOCK,
        SCHEMA_OFFICERS,
        ERROR_OFFICERS_INVALID,
    )
    if officers.first_key == officers.second_key or officers.first_name == officers.second_name:
        raise Refused(ERROR_OFFICERS_INVALID)
    recovery = token.vault.recovery
    if officers.version < recovery.officers:
        raise Refused(ERROR_OFFICERS_OLDER)
    shares = recovery.shares()
    if shares is not None and shares.officers == officers.version and recovery.tries_left:
        return SetOfficersReply(shares.number)
    token.vault.note(EVENT_OFFICERS_SET, officers.version)
    try:
        number = recovery.name(
            officers.version,
            officers.first_key,
            officers.second_key,
            token.entropy,
            token.ticker(PHASE_WORKING),
        )
    except NoPoint:
        raise Refused(ERROR_OFFICERS_INVALID)
    return SetOfficersReply(number)
