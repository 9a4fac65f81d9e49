"""Orders of the office as the key checks them: signed by its office, for this serial number, and
for the nonce that is open.

Neighbours: ``reinstate``, ``set_time`` and ``factory_reset`` in ``commands`` carry them out.
"""

from biandun_protocol.wire.messages import OrderManifest
from biandun_protocol.wire.numbers import ERROR_ORDER_INVALID, ERROR_SERIAL_MISMATCH, SCHEMA_ORDER
from etoken.refusal import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from etoken.token import Token


def verified(token: "Token", statement: bytes, manifest: bytes, purpose: str) -> OrderManifest:
    """Return the order.  Raises Refused: ORDER_INVALID, SERIAL_MISMATCH.  Whether its nonce is open
    is for the caller to ask.
    """
    order = token.read_office(
        OrderManifest, statement, manifest, purpose, SCHEMA_ORDER, ERROR_ORDER_INVALID
    )
    if order.serial != token.board.serial:
        raise Refused(ERROR_SERIAL_MISMATCH)
    return order
