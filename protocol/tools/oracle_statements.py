"""Vectors of statements, encoded from SPEC.md section 4 and signed once with fixed private keys.

Every refused statement is properly signed over its content (unless the signature is what is wrong),
so that a verifier that checks only signatures would accept it: each breaks exactly one rule.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import oracle_sm2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from oracle_cbor import encode
from oracle_merkle import inclusion, root
from oracle_messages import SCHEMA

Entry = dict[str, object]
Header = dict[object, Any]
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
OFFICE, SERIAL, USCC = "629900", "BD-TEST-0001", "12629900MB00000274"
X5T = {name: sha256(b"X.509 of " + name.encode()).digest() for name in ("root", "office", "unit")}
ALG, KID, CLAIMS, TYP, X5T_LABEL, HASH, CONTENT_TYPE, OWN = 1, 4, 15, 16, 34, 258, 259, -70001
MANIFEST = encode([{0: "biandun-filing/1", 1: USCC, 2: "use-approval", 3: 0}, {"note": "虚构数据"}])
RECEIVED = 1795478400


def private(name: str) -> int:
    """Return the private key of a test person: a digest of the name."""
    return (
        int.from_bytes(sha256(b"biandun test vector key " + name.encode()).digest(), "big") % ORDER
    )


def _p256_point(secret: int) -> bytes:
    key = ec.derive_private_key(secret, ec.SECP256R1()).public_key()
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _p256_sign(secret: int, tbs: bytes) -> bytes:
    r, s = decode_dss_signature(
        ec.derive_private_key(secret, ec.SECP256R1()).sign(tbs, ec.ECDSA(hashes.SHA256()))
    )
    return r.to_bytes(32, "big") + min(s, ORDER - s).to_bytes(32, "big")


@dataclass(frozen=True)
class Suite:
    """The differences of the two suites of section 4.

    ``point`` and ``sign`` take the private number.
    """

    alg: int
    payload_hash: int
    spki: bytes
    digest: Callable[[bytes], bytes]
    point: Callable[[int], bytes]
    sign: Callable[[int, bytes], bytes]

    def kid(self, name: str) -> bytes:
        """Return a test person's key identifier."""
        return sha256(self.spki + self.point(private(name))).digest()[:16]


ES256 = Suite(
    -7,
    -16,
    bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200"),
    lambda data: sha256(data).digest(),
    _p256_point,
    _p256_sign,
)
SM2 = Suite(
    -70009,
    -70011,
    bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200"),
    oracle_sm2.sm3,
    oracle_sm2.point,
    oracle_sm2.sign,
)


def kid(name: str) -> bytes:
    """Return a test person's key identifier in ES256."""
    return ES256.kid(name)


class Pen:
    """Signs, but never the same bytes twice: an existing signature is used again."""

    def __init__(self, known: list[Entry], suite: Suite = ES256) -> None:
        self.entries: list[Entry] = []
        self.suite = suite
        self._known = {str(entry["name"]): str(entry["signature"]) for entry in known}

    def sign(self, name: str, tbs: bytes) -> bytes:
        """Return the signature of the person ``name`` over ``tbs``."""
        label = f"{name} {sha256(tbs).hexdigest()}"
        if label not in self._known:
            self._known[label] = self.suite.sign(private(name), tbs).hex()
        entry: Entry = {"name": label, "signature": self._known[label]}
        if entry not in self.entries:
            self.entries.append(entry)
        return bytes.fromhex(self._known[label])


def to_be_signed(protected: bytes, purpose: str, payload: bytes) -> bytes:
    """Return Sig_structure of RFC 9052 with external_aad BD1/purpose."""
    return encode(["Signature1", protected, b"BD1/" + purpose.encode(), payload])


