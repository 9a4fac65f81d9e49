"""sign_begin: announce a manifest; its bytes follow as data frames.

If a statement was already signed under this idempotency key for the same manifest, nothing needs to
be sent: ``done`` says so and ``sign_finish`` returns that statement.  The same idempotency key with
another manifest or purpose is an error, because one of the two requests must be a mistake.
"""

from biandun_protocol.wire.messages import SignBeginReply, SignBeginRequest
from biandun_protocol.wire.numbers import (
    ERROR_IDEMPOTENCY_CONFLICT,
    LIMIT_WINDOW,
)
from etoken import policy, signing
from etoken.dispatch import command
from etoken.manifest import ManifestStream
from etoken.refusal import Refused
from etoken.token import Token


@command(SignBeginRequest, heap=13, flash=0)
def sign_begin(token: Token, request: SignBeginRequest) -> SignBeginReply:
    """Open the stream; an open stream is dropped.

    Raises Refused: IDEMPOTENCY_CONFLICT, PURPOSE_REFUSED, PIN_REQUIRED, PIN_UNSET, KEY_SUSPENDED,
    CERTIFICATE_REVOKED, CERTIFICATE_EXPIRED, CLOCK_BEHIND, CARD_STALE, OFFLINE_LIMIT.
    """
    token.stream = None
    signed = token.vault.statements.find(request.idempotency_key)
    if signed is not None:
        if signed.digest != request.digest or signed.purpose != request.purpose:
            raise Refused(ERROR_IDEMPOTENCY_CONFLICT)
        return SignBeginReply(LIMIT_WINDOW, True)
    if token.vault.statements.was_signed(request.idempotency_key):
        # it was signed, receipted and reduced to a link: it cannot be returned or signed again
        raise Refused(ERROR_IDEMPOTENCY_CONFLICT)
    policy.check_manifest_purpose(token.profile, request.purpose)
    token.require_user()
    signing.check_limits(token, request.claimed_time)
    token.stream = ManifestStream(request, token.profile, token.suite.hasher())
    return SignBeginReply(LIMIT_WINDOW, False)
