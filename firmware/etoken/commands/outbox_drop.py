"""outbox_drop: take a parcel out of the outbox; one that is not there is answered with yes."""

from biandun_protocol.wire.messages import OutboxDropReply, OutboxDropRequest
from etoken.dispatch import command
from etoken.token import Token


@command(OutboxDropRequest, heap=3, flash=600)
def outbox_drop(token: Token, request: OutboxDropRequest) -> OutboxDropReply:
    """Drop it.  Raises Refused(PIN_REQUIRED)."""
    token.require_user()
    token.vault.outbox.drop(request.name)
    return OutboxDropReply()
