"""wipe: destroy the key pair of a key without a certificate, so that enrolment begins again.

The request must name the serial number and the user must press the button, so that no program can
do it alone.  The anchor, the count of wipes and the verified log point stay.  A key with a
certificate can only be reset on an order of its office: see ``factory_reset``.
"""

from biandun_protocol.wire.messages import WipeReply, WipeRequest
from biandun_protocol.wire.numbers import (
    ERROR_SERIAL_MISMATCH,
)
from etoken.dispatch import command
from etoken.refusal import Refused
from etoken.token import Token


@command(WipeRequest, heap=17, flash=64)
def wipe(token: Token, request: WipeRequest) -> WipeReply:
    """Return the new generation.  Raises Refused: SERIAL_MISMATCH, PRESENCE_*."""
    if request.serial != token.board.serial:
        raise Refused(ERROR_SERIAL_MISMATCH)
    token.wait_presence()
    token.log_out()
    return WipeReply(token.vault.wipe())
