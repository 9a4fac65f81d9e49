"""outbox_read: return a part of a parcel.

Parcels name persons, so a user must be logged in.
"""

from biandun_protocol.wire.messages import OutboxReadReply, OutboxReadRequest
from biandun_protocol.wire.numbers import ERROR_NOT_FOUND
from etoken.dispatch import command
from etoken.refusal import Refused
from etoken.token import Token


@command(OutboxReadRequest, heap=24, flash=0)
def outbox_read(token: Token, request: OutboxReadRequest) -> OutboxReadReply:
    """Return the part.

    Raises Refused: PIN_REQUIRED, NOT_FOUND also for a parcel that is not complete.
    """
    token.require_user()
    outbox = token.vault.outbox
    parcel = outbox.find(request.name)
    if parcel is None or request.index >= parcel.parts or not parcel.whole:
        raise Refused(ERROR_NOT_FOUND)
    return OutboxReadReply(outbox.part(parcel, request.index))
