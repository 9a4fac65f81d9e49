"""Sealing a few bytes to the owner of a public point: ephemeral Diffie-Hellman, then ``seal``.

    key = HMAC-SHA256(SHA-256(E || P), x of e * P)        envelope = E || encrypt(label, plain), 65 + 16 + len(plain) bytes

Specified in SPEC section 6.8.  An envelope does not authenticate its sender: the manifest that
carries it is signed.
"""  # noqa: E501

from hashlib import sha256

from etoken.crypto.hmac import SIZE, Hmac
from etoken.crypto.seal import Sealer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from etoken.crypto.suites import Suite

    class Random(Protocol):
        """A source of random bytes: ``take`` returns them, ``fill`` overwrites a future secret."""

        def take(self, size: int) -> bytes: ...  # noqa: D102
        def fill(self, out: bytearray) -> None: ...  # noqa: D102


FRESH = 32


def seal_to(
    suite: "Suite",
    point: bytes,
    label: bytes,
    plain: bytearray,
    random: "Random",
    tick: "Callable[[], None]",
) -> "bytes | None":
    """Return the envelope; None when ``point`` (65 bytes) is not on the curve."""
    secret = suite.new_secret(random.fill)
    try:
        own = suite.public_key(secret, tick)
        common = suite.shared(secret, point, random.take(FRESH), tick)
    finally:
        secret[:] = bytes(len(secret))
    if common is None:
        return None
    derive, key = Hmac(), bytearray(SIZE)
    derive.key(bytearray(sha256(own + point).digest()))
    derive.mac(key, common)
    common[:] = bytes(len(common))
    derive.wipe()
    sealer = Sealer(key)
    key[:] = bytes(SIZE)
    sealed = sealer.encrypt(label, plain)
    sealer.wipe()
    return own + sealed
