"""The third judge: verify a COSE statement with an implementation that nobody here wrote
(python-cwt).

    python judge.py STATEMENT PURPOSE CERTIFICATE.pem MANIFEST

Runs in an environment of its own, without any of this project.  Exit status 0 and one JSON line
when the signature verifies under the certificate's key with the purpose's external data, and the
payload is the SHA-256 of the manifest.
"""

import hashlib
import json
import sys
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cwt import COSE, COSEKey


def main(statement: Path, purpose: str, certificate: Path, manifest: Path) -> int:
    """Verify; raises what cwt raises when it does not."""
    key = x509.load_pem_x509_certificate(certificate.read_bytes()).public_key()
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    kid = hashlib.sha256(spki).digest()[:16]
    judge = COSEKey.from_pem(pem, alg="ES256", kid=kid)
    payload = COSE.new().decode(
        statement.read_bytes(), judge, external_aad=f"BD1/{purpose}".encode()
    )
    good = payload == hashlib.sha256(manifest.read_bytes()).digest()
    print(json.dumps({"judge": "cwt", "purpose": purpose, "kid": kid.hex(), "verified": good}))
    return 0 if good else 1


if __name__ == "__main__":
    first, purpose, second, third = sys.argv[1:]
    raise SystemExit(main(Path(first), purpose, Path(second), Path(third)))
