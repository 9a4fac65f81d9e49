"""The files of enrolment: an offer and the request that answers it (SPEC section 6).

With the officers and shares for unblocking they are an invitation and an application.
"""

from biandun_protocol import records
from biandun_protocol.errors import ManifestProblem
from biandun_protocol.recovery import Officers, decode_shares
from biandun_protocol.wire import codec
from biandun_protocol.wire.messages import Application, Invitation, KeyRequest, Offer, SharesExport
from biandun_protocol.wire.numbers import (
    SCHEMA_APPLICATION,
    SCHEMA_INVITATION,
    SCHEMA_KEY_REQUEST,
    SCHEMA_OFFER,
)


def encode_offer(offer: Offer, officers: Officers | None) -> bytes:
    """Encode file 1, from the office to the key."""
    if officers is None:
        return codec.encode(offer)
    return codec.encode(Invitation(SCHEMA_INVITATION, codec.encode(offer), officers.encode()))


def decode_offer(raw: bytes) -> tuple[Offer, Officers | None]:
    """Decode file 1.  Raises ManifestProblem: manifest-malformed, schema-unknown."""
    try:
        invitation = records.read(Invitation, raw, SCHEMA_INVITATION)
    except ManifestProblem:
        return records.read(Offer, raw, SCHEMA_OFFER), None
    return records.read(Offer, invitation.offer, SCHEMA_OFFER), Officers.decode(invitation.officers)


def encode_request(request: KeyRequest, shares: SharesExport | None) -> bytes:
    """Encode file 2, from the key to the office."""
    if shares is None:
        return codec.encode(request)
    return codec.encode(
        Application(SCHEMA_APPLICATION, codec.encode(request), codec.encode(shares))
    )


def decode_request(raw: bytes) -> tuple[KeyRequest, SharesExport | None]:
    """Decode file 2.  Raises ManifestProblem: manifest-malformed, schema-unknown."""
    try:
        application = records.read(Application, raw, SCHEMA_APPLICATION)
    except ManifestProblem:
        return records.read(KeyRequest, raw, SCHEMA_KEY_REQUEST), None
    return records.read(KeyRequest, application.request, SCHEMA_KEY_REQUEST), decode_shares(
        application.shares
    )
