"""A parcel: everything about one signed statement that the office needs, carried on a key.

    CBOR [schema, purpose, statement, manifest, [attachment, …]]

A parcel itself is not authenticated: the statement names the manifest by digest, the manifest its
attachments.
"""

from dataclasses import dataclass
from hashlib import sha256

from biandun_protocol import cbor, cose, records
from biandun_protocol.cbor import CborError
from biandun_protocol.errors import ManifestProblem
from biandun_protocol.wire.numbers import SCHEMA_PARCEL


@dataclass(frozen=True)
class Parcel:
    """A statement with its manifest and attachments, unverified."""

    purpose: str
    statement: bytes
    manifest: bytes
    attachments: tuple[bytes, ...]

    def encode(self) -> bytes:
        """Return the bytes of the parcel."""
        return cbor.dumps(
            [SCHEMA_PARCEL, self.purpose, self.statement, self.manifest, list(self.attachments)]
        )

    @classmethod
    def decode(cls, raw: bytes) -> "Parcel":
        """Decode a parcel.  Raises ManifestProblem: manifest-malformed, schema-unknown."""
        try:
            content = cbor.loads(raw)
        except CborError as error:
            raise records.not_cbor(error) from None
        match cbor.items(content):
            case [str(schema), str(purpose), bytes(statement), bytes(manifest), listed] if (
                attachments := cbor.byte_strings(listed)
            ) is not None:
                if schema != SCHEMA_PARCEL:
                    raise ManifestProblem("schema-unknown", schema=schema)
                return cls(purpose, statement, manifest, attachments)
            case _:
                raise records.wrong_part("parcel")

    def blobs(self) -> dict[str, bytes]:
        """Return what the statement names, by the hex digest under which the office asks for it.

        Raises StatementProblem.
        """
        digest = cose.parse(self.statement, purpose=self.purpose).digest
        return {
            digest.hex(): self.manifest,
            **{sha256(part).hexdigest(): part for part in self.attachments},
        }
