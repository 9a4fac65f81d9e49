"""The kinds of files that people hand to a command: how each is read, what it is called, and what a
wrong one is instead.

A name says which command writes such a file, because that is what a person who took the wrong one
needs to know.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

from biandun_protocol import audit, cbor, cose, enrolment, orders, pins, records, recovery
from biandun_protocol.catalogue import Phrase
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

# what a decoder says of bytes that have another form, or a broken one; whatever else it says, it
# says itself
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
    """A file that is not of the kind that was asked for, or damaged; it is named, with what was
    expected and what was found.
    """

    code = "file-kind"


@dataclass(frozen=True)
class Kind(Generic[T]):
    """One kind of file: its name, how it is read, and its marks, schemas of records or purposes of
    small signed manifests.
    """

    name: Phrase
    decode: Callable[[bytes], T]
    marks: tuple[str, ...] = ()

    def read(self, raw: bytes, path: str) -> T:
        """What the file ``path`` says.  Raises WrongFile, and what the decoder says of a file that
        is of this kind.
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
            return Phrase("它已损坏", "it is damaged")
        for kind in KINDS:
            if mark in kind.marks:
                return Phrase(f"它是{kind.name.zh}", f"it is {kind.name.en}")
        for beginning, words in _OTHERS:
            if raw.removeprefix(_MARK).startswith(beginning):
                return words
        return (
            Phrase("它的内容无法识别", "nothing in it is known")
            if raw.strip()
            else Phrase("它是空文件", "it is empty")
        )


def _signed(purpose: str) -> Callable[[bytes], Signed]:
    """A small signed manifest of one purpose."""

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
    """A certificate for a key: that of a new pair comes with its receipt."""
    return Granted.decode(raw) if _mark_of(raw) == SCHEMA_SUCCESSION_GRANT else _grant(raw)


def _passphrase(raw: bytes) -> str:
    """The text of the file, of which there must be some."""
    try:
        text = pins.decoded(raw)
    except UnicodeDecodeError:
        text = ""
    if not text:
        raise ManifestProblem
    return text


def _first_line(raw: bytes) -> bytes:
    """The first line, of which there must be some; a picture has bytes in it that nobody types, and
    would cost a try.
    """
    line = pins.first_line(raw)
    if not line or _UNTYPED.search(line):
        raise ManifestProblem
    return line


def _root(raw: bytes) -> bytes:
    """A certificate whose key can be an office's; text before a PEM, such as a mark of its encoding
    or what openssl says of it, is left out (RFC 7468 section 5.2).
    """
    begun = raw.find(_CERTIFICATE)
    found = raw[max(begun, 0) :]
    public_key_of(certificate_of(found, "root"), "root")
    return found


