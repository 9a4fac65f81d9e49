"""Root certificates, which a verifier must get through another channel than the evidence."""

from hashlib import sha256

from biandun_protocol.algorithms import PublicKey
from biandun_protocol.x509 import certificate_of, der_of, public_key_of


def load_root(pem: bytes) -> tuple[PublicKey, str]:
    """Return a root certificate's public key and its fingerprint (SHA-256 of the DER, hexadecimal).

    The key may be of either suite.  Raises CertificateProblem.
    """
    root = certificate_of(pem, "root")
    return public_key_of(root, "root"), sha256(der_of(root)).hexdigest()
