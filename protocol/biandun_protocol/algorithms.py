"""Signature algorithms by their COSE number, and the signer objects that use them.

ES256 (RFC 9053) is the first suite; SM2 with SM3 joins the registry under -70009.  Whoever signs hands in a ``Signer``:
software here, a library or a key elsewhere, so the rest of the system never sees a private key.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from biandun_protocol.errors import StatementProblem
from biandun_protocol.wire import statement as wire

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@dataclass(frozen=True)
class Algorithm:
    """One row of the registry.

    ``verify(point, tbs, signature)`` raises StatementProblem; ``point`` is uncompressed (65 bytes), signatures are r||s.
    """

    name: str
    alg: int
    payload_hash: int
    digest: Callable[[bytes], bytes]
    statement_id: Callable[[bytes], bytes]
    kid_of: Callable[[bytes], bytes]
    verify: Callable[[bytes, bytes, bytes], None]


class Signer(Protocol):
    """Signs on behalf of one key pair, wherever the private half is."""

    @property
    def algorithm(self) -> Algorithm:
        """The registry row that verifies what this signer makes."""
        ...

    @property
    def public_key(self) -> bytes:
        """The uncompressed point (65 bytes)."""
        ...

    def sign(self, tbs: bytes) -> bytes:
        """Return r||s (64 bytes) over ``tbs``, with low s where the algorithm demands it."""
        ...


def sha256_digest(data: bytes) -> bytes:
    """SHA-256 of ``data`` (32 bytes)."""
    return sha256(data).digest()


@lru_cache(maxsize=4096)  # a city's keys come again and again, and a point takes longer to check than most of a statement
def load_point(point: bytes) -> ec.EllipticCurvePublicKey:
    """Return the P-256 key of an uncompressed point.  Raises StatementProblem(key-invalid)."""
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError:
        raise StatementProblem("key-invalid") from None


def point_of(key: ec.EllipticCurvePublicKey) -> bytes:
    """Return the uncompressed point (65 bytes) of a public key."""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def verify_es256(point: bytes, tbs: bytes, signature: bytes) -> None:
    """Verify ECDSA on P-256 with SHA-256.

    Refuses high s by its own code: (r, n-s) verifies as well, and two spellings of one signature help only an attacker.
    Raises StatementProblem: signature-invalid, signature-high-s, key-invalid.
    """
    if len(signature) != 64:
        raise StatementProblem("signature-invalid")
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    try:
        load_point(point).verify(encode_dss_signature(r, s), tbs, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise StatementProblem("signature-invalid") from None
    if s > P256_ORDER // 2:
        raise StatementProblem("signature-high-s")


ES256 = Algorithm(
    name="ES256",
    alg=wire.ALG_ES256,
    payload_hash=wire.HASH_SHA256,
    digest=sha256_digest,
    statement_id=wire.statement_id,
    kid_of=wire.kid_of,
    verify=verify_es256,
)
REGISTRY: dict[int, Algorithm] = {ES256.alg: ES256}


class SoftwareSigner:
    """An ES256 signer whose private key lives in this process: the office's keys, and tests."""

    algorithm = ES256

    def __init__(self, private_key: ec.EllipticCurvePrivateKey) -> None:
        self._private_key = private_key
        self.public_key = point_of(private_key.public_key())

    def __repr__(self) -> str:
        return f"<SoftwareSigner kid={self.algorithm.kid_of(self.public_key).hex()}>"

    def sign(self, tbs: bytes) -> bytes:
        """Return r||s with low s."""
        r, s = decode_dss_signature(self._private_key.sign(tbs, ec.ECDSA(hashes.SHA256())))
        s = min(s, P256_ORDER - s)
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")
