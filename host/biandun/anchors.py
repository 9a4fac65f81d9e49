"""Root certificates: the one thing that has to come to a verifier another way."""

from hashlib import sha256

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from biandun_protocol.algorithms import point_of
from biandun_protocol.errors import CertificateProblem


def load_root(pem: bytes) -> tuple[bytes, str]:
    """Return a root certificate's public point and its fingerprint.  Raises CertificateProblem."""
    try:
        root = x509.load_pem_x509_certificate(pem)
    except ValueError:
        raise CertificateProblem("certificate-invalid", field="root") from None
    key = root.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise CertificateProblem("certificate-invalid", field="root")
    return point_of(key), sha256(root.public_bytes(Encoding.DER)).hexdigest()
