"""Firmware releases for simulated keys, signed by a vendor whose private key is published here.

The image is made of the installed sources.  The signature gives no assurance, which a simulated key
does not need.  Hardware boards have a vendor of their own.
"""

import secrets
from hashlib import sha256

from biandun_protocol.algorithms import ES256, SM2, Algorithm
from biandun_protocol.release import Described, Release, sign_release
from biandun_simulator import firmware
from etoken.crypto import suites


class PublishedSigner:
    """A signer of the simulated vendor, whose private key is public."""

    def __init__(self, algorithm: Algorithm) -> None:
        self.algorithm = algorithm
        self._suite = suites.SUITES[algorithm.alg]
        self._secret = sha256(b"biandun simulated vendor " + algorithm.name.encode()).digest()
        self.public_key = self._suite.public_key(self._secret)

    def sign(self, tbs: bytes) -> bytes:
        """Return r || s (64 bytes)."""
        return self._suite.sign(self._secret, self.public_key, tbs, secrets.token_bytes(32))


def sign(described: Described, image: bytes) -> Release:
    """Sign a release of an image as the simulated vendor.  Raises ManifestProblem(too-large)."""
    return sign_release((PublishedSigner(ES256), PublishedSigner(SM2)), described, image)


def make(described: Described) -> Release:
    """Release the installed sources under another version.  Raises SimulatorMissing."""
    return sign(described, firmware.image(described.version, described.number))
