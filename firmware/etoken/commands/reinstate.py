"""reinstate: on an order of the office, let a key sign again whose flash was set back.

The order says after which number the chain continues.  The office knows statements that this flash
has forgotten, and leaves numbers free for those that it has not received yet; then the order's own
name takes the place of the last of them, so that the chain stays linked.  The chain never continues
before the key's own head.  See SPEC section 6.4.
"""

from biandun_protocol.wire import statement as wire
from biandun_protocol.wire.messages import OrderManifest, ReinstateReply, ReinstateRequest
from biandun_protocol.wire.numbers import (
    ERROR_ORDER_INVALID,
    ERROR_ORDER_STALE,
    ERROR_WRONG_STATE,
    EVENT_REINSTATED,
    LIMIT_SEQ,
    PURPOSE_REINSTATE,
)
from etoken import order as orders
from etoken.dispatch import command
from etoken.refusal import Refused
from etoken.token import Token


@command(ReinstateRequest, heap=30, flash=400)
def reinstate(token: Token, request: ReinstateRequest) -> ReinstateReply:
    """Continue the chain where the order says; return the number and name of the last statement.

    Raises Refused: ORDER_INVALID, SERIAL_MISMATCH, ORDER_STALE, WRONG_STATE for a key that was not
    set back.
    """
    order = orders.verified(token, request.statement, request.manifest, PURPOSE_REINSTATE)
    seq, head = _place(token, request, order)
    vault = token.vault
    if not vault.users.rolled_back:
        if (seq, head) != (vault.statements.seq, vault.statements.head) and vault.statements.link(
            seq
        ) != head:
            raise Refused(ERROR_WRONG_STATE)
        return ReinstateReply(seq, head)  # the order was carried out already
    if not vault.orders.is_open(order.nonce) or seq < vault.statements.seq:
        raise Refused(ERROR_ORDER_STALE)
    if seq == vault.statements.seq and head != vault.statements.head:
        raise Refused(ERROR_ORDER_STALE)
    vault.statements.continue_after(seq, head, order.nonce, token.suite.digest(request.manifest))
    vault.note(EVENT_REINSTATED, seq)
    vault.users.reinstate()
    vault.orders.close()
    return ReinstateReply(seq, head)


def _place(token: Token, request: ReinstateRequest, order: OrderManifest) -> "tuple[int, bytes]":
    if order.seq is None or order.seq > LIMIT_SEQ:
        raise Refused(ERROR_ORDER_INVALID)
    if order.head is not None:
        return order.seq, order.head
    protected, digest, _ = wire.split(request.statement)
    return order.seq, wire.statement_id(
        token.suite, wire.to_be_signed(protected, PURPOSE_REINSTATE, digest)
    )
