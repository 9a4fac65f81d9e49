"""update_part: take in a part of the firmware image that was announced; it counts when it has been
read back.
"""

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
    """Return the first byte that is missing now.

    Raises Refused: UPDATE_UNAVAILABLE, NOT_FOUND when nothing was announced, BAD_FIELD for a part
    of another size or one that is not the next, DIGEST_MISMATCH when the flash does not keep it:
    then it has to be announced again.
    """
    board = update.installed(token)
    slot = board.images.filling(board.running)
    if slot is None:
        raise Refused(ERROR_NOT_FOUND)
    missing = board.images.next(slot)
    if request.offset + LIMIT_PIECE == missing or (
        missing == slot.length and request.offset == (missing - 1) // LIMIT_PIECE * LIMIT_PIECE
    ):
        return UpdatePartReply(missing)  # it was taken in before the plug was pulled
    if request.offset != missing:
        raise Refused(ERROR_BAD_FIELD, 0)
    if len(request.content) != min(LIMIT_PIECE, slot.length - missing):
        raise Refused(ERROR_BAD_FIELD, 1)
    board.images.write(slot, missing, request.content)
    return UpdatePartReply(board.images.next(slot))
