"""login: sign an office's challenge (SPEC section 6.3).

The key writes the whole manifest itself: its office, the origin that the user logs in to, the nonce
and its own serial number.  So a login statement can serve no other purpose, and only for one
challenge at one origin.
"""

from biandun_protocol.wire import codec
from biandun_protocol.wire import statement as wire
from biandun_protocol.wire.messages import LoginManifest, LoginReply, LoginRequest
from biandun_protocol.wire.numbers import (
    ERROR_ORIGIN_MALFORMED,
    PURPOSE_LOGIN,
    SCHEMA_LOGIN,
)
from etoken import policy, signing
from etoken.dispatch import command
from etoken.refusal import Refused
from etoken.token import Token


@command(LoginRequest, heap=25, flash=96)
def login(token: Token, request: LoginRequest) -> LoginReply:
    """Return header, signature and manifest.

    Raises Refused: PURPOSE_REFUSED, KEY_SUSPENDED, CERTIFICATE_REVOKED, CERTIFICATE_EXPIRED,
    PIN_REQUIRED, ORIGIN_MALFORMED, PRESENCE_*.
    """
    policy.check_purpose(token.profile, PURPOSE_LOGIN)
    signing.check_term(token)
    token.require_user()
    if not request.origin.startswith(("https://", "http://")) or "\n" in request.origin:
        raise Refused(ERROR_ORIGIN_MALFORMED)
    token.wait_presence()
    manifest = codec.encode(
        LoginManifest(
            SCHEMA_LOGIN, token.issuer.office_id, request.origin, request.nonce, token.board.serial
        )
    )
    fields: dict[int, object] = {wire.FIELD_MANIFEST_LENGTH: len(manifest)}
    header, signature = signing.sign(token, PURPOSE_LOGIN, token.suite.digest(manifest), fields)
    return LoginReply(header, signature, manifest)
