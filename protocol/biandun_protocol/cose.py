"""Statements on the host and in the office: parsing, verifying, signing the office's own.

``parse`` checks every rule that needs no key (SPEC.md section 4): form, deterministic encoding,
exactly the labels that are allowed, and that algorithm, type, content type and purpose agree.
``verify`` checks the signature.  What is stored, logged and hashed is always the bytes as received.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import cast

from biandun_protocol import cbor
from biandun_protocol.algorithms import REGISTRY, Algorithm, PublicKey, Signer
from biandun_protocol.errors import StatementProblem
from biandun_protocol.wire import statement as wire
from biandun_protocol.wire.numbers import CHAINED_PURPOSES, KEY_PURPOSES, OFFICE_PURPOSES
from biandun_protocol.wire.suite import HASH_SHA256

KEY_ISSUER = "urn:biandun:key:"
OFFICE_ISSUER = "urn:biandun:office:"
UNIT_SUBJECT = "urn:biandun:unit:"
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")  # name of a key or an office in iss


@dataclass(frozen=True, kw_only=True)
class Header:
    """The protected header, typed; a field that is absent in the bytes is None."""

    algorithm: Algorithm
    kid: bytes
    issuer: str
    subject: str | None
    x5t: bytes | None
    purpose: str
    uscc: str | None = None
    unit_code: str | None = None
    region: str | None = None
    user_slot: int | None = None
    user_record: bytes | None = None
    seq: int | None = None
    prev: bytes | None = None
    manifest_length: int
    card_version: int | None = None
    log_point: tuple[int, bytes] | None = None
    presence: int | None = None
    firmware: str | None = None
    hardware_class: int | None = None
    batch: tuple[bytes, int, int] | None = None
    claimed_time: int | None = None

    @property
    def serial(self) -> str:
        """Serial number of the signing key; empty for a statement of the office."""
        return self.issuer.removeprefix(KEY_ISSUER) if self.issuer.startswith(KEY_ISSUER) else ""


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A parsed statement; ``raw`` are the bytes received, ``id`` is its name (32 bytes)."""

    raw: bytes
    protected: bytes
    header: Header
    digest: bytes
    signature: bytes
    tbs: bytes
    id: bytes

    def covers(self, manifest: bytes) -> bool:
        """Return whether digest and length in this statement are those of ``manifest``."""
        return self.digest == self.header.algorithm.digest(
            manifest
        ) and self.header.manifest_length == len(manifest)


Check = Callable[[object], bool]


def _uint(value: object) -> bool:
    # 63 bits: what the key's messages and common databases can hold
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63


def _text(size: int) -> Check:
    return lambda value: isinstance(value, str) and 0 < len(value.encode()) <= size


def _octets(size: int) -> Check:
    return lambda value: isinstance(value, bytes) and len(value) == size


def _row(*checks: Check) -> Check:
    def check(value: object) -> bool:
        if not isinstance(value, list):
            return False
        items = cast("list[object]", value)
        return len(items) == len(checks) and all(
            one(item) for one, item in zip(checks, items, strict=True)
        )

    return check


