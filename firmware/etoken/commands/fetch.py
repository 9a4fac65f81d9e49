"""fetch: return a signed statement and the receipt stored with it.

Needs no presence: a statement is public once it is signed.  Reads the journal, writes nothing.
"""

from biandun_protocol.wire.messages import FetchReply, FetchRequest
from biandun_protocol.wire.numbers import ERROR_BAD_FIELD, ERROR_NOT_FOUND
from etoken.dispatch import command
from etoken.refusal import Refused
from etoken.token import Token


@command(FetchRequest, heap=22, flash=0, reads_only=True)
def fetch(token: Token, request: FetchRequest) -> FetchReply:
    """Return the statement signed under ``idempotency_key`` or with number ``seq``.

    Exactly one of the two must be given.

    Raises Refused: NOT_FOUND, also after a power cut before the commit; BAD_FIELD.
    """
    statements = token.vault.statements
    if (request.idempotency_key is None) == (request.seq is None):
        raise Refused(ERROR_BAD_FIELD)
    if request.idempotency_key is not None:
        record = statements.find(request.idempotency_key)
    else:
        record = statements.by_seq(request.seq or 0)
    if record is None:
        raise Refused(ERROR_NOT_FOUND)
    receipt = statements.receipt(record.seq) or (None, None)
    return FetchReply(
        record.seq,
        record.idempotency_key,
        record.header,
        record.digest,
        record.signature,
        receipt[0],
        receipt[1],
    )
