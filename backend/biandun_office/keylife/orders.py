"""Orders to one key, in answer to its challenge: reset, reinstate, set-time.

A key that is reset erases itself.  A key is reinstated after an older image was written to its
flash.  Set-time corrects a key's time floor, which an office with a wrong clock has raised.

Why orders answer a challenge: docs/design/key.md, "PIN and vault".

A key whose flash was rolled back has lost statements that it signed, and some of them may not have
reached the office yet.  So a reinstated key continues after the highest number that it or the
office knows, with ``spare`` numbers left free.  The order's own id fills the last of these, so that
the next statement follows an id that the office knows; the numbers below are a gap like any other.
"""

from collections.abc import Callable
from dataclasses import dataclass

from biandun_office.evidence import chain, forks
from biandun_office.evidence import orders as evidence
from biandun_office.evidence.models import Order
from biandun_office.issuance import states
from biandun_office.issuance.checks import require_standing
from biandun_office.issuance.models import Certificate
from biandun_office.issuance.selectors import certificate_of
from biandun_office.issuance.services import IssuingKey
from biandun_office.platform import logs
from biandun_office.platform.database import writing
from biandun_office.platform.errors import Refused
from biandun_office.timekeeping.selectors import corrections
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
class IssuedOrder:
    """An issued order; ``seq`` is the number after which a reinstated key continues."""

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
) -> IssuedOrder:
    """Issue an order of ``purpose`` to the key that made ``challenge``.

    A reset also revokes the key's certificate.  ``deliver`` is called with the order before the
    transaction commits.  The same challenge gets the same order again.

    Raises ManifestProblem for a file that is no challenge; Refused: certificate-unknown,
    certificate-mismatch with the field, certificate-revoked (a revoked key is neither reinstated
    nor set), not-set-back, challenge-implausible.
    """
    asked = decode_challenge(challenge)
    with writing():
        certificate = certificate_of(asked.kid)
        if certificate.device.serial != asked.serial:
            raise Refused("certificate-mismatch", field="serial")
        row = evidence.given(certificate, asked.nonce, purpose)
        if row is None:
            row = _make(authority, certificate, asked, purpose, spare, reason, now)
        deliver(bytes(row.raw))
    logs.action(f"evidence.order.{purpose}", serial=asked.serial, seq=row.seq)
    return IssuedOrder(row, row.seq)


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
        # a suspended key is allowed: an older image leads to a fork, which suspends the key
        if states.current(certificate) != Certificate.State.SUSPENDED.value:
            require_standing(states.current(certificate))
        if asked.kid.hex() != certificate.kid:
            # the image is older than the key's newest key pair: it has to install its newest
            # certificate first
            raise Refused("certificate-mismatch", field="kid")
        seq, head = _place(certificate.chain, asked, spare)
    manifest = OrderManifest(
        SCHEMA_ORDER, asked.serial, asked.nonce, seq, head, time, until, entries
    )
    signed = authority.signer().order(purpose, manifest)
    row = evidence.enter(
        certificate=certificate,
        purpose=purpose,
        nonce=asked.nonce,
        seq=seq,
        signed=signed,
        reason=reason,
        now=now,
    )
    if seq is not None and head is None:
        evidence.stand_in(certificate=certificate, signed=signed, seq=seq, now=now)
    if purpose == PURPOSE_RESET and states.current(certificate) in (
        Certificate.State.ACTIVE,
        Certificate.State.SUSPENDED,
    ):
        ended = f"reset: {reason}"[: evidence.LONGEST_REASON]
        states.revoke(certificate=certificate, reason=ended, now=now)
        forks.resolve(certificate, ended, now)
    return row


def _true_time(now: int) -> tuple[int, int | None, int | None]:
    """The values of a set-time order: time floor, end of the wrong times, and log size.

    The floor is the time of the newest correction, so that the key accepts what the office signs
    again for the time in between.  The last two are None without a correction.
    """
    taken_back = corrections()
    if not taken_back:
        return now, None, None
    return taken_back[-1].at, max(check.last for check in taken_back), taken_back[-1].log_size


def _place(chain_id: str, asked: Challenge, spare: int) -> tuple[int, bytes | None]:
    """The number after which the chain continues, and its statement id.

    The id is None when the order's own id is to be used.
    """
    top = chain.top(chain_id)
    # a challenge is not signed: the office must not continue from any number in it
    if asked.seq > top + MOST_SPARE:
        raise Refused("challenge-implausible", seq=asked.seq, known=top)
    last = max(top, asked.seq)
    if spare:
        return last + spare, None
    name = chain.known(chain_id, last, last).names.get(last)
    return last, bytes.fromhex(name) if name else asked.head
