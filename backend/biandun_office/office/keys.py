"""The office's private keys in both suites, as signers: the only place that holds one in memory.

ES256 comes from ``cryptography``.  SM2 comes from ``gmssl-fast`` (GmSSL with SM3, the default
identity, r || s).  It gets the secret and the point, so that a pair that does not match is refused
when it is loaded.
"""

from typing import Protocol

import gmssl_fast
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from biandun_office.office import pkcs8
from biandun_protocol import sm2
from biandun_protocol.algorithms import ES256, SM2, Algorithm, Signer, SoftwareSigner


class PrivateKey(Signer, Protocol):
    """A signer whose private key can be exported encrypted, and can open what was sealed to it."""

    def encrypted(self, password: bytes) -> bytes:
        """Encrypted PKCS#8 as PEM."""
        ...

    def common(self, point: bytes) -> bytes:
        """Diffie-Hellman: x (32 bytes) of the product with a point.

        Raises StatementProblem(key-invalid).
        """
        ...


class Es256Key(SoftwareSigner):
    """A P-256 key."""

    def encrypted(self, password: bytes) -> bytes:
        """Encrypted PKCS#8 as PEM (RFC 7468)."""
        return self._private_key.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password)
        )


class Sm2Key:
    """An SM2 key (GB/T 32918): ``secret`` is 32 bytes, ``point`` the uncompressed public key.

    Raises ValueError when the two do not belong together.
    """

    algorithm = SM2

    def __init__(self, secret: bytes, point: bytes) -> None:
        self.public_key = point
        self._secret = secret
        self._pen = gmssl_fast.SM2(private_key=secret.hex(), public_key=point.hex())
        try:
            self._pen.sign(b"")  # the library checks the pair on first use
        except (gmssl_fast.GmsslError, ValueError):
            raise ValueError("no pair of an SM2 key") from None

    def __repr__(self) -> str:
        return f"<Sm2Key kid={self.algorithm.kid_of(self.public_key).hex()}>"

    def sign(self, tbs: bytes) -> bytes:
        """Return the signature r || s, 64 bytes."""
        return self._pen.sign(tbs)

    def encrypted(self, password: bytes) -> bytes:
        """Encrypted PKCS#8 as PEM."""
        return pkcs8.encrypt(self._secret, self.public_key, password)

    def common(self, point: bytes) -> bytes:
        """Diffie-Hellman with Python's integers.

        The sequence of operations does not depend on the secret, but their time may.
        """
        return sm2.common(point, int.from_bytes(self._secret, "big"))


def new_key(algorithm: Algorithm) -> PrivateKey:
    """Generate a key of ``algorithm``."""
    if algorithm is ES256:
        return Es256Key(ec.generate_private_key(ec.SECP256R1()))
    if algorithm is not SM2:
        raise ValueError(algorithm)
    pair = gmssl_fast.SM2.generate()
    return Sm2Key(
        bytes.fromhex(pair.private_key_hex or ""), bytes.fromhex(pair.public_key_hex or "")
    )


def decrypt(algorithm: Algorithm, pem: bytes, password: bytes) -> PrivateKey:
    """The key of ``algorithm`` in an encrypted PKCS#8.

    Raises ValueError for a wrong password, another algorithm or a damaged file.
    """
    if algorithm is SM2:
        return Sm2Key(*pkcs8.decrypt(pem, password))
    try:
        key = load_pem_private_key(pem, password)
    except (TypeError, UnsupportedAlgorithm) as error:
        raise ValueError("no P-256 key") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("no P-256 key")
    return Es256Key(key)
