"""A new key pair for a key in service (SPEC section 6.10).

    SuccessionAsk     key -> office    the old pair's statement, in the key's chain; the new pair's proof of possession over its name
    SuccessionGrant   office -> key    the certificate of the new pair, and the receipt of the statement

The old pair signs the new public key, the new pair proves possession.  Neither half of the request
is valid without the other: the statement names the new public key, the proof names the statement.
"""  # noqa: E501

from dataclasses import dataclass

from biandun_protocol import cose, records
from biandun_protocol.algorithms import PublicKey
from biandun_protocol.certificate import Signed, verify_possession
from biandun_protocol.errors import CertificateProblem
from biandun_protocol.receipt import Receipt
from biandun_protocol.wire import codec
from biandun_protocol.wire.messages import (
    Grant,
    PossessionManifest,
    SuccessionAsk,
    SuccessionGrant,
    SuccessionManifest,
)
from biandun_protocol.wire.numbers import (
    LIMIT_NONCE,
    PURPOSE_SUCCESSION,
    SCHEMA_GRANT,
    SCHEMA_SUCCESSION,
    SCHEMA_SUCCESSION_ASK,
    SCHEMA_SUCCESSION_GRANT,
)


@dataclass(frozen=True)
class Succession:
    """A key's request: ``named`` is signed by the old pair, ``proof`` by the new one."""

    named: Signed
    proof: Signed

    def encode(self) -> bytes:
        """Return the bytes of the file."""
        named, proof = self.named, self.proof
        request = SuccessionAsk(
            SCHEMA_SUCCESSION_ASK, named.statement, named.manifest, proof.statement, proof.manifest
        )
        return codec.encode(request)

    @classmethod
    def decode(cls, raw: bytes) -> "Succession":
        """Decode the file.  Raises ManifestProblem: manifest-malformed, schema-unknown."""
        request = records.read(SuccessionAsk, raw, SCHEMA_SUCCESSION_ASK)
        return cls(
            Signed(request.statement, request.manifest),
            Signed(request.possession_statement, request.possession_manifest),
        )

    def verify(self, old: PublicKey) -> PossessionManifest:
        """Verify the statement under the ``old`` key, the proof, and that each names the other.

        Returns the manifest of the new pair's proof.

        Raises StatementProblem: form, signature, digest-mismatch;
        CertificateProblem(certificate-invalid) with the field; ManifestProblem.
        """
        self.named.verify(PURPOSE_SUCCESSION, old)
        statement = cose.parse(self.named.statement, purpose=PURPOSE_SUCCESSION)
        named = records.read(SuccessionManifest, self.named.manifest, SCHEMA_SUCCESSION)
        proof = verify_possession(self.proof, old.algorithm)
        for field, good in (
            ("serial", named.serial == proof.serial == statement.header.serial),
            ("office_id", named.office_id == proof.office_id),
            ("public_key", named.public_key == proof.public_key != old.point),
            ("nonce", proof.nonce == statement.id[:LIMIT_NONCE]),
        ):
            if not good:
                raise CertificateProblem("certificate-invalid", field=field)
        return proof


@dataclass(frozen=True)
class Granted:
    """The office's answer.

    ``consistency`` is the proof from the log that the key had verified when it asked to that of the
    receipt.
    """

    grant: Grant
    receipt: Receipt
    consistency: tuple[bytes, ...] = ()

    def encode(self) -> bytes:
        """Return the bytes of the file."""
        proof = list(self.consistency) or None
        return codec.encode(
            SuccessionGrant(SCHEMA_SUCCESSION_GRANT, self.receipt.encode(), proof)
        ) + codec.encode(self.grant)

    @classmethod
    def decode(cls, raw: bytes) -> "Granted":
        """Decode the file.

        Raises ManifestProblem: manifest-malformed, schema-unknown;
        ReceiptProblem(receipt-malformed).
        """
        head, grant = records.read_head(SuccessionGrant, raw, SCHEMA_SUCCESSION_GRANT)
        return cls(
            records.read(Grant, grant, SCHEMA_GRANT),
            Receipt.decode(head.receipt),
            tuple(head.consistency or ()),
        )
