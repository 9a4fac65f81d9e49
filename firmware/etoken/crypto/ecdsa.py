"""ES256: ECDSA on P-256 with SHA-256 (RFC 9053 section 2.1), deterministic nonces with fresh entropy mixed in.

Signatures are r || s, 64 bytes, low s.  The nonce is RFC 6979's with additional data Z (section 3.6): fresh entropy
guards against faults, the derivation guards against bad entropy; with Z empty the RFC's own vectors come out.
"""

from hashlib import sha256

from etoken.crypto import p256
from etoken.crypto.hmac import hmac_sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class SignatureFault(Exception):
    """A fresh signature did not verify: the hardware is faulty, or somebody made it so."""


def nonce(secret: bytes, digest: bytes, fresh: bytes) -> int:
    """Derive the per-signature secret from the private key, the digest (32 bytes each) and ``fresh`` entropy."""
    reduced = (int.from_bytes(digest, "big") % p256.N).to_bytes(32, "big")
    key, value = bytes(32), b"\x01" * 32
    for step in (b"\x00", b"\x01"):
        key = hmac_sha256(key, value + step + secret + reduced + fresh)
        value = hmac_sha256(key, value)
    while True:
        value = hmac_sha256(key, value)
        candidate = int.from_bytes(value, "big")
        if 0 < candidate < p256.N:
            return candidate
        key = hmac_sha256(key, value + b"\x00")
        value = hmac_sha256(key, value)


def new_secret(entropy: bytes) -> bytes:
    """Make a private key (32 bytes) from 40 bytes of entropy: FIPS 186-5 A.2.1, extra random bits."""
    return (int.from_bytes(entropy, "big") % (p256.N - 1) + 1).to_bytes(32, "big")


def public_key(secret: bytes, tick: "Callable[[], None]" = p256.nothing) -> bytes:
    """Return the uncompressed point (65 bytes) of a private key."""
    point = p256.multiply([(int.from_bytes(secret, "big"), p256.G)], tick)
    if point is None:
        raise ValueError("a private key is from 1 to n - 1")
    return p256.encode(point)


def sign(secret: bytes, public: bytes, message: bytes, fresh: bytes, tick: "Callable[[], None]" = p256.nothing) -> bytes:
    """Sign ``message`` and check the result with ``public`` before it leaves.  Raises SignatureFault."""
    digest = sha256(message).digest()
    number = int.from_bytes(digest, "big")
    private = int.from_bytes(secret, "big")
    k = nonce(secret, digest, fresh)
    point = p256.multiply([(k, p256.G)], tick)
    r = point[0] % p256.N if point else 0
    s = p256.invert(k, p256.N) * (number + r * private) % p256.N
    if s > p256.N // 2:
        s = p256.N - s
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    # a fault while signing can give the private key away (TOKEN section 7): never let such a signature out
    if not verify(public, message, signature, tick):
        raise SignatureFault
    return signature


def verify(public: bytes, message: bytes, signature: bytes, tick: "Callable[[], None]" = p256.nothing) -> bool:
    """Is ``signature`` (low s) right for ``message`` under the uncompressed point ``public``?  Never raises."""
    point = p256.decode(public)
    if point is None or len(signature) != 64:
        return False
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if not (0 < r < p256.N and 0 < s <= p256.N // 2):
        return False
    number = int.from_bytes(sha256(message).digest(), "big")
    w = p256.invert(s, p256.N)
    total = p256.multiply([(number * w % p256.N, p256.G), (r * w % p256.N, point)], tick)
    return total is not None and total[0] % p256.N == r
