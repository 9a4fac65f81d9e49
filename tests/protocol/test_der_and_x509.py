"""DER as far as certificates and keys need it, and the public key out of a certificate of either
suite.
"""

import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from biandun_office.office.x509 import Validity, root_certificate
from biandun_protocol import der
from biandun_protocol.algorithms import ES256, SM2, PublicKey
from biandun_protocol.errors import CertificateProblem
from biandun_protocol.x509 import certificate_of, public_key_of
from tests.support.signers import signer_from

START = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


def self_signed(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "虚构数据")])
    made = x509.CertificateBuilder(
        name, name, key.public_key(), 1, START, START + datetime.timedelta(days=1)
    )
    return made.sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())


@given(st.binary(max_size=70000))
def test_what_is_encoded_is_read_again(content: bytes) -> None:
    assert der.read(der.encode(der.OCTET_STRING, content) + b"rest") == (
        der.OCTET_STRING,
        content,
        b"rest",
    )


@given(st.integers(0, 2**256 - 1), st.integers(0, 2**256 - 1))
def test_a_signature_is_spelled_as_the_library_spells_it(r: int, s: int) -> None:
    assert der.signature(r.to_bytes(32, "big") + s.to_bytes(32, "big")) == encode_dss_signature(
        r, s
    )


@pytest.mark.parametrize(
    "dotted", ["1.2.840.10045.4.3.2", "1.2.156.10197.1.501", "2.5.29.14", "2.16.840.1.101.3.4.1.42"]
)
def test_an_identifier_is_that_of_the_library(dotted: str) -> None:
    wanted = x509.UnrecognizedExtension(x509.ObjectIdentifier(dotted), b"")
    name = x509.Name([x509.NameAttribute(wanted.oid, "x", _validate=False)])
    assert der.oid(dotted) in name.public_bytes()


BROKEN = {
    "nothing": b"",
    "a tag alone": b"\x30",
    "content cut short": b"\x04\x02a",
    "an indefinite length": b"\x30\x80\x00\x00",
    "a length in more bytes than it needs": b"\x04\x81\x01a",
    "a length with leading zeros": b"\x04\x82\x00\x81" + bytes(129),
    "a length cut short": b"\x04\x82\x01",
    "a tag in several bytes": b"\x1f\x81\x01\x00",
}


@pytest.mark.parametrize("raw", BROKEN.values(), ids=BROKEN)
def test_what_is_not_der_is_refused(raw: bytes) -> None:
    with pytest.raises(der.DerError):
        der.read(raw)


@pytest.mark.parametrize(
    "raw",
    [der.integer(1), b"\x30\x03\x02\x01\x01\x00", der.encode(der.SEQUENCE)],
    ids=["no", "rest", "empty"],
)
def test_a_sequence_of_other_items_is_refused(raw: bytes) -> None:
    with pytest.raises(der.DerError):
        der.sequence(raw, der.INTEGER)


@pytest.mark.parametrize("algorithm", [ES256, SM2], ids=lambda one: one.name)
def test_the_public_key_of_a_certificate_is_found_in_either_suite(algorithm: object) -> None:
    signer = signer_from(42, algorithm)  # type: ignore[arg-type]
    root = root_certificate(signer, name="陇澜市委编办", validity=Validity(0, 1))
    for encoding in (Encoding.PEM, Encoding.DER):
        assert public_key_of(certificate_of(root.public_bytes(encoding), "root")) == PublicKey.of(
            signer
        )


def test_the_public_key_of_the_librarys_own_certificate_is_found() -> None:
    key = ec.derive_private_key(42, ec.SECP256R1())
    assert public_key_of(self_signed(key)) == PublicKey.of(signer_from(42))


@pytest.mark.parametrize(
    "key",
    [ec.generate_private_key(ec.SECP384R1()), ed25519.Ed25519PrivateKey.generate()],
    ids=["P-384", "Ed25519"],
)
def test_a_key_of_another_algorithm_is_refused(key: ec.EllipticCurvePrivateKey) -> None:
    with pytest.raises(CertificateProblem) as caught:
        public_key_of(self_signed(key), "root")
    assert caught.value.values["field"] == "root"


@pytest.mark.parametrize(
    "raw",
    [b"", b"-----BEGIN CERTIFICATE-----", b"\x30\x00"],
    ids=["empty", "broken-pem", "no-certificate"],
)
def test_what_is_no_certificate_is_refused(raw: bytes) -> None:
    with pytest.raises(CertificateProblem):
        certificate_of(raw, "root")


def test_a_certificate_beyond_2049_spells_its_time_as_rfc_5280_wants() -> None:
    last = int(datetime.datetime(2056, 2, 29, tzinfo=datetime.UTC).timestamp())
    root = root_certificate(signer_from(42), name="x", validity=Validity(0, last))
    assert root.not_valid_after_utc == datetime.datetime(2056, 2, 29, tzinfo=datetime.UTC)
    assert b"\x18\x0f20560229000000Z" in root.tbs_certificate_bytes


@pytest.mark.parametrize("serial", [0x00, 0xF5], ids=["zero", "negative"])
def test_a_certificate_whose_serial_number_is_not_positive_is_refused(serial: int) -> None:
    good = self_signed(ec.derive_private_key(42, ec.SECP256R1())).public_bytes(Encoding.DER)
    version_3 = b"\xa0\x03\x02\x01\x02"
    broken = good.replace(
        version_3 + b"\x02\x01\x01", version_3 + b"\x02\x01" + bytes((serial,)), 1
    )
    assert broken != good
    with pytest.raises(CertificateProblem):
        certificate_of(broken, "root")
