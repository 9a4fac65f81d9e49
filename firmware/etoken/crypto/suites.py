"""The two suites of the key by COSE number: everything that depends on the algorithm.

    ES256   -7       ECDSA on P-256 with SHA-256
    SM2     -70009   SM2 on sm2p256v1 with SM3

``sign`` verifies its own signature before returning it and raises SecretInvalid, SignatureFault.
``verify`` never raises.
"""

from hashlib import sha256

from etoken.crypto import ecdsa, sm2
from etoken.crypto.sm3 import sm3

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    class Scheme(Protocol):
        """The functions that ``ecdsa`` and ``sm2`` have in common."""

        def reserve(self) -> None: ...  # noqa: D102
        def new_secret(self, fill: "Callable[[bytearray], object]") -> bytearray: ...  # noqa: D102
        def public_key(  # noqa: D102
            self, secret: "bytes | bytearray", tick: "Callable[[], None]" = ...
        ) -> bytes: ...
        def sign(  # noqa: D102
            self,
            secret: "bytes | bytearray",
            public: bytes,
            message: bytes,
            fresh: bytes,
            tick: "Callable[[], None]" = ...,
        ) -> bytes: ...
        def shared(  # noqa: D102
            self,
            secret: "bytes | bytearray",
            public: bytes,
            fresh: bytes,
            tick: "Callable[[], None]" = ...,
        ) -> "bytearray | None": ...
        def verify(  # noqa: D102
            self, public: bytes, message: bytes, signature: bytes, tick: "Callable[[], None]" = ...
        ) -> bool: ...


class Suite:
    """One suite: COSE number ``alg``, hash (``hasher()`` returns a running one), five operations.

    ``new_secret(fill)`` 32 bytes, ``public_key(secret)`` 65, ``sign(secret, public, message,
    fresh)`` 64, ``shared(secret, public, fresh)`` 32: x of the product, None for a point that is
    not on the curve.
    """

    def __init__(self, name: str, alg: int, hasher: "Any", scheme: "Scheme") -> None:
        self.name = name
        self.alg = alg
        self.hasher = hasher
        self.reserve = scheme.reserve
        self.new_secret = scheme.new_secret
        self.public_key = scheme.public_key
        self.shared = scheme.shared
        self.sign = scheme.sign
        self.verify = scheme.verify

    def digest(self, data: bytes) -> bytes:
        """Return the hash of ``data`` (32 bytes): SHA-256 or SM3."""
        return self.hasher(data).digest()


ES256 = Suite("ES256", -7, sha256, ecdsa)
SM2 = Suite("SM2", -70009, sm3, sm2)
SUITES = {suite.alg: suite for suite in (ES256, SM2)}
