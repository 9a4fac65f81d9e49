"""What the office says of a key in service: whether it may sign (SPEC section 6.11).  Travels as a
``SignedManifest``.
"""

from biandun_protocol import records
from biandun_protocol.algorithms import Algorithm, PublicKey, Signer
from biandun_protocol.certificate import Signed, sign
from biandun_protocol.wire import codec
from biandun_protocol.wire.messages import IssuerManifest, StatusManifest
from biandun_protocol.wire.numbers import PURPOSE_STATUS, SCHEMA_STATUS


def sign_status(
    office: Signer, *, office_id: str, region: str, x5t: bytes, manifest: StatusManifest
) -> Signed:
    """Let the office say it."""
    return sign(office, PURPOSE_STATUS, office_id, region, x5t, codec.encode(manifest))


def verify_status(status: Signed, issuer: IssuerManifest, algorithm: Algorithm) -> StatusManifest:
    """Check it under the office's key; whether it is the newest, the key itself judges.  Raises
    StatementProblem, ManifestProblem.
    """
    status.verify(PURPOSE_STATUS, PublicKey(algorithm, issuer.public_key))
    return records.read(StatusManifest, status.manifest, SCHEMA_STATUS)
