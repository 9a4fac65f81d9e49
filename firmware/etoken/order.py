"""Orders of the office as the key checks them: signed by its office, for this serial number, and for the nonce that is open.

Neighbours: ``reinstate`` and ``factory_reset`` in ``commands`` carry them out.
"""

from biandun_protocol.wire import codec
from biandun_protocol.wire.messages import OrderManifest
from biandun_protocol.wire.numbers import ERROR_ORDER_INVALID, ERROR_SERIAL_MISMATCH, SCHEMA_ORDER
from etoken import office
from etoken.refusal import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from etoken.token import Token


def verified(token: "Token", statement: bytes, manifest: bytes, purpose: str) -> OrderManifest:
    """Return the order.  Raises Refused: ORDER_INVALID, SERIAL_MISMATCH.  Whether its nonce is open is for the caller to ask."""
    try:
        order = codec.decode(OrderManifest, manifest)
        token.check_office(statement, manifest, purpose)
    except (codec.MessageError, office.OfficeFault):
        raise Refused(ERROR_ORDER_INVALID)
    if order.schema != SCHEMA_ORDER:
        raise Refused(ERROR_ORDER_INVALID)
    if order.serial != token.board.serial:
        raise Refused(ERROR_SERIAL_MISMATCH)
    return order
