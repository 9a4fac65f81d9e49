"""The one place where this key signs: it writes the protected header itself, then signs what that header says.

Neighbours: ``prove_possession``, ``sign_finish``, ``login`` and ``export_links`` in ``commands`` decide that something is signed, ``hello``
and ``export_audit`` that the device itself says something.
"""

from biandun_protocol.wire import statement as wire
from biandun_protocol.wire.numbers import PHASE_SIGNING
from etoken import version
from etoken.vault import records

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
    fields[wire.FIELD_FIRMWARE] = version.VERSION
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
    return header, _sign(token, records.KEY_PAIR, public, wire.to_be_signed(header, purpose, digest), PHASE_SIGNING)


def sign_as_device(token: "Token", device: bytes, message: bytes, phase: int) -> bytes:
    """Sign a message that begins with a label of the device's own, so that it is never a statement; no PIN is needed for it.

    ``device`` is the device's public key.
    """
    return _sign(token, records.DEVICE_KEY, device, message, phase)


def _sign(token: "Token", kind: int, public: bytes, message: bytes, phase: int) -> bytes:
    secret = token.vault.identity.secret(kind)
    try:
        return token.suite.crypto.sign(secret, public, message, token.entropy.take(NONCE_ENTROPY), token.ticker(phase))
    finally:
        secret[:] = bytes(len(secret))
