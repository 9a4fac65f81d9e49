"""Firmware releases (SPEC section 6.9): a manifest that vendor and operator both sign, and the
image that it names by digest.

The vendor signs in both suites, because a key believes only what is signed in that of its own
anchor; the operator is the office whose keys are to take the release, and signs in the suite of
those.
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
    """A release as it travels; ``vendor`` by suite, ``operator`` None until the office has approved
    it.
    """

    manifest: bytes
    vendor_es256: bytes
    vendor_sm2: bytes
    image: bytes
    operator: bytes | None = None

    def encode(self) -> bytes:
        """The file's bytes."""
        head = ReleaseFile(
            SCHEMA_RELEASE_FILE, self.manifest, self.vendor_es256, self.vendor_sm2, self.operator
        )
        return codec.encode(head) + self.image

    @classmethod
    def decode(cls, raw: bytes) -> "Release":
        """Read the file; its image must be the one in its manifest.  Raises ManifestProblem,
        StatementProblem(digest-mismatch).
        """
        head, image = records.read_head(ReleaseFile, raw, SCHEMA_RELEASE_FILE)
        release = cls(head.manifest, head.vendor_es256, head.vendor_sm2, image, head.operator)
        said = release.read()
        if said.length != len(image) or said.digest != sha256(image).digest():
            raise StatementProblem("digest-mismatch")
        return release

    def read(self) -> ReleaseManifest:
        """What it says of itself, unchecked.  Raises ManifestProblem."""
        return records.read(ReleaseManifest, self.manifest, SCHEMA_RELEASE)

    def vendor(self, algorithm: Algorithm) -> bytes:
        """What the vendor signed in a suite."""
        return self.vendor_es256 if algorithm is ES256 else self.vendor_sm2

    def approved(self, office: Signer, *, office_id: str, region: str, x5t: bytes) -> "Release":
        """The same with the operator's signature."""
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
        """Check what the vendor signed.  Raises StatementProblem, ManifestProblem."""
        Signed(self.vendor(vendor.algorithm), self.manifest).verify(PURPOSE_RELEASE, vendor)
        return self.read()


@dataclass(frozen=True)
class Described:
    """What a vendor says of an image: for which kind of board, its version and number, the least
    number to take after it.
    """

    target: str
    version: str
    number: int
    floor: int = 0


def sign_release(vendors: tuple[Signer, Signer], described: Described, image: bytes) -> Release:
    """Let the vendor, whose signers are in ES256 and SM2, release an image.  Raises
    ManifestProblem(too-large).
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
