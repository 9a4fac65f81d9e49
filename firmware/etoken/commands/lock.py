"""lock: log the user out; always possible."""

from biandun_protocol.wire.messages import LockReply, LockRequest
from etoken.dispatch import command
from etoken.token import Token


@command(LockRequest, heap=2, flash=0, reads_only=True)
def lock(token: Token, request: LockRequest) -> LockReply:
    """Lock the key; this also drops an open stream."""
    token.log_out()
    return LockReply()
