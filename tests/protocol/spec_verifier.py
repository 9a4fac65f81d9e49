"""A verifier written from protocol/SPEC.md: nothing of this project is imported, every rule names
its section.

It decides what a reader of the text alone would decide, so that a test can hold it against the
verifier that the product has: where the two differ, the text or the code is wrong.  It is slow and
plain, and says only why it refuses.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import new, sha256
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

ES256, SM2 = -7, -70009
# section 4.1
KEY_PURPOSES = (
    "filing",
    "countersign",
    "decision",
    "receipt-ack",
    "succession",
    "login",
    "possession",
    "link",
)
CHAINED = KEY_PURPOSES[:5]
SPKI = {  # section 4.1: curve of each suite, section 4.2: named curve, uncompressed point
    ES256: bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200"),
    SM2: bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200"),
}
P256_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class Refused(Exception):
    """The code of the rule that is broken, as SPEC.md names it."""


def need(condition: bool, code: str) -> None:
    """Refuse with ``code`` unless the rule holds."""
    if not condition:
        raise Refused(code)


# Section 3: deterministic CBOR
# ----------------------------------------------------------------------


class _Cbor:
    def __init__(self, raw: bytes, code: str) -> None:
        self.raw, self.at, self.code = raw, 0, code

    def take(self, size: int) -> bytes:
        need(size <= len(self.raw) - self.at, self.code)
        self.at += size
        return self.raw[self.at - size : self.at]

    def head(self) -> tuple[int, int]:
        first = self.take(1)[0]
        major, info = first >> 5, first & 31
        if info < 24 or major == 7:  # of major 7 there are only true and false
            return major, info
        need(info < 28, self.code)
        value = int.from_bytes(self.take(1 << info - 24), "big")
        need(value >= (24 if info == 24 else 1 << (4 << info - 24)), self.code)  # the shortest form
        return major, value

    def item(self, depth: int) -> Any:
        major, value = self.head()
        if major < 2:
            return value if major == 0 else -1 - value
        if major == 2:
            return self.take(value)
        if major == 3:
            return self.text(value)
        if major == 7:
            need(value in (20, 21), self.code)
            return value == 21
        need(major != 6 and depth < 8, self.code)  # no tag; limit `depth`
        if major == 4:
            return [self.item(depth + 1) for _ in range(min(value, len(self.raw) + 1))]
        return self.map(value, depth)

    def text(self, size: int) -> str:
        try:
            return self.take(size).decode("utf-8")
        except UnicodeDecodeError:
            raise Refused(self.code) from None

    def map(self, size: int, depth: int) -> dict[Any, Any]:
        need(size <= 64, self.code)  # limit `map`
        found: dict[Any, Any] = {}
        before = b""
        for _ in range(size):
            start = self.at
            key = self.item(depth + 1)
            spelt = self.raw[start : self.at]
            need(type(key) in (int, str) and spelt > before, self.code)  # ascending, none twice
            found[key] = self.item(depth + 1)
            before = spelt
        return found


def decode(raw: bytes, code: str) -> Any:
    """The one item that ``raw`` is (section 3); refused with ``code``."""
    reader = _Cbor(raw, code)
    value = reader.item(0)
    need(reader.at == len(raw), code)
    return value


def encode(*items: bytes | str) -> bytes:
    """A CBOR array of byte strings and texts (section 3)."""
    out = bytes([0x80 + len(items)])
    for item in items:
        content = item.encode() if isinstance(item, str) else item
        size, major = len(content), 0x60 if isinstance(item, str) else 0x40
        length = (
            bytes([major + size])
            if size < 24
            else bytes([major + 24, size])
            if size < 256
            else b"%c" % (major + 25)
        )
        out += length + (size.to_bytes(2, "big") if size > 255 else b"") + content
    return out


def record(
    raw: bytes, fields: Mapping[int, tuple[str, Any, int, bool]], code: str, most: int = 8192
) -> dict[str, Any]:
    """A map of section 3 by its table of section 8.1: key -> (name, kind, bound, required)."""
    need(len(raw) <= most, code)
    value = decode(raw, code)
    need(isinstance(value, dict), code)
    return table(value, fields, code)


def table(
    value: dict[Any, Any], fields: Mapping[int, tuple[str, Any, int, bool]], code: str
) -> dict[str, Any]:
    """The fields of a map by name."""
    need(set(value) <= set(fields) and all(type(key) is int for key in value), code)
    found: dict[str, Any] = {}
    for key, (name, kind, bound, required) in fields.items():
        need(key in value or not required, code)
        if key in value:
            need(_typed(value[key], kind, bound), code)
        found[name] = value.get(key)
    return found


def _typed(value: Any, kind: str, bound: int) -> bool:
    if kind == "uint":
        return type(value) is int and 0 <= value <= (bound or 2**63 - 1)
    if kind == "text":
        return isinstance(value, str) and len(value.encode()) <= bound
    if kind == "texts":
        return (
            isinstance(value, list)
            and len(value) <= bound
            and all(_typed(one, "text", 32) for one in value)
        )
    return isinstance(value, bytes) and (
        len(value) == bound if kind == "octets" else len(value) <= bound
    )


# Section 4.1: suites
# ----------------------------------------------------------------------


@dataclass(frozen=True)
class Key:
    """A public key and its suite, as somebody vouched for it."""

    alg: int
    point: bytes

    @property
    def kid(self) -> bytes:
        """Section 4.2, label 4."""
        return sha256(SPKI[self.alg] + self.point).digest()[:16]


def digest(alg: int, content: bytes) -> bytes:
    """Section 4.1: the hash that names statements and manifests."""
    return sha256(content).digest() if alg == ES256 else new("sm3", content).digest()


def verify_signature(key: Key, tbs: bytes, signature: bytes) -> None:
    """Section 4.3 steps 13 to 15."""
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if key.alg == SM2:
        return _verify_sm2(key.point, tbs, r, s)
    try:
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), key.point)
    except ValueError:
        raise Refused("key-invalid") from None
    need(key.point[0] == 4, "key-invalid")
    try:
        public.verify(encode_dss_signature(r, s), tbs, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise Refused("signature-invalid") from None
    need(s <= P256_N // 2, "signature-high-s")
    return None


_P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
_A = _P - 3
_B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
_N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
_G = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)


def _add(left: tuple[int, int] | None, right: tuple[int, int] | None) -> tuple[int, int] | None:
    if left is None or right is None:
        return left or right
    if left[0] == right[0]:
        if (left[1] + right[1]) % _P == 0:
            return None
        slope = (3 * left[0] ** 2 + _A) * pow(2 * left[1], -1, _P)
    else:
        slope = (right[1] - left[1]) * pow(right[0] - left[0], -1, _P)
    x = (slope * slope - left[0] - right[0]) % _P
    return x, (slope * (left[0] - x) - left[1]) % _P


def _times(number: int, point: tuple[int, int]) -> tuple[int, int] | None:
    sum_: tuple[int, int] | None = None
    addend: tuple[int, int] | None = point
    while number:
        sum_ = _add(sum_, addend) if number & 1 else sum_
        addend, number = _add(addend, addend), number >> 1
    return sum_


def _verify_sm2(point: bytes, tbs: bytes, r: int, s: int) -> None:
    x, y = int.from_bytes(point[1:33], "big"), int.from_bytes(point[33:], "big")
    need(
        point[0] == 4 and x < _P and y < _P and (y * y - x**3 - _A * x - _B) % _P == 0,
        "key-invalid",
    )
    curve = b"".join(number.to_bytes(32, "big") for number in (_A, _B, *_G))
    za = new("sm3", b"\x00\x80" + b"1234567812345678" + curve + point[1:]).digest()
    e = int.from_bytes(new("sm3", za + tbs).digest(), "big")
    need(0 < r < _N and 0 < s < _N and (r + s) % _N != 0, "signature-invalid")
    found = _add(_times(s, _G), _times((r + s) % _N, (x, y)))
    need(found is not None and (e + found[0]) % _N == r, "signature-invalid")


# Sections 4.2 and 4.3: statements
# ----------------------------------------------------------------------

OWN = -70001
OWN_FIELDS: dict[int, tuple[str, int]] = {
    0: ("uint", 0), 1: ("text", 16), 2: ("text", 18), 3: ("text", 16), 4: ("text", 6), 5: ("uint", 0), 6: ("octets", 16),
    7: ("uint", 0), 8: ("octets", 32), 9: ("uint", 0), 10: ("uint", 0), 12: ("uint", 0), 13: ("text", 24), 14: ("uint", 0),
    16: ("uint", 0),
}  # fmt: skip
ROWS = {11: ("uint", 0, "octets", 32), 15: ("octets", 32, "uint", 0, "uint", 0)}


@dataclass(frozen=True)
class Statement:
    """What a verifier knows of a statement."""

    raw: bytes
    id: bytes
    payload: bytes
    alg: int
    iss: str
    x5t: bytes | None
    own: dict[int, Any]


def _rules(purpose: str) -> tuple[set[int], set[int]]:
    """Required and allowed fields of -70001: second table of section 4.2."""
    if purpose not in KEY_PURPOSES:
        return {0, 1, 4, 9}, {0, 1, 4, 9}
    if purpose == "possession":
        return {0, 1, 9, 12, 13, 14}, {0, 1, 9, 12, 13, 14}
    required = {0, 1, 2, 3, 4, 9, 12, 13, 14} | ({7, 8} if purpose in CHAINED else set())
    return required, required | {5, 6, 10, 11, 15, 16}


def _field(key: Any, value: Any) -> bool:
    if key in ROWS:
        kinds = [(ROWS[key][at], ROWS[key][at + 1]) for at in range(0, len(ROWS[key]), 2)]
        return (
            isinstance(value, list)
            and len(value) == len(kinds)
            and all(_typed(v, str(k), int(b)) for v, (k, b) in zip(value, kinds, strict=True))
        )
    kind, bound = OWN_FIELDS[key]
    return _typed(value, kind, bound) and (kind != "text" or value != "")


def verify_statement(raw: bytes, purpose: str, key: Key) -> Statement:
    """Section 4.3 steps 1 to 15, in their order."""
    malformed, invalid = "statement-malformed", "header-invalid"
    need(raw[:1] == b"\xd2", malformed)  # 1
    parts = decode(raw[1:], malformed)
    need(
        isinstance(parts, list)
        and len(parts) == 4
        and parts[1] == {}
        and isinstance(parts[1], dict),
        malformed,
    )
    protected, _, payload, signature = parts
    need(all(isinstance(part, bytes) for part in (protected, payload, signature)), malformed)
    need(len(payload) == 32 and len(signature) == 64, malformed)
    header = decode(protected, malformed)  # 2
    need(isinstance(header, dict), invalid)
    alg = header.get(1)
    need(type(alg) is int and alg in SPKI, "algorithm-unknown")  # 3
    need(_typed(header.get(4), "octets", 16), invalid)  # 4
    own = header.get(OWN)
    need(isinstance(own, dict) and type(own.get(0)) is int and own[0] == 1, invalid)  # 5
    need(own.get(1) == purpose, "purpose-mismatch")  # 6
    required, allowed = _rules(purpose)  # 7
    need(
        all(
            type(field) is int and field in allowed and _field(field, value)
            for field, value in own.items()
        ),
        invalid,
    )
    need(
        required <= set(own) and own.get(7) != 0 and (own.get(7) != 1 or own[8] == bytes(32)),
        invalid,
    )
    named = f"application/biandun-{purpose}"
    need((header.get(16), header.get(259)) == (f"{named}+cose", f"{named}+cbor"), invalid)  # 8
    need(type(header.get(258)) is int and header[258] == (-16 if alg == ES256 else -70011), invalid)
    claims = header.get(15)  # 9
    need(isinstance(claims, dict) and set(claims) <= {1, 2}, invalid)
    prefix = "urn:biandun:key:" if purpose in KEY_PURPOSES else "urn:biandun:office:"
    need(
        isinstance(claims.get(1), str)
        and re.fullmatch(re.escape(prefix) + "[A-Za-z0-9._-]{1,64}", claims[1]) is not None,
        invalid,
    )
    need(claims.get(2) == (f"urn:biandun:unit:{own[2]}" if 2 in own else None), invalid)
    x5t = header.get(34)
    if purpose == "possession":
        need(x5t is None, invalid)
    else:
        need(
            isinstance(x5t, list) and len(x5t) == 2 and type(x5t[0]) is int and x5t[0] == -16,
            invalid,
        )
        need(_typed(x5t[1], "octets", 32), invalid)
    need(set(header) <= {1, 4, 15, 16, 34, 258, 259, OWN}, invalid)  # 10
    need(alg == key.alg, "algorithm-mismatch")  # 11
    need(header[4] == key.kid, "kid-mismatch")  # 12
    tbs = encode("Signature1", protected, f"BD1/{purpose}".encode(), payload)
    verify_signature(key, tbs, signature)  # 13 to 15
    return Statement(
        raw,
        digest(alg, tbs),
        payload,
        alg,
        claims[1].removeprefix(prefix),
        x5t[1] if x5t else None,
        own,
    )


def covers(statement: Statement, manifest: bytes, code: str = "digest-mismatch") -> None:
    """Section 4.3 step 16."""
    need(
        statement.payload == digest(statement.alg, manifest) and statement.own[9] == len(manifest),
        code,
    )


# Section 6: certificates
# ----------------------------------------------------------------------

ISSUER = {
    0: ("schema", "text", 40, True), 1: ("office_id", "text", 64, True), 2: ("public_key", "octets", 65, True),
    3: ("x5t", "octets", 32, True), 4: ("not_before", "uint", 0, True), 5: ("not_after", "uint", 0, True),
}  # fmt: skip
PROFILE = {
    0: ("schema", "text", 40, True), 1: ("version", "uint", 0, True), 2: ("serial", "text", 24, True),
    3: ("public_key", "octets", 65, True), 4: ("uscc", "text", 18, True), 5: ("unit_code", "text", 16, True),
    6: ("unit_name", "text", 480, True), 7: ("region", "text", 6, True), 8: ("purposes", "texts", 16, True),
    9: ("hardware_class", "uint", 2, True), 10: ("not_before", "uint", 0, True), 11: ("not_after", "uint", 0, True),
    12: ("x5t", "octets", 32, True), 13: ("device_key", "octets", 65, False), 14: ("role", "text", 24, False),
}  # fmt: skip


def verify_issuer(statement: bytes, manifest: bytes, root: Key) -> dict[str, Any]:
    """Section 4.5 step 2."""
    signed = verify_statement(statement, "issuer", root)
    covers(signed, manifest)
    issuer = record(manifest, ISSUER, "manifest-malformed")
    need(issuer["schema"] == "biandun-issuer/1", "schema-unknown")
    need(
        signed.iss == issuer["office_id"] and issuer["not_before"] < issuer["not_after"],
        "certificate-invalid",
    )
    return issuer


def verify_profile(
    statement: bytes, manifest: bytes, issuer: dict[str, Any], alg: int
) -> dict[str, Any]:
    """Section 4.5 step 3, with the paragraph below the table of section 6."""
    signed = verify_statement(statement, "profile", Key(alg, issuer["public_key"]))
    covers(signed, manifest)
    profile = record(manifest, PROFILE, "manifest-malformed")
    need(profile["schema"] == "biandun-profile/1", "schema-unknown")
    need(signed.iss == issuer["office_id"] and signed.x5t == issuer["x5t"], "certificate-invalid")
    need(
        set(profile["purposes"]) <= set(KEY_PURPOSES)
        and profile["not_before"] < profile["not_after"],
        "certificate-invalid",
    )
    need(profile["device_key"] != profile["public_key"], "certificate-invalid")
    return profile


# Section 5: manifests
# ----------------------------------------------------------------------

SUMMARY = {
    0: ("schema", "text", 40, True), 1: ("uscc", "text", 18, True), 2: ("filing_type", "text", 32, True),
    3: ("attachments", "uint", 50, True), 4: ("case", "text", 32, False),
}  # fmt: skip
TYPES = {"filing": "use-approval", "countersign": "countersign", "decision": "decision"}
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
UNIT = ("uscc", "unit_code", "unit_name", "region", "prepared_by", "prepared_on")


def _uscc(value: Any) -> bool:
    if not isinstance(value, str) or len(value) != 18 or not set(value) <= set(ALPHABET):
        return False
    total = sum(ALPHABET.index(one) * 3**place for place, one in enumerate(value[:17]))
    return ALPHABET.index(value[17]) == -total % 31


def _blank(character: str) -> bool:
    return unicodedata.category(character) == "Zs"


def _controls(value: str) -> bool:
    return any(unicodedata.category(one) in ("Cc", "Cf", "Cs", "Zl", "Zp") for one in value)


def _line(value: Any, most: int, *, octets: bool = False) -> bool:
    if not isinstance(value, str) or not value or _blank(value[0]) or _blank(value[-1]):
        return False
    if _controls(value):
        return False
    return len(value.encode() if octets else value) <= most


def _lines(value: Any, most: int) -> bool:
    if (
        not isinstance(value, str)
        or not 0 < len(value) <= most
        or value[0] == "\n"
        or value[-1] == "\n"
        or _blank(value[0])
    ):
        return False
    return all(
        line == "" or (not _blank(line[-1]) and not _controls(line)) for line in value.split("\n")
    )


def _day(value: Any) -> bool:
    if not isinstance(value, str) or re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value) is None:
        return False
    try:
        date(*map(int, value.split("-")))
    except ValueError:
        return False
    return True


def _group(value: Any, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    need(
        isinstance(value, dict) and set(required) <= set(value) <= {*required, *optional},
        "form-invalid",
    )
    return value


def _document(value: Any) -> None:
    fields = _group(value, ("doc_no", "title", "issuer", "issued_on"))
    need(
        _line(fields["doc_no"], 60)
        and _line(fields["title"], 120)
        and _line(fields["issuer"], 120),
        "form-invalid",
    )
    need(_day(fields["issued_on"]), "form-invalid")


def _attachments(value: Any) -> None:
    need(isinstance(value, list) and len(value) <= 50, "form-invalid")
    names: set[str] = set()
    for one in value:
        fields = _group(one, ("name", "media_type", "size", "sha256", "role"))
        need(
            _line(fields["name"], 120) and not set(fields["name"]) & set('/\\:*?"<>|'),
            "form-invalid",
        )
        need(
            fields["media_type"]
            in ("application/pdf", "application/ofd", "image/jpeg", "image/png"),
            "form-invalid",
        )
        need(type(fields["size"]) is int and 1 <= fields["size"] <= 20971520, "form-invalid")
        need(_typed(fields["sha256"], "octets", 32), "form-invalid")
        need(fields["role"] in ("application_document", "minutes", "other"), "form-invalid")
        need(fields["name"] not in names, "form-invalid")
        names.add(fields["name"])


ITEM = {  # filing.cddl
    "quota_type": ["ADM", "ADM_PL", "SUP", "ADM_OTH", "INS", "INS_CS", "REV", "SPC"],
    "funding_form": ["FULL", "PARTIAL", "SELF", "ENT"],
    "entry_method": [
        "CS_EXAM",
        "INST_RECRUIT",
        "TALENT",
        "TRANSFER_IN",
        "ROTATE_IN",
        "APPOINT_IN",
        "MIL_OFFICER",
        "MIL_SOLDIER",
        "SELECTED_GRAD",
        "SUPPORT_PROG",
        "SPECIAL_TEACHER",
        "ORG_MOVE",
    ],
    "post_category": ["MGMT", "PROF", "SKILL", "SPECIAL"],
}


def _use_approval(body: Any) -> dict[str, Any]:
    fields = _group(
        body,
        (*UNIT, "items", "reason"),
        ("supervisor_uscc", "application_document", "attachments", "case"),
    )
    if "supervisor_uscc" in fields:
        need(
            _uscc(fields["supervisor_uscc"]) and fields["supervisor_uscc"] != fields["uscc"],
            "form-invalid",
        )
    need(isinstance(fields["items"], list) and 1 <= len(fields["items"]) <= 20, "form-invalid")
    for item in fields["items"]:
        parts = _group(item, (*ITEM, "number"), ("duties",))
        need(
            all(
                isinstance(parts[name], str) and parts[name] in codes
                for name, codes in ITEM.items()
            ),
            "form-invalid",
        )
        need(type(parts["number"]) is int and 1 <= parts["number"] <= 999, "form-invalid")
        need("duties" not in parts or _lines(parts["duties"], 500), "form-invalid")
    need(_lines(fields["reason"], 2000), "form-invalid")
    need("case" not in fields or _line(fields["case"], 32, octets=True), "form-invalid")
    if "application_document" in fields:
        _document(fields["application_document"])
    return fields


def _countersign(body: Any) -> dict[str, Any]:
    fields = _group(body, (*UNIT, "statement", "opinion", "text"), ("document", "attachments"))
    need(
        _typed(fields["statement"], "octets", 32) and fields["opinion"] in ("agree", "return"),
        "form-invalid",
    )
    need(
        _lines(fields["text"], 2000) and ("document" in fields or fields["opinion"] != "agree"),
        "form-invalid",
    )
    if "document" in fields:
        _document(fields["document"])
    return fields


def _decision(body: Any) -> dict[str, Any]:
    fields = _group(body, (*UNIT, "case", "statement", "decision", "text"))
    need(
        _typed(fields["statement"], "octets", 32) and fields["decision"] in ("accept", "return"),
        "form-invalid",
    )
    need(_lines(fields["text"], 2000) and _line(fields["case"], 32, octets=True), "form-invalid")
    return fields


BODIES = {"filing": _use_approval, "countersign": _countersign, "decision": _decision}


def read_manifest(raw: bytes, purpose: str) -> dict[str, Any]:
    """Section 5, what an office checks: the body."""
    need(len(raw) <= 1048576, "manifest-too-large")
    parts = decode(raw, "manifest-malformed")
    need(
        isinstance(parts, list) and len(parts) == 2 and isinstance(parts[0], dict),
        "manifest-malformed",
    )
    summary = table(parts[0], SUMMARY, "manifest-malformed")
    need(
        (summary["schema"], summary["filing_type"]) == (f"biandun-{purpose}/1", TYPES[purpose]),
        "schema-unknown",
    )
    body = BODIES[purpose](parts[1])
    need(
        _uscc(body["uscc"])
        and _line(body["unit_code"], 16, octets=True)
        and _line(body["unit_name"], 120),
        "form-invalid",
    )
    need(
        isinstance(body["region"], str) and re.fullmatch("[0-9]{6}", body["region"]) is not None,
        "form-invalid",
    )
    need(_line(body["prepared_by"], 40) and _day(body["prepared_on"]), "form-invalid")
    _attachments(body.get("attachments", []))
    same = (body["uscc"], len(body.get("attachments", [])), body.get("case"))
    need((summary["uscc"], summary["attachments"], summary["case"]) == same, "manifest-contradicts")
    return body


# Section 7: receipts
# ----------------------------------------------------------------------


def _leads(leaf: bytes, index: int, size: int, path: list[bytes], root: bytes) -> bool:
    """RFC 9162 section 2.1.3.2."""
    if index >= size:
        return False
    fn, sn, found = index, size - 1, sha256(b"\0" + leaf).digest()
    for node in path:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            found = sha256(b"\1" + node + found).digest()
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            found = sha256(b"\1" + found + node).digest()
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and found == root


def verify_receipt(
    receipt: bytes, payload: bytes, statement: Statement, issuer: dict[str, Any], alg: int
) -> int:
    """The table of section 7; returns the time of reception."""
    key = Key(alg, issuer["public_key"])
    signed = verify_statement(receipt, "receipt", key)
    need(signed.iss == issuer["office_id"] and signed.x5t == issuer["x5t"], "receipt-foreign")
    parts = decode(payload, "receipt-malformed")
    need(isinstance(parts, list) and len(parts) == 6, "receipt-malformed")
    name, index, size, root, path, received = parts
    need(_typed(name, "octets", 32) and _typed(root, "octets", 32), "receipt-malformed")
    need(all(_typed(number, "uint", 0) for number in (index, size, received)), "receipt-malformed")
    need(
        isinstance(path, list)
        and len(path) <= 63
        and all(_typed(node, "octets", 32) for node in path),
        "receipt-malformed",
    )
    covers(signed, payload, "receipt-mismatch")
    need(name == statement.id, "receipt-mismatch")
    head = received.to_bytes(8, "big").lstrip(b"\0")
    width = next(
        width for width in (0, 1, 2, 4, 8) if received < (24 if width == 0 else 1 << 8 * width)
    )
    number = (
        bytes([received])
        if width == 0
        else bytes([{1: 24, 2: 25, 4: 26, 8: 27}[width]]) + head.rjust(width, b"\0")
    )
    entry = encode(statement.id, sha256(statement.raw).digest(), statement.payload)
    leaf = b"\x84" + entry[1:] + number
    need(_leads(leaf, index, size, path, root), "receipt-proof")
    return received


# Sections 4.5 and 12: a folder
# ----------------------------------------------------------------------

BUNDLE = {
    0: ("schema", "text", 40, True),
    1: ("statement", "bytes", 1024, True),
    2: ("payload", "bytes", 4096, True),
}


def root_key(pem: bytes) -> Key:
    """Section 4.5 step 1."""
    content = x509.load_pem_x509_certificate(pem).tbs_certificate_bytes
    for alg, head in SPKI.items():
        at = content.find(head)
        if at >= 0:
            return Key(alg, content[at + len(head) : at + len(head) + 65])
    raise Refused("certificate-invalid")


def verify_folder(files: Mapping[str, bytes], root: Key) -> Statement:
    """Section 12 by the steps of section 4.5; a file that is missing refuses."""

    def part(name: str) -> bytes:
        need(name in files, "file-missing")
        return files[name]

    issuer = verify_issuer(part("issuer.cose"), part("issuer.cbor"), root)  # 2
    profile = verify_profile(part("profile.cose"), part("profile.cbor"), issuer, root.alg)  # 3
    need(sha256(part("certificate.der")).digest() == profile["x5t"], "certificate-invalid")  # 4
    manifest = part("manifest.cbor")
    statement, purpose = _signed(part("statement.cose"), Key(root.alg, profile["public_key"]))  # 5
    covers(statement, manifest)
    body, own = read_manifest(manifest, purpose), statement.own
    need(
        (own[2], own[3], own[4]) == (body["uscc"], body["unit_code"], body["region"]),
        "manifest-contradicts",
    )
    for one in body.get("attachments", []):
        content = part(f"attachments/{one['name']}")
        need(
            len(content) == one["size"] and sha256(content).digest() == one["sha256"],
            "file-changed",
        )
    need(purpose in profile["purposes"], "purpose-refused")  # 6
    here = (statement.iss, statement.x5t, own[2], own[3], own[4])  # 7
    need(
        here == tuple(profile[name] for name in ("serial", "x5t", "uscc", "unit_code", "region")),
        "certificate-mismatch",
    )
    bundle = record(part("receipt.cbor"), BUNDLE, "receipt-malformed")  # 8
    need(bundle["schema"] == "biandun-receipt/1", "receipt-malformed")
    received = verify_receipt(bundle["statement"], bundle["payload"], statement, issuer, root.alg)
    for term in (issuer, profile):  # 9
        need(received >= term["not_before"], "certificate-not-yet")
        need(received <= term["not_after"], "certificate-expired")
    return statement


def _signed(raw: bytes, key: Key) -> tuple[Statement, str]:
    for purpose in TYPES:
        try:
            return verify_statement(raw, purpose, key), purpose
        except Refused as refusal:
            if str(refusal) != "purpose-mismatch":
                raise
    raise Refused("purpose-mismatch")
