"""The unit card as a file: the office's statement, its manifest, and the sections.

The manifest names the sections by digest.  Whoever makes a card defines their content; a key stores
them without parsing them.  See SPEC section 6.5.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from biandun_protocol import cbor, records
from biandun_protocol.algorithms import Algorithm, PublicKey, Signer
from biandun_protocol.cbor import CborError
from biandun_protocol.certificate import Signed, sign
from biandun_protocol.errors import ManifestProblem, StatementProblem
from biandun_protocol.wire import codec
from biandun_protocol.wire.messages import CardManifest, IssuerManifest
from biandun_protocol.wire.numbers import LIMIT_PIECE, LIMIT_SECTIONS, PURPOSE_CARD, SCHEMA_CARD


@dataclass(frozen=True)
class UnitCard:
    """A card with its sections, unverified."""

    signed: Signed
    sections: tuple[bytes, ...]

    def encode(self) -> bytes:
        """Return the bytes of the file: CBOR [statement, manifest, [section, …]]."""
        return cbor.dumps([self.signed.statement, self.signed.manifest, list(self.sections)])

    @classmethod
    def decode(cls, raw: bytes) -> "UnitCard":
        """Decode a file.  Raises ManifestProblem(manifest-malformed)."""
        try:
            content = cbor.loads(raw)
        except CborError as error:
            raise records.not_cbor(error) from None
        match cbor.items(content):
            case [bytes(statement), bytes(manifest), listed] if (
                sections := cbor.byte_strings(listed)
            ) is not None:
                return cls(Signed(statement, manifest), sections)
            case _:
                raise records.wrong_part("card")

    def read(self) -> CardManifest:
        """Return the manifest, unverified.

        Raises ManifestProblem: manifest-malformed, schema-unknown.
        """
        return records.read(CardManifest, self.signed.manifest, SCHEMA_CARD)


@dataclass(frozen=True)
class Term:
    """The version of a card and how long it is valid.

    ``max_offline`` statements may be signed before the key must verify something from the office
    again.
    """

    version: int
    issued: int
    not_after: int
    max_offline: int


def sign_card(
    office: Signer,
    *,
    office_id: str,
    region: str,
    x5t: bytes,
    uscc: str,
    term: Term,
    sections: Sequence[bytes],
) -> UnitCard:
    """Sign a card with the given sections.

    Each has at most LIMIT_PIECE bytes; there are at most LIMIT_SECTIONS.

    Raises ManifestProblem(too-large).
    """
    if not 0 < len(sections) <= LIMIT_SECTIONS or any(
        len(section) > LIMIT_PIECE for section in sections
    ):
        raise ManifestProblem("too-large", limit=LIMIT_SECTIONS * LIMIT_PIECE)
    digests = [office.algorithm.digest(section) for section in sections]
    manifest = CardManifest(
        SCHEMA_CARD, uscc, term.version, term.issued, term.not_after, term.max_offline, digests
    )
    return UnitCard(
        sign(office, PURPOSE_CARD, office_id, region, x5t, codec.encode(manifest)), tuple(sections)
    )


def verify_card(card: UnitCard, issuer: IssuerManifest, algorithm: Algorithm) -> CardManifest:
    """Verify a card and all its sections under the office's key.

    Raises StatementProblem (form, signature, digest-mismatch for a manifest or section),
    ManifestProblem.
    """
    card.signed.verify(PURPOSE_CARD, PublicKey(algorithm, issuer.public_key))
    manifest = card.read()
    if [algorithm.digest(section) for section in card.sections] != manifest.sections:
        raise StatementProblem("digest-mismatch")
    return manifest
