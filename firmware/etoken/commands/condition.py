"""condition: what to know before the key is used: is its flash damaged, and how many tries does
each user have left.

Works in every state, asks for nothing and writes nothing: who is about to type a PIN learns
beforehand that it is the last try.
"""

from biandun_protocol.wire.messages import ConditionReply, ConditionRequest
from biandun_protocol.wire.numbers import LIMIT_USER_SLOTS
from etoken.dispatch import command
from etoken.token import Token

NO_PIN = 255


@command(ConditionRequest, heap=3, flash=0, reads_only=True)
def condition(token: Token, request: ConditionRequest) -> ConditionReply:
    """Return it."""
    users = token.vault.users
    tries = [
        users.tries_left(slot) if users.has_pin(slot) else NO_PIN
        for slot in range(LIMIT_USER_SLOTS)
    ]
    return ConditionReply(token.vault.damaged, bytes(tries))
