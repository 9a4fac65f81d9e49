"""The office as it lies in its data folder: who it is, its two certificates, and what the root states about its key.

office.json  root.pem  issuing.pem  issuer.statement  issuer.manifest    public
root.key.pem  issuing.key.pem                                           encrypted (keystore.py)
office.sqlite3  blobs/                                                  registers and evidence

With PostgreSQL there is no office.sqlite3: office.json names the database.
"""

import json
from dataclasses import dataclass
from dataclasses import fields as dataclass_fields
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from biandun_office import files
from biandun_office.errors import OfficeStateProblem
from biandun_office.keystore import Passphrase, unseal
from biandun_office.startup import IDENTITY
from biandun_protocol.algorithms import point_of
from biandun_protocol.certificate import Signed
from biandun_protocol.errors import CertificateProblem
from biandun_protocol.wire import codec
from biandun_protocol.wire.messages import IssuerManifest

ROOT_CERTIFICATE = "root.pem"
ISSUING_CERTIFICATE = "issuing.pem"
ISSUER_STATEMENT = "issuer.statement"
ISSUER_MANIFEST = "issuer.manifest"
ROOT_KEY = "root.key.pem"
ISSUING_KEY = "issuing.key.pem"
OWN_UNIT = "11629900MB0000000F"  # the establishment office of the fictitious city, as a unit


@dataclass(frozen=True)
class Identity:
    """Who the office is: ``uscc`` is its own unit, ``database`` the URL of its tables (empty: the file beside this one)."""

    office_id: str
    office_name: str
    region: str
    uscc: str = OWN_UNIT
    database: str = ""

    def encode(self) -> bytes:
        """The content of office.json."""
        return json.dumps({"format": 1, **self.__dict__}, ensure_ascii=False, indent=2).encode() + b"\n"


@dataclass(frozen=True)
class Office:
    """An office without its private keys."""

    identity: Identity
    root: x509.Certificate
    issuing: x509.Certificate
    issuer: Signed

    @classmethod
    def load(cls, folder: Path) -> "Office":
        """Read the public files.  Raises OfficeStateProblem(office-not-initialised), FileProblem."""
        if not (folder / IDENTITY).is_file():
            raise OfficeStateProblem("office-not-initialised")
        fields = json.loads(files.read(folder / IDENTITY))
        return cls(
            Identity(**{field.name: fields[field.name] for field in dataclass_fields(Identity) if field.name in fields}),
            x509.load_pem_x509_certificate(files.read(folder / ROOT_CERTIFICATE)),
            x509.load_pem_x509_certificate(files.read(folder / ISSUING_CERTIFICATE)),
            Signed(files.read(folder / ISSUER_STATEMENT), files.read(folder / ISSUER_MANIFEST)),
        )

    @property
    def root_public_key(self) -> bytes:
        """The anchor: the root's uncompressed point."""
        return _point(self.root)

    @property
    def issuing_public_key(self) -> bytes:
        """The uncompressed point of the key that signs profiles and receipts."""
        return _point(self.issuing)

    @cached_property
    def x5t(self) -> bytes:
        """SHA-256 of the issuing certificate's DER: what the office's statements carry."""
        return sha256(self.issuing.public_bytes(Encoding.DER)).digest()

    @property
    def issuer_manifest(self) -> IssuerManifest:
        """What the root states about the issuing key."""
        return codec.decode(IssuerManifest, self.issuer.manifest)


def load_key(folder: Path, name: str, certificate: x509.Certificate, passphrase: Passphrase) -> ec.EllipticCurvePrivateKey:
    """Decrypt the key file ``name``.

    Raises PassphraseProblem(passphrase-wrong), CertificateProblem when the key is not the certificate's.
    """
    key = unseal(files.read(folder / name), passphrase)
    if point_of(key.public_key()) != _point(certificate):
        raise CertificateProblem("certificate-invalid", field=name)
    return key


def _point(certificate: x509.Certificate) -> bytes:
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise CertificateProblem("certificate-invalid", field="public key")
    return point_of(key)
