"""SM2 signatures with SM3 (GB/T 32918.2-2016) on sm2p256v1, with the default identity 1234567812345678 (GM/T 0009).

What is signed is e = SM3(ZA || message), where ZA binds identity, curve and public key.  Signatures are r || s, 64 bytes.
"""

from etoken.crypto import integers
from etoken.crypto.curves import SM2P256V1
from etoken.crypto.ecdsa import nonce
from etoken.crypto.faults import SignatureFault, private_number
from etoken.crypto.sm3 import sm3

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

IDENTITY = b"1234567812345678"
LABEL = b"SM2"
N = SM2P256V1.n


def identity_digest(public: bytes, identity: bytes = IDENTITY) -> bytes:
    """ZA of an uncompressed point (section 5.5): SM3(ENTL || ID || a || b || xG || yG || xA || yA)."""
    digest = sm3((8 * len(identity)).to_bytes(2, "big") + identity)
    for number in (SM2P256V1.p - 3, SM2P256V1.b, SM2P256V1.g[0], SM2P256V1.g[1]):
        digest.update(number.to_bytes(32, "big"))
    digest.update(public[1:])
    return digest.digest()


def message_digest(public: bytes, message: bytes, identity: bytes = IDENTITY) -> bytes:
    """e = SM3(ZA || message), 32 bytes."""
    digest = sm3(identity_digest(public, identity))
    digest.update(message)
    return digest.digest()


def new_secret(entropy: bytes) -> bytes:
    """Make a private key (32 bytes), 1 to n - 2, from 40 bytes of entropy; section 6.1 divides by 1 + d."""
    return (int.from_bytes(entropy, "big") % (N - 2) + 1).to_bytes(32, "big")


def public_key(secret: bytes, tick: "Callable[[], None]" = integers.nothing) -> bytes:
    """Return the uncompressed point (65 bytes) of a private key, 1 to n - 2.  Raises SecretInvalid."""
    point = integers.multiply(SM2P256V1, [(private_number(secret, N - 2), SM2P256V1.g)], tick)
    if point is None:
        raise SignatureFault  # no number of the range leads there
    return integers.encode(point)


def sign(secret: bytes, public: bytes, message: bytes, fresh: bytes, tick: "Callable[[], None]" = integers.nothing) -> bytes:
    """Sign ``message`` and check the result with ``public`` before it leaves.  Raises SecretInvalid, SignatureFault."""
    private = private_number(secret, N - 2)
    digest = message_digest(public, message)
    signature = sign_digest(private, int.from_bytes(digest, "big"), nonce(secret, digest, fresh, N, LABEL), tick)
    if not verify(public, message, signature, tick):
        raise SignatureFault
    return signature


def sign_digest(private: int, e: int, k: int, tick: "Callable[[], None]" = integers.nothing) -> bytes:
    """Section 6.1, steps A4 to A7, with the nonce given.  Raises SignatureFault for a nonce that step A5 refuses."""
    point = integers.multiply(SM2P256V1, [(k, SM2P256V1.g)], tick)
    r = (e + point[0]) % N if point else 0
    if r == 0 or r + k == N:
        raise SignatureFault
    s = integers.invert(1 + private, N) * (k - r * private) % N
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def verify(public: bytes, message: bytes, signature: bytes, tick: "Callable[[], None]" = integers.nothing) -> bool:
    """Is ``signature`` right for ``message`` under the uncompressed point ``public``?  Section 7.1.  Never raises."""
    point = integers.decode(SM2P256V1, public)
    if point is None or len(signature) != 64:
        return False
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    t = (r + s) % N
    if not (0 < r < N and 0 < s < N) or t == 0:
        return False
    total = integers.multiply(SM2P256V1, [(s, SM2P256V1.g), (t, point)], tick)
    return total is not None and (int.from_bytes(message_digest(public, message), "big") + total[0]) % N == r
