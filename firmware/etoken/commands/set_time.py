"""set_time: on an order of the office, take back times that it stated while its clock was wrong.

The time floor only rises, so one wrong clock could make the key refuse for ever.  An order that
answers the key's challenge sets the floor once; it is stale when the key has verified a later time
since the challenge.  Statements of the office with the wrong time still exist and still verify, but
no longer raise the floor.  A status from that time counts as dated to the time that is set.  See
SPEC section 6.4.
"""

from biandun_protocol.wire.messages import SetTimeReply, SetTimeRequest
from biandun_protocol.wire.numbers import (
    ERROR_ORDER_INVALID,
    ERROR_ORDER_STALE,
    EVENT_TIME_SET,
    PURPOSE_SET_TIME,
)
from etoken import order as orders
from etoken.dispatch import command
from etoken.refusal import Refused
from etoken.token import Token


@command(SetTimeRequest, heap=30, flash=500)
def set_time(token: Token, request: SetTimeRequest) -> SetTimeReply:
    """Return the time floor (seconds since 1970).

    Raises Refused: ORDER_INVALID, SERIAL_MISMATCH, ORDER_STALE.
    """
    order = orders.verified(token, request.statement, request.manifest, PURPOSE_SET_TIME)
    if order.time is None:
        raise Refused(ERROR_ORDER_INVALID)
    vault = token.vault
    done, is_open = vault.statements.time_floor == order.time, vault.orders.is_open(order.nonce)
    if not done:
        if not is_open or not vault.orders.has_same_time_floor():
            raise Refused(ERROR_ORDER_STALE)
        vault.note(EVENT_TIME_SET, order.time)
        # first: after a power cut before the floor is set the order is still valid
        vault.key_status.limit_since(order.time)
        vault.statements.set_floor(order.time, order.until or 0, order.entries or 0)
    if is_open:
        vault.orders.close()
    return SetTimeReply(order.time)
