"""Signature algorithms by COSE number, public keys with their algorithm, and signers.

    ES256   -7       ECDSA on P-256 with SHA-256 (RFC 9053)
    SM2     -70009   SM2 with SM3 (GB/T 32918.2-2016)

Code that signs is given a ``Signer``: software here, a library or a key elsewhere, so the rest of
the system never sees a private key.  A verifier takes the algorithm from what it trusts (an anchor,
a certificate), never from a statement alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from biandun_protocol import sm2
from biandun_protocol.errors import StatementProblem
from biandun_protocol.wire import suite as wire

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class Algorithm(wire.Suite):
    """One row of the registry: a suite of the wire with its verifier.

    ``verify(point, tbs, signature)`` raises StatementProblem; ``point`` is uncompressed (65 bytes),
    signatures are r||s.
    """

    def __init__(self, suite: wire.Suite, verify: Callable[[bytes, bytes, bytes], None]) -> None:
        super().__init__(suite.name, suite.alg, suite.payload_hash, suite.spki, suite.digest)
        self.verify = verify

    def __repr__(self) -> str:
        return f"<Algorithm {self.name}>"


_ECDSA = ec.ECDSA(hashes.SHA256())


@dataclass(frozen=True)
class PublicKey:
    """A trusted public key: its algorithm and its uncompressed point (65 bytes)."""

    algorithm: Algorithm
    point: bytes

    @classmethod
    def of(cls, signer: "Signer") -> "PublicKey":
        """Return the public key of a signer."""
        return cls(signer.algorithm, signer.public_key)

    @property
    def kid(self) -> bytes:
        """The key identifier (16 bytes)."""
        return self.algorithm.kid_of(self.point)

    @property
    def spki(self) -> bytes:
        """The SubjectPublicKeyInfo in DER: named curve, uncompressed point."""
        return self.algorithm.spki + self.point

    def verify(self, tbs: bytes, signature: bytes) -> None:
        """Verify r || s over ``tbs``.

        Raises StatementProblem: signature-invalid, signature-high-s, key-invalid.
        """
        self.algorithm.verify(self.point, tbs, signature)


class Signer(Protocol):
    """Signs with one private key, wherever that key is held."""

    @property
    def algorithm(self) -> Algorithm:
        """The algorithm that verifies this signer's signatures."""
        ...

    @property
    def public_key(self) -> bytes:
        """The uncompressed point (65 bytes)."""
        ...

    def sign(self, tbs: bytes) -> bytes:
        """Return r || s (64 bytes, big-endian) over ``tbs``, with low s if the algorithm demands
        it.
        """
        ...


# a city's keys recur, and checking a point takes longer than most of a statement
@lru_cache(maxsize=4096)
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

    High s has an error code of its own: (r, n-s) verifies as well, and two encodings of one
    signature help only an attacker.

    Raises StatementProblem: signature-invalid, signature-high-s, key-invalid.
    """
    if len(signature) != 64:
        raise StatementProblem("signature-invalid")
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    try:
        load_point(point).verify(encode_dss_signature(r, s), tbs, _ECDSA)
    except InvalidSignature:
        raise StatementProblem("signature-invalid") from None
    if s > P256_ORDER // 2:
        raise StatementProblem("signature-high-s")


def verify_sm2(point: bytes, tbs: bytes, signature: bytes) -> None:
    """Verify SM2 with SM3 and the default identity.

    A signature has only one encoding, so there is no rule about s.

    Raises StatementProblem: signature-invalid, key-invalid.
    """
    if sm2.decode_point(point) is None:
        raise StatementProblem("key-invalid")
    if not sm2.verify(point, tbs, signature):
        raise StatementProblem("signature-invalid")


ES256 = Algorithm(wire.ES256, verify_es256)
SM2 = Algorithm(wire.sm2(sm2.sm3), verify_sm2)
REGISTRY: dict[int, Algorithm] = {row.alg: row for row in (ES256, SM2)}
BY_NAME: dict[str, Algorithm] = {row.name: row for row in REGISTRY.values()}


class SoftwareSigner:
    """An ES256 signer whose private key is in this process: for the office's keys, and tests."""

    algorithm = ES256

    def __init__(self, private_key: ec.EllipticCurvePrivateKey) -> None:
        self._private_key = private_key
        self.public_key = point_of(private_key.public_key())

    def __repr__(self) -> str:
        return f"<SoftwareSigner kid={self.algorithm.kid_of(self.public_key).hex()}>"

    def sign(self, tbs: bytes) -> bytes:
        """Return r || s with low s."""
        r, s = decode_dss_signature(self._private_key.sign(tbs, _ECDSA))
        s = min(s, P256_ORDER - s)
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def common(self, point: bytes) -> bytes:
        """Diffie-Hellman: return x (32 bytes) of the private key times a point.

        Raises StatementProblem(key-invalid).
        """
        return self._private_key.exchange(ec.ECDH(), load_point(point))
