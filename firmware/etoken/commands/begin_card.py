"""begin_card: announce a newer unit card (SPEC section 6.5).

The office must have signed it, for this key's unit, with a higher version than the card in force.
Announcing the same card again tells which section comes next; for the card in force none is
missing.
"""

from biandun_protocol.wire.messages import BeginCardReply, BeginCardRequest, CardManifest
from biandun_protocol.wire.numbers import (
    ERROR_CARD_INVALID,
    ERROR_CARD_OLDER,
    ERROR_UNIT_MISMATCH,
    LIMIT_PIECE,
    LIMIT_SECTIONS,
    PURPOSE_CARD,
    SCHEMA_CARD,
)
from etoken.commands.card_section import put_in_force_when_complete
from etoken.dispatch import command
from etoken.refusal import Refused
from etoken.token import Token


@command(BeginCardRequest, heap=36, flash=2400)
def begin_card(token: Token, request: BeginCardRequest) -> BeginCardReply:
    """Return the index of the first section that is missing.

    Raises Refused: PIN_REQUIRED, CARD_INVALID, UNIT_MISMATCH, CARD_OLDER, STORE_FULL.
    """
    token.require_user()
    manifest = _verified(token, request)
    card = token.vault.card
    current = card.current()
    count = len(manifest.sections)
    if current is not None and current.raw_manifest == request.manifest:
        card.finish_arrival()  # after a power cut while it was put in force
        return BeginCardReply(manifest.version, count)
    if current is not None and manifest.version <= current.manifest.version:
        raise Refused(ERROR_CARD_OLDER)
    arriving = card.next_side(request.statement, request.manifest)
    # before the card that was arriving is replaced
    token.vault.statements.require_room(1024 + card.missing_count(arriving) * (LIMIT_PIECE + 128))
    card.begin(arriving)
    # none is missing after a power cut before it was put in force
    missing = put_in_force_when_complete(token, arriving)
    return BeginCardReply(manifest.version, missing)


def _verified(token: Token, request: BeginCardRequest) -> CardManifest:
    manifest = token.read_office(
        CardManifest,
        request.statement,
        request.manifest,
        PURPOSE_CARD,
        SCHEMA_CARD,
        ERROR_CARD_INVALID,
    )
    if not 0 < len(manifest.sections) <= LIMIT_SECTIONS or manifest.issued >= manifest.not_after:
        raise Refused(ERROR_CARD_INVALID)
    if manifest.uscc != token.profile.uscc:
        raise Refused(ERROR_UNIT_MISMATCH)
    return manifest
