"""Verify an office's receipt with openssl and cbor2, and nothing of this project.

    python verify_receipt.py FOLDER ROOT.pem

Shows that the office which ROOT.pem is the root of states: the statement in FOLDER is in its log,
since when.  For offices in ES256; tests/system/judge_sm2.py has the calls for SM2.  cbor2 is a
general decoder: use a strict one for bytes of strangers.
"""

import hashlib
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import cbor2


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def openssl(*arguments: object) -> bytes:
    """Run openssl; raises CalledProcessError when something does not verify."""
    return subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True).stdout


def der(raw: bytes) -> bytes:
    """r || s of COSE as the SEQUENCE of two INTEGERs that openssl wants."""
    numbers = [int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")]
    parts = [number.to_bytes(number.bit_length() // 8 + 1, "big") for number in numbers]
    body = b"".join(b"\x02" + bytes([len(part)]) + part for part in parts)
    return b"\x30" + bytes([len(body)]) + body


def signed(statement: bytes, purpose: bytes) -> tuple[bytes, bytes, bytes]:
    """Of a COSE_Sign1: what is signed, the payload, the signature."""
    protected, _, payload, signature = cbor2.loads(statement).value
    return cbor2.dumps(["Signature1", protected, b"BD1/" + purpose, payload]), payload, signature


def root_of(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """The root that an inclusion proof leads to (RFC 9162, section 2.1.3.2)."""
    node, last, found = index, size - 1, sha256(b"\x00", leaf)
    for sibling in path:
        if node % 2 or node == last:
            found = sha256(b"\x01", sibling, found)
            while not node % 2 and node:
                node, last = node // 2, last // 2
        else:
            found = sha256(b"\x01", found, sibling)
        node, last = node // 2, last // 2
    if last:
        raise SystemExit("the path is too short")
    return found


def main(folder: Path, root: Path) -> None:
    openssl("verify", "-CAfile", root, folder / "issuing.pem")
    statement = (folder / "statement.cose").read_bytes()
    bundle = cbor2.loads((folder / "receipt.cbor").read_bytes())
    tbs, digest, signature = signed(bundle[1], b"receipt")
    with tempfile.TemporaryDirectory() as made:
        files = {name: Path(made, name) for name in ("tbs", "signature", "key.pem")}
        files["tbs"].write_bytes(tbs)
        files["signature"].write_bytes(der(signature))
        files["key.pem"].write_bytes(
            openssl("x509", "-in", folder / "issuing.pem", "-noout", "-pubkey")
        )
        verify = ("-verify", files["key.pem"], "-signature", files["signature"])
        openssl("dgst", "-sha256", *verify, files["tbs"])
    if sha256(bundle[2]) != digest:
        raise SystemExit("the receipt is not what the office signed")
    name, index, size, tree, path, received = cbor2.loads(bundle[2])
    tbs, payload, _ = signed(statement, b"filing")
    leaf = cbor2.dumps([sha256(tbs), sha256(statement), payload, received])
    if name != sha256(tbs) or root_of(leaf, index, size, path) != tree:
        raise SystemExit("the receipt is for something else")
    when = datetime.fromtimestamp(received, UTC).isoformat()
    print(f"statement {name.hex()} is entry {index} of {size} in the log, received {when}")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
