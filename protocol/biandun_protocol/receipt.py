"""Receipts: the office states that a statement is in its evidence log (SPEC section 7).

The payload of the receipt statement is the digest of the receipt payload, which contains the
inclusion proof.  A bundle holds the two together.  Anybody with the statement, the bundle and the
office's key can verify all of it offline.  Design: docs/design/key.md, "Evidence log".
"""

from dataclasses import dataclass

from biandun_protocol import cbor, cose, records
from biandun_protocol.algorithms import Algorithm, PublicKey, Signer
from biandun_protocol.cbor import CborError
from biandun_protocol.cose import Statement
from biandun_protocol.errors import ReceiptProblem
from biandun_protocol.wire import codec
from biandun_protocol.wire import statement as wire
from biandun_protocol.wire.messages import IssuerManifest, ReceiptBundle
from biandun_protocol.wire.numbers import SCHEMA_RECEIPT_BUNDLE
from biandun_protocol.wire.statement import ReceiptPayload


@dataclass(frozen=True)
class Receipt:
    """A receipt as it is handed out: the bytes of statement and payload."""

    statement: bytes
    payload: bytes

    @classmethod
    def decode(cls, raw: bytes) -> "Receipt":
        """Decode a bundle.  Raises ReceiptProblem(receipt-malformed)."""
        try:
            bundle = records.decode(ReceiptBundle, raw)
        except codec.MessageError as error:
            raise ReceiptProblem("receipt-malformed", field=error.field) from None
        if bundle.schema != SCHEMA_RECEIPT_BUNDLE:
            raise ReceiptProblem("receipt-malformed", field=0)
        return cls(bundle.statement, bundle.payload)

    def encode(self) -> bytes:
        """Return the bytes of the bundle."""
        return cbor.dumps(
            codec.to_map(ReceiptBundle(SCHEMA_RECEIPT_BUNDLE, self.statement, self.payload))
        )

    def read(self) -> ReceiptPayload:
        """Return the payload, unverified.  Raises ReceiptProblem(receipt-malformed)."""
        try:
            return wire.decode_receipt_payload(self.payload)
        except CborError as error:
            raise ReceiptProblem("receipt-malformed", detail=str(error)) from None


def sign_receipt(
    office: Signer, *, office_id: str, region: str, x5t: bytes, payload: ReceiptPayload
) -> Receipt:
    """Sign a receipt with the office's key over an inclusion proof."""
    raw = cbor.dumps(payload.items())
    statement = cose.sign_office(
        office, purpose="receipt", office_id=office_id, region=region, x5t=x5t, manifest=raw
    )
    return Receipt(statement, raw)


def verify_receipt(
    receipt: Receipt, statement: Statement, issuer: IssuerManifest, algorithm: Algorithm
) -> ReceiptPayload:
    """Verify a receipt for ``statement`` under the office's key; return its payload.

    Raises StatementProblem (form, signature), ReceiptProblem: receipt-foreign, receipt-mismatch,
    receipt-proof.
    """
    signed = cose.parse(receipt.statement, purpose="receipt")
    if signed.header.issuer != cose.OFFICE_ISSUER + issuer.office_id:
        raise ReceiptProblem("receipt-foreign", office=signed.header.issuer)
    cose.verify(signed, PublicKey(algorithm, issuer.public_key))
    if signed.header.x5t != issuer.x5t:
        raise ReceiptProblem("receipt-foreign", office=signed.header.issuer)
    payload = receipt.read()
    if not signed.covers(receipt.payload):
        raise ReceiptProblem("receipt-mismatch")
    if payload.statement_id != statement.id:
        raise ReceiptProblem("receipt-mismatch")
    if not payload.proves(
        wire.log_leaf(statement.id, statement.raw, statement.digest, payload.received)
    ):
        raise ReceiptProblem("receipt-proof")
    return payload
