"""challenge: give out the nonce that the next order of the office must name, and the chain's head.

The nonce stays the same until an order has used it, or, on a board with a tally, until a PIN was
attempted.  See SPEC section 6.4.
"""

from biandun_protocol.wire.messages import ChallengeReply, ChallengeRequest
from etoken.dispatch import command
from etoken.token import Token


@command(ChallengeRequest, heap=7, flash=200)
def challenge(token: Token, request: ChallengeRequest) -> ChallengeReply:
    """Return nonce (16 bytes), generation, and number and name of the chain's last statement."""
    vault = token.vault
    nonce = vault.orders.challenge(token.entropy)
    return ChallengeReply(
        nonce,
        vault.identity.generation,
        vault.statements.seq,
        vault.statements.head,
        vault.users.forgotten or None,
    )
