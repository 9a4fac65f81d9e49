"""The office's status of a key in service: whether it may sign (SPEC section 6.11).

It travels as a ``SignedManifest``.
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
    """Sign a status with the office's key."""
    return sign(office, PURPOSE_STATUS, office_id, region, x5t, codec.encode(manifest))


def verify_status(status: Signed, issuer: IssuerManifest, algorithm: Algorithm) -> StatusManifest:
    """Verify a status under the office's key; the key itself checks that it is the newest.

    Raises StatementProblem, ManifestProblem.
    """
    status.verify(PURPOSE_STATUS, PublicKey(algorithm, issuer.public_key))
    return records.read(StatusManifest, status.manifest, SCHEMA_STATUS)
