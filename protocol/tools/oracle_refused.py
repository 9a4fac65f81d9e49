"""The negative statement vectors: each breaks one rule, with a verifier's answer.

``code`` is the verifier's error code, ``field`` the place that it names, ``form`` whether the bytes
can still be split into four parts.
"""

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import oracle_sm2
from oracle_cbor import Pairs, Raw, encode
from oracle_statements import (
    ALG,
    CLAIMS,
    CONTENT_TYPE,
    ES256,
    HASH,
    KID,
    MANIFEST,
    ORDER,
    OWN,
    SM2,
    TYP,
    X5T,
    X5T_LABEL,
    Entry,
    Header,
    Pen,
    assemble,
    key_header,
    kid,
    office_header,
    private,
    to_be_signed,
)

DIGEST = sha256(MANIFEST).digest()
NULL = Raw(b"\xf6")
Edit = Callable[[Header], object]
REQUIRED = {
    "key": (2, 3, 4, 7, 8, 9, 12, 13, 14),
    "office": (4, 9),
    "possession": (9, 12, 13, 14),
    "login": (2, 3, 4, 9, 12, 13, 14),
}


def _own(**fields: object) -> Edit:
    """Return an edit that sets fields of label -70001; names are k0, k1 …"""
    return lambda header: header[OWN].update(
        {int(name[1:]): value for name, value in fields.items()}
    )


def _set(label: object, value: object) -> Edit:
    return lambda header: header.update({label: value})


def _drop(label: object) -> Edit:
    return lambda header: header.pop(label)


