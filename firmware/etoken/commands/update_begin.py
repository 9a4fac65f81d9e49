"""update_begin: announce a firmware release (SPEC section 6.9).

Its image is written to the slot that does not run; bytes that are there already are not sent again.
No PIN is needed: a locked key must be updatable as well, and both signatures authenticate the
release.  The user must press the button before the first byte.
"""

from biandun_protocol.wire.messages import UpdateBeginReply, UpdateBeginRequest
from etoken import update
from etoken.dispatch import command
from etoken.token import Token


@command(UpdateBeginRequest, heap=40, flash=0)
def update_begin(token: Token, request: UpdateBeginRequest) -> UpdateBeginReply:
    """Return the offset of the first byte of the image that is missing.

    Raises Refused: UPDATE_UNAVAILABLE, RELEASE_INVALID, RELEASE_OLDER, PRESENCE_*, DIGEST_MISMATCH
    when the flash does not keep what is written.
    """
    release = update.verified(token, request.vendor, request.operator, request.manifest)
    board = update.installed(token)
    slot = board.images.begun(release.number, release.floor, release.digest, board.running)
    if slot is None:
        token.wait_presence()
        slot = board.images.begin(
            release.number, release.floor, release.length, release.digest, board.running
        )
    return UpdateBeginReply(board.images.next(slot))
