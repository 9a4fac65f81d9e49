"""ES256: ECDSA on P-256 with SHA-256 (RFC 9053 section 2.1).

Nonces are those of RFC 6979 with fresh entropy mixed in (``nonces``).  Signatures are r || s, 64
bytes, big-endian, with low s.
"""

# ``verify`` gets unchecked input
# pyright: reportUnnecessaryIsInstance=false
from hashlib import sha256

from etoken.crypto import backend, programs
from etoken.crypto.curves import P256
from etoken.crypto.faults import SecretInvalid, SignatureFault
from etoken.crypto.hashes import new_sha256
from etoken.crypto.points import Scheme, nothing, points

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "SecretInvalid",
    "SignatureFault",
    "message_digest",
    "new_secret",
    "public_key",
    "shared",
    "sign",
    "verify",
]

SCHEME = Scheme(
    b"",
    programs.SIGN_ES256,
    programs.CHECK_ES256,
    programs.VERIFY_ES256,
    programs.VERIFY_COMPLETE_ES256,
)
HALF = (P256.n // 2).to_bytes(32, "big")
OWN_HASH = backend.NAME in ("m33", "m0plus")  # faster than the interpreter's


def message_digest(public: bytes, message: bytes) -> bytes:  # noqa: ARG001
    """SHA-256 of the message (32 bytes).

    ``public`` is not used here; SM2's function of the same name needs it.
    """
    if not OWN_HASH:
        return sha256(message).digest()
    digest = new_sha256()
    digest.update(message)
    return digest.digest()


def reserve() -> None:
    """Allocate the memory that signing needs while the heap is not fragmented."""
    points(P256)


def new_secret(fill: "Callable[[bytearray], object]") -> bytearray:
    """Make a private key (32 bytes); ``fill`` overwrites a bytearray with random bytes."""
    return points(P256).new_secret(fill)


def public_key(secret: "bytes | bytearray", tick: "Callable[[], None]" = nothing) -> bytes:
    """Return the uncompressed point (65 bytes) of a private key, 1 to n - 1.

    Raises SecretInvalid, SignatureFault.
    """
    return points(P256).public_key(secret, tick)


def shared(
    secret: "bytes | bytearray", public: bytes, fresh: bytes, tick: "Callable[[], None]" = nothing
) -> "bytearray | None":
    """Diffie-Hellman: return x of the product (32 bytes), None when ``public`` is not on the curve.

    Raises SecretInvalid.
    """
    return points(P256).shared(secret, public, fresh, tick)


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
    return points(P256).sign(SCHEME, secret, public, message_digest(public, message), fresh, tick)


def verify(
    public: bytes, message: bytes, signature: bytes, tick: "Callable[[], None]" = nothing
) -> bool:
    """Return whether ``signature`` (low s) verifies for ``message`` under the point ``public``.

    Never raises.
    """
    if not isinstance(signature, bytes) or not isinstance(message, bytes) or signature[32:] > HALF:
        return False
    return points(P256).verify(SCHEME, public, message_digest(public, message), signature, tick)
