"""A key's chain of statements as it arrives, checked by statement ids.

The rules: docs/design/key.md, "No clock, and the chain".

A statement claims two ids: its own at its sequence number, and its predecessor's one below.  An
export of links claims the ids of a run of numbers.  The office remembers every claim.  A claim of
another id at a number that has one is a contradiction, in whichever order the two arrive.  A number
that no statement has filled is a gap, and gaps block nothing.

Key pairs that succeeded each other in one key sign in one chain: everything that an older pair
signed is below everything that a newer one signed.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Max, Q, QuerySet

from biandun_office.evidence.models import Gap, LinkedName, Statement
from biandun_office.issuance.models import Certificate
from biandun_office.issuance.selectors import pairs_of
from biandun_office.platform import logs, sql
from biandun_office.platform.errors import Refused
from biandun_protocol.cose import Header

_HIGHEST = (1 << 63) - 1  # the largest integer that a column holds
# one row of ``asked`` for each key pair of a stretch: chain, kid, first and last number
_KNOWN = (
    "WITH asked(chain, kid, first, last) AS (VALUES %v)"
    " SELECT asked.chain, found.seq, found.statement_id, found.prev FROM asked"
    " JOIN evidence_statement AS found ON found.kid = asked.kid AND found.seq BETWEEN asked.first AND asked.last"  # noqa: E501
    " UNION ALL SELECT asked.chain, linked.seq, linked.statement_id, '' FROM asked"
    " JOIN evidence_linkedname AS linked ON linked.kid = asked.chain AND linked.seq BETWEEN asked.first AND asked.last"  # noqa: E501
)
_STRETCH = (
    "(CAST(%s AS VARCHAR(64)), CAST(%s AS VARCHAR(64)), CAST(%s AS BIGINT), CAST(%s AS BIGINT))"
)


@dataclass(frozen=True)
class Contradiction:
    """Two different ids at number ``seq``; ``known`` is the one that the office had before.

    ``code`` is chain-fork when that number has another statement, chain-broken when a link is
    wrong.
    """

    code: str
    seq: int
    known: str


@dataclass(frozen=True)
class Stretch:
    """A part of a chain: the kids of its key pairs, its first and its last number."""

    pairs: Sequence[str]
    first: int
    last: int


@dataclass(frozen=True)
class Known:
    """What the office knows of a stretch of a chain.

    ``names`` maps sequence numbers to statement ids.  ``arrived`` has the numbers of which a
    statement or a link was received; its value is True when the statement itself was.
    """

    names: Mapping[int, str]
    arrived: Mapping[int, bool]

    def contradiction(
        self, claimed: Mapping[int, str], *, own: Container[int]
    ) -> Contradiction | None:
        """The contradiction at the highest number of which ``claimed`` has another id, or None.

        ``own`` are the numbers of the claiming statement or statements themselves, without those
        that they claim only for a predecessor.
        """
        for seq in sorted(claimed, reverse=True):
            known = self.names.get(seq)
            if known is not None and known != claimed[seq]:
                taken = seq in own and self.arrived.get(seq, False)
                return Contradiction("chain-fork" if taken else "chain-broken", seq, known)
        return None

    def misses(self, seq: int) -> bool:
        """Should number ``seq`` have arrived, and has it not?"""
        return seq >= 1 and seq not in self.arrived


def known(chain: str, first: int, last: int) -> Known:
    """What the office knows of a chain's numbers ``first`` to ``last``."""
    return known_of({chain: Stretch(list(pairs_of(chain)), first, last)})[chain]


def known_of(stretches: Mapping[str, Stretch]) -> dict[str, Known]:
    """What the office knows of one stretch of each of several chains, with one query."""
    names: dict[str, dict[int, str]] = {chain: {} for chain in stretches}
    arrived: dict[str, dict[int, bool]] = {chain: {} for chain in stretches}
    # the statement after the last number claims that number's id
    asked = [
        value
        for chain, stretch in stretches.items()
        for pair in stretch.pairs or (chain,)
        for value in (chain, pair, stretch.first, min(stretch.last + 1, _HIGHEST))
    ]
    rows = len(asked) // 4
    for chain, seq, name, prev in sql.rows(
        _KNOWN.replace("%v", ", ".join([_STRETCH] * rows)), *asked
    ):
        names[chain][seq] = name
        if prev:
            names[chain][seq - 1] = prev
        # a row from a link has no ``prev``
        arrived[chain][seq] = arrived[chain].get(seq, False) or bool(prev)
    return {chain: Known(names[chain], arrived[chain]) for chain in stretches}


