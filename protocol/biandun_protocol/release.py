"""Firmware releases (SPEC section 6.9): a manifest signed by vendor and operator, and the image.

The manifest names the image by digest.  The vendor signs in both suites, because a key accepts only
the suite of its own anchor.  The operator is the office whose keys shall run the release, and signs
in the suite of those keys.
"""

from dataclasses import dataclass, replace
from hashlib import sha256

from biandun_protocol import cose, records
from biandun_protocol.algorithms import ES256, Algorithm, PublicKey, Signer
from biandun_protocol.certificate import Signed
from biandun_protocol.errors import ManifestProblem, StatementProblem
from biandun_protocol.wire import codec
from biandun_protocol.wire.messages import ReleaseFile, ReleaseManifest
from biandun_protocol.wire.numbers import (
    LIMIT_IMAGE,
    PURPOSE_RELEASE,
    SCHEMA_RELEASE,
    SCHEMA_RELEASE_FILE,
)

VENDOR = "vendor"  # the vendor's id in the header: urn:biandun:office:vendor
VENDOR_REGION = "000000"


@dataclass(frozen=True)
class Release:
    """A release as a file.

    ``vendor`` are the vendor's statements by suite; ``operator`` is None until the office has
    approved it.
    """

    manifest: bytes
    vendor_es256: bytes
    vendor_sm2: bytes
    image: bytes
    operator: bytes | None = None

    def encode(self) -> bytes:
        """Return the bytes of the file."""
        head = ReleaseFile(
            SCHEMA_RELEASE_FILE, self.manifest, self.vendor_es256, self.vendor_sm2, self.operator
        )
        return codec.encode(head) + self.image

    @classmethod
    def decode(cls, raw: bytes) -> "Release":
        """Decode the file; its image must be the one in its manifest.

        Raises ManifestProblem, StatementProblem(digest-mismatch).
        """
        head, image = records.read_head(ReleaseFile, raw, SCHEMA_RELEASE_FILE)
        release = cls(head.manifest, head.vendor_es256, head.vendor_sm2, image, head.operator)
        said = release.read()
        if said.length != len(image) or said.digest != sha256(image).digest():
            raise StatementProblem("digest-mismatch")
        return release

    def read(self) -> ReleaseManifest:
        """Return the manifest, unverified.  Raises ManifestProblem."""
        return records.read(ReleaseManifest, self.manifest, SCHEMA_RELEASE)

    def vendor(self, algorithm: Algorithm) -> bytes:
        """Return the vendor's statement in a suite."""
        return self.vendor_es256 if algorithm is ES256 else self.vendor_sm2

    def approved(self, office: Signer, *, office_id: str, region: str, x5t: bytes) -> "Release":
        """Return the same release with the operator's signature."""
        signed = cose.sign_office(
            office,
            purpose=PURPOSE_RELEASE,
            office_id=office_id,
            region=region,
            x5t=x5t,
            manifest=self.manifest,
        )
        return replace(self, operator=signed)

    def verify_vendor(self, vendor: PublicKey) -> ReleaseManifest:
        """Verify the vendor's signature.  Raises StatementProblem, ManifestProblem."""
        Signed(self.vendor(vendor.algorithm), self.manifest).verify(PURPOSE_RELEASE, vendor)
        return self.read()


@dataclass(frozen=True)
class Described:
    """The vendor's description of an image.

    The target board, version and number, and the lowest number that may be installed after it.
    """

    target: str
    version: str
    number: int
    floor: int = 0


def sign_release(vendors: tuple[Signer, Signer], described: Described, image: bytes) -> Release:
    """Sign a release of an image with the vendor's signers in ES256 and SM2.

    Raises ManifestProblem(too-large).
    """
    if not 0 < len(image) <= LIMIT_IMAGE:
        raise ManifestProblem("too-large", field="image")
    manifest = codec.encode(
        ReleaseManifest(
            SCHEMA_RELEASE,
            described.target,
            described.version,
            described.number,
            described.floor,
            len(image),
            sha256(image).digest(),
        )
    )
    es256, sm2 = (
        cose.sign_office(
            signer,
            purpose=PURPOSE_RELEASE,
            office_id=VENDOR,
            region=VENDOR_REGION,
            x5t=bytes(32),
            manifest=manifest,
        )
        for signer in vendors
    )
    return Release(manifest, es256, sm2, image)
