"""change_pin: replace a slot's PIN, given the old one; a wrong old PIN counts as in ``unlock``."""

from biandun_protocol.wire.messages import ChangePinReply, ChangePinRequest
from biandun_protocol.wire.numbers import EVENT_PIN_CHANGED, PHASE_WORKING
from etoken import policy
from etoken.commands.unlock import check_pin
from etoken.dispatch import command
from etoken.token import Token


@command(ChangePinRequest, heap=38, flash=900)
def change_pin(token: Token, request: ChangePinRequest) -> ChangePinReply:
    """Store the new PIN and log the user out.

    Raises Refused: PIN_FORMAT, PIN_WEAK, PIN_UNSET, PIN_LOCKED, PIN_WAIT, PIN_WRONG.
    """
    policy.require_pin(request.new, token.board.serial)
    check_pin(token, request.slot, request.old)
    try:
        token.vault.note(EVENT_PIN_CHANGED, request.slot)
        token.vault.set_pin(
            request.slot,
            request.new,
            token.entropy,
            token.board.pin_iterations,
            token.ticker(PHASE_WORKING),
        )
    finally:
        token.log_out()
    return ChangePinReply(request.slot)