# label -70001: field -> (attribute, check).  statement.cddl says the same for other tools.
_FIELDS: dict[int, tuple[str, Check]] = {
    wire.FIELD_VERSION: ("version", _uint),
    wire.FIELD_PURPOSE: ("purpose", _text(16)),
    wire.FIELD_USCC: ("uscc", _text(18)),
    wire.FIELD_UNIT_CODE: ("unit_code", _text(16)),
    wire.FIELD_REGION: ("region", _text(6)),
    wire.FIELD_USER_SLOT: ("user_slot", _uint),
    wire.FIELD_USER_RECORD: ("user_record", _octets(16)),
    wire.FIELD_SEQ: ("seq", _uint),
    wire.FIELD_PREV: ("prev", _octets(32)),
    wire.FIELD_MANIFEST_LENGTH: ("manifest_length", _uint),
    wire.FIELD_CARD_VERSION: ("card_version", _uint),
    wire.FIELD_LOG_POINT: ("log_point", _row(_uint, _octets(32))),
    wire.FIELD_PRESENCE: ("presence", _uint),
    wire.FIELD_FIRMWARE: ("firmware", _text(24)),
    wire.FIELD_HARDWARE_CLASS: ("hardware_class", _uint),
    wire.FIELD_BATCH: ("batch", _row(_octets(32), _uint, _uint)),
    wire.FIELD_CLAIMED_TIME: ("claimed_time", _uint),
}
_OFFICE_FIELDS = frozenset(
    {wire.FIELD_VERSION, wire.FIELD_PURPOSE, wire.FIELD_REGION, wire.FIELD_MANIFEST_LENGTH}
)
_KEY_ALWAYS = frozenset(
    {
        wire.FIELD_VERSION,
        wire.FIELD_PURPOSE,
        wire.FIELD_MANIFEST_LENGTH,
        wire.FIELD_PRESENCE,
        wire.FIELD_FIRMWARE,
        wire.FIELD_HARDWARE_CLASS,
    }
)
_NO_FIELDS: frozenset[int] = frozenset()
_UNIT_FIELDS = frozenset({wire.FIELD_USCC, wire.FIELD_UNIT_CODE, wire.FIELD_REGION})
_CHAIN_FIELDS = frozenset({wire.FIELD_SEQ, wire.FIELD_PREV})


def _must(condition: bool, place: str) -> None:
    if not condition:
        raise StatementProblem("header-invalid", field=place)


@cache
def _required(purpose: str) -> frozenset[int]:
    if purpose in OFFICE_PURPOSES:
        return _OFFICE_FIELDS
    if purpose == "possession":  # before the key knows its unit
        return _KEY_ALWAYS
    return (
        _KEY_ALWAYS | _UNIT_FIELDS | (_CHAIN_FIELDS if purpose in CHAINED_PURPOSES else _NO_FIELDS)
    )


@cache
def _allowed(purpose: str) -> frozenset[int]:
    if purpose in OFFICE_PURPOSES or purpose == "possession":
        return _required(purpose)
    unchained = _NO_FIELDS if purpose in CHAINED_PURPOSES else _CHAIN_FIELDS
    return frozenset(_FIELDS) - unchained


def parse(raw: bytes, *, purpose: str) -> Statement:
    """Parse a statement, which must be of ``purpose``, the one that the caller expects.

    Raises StatementProblem: statement-malformed, header-invalid (with the field),
    algorithm-unknown, purpose-mismatch.
    """
    try:
        protected, digest, signature = wire.split(raw)
        labels = cbor.loads(protected)
    except cbor.CborError as error:
        raise StatementProblem("statement-malformed", detail=str(error)) from None
    header = _parse_header(labels, purpose)
    tbs = wire.to_be_signed(protected, purpose, digest)
    return Statement(
        raw=raw,
        protected=protected,
        header=header,
        digest=digest,
        signature=signature,
        tbs=tbs,
        id=wire.statement_id(header.algorithm, tbs),
    )


def _parse_header(labels: object, purpose: str) -> Header:
    _must(isinstance(labels, dict), "header")
    fields = cast("dict[object, object]", labels)
    alg = fields.pop(wire.LABEL_ALG, None)
    algorithm = REGISTRY.get(alg) if isinstance(alg, int) else None
    if algorithm is None:
        raise StatementProblem("algorithm-unknown", alg=alg)
    kid = fields.pop(wire.LABEL_KID, None)
    _must(_octets(16)(kid), "kid")
    own = _parse_own(fields.pop(wire.LABEL_BIANDUN, None), purpose)
    _must(fields.pop(wire.LABEL_TYP, None) == wire.media_type(purpose, "cose"), "typ")
    _must(
        fields.pop(wire.LABEL_CONTENT_TYPE, None) == wire.media_type(purpose, "cbor"),
        "content type",
    )
    _must(fields.pop(wire.LABEL_PAYLOAD_HASH, None) == algorithm.payload_hash, "payload hash")
    issuer, subject = _parse_claims(fields.pop(wire.LABEL_CLAIMS, None), purpose, own.get("uscc"))
    x5t = _parse_x5t(fields.pop(wire.LABEL_X5T, None), purpose)
    _must(not fields, "unknown label")
    return Header(
        algorithm=algorithm,
        kid=cast("bytes", kid),
        issuer=issuer,
        subject=subject,
        x5t=x5t,
        **own,  # type: ignore[arg-type]
    )