def key_header(
    purpose: str, manifest: bytes, seq: int = 1, prev: bytes = bytes(32), suite: Suite = ES256
) -> Header:
    """Return the header that a unit's key writes."""
    own: dict[object, Any] = {0: 1, 1: purpose, 9: len(manifest), 12: 1, 13: "0.1.0", 14: 0}
    header: Header = _common("unit", purpose, own, {1: f"urn:biandun:key:{SERIAL}"}, suite)
    if purpose != "possession":
        own.update({2: USCC, 3: "629900-0002", 4: "629900"})
        header[CLAIMS][2] = f"urn:biandun:unit:{USCC}"
        header[X5T_LABEL] = [-16, X5T["unit"]]
    if SCHEMA["purposes"][purpose]["chained"]:
        own.update({7: seq, 8: prev})
    return header


def office_header(
    purpose: str, manifest: bytes, signer: str = "office", suite: Suite = ES256
) -> Header:
    """Return the header that the office's service, or the root, writes."""
    own: dict[object, Any] = {0: 1, 1: purpose, 4: OFFICE, 9: len(manifest)}
    header = _common(signer, purpose, own, {1: f"urn:biandun:office:{OFFICE}"}, suite)
    header[X5T_LABEL] = [-16, X5T[signer]]
    return header


def _common(
    signer: str, purpose: str, own: dict[object, Any], claims: dict[object, Any], suite: Suite
) -> Header:
    return {
        ALG: suite.alg,
        KID: suite.kid(signer),
        CLAIMS: claims,
        TYP: f"application/biandun-{purpose}+cose",
        HASH: suite.payload_hash,
        CONTENT_TYPE: f"application/biandun-{purpose}+cbor",
        OWN: own,
    }


def assemble(
    protected: bytes, payload: object, signature: object, unprotected: object = None
) -> bytes:
    """Return tag 18 on the four parts."""
    return b"\xd2" + encode(
        [protected, {} if unprotected is None else unprotected, payload, signature]
    )


def valid_entry(
    pen: Pen, name: str, signer: str, purpose: str, header: Header, manifest: bytes
) -> Entry:
    """Return one valid statement with everything that can be derived from it."""
    protected, digest = encode(header), pen.suite.digest(manifest)
    tbs = to_be_signed(protected, purpose, digest)
    own: dict[int, Any] = header[OWN]
    return {
        "name": name,
        "purpose": purpose,
        "signer": signer,
        "statement": assemble(protected, digest, pen.sign(signer, tbs)).hex(),
        "manifest": manifest.hex(),
        "protected": protected.hex(),
        "tbs": tbs.hex(),
        "statement_id": pen.suite.digest(tbs).hex(),
        "fields": encode({key: value for key, value in own.items() if key > 1}).hex(),
        "issuer": header[CLAIMS][1],
        "subject": header[CLAIMS].get(2),
        "x5t": header[X5T_LABEL][1].hex() if X5T_LABEL in header else None,
    }


def valid(pen: Pen) -> list[Entry]:
    """Return one statement for each purpose, and some with every optional field."""
    entries: list[Entry] = []
    suite = pen.suite
    for purpose, row in SCHEMA["purposes"].items():
        if row["signer"] == "key":
            header, signer = key_header(purpose, MANIFEST, suite=suite), "unit"
        else:
            signer = "root" if purpose == "issuer" else "office"
            header = office_header(purpose, MANIFEST, signer, suite)
        entries.append(valid_entry(pen, purpose, signer, purpose, header, MANIFEST))
    first = bytes.fromhex(str(entries[0]["statement_id"]))
    second = key_header("filing", MANIFEST, 2, first, suite)
    entries.append(
        valid_entry(pen, "filing-second-in-the-chain", "unit", "filing", second, MANIFEST)
    )
    optional: dict[object, Any] = {
        5: 0,
        6: bytes(range(16)),
        10: 3,
        11: [7, bytes(range(32))],
        16: RECEIVED,
    }
    full = key_header("filing", MANIFEST, 2**63 - 1, first, suite)
    full[OWN].update({**optional, 15: [bytes(32), 0, 64]})
    entries.append(valid_entry(pen, "filing-with-everything", "unit", "filing", full, MANIFEST))
    login = key_header("login", b"\xa0", suite=suite)
    login[OWN].update(optional)
    entries.append(valid_entry(pen, "login-with-optional-fields", "unit", "login", login, b"\xa0"))
    return entries