def header_edits() -> list[tuple[str, str, Edit, str, str | None]]:
    """Return (name, purpose, edit, code, field) of each wrong header."""
    rows: list[tuple[str, str, Edit, str, str | None]] = [
        ("crit label", "filing", _set(2, [OWN]), "header-invalid", "unknown label"),
        ("empty crit label", "filing", _set(2, []), "header-invalid", "unknown label"),
        ("extra label", "filing", _set(35, b"x"), "header-invalid", "unknown label"),
        ("extra text label", "filing", _set("alg", -7), "header-invalid", "unknown label"),
        (
            "content type label of COSE",
            "filing",
            _set(3, "text/plain"),
            "header-invalid",
            "unknown label",
        ),
        ("wrong alg ES384", "filing", _set(ALG, -35), "algorithm-unknown", None),
        ("wrong alg by name", "filing", _set(ALG, "ES256"), "algorithm-unknown", None),
        ("wrong alg true", "filing", _set(ALG, True), "algorithm-unknown", None),
        ("missing alg", "filing", _drop(ALG), "algorithm-unknown", None),
        ("missing kid", "filing", _drop(KID), "header-invalid", "kid"),
        (
            "kid of 15 bytes",
            "filing",
            lambda h: h.update({KID: h[KID][:15]}),
            "header-invalid",
            "kid",
        ),
        ("kid of another key", "filing", _set(KID, kid("office")), "kid-mismatch", None),
        (
            "wrong typ",
            "filing",
            _set(TYP, "application/biandun-decision+cose"),
            "header-invalid",
            "typ",
        ),
        (
            "typ of cbor",
            "filing",
            _set(TYP, "application/biandun-filing+cbor"),
            "header-invalid",
            "typ",
        ),
        ("missing typ", "filing", _drop(TYP), "header-invalid", "typ"),
        (
            "wrong content type",
            "filing",
            _set(CONTENT_TYPE, "application/cbor"),
            "header-invalid",
            "content type",
        ),
        ("missing content type", "filing", _drop(CONTENT_TYPE), "header-invalid", "content type"),
        ("wrong payload hash", "filing", _set(HASH, -44), "header-invalid", "payload hash"),
        ("missing payload hash", "filing", _drop(HASH), "header-invalid", "payload hash"),
        ("missing claims", "filing", _drop(CLAIMS), "header-invalid", "claims"),
        ("extra claim", "filing", lambda h: h[CLAIMS].update({4: 1}), "header-invalid", "claims"),
        ("missing iss", "filing", lambda h: h[CLAIMS].pop(1), "header-invalid", "iss"),
        (
            "iss without serial",
            "filing",
            lambda h: h[CLAIMS].update({1: "urn:biandun:key:"}),
            "header-invalid",
            "iss",
        ),
        (
            "iss of an office",
            "filing",
            lambda h: h[CLAIMS].update({1: "urn:biandun:office:629900"}),
            "header-invalid",
            "iss",
        ),
        (
            "iss too long",
            "filing",
            lambda h: h[CLAIMS].update({1: "urn:biandun:key:" + "x" * 90}),
            "header-invalid",
            "iss",
        ),
        (
            "wrong sub",
            "filing",
            lambda h: h[CLAIMS].update({2: "urn:biandun:unit:12629900MB00000290"}),
            "header-invalid",
            "sub",
        ),
        ("missing sub", "filing", lambda h: h[CLAIMS].pop(2), "header-invalid", "sub"),
        ("missing x5t", "filing", _drop(X5T_LABEL), "header-invalid", "x5t"),
        ("x5t of 31 bytes", "filing", _set(X5T_LABEL, [-16, bytes(31)]), "header-invalid", "x5t"),
        (
            "x5t by another hash",
            "filing",
            _set(X5T_LABEL, [-15, bytes(32)]),
            "header-invalid",
            "x5t",
        ),
        ("x5t bare", "filing", _set(X5T_LABEL, bytes(32)), "header-invalid", "x5t"),
        ("missing -70001", "filing", _drop(OWN), "header-invalid", "-70001"),
        ("null -70001", "filing", _set(OWN, NULL), "statement-malformed", None),
        ("version 2", "filing", _own(k0=2), "header-invalid", "-70001/0"),
        ("version true", "filing", _own(k0=True), "header-invalid", "-70001/0"),
        ("missing version", "filing", lambda h: h[OWN].pop(0), "header-invalid", "-70001/0"),
        ("purpose swapped", "filing", _own(k1="decision"), "purpose-mismatch", None),
        ("missing purpose", "filing", lambda h: h[OWN].pop(1), "purpose-mismatch", None),
        ("unknown field", "filing", _own(k17=0), "header-invalid", "-70001/17"),
        (
            "text field",
            "filing",
            lambda h: h[OWN].update({"seq": 1}),
            "header-invalid",
            "-70001/seq",
        ),
        ("seq 0", "filing", _own(k7=0), "header-invalid", "-70001/7"),
        ("seq negative", "filing", _own(k7=-1), "header-invalid", "-70001/7"),
        ("seq true", "filing", _own(k7=True), "header-invalid", "-70001/7"),
        ("seq of 64 bits", "filing", _own(k7=2**63, k8=b"\1" * 32), "header-invalid", "-70001/7"),
        ("seq 1 with a prev", "filing", _own(k8=b"\1" * 32), "header-invalid", "-70001/8"),
        ("prev of 31 bytes", "filing", _own(k8=bytes(31)), "header-invalid", "-70001/8"),
        ("null user slot", "filing", _own(k5=NULL), "statement-malformed", None),
        ("empty uscc", "filing", _own(k2=""), "header-invalid", "-70001/2"),
        ("uscc of 19 characters", "filing", _own(k2="x" * 19), "header-invalid", "-70001/2"),
        ("uscc in bytes", "filing", _own(k2=b"12629900MB00000274"), "header-invalid", "-70001/2"),
        ("unit code too long", "filing", _own(k3="x" * 17), "header-invalid", "-70001/3"),
        ("region too long", "filing", _own(k4="6299000"), "header-invalid", "-70001/4"),
        ("user record of 15 bytes", "filing", _own(k6=bytes(15)), "header-invalid", "-70001/6"),
        ("manifest length in text", "filing", _own(k9="9"), "header-invalid", "-70001/9"),
        ("card version negative", "filing", _own(k10=-1), "header-invalid", "-70001/10"),
        ("log point without root", "filing", _own(k11=[1]), "header-invalid", "-70001/11"),
        (
            "log point with a short root",
            "filing",
            _own(k11=[1, bytes(31)]),
            "header-invalid",
            "-70001/11",
        ),
        ("presence true", "filing", _own(k12=True), "header-invalid", "-70001/12"),
        ("firmware too long", "filing", _own(k13="x" * 25), "header-invalid", "-70001/13"),
        ("hardware class in text", "filing", _own(k14="training"), "header-invalid", "-70001/14"),
        ("batch of two", "filing", _own(k15=[bytes(32), 0]), "header-invalid", "-70001/15"),
        ("batch of four", "filing", _own(k15=[bytes(32), 0, 1, 1]), "header-invalid", "-70001/15"),
        ("claimed time negative", "filing", _own(k16=-1), "header-invalid", "-70001/16"),
        ("seq in a login", "login", _own(k7=1), "header-invalid", "-70001/7"),
        ("prev in a login", "login", _own(k8=bytes(32)), "header-invalid", "-70001/8"),
        (
            "x5t in a possession",
            "possession",
            _set(X5T_LABEL, [-16, X5T["unit"]]),
            "header-invalid",
            "x5t",
        ),
        (
            "uscc in a possession",
            "possession",
            _own(k2="12629900MB00000274"),
            "header-invalid",
            "-70001/2",
        ),
        (
            "sub in a possession",
            "possession",
            lambda h: h[CLAIMS].update({2: "urn:biandun:unit:x"}),
            "header-invalid",
            "sub",
        ),
        ("claimed time in a possession", "possession", _own(k16=1), "header-invalid", "-70001/16"),
        (
            "iss of a key in a receipt",
            "receipt",
            lambda h: h[CLAIMS].update({1: "urn:biandun:key:X"}),
            "header-invalid",
            "iss",
        ),
        (
            "sub in a receipt",
            "receipt",
            lambda h: h[CLAIMS].update({2: "urn:biandun:unit:x"}),
            "header-invalid",
            "sub",
        ),
        ("missing x5t in a receipt", "receipt", _drop(X5T_LABEL), "header-invalid", "x5t"),
    ]
    for field in (2, 3, 5, 7, 8, 10, 11, 12, 13, 14, 15, 16):
        value = {
            2: "12629900MB00000274",
            3: "629900-0002",
            8: bytes(32),
            11: [1, bytes(32)],
            13: "0.1.0",
        }.get(field, 1)
        rows.append(
            (
                f"field {field} in a receipt",
                "receipt",
                _own(**{f"k{field}": value}),
                "header-invalid",
                f"-70001/{field}",
            )
        )
    for kind, purpose in (
        ("key", "filing"),
        ("office", "receipt"),
        ("possession", "possession"),
        ("login", "login"),
    ):
        for field in REQUIRED[kind]:
            # without field 2 the subject cannot be compared, but the missing field is reported
            # first
            edit: Edit = lambda header, field=field: header[OWN].pop(field)  # noqa: E731
            rows.append(
                (
                    f"{purpose} without field {field}",
                    purpose,
                    edit,
                    "header-invalid",
                    f"-70001/{field}",
                )
            )
    return rows


