"""wipe: destroy the key pair, the profile and all statements.

The request must name the serial number, and somebody must press the button: a program alone cannot do it.  The anchor, the
count of wipes and the verified log point stay, so a wiped key is still this office's key and still cannot be walked back.
"""

from biandun_protocol.wire.messages import WipeReply, WipeRequest
from biandun_protocol.wire.numbers import ERROR_SERIAL_MISMATCH
from etoken.dispatch import ANY_STATE, command
from etoken.refusal import Refused
from etoken.token import Token


@command(WipeRequest, states=ANY_STATE, heap=17, flash=64)
def wipe(token: Token, request: WipeRequest) -> WipeReply:
    """Return the new generation.  Raises Refused: SERIAL_MISMATCH, PRESENCE_*."""
    if request.serial != token.board.serial:
        raise Refused(ERROR_SERIAL_MISMATCH)
    token.wait_presence()
    token.stream = None
    token.leave()
    return WipeReply(token.vault.wipe())
