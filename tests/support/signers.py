"""Signers whose private key is a number: the same in every run, in both suites."""

from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric import ec

from biandun_office.office.keys import Sm2Key
from biandun_protocol.algorithms import ES256, Algorithm, Signer, SoftwareSigner
from etoken.crypto import sm2


@lru_cache(maxsize=64)
def signer_from(number: int, algorithm: Algorithm = ES256) -> Signer:
    """A signer of ``algorithm``; the same number gives two keys that have nothing to do with each
    other.
    """
    if algorithm is ES256:
        return SoftwareSigner(ec.derive_private_key(number, ec.SECP256R1()))
    secret = number.to_bytes(32, "big")
    return Sm2Key(secret, sm2.public_key(secret))