def _entry(
    name: str,
    purpose: str,
    statement: bytes,
    code: str,
    field: str | None = None,
    form: bool = True,
) -> Entry:
    signer = "office" if purpose == "receipt" else "unit"
    return {
        "name": name,
        "purpose": purpose,
        "signer": signer,
        "statement": statement.hex(),
        "form": form,
        "code": code,
        "field": field,
    }


def refused(pen: Pen) -> list[Entry]:
    """Return every refused statement."""
    entries: list[Entry] = []
    for name, purpose, edit, code, field in header_edits():
        signer = "office" if purpose == "receipt" else "unit"
        header = (
            office_header(purpose, MANIFEST)
            if signer == "office"
            else key_header(purpose, MANIFEST)
        )
        edit(header)
        protected = encode(header)
        statement = assemble(
            protected, DIGEST, pen.sign(signer, to_be_signed(protected, purpose, DIGEST))
        )
        entries.append(_entry(name, purpose, statement, code, field))
    return entries + _spellings(pen) + _envelopes(pen)


def _signed(pen: Pen, protected: bytes, payload: bytes = DIGEST, purpose: str = "filing") -> bytes:
    return assemble(protected, payload, pen.sign("unit", to_be_signed(protected, purpose, payload)))


def _spellings(pen: Pen) -> list[Entry]:
    """Return statements with the right content in the wrong encoding."""
    header = key_header("filing", MANIFEST)
    protected = encode(header)
    pairs = sorted(header.items(), key=lambda item: encode(item[0]))
    spellings: dict[str, bytes] = {
        "header backwards": encode(Pairs(reversed(pairs))),
        "header with a label twice": encode(Pairs([pairs[0], *pairs])),
        "header with a long alg": encode({**header, ALG: Raw(b"\x38\x06")}),
        "header of indefinite length": b"\xbf" + encode(Pairs(pairs))[1:] + b"\xff",
        "header with a trailing byte": protected + b"\0",
        "header cut short": protected[:-1],
        "header tagged": b"\xd8\x18" + protected,
        "no header": b"",
    }
    found = [
        _entry(name, "filing", _signed(pen, raw), "statement-malformed")
        for name, raw in spellings.items()
    ]
    array = encode([1, -7])
    return [
        *found,
        _entry(
            "header that is an array", "filing", _signed(pen, array), "header-invalid", "header"
        ),
    ]


