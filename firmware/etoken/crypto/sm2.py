"""SM2 signatures with SM3 (GB/T 32918.2-2016) on sm2p256v1.

The identity is the default 1234567812345678 (GM/T 0009).  What is signed is e = SM3(ZA || message),
where ZA binds identity, curve and public key.  Signatures are r || s, 64 bytes, big-endian.
"""

# ``verify`` gets unchecked input
# pyright: reportUnnecessaryIsInstance=false
from etoken.crypto import programs
from etoken.crypto.curves import SM2P256V1
from etoken.crypto.faults import SecretInvalid
from etoken.crypto.pbkdf2 import equal
from etoken.crypto.points import Scheme, nothing, points
from etoken.crypto.sm3 import sm3

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

IDENTITY = b"1234567812345678"
SCHEME = Scheme(
    b"SM2", programs.SIGN_SM2, programs.CHECK_SM2, programs.VERIFY_SM2, programs.VERIFY_COMPLETE_SM2
)
MINUS_ONE = (SM2P256V1.n - 1).to_bytes(32, "big")
# the public key used last and its ZA: nearly always the key's own
_identity: "tuple[bytes, bytes]" = (b"", b"")


def identity_digest(public: bytes, identity: bytes = IDENTITY) -> bytes:
    """Return ZA of an uncompressed point (section 5.5).

    SM3(ENTL || ID || a || b || xG || yG || xA || yA).
    """
    digest = sm3((8 * len(identity)).to_bytes(2, "big") + identity)
    for number in (SM2P256V1.p - 3, SM2P256V1.b, SM2P256V1.g[0], SM2P256V1.g[1]):
        digest.update(number.to_bytes(32, "big"))
    digest.update(public[1:])
    return digest.digest()


def message_digest(public: bytes, message: bytes, identity: bytes = IDENTITY) -> bytes:
    """Return e = SM3(ZA || message), 32 bytes."""
    global _identity  # noqa: PLW0603
    if identity is not IDENTITY:
        known = identity_digest(public, identity)
    else:
        if _identity[0] != public:
            _identity = (bytes(public), identity_digest(public))
        known = _identity[1]
    digest = sm3(known)
    digest.update(message)
    return digest.digest()


def reserve() -> None:
    """Allocate the memory that signing needs while the heap is not fragmented."""
    points(SM2P256V1)


def new_secret(fill: "Callable[[bytearray], object]") -> bytearray:
    """Make a private key (32 bytes), 1 to n - 2: section 6.1 divides by 1 + d.

    ``fill`` overwrites a bytearray with random bytes.
    """
    return points(SM2P256V1).new_secret(fill)


def public_key(secret: "bytes | bytearray", tick: "Callable[[], None]" = nothing) -> bytes:
    """Return the uncompressed point (65 bytes) of a private key, 1 to n - 2.

    Raises SecretInvalid, SignatureFault.
    """
    if equal(secret, MINUS_ONE):
        raise SecretInvalid
    return points(SM2P256V1).public_key(secret, tick)


def shared(
    secret: "bytes | bytearray", public: bytes, fresh: bytes, tick: "Callable[[], None]" = nothing
) -> "bytearray | None":
    """Diffie-Hellman: return x of the product (32 bytes), None when ``public`` is not on the curve.

    Raises SecretInvalid.
    """
    return points(SM2P256V1).shared(secret, public, fresh, tick)


def sign(
    secret: "bytes | bytearray",
    public: bytes,
    message: bytes,
    fresh: bytes,
    tick: "Callable[[], None]" = nothing,
) -> bytes:
    """Sign ``message`` and verify the signature with ``public`` before returning it (64 bytes).

    ``fresh`` is entropy for the nonce.

    Raises SecretInvalid, SignatureFault.
    """
    return points(SM2P256V1).sign(
        SCHEME, secret, public, message_digest(public, message), fresh, tick
    )


def verify(
    public: bytes, message: bytes, signature: bytes, tick: "Callable[[], None]" = nothing
) -> bool:
    """Return whether ``signature`` verifies for ``message`` under ``public`` (section 7.1).

    Never raises.
    """
    if (
        not isinstance(public, bytes)
        or not isinstance(message, bytes)
        or not isinstance(signature, bytes)
    ):
        return False
    return points(SM2P256V1).verify(
        SCHEME, public, message_digest(public, message), signature, tick
    )
