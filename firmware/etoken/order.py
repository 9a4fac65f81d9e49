"""Verifying an order of the office for this key (SPEC section 6.4).

Neighbours: ``reinstate``, ``set_time`` and ``factory_reset`` in ``commands`` carry orders out.
"""

from biandun_protocol.wire.messages import OrderManifest
from biandun_protocol.wire.numbers import ERROR_ORDER_INVALID, ERROR_SERIAL_MISMATCH, SCHEMA_ORDER
from etoken.refusal import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from etoken.token import Token


def verified(token: "Token", statement: bytes, manifest: bytes, purpose: str) -> OrderManifest:
    """Verify that the office signed the order for this serial number; return the order.

    The caller must check that the order's nonce is the open one.

    Raises Refused: ORDER_INVALID, SERIAL_MISMATCH.
    """
    order = token.read_office(
        OrderManifest, statement, manifest, purpose, SCHEMA_ORDER, ERROR_ORDER_INVALID
    )
    if order.serial != token.board.serial:
        raise Refused(ERROR_SERIAL_MISMATCH)
    return order
