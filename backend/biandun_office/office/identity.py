"""The office's data folder: its identity, its two certificates, and the issuer statement.

The root key signs the issuer statement, which names the issuing key.

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

from biandun_office.office.keys import PrivateKey
from biandun_office.office.keystore import Passphrase, unseal
from biandun_office.platform import database, files, folders
from biandun_office.platform.errors import OfficeStateProblem
from biandun_protocol import records
from biandun_protocol.algorithms import BY_NAME, ES256, Algorithm, PublicKey
from biandun_protocol.certificate import Signed
from biandun_protocol.errors import CertificateProblem
from biandun_protocol.wire.messages import IssuerManifest
from biandun_protocol.x509 import der_of, public_key_of

IDENTITY = "office.json"
ROOT_CERTIFICATE = "root.pem"
ISSUING_CERTIFICATE = "issuing.pem"
ISSUER_STATEMENT = "issuer.statement"
ISSUER_MANIFEST = "issuer.manifest"
ROOT_KEY = "root.key.pem"
ISSUING_KEY = "issuing.key.pem"
BLOBS = "blobs"
# every file that the office opens by name; SQLite adds files beside its database
FILES = (
    IDENTITY,
    ROOT_CERTIFICATE,
    ISSUING_CERTIFICATE,
    ISSUER_STATEMENT,
    ISSUER_MANIFEST,
    ROOT_KEY,
    ISSUING_KEY,
    *(f"{database.FILE}{end}" for end in ("", "-wal", "-shm", "-journal")),
)
# the folders of incomplete uploads, and of blobs by the first two digits of their names
INCOMING = "incoming"
SHELVES = (INCOMING, *(f"{number:02x}" for number in range(256)))
OWN_UNIT = "11629900MB0000000F"  # the establishment office of the fictitious city, as a unit


@dataclass(frozen=True)
class Identity:
    """Who the office is.

    ``uscc`` is its own unit, ``database`` the URL of its tables; empty for the SQLite file in the
    data folder.  ``suite`` is chosen at founding for everything that the office signs and
    certifies; an office.json without one means ES256.
    """

    office_id: str
    office_name: str
    region: str
    uscc: str = OWN_UNIT
    database: str = ""
    suite: str = ES256.name

    def encode(self) -> bytes:
        """The content of office.json."""
        return (
            json.dumps({"format": 1, **self.__dict__}, ensure_ascii=False, indent=2).encode()
            + b"\n"
        )


def require_plain(folder: Path) -> None:
    """Check that the office's files and folders are regular ones.

    Its files must be regular files without further hard links, its folders must be folders.  Only
    blobs may have several names: they are never rewritten, and large stores are copied by hard
    links.

    Raises FileProblem(office-entry).
    """
    folders.require_plain_files(folder / name for name in FILES)
    folders.require_plain_folders([folder / BLOBS])
    folders.require_plain_folders(folder / BLOBS / name for name in SHELVES)


@dataclass(frozen=True)
class Office:
    """An office without its private keys."""

    identity: Identity
    root: x509.Certificate
    issuing: x509.Certificate
    issuer: Signed

    @classmethod
    def load(cls, folder: Path) -> "Office":
        """Read the public files.

        Raises OfficeStateProblem(office-not-initialised), FileProblem;
        CertificateProblem(certificate-invalid) when its certificates are not in the suite that it
        says it was founded in.
        """
        if not (folder / IDENTITY).is_file():
            raise OfficeStateProblem("office-not-initialised")
        fields = files.read_json(folder / IDENTITY)
        loaded = cls(
            Identity(
                **{
                    field.name: fields[field.name]
                    for field in dataclass_fields(Identity)
                    if field.name in fields
                }
            ),
            x509.load_pem_x509_certificate(files.read(folder / ROOT_CERTIFICATE)),
            x509.load_pem_x509_certificate(files.read(folder / ISSUING_CERTIFICATE)),
            Signed(files.read(folder / ISSUER_STATEMENT), files.read(folder / ISSUER_MANIFEST)),
        )
        suite = BY_NAME.get(loaded.identity.suite)
        if loaded.root_key.algorithm is not suite or loaded.issuing_key.algorithm is not suite:
            raise CertificateProblem("certificate-invalid", field="suite")
        return loaded

    @cached_property
    def algorithm(self) -> Algorithm:
        """The suite of the office's root and of everything below it."""
        return self.root_key.algorithm

    @cached_property
    def root_key(self) -> PublicKey:
        """The root's public key, which is the anchor of everything that the office certifies."""
        return public_key_of(self.root)

    @cached_property
    def issuing_key(self) -> PublicKey:
        """The public key that verifies profiles and receipts."""
        return public_key_of(self.issuing)

    @cached_property
    def x5t(self) -> bytes:
        """SHA-256 of the issuing certificate's DER, as in the header of the office's statements."""
        return sha256(der_of(self.issuing)).digest()

    @property
    def issuer_manifest(self) -> IssuerManifest:
        """What the root key has signed about the issuing key."""
        return records.decode(IssuerManifest, self.issuer.manifest)


def load_key(
    folder: Path, name: str, certificate: x509.Certificate, passphrase: Passphrase
) -> PrivateKey:
    """Decrypt the key file ``name``.

    Raises PassphraseProblem(passphrase-wrong), CertificateProblem when the key is not the
    certificate's.
    """
    certified = public_key_of(certificate)
    key = unseal(files.read(folder / name), passphrase, certified.algorithm)
    if PublicKey.of(key) != certified:
        raise CertificateProblem("certificate-invalid", field=name)
    return key
