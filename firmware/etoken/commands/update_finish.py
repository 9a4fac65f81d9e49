"""update_finish: the image is whole; from its next start on the key tries it, and keeps it if it
passes its own test.
"""

from biandun_protocol.wire.messages import UpdateFinishReply, UpdateFinishRequest
from biandun_protocol.wire.numbers import (
    ERROR_NOT_FOUND,
    ERROR_UPDATE_INCOMPLETE,
)
from etoken import update
from etoken.dispatch import command
from etoken.refusal import Refused
from etoken.token import Token


@command(UpdateFinishRequest, heap=5, flash=0)
def update_finish(token: Token, request: UpdateFinishRequest) -> UpdateFinishReply:
    """Return the number of the release.

    Raises Refused: UPDATE_UNAVAILABLE, NOT_FOUND when nothing is on its way, UPDATE_INCOMPLETE,
    DIGEST_MISMATCH for an image that was not the announced one: then nothing is kept of it.
    """
    board = update.installed(token)
    slot = board.images.filling(board.running)
    if slot is None:
        slot = board.images.waiting(board.running)
        if slot is None:
            raise Refused(ERROR_NOT_FOUND)
        return UpdateFinishReply(slot.number)  # it was finished before
    if board.images.next(slot) != slot.length:
        raise Refused(ERROR_UPDATE_INCOMPLETE)
    board.images.finish(slot)
    return UpdateFinishReply(slot.number)
