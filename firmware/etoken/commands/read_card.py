"""read_card: return the office's statement of the unit card in force.

A user must be logged in: the digests of sections that name persons could be guessed.
"""

from biandun_protocol.wire.messages import ReadCardReply, ReadCardRequest
from biandun_protocol.wire.numbers import ERROR_NOT_FOUND
from etoken.dispatch import command
from etoken.refusal import Refused
from etoken.token import Token


@command(ReadCardRequest, heap=18, flash=0)
def read_card(token: Token, request: ReadCardRequest) -> ReadCardReply:
    """Return statement and manifest of the card.  Raises Refused: PIN_REQUIRED, NOT_FOUND."""
    token.require_user()
    card = token.vault.card.current()
    if card is None:
        raise Refused(ERROR_NOT_FOUND)
    return ReadCardReply(card.statement, card.raw_manifest)
