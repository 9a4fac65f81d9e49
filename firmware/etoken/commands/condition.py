"""condition: report whether the flash is damaged, and each user's remaining PIN attempts.

Works in every state, needs no PIN and writes nothing, so a user learns before typing a PIN that it
is the last attempt.
"""

from biandun_protocol.wire.messages import ConditionReply, ConditionRequest
from biandun_protocol.wire.numbers import LIMIT_USER_SLOTS
from etoken.dispatch import command
from etoken.token import Token

NO_PIN = 255


@command(ConditionRequest, heap=3, flash=0, reads_only=True)
def condition(token: Token, request: ConditionRequest) -> ConditionReply:
    """Return whether flash is damaged, and a byte per slot: attempts left, or NO_PIN."""
    users = token.vault.users
    tries = [
        users.tries_left(slot) if users.has_pin(slot) else NO_PIN
        for slot in range(LIMIT_USER_SLOTS)
    ]
    return ConditionReply(token.vault.damaged, bytes(tries))
