"""outbox_part: take in one part of a parcel; with the last one that was missing its digest is compared.

A parcel that is not what was announced is taken out again: it would be of no use to whoever carries it.
"""

from biandun_protocol.wire.messages import OutboxPartReply, OutboxPartRequest
from biandun_protocol.wire.numbers import ERROR_BAD_FIELD, ERROR_DIGEST_MISMATCH, ERROR_NOT_FOUND, STATE_PERSONALISED
from etoken.dispatch import command
from etoken.refusal import Refused
from etoken.token import Token
from etoken.vault.outbox import Parcel


@command(OutboxPartRequest, states=(STATE_PERSONALISED,), heap=30, flash=2500)
def outbox_part(token: Token, request: OutboxPartRequest) -> OutboxPartReply:
    """Return the first part that is missing now.

    Raises Refused: PIN_REQUIRED, NOT_FOUND for a parcel that was not announced, BAD_FIELD for a part of another size,
    DIGEST_MISMATCH, STORE_FULL.
    """
    token.require_user()
    outbox = token.vault.outbox
    parcel = outbox.find(request.name)
    if parcel is None:
        raise Refused(ERROR_NOT_FOUND)
    if request.index >= parcel.parts:
        raise Refused(ERROR_BAD_FIELD, 1)
    if len(request.content) != parcel.size_of(request.index):
        raise Refused(ERROR_BAD_FIELD, 2)
    token.vault.statements.require_room(len(request.content) + 64)
    outbox.keep(parcel, request.index, request.content)
    missing = outbox.missing(parcel)
    if missing == parcel.parts and _digest(token, parcel) != parcel.digest:
        outbox.drop(parcel.name)
        raise Refused(ERROR_DIGEST_MISMATCH)
    return OutboxPartReply(missing)


def _digest(token: Token, parcel: Parcel) -> bytes:
    running = token.suite.hasher()
    for index in range(parcel.parts):
        running.update(token.vault.outbox.part(parcel, index))
    return running.digest()
