"""update_part: write a part of the announced firmware image; it counts once it was read back."""

from biandun_protocol.wire.messages import UpdatePartReply, UpdatePartRequest
from biandun_protocol.wire.numbers import (
    ERROR_BAD_FIELD,
    ERROR_NOT_FOUND,
    LIMIT_PIECE,
)
from etoken import update
from etoken.dispatch import command
from etoken.refusal import Refused
from etoken.token import Token


@command(UpdatePartRequest, heap=16, flash=0)
def update_part(token: Token, request: UpdatePartRequest) -> UpdatePartReply:
    """Return the offset of the first byte that is still missing.

    Raises Refused: UPDATE_UNAVAILABLE, NOT_FOUND when no release was announced, BAD_FIELD for a
    part of another size or at another offset than the next one, DIGEST_MISMATCH when the flash does
    not keep what is written: then the release must be announced again.
    """
    board = update.installed(token)
    slot = board.images.filling(board.running)
    if slot is None:
        raise Refused(ERROR_NOT_FOUND)
    missing = board.images.next(slot)
    if request.offset + LIMIT_PIECE == missing or (
        missing == slot.length and request.offset == (missing - 1) // LIMIT_PIECE * LIMIT_PIECE
    ):
        return UpdatePartReply(missing)  # it was written before a power cut
    if request.offset != missing:
        raise Refused(ERROR_BAD_FIELD, 0)
    if len(request.content) != min(LIMIT_PIECE, slot.length - missing):
        raise Refused(ERROR_BAD_FIELD, 1)
    board.images.write(slot, missing, request.content)
    return UpdatePartReply(board.images.next(slot))
