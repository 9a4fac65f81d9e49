"""lock: end what ``unlock`` began; always possible."""

from biandun_protocol.wire.messages import LockReply, LockRequest
from etoken.dispatch import command
from etoken.token import Token


@command(LockRequest, heap=2, flash=0, reads_only=True)
def lock(token: Token, request: LockRequest) -> LockReply:
    """Lock the key; an open stream goes with it."""
    token.leave()
    return LockReply()
