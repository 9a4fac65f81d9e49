"""Public keys of X.509 certificates, in both algorithms."""

import warnings

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.utils import CryptographyDeprecationWarning

from biandun_protocol import der
from biandun_protocol.algorithms import REGISTRY, PublicKey
from biandun_protocol.errors import CertificateProblem

_VERSION = 0xA0  # [0] EXPLICIT, first in a certificate of version 3


def certificate_of(raw: bytes, name: str) -> x509.Certificate:
    """Parse a certificate, PEM or DER; nothing is verified.

    What the library only warns of, such as a serial number that is not positive (RFC 5280 section
    4.1.2.2), is refused.

    Raises CertificateProblem, which names the certificate ``name``.
    """
    load = (
        x509.load_pem_x509_certificate
        if raw.lstrip().startswith(b"-")
        else x509.load_der_x509_certificate
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", CryptographyDeprecationWarning)
            return load(raw)
    except (
        ValueError,
        x509.InvalidVersion,
        CryptographyDeprecationWarning,
    ):  # neither is a subclass of the others
        raise CertificateProblem("certificate-invalid", field=name) from None


def public_key_of(certificate: x509.Certificate, name: str = "public key") -> PublicKey:
    """Return the public key of a certificate.

    ``cryptography`` does not know sm2p256v1, so the SubjectPublicKeyInfo is taken out of the bytes
    (RFC 5280 section 4.1): it comes after version, serial number, signature algorithm, issuer,
    validity and subject.

    Raises CertificateProblem, which names the certificate ``name``, for a key of another algorithm.
    """
    try:
        _, content, _ = der.read(certificate.tbs_certificate_bytes)
        fields = [item for item in der.items(content) if item[0] != _VERSION]
        spki = der.encode(*fields[5])
    except (der.DerError, IndexError):
        raise CertificateProblem("certificate-invalid", field=name) from None
    for algorithm in REGISTRY.values():
        if spki.startswith(algorithm.spki) and len(spki) == len(algorithm.spki) + 65:
            return PublicKey(algorithm, spki[len(algorithm.spki) :])
    raise CertificateProblem("certificate-invalid", field=name)


def der_of(certificate: x509.Certificate) -> bytes:
    """Return the certificate in DER."""
    return certificate.public_bytes(Encoding.DER)
