"""store_receipt: verify the office's receipt for a statement of this key and store it.

The key accepts a receipt only when the office signed it, the inclusion proof leads from its own
statement to the root of the log, and the log extends the one that it verified before (SPEC section
7).  A receipt of an older log is refused, so the key's log point never goes back.  The statement's
parcel is then deleted from the outbox.
"""

from biandun_protocol.wire import cbor, merkle
from biandun_protocol.wire import statement as wire
from biandun_protocol.wire.messages import StoreReceiptReply, StoreReceiptRequest
from biandun_protocol.wire.numbers import (
    ERROR_RECEIPT_CONSISTENCY,
    ERROR_RECEIPT_FOREIGN,
    ERROR_RECEIPT_MALFORMED,
    ERROR_RECEIPT_MISMATCH,
    ERROR_RECEIPT_OLDER,
    ERROR_RECEIPT_PROOF,
    ERROR_RECEIPT_SIGNATURE,
    PURPOSE_RECEIPT,
)
from etoken import office
from etoken.dispatch import command
from etoken.refusal import Refused
from etoken.token import Token

ERRORS = {
    office.FORM: ERROR_RECEIPT_MALFORMED,
    office.FOREIGN: ERROR_RECEIPT_FOREIGN,
    office.SIGNATURE: ERROR_RECEIPT_SIGNATURE,
    office.DIGEST: ERROR_RECEIPT_MISMATCH,
}


@command(StoreReceiptRequest, heap=38, flash=2600)
def store_receipt(token: Token, request: StoreReceiptRequest) -> StoreReceiptReply:
    """Store the receipt.  Raises Refused: RECEIPT_* according to the failed check."""
    statements = token.vault.statements
    payload = _verified_payload(token, request)
    record = statements.by_id(payload.statement_id)
    if record is None:
        raise Refused(ERROR_RECEIPT_MISMATCH)
    if statements.receipt(record.seq) != (request.receipt_statement, request.receipt_payload):
        leaf = wire.log_leaf(
            payload.statement_id, record.statement(), record.digest, payload.received
        )
        if not payload.proves(leaf):
            raise Refused(ERROR_RECEIPT_PROOF)
        _check_growth(token, payload, request.consistency or [])
        statements.keep_receipt(
            record.seq,
            request.receipt_statement,
            request.receipt_payload,
            payload.tree_size,
            payload.root,
            payload.received,
            payload.leaf_index,
        )
    token.vault.outbox.drop(record.idempotency_key)
    return StoreReceiptReply(record.seq, statements.log_size, statements.time_floor)


def _verified_payload(token: Token, request: StoreReceiptRequest) -> wire.ReceiptPayload:
    try:
        token.check_office(request.receipt_statement, request.receipt_payload, PURPOSE_RECEIPT)
        return wire.decode_receipt_payload(request.receipt_payload)
    except office.OfficeFault as fault:
        raise Refused(ERRORS[fault.reason])
    except cbor.CborError:
        raise Refused(ERROR_RECEIPT_MALFORMED)


def _check_growth(token: Token, payload: wire.ReceiptPayload, path: "list[bytes]") -> None:
    statements = token.vault.statements
    if payload.tree_size < statements.log_size:
        raise Refused(ERROR_RECEIPT_OLDER)
    if not merkle.verify_consistency(
        statements.log_size, statements.log_root, payload.tree_size, payload.root, path
    ):
        raise Refused(ERROR_RECEIPT_CONSISTENCY)