def _envelopes(pen: Pen) -> list[Entry]:
    """Return statements with a right header in a wrong envelope, and with wrong signatures."""
    protected = encode(key_header("filing", MANIFEST))
    tbs = to_be_signed(protected, "filing", DIGEST)
    signature = pen.sign("unit", tbs)
    good = assemble(protected, DIGEST, signature)
    r, s = signature[:32], int.from_bytes(signature[32:], "big")
    twin = r + (ORDER - s).to_bytes(32, "big")
    forms: dict[str, bytes] = {
        "trailing byte": good + b"\0",
        "last byte missing": good[:-1],
        "no tag": good[1:],
        "tag in two bytes": b"\xd8\x12" + good[1:],
        "tag 98": b"\xd8\x62" + good[1:],
        "tag 18 twice": b"\xd2" + good,
        "unprotected kid": assemble(protected, DIGEST, signature, {KID: kid("unit")}),
        "unprotected array": assemble(protected, DIGEST, signature, []),
        "protected header not wrapped": b"\xd2" + encode([Raw(protected), {}, DIGEST, signature]),
        "payload of 31 bytes": assemble(protected, DIGEST[:31], signature),
        "payload of 33 bytes": assemble(protected, DIGEST + b"\0", signature),
        "payload detached": assemble(protected, NULL, signature),
        "payload in text": assemble(protected, "x" * 32, signature),
        "signature of 63 bytes": assemble(protected, DIGEST, signature[:63]),
        "signature of 65 bytes": assemble(protected, DIGEST, signature + b"\0"),
        "three items": b"\xd2" + encode([protected, {}, DIGEST]),
        "five items": b"\xd2" + encode([protected, {}, DIGEST, signature, b""]),
        "array of indefinite length": b"\xd2\x9f" + good[2:] + b"\xff",
        "empty": b"",
    }
    entries = [
        _entry(name, "filing", raw, "statement-malformed", form=False)
        for name, raw in forms.items()
    ]
    broken = bytes([signature[0] ^ 1]) + signature[1:]
    signatures: dict[str, tuple[bytes, str]] = {
        "high-s twin": (twin, "signature-high-s"),
        "signature with a bit flipped": (broken, "signature-invalid"),
        "signature of zeros": (bytes(64), "signature-invalid"),
        "signature with r of the order": (
            ORDER.to_bytes(32, "big") + signature[32:],
            "signature-invalid",
        ),
        "signature by another key": (pen.sign("office", tbs), "signature-invalid"),
        "signature for another purpose": (
            pen.sign("unit", to_be_signed(protected, "decision", DIGEST)),
            "signature-invalid",
        ),
        "signature without external data": (
            pen.sign("unit", encode(["Signature1", protected, b"", DIGEST])),
            "signature-invalid",
        ),
    }
    entries += [
        _entry(name, "filing", assemble(protected, DIGEST, raw), code)
        for name, (raw, code) in signatures.items()
    ]
    other: dict[str, Any] = {"digest of another manifest": sha256(b"other").digest()}
    return entries + [
        _entry(name, "filing", assemble(protected, raw, signature), "signature-invalid")
        for name, raw in other.items()
    ]