def receipts(pen: Pen, statement: Entry) -> list[Entry]:
    """Return receipts for one statement, the third of five log entries."""
    raw, name = (
        bytes.fromhex(str(statement["statement"])),
        bytes.fromhex(str(statement["statement_id"])),
    )
    leaf = encode([name, sha256(raw).digest(), pen.suite.digest(MANIFEST), RECEIVED])
    log = [b"leaf 0", b"leaf 1", leaf, b"leaf 3", b"leaf 4"]
    path, top = inclusion(2, log), root(log)
    good: list[Any] = [name, 2, 5, top, path, RECEIVED]

    def made(
        label: str,
        payload: list[Any],
        code: str,
        edit: Callable[[Header], None] | None = None,
        signer: str = "office",
    ) -> Entry:
        body = encode(payload)
        header = office_header("receipt", body, signer, pen.suite)
        if edit is not None:
            edit(header)
        protected, digest = encode(header), pen.suite.digest(body)
        signature = pen.sign(signer, to_be_signed(protected, "receipt", digest))
        return {
            "name": label,
            "of": statement["name"],
            "receipt": assemble(protected, digest, signature).hex(),
            "payload": body.hex(),
            "leaf": leaf.hex(),
            "proves": payload[1:5] == good[1:5],  # the path alone, whatever else is wrong
            "code": code,
        }

    tampered = made("payload changed afterwards", good, "receipt-mismatch")
    tampered["payload"] = encode([name, 2, 5, top, path, RECEIVED + 1]).hex()
    return [
        made("good", good, "ok"),
        made("of another statement", [sha256(b"other").digest(), *good[1:]], "receipt-mismatch"),
        made("another index", [name, 3, *good[2:]], "receipt-proof"),
        made("another size", [name, 2, 3, *good[3:]], "receipt-proof"),
        made("another root", [name, 2, 5, root([b"other"]), path, RECEIVED], "receipt-proof"),
        made("a path cut short", [name, 2, 5, top, path[:-1], RECEIVED], "receipt-proof"),
        made("another time", [name, 2, 5, top, path, RECEIVED + 1], "receipt-proof"),
        made(
            "wrong length in the header",
            good,
            "receipt-mismatch",
            lambda header: header[OWN].update({9: 1}),
        ),
        made(
            "of another office",
            good,
            "receipt-foreign",
            lambda header: header[CLAIMS].update({1: "urn:biandun:office:629901"}),
        ),
        made("by another key", good, "kid-mismatch", signer="root"),
        made("five items", good[:5], "receipt-malformed"),
        made("a root of 31 bytes", [name, 2, 5, top[:31], path, RECEIVED], "receipt-malformed"),
        made("a time of 64 bits", [*good[:5], 2**63], "receipt-malformed"),
        made("a negative index", [name, -1, *good[2:]], "receipt-malformed"),
        made("a boolean index", [name, True, *good[2:]], "receipt-malformed"),
        made("a path of 64", [name, 2, 5, top, [top] * 64, RECEIVED], "receipt-malformed"),
        made(
            "a path item of 33 bytes",
            [name, 2, 5, top, [*path[:-1], path[-1] + b"\0"], RECEIVED],
            "receipt-malformed",
        ),
        tampered,
    ]


def people(suite: Suite = ES256) -> list[Entry]:
    """Return the three key pairs.  They are public: nobody may use them for anything else."""
    return [
        {
            "name": name,
            "private": f"{private(name):064x}",
            "public": suite.point(private(name)).hex(),
            "kid": suite.kid(name).hex(),
        }
        for name in ("root", "office", "unit")
    ]
