"""outbox_begin: a place in the outbox for the package of a statement that this key signed.

Nothing else travels on a key: a name under which it signed nothing is refused.  The same parcel again tells where to go on; another
digest under its name puts a new parcel in the place of the old.
"""

from biandun_protocol.wire.messages import OutboxBeginReply, OutboxBeginRequest
from biandun_protocol.wire.numbers import (
    ERROR_BAD_FIELD,
    ERROR_NOT_FOUND,
    ERROR_OUTBOX_FULL,
    LIMIT_OUTBOX,
    STATE_PERSONALISED,
)
from etoken.dispatch import command
from etoken.refusal import Refused
from etoken.token import Token


@command(OutboxBeginRequest, states=(STATE_PERSONALISED,), heap=6, flash=140)
def outbox_begin(token: Token, request: OutboxBeginRequest) -> OutboxBeginReply:
    """Return the first part that is missing.  Raises Refused: PIN_REQUIRED, BAD_FIELD, NOT_FOUND, OUTBOX_FULL, STORE_FULL."""
    token.require_user()
    outbox, statements = token.vault.outbox, token.vault.statements
    if not request.length:
        raise Refused(ERROR_BAD_FIELD, 1)
    if statements.find(request.name) is None:
        raise Refused(ERROR_NOT_FOUND)
    others = sum([parcel.length for parcel in outbox.parcels() if parcel.name != request.name])
    if others + request.length > LIMIT_OUTBOX:
        raise Refused(ERROR_OUTBOX_FULL)
    statements.require_room(request.length + request.length // 8 + 256)
    parcel = outbox.begin(request.name, request.digest, request.length)
    if parcel is None:
        raise Refused(ERROR_OUTBOX_FULL)
    return OutboxBeginReply(outbox.missing(parcel))
