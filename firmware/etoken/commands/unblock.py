"""unblock: set a new PIN with the codes of both officers (SPEC section 6.8).

The attempt is counted on flash before the codes are checked.  Key pair, certificate, chain and all
other users stay.  The codes are used up, and the key makes new shares.
"""

from biandun_protocol.wire.messages import UnblockReply, UnblockRequest
from biandun_protocol.wire.numbers import (
    ERROR_PIN_UNSET,
    ERROR_ROLLED_BACK,
    ERROR_UNBLOCK_LOCKED,
    ERROR_UNBLOCK_UNSET,
    ERROR_UNBLOCK_WRONG,
    EVENT_UNBLOCK_WRONG,
    EVENT_UNBLOCKED,
    PHASE_WORKING,
)
from etoken import policy
from etoken.dispatch import command
from etoken.refusal import Refused
from etoken.token import Token


@command(UnblockRequest, heap=52, flash=1400)
def unblock(token: Token, request: UnblockRequest) -> UnblockReply:
    """Return the slot and the number of the new shares.

    Raises Refused: PIN_FORMAT, PIN_WEAK, ROLLED_BACK, PIN_UNSET, UNBLOCK_UNSET, UNBLOCK_WRONG with
    the tries left, UNBLOCK_LOCKED, PRESENCE_*, ENTROPY_FAILED.
    """
    policy.require_pin(request.pin, token.board.serial)
    token.log_out()
    vault, slot = token.vault, request.slot
    if vault.users.rolled_back:
        raise Refused(ERROR_ROLLED_BACK)
    if not vault.users.has_pin(slot):
        raise Refused(ERROR_PIN_UNSET)
    if vault.recovery.shares() is None:
        raise Refused(ERROR_UNBLOCK_UNSET)
    if not vault.recovery.tries_left:
        raise Refused(ERROR_UNBLOCK_LOCKED, tries_left=0)
    token.entropy.require()  # before the user presses the button and codes are used up
    token.wait_presence()
    data_key = vault.recovery.open(slot, request.first, request.second)
    if data_key is None:
        left = vault.recovery.tries_left
        vault.note(EVENT_UNBLOCK_WRONG, left)
        raise Refused(ERROR_UNBLOCK_WRONG if left else ERROR_UNBLOCK_LOCKED, tries_left=left)
    vault.note(EVENT_UNBLOCKED, slot)
    tick = token.ticker(PHASE_WORKING)
    number = vault.unblock(
        data_key, slot, request.pin, token.entropy, token.board.pin_iterations, tick
    )
    return UnblockReply(slot, number)
