"""ES256: ECDSA on P-256 with SHA-256 (RFC 9053 section 2.1), deterministic nonces with fresh entropy mixed in.

Signatures are r || s, 64 bytes, low s.  The nonce is RFC 6979's with additional data Z (section 3.6): fresh entropy
guards against faults, the derivation guards against bad entropy; with Z empty the RFC's own vectors come out.
"""

from hashlib import sha256

from etoken.crypto import integers
from etoken.crypto.curves import P256
from etoken.crypto.faults import SignatureFault, private_number
from etoken.crypto.hmac import hmac_sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def nonce(secret: bytes, digest: bytes, fresh: bytes, order: int = P256.n, label: bytes = b"") -> int:
    """Derive the per-signature secret from the private key, the digest (32 bytes each) and ``fresh`` entropy.

    ``label`` keeps the suites apart: the same inputs in another suite give another nonce.
    """
    reduced = (int.from_bytes(digest, "big") % order).to_bytes(32, "big")
    key, value = bytes(32), b"\x01" * 32
    for step in (b"\x00", b"\x01"):
        key = hmac_sha256(key, value + step + secret + reduced + fresh + label)
        value = hmac_sha256(key, value)
    while True:
        value = hmac_sha256(key, value)
        candidate = int.from_bytes(value, "big")
        if 0 < candidate < order:
            return candidate
        key = hmac_sha256(key, value + b"\x00")
        value = hmac_sha256(key, value)


def new_secret(entropy: bytes) -> bytes:
    """Make a private key (32 bytes) from 40 bytes of entropy: FIPS 186-5 A.2.1, extra random bits."""
    return (int.from_bytes(entropy, "big") % (P256.n - 1) + 1).to_bytes(32, "big")


def public_key(secret: bytes, tick: "Callable[[], None]" = integers.nothing) -> bytes:
    """Return the uncompressed point (65 bytes) of a private key, 1 to n - 1.  Raises SecretInvalid."""
    point = integers.multiply(P256, [(private_number(secret, P256.n - 1), P256.g)], tick)
    if point is None:
        raise SignatureFault  # no number of the range leads there
    return integers.encode(point)


def sign(secret: bytes, public: bytes, message: bytes, fresh: bytes, tick: "Callable[[], None]" = integers.nothing) -> bytes:
    """Sign ``message`` and check the result with ``public`` before it leaves.  Raises SecretInvalid, SignatureFault."""
    private = private_number(secret, P256.n - 1)
    digest = sha256(message).digest()
    number = int.from_bytes(digest, "big")
    k = nonce(secret, digest, fresh)
    point = integers.multiply(P256, [(k, P256.g)], tick)
    r = point[0] % P256.n if point else 0
    s = integers.invert(k, P256.n) * (number + r * private) % P256.n
    if s > P256.n // 2:
        s = P256.n - s
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    # a fault while signing can give the private key away (TOKEN section 7): never let such a signature out
    if not verify(public, message, signature, tick):
        raise SignatureFault
    return signature


def verify(public: bytes, message: bytes, signature: bytes, tick: "Callable[[], None]" = integers.nothing) -> bool:
    """Is ``signature`` (low s) right for ``message`` under the uncompressed point ``public``?  Never raises."""
    point = integers.decode(P256, public)
    if point is None or len(signature) != 64:
        return False
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if not (0 < r < P256.n and 0 < s <= P256.n // 2):
        return False
    number = int.from_bytes(sha256(message).digest(), "big")
    w = integers.invert(s, P256.n)
    total = integers.multiply(P256, [(number * w % P256.n, P256.g), (r * w % P256.n, point)], tick)
    return total is not None and total[0] % P256.n == r
