"""card_section: store one section of the announced unit card; the last one puts the card in force.

A card states the office's time: the time floor rises to it.  See SPEC section 6.5.
"""

from biandun_protocol.wire.messages import CardSectionReply, CardSectionRequest
from biandun_protocol.wire.numbers import (
    ERROR_BAD_FIELD,
    ERROR_DIGEST_MISMATCH,
    ERROR_NOT_FOUND,
    EVENT_CARD_IN_FORCE,
)
from etoken.dispatch import command
from etoken.refusal import Refused
from etoken.token import Token
from etoken.vault.card import Side


@command(CardSectionRequest, heap=38, flash=4000)
def card_section(token: Token, request: CardSectionRequest) -> CardSectionReply:
    """Return the index of the first section that is still missing.

    Raises Refused: PIN_REQUIRED, NOT_FOUND when no card was announced, BAD_FIELD when it has no
    such section, DIGEST_MISMATCH, STORE_FULL.
    """
    token.require_user()
    card, statements = token.vault.card, token.vault.statements
    arriving = card.arriving()
    if arriving is None:
        raise Refused(ERROR_NOT_FOUND)
    manifest = arriving.manifest
    if request.index >= len(manifest.sections):
        raise Refused(ERROR_BAD_FIELD, 0)
    if token.suite.digest(request.content) != manifest.sections[request.index]:
        raise Refused(ERROR_DIGEST_MISMATCH)
    statements.require_room(len(request.content) + 128)
    card.keep(arriving, request.index, request.content)
    return CardSectionReply(manifest.version, put_in_force_when_complete(token, arriving))


def put_in_force_when_complete(token: Token, arriving: Side) -> int:
    """Put the card in force when no section is missing.

    Returns the index of the first missing section, the number of sections when none is missing.
    """
    missing = token.vault.card.missing(arriving)
    if missing == len(arriving.manifest.sections):
        token.vault.statements.raise_floor(arriving.manifest.issued)
        token.vault.note(EVENT_CARD_IN_FORCE, arriving.manifest.version)
        token.vault.card.put_in_force(arriving)
    return missing
