"""X.509 certificates (RFC 5280) in either suite: root, issuing authority, and leaves for keys.

They certify the same keys as the CBOR profiles, for other tools.  A key stores its leaf as an
opaque blob.  ``cryptography`` encodes names and extensions; the certificate itself is encoded here
for both suites, because the library cannot sign with an SM2 key.
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha1

from cryptography import x509
from cryptography.x509.oid import NameOID

from biandun_protocol import der
from biandun_protocol.algorithms import ES256, SM2, PublicKey, Signer
from biandun_protocol.errors import CertificateProblem
from biandun_protocol.wire.numbers import LIMIT_X509

FICTITIOUS = "虚构数据 仅供测试"
SIGNATURES = {  # AlgorithmIdentifier, parameters absent: what is emitted (RFC 5758, GM/T 0006)
    ES256.alg: der.encode(der.SEQUENCE, der.oid("1.2.840.10045.4.3.2")),  # ecdsa-with-SHA256
    SM2.alg: der.encode(der.SEQUENCE, der.oid("1.2.156.10197.1.501")),  # sm2-with-SM3
}
_LONGEST_NAME = 64  # ub-common-name of RFC 5280, counted in bytes by the library
_UTC_TIME_UNTIL = 2050  # RFC 5280 section 4.1.2.5
_VERSION_3 = der.encode(0xA0, der.integer(2))
_EXTENSIONS = 0xA3


@dataclass(frozen=True)
class Validity:
    """The first and the last second of validity, in seconds since 1970."""

    not_before: int
    not_after: int

    def encode(self) -> bytes:
        """The validity as DER (RFC 5280 section 4.1.2.5)."""
        return der.encode(der.SEQUENCE, _moment(self.not_before), _moment(self.not_after))


def root_certificate(root: Signer, *, name: str, validity: Validity) -> x509.Certificate:
    """The self-signed root certificate; one level of authorities may be below it."""
    subject = _authority_name(name, "根证书")
    return _parsed(
        _signed(root, subject, subject, PublicKey.of(root), validity, _authority(path_length=1))
    )


def issuing_certificate(
    root: Signer,
    root_certificate: x509.Certificate,
    key: PublicKey,
    *,
    name: str,
    validity: Validity,
) -> x509.Certificate:
    """The certificate of the office's issuing authority; only leaves may be below it."""
    subject = _authority_name(name, "签发证书")
    return _parsed(
        _signed(root, root_certificate.subject, subject, key, validity, _authority(path_length=0))
    )


def leaf_certificate(
    issuing: Signer,
    authority: x509.Certificate,
    key: PublicKey,
    *,
    unit_name: str,
    uscc: str,
    serial: str,
    validity: Validity,
) -> bytes:
    """The certificate of a unit's key as DER, at most LIMIT_X509 bytes.

    Raises CertificateProblem(certificate-invalid) when it would be longer.
    """
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, FICTITIOUS),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, serial),
            x509.NameAttribute(NameOID.COMMON_NAME, _cut(unit_name, _LONGEST_NAME)),
            x509.NameAttribute(NameOID.SERIAL_NUMBER, uscc),
        ]
    )
    raw = _signed(
        issuing,
        authority.subject,
        subject,
        key,
        validity,
        [
            x509.BasicConstraints(ca=False, path_length=None),
            _usage(digital_signature=True, content_commitment=True),
        ],
    )
    if len(raw) > LIMIT_X509:
        raise CertificateProblem("certificate-invalid", field="x509")
    return raw


def _authority_name(office: str, role: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, FICTITIOUS),
            x509.NameAttribute(
                NameOID.COMMON_NAME,
                f"{_cut(office, _LONGEST_NAME - 1 - len(role.encode()))} {role}",
            ),
        ]
    )


def _cut(name: str, size: int) -> str:
    """The longest beginning of ``name`` that takes at most ``size`` bytes of UTF-8.

    The CBOR profile has the whole name.
    """
    return name.encode()[:size].decode(errors="ignore")


def _authority(*, path_length: int) -> list[x509.ExtensionType]:
    usage = _usage(digital_signature=True, key_cert_sign=True, crl_sign=True)
    return [x509.BasicConstraints(ca=True, path_length=path_length), usage]


def _signed(
    signer: Signer,
    issuer: x509.Name,
    subject: x509.Name,
    key: PublicKey,
    validity: Validity,
    critical: Sequence[x509.ExtensionType],
) -> bytes:
    """The certificate's DER; ``signer`` holds the key of ``issuer``."""
    if key.algorithm is not signer.algorithm:
        raise CertificateProblem(
            "algorithm-mismatch", alg=key.algorithm.name, certified=signer.algorithm.name
        )
    names = [
        x509.SubjectKeyIdentifier(_key_identifier(key.point)),
        x509.AuthorityKeyIdentifier(_key_identifier(signer.public_key), None, None),
    ]
    extensions = [
        *(_extension(one, critical=False) for one in names),
        *(_extension(one, critical=True) for one in critical),
    ]
    algorithm = SIGNATURES[signer.algorithm.alg]
    content = der.encode(
        der.SEQUENCE,
        _VERSION_3,
        der.integer(x509.random_serial_number()),
        algorithm,
        issuer.public_bytes(),
        validity.encode(),
        subject.public_bytes(),
        key.spki,
        der.encode(_EXTENSIONS, der.encode(der.SEQUENCE, *extensions)),
    )
    return der.encode(
        der.SEQUENCE, content, algorithm, der.bit_string(der.signature(signer.sign(content)))
    )


def _parsed(raw: bytes) -> x509.Certificate:
    return x509.load_der_x509_certificate(raw)


def _key_identifier(point: bytes) -> bytes:
    """Method 1 of RFC 5280 section 4.2.1.2: SHA-1 as an identifier, not for security."""
    return sha1(point, usedforsecurity=False).digest()


def _extension(value: x509.ExtensionType, *, critical: bool) -> bytes:
    flag = der.encode(der.BOOLEAN, b"\xff") if critical else b""
    return der.encode(
        der.SEQUENCE,
        der.oid(value.oid.dotted_string),
        flag,
        der.encode(der.OCTET_STRING, value.public_bytes()),
    )


def _moment(seconds: int) -> bytes:
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    if moment.year < _UTC_TIME_UNTIL:
        return der.encode(der.UTC_TIME, moment.strftime("%y%m%d%H%M%SZ").encode())
    return der.encode(der.GENERALIZED_TIME, moment.strftime("%Y%m%d%H%M%SZ").encode())


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
