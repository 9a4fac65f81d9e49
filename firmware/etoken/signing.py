"""The one place where this key signs: it writes the protected header itself, then signs what that header says.

Neighbours: ``prove_possession``, ``sign_finish``, ``login`` and ``export_links`` in ``commands`` decide that something is signed.
"""

from biandun_protocol.wire import statement as wire
from biandun_protocol.wire.numbers import PHASE_SIGNING
from etoken.token import FIRMWARE_VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from etoken.token import Token

NONCE_ENTROPY = 32


def sign(token: "Token", purpose: str, digest: bytes, fields: "dict[int, object]", presence: bool = True) -> "tuple[bytes, bytes]":
    """Sign ``digest`` (32 bytes, by the hash of the key's suite) for ``purpose`` and return (protected header, signature).

    ``fields`` are those of label -70001 that the caller knows; identity, presence, firmware and class are added here.  The
    caller has seen to presence and policy; ``presence`` says whether a person pressed the button for it.
    """
    board, profile = token.board, token.vault.identity.profile
    fields[wire.FIELD_PRESENCE] = wire.PRESENCE_BUTTON if presence else wire.PRESENCE_NONE
    if token.user is not None:
        fields[wire.FIELD_USER_SLOT] = token.user
    fields[wire.FIELD_FIRMWARE] = FIRMWARE_VERSION
    fields[wire.FIELD_HARDWARE_CLASS] = board.hardware_class
    subject = x5t = None
    if profile is not None:
        fields[wire.FIELD_USCC] = profile.uscc
        fields[wire.FIELD_UNIT_CODE] = profile.unit_code
        fields[wire.FIELD_REGION] = profile.region
        subject, x5t = "urn:biandun:unit:" + profile.uscc, profile.x5t
    suite, public = token.suite, token.public_key
    issuer = "urn:biandun:key:" + board.serial
    header = wire.protected_header(suite, suite.kid_of(public), issuer, subject, purpose, x5t, fields)
    secret = token.vault.identity.secret()
    try:
        signature = suite.crypto.sign(
            secret,
            public,
            wire.to_be_signed(header, purpose, digest),
            token.entropy.take(NONCE_ENTROPY),
            token.ticker(PHASE_SIGNING),
        )
    finally:
        secret[:] = bytes(len(secret))
    return header, signature