def _parse_own(value: object, purpose: str) -> dict[str, object]:
    _must(isinstance(value, dict), "-70001")
    fields = cast("dict[object, object]", value)
    version = fields.pop(wire.FIELD_VERSION, None)
    _must(_uint(version) and version == wire.HEADER_VERSION, "-70001/0")  # true equals 1 in Python
    if fields.get(wire.FIELD_PURPOSE) != purpose:
        raise StatementProblem("purpose-mismatch", expected=purpose)
    own: dict[str, object] = {}
    allowed = _allowed(purpose)
    for key, content in fields.items():
        if not (isinstance(key, int) and key in allowed and _FIELDS[key][1](content)):
            raise StatementProblem("header-invalid", field=f"-70001/{key}")
        name = _FIELDS[key][0]
        own[name] = tuple(cast("list[object]", content)) if isinstance(content, list) else content
    missing = _required(purpose) - fields.keys() - {wire.FIELD_VERSION}
    _must(not missing, f"-70001/{min(missing, default=None)}")
    _must(own.get("seq") != 0, "-70001/7")
    _must(own.get("seq") != 1 or own.get("prev") == wire.FIRST_PREV, "-70001/8")
    return own


def _parse_claims(value: object, purpose: str, uscc: object) -> tuple[str, str | None]:
    _must(isinstance(value, dict), "claims")
    claims = cast("dict[object, object]", value)
    issuer, subject = claims.pop(wire.CLAIM_ISS, None), claims.pop(wire.CLAIM_SUB, None)
    _must(not claims, "claims")
    prefix = KEY_ISSUER if purpose in KEY_PURPOSES else OFFICE_ISSUER
    _must(
        isinstance(issuer, str)
        and issuer.startswith(prefix)
        and _NAME.fullmatch(issuer, len(prefix)) is not None,
        "iss",
    )
    expected = None if uscc is None else f"{UNIT_SUBJECT}{uscc}"
    _must(subject == expected, "sub")
    return cast("str", issuer), expected


def _parse_x5t(value: object, purpose: str) -> bytes | None:
    if purpose == "possession":  # there is no certificate yet
        _must(value is None, "x5t")
        return None
    _must(isinstance(value, list), "x5t")
    items = cast("list[object]", value)
    _must(len(items) == 2 and items[0] == HASH_SHA256 and _octets(32)(items[1]), "x5t")
    return cast("bytes", items[1])


def verify(statement: Statement, key: PublicKey) -> None:
    """Verify the signature with the signer's key; the header must name the key's algorithm.

    Raises StatementProblem: algorithm-mismatch, kid-mismatch when the header names another key,
    signature-invalid, signature-high-s.
    """
    header = statement.header
    if header.algorithm is not key.algorithm:
        raise StatementProblem(
            "algorithm-mismatch", alg=header.algorithm.name, certified=key.algorithm.name
        )
    if key.kid != header.kid:
        raise StatementProblem("kid-mismatch")
    key.verify(statement.tbs, statement.signature)


@lru_cache(maxsize=256)  # headers of an office's receipts differ in the length only
def _office_header(
    key: PublicKey, issuer: str, purpose: str, x5t: bytes, region: str, length: int
) -> bytes:
    fields: dict[int, object] = {wire.FIELD_REGION: region, wire.FIELD_MANIFEST_LENGTH: length}
    return wire.protected_header(key.algorithm, key.kid, issuer, None, purpose, x5t, fields)


def sign_office(
    signer: Signer, *, purpose: str, office_id: str, region: str, x5t: bytes, manifest: bytes
) -> bytes:
    """Sign an office statement whose payload is the digest of ``manifest``; return its bytes.

    ``x5t`` is SHA-256 of the signer's X.509 certificate.

    Raises ValueError for a purpose that is not the office's.
    """
    if purpose not in OFFICE_PURPOSES:
        raise ValueError(purpose)
    key = PublicKey.of(signer)
    protected = _office_header(key, OFFICE_ISSUER + office_id, purpose, x5t, region, len(manifest))
    digest = signer.algorithm.digest(manifest)
    return wire.assemble(
        protected, digest, signer.sign(wire.to_be_signed(protected, purpose, digest))
    )
