"""set_pin: give a user slot its first PIN.

Slot 0 is set by whoever sets the key up and needs the button; further slots are set by user 0, who
must be logged in.  A slot that has a PIN keeps it: changing it needs the old PIN, and a forgotten
one needs the office.
"""

from biandun_protocol.wire.messages import SetPinReply, SetPinRequest
from biandun_protocol.wire.numbers import (
    ERROR_PIN_SET,
    ERROR_ROLLED_BACK,
    ERROR_SLOT_REFUSED,
    EVENT_PIN_SET,
    PHASE_WORKING,
)
from etoken import policy
from etoken.dispatch import command
from etoken.refusal import Refused
from etoken.token import Token


@command(SetPinRequest, heap=52, flash=700)
def set_pin(token: Token, request: SetPinRequest) -> SetPinReply:
    """Store the PIN.

    Raises Refused: PIN_FORMAT, PIN_WEAK, PIN_SET, SLOT_REFUSED, ROLLED_BACK, PRESENCE_*.
    """
    policy.require_pin(request.pin, token.board.serial)
    if token.vault.users.rolled_back:
        raise Refused(ERROR_ROLLED_BACK)
    if token.vault.users.has_pin(request.slot):
        raise Refused(ERROR_PIN_SET)
    if request.slot != 0 and token.user != 0:
        raise Refused(ERROR_SLOT_REFUSED)
    token.wait_presence()
    token.vault.note(EVENT_PIN_SET, request.slot)
    token.vault.set_pin(
        request.slot,
        request.pin,
        token.entropy,
        token.board.pin_iterations,
        token.ticker(PHASE_WORKING),
    )
    return SetPinReply(request.slot)
