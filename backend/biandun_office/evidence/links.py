"""Exports of links: signed lists of the statement ids of a run of a key's chain.

They close gaps when a statement was lost.
"""

from dataclasses import dataclass

from django.db.models import Q

from biandun_office.evidence import chain, forks, selectors
from biandun_office.evidence.chain import Contradiction
from biandun_office.evidence.models import Link, LinkedName
from biandun_office.issuance.checks import (
    compare_header,
    require_newest_pair,
    require_standing,
    require_validity,
)
from biandun_office.issuance.models import Certificate
from biandun_office.issuance.selectors import certificate_of
from biandun_office.issuance.states import current, note_use
from biandun_office.platform import logs
from biandun_office.platform.database import writing
from biandun_office.platform.errors import Refused
from biandun_protocol import cose
from biandun_protocol.algorithms import Algorithm, PublicKey
from biandun_protocol.certificate import Signed
from biandun_protocol.links import verify_links
from biandun_protocol.wire.messages import LinksManifest
from biandun_protocol.wire.numbers import PURPOSE_LINK


@dataclass(frozen=True)
class Closed:
    """Which sequence numbers an export filled, and which runs (first, last) are still missing."""

    closed: list[int]
    open: list[tuple[int, int]]


def receive_links(signed: Signed, raw: bytes, *, algorithm: Algorithm, now: int) -> Closed:
    """Verify an export of links and store it; idempotent.

    ``raw`` are the received bytes, ``algorithm`` is the office's.  Raises StatementProblem and
    Refused as ``intake.receive``; an export that contradicts known ids is stored as a fork.
    """
    statement = cose.parse(signed.statement, purpose=PURPOSE_LINK)
    certificate = certificate_of(statement.header.kid)
    named = compare_header(statement.header, certificate)
    manifest = verify_links(signed, PublicKey(algorithm, bytes(named.public_key)))
    with writing():
        outcome = _take(statement, manifest, (certificate, named), raw, now)
    if isinstance(outcome, Contradiction):
        raise Refused(outcome.code, seq=outcome.seq)
    logs.action(
        "evidence.links.accepted",
        serial=certificate.device.serial,
        first=manifest.first,
        closed=len(outcome),
    )
    return Closed(outcome, missing_of(certificate.chain))


def missing_of(chain_id: str) -> list[tuple[int, int]]:
    """The runs (first, last) of a key's chain that have not arrived, lowest first."""
    return sorted((first, gap.seq) for gap, first in chain.open_gaps(Q(chain=chain_id)))


def _take(
    statement: cose.Statement,
    manifest: LinksManifest,
    certificates: tuple[Certificate, Certificate],
    raw: bytes,
    now: int,
) -> list[int] | Contradiction:
    name, (certificate, named) = statement.id.hex(), certificates
    if Link.objects.filter(pk=name).exists():
        return []
    require_standing(current(certificate))
    require_validity(named, now)
    # the ids in an export are believed, so a superseded pair must not claim any
    require_newest_pair(named)
    claimed = {manifest.first + place: one.hex() for place, one in enumerate(manifest.ids)}
    known = chain.known(certificate.chain, manifest.first - 1, max(claimed))
    contradiction = known.contradiction(claimed, own=claimed)
    if contradiction is not None:
        forks.record(
            certificate=certificate, statement_id=name, raw=raw, found=contradiction, now=now
        )
        return contradiction
    forks.check_log_point(
        certificate=certificate, header=statement.header, size=selectors.log_size(), now=now
    )
    new = [seq for seq in claimed if seq not in known.arrived]
    top = chain.top(certificate.chain)
    note_use(named, now)
    link = Link.objects.create(statement_id=name, certificate=certificate, raw=raw, received=now)
    LinkedName.objects.bulk_create(
        LinkedName(link=link, chain=certificate.chain, seq=seq, statement_id=claimed[seq])
        for seq in new
    )
    missing = manifest.first - 1 if known.misses(manifest.first - 1) else None
    chain.note_gaps(certificate=certificate, filled=new, by=name, missing=missing, now=now)
    return [seq for seq in new if seq < top]
