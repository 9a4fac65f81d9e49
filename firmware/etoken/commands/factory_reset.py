"""factory_reset: on an order of the office, reset the key to its state before enrolment.

The user must hold the button.  Key pair, profile, PINs, card, outbox and statements are destroyed.
What belongs to the device stays: its secret, the tally, the anchor, the count of resets, the
verified log point and the log of faults.  See SPEC section 6.4.
"""

from biandun_protocol.wire.messages import FactoryResetReply, FactoryResetRequest
from biandun_protocol.wire.numbers import (
    ERROR_ORDER_STALE,
    EVENT_RESET,
    PURPOSE_RESET,
)
from etoken import order as orders
from etoken.dispatch import command
from etoken.refusal import Refused
from etoken.token import Token


@command(FactoryResetRequest, heap=32, flash=160)
def factory_reset(token: Token, request: FactoryResetRequest) -> FactoryResetReply:
    """Return the new generation.

    Raises Refused: ORDER_INVALID, SERIAL_MISMATCH, ORDER_STALE, PRESENCE_*.
    """
    order = orders.verified(token, request.statement, request.manifest, PURPOSE_RESET)
    if not token.vault.orders.is_open(order.nonce):
        raise Refused(ERROR_ORDER_STALE)
    token.wait_presence(token.board.reset_hold_ms)
    token.log_out()
    token.vault.note(EVENT_RESET, token.vault.identity.generation + 1)
    return FactoryResetReply(token.vault.wipe())
