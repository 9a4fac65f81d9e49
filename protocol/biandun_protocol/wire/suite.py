"""What depends on the algorithm in a statement: COSE numbers, hash, and encoding of public keys.

SM3 is implemented in different places on the key and on a computer, and this room has neither:
``sm2`` is given the digest function.  Digests of X.509 certificates, kids, attachments and the log
use SHA-256 in both suites and do not depend on this.
"""

from hashlib import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

ALG_ES256 = -7
ALG_SM2 = -70009
HASH_SHA256 = -16
HASH_SM3 = -70011

# DER of SubjectPublicKeyInfo up to the point: id-ecPublicKey with the named curve (RFC 5480),
# prime256v1 or sm2p256v1
_SPKI_P256 = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")
_SPKI_SM2 = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200")


class Suite:
    """One algorithm suite.

    ``spki`` is the DER of a public key up to its point, ``digest`` its hash function (32 bytes).
    """

    def __init__(
        self,
        name: str,
        alg: int,
        payload_hash: int,
        spki: bytes,
        digest: "Callable[[bytes], bytes]",
    ) -> None:
        self.name = name
        self.alg = alg
        self.payload_hash = payload_hash
        self.spki = spki
        self.digest = digest

    def kid_of(self, point: bytes) -> bytes:
        """Return the key identifier of an uncompressed point (65 bytes), in both suites.

        The first 16 bytes of SHA-256 of its DER SubjectPublicKeyInfo.
        """
        return sha256(self.spki + point).digest()[:16]


def _sha256(data: bytes) -> bytes:
    return sha256(data).digest()


ES256 = Suite("ES256", ALG_ES256, HASH_SHA256, _SPKI_P256, _sha256)


def sm2(sm3: "Callable[[bytes], bytes]") -> Suite:
    """Return the suite SM2 with SM3, using the SM3 function of this side."""
    return Suite("SM2", ALG_SM2, HASH_SM3, _SPKI_SM2, sm3)
