"""hello: open a sealed session (SPEC section 10).

A new session ends the previous one and logs the user out, so an attacker who opens one gains only a
locked key.  The device key is not sealed under a PIN, so the session is established before a PIN
has to cross the cable.
"""

from hashlib import sha256

from biandun_protocol.wire import cbor, codec
from biandun_protocol.wire.messages import HelloReply, HelloRequest
from biandun_protocol.wire.numbers import (
    ERROR_BAD_FIELD,
    ERROR_SESSION_UNAVAILABLE,
    ERROR_UNSUPPORTED_VERSION,
    LIMIT_NONCE,
    PHASE_WORKING,
    PROTOCOL_VERSION,
)
from etoken import signing
from etoken.dispatch import command
from etoken.refusal import Refused
from etoken.session import LABEL, Session
from etoken.token import Token

FRESH = 32


@command(HelloRequest, heap=32, flash=96)
def hello(token: Token, request: HelloRequest) -> HelloReply:
    """Return an ephemeral point and the device key's signature of the transcript.

    Raises Refused: SESSION_UNAVAILABLE when the office has certified no device key,
    UNSUPPORTED_VERSION also for another suite, BAD_FIELD when the host's point is not on the curve,
    ENTROPY_FAILED.
    """
    identity, suite = token.vault.identity, token.suite
    device = identity.device_key
    if device is None or not identity.needs_session:
        raise Refused(ERROR_SESSION_UNAVAILABLE)
    if request.version != PROTOCOL_VERSION or request.suite != suite.name:
        raise Refused(ERROR_UNSUPPORTED_VERSION)
    token.end_session()
    tick = token.ticker(PHASE_WORKING)
    nonce = token.entropy.take(LIMIT_NONCE)
    secret = suite.crypto.new_secret(token.entropy.fill)
    try:
        point = suite.crypto.public_key(secret, tick)
        common = suite.crypto.shared(secret, request.point, token.entropy.take(FRESH), tick)
    finally:
        secret[:] = bytes(len(secret))
    if common is None:
        raise Refused(ERROR_BAD_FIELD, 3)
    certificate = sha256(identity.certificate()[0]).digest()
    said: dict[object, object] = {0: nonce, 1: point, 2: certificate}
    transcript = suite.digest(codec.encode_request(request) + cbor.dumps(said))
    session = Session(common, transcript)
    try:
        signature = signing.sign_as_device(token, device, LABEL + transcript, PHASE_WORKING)
    except BaseException:
        session.wipe()
        raise
    token.session = session
    return HelloReply(nonce, point, certificate, signature)
