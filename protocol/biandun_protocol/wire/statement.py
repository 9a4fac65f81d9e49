"""The encoding of statements: COSE_Sign1 with a hash-envelope payload (RFC 9052, RFC 9995).

The key writes these headers, the host assembles the statement, the office verifies it; all three
use this module for labels, for what is signed (TBS) and for the name of a statement.  Nothing here
holds a secret or verifies a signature.  What depends on the algorithm is passed in as a ``Suite``.
"""

# MicroPython has no typing.cast: what a decoder returns is narrowed with isinstance, which leaves
# its items unknown.
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
from hashlib import sha256

from biandun_protocol.wire import cbor, merkle
from biandun_protocol.wire.numbers import LIMIT_RECEIPT_PATH
from biandun_protocol.wire.suite import HASH_SHA256, Suite

LABEL_ALG = 1
LABEL_KID = 4
LABEL_CLAIMS = 15
LABEL_TYP = 16
LABEL_X5T = 34
LABEL_PAYLOAD_HASH = 258
LABEL_CONTENT_TYPE = 259
LABEL_BIANDUN = -70001

CLAIM_ISS = 1
CLAIM_SUB = 2

FIELD_VERSION = 0
FIELD_PURPOSE = 1
FIELD_USCC = 2
FIELD_UNIT_CODE = 3
FIELD_REGION = 4
FIELD_USER_SLOT = 5
FIELD_USER_RECORD = 6
FIELD_SEQ = 7
FIELD_PREV = 8
FIELD_MANIFEST_LENGTH = 9
FIELD_CARD_VERSION = 10
FIELD_LOG_POINT = 11
FIELD_PRESENCE = 12
FIELD_FIRMWARE = 13
FIELD_HARDWARE_CLASS = 14
FIELD_BATCH = 15
FIELD_CLAIMED_TIME = 16

HEADER_VERSION = 1
FIRST_PREV = bytes(32)
PRESENCE_NONE = 0
PRESENCE_BUTTON = 1


def protected_header(
    suite: Suite,
    kid: bytes,
    issuer: str,
    subject: "str | None",
    purpose: str,
    x5t: "bytes | None",
    fields: "dict[int, object]",
) -> bytes:
    """Return the encoded protected header.

    ``fields`` is the content of label -70001 except version and purpose.  ``x5t`` is a SHA-256 in
    every suite.  Absent parts are left out, never null.
    """
    claims: dict[object, object] = {CLAIM_ISS: issuer}
    if subject is not None:
        claims[CLAIM_SUB] = subject
    own: dict[object, object] = {FIELD_VERSION: HEADER_VERSION, FIELD_PURPOSE: purpose}
    for key in fields:
        own[key] = fields[key]
    header: dict[object, object] = {
        LABEL_ALG: suite.alg,
        LABEL_KID: kid,
        LABEL_CLAIMS: claims,
        LABEL_TYP: media_type(purpose, "cose"),
        LABEL_PAYLOAD_HASH: suite.payload_hash,
        LABEL_CONTENT_TYPE: media_type(purpose, "cbor"),
        LABEL_BIANDUN: own,
    }
    if x5t is not None:
        header[LABEL_X5T] = [HASH_SHA256, x5t]
    return cbor.dumps(header)


def media_type(purpose: str, suffix: str) -> str:
    """Return ``application/biandun-PURPOSE+cose`` for a statement, ``…+cbor`` for a manifest."""
    return "application/biandun-" + purpose + "+" + suffix


def to_be_signed(protected: bytes, purpose: str, digest: bytes) -> bytes:
    """Return TBS = CBOR ["Signature1", protected, external_aad, payload].

    external_aad is "BD1/" + purpose.
    """
    return cbor.dumps(["Signature1", protected, ("BD1/" + purpose).encode(), digest])