def top(chain: str) -> int:
    """The highest number of a chain of which the office knows an id; 0 when it knows none."""
    return max(rows.aggregate(top=Max("seq"))["top"] or 0 for rows in _named(chain))


def _named(chain: str) -> tuple[QuerySet[Statement], QuerySet[LinkedName]]:
    """The statements and the links that claim an id for any number of a chain."""
    pairs = list(pairs_of(chain))  # a list, not a subquery, so that both databases use an index
    return Statement.objects.filter(kid__in=pairs), LinkedName.objects.filter(chain=chain)


def check_key_pair_order(newest: Certificate, named: Certificate, seq: int) -> Contradiction | None:
    """Has a newer key pair signed below ``seq``, or an older one above it?

    ``named`` is the certificate of the pair that signed ``seq``.
    """
    if newest.chain == newest.kid:
        return None  # the chain has only one key pair
    pairs = pairs_of(newest.chain)
    newer = [kid for kid, version in pairs.items() if version > pairs[named.kid]]
    older = [kid for kid, version in pairs.items() if version < pairs[named.kid]]
    other = (
        Statement.objects.filter(Q(kid__in=newer, seq__lt=seq) | Q(kid__in=older, seq__gt=seq))
        .order_by("seq")
        .first()
    )
    return Contradiction("chain-broken", other.seq, other.statement_id) if other else None


def claimed_ids(header: Header, statement_id: str) -> dict[int, str]:
    """The ids that a statement claims, by sequence number: its own, and its predecessor's."""
    seq = header.seq or 0
    return {seq: statement_id, seq - 1: (header.prev or b"").hex()}


def note_gaps(
    *, certificate: Certificate, filled: Sequence[int], by: str, missing: int | None, now: int
) -> list[int]:
    """Close the gaps that the numbers ``filled`` have filled; open one at ``missing``.

    ``by`` is the id of the statement or export that filled them.  Return the numbers of the closed
    gaps.  A gap that became smaller keeps the time when it was found.
    """
    chain, opened = certificate.chain, now
    closing = list(Gap.objects.filter(chain=chain, seq__in=filled, closed=None)) if filled else []
    for gap in closing:
        gap.closed, gap.closed_by = now, by
        gap.save(update_fields=["closed", "closed_by"])
        opened = min(opened, gap.opened)
    if missing is not None:
        defaults = {"certificate": certificate, "opened": opened}
        Gap.objects.get_or_create(chain=chain, seq=missing, defaults=defaults)
    return [gap.seq for gap in closing]


def close_gap(*, serial: str, seq: int, reason: str, now: int) -> Gap:
    """Close a gap because a person found out that the statements up to ``seq`` will never arrive.

    Raises Refused(gap-unknown).
    """
    gap = Gap.objects.filter(certificate__device__serial=serial, seq=seq, closed=None).first()
    if gap is None:
        raise Refused("gap-unknown", serial=serial)
    gap.closed, gap.closed_by = now, reason[:64]
    gap.save(update_fields=["closed", "closed_by"])
    logs.action("evidence.gap.closed", serial=serial, seq=seq)
    return gap


def open_gaps(condition: Q | None = None) -> list[tuple[Gap, int]]:
    """Every open gap with the first number that is missing, oldest first."""
    gaps = (
        Gap.objects.filter(condition or Q(), closed=None)
        .select_related("certificate__device")
        .order_by("opened", "pk")
    )
    return [(gap, _lower_edge(gap)) for gap in gaps]


def _lower_edge(gap: Gap) -> int:
    below = [
        rows.filter(seq__lt=gap.seq).order_by("-seq").values_list("seq", flat=True)
        for rows in _named(gap.chain)
    ]
    return max(rows.first() or 0 for rows in below) + 1