def refused_sm2(pen: Pen) -> list[Entry]:
    """Return what only the SM2 suite can get wrong.

    Its numbers, its hash, a mix of both suites, and its signatures.
    """
    digest, header = SM2.digest(MANIFEST), key_header("filing", MANIFEST, suite=SM2)
    protected = encode(header)
    tbs = to_be_signed(protected, "filing", digest)
    signature = pen.sign("unit", tbs)
    edits: list[tuple[str, Edit, str, str | None]] = [
        (
            "alg of ES256 under the kid of an SM2 key",
            lambda h: h.update({ALG: -7, HASH: -16}),
            "algorithm-mismatch",
            None,
        ),
        ("alg of SM2 without the private range", _set(ALG, -9), "algorithm-unknown", None),
        ("payload hash SHA-256", _set(HASH, -16), "header-invalid", "payload hash"),
        ("payload hash missing", _drop(HASH), "header-invalid", "payload hash"),
        ("x5t by SM3", _set(X5T_LABEL, [-70011, X5T["unit"]]), "header-invalid", "x5t"),
        ("kid of the same point on P-256", _set(KID, ES256.kid("unit")), "kid-mismatch", None),
        ("kid of the office", _set(KID, SM2.kid("office")), "kid-mismatch", None),
        ("crit label", _set(2, [OWN]), "header-invalid", "unknown label"),
        ("purpose swapped", _own(k1="decision"), "purpose-mismatch", None),
    ]
    entries: list[Entry] = []
    for name, edit, code, field in edits:
        changed = key_header("filing", MANIFEST, suite=SM2)
        edit(changed)
        raw = encode(changed)
        entries.append(
            _entry(
                name,
                "filing",
                assemble(raw, digest, pen.sign("unit", to_be_signed(raw, "filing", digest))),
                code,
                field,
            )
        )
    es256 = encode(key_header("filing", MANIFEST))
    es256_tbs = to_be_signed(es256, "filing", DIGEST)
    entries.append(
        _entry(
            "statement of the ES256 suite",
            "filing",
            assemble(es256, DIGEST, pen.sign("unit", es256_tbs)),
            "algorithm-mismatch",
        )
    )
    r, s, order = (
        int.from_bytes(signature[:32], "big"),
        int.from_bytes(signature[32:], "big"),
        oracle_sm2.N,
    )

    def raw_signature(first: int, second: int) -> bytes:
        return first.to_bytes(32, "big") + second.to_bytes(32, "big")

    secret = private("unit")
    signatures: dict[str, bytes] = {
        "bit flipped in r": raw_signature(r ^ 1, s),
        "bit flipped in s": raw_signature(r, s ^ 1),
        "s of the other half": raw_signature(r, order - s),
        "zeros": bytes(64),
        "r of zero": raw_signature(0, s),
        "s of zero": raw_signature(r, 0),
        "r of the order": raw_signature(order, s),
        "s of the order": raw_signature(r, order),
        "r beyond the order": raw_signature(
            r + order if r + order < 1 << 256 else (1 << 256) - 1, s
        ),
        "r and s that add up to the order": raw_signature(r, order - r),
        "by another key": pen.sign("office", tbs),
        "with another identity": oracle_sm2.sign(secret, tbs, b"ALICE123@YAHOO.COM"),
        "with an empty identity": oracle_sm2.sign(secret, tbs, b""),
        "over the statement id": pen.sign("unit", SM2.digest(tbs)),
        "for another purpose": pen.sign("unit", to_be_signed(protected, "decision", digest)),
    }
    return entries + [
        _entry(f"signature {name}", "filing", assemble(protected, digest, raw), "signature-invalid")
        for name, raw in signatures.items()
    ]
