"""Certificates in CBOR: the root certifies the office's key, the office a unit's key.

An anchor is the root's public key.  Root -> ``issuer`` statement -> office key -> ``profile``
statement -> unit key, all in the root's algorithm: whoever trusts a root knows the algorithm of
everything below it.  X.509 certificates carry the same keys for other tools; each manifest names
its X.509 twin by digest (x5t).  See SPEC section 6.
"""

from dataclasses import dataclass
from typing import TypeVar

from biandun_protocol import cose, records
from biandun_protocol.algorithms import Algorithm, PublicKey, Signer
from biandun_protocol.errors import CertificateProblem, StatementProblem
from biandun_protocol.wire import codec
from biandun_protocol.wire.messages import (
    IssuerManifest,
    PossessionManifest,
    ProfileManifest,
    SignedManifest,
)
from biandun_protocol.wire.numbers import (
    KEY_PURPOSES,
    SCHEMA_ISSUER,
    SCHEMA_POSSESSION,
    SCHEMA_PROFILE,
    SCHEMA_SIGNED,
)

M = TypeVar("M", bound=codec.Message)


@dataclass(frozen=True)
class Signed:
    """A statement, and the manifest whose digest is its payload."""

    statement: bytes
    manifest: bytes

    def encode(self) -> bytes:
        """Return both as a file."""
        return codec.encode(SignedManifest(SCHEMA_SIGNED, self.statement, self.manifest))

    @classmethod
    def decode(cls, raw: bytes) -> "Signed":
        """Decode the file.  Raises ManifestProblem: manifest-malformed, schema-unknown."""
        message = records.read(SignedManifest, raw, SCHEMA_SIGNED)
        return cls(message.statement, message.manifest)

    def verify(self, purpose: str, key: PublicKey) -> None:
        """Verify that ``key`` signed this manifest for ``purpose``.

        Raises StatementProblem: form, signature, digest-mismatch.
        """
        statement = cose.parse(self.statement, purpose=purpose)
        cose.verify(statement, key)
        if not statement.covers(self.manifest):
            raise StatementProblem("digest-mismatch")


def sign_issuer(root: Signer, *, region: str, root_x5t: bytes, manifest: IssuerManifest) -> Signed:
    """Certify with the root which key signs for the office, and when."""
    return sign(root, "issuer", manifest.office_id, region, root_x5t, codec.encode(manifest))


def sign_profile(
    office: Signer, *, office_id: str, region: str, x5t: bytes, manifest: ProfileManifest
) -> Signed:
    """Certify with the office's key whose key this is and what it may sign."""
    return sign(office, "profile", office_id, region, x5t, codec.encode(manifest))


def sign(
    signer: Signer, purpose: str, office_id: str, region: str, x5t: bytes, manifest: bytes
) -> Signed:
    """Sign a manifest for ``purpose`` in the name of an office."""
    statement = cose.sign_office(
        signer, purpose=purpose, office_id=office_id, region=region, x5t=x5t, manifest=manifest
    )
    return Signed(statement, manifest)


def verify_issuer(signed: Signed, root: PublicKey) -> IssuerManifest:
    """Verify an issuer statement under the root's key.

    Raises StatementProblem, CertificateProblem.
    """
    issuer = _verify(signed, "issuer", root, IssuerManifest, SCHEMA_ISSUER)
    header = cose.parse(signed.statement, purpose="issuer").header
    _must(header.issuer == cose.OFFICE_ISSUER + issuer.office_id, "iss")
    _must(issuer.not_before < issuer.not_after, "not_after")
    return issuer


def verify_profile(signed: Signed, issuer: IssuerManifest, algorithm: Algorithm) -> ProfileManifest:
    """Verify a profile statement under the office's key, which is of ``algorithm``.

    Raises StatementProblem, CertificateProblem.
    """
    profile = _verify(
        signed, "profile", PublicKey(algorithm, issuer.public_key), ProfileManifest, SCHEMA_PROFILE
    )
    header = cose.parse(signed.statement, purpose="profile").header
    _must(header.issuer == cose.OFFICE_ISSUER + issuer.office_id, "iss")
    _must(header.x5t == issuer.x5t, "x5t")
    _must(set(profile.purposes) <= set(KEY_PURPOSES), "purposes")
    _must(profile.not_before < profile.not_after, "not_after")
    _must(profile.device_key != profile.public_key, "device_key")
    return profile


def verify_possession(signed: Signed, algorithm: Algorithm) -> PossessionManifest:
    """Verify that the holder of the public key in the manifest signed it, using ``algorithm``.

    It is the office's algorithm.

    Raises StatementProblem, CertificateProblem.
    """
    public_key = PublicKey(
        algorithm, records.read(PossessionManifest, signed.manifest, SCHEMA_POSSESSION).public_key
    )
    manifest = _verify(signed, "possession", public_key, PossessionManifest, SCHEMA_POSSESSION)
    if cose.parse(signed.statement, purpose="possession").header.serial != manifest.serial:
        raise CertificateProblem("certificate-invalid", field="serial")
    return manifest


def _must(condition: bool, field: str) -> None:
    if not condition:
        raise CertificateProblem("certificate-invalid", field=field)


def _verify(signed: Signed, purpose: str, public_key: PublicKey, kind: type[M], schema: str) -> M:
    statement = cose.parse(signed.statement, purpose=purpose)
    cose.verify(statement, public_key)
    if not statement.covers(signed.manifest):
        raise CertificateProblem("digest-mismatch")
    return records.read(kind, signed.manifest, schema)
