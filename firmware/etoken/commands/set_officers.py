"""set_officers: store the two officers who can unblock this key, and make a share for each.

The office names them (SPEC section 6.8).  At enrolment there is nothing to protect yet; later user
0 must be logged in.  Repeating the same statement changes nothing, unless too many wrong codes have
locked the shares: then new ones are made.
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
        number = recovery.set_officers(
            officers.version,
            officers.first_key,
            officers.second_key,
            token.entropy,
            token.ticker(PHASE_WORKING),
        )
    except NoPoint:
        raise Refused(ERROR_OFFICERS_INVALID)
    return SetOfficersReply(number)
