"""prove_possession: sign the office's nonce with the new key pair, before it has a certificate."""

from biandun_protocol.wire.messages import ProvePossessionReply, ProvePossessionRequest
from etoken import signing
from etoken.dispatch import command
from etoken.token import Token
from etoken.vault import records


@command(ProvePossessionRequest, heap=24, flash=96)
def prove_possession(token: Token, request: ProvePossessionRequest) -> ProvePossessionReply:
    """Return header, signature and manifest of the proof.

    Raises Refused: PRESENCE_*, CANCELLED.
    """
    token.wait_presence()
    return ProvePossessionReply(
        *signing.prove(token, records.KEY_PAIR, token.public_key, request.nonce)
    )
