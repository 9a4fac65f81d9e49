"""outbox_part: store one part of a parcel; after the last missing one the digest is compared.

A parcel whose digest differs is deleted: its receiver could not use it.
"""

from biandun_protocol.wire.messages import OutboxPartReply, OutboxPartRequest
from biandun_protocol.wire.numbers import (
    ERROR_BAD_FIELD,
    ERROR_DIGEST_MISMATCH,
    ERROR_NOT_FOUND,
    PHASE_VERIFYING,
)
from etoken.dispatch import command
from etoken.refusal import Refused
from etoken.token import Token
from etoken.vault.outbox import Parcel


@command(OutboxPartRequest, heap=30, flash=2600)
def outbox_part(token: Token, request: OutboxPartRequest) -> OutboxPartReply:
    """Return the index of the first part that is still missing.

    Raises Refused: PIN_REQUIRED, NOT_FOUND for a parcel that was not announced, BAD_FIELD for a
    part of another size, DIGEST_MISMATCH, STORE_FULL.
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
    return OutboxPartReply(verify_when_complete(token, parcel))


def verify_when_complete(token: Token, parcel: Parcel) -> int:
    """Compare the parcel with its digest when no part is missing.

    Returns the index of the first missing part, the number of parts when none is missing.

    Raises Refused(DIGEST_MISMATCH).
    """
    outbox = token.vault.outbox
    missing = outbox.missing(parcel)
    if missing < parcel.parts or parcel.whole:
        return missing
    running, tick = token.suite.hasher(), token.ticker(PHASE_VERIFYING)
    for index in range(parcel.parts):
        tick()  # each part takes tens of milliseconds
        running.update(outbox.part(parcel, index))
    if running.digest() != parcel.digest:
        outbox.drop(parcel.name)
        raise Refused(ERROR_DIGEST_MISMATCH)
    outbox.close(parcel)
    return missing