OFFER: Kind[tuple[Offer, Officers | None]] = Kind(
    Phrase("启用文件（biandun-office offer）", "an offer (`biandun-office offer`)"),
    enrolment.decode_offer,
    (SCHEMA_OFFER, SCHEMA_INVITATION),
)
REQUEST: Kind[tuple[KeyRequest, SharesExport | None]] = Kind(
    Phrase("启用申请文件（biandun keys enroll）", "a request of a new key (`biandun keys enroll`)"),
    enrolment.decode_request,
    (SCHEMA_KEY_REQUEST, SCHEMA_APPLICATION),
)
CERTIFICATE: Kind[Grant | Granted] = Kind(
    Phrase(
        "授权文件（biandun-office issue、renew、succeed）",
        "a grant (`biandun-office issue`, `renew`, `succeed`)",
    ),
    _certificate,
    (SCHEMA_GRANT, SCHEMA_SUCCESSION_GRANT),
)
SUCCESSION: Kind[Succession] = Kind(
    Phrase(
        "新密钥对的申请文件（biandun keys succeed）",
        "a request for a new key pair (`biandun keys succeed`)",
    ),
    Succession.decode,
    (SCHEMA_SUCCESSION_ASK,),
)
OFFICERS: Kind[Officers] = Kind(
    Phrase(
        "解锁人员文件（biandun-office name-officers）",
        "a file of unblocking officers (`biandun-office name-officers`)",
    ),
    _officers,
    (PURPOSE_UNBLOCK,),
)
SHARES: Kind[SharesExport] = Kind(
    Phrase("解锁份额文件（biandun keys shares）", "a file of shares (`biandun keys shares`)"),
    recovery.decode_shares,
    (SCHEMA_SHARES_EXPORT,),
)
ASK: Kind[UnblockAsk] = Kind(
    Phrase(
        "解锁申请文件（biandun keys unblock-request）",
        "a request to unblock (`biandun keys unblock-request`)",
    ),
    recovery.decode_ask,
    (SCHEMA_UNBLOCK_ASK,),
)
CHALLENGE: Kind[Challenge] = Kind(
    Phrase("指令申请文件（biandun keys challenge）", "a challenge (`biandun keys challenge`)"),
    orders.decode_challenge,
    (SCHEMA_CHALLENGE,),
)
ORDER: Kind[orders.Order] = Kind(
    Phrase("指令文件（biandun-office order）", "an order (`biandun-office order`)"),
    orders.decode_order,
    orders.ORDERS,
)
STATUS: Kind[Signed] = Kind(
    Phrase("密钥状态文件（biandun-office status）", "a status of a key (`biandun-office status`)"),
    _signed(PURPOSE_STATUS),
    (PURPOSE_STATUS,),
)
LINKS: Kind[Signed] = Kind(
    Phrase(
        "链接清单（biandun keys export-links）", "an export of links (`biandun keys export-links`)"
    ),
    _signed(PURPOSE_LINK),
    (PURPOSE_LINK,),
)
AUDIT: Kind[AuditExport] = Kind(
    Phrase(
        "密钥的审计记录（biandun keys audit）", "the audit ring of a key (`biandun keys audit`)"
    ),
    audit.decode_export,
    (SCHEMA_AUDIT_EXPORT,),
)
CARD: Kind[UnitCard] = Kind(
    Phrase("编办签发的单位卡", "a unit card of the office"), UnitCard.decode, (SCHEMA_CARD,)
)
RELEASE: Kind[Release] = Kind(
    Phrase("固件发布文件", "a firmware release"), Release.decode, (SCHEMA_RELEASE_FILE,)
)
PASSPHRASE: Kind[str] = Kind(
    Phrase("写有口令的文件", "a file with a passphrase in it"), _passphrase
)
PIN: Kind[bytes] = Kind(
    Phrase("首行写有口令或解锁码的文件", "a file with a PIN or a code in its first line"),
    _first_line,
)
ROOT: Kind[bytes] = Kind(
    Phrase("编办的根证书（PEM）", "the root certificate of an office (PEM)"), _root
)

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
    (b"%PDF-", Phrase("它是 PDF 文件", "it is a PDF")),
    (b"\xff\xd8\xff", Phrase("它是 JPEG 图片", "it is a JPEG picture")),
    (b"\x89PNG", Phrase("它是 PNG 图片", "it is a PNG picture")),
    (b"BIANDUN-BACKUP\0", Phrase("它是编办的备份文件", "it is a backup of an office")),
    (b"PK", Phrase("它是压缩文件，或 OFD、DOCX 文件", "it is an archive, or an OFD or DOCX file")),
    (b"-----BEGIN ", Phrase("它是 PEM 格式的其他文件", "it is something else in PEM")),
    (b"{", Phrase("它是 JSON 文件", "it is a JSON file")),
    (b"\xd2\x84", Phrase("它是签名文件", "it is a statement")),
    (b"<", Phrase("它是网页或 XML 文件", "it is a page of the web, or XML")),
    (b"\xff\xfe", Phrase("它是 UTF-16 编码的文本", "it is text in UTF-16")),
    (b"\xfe\xff", Phrase("它是 UTF-16 编码的文本", "it is text in UTF-16")),
    (b"\x1f\x8b", Phrase("它是压缩文件", "it is an archive")),
    (b"Rar!", Phrase("它是压缩文件", "it is an archive")),
    (b"7z\xbc\xaf", Phrase("它是压缩文件", "it is an archive")),
    (
        b"\xd0\xcf\x11\xe0",
        Phrase("它是旧版 Word、Excel 文件", "it is an old file of Word or Excel"),
    ),
    (b"\x30\x82", Phrase("它是 DER 格式的证书或密钥", "it is a certificate or key in DER")),
)


def _mark_of(raw: bytes) -> str:
    """The schema of the record that a file begins with, or the purpose of what is signed in it;
    empty for what has neither.
    """
    # a card is a list of three, the first of them bytes
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
