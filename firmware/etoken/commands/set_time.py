"""set_time: the office had a wrong clock when this key last heard it, and takes that time back.

The time floor only rises by what the office states, so one wrong clock would make a key refuse for
ever.  An order that answers the key's challenge sets it, once: not when the key has heard a later
time since it asked.  What the office stated with the wrong clock is still signed, and still about;
it raises the floor no more.  A status from then counts as said at the time that is set.
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
    """Return the time floor.  Raises Refused: ORDER_INVALID, SERIAL_MISMATCH, ORDER_STALE."""
    order = orders.verified(token, request.statement, request.manifest, PURPOSE_SET_TIME)
    if order.time is None:
        raise Refused(ERROR_ORDER_INVALID)
    vault = token.vault
    done, is_open = vault.statements.time_floor == order.time, vault.orders.is_open(order.nonce)
    if not done:
        if not is_open or not vault.orders.is_about_now():
            raise Refused(ERROR_ORDER_STALE)
        vault.note(EVENT_TIME_SET, order.time)
        # first: a cut before the floor is set leaves the order good
        vault.standing.limit_since(order.time)
        vault.statements.set_floor(order.time, order.until or 0, order.entries or 0)
    if is_open:
        vault.orders.close()
    return SetTimeReply(order.time)
