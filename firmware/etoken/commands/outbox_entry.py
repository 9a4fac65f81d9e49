"""outbox_entry: describe the parcel at a place of the outbox.

It gives out the name of the parcel's statement, which is not private, so no PIN is needed.
"""

from biandun_protocol.wire.messages import OutboxEntryReply, OutboxEntryRequest
from biandun_protocol.wire.numbers import ERROR_NOT_FOUND
from etoken.dispatch import command
from etoken.refusal import Refused
from etoken.token import Token


@command(OutboxEntryRequest, heap=3, flash=0, reads_only=True)
def outbox_entry(token: Token, request: OutboxEntryRequest) -> OutboxEntryReply:
    """Return the description.  Raises Refused(NOT_FOUND) for an empty place."""
    outbox = token.vault.outbox
    parcel = outbox.at(request.place)
    if parcel is None:
        raise Refused(ERROR_NOT_FOUND)
    known = parcel.parts if parcel.whole else min(outbox.missing(parcel), parcel.parts - 1)
    return OutboxEntryReply(parcel.name, parcel.length, parcel.digest, known)
