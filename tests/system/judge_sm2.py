"""The third judge in the SM2 suite: openssl verifies a COSE statement; what it verifies is put
together here with cbor2 alone.

    python judge_sm2.py STATEMENT PURPOSE CERTIFICATE.pem MANIFEST

Runs in an environment of its own, without any of this project.  Exit status 0 and one JSON line
when the signature verifies under the certificate's key with the purpose's external data, the header
names key and algorithm, and the payload is the SM3 of the manifest.
"""

import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import cbor2

IDENTITY = "distid:1234567812345678"  # without it openssl takes an empty one
ALG, KID, PAYLOAD_HASH, SM2, SM3 = 1, 4, 258, -70009, -70011


def openssl(*arguments: str, given: bytes = b"") -> bytes:
    """Run openssl; raises CalledProcessError when it does not verify, or does not understand."""
    return subprocess.run(
        ["openssl", *arguments], input=given, capture_output=True, check=True
    ).stdout


def der_of(raw: bytes) -> bytes:
    """r || s as the SEQUENCE of two INTEGERs that openssl wants."""
    numbers = [int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")]
    parts = [number.to_bytes(number.bit_length() // 8 + 1, "big") for number in numbers]
    body = b"".join(b"\x02" + bytes([len(part)]) + part for part in parts)
    return b"\x30" + bytes([len(body)]) + body


def main(statement: Path, purpose: str, certificate: Path, manifest: Path) -> int:
    """Verify; raises what openssl and cbor2 raise when it does not."""
    protected, unprotected, payload, signature = cbor2.loads(statement.read_bytes()).value
    header = cbor2.loads(protected)
    key = openssl("x509", "-in", str(certificate), "-noout", "-pubkey")
    kid = hashlib.sha256(openssl("pkey", "-pubin", "-outform", "DER", given=key)).digest()[:16]
    tbs = cbor2.dumps(["Signature1", protected, f"BD1/{purpose}".encode(), payload])
    with tempfile.TemporaryDirectory() as folder:
        files = {name: Path(folder) / name for name in ("key.pem", "tbs", "signature")}
        for name, content in (("key.pem", key), ("tbs", tbs), ("signature", der_of(signature))):
            files[name].write_bytes(content)
        what = [
            "-pubin",
            "-inkey",
            str(files["key.pem"]),
            "-in",
            str(files["tbs"]),
            "-sigfile",
            str(files["signature"]),
        ]
        openssl("pkeyutl", "-verify", "-rawin", "-digest", "sm3", "-pkeyopt", IDENTITY, *what)
    good = payload == openssl("dgst", "-sm3", "-binary", str(manifest)) and not unprotected
    good = good and (header[ALG], header[KID], header[PAYLOAD_HASH]) == (SM2, kid, SM3)
    print(json.dumps({"judge": "openssl", "purpose": purpose, "kid": kid.hex(), "verified": good}))
    return 0 if good else 1


if __name__ == "__main__":
    first, purpose, second, third = sys.argv[1:]
    raise SystemExit(main(Path(first), purpose, Path(second), Path(third)))
