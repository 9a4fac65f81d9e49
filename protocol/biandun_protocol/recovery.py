"""Unblocking a locked key (SPEC section 6.8): two officers, two shares, two spoken codes.

    OfficersManifest   office -> key     whom the key seals its shares to
    SharesExport       key -> office     both shares, each sealed to one officer, signed by the device key
    UnblockAsk         key -> officers   serial, slot, number, check; short enough to be spoken
    code               officer -> user   13 letters: 60 bits made of a share and the user's slot, and a check letter (Crockford's alphabet, Luhn mod 32)

A code is secret until it is used: it is a ``Secret`` here and is shown in one place only.
"""  # noqa: E501

import hmac
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from biandun_protocol import records
from biandun_protocol.algorithms import Algorithm, PublicKey, Signer
from biandun_protocol.certificate import Signed, sign
from biandun_protocol.errors import ManifestProblem, StatementProblem
from biandun_protocol.secret import Secret
from biandun_protocol.wire import codec
from biandun_protocol.wire.messages import (
    IssuerManifest,
    OfficersManifest,
    SharesExport,
    SharesManifest,
    UnblockAsk,
)
from biandun_protocol.wire.numbers import (
    LIMIT_CODE,
    LIMIT_SHARE,
    PURPOSE_UNBLOCK,
    SCHEMA_OFFICERS,
    SCHEMA_SHARES,
    SCHEMA_SHARES_EXPORT,
    SCHEMA_UNBLOCK_ASK,
)

LABEL = b"BD1/shares"  # first bytes of what the device key signs
CODE = b"BD1/code"
SHARE = b"BD1/share"  # first bytes of the label that a share is sealed under
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LETTERS = 12  # of 5 bits each, before the check letter
CHECK = 4
POINT, IV = 65, 16
ALIKE = str.maketrans("OIL", "011", " -\u3000\t")  # letters read as digits; separators


class Opener(Protocol):
    """The private key of an officer, wherever it is held."""

    @property
    def public_key(self) -> bytes:
        """The uncompressed point (65 bytes)."""
        ...

    def common(self, point: bytes) -> bytes:
        """Return x (32 bytes) of the private key times a point.

        Raises StatementProblem(key-invalid).
        """
        ...


@dataclass(frozen=True)
class Officers:
    """The office's statement of the two officers, as a file."""

    signed: Signed

    def encode(self) -> bytes:
        """Return the bytes of the file."""
        return self.signed.encode()

    @classmethod
    def decode(cls, raw: bytes) -> "Officers":
        """Decode the file.  Raises ManifestProblem: manifest-malformed, schema-unknown."""
        return cls(Signed.decode(raw))

    def read(self) -> OfficersManifest:
        """Return the manifest, unverified.  Raises ManifestProblem."""
        return records.read(OfficersManifest, self.signed.manifest, SCHEMA_OFFICERS)


def sign_officers(
    office: Signer, *, office_id: str, region: str, x5t: bytes, manifest: OfficersManifest
) -> Officers:
    """Sign the names and points of two officers with the office's key."""
    return Officers(sign(office, PURPOSE_UNBLOCK, office_id, region, x5t, codec.encode(manifest)))


def verify_officers(
    officers: Officers, issuer: IssuerManifest, algorithm: Algorithm
) -> OfficersManifest:
    """Verify the statement under the office's key.  Raises StatementProblem, ManifestProblem."""
    officers.signed.verify(PURPOSE_UNBLOCK, PublicKey(algorithm, issuer.public_key))
    return officers.read()


# --- shares -----------------------------------------------------------
def decode_shares(raw: bytes) -> SharesExport:
    """Decode an export of shares.  Raises ManifestProblem: manifest-malformed, schema-unknown."""
    return records.read(SharesExport, raw, SCHEMA_SHARES_EXPORT)


def read_shares(export: SharesExport) -> SharesManifest:
    """Return the manifest of an export, unverified.  Raises ManifestProblem."""
    shares = records.read(SharesManifest, export.manifest, SCHEMA_SHARES)
    if max(shares.number, shares.officers) >= 1 << 31:
        raise records.wrong_part("number")
    return shares


def verify_shares(export: SharesExport, device_key: PublicKey) -> SharesManifest:
    """Verify the device key's signature on an export.

    Raises StatementProblem(signature-invalid), ManifestProblem.
    """
    device_key.verify(LABEL + device_key.algorithm.digest(export.manifest), export.signature)
    return read_shares(export)


