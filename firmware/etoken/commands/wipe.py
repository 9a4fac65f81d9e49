"""wipe: destroy the key pair of a key that has no certificate yet, so that its enrolment begins
again.

The request must name the serial number, and somebody must press the button: a program alone cannot
do it.  The anchor, the count of wipes and the verified log point stay.  A key with a certificate is
its office's: see ``factory_reset``.
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
    token.leave()
    return WipeReply(token.vault.wipe())
