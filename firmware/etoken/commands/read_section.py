"""read_section: return a section of the unit card in force.

Sections name persons, so a user must be logged in.
"""

from biandun_protocol.wire.messages import ReadSectionReply, ReadSectionRequest
from biandun_protocol.wire.numbers import ERROR_NOT_FOUND
from etoken.dispatch import command
from etoken.refusal import Refused
from etoken.token import Token


@command(ReadSectionRequest, heap=30, flash=0)
def read_section(token: Token, request: ReadSectionRequest) -> ReadSectionReply:
    """Return the section.  Raises Refused: PIN_REQUIRED, NOT_FOUND."""
    token.require_user()
    card = token.vault.card.current()
    if card is None or request.index >= len(card.manifest.sections):
        raise Refused(ERROR_NOT_FOUND)
    return ReadSectionReply(token.vault.card.section(card, request.index))
