"""Challenges of a key and orders of its office: reset, reinstate, set the time (SPEC section 6.4).

Both travel as files: ``Challenge`` from the key, a signed ``OrderManifest`` back.  An order names
the challenge's nonce, so it is valid for one key and only once.
"""

from dataclasses import dataclass

from biandun_protocol import cose, records
from biandun_protocol.algorithms import Algorithm, PublicKey, Signer
from biandun_protocol.certificate import Signed, sign
from biandun_protocol.errors import StatementProblem
from biandun_protocol.wire import codec
from biandun_protocol.wire.messages import Challenge, IssuerManifest, OrderManifest
from biandun_protocol.wire.numbers import (
    PURPOSE_REINSTATE,
    PURPOSE_RESET,
    PURPOSE_SET_TIME,
    SCHEMA_CHALLENGE,
    SCHEMA_ORDER,
)

ORDERS = (PURPOSE_RESET, PURPOSE_REINSTATE, PURPOSE_SET_TIME)


@dataclass(frozen=True)
class Order:
    """An order as a file; ``purpose`` is one of ``ORDERS``."""

    purpose: str
    signed: Signed

    def encode(self) -> bytes:
        """Return the bytes of the file."""
        return self.signed.encode()

    @property
    def statement_id(self) -> bytes:
        """The name of the order's statement, which ``reinstate`` may put into the key's chain."""
        return cose.parse(self.signed.statement, purpose=self.purpose).id

    def read(self) -> OrderManifest:
        """Return the manifest, unverified.

        Raises ManifestProblem: manifest-malformed, schema-unknown.
        """
        return records.read(OrderManifest, self.signed.manifest, SCHEMA_ORDER)


def decode_challenge(raw: bytes) -> Challenge:
    """Decode a challenge file.  Raises ManifestProblem: manifest-malformed, schema-unknown."""
    return records.read(Challenge, raw, SCHEMA_CHALLENGE)


def decode_order(raw: bytes) -> Order:
    """Decode an order file; the purpose is taken from its statement.

    Raises ManifestProblem, StatementProblem(purpose-mismatch).
    """
    signed = Signed.decode(raw)
    problem = StatementProblem("purpose-mismatch", expected=", ".join(ORDERS))
    for purpose in ORDERS:
        try:
            cose.parse(signed.statement, purpose=purpose)
        except StatementProblem as error:
            if error.code != problem.code:
                problem = error
        else:
            return Order(purpose, signed)
    raise problem


def sign_order(
    office: Signer,
    *,
    purpose: str,
    office_id: str,
    region: str,
    x5t: bytes,
    manifest: OrderManifest,
) -> Order:
    """Sign an order with the office's key."""
    return Order(purpose, sign(office, purpose, office_id, region, x5t, codec.encode(manifest)))


def verify_order(order: Order, issuer: IssuerManifest, algorithm: Algorithm) -> OrderManifest:
    """Verify an order under the office's key.  Raises StatementProblem, ManifestProblem."""
    order.signed.verify(order.purpose, PublicKey(algorithm, issuer.public_key))
    return order.read()
