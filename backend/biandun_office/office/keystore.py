"""The office's private keys at rest: encrypted PKCS#8 in PEM, with scrypt in front of it.

PKCS#8 as OpenSSL writes it stretches a passphrase with only 2048 rounds of PBKDF2.  So the password
of the PKCS#8 is not the passphrase but scrypt of it (RFC 7914), whose parameters are written above
the PEM block, where RFC 7468 allows text:

    Biandun-KDF: scrypt LOG2N R P SALT
    -----BEGIN ENCRYPTED PRIVATE KEY-----
"""

import secrets
from dataclasses import dataclass

from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from biandun_office.office import keys
from biandun_office.office.keys import PrivateKey
from biandun_office.platform.errors import PassphraseProblem
from biandun_protocol import pins
from biandun_protocol.algorithms import Algorithm

LEAST_PASSPHRASE = 10
FEWEST_CHARACTERS = 3  # distinct
_LABEL = "Biandun-KDF:"
_MOST_LOG2N = 20  # so that a file cannot make the office allocate gigabytes


@dataclass(frozen=True)
class Passphrase:
    """A passphrase whose repr does not contain it."""

    secret: str

    def __repr__(self) -> str:
        return "<Passphrase>"

    @property
    def folded(self) -> "Passphrase":
        """The passphrase in its canonical spelling, which is the one that keys are sealed under."""
        return Passphrase(pins.folded(self.secret))

    def require_strength(self) -> "Passphrase":
        """Return the passphrase itself when it is strong enough.

        Raises PassphraseProblem(passphrase-weak) when it has fewer than LEAST_PASSPHRASE
        characters, or fewer than FEWEST_CHARACTERS distinct ones.
        """
        secret = self.folded.secret
        if len(secret) < LEAST_PASSPHRASE or len(set(secret)) < FEWEST_CHARACTERS:
            raise PassphraseProblem("passphrase-weak", least=LEAST_PASSPHRASE)
        return self


@dataclass(frozen=True)
class Cost:
    """The cost of one guess: scrypt with N = 2^log2n, r and p.  The default takes 64 MiB."""

    log2n: int = 16
    r: int = 8
    p: int = 1

    def derive(self, passphrase: Passphrase, salt: bytes) -> bytes:
        """Derive 32 bytes from ``passphrase`` with scrypt.

        Raises PassphraseProblem(passphrase-wrong) for parameters out of bounds.
        """
        if not (1 <= self.log2n <= _MOST_LOG2N and 1 <= self.r <= 16 and 1 <= self.p <= 4):
            raise PassphraseProblem("passphrase-wrong")
        return Scrypt(salt=salt, length=32, n=1 << self.log2n, r=self.r, p=self.p).derive(
            passphrase.secret.encode()
        )


def seal(key: PrivateKey, passphrase: Passphrase, cost: Cost) -> bytes:
    """Encrypt ``key`` under ``passphrase``; return the text that is described above."""
    salt = secrets.token_bytes(16)
    pem = key.encrypted(cost.derive(passphrase.folded, salt).hex().encode())
    return f"{_LABEL} scrypt {cost.log2n} {cost.r} {cost.p} {salt.hex()}\n".encode() + pem


def unseal(sealed: bytes, passphrase: Passphrase, algorithm: Algorithm) -> PrivateKey:
    """Decrypt a key of ``algorithm`` that ``seal`` encrypted.

    Keys of an earlier version, which used the passphrase as typed, are decrypted, too.

    Raises PassphraseProblem(passphrase-wrong), also for a damaged file.
    """
    folded = passphrase.folded
    try:
        return _unseal(sealed, folded, algorithm)
    except PassphraseProblem:
        if folded == passphrase:
            raise
    return _unseal(sealed, passphrase, algorithm)


def _unseal(sealed: bytes, passphrase: Passphrase, algorithm: Algorithm) -> PrivateKey:
    try:
        first, pem = sealed.split(b"\n", 1)
        label, name, log2n, r, p, salt = first.decode("ascii").split(" ")
        if (label, name) != (_LABEL, "scrypt"):
            raise ValueError(label)
        password = (
            Cost(int(log2n), int(r), int(p)).derive(passphrase, bytes.fromhex(salt)).hex().encode()
        )
        return keys.decrypt(algorithm, pem, password)
    except ValueError:
        raise PassphraseProblem("passphrase-wrong") from None
