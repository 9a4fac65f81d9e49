"""generate_key: make the key pair on the key, in the suite of its anchor.

The private half never leaves.  Asked again before personalisation it answers with the same public point: a host that
died in between must not leave two key pairs behind.
"""

from biandun_protocol.wire.messages import GenerateKeyReply, GenerateKeyRequest
from biandun_protocol.wire.numbers import PHASE_WORKING, STATE_ANCHORED, STATE_KEYED
from etoken.dispatch import command
from etoken.token import Token


@command(GenerateKeyRequest, states=(STATE_ANCHORED, STATE_KEYED), heap=24, flash=400)
def generate_key(token: Token, request: GenerateKeyRequest) -> GenerateKeyReply:
    """Return the public point (65 bytes, uncompressed)."""
    if token.vault.identity.public_key is None:
        token.vault.ensure_device(token.entropy)  # the private key is sealed under it
        crypto = token.suite.crypto
        secret = crypto.new_secret(token.entropy.fill)
        try:
            token.vault.identity.set_key_pair(secret, crypto.public_key(secret, token.ticker(PHASE_WORKING)))
        finally:
            secret[:] = bytes(len(secret))
    return GenerateKeyReply(token.public_key)