def statement_id(suite: Suite, tbs: bytes) -> bytes:
    """Return the name of a statement: the suite's hash of TBS (32 bytes).

    In the SM2 suite it is SM3 without ZA, so it is not the digest that is signed.  It does not
    depend on the signature, which anybody can rewrite as (r, n-s) in ES256.
    """
    return suite.digest(tbs)


def assemble(protected: bytes, digest: bytes, signature: bytes) -> bytes:
    """Return the statement: tag 18 on [protected, {}, digest, signature]."""
    return b"\xd2" + cbor.dumps([protected, {}, digest, signature])


def split(statement: bytes) -> "tuple[bytes, bytes, bytes]":
    """Split a statement into (protected, digest, signature), checking its form only.

    Only the protected header has a variable length, so everything after it is at a known offset.

    Raises CborError.
    """
    if len(statement) < 3 or statement[:2] != b"\xd2\x84" or not 0x40 <= statement[2] < 0x60:
        raise cbor.CborError("not a COSE_Sign1: tag 18, an array of four, a byte string first")
    protected, end = cbor.loads_prefix(statement, 2)
    rest = bytes(memoryview(statement)[end:])
    if (
        not isinstance(protected, bytes)
        or len(rest) != 101
        or rest[:3] != b"\xa0\x58\x20"
        or rest[35:37] != b"\x58\x40"
    ):
        raise cbor.CborError(
            "not an empty unprotected header, a payload of 32 bytes, a signature of 64"
        )
    return protected, rest[3:35], rest[37:]


def log_leaf(statement_id: bytes, statement: bytes, digest: bytes, received: int) -> bytes:
    """Return an entry of the office's evidence log; ``received`` in seconds since 1970.

    Design: docs/design/key.md, "Evidence log".
    """
    return cbor.dumps([statement_id, sha256(statement).digest(), digest, received])


class ReceiptPayload:
    """The content of a receipt, carried beside its statement.

    CBOR [statement id, leaf index, tree size, root, path, received time].
    """

    def __init__(
        self,
        statement_id: bytes,
        leaf_index: int,
        tree_size: int,
        root: bytes,
        path: "list[bytes]",
        received: int,
    ) -> None:
        self.statement_id = statement_id
        self.leaf_index = leaf_index
        self.tree_size = tree_size
        self.root = root
        self.path = path
        self.received = received

    def encode(self) -> bytes:
        """Return the bytes whose digest is the payload of the receipt statement."""
        return cbor.dumps(self.items())

    def items(self) -> "list[object]":
        """Return the array that is encoded."""
        return [
            self.statement_id,
            self.leaf_index,
            self.tree_size,
            self.root,
            self.path,
            self.received,
        ]

    def proves(self, leaf: bytes) -> bool:
        """Return whether the inclusion proof leads from this log entry to the root."""
        return merkle.verify_inclusion(
            merkle.leaf_hash(leaf), self.leaf_index, self.tree_size, self.path, self.root
        )


def decode_receipt_payload(raw: "bytes | memoryview") -> ReceiptPayload:
    """Decode a payload and check every type and length.  Raises CborError."""
    items = cbor.loads(raw)
    if not isinstance(items, list) or len(items) != 6:
        raise cbor.CborError("a receipt payload has six items")
    name, index, size, root, path, received = items
    if not (_is_hash(name) and _is_hash(root)):
        raise cbor.CborError("a hash is 32 bytes")
    for number in (index, size, received):
        if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < 1 << 63:
            raise cbor.CborError("index, size and time are unsigned integers of 63 bits")
    if not isinstance(path, list) or len(path) > LIMIT_RECEIPT_PATH:
        raise cbor.CborError("a path is a list of hashes")
    for item in path:
        if not _is_hash(item):
            raise cbor.CborError("a hash is 32 bytes")
    return ReceiptPayload(name, index, size, root, path, received)


def _is_hash(value: object) -> bool:
    return isinstance(value, bytes) and len(value) == 32
