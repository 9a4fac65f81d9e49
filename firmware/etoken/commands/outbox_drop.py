"""outbox_drop: delete a parcel from the outbox; succeeds also when it is not there."""

from biandun_protocol.wire.messages import OutboxDropReply, OutboxDropRequest
from etoken.dispatch import command
from etoken.token import Token


@command(OutboxDropRequest, heap=3, flash=600)
def outbox_drop(token: Token, request: OutboxDropRequest) -> OutboxDropReply:
    """Delete the parcel of that name.  Raises Refused(PIN_REQUIRED)."""
    token.require_user()
    token.vault.outbox.drop(request.name)
    return OutboxDropReply()
