"""The kinds of files that people give to commands: name, decoder, and what a wrong file is instead.

The name of a kind says which command writes such a file, because a person who took the wrong file
needs to know that.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

from biandun_protocol import audit, cbor, cose, enrolment, orders, pins, records, recovery
from biandun_protocol.catalogue import Phrase, phrase
from biandun_protocol.certificate import Signed
from biandun_protocol.errors import ManifestProblem, ProtocolProblem
from biandun_protocol.recovery import Officers
from biandun_protocol.release import Release
from biandun_protocol.succession import Granted, Succession
from biandun_protocol.unit_card import UnitCard
from biandun_protocol.wire import statement as wire
from biandun_protocol.wire.messages import (
    AuditExport,
    Challenge,
    Grant,
    KeyRequest,
    Offer,
    SharesExport,
    UnblockAsk,
)
from biandun_protocol.wire.numbers import (
    PURPOSE_LINK,
    PURPOSE_STATUS,
    PURPOSE_UNBLOCK,
    SCHEMA_APPLICATION,
    SCHEMA_AUDIT_EXPORT,
    SCHEMA_CARD,
    SCHEMA_CHALLENGE,
    SCHEMA_GRANT,
    SCHEMA_INVITATION,
    SCHEMA_KEY_REQUEST,
    SCHEMA_OFFER,
    SCHEMA_RELEASE_FILE,
    SCHEMA_SHARES_EXPORT,
    SCHEMA_SIGNED,
    SCHEMA_SUCCESSION_ASK,
    SCHEMA_SUCCESSION_GRANT,
    SCHEMA_UNBLOCK_ASK,
)
from biandun_protocol.x509 import certificate_of, public_key_of

T = TypeVar("T")
_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"
_MARK = b"\xef\xbb\xbf"  # of UTF-8
_UNTYPED = re.compile(rb"[\x00-\x08\x0a-\x1f]")

# codes of a decoder for bytes of another or broken form: replaced by file-kind; its other errors
# are raised unchanged
_OF_FORM = {
    "manifest-malformed",
    "schema-unknown",
    "statement-malformed",
    "header-invalid",
    "purpose-mismatch",
    "receipt-malformed",
    "certificate-invalid",
    "digest-mismatch",
}


class WrongFile(ProtocolProblem):
    """The file is not of the expected kind, or damaged; values say which, expected and found."""

    code = "file-kind"


@dataclass(frozen=True)
class Kind(Generic[T]):
    """One kind of file: its name, its decoder and its ``marks``.

    Marks are the schemas of its records, or the purposes of its small signed manifests.
    """

    name: Phrase
    decode: Callable[[bytes], T]
    marks: tuple[str, ...] = ()

    def read(self, raw: bytes, path: str) -> T:
        """Return the content of the file ``path``.

        Raises WrongFile, and the decoder's own problems for a file of this kind.
        """
        try:
            return self.decode(raw)
        except ProtocolProblem as problem:
            if problem.code not in _OF_FORM:
                raise
            raise WrongFile(path=path, expected=self.name, found=self._found(raw)) from None

    def _found(self, raw: bytes) -> Phrase:
        mark = _mark_of(raw)
        if mark in self.marks:
            return phrase("found.damaged")
        for kind in KINDS:
            if mark in kind.marks:
                return phrase("found.other", kind=kind.name)
        for beginning, words in _OTHERS:
            if raw.removeprefix(_MARK).startswith(beginning):
                return words
        return phrase("found.unknown") if raw.strip() else phrase("found.empty")


def _signed(purpose: str) -> Callable[[bytes], Signed]:
    """Return a decoder for a small signed manifest of one purpose."""

    def decode(raw: bytes) -> Signed:
        signed = Signed.decode(raw)
        cose.parse(signed.statement, purpose=purpose)
        return signed

    return decode


def _officers(raw: bytes) -> Officers:
    return Officers(_signed(PURPOSE_UNBLOCK)(raw))


def _grant(raw: bytes) -> Grant:
    return records.read(Grant, raw, SCHEMA_GRANT)


def _certificate(raw: bytes) -> Grant | Granted:
    """Decode a certificate for a key; the certificate of a next key pair comes with its receipt."""
    return Granted.decode(raw) if _mark_of(raw) == SCHEMA_SUCCESSION_GRANT else _grant(raw)


def _passphrase(raw: bytes) -> str:
    """Return the text of the file, which must not be empty."""
    try:
        text = pins.decoded(raw)
    except UnicodeDecodeError:
        text = ""
    if not text:
        raise ManifestProblem
    return text


def _first_line(raw: bytes) -> bytes:
    """Return the first line, which must not be empty.

    Control characters are refused: nobody types them, and the content of a picture would cost a PIN
    attempt.
    """
    line = pins.first_line(raw)
    if not line or _UNTYPED.search(line):
        raise ManifestProblem
    return line


def _root(raw: bytes) -> bytes:
    """Return a certificate whose key can be an office's.

    Text before a PEM, such as a byte order mark or the output of openssl, is skipped (RFC 7468
    section 5.2).
    """
    begun = raw.find(_CERTIFICATE)
    found = raw[max(begun, 0) :]
    public_key_of(certificate_of(found, "root"), "root")
    return found


OFFER: Kind[tuple[Offer, Officers | None]] = Kind(
    phrase("file.offer"),
    enrolment.decode_offer,
    (SCHEMA_OFFER, SCHEMA_INVITATION),
)
REQUEST: Kind[tuple[KeyRequest, SharesExport | None]] = Kind(
    phrase("file.request"),
    enrolment.decode_request,
    (SCHEMA_KEY_REQUEST, SCHEMA_APPLICATION),
)
CERTIFICATE: Kind[Grant | Granted] = Kind(
    phrase("file.certificate"),
    _certificate,
    (SCHEMA_GRANT, SCHEMA_SUCCESSION_GRANT),
)
SUCCESSION: Kind[Succession] = Kind(
    phrase("file.succession"),
    Succession.decode,
    (SCHEMA_SUCCESSION_ASK,),
)
OFFICERS: Kind[Officers] = Kind(
    phrase("file.officers"),
    _officers,
    (PURPOSE_UNBLOCK,),
)
SHARES: Kind[SharesExport] = Kind(
    phrase("file.shares"),
    recovery.decode_shares,
    (SCHEMA_SHARES_EXPORT,),
)
ASK: Kind[UnblockAsk] = Kind(
    phrase("file.unblock-request"),
    recovery.decode_ask,
    (SCHEMA_UNBLOCK_ASK,),
)
CHALLENGE: Kind[Challenge] = Kind(
    phrase("file.challenge"),
    orders.decode_challenge,
    (SCHEMA_CHALLENGE,),
)
ORDER: Kind[orders.Order] = Kind(
    phrase("file.order"),
    orders.decode_order,
    orders.ORDERS,
)
STATUS: Kind[Signed] = Kind(
    phrase("file.status"),
    _signed(PURPOSE_STATUS),
    (PURPOSE_STATUS,),
)
LINKS: Kind[Signed] = Kind(
    phrase("file.links"),
    _signed(PURPOSE_LINK),
    (PURPOSE_LINK,),
)
AUDIT: Kind[AuditExport] = Kind(
    phrase("file.audit"),
    audit.decode_export,
    (SCHEMA_AUDIT_EXPORT,),
)
CARD: Kind[UnitCard] = Kind(phrase("file.card"), UnitCard.decode, (SCHEMA_CARD,))
RELEASE: Kind[Release] = Kind(phrase("file.release"), Release.decode, (SCHEMA_RELEASE_FILE,))
PASSPHRASE: Kind[str] = Kind(phrase("file.passphrase"), _passphrase)
PIN: Kind[bytes] = Kind(phrase("file.pin"), _first_line)
ROOT: Kind[bytes] = Kind(phrase("file.root"), _root)

KINDS: tuple[Kind[object], ...] = cast(
    "tuple[Kind[object], ...]",
    (
        OFFER,
        REQUEST,
        CERTIFICATE,
        SUCCESSION,
        OFFICERS,
        SHARES,
        ASK,
        CHALLENGE,
        ORDER,
        STATUS,
        LINKS,
        AUDIT,
        CARD,
        RELEASE,
    ),
)
_OTHERS: tuple[tuple[bytes, Phrase], ...] = (
    (b"%PDF-", phrase("found.pdf")),
    (b"\xff\xd8\xff", phrase("found.jpeg")),
    (b"\x89PNG", phrase("found.png")),
    (b"BIANDUN-BACKUP\0", phrase("found.backup")),
    (b"PK", phrase("found.archive")),
    (b"-----BEGIN ", phrase("found.pem")),
    (b"{", phrase("found.json")),
    (b"\xd2\x84", phrase("found.statement")),
    (b"<", phrase("found.web-page")),
    (b"\xff\xfe", phrase("found.utf-16")),
    (b"\xfe\xff", phrase("found.utf-16")),
    (b"\x1f\x8b", phrase("found.packed")),
    (b"Rar!", phrase("found.packed")),
    (b"7z\xbc\xaf", phrase("found.packed")),
    (b"\xd0\xcf\x11\xe0", phrase("found.old-office")),
    (b"\x30\x82", phrase("found.der")),
)


def _mark_of(raw: bytes) -> str:
    """Return the schema of the record at the beginning of a file, or the purpose of what it signs.

    Empty for any other file.
    """
    # a card is an array of three whose first item is a byte string
    if raw.startswith((b"\x83\x58", b"\x83\x59")):
        return SCHEMA_CARD
    if raw[1:2] != b"\0":  # a record is a map, and its schema comes first
        return ""
    try:
        schema, end = cbor.loads_prefix(raw, 2)
        signed = cbor.loads_prefix(raw, end + 1)[0] if schema == SCHEMA_SIGNED else None
    except cbor.CborError:
        return ""
    return (
        _purpose_of(signed)
        if schema == SCHEMA_SIGNED
        else schema
        if isinstance(schema, str)
        else ""
    )


def _purpose_of(signed: object) -> str:
    try:
        header = cbor.loads(wire.split(signed)[0]) if isinstance(signed, bytes) else None
    except cbor.CborError:
        header = None
    own = (
        cast("dict[object, object]", header).get(wire.LABEL_BIANDUN)
        if isinstance(header, dict)
        else None
    )
    purpose = (
        cast("dict[object, object]", own).get(wire.FIELD_PURPOSE) if isinstance(own, dict) else None
    )
    return purpose if isinstance(purpose, str) else ""
