"""update_finish: verify the complete image; the next boot tries it.

The firmware stays if it then passes its self-test.  See SPEC section 6.9.
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

    Raises Refused: UPDATE_UNAVAILABLE, NOT_FOUND when no release was announced, UPDATE_INCOMPLETE,
    DIGEST_MISMATCH for an image other than the announced one, which is then discarded.
    """
    board = update.installed(token)
    slot = board.images.filling(board.running)
    if slot is None:
        slot = board.images.waiting(board.running)
        if slot is None:
            raise Refused(ERROR_NOT_FOUND)
        return UpdateFinishReply(slot.number)  # it was finished already
    if board.images.next(slot) != slot.length:
        raise Refused(ERROR_UPDATE_INCOMPLETE)
    board.images.finish(slot)
    return UpdateFinishReply(slot.number)
