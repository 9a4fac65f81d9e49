"""reinstate: the office lets a key sign again whose flash was set back, and says after which number
its chain goes on.

The office knows of statements that this flash has forgotten, and leaves numbers free for those that
are still on their way; then the order's own name stands for the last of them, so that the chain has
no hole in it.  A key never goes back: not behind its own head.
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
    """Go on.  Raises Refused: ORDER_INVALID, SERIAL_MISMATCH, ORDER_STALE, WRONG_STATE for a key
    that was not set back.
    """
    order = orders.verified(token, request.statement, request.manifest, PURPOSE_REINSTATE)
    seq, head = _place(token, request, order)
    vault = token.vault
    if not vault.users.rolled_back:
        if (seq, head) != (vault.statements.seq, vault.statements.head) and vault.statements.link(
            seq
        ) != head:
            raise Refused(ERROR_WRONG_STATE)
        return ReinstateReply(seq, head)  # it was carried out before
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
