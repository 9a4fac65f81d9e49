"""unlock: log a user in with a PIN.

The attempt is counted on flash before the PIN is checked.  The login belongs to the link: a new
link starts locked.
"""

from biandun_protocol.wire.messages import UnlockReply, UnlockRequest
from biandun_protocol.wire.numbers import (
    ERROR_PIN_FORMAT,
    ERROR_PIN_LOCKED,
    ERROR_PIN_UNSET,
    ERROR_PIN_WAIT,
    ERROR_PIN_WRONG,
    ERROR_ROLLED_BACK,
    EVENT_PIN_LOCKED,
    LIMIT_PIN_LEAST,
    LIMIT_PIN_TRIES,
    PHASE_WORKING,
)
from etoken.dispatch import command
from etoken.refusal import Refused
from etoken.token import Token


@command(UnlockRequest, heap=50, flash=700)
def unlock(token: Token, request: UnlockRequest) -> UnlockReply:
    """Log the user of ``slot`` in.

    Raises Refused: PIN_FORMAT, PIN_UNSET, PIN_LOCKED, PIN_WRONG with the attempts left, PIN_WAIT
    with the milliseconds left, ROLLED_BACK; after a wrong PIN also PRESENCE_* and CANCELLED when
    the button is not pressed: then no attempt is counted.
    """
    check_pin(token, request.slot, request.pin)
    token.log_in(request.slot)
    return UnlockReply(request.slot)


def check_pin(token: Token, slot: int, pin: bytes) -> None:
    """Log the current user out, count an attempt and check the PIN.

    A right PIN leaves the data key in the vault.

    Raises Refused.
    """
    token.log_out()  # whether the PIN is right or wrong
    users = token.vault.users
    if users.rolled_back:
        # an attempt would advance the tally and so invalidate the challenge for the office's order
        raise Refused(ERROR_ROLLED_BACK)
    if len(pin) < LIMIT_PIN_LEAST:
        raise Refused(ERROR_PIN_FORMAT)  # no PIN is so short: not counted as an attempt
    if not users.has_pin(slot):
        raise Refused(ERROR_PIN_UNSET)
    if users.tries_left(slot) == 0:
        raise Refused(ERROR_PIN_LOCKED, tries_left=0)
    wait = users.wait_ms(slot, token.clock.ticks_ms())
    if wait:
        raise Refused(ERROR_PIN_WAIT, tries_left=users.tries_left(slot), wait_ms=min(wait, 65535))
    if users.tries_left(slot) < LIMIT_PIN_TRIES:
        token.wait_presence()  # so that no program can try PINs alone
    data_key = users.verify(slot, pin, token.clock.ticks_ms())
    if data_key is None:
        left = users.tries_left(slot)
        if not left:
            token.vault.note(EVENT_PIN_LOCKED, slot)
        raise Refused(ERROR_PIN_WRONG if left else ERROR_PIN_LOCKED, tries_left=left)
    token.vault.log_in(data_key, token.entropy, token.ticker(PHASE_WORKING))
