"""sign_finish: after the whole manifest: check it, ask for presence, sign, commit, reply.

The record is committed before the reply is sent.  The command is idempotent: repeated on this link,
or after the key was unplugged, it returns the same signature, and the sequence number rises once.
"""

from biandun_protocol.wire import statement as wire
from biandun_protocol.wire.messages import SignFinishReply, SignFinishRequest
from biandun_protocol.wire.numbers import ERROR_NO_STREAM
from etoken import signing
from etoken.dispatch import command
from etoken.refusal import Refused
from etoken.token import Token
from etoken.vault.statements import Record


@command(SignFinishRequest, heap=26, flash=800)
def sign_finish(token: Token, request: SignFinishRequest) -> SignFinishReply:
    """Return the signed statement in its parts.

    Raises Refused: NO_STREAM, PIN_REQUIRED, LENGTH_MISMATCH, DIGEST_MISMATCH, the refusal of the
    stream, PRESENCE_*, CANCELLED, STORE_FULL, ENTROPY_FAILED, SECRET_INVALID, SIGNATURE_FAULT.
    """
    record = token.vault.statements.find(request.idempotency_key) or _sign(
        token, request.idempotency_key
    )
    return SignFinishReply(record.seq, record.header, record.digest, record.signature)


def _sign(token: Token, idempotency_key: bytes) -> Record:
    stream = token.stream
    if stream is None or stream.request.idempotency_key != idempotency_key:
        raise Refused(ERROR_NO_STREAM)
    token.require_user()
    token.stream = None  # whatever happens now, another attempt must send the manifest again
    digest = stream.finish()
    # checked again: status, card or time floor may have changed since ``sign_begin``
    signing.require_next(token, stream.request.claimed_time)
    batch, place = token.batch, -1
    if batch is not None:
        place = batch.place_of(stream.request.purpose, digest, token.clock.ticks_ms())
    if place < 0:
        token.wait_presence()
    fields: dict[int, object] = {wire.FIELD_MANIFEST_LENGTH: stream.request.length}
    if batch is not None and place >= 0:
        fields[wire.FIELD_BATCH] = [batch.digest, place, len(batch.digests)]
        # also when signing fails: the batch allows one attempt for each manifest
        batch.use(place)
    if stream.request.claimed_time is not None:
        fields[wire.FIELD_CLAIMED_TIME] = stream.request.claimed_time
    return signing.sign_next(token, stream.request.purpose, digest, idempotency_key, fields)
