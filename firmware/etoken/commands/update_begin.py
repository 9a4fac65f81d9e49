"""update_begin: announce a firmware release; it goes beside the one that runs, and what is on flash
of it already is not sent again.

No PIN: a locked key has to be renewed as well, and both signatures say what this is.  Somebody has
to press the button before the first byte.
"""

from biandun_protocol.wire.messages import UpdateBeginReply, UpdateBeginRequest
from etoken import update
from etoken.dispatch import command
from etoken.token import Token


@command(UpdateBeginRequest, heap=40, flash=0)
def update_begin(token: Token, request: UpdateBeginRequest) -> UpdateBeginReply:
    """Return the first byte of the image that is missing.

    Raises Refused: UPDATE_UNAVAILABLE, RELEASE_INVALID, RELEASE_OLDER, PRESENCE_*, DIGEST_MISMATCH
    when the flash keeps nothing.
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
