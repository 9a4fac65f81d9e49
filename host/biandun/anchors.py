"""Root certificates: the one thing that has to come to a verifier another way."""

from hashlib import sha256

from biandun_protocol.algorithms import PublicKey
from biandun_protocol.x509 import certificate_of, der_of, public_key_of


def load_root(pem: bytes) -> tuple[PublicKey, str]:
    """Return a root certificate's public key, of either algorithm, and its fingerprint.

    Raises CertificateProblem.
    """
    root = certificate_of(pem, "root")
    return public_key_of(root, "root"), sha256(der_of(root)).hexdigest()
