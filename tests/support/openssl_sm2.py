"""SM2 by openssl, a judge that nobody here wrote: it verifies our signatures and makes some of its
own.

Signatures are r || s here and DER there; the identity is the default one, which openssl has to be
told.
"""

import subprocess
import tempfile
from base64 import encodebytes
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

IDENTITY = ("-rawin", "-digest", "sm3", "-pkeyopt", "distid:1234567812345678")
SPKI = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200")
EC_PRIVATE = bytes.fromhex("30310201010420"), bytes.fromhex("a00a06082a811ccf5501822d")


def pem(kind: str, der: bytes) -> bytes:
    """A PEM file."""
    return (
        f"-----BEGIN {kind}-----\n".encode() + encodebytes(der) + f"-----END {kind}-----\n".encode()
    )


def run(*arguments: "str | Path") -> subprocess.CompletedProcess[bytes]:
    """Run openssl."""
    return subprocess.run(["openssl", *map(str, arguments)], capture_output=True, check=False)


def openssl_verifies(public: bytes, rows: list[tuple[bytes, bytes]]) -> list[bool]:
    """Does openssl accept each (message, signature) under an uncompressed point?"""
    found: list[bool] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "key.pem").write_bytes(pem("PUBLIC KEY", SPKI + public))
        for message, signature in rows:
            (folder / "message").write_bytes(message)
            r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
            (folder / "signature").write_bytes(encode_dss_signature(r, s))
            files = (
                "-pubin",
                "-inkey",
                folder / "key.pem",
                "-in",
                folder / "message",
                "-sigfile",
                folder / "signature",
            )
            found.append(run("pkeyutl", "-verify", *files, *IDENTITY).returncode == 0)
    return found


def openssl_signs(secret: bytes, messages: list[bytes]) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """The public point that openssl derives from a private key, and its signatures."""
    rows: list[tuple[bytes, bytes]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        key = folder / "key.pem"
        key.touch(mode=0o600)
        key.write_bytes(pem("EC PRIVATE KEY", EC_PRIVATE[0] + secret + EC_PRIVATE[1]))
        public = run("pkey", "-in", key, "-pubout", "-outform", "DER").stdout[-65:]
        for message in messages:
            (folder / "message").write_bytes(message)
            done = run("pkeyutl", "-sign", "-inkey", key, "-in", folder / "message", *IDENTITY)
            r, s = decode_dss_signature(done.stdout)
            rows.append((message, r.to_bytes(32, "big") + s.to_bytes(32, "big")))
    return public, rows