def open_share(
    shares: SharesManifest, place: int, officer: Opener, device_key: bytes, slot: int
) -> Secret:
    """Open the share of the first (1) or second (2) officer; return its code for a user's slot.

    Raises StatementProblem(share-foreign) for another officer's share.
    """
    envelope = shares.first if place == 1 else shares.second
    own, sealed = envelope[:POINT], envelope[POINT:]
    label = SHARE + bytes((place,)) + shares.number.to_bytes(4, "big") + device_key
    key = hmac.digest(sha256(own + officer.public_key).digest(), officer.common(own), "sha256")
    prove, hide = (hmac.digest(key, word, "sha256") for word in (b"mac", b"encrypt"))
    iv = sealed[:IV]
    stream = hmac.digest(hide, iv + label + bytes(2), "sha256")
    share = bytes(one ^ other for one, other in zip(sealed[IV:], stream, strict=False))
    if len(share) != LIMIT_SHARE or not hmac.compare_digest(
        hmac.digest(prove, label + share, "sha256")[:IV], iv
    ):
        raise StatementProblem("share-foreign")
    code = bytearray(hmac.digest(share, CODE + bytes((slot,)), "sha256")[:LIMIT_CODE])
    code[0] &= 0x0F
    return Secret(encode_code(bytes(code)).encode())


# --- what is spoken ---------------------------------------------------
def encode_code(code: bytes) -> str:
    """Return a code (8 bytes, the upper four bits zero) as it is read out.

    That is three groups of four letters and a check letter.
    """
    number = int.from_bytes(code, "big")
    if len(code) != LIMIT_CODE or number >> 5 * LETTERS:
        raise ValueError("no code")
    letters = _letters(number, LETTERS)
    text = "".join(ALPHABET[letter] for letter in [*letters, _luhn(letters)])
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def decode_code(text: str) -> bytes:
    """Return the code (8 bytes) that was typed.

    Case, blanks, hyphens and letters that look alike do not matter.

    Raises ManifestProblem(code-mistyped).
    """
    plain = text.upper().translate(ALIKE)
    letters = [ALPHABET.find(letter) for letter in plain]
    if len(letters) != LETTERS + 1 or min(letters) < 0 or letters[-1] != _luhn(letters[:-1]):
        raise ManifestProblem("code-mistyped")
    number = 0
    for letter in letters[:-1]:
        number = number << 5 | letter
    return number.to_bytes(LIMIT_CODE, "big")


def _letters(number: int, count: int) -> list[int]:
    """Return the lowest ``count`` groups of 5 bits, the highest first."""
    return [number >> 5 * place & 31 for place in reversed(range(count))]


def _luhn(letters: list[int]) -> int:
    """Return the check letter by the Luhn algorithm modulo 32.

    It detects any single wrong letter, and any two exchanged neighbours except 0 and 31.
    """
    total = 0
    for place, letter in enumerate(reversed(letters)):
        doubled = letter * (2 - place % 2)
        total += doubled // 32 + doubled % 32
    return -total % 32


def check_of(manifest: bytes, slot: int) -> str:
    """Return four letters computed from a key's shares and the slot.

    ``manifest`` is the shares' manifest as signed.  An officer who misheard, or has other shares,
    sees other letters.
    """
    bits = (
        int.from_bytes(sha256(b"BD1/unblock" + bytes((slot,)) + manifest).digest()[:3], "big") >> 4
    )
    return "".join(ALPHABET[letter] for letter in _letters(bits, CHECK))


def same_check(one: str, other: str) -> bool:
    """Return whether two checks are the same, however they were typed."""
    return one.upper().translate(ALIKE) == other.upper().translate(ALIKE)


def ask(export: SharesExport, slot: int) -> UnblockAsk:
    """Return the request for unblocking a slot of the key whose shares these are.

    Raises ManifestProblem.
    """
    shares = read_shares(export)
    return UnblockAsk(
        SCHEMA_UNBLOCK_ASK, shares.serial, slot, shares.number, check_of(export.manifest, slot)
    )


def decode_ask(raw: bytes) -> UnblockAsk:
    """Decode the file.  Raises ManifestProblem: manifest-malformed, schema-unknown."""
    return records.read(UnblockAsk, raw, SCHEMA_UNBLOCK_ASK)
