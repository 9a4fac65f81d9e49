"""X.509 certificates (RFC 5280): root, issuing authority, and the leaf for a unit's key.

They carry the same keys as the CBOR forms, for the tools that everybody else has.  A key stores its leaf as an opaque blob.
"""

import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from biandun_protocol.algorithms import load_point
from biandun_protocol.errors import CertificateProblem
from biandun_protocol.wire.numbers import LIMIT_X509

FICTITIOUS = "虚构数据 仅供测试"
_LONGEST_NAME = 64  # ub-common-name of RFC 5280, counted in bytes by the library


def root_certificate(key: ec.EllipticCurvePrivateKey, *, name: str, not_before: int, not_after: int) -> x509.Certificate:
    """The root, signed by itself; one authority below it."""
    subject = _authority_name(name, "根证书")
    builder = _authority(subject, subject, key.public_key(), key.public_key(), not_before, not_after, path_length=1)
    return builder.sign(key, hashes.SHA256())


def issuing_certificate(
    root_key: ec.EllipticCurvePrivateKey,
    root: x509.Certificate,
    public_key: ec.EllipticCurvePublicKey,
    *,
    name: str,
    not_before: int,
    not_after: int,
) -> x509.Certificate:
    """The office's working authority; only leaves below it."""
    subject = _authority_name(name, "签发证书")
    builder = _authority(subject, root.subject, public_key, root_key.public_key(), not_before, not_after, path_length=0)
    return builder.sign(root_key, hashes.SHA256())


def leaf_certificate(
    issuing_key: ec.EllipticCurvePrivateKey,
    issuing: x509.Certificate,
    point: bytes,
    *,
    unit_name: str,
    uscc: str,
    serial: str,
    not_before: int,
    not_after: int,
) -> bytes:
    """The certificate of a unit's key as DER, at most LIMIT_X509 bytes.  ``point`` is uncompressed.

    Raises CertificateProblem(certificate-invalid) when it would be longer, StatementProblem(key-invalid) for a bad point.
    """
    public_key = load_point(point)
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, FICTITIOUS),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, serial),
            x509.NameAttribute(NameOID.COMMON_NAME, _cut(unit_name, _LONGEST_NAME)),
            x509.NameAttribute(NameOID.SERIAL_NUMBER, uscc),
        ]
    )
    usage = _usage(digital_signature=True, content_commitment=True)
    builder = (
        _builder(subject, issuing.subject, public_key, issuing_key.public_key(), not_before, not_after)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
    )
    der = builder.sign(issuing_key, hashes.SHA256()).public_bytes(Encoding.DER)
    if len(der) > LIMIT_X509:
        raise CertificateProblem("certificate-invalid", field="x509")
    return der


def _authority_name(office: str, role: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, FICTITIOUS),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{_cut(office, _LONGEST_NAME - 1 - len(role.encode()))} {role}"),
        ]
    )


def _cut(name: str, size: int) -> str:
    """The beginning of ``name`` that takes at most ``size`` bytes of UTF-8; the whole of it stands in the CBOR profile."""
    return name.encode()[:size].decode(errors="ignore")


def _authority(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    signing_key: ec.EllipticCurvePublicKey,
    not_before: int,
    not_after: int,
    *,
    path_length: int,
) -> x509.CertificateBuilder:
    usage = _usage(digital_signature=True, key_cert_sign=True, crl_sign=True)
    return (
        _builder(subject, issuer, key, signing_key, not_before, not_after)
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(usage, critical=True)
    )


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    signing_key: ec.EllipticCurvePublicKey,
    not_before: int,
    not_after: int,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(_moment(not_before))
        .not_valid_after(_moment(not_after))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key), critical=False)
    )


def _moment(seconds: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def _usage(**wanted: bool) -> x509.KeyUsage:
    names = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: wanted.get(name, False) for name in names})
