"""generate_key: make the key pair in the suite of the anchor, and the first time the device key.

The private keys never leave the key; the device key stays for life.  Repeated before
personalisation the command returns the same public point, so that a host that lost the reply does
not cause a second key pair.
"""

from biandun_protocol.wire.messages import GenerateKeyReply, GenerateKeyRequest
from biandun_protocol.wire.numbers import PHASE_WORKING
from etoken.dispatch import command
from etoken.token import Token

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


@command(GenerateKeyRequest, heap=22, flash=560)
def generate_key(token: Token, request: GenerateKeyRequest) -> GenerateKeyReply:
    """Return the public point (65 bytes, uncompressed)."""
    identity = token.vault.identity
    token.vault.ensure_device(token.entropy)  # private keys are sealed under it
    if identity.device_key is None:
        make_pair(token, identity.set_device_key)
    if identity.public_key is None:
        token.vault.users.record_tally()
        make_pair(token, identity.set_key_pair)
    return GenerateKeyReply(token.public_key)


def make_pair(token: Token, keep: "Callable[[bytearray, bytes], None]") -> None:
    """Make a key pair, have ``keep(secret, public)`` store it and overwrite the private key."""
    crypto = token.suite.crypto
    secret = crypto.new_secret(token.entropy.fill)
    try:
        keep(secret, crypto.public_key(secret, token.ticker(PHASE_WORKING)))
    finally:
        secret[:] = bytes(len(secret))
