"""Orders to one key, in answer to its challenge: to reset itself, to go on after its flash was set
back, or to set its time floor, which an office with a wrong clock has raised.

Why orders answer a challenge: docs/design/key.md, "PIN and vault".

A key that was set back has forgotten statements that it signed, and some of them may still be on
their way.  The office goes on where both can follow: after the highest number that either knows of,
with ``spare`` numbers left free.  The order's own name stands for the last of these, so the next
statement follows something that the office knows; what is missing below is a gap like any other.
"""

from collections.abc import Callable
from dataclasses import dataclass

from biandun_office.evidence import chain, forks
from biandun_office.evidence.models import Link, LinkedName, Order
from biandun_office.issuance import states
from biandun_office.issuance.checks import require_standing
from biandun_office.issuance.models import Certificate
from biandun_office.issuance.selectors import certificate_of
from biandun_office.issuance.services import IssuingKey
from biandun_office.platform import logs
from biandun_office.platform.database import writing
from biandun_office.platform.errors import Refused
from biandun_office.timekeeping.selectors import corrections
from biandun_protocol.orders import Order as SignedOrder
from biandun_protocol.orders import decode_challenge
from biandun_protocol.wire.messages import Challenge, OrderManifest
from biandun_protocol.wire.numbers import (
    PURPOSE_REINSTATE,
    PURPOSE_RESET,
    PURPOSE_SET_TIME,
    SCHEMA_ORDER,
)

SPARE = 64
MOST_SPARE = 100_000


@dataclass(frozen=True)
class Given:
    """An order as it is handed out; ``seq`` is the number after which a reinstated key goes on."""

    row: Order
    seq: int | None


def issue_order(
    *,
    authority: IssuingKey,
    challenge: bytes,
    purpose: str,
    spare: int = SPARE,
    reason: str,
    now: int,
    deliver: Callable[[bytes], None],
) -> Given:
    """Order the key that made ``challenge`` to reset itself, which revokes its certificate, to go
    on, or to set its time.

    ``deliver`` gets the order before anything is committed.  The same challenge again gets the same
    order.

    Raises ManifestProblem for another file; Refused: certificate-unknown, certificate-mismatch with
    the field, certificate-revoked (a revoked key does not go on, nor with another time),
    not-set-back, challenge-implausible.
    """
    asked = decode_challenge(challenge)
    with writing():
        certificate = certificate_of(asked.kid)
        if certificate.device.serial != asked.serial:
            raise Refused("certificate-mismatch", field="serial")
        row = Order.objects.filter(
            certificate__chain=certificate.chain, nonce=asked.nonce.hex(), purpose=purpose
        ).first()
        if row is None:
            row = _make(authority, certificate, asked, purpose, spare, reason, now)
        deliver(bytes(row.raw))
    logs.action(f"evidence.order.{purpose}", serial=asked.serial, seq=row.seq)
    return Given(row, row.seq)


def _make(
    authority: IssuingKey,
    certificate: Certificate,
    asked: Challenge,
    purpose: str,
    spare: int,
    reason: str,
    now: int,
) -> Order:
    seq = head = None
    time = until = entries = None
    if purpose == PURPOSE_SET_TIME:
        if states.current(certificate) != Certificate.State.SUSPENDED.value:
            require_standing(states.current(certificate))
        time, until, entries = _true_time(now)
    if purpose == PURPOSE_REINSTATE:
        if not asked.forgotten:
            raise Refused("not-set-back", serial=asked.serial)
        # that is what a fork of an older image leads to
        if states.current(certificate) != Certificate.State.SUSPENDED.value:
            require_standing(states.current(certificate))
        if asked.kid.hex() != certificate.kid:
            # an image from before its pair was succeeded: first the key takes its newest
            # certificate
            raise Refused("certificate-mismatch", field="kid")
        seq, head = _place(certificate.chain, asked, spare)
    manifest = OrderManifest(
        SCHEMA_ORDER, asked.serial, asked.nonce, seq, head, time, until, entries
    )
    signed = authority.signer().order(purpose, manifest)
    row = Order.objects.create(
        statement_id=signed.statement_id.hex(),
        certificate=certificate,
        purpose=purpose,
        nonce=asked.nonce.hex(),
        seq=seq,
        raw=signed.encode(),
        reason=reason[:400],
        issued=now,
    )
    if seq is not None and head is None:
        _stand_in(certificate, signed, seq, now)
    if purpose == PURPOSE_RESET and states.current(certificate) in (
        Certificate.State.ACTIVE,
        Certificate.State.SUSPENDED,
    ):
        states.revoke(certificate=certificate, reason=f"reset: {reason}"[:400], now=now)
        forks.resolve(certificate, f"reset: {reason}"[:400], now)
    return row


def _true_time(now: int) -> tuple[int, int | None, int | None]:
    """The time floor that a key is to have, up to which time and for how many entries what it has
    heard was wrong.

    The floor is that of the newest correction, so that what the office says again of the time
    between is as new for the key.
    """
    taken_back = corrections()
    if not taken_back:
        return now, None, None
    return taken_back[-1].at, max(check.last for check in taken_back), taken_back[-1].log_size


def _place(chain_id: str, asked: Challenge, spare: int) -> tuple[int, bytes | None]:
    """The number after which the chain goes on, and its name, unless the order itself is to be its
    name.
    """
    top = chain.top(chain_id)
    # nobody has signed it: the office must not begin to count from there
    if asked.seq > top + MOST_SPARE:
        raise Refused("challenge-implausible", seq=asked.seq, known=top)
    last = max(top, asked.seq)
    if spare:
        return last + spare, None
    name = chain.known(chain_id, last, last).names.get(last)
    return last, bytes.fromhex(name) if name else asked.head


def _stand_in(certificate: Certificate, signed: SignedOrder, seq: int, now: int) -> None:
    """The order is known as the name of number ``seq``; what is missing below it is a gap."""
    top, name = chain.top(certificate.chain), signed.statement_id.hex()
    link = Link.objects.create(
        statement_id=name, certificate=certificate, raw=signed.encode(), received=now
    )
    LinkedName.objects.create(link=link, chain=certificate.chain, seq=seq, statement_id=name)
    missing = seq - 1 if seq - 1 > top else None
    chain.note_gaps(certificate=certificate, filled=[], by=name, missing=missing, now=now)
