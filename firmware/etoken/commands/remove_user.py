"""remove_user: remove a user's PIN and access to the data key; user 0 confirms at the button."""

from biandun_protocol.wire.messages import RemoveUserReply, RemoveUserRequest
from biandun_protocol.wire.numbers import (
    ERROR_PIN_UNSET,
    ERROR_SLOT_REFUSED,
    EVENT_USER_REMOVED,
)
from etoken.dispatch import command
from etoken.refusal import Refused
from etoken.token import Token


@command(RemoveUserRequest, heap=28, flash=240)
def remove_user(token: Token, request: RemoveUserRequest) -> RemoveUserReply:
    """Return the slot.

    Raises Refused: PIN_REQUIRED, SLOT_REFUSED unless user 0 removes another user, PIN_UNSET,
    PRESENCE_*.
    """
    token.require_first_user()
    if request.slot == 0:
        raise Refused(ERROR_SLOT_REFUSED)
    if not token.vault.users.has_pin(request.slot):
        raise Refused(ERROR_PIN_UNSET)
    token.wait_presence()
    token.vault.note(EVENT_USER_REMOVED, request.slot)
    token.vault.remove_user(request.slot)
    return RemoveUserReply(request.slot)
