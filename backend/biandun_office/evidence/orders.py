"""Orders to keys as the office remembers them, and the number that one stands for in its key's
chain.
"""

from biandun_office.evidence import chain
from biandun_office.evidence.models import Link, LinkedName, Order
from biandun_office.issuance.models import Certificate
from biandun_protocol.orders import Order as SignedOrder

LONGEST_REASON = 400  # characters; the rest is cut off


def given(certificate: Certificate, nonce: bytes, purpose: str) -> Order | None:
    """The order that answered this challenge of the certificate's chain; None when none did."""
    return Order.objects.filter(
        certificate__chain=certificate.chain, nonce=nonce.hex(), purpose=purpose
    ).first()


def enter(
    *,
    certificate: Certificate,
    purpose: str,
    nonce: bytes,
    seq: int | None,
    signed: SignedOrder,
    reason: str,
    now: int,
) -> Order:
    """Remember an order that was signed; ``seq`` is the number after which its key goes on."""
    return Order.objects.create(
        statement_id=signed.statement_id.hex(),
        certificate=certificate,
        purpose=purpose,
        nonce=nonce.hex(),
        seq=seq,
        raw=signed.encode(),
        reason=reason[:LONGEST_REASON],
        issued=now,
    )


def stand_in(*, certificate: Certificate, signed: SignedOrder, seq: int, now: int) -> None:
    """Record the order's id as that of number ``seq``, and the numbers missing below as a gap."""
    top, name = chain.top(certificate.chain), signed.statement_id.hex()
    link = Link.objects.create(
        statement_id=name, certificate=certificate, raw=signed.encode(), received=now
    )
    LinkedName.objects.create(link=link, chain=certificate.chain, seq=seq, statement_id=name)
    missing = seq - 1 if seq - 1 > top else None
    chain.note_gaps(certificate=certificate, filled=[], by=name, missing=missing, now=now)
