"""challenge: the nonce that the next order of the office has to name, and where the key believes to
stand.

It stays the same until an order has used it, or, on a board that counts them, until somebody has
tried a PIN.
"""

from biandun_protocol.wire.messages import ChallengeReply, ChallengeRequest
from etoken.dispatch import command
from etoken.token import Token


@command(ChallengeRequest, heap=7, flash=200)
def challenge(token: Token, request: ChallengeRequest) -> ChallengeReply:
    """Return it."""
    vault = token.vault
    nonce = vault.orders.challenge(token.entropy)
    return ChallengeReply(
        nonce,
        vault.identity.generation,
        vault.statements.seq,
        vault.statements.head,
        vault.users.forgotten or None,
    )
