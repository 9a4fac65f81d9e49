"""succeed: make the next key pair of a key in service, and sign its succession with the old one.

The old pair signs until the office's profile names the new one (``personalise``); both sign one
chain.  The new pair proves possession over the name of the old one's statement, so neither proves
anything without the other.  Repeated, the command makes no second pair, and signs no second
statement as long as it keeps the first, unless its certificate was renewed since: the office
accepts only a statement that names a valid certificate.  See SPEC section 6.10.
"""

from hashlib import sha256

from biandun_protocol.wire import codec
from biandun_protocol.wire import statement as wire
from biandun_protocol.wire.messages import SucceedReply, SucceedRequest, SuccessionManifest
from biandun_protocol.wire.numbers import (
    ERROR_SESSION_UNAVAILABLE,
    LIMIT_IDEMPOTENCY_KEY,
    LIMIT_NONCE,
    PURPOSE_SUCCESSION,
    SCHEMA_SUCCESSION,
)
from etoken import policy, signing
from etoken.commands.generate_key import make_pair
from etoken.dispatch import command
from etoken.heap import tidy
from etoken.refusal import Refused
from etoken.token import Token
from etoken.vault import records
from etoken.vault.statements import Record


@command(SucceedRequest, heap=42, flash=1300)
def succeed(token: Token, request: SucceedRequest) -> SucceedReply:
    """Return both statements: header, signature and manifest of each.

    Raises Refused: PURPOSE_REFUSED, PIN_REQUIRED, SLOT_REFUSED for another user than 0,
    SESSION_UNAVAILABLE on a key without a certified device key, KEY_SUSPENDED, CERTIFICATE_REVOKED,
    CERTIFICATE_EXPIRED, CARD_STALE, OFFLINE_LIMIT, PRESENCE_*, CANCELLED, STORE_FULL,
    ENTROPY_FAILED, SECRET_INVALID, SIGNATURE_FAULT.
    """
    policy.check_purpose(token.profile, PURPOSE_SUCCESSION)
    token.require_first_user()
    if not token.vault.identity.needs_session:
        # the office certifies a new pair only for a device key that it has certified
        raise Refused(ERROR_SESSION_UNAVAILABLE)
    signing.require_next(token, None)
    token.wait_presence()
    public = _next_public_key(token)
    manifest = codec.encode(
        SuccessionManifest(SCHEMA_SUCCESSION, token.issuer.office_id, token.board.serial, public)
    )
    record = _signed(
        token, manifest, sha256(public + token.profile.x5t).digest()[:LIMIT_IDEMPOTENCY_KEY]
    )
    tidy()
    nonce = token.vault.statements.name_of(record)[:LIMIT_NONCE]
    proof = signing.prove(token, records.NEXT_KEY_PAIR, public, nonce)
    return SucceedReply(record.header, record.signature, manifest, *proof)


def _next_public_key(token: Token) -> bytes:
    identity = token.vault.identity
    if identity.next_public_key is None:
        make_pair(token, identity.set_next_key_pair)
        tidy()
    return identity.next_public_key or b""


def _signed(token: Token, manifest: bytes, idempotency_key: bytes) -> Record:
    record = token.vault.statements.find(idempotency_key)
    if record is not None:
        return record
    fields: "dict[int, object]" = {wire.FIELD_MANIFEST_LENGTH: len(manifest)}
    return signing.sign_next(
        token, PURPOSE_SUCCESSION, token.suite.digest(manifest), idempotency_key, fields
    )
