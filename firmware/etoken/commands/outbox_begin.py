"""outbox_begin: announce a parcel, the package of a statement that this key signed.

A name under which this key signed nothing is refused, and so is one whose receipt it already has.
Announcing the same parcel again tells which part comes next; another digest under its name replaces
the parcel.  See SPEC section 6.6.
"""

from biandun_protocol.wire.messages import OutboxBeginReply, OutboxBeginRequest
from biandun_protocol.wire.numbers import (
    ERROR_BAD_FIELD,
    ERROR_NOT_FOUND,
    ERROR_OUTBOX_FULL,
    ERROR_RECEIPT_PRESENT,
    LIMIT_OUTBOX,
)
from etoken.commands.outbox_part import verify_when_complete
from etoken.dispatch import command
from etoken.refusal import Refused
from etoken.token import Token


@command(OutboxBeginRequest, heap=24, flash=700)
def outbox_begin(token: Token, request: OutboxBeginRequest) -> OutboxBeginReply:
    """Return the index of the first part that is missing.

    Raises Refused: PIN_REQUIRED, BAD_FIELD, NOT_FOUND, RECEIPT_PRESENT, OUTBOX_FULL, STORE_FULL,
    DIGEST_MISMATCH.
    """
    token.require_user()
    outbox, statements = token.vault.outbox, token.vault.statements
    if not request.length:
        raise Refused(ERROR_BAD_FIELD, 1)
    record = statements.find(request.name)
    if record is None:
        raise Refused(ERROR_NOT_FOUND)
    if statements.receipt(record.seq) is not None:
        raise Refused(ERROR_RECEIPT_PRESENT)
    others = sum([parcel.length for parcel in outbox.parcels() if parcel.name != request.name])
    if others + request.length > LIMIT_OUTBOX:
        raise Refused(ERROR_OUTBOX_FULL)
    parcel = outbox.find(request.name)
    if parcel is not None and (parcel.digest, parcel.length) != (request.digest, request.length):
        outbox.drop(request.name)
        parcel = None
    lacking = outbox.missing_bytes(parcel) if parcel is not None else request.length
    statements.require_room(lacking + lacking // 16 + 256)
    if parcel is None:
        parcel = outbox.begin(request.name, request.digest, request.length)
    if parcel is None:
        raise Refused(ERROR_OUTBOX_FULL)
    return OutboxBeginReply(verify_when_complete(token, parcel))
