"""Reads of the evidence."""

from collections.abc import Iterable, Mapping

from django.db.models import Q, Sum

from biandun_office.errors import Refused
from biandun_office.evidence import tree
from biandun_office.evidence.models import Blob, Node, Receipt, Statement
from biandun_office.evidence.tree import Coordinate
from biandun_protocol.wire.statement import log_leaf

MOST_ENTRIES = 1000


class DatabaseNodes:
    """The log's nodes in the database (tree.NodeStore)."""

    def load(self, wanted: Iterable[Coordinate]) -> Mapping[Coordinate, bytes]:
        """Load the nodes with one query."""
        condition = Q()
        for level, index in wanted:
            condition |= Q(level=level, index=index)
        if not condition:
            return {}
        return {
            (level, index): bytes(value)
            for level, index, value in Node.objects.filter(condition).values_list("level", "index", "hash")
        }

    def add(self, nodes: Mapping[Coordinate, bytes]) -> None:
        """Insert the nodes with one statement."""
        Node.objects.bulk_create([Node(level=level, index=index, hash=value) for (level, index), value in nodes.items()])


NODES = DatabaseNodes()


def log_size() -> int:
    """How many leaves the log has."""
    return position()[0]


def position() -> tuple[int, int]:
    """How many leaves the log has, and when the newest was received (0 for an empty log)."""
    newest = Statement.objects.order_by("-leaf_index").values_list("leaf_index", "received").first()
    return (0, 0) if newest is None else (newest[0] + 1, newest[1])


def statement_by_id(statement_id: str) -> Statement:
    """The statement with its certificate and case.  Raises Refused(statement-not-found)."""
    related = ("certificate__device", "case_entry__case", "receipt")
    found = Statement.objects.select_related(*related).filter(statement_id=statement_id).first()
    if found is None:
        raise Refused("statement-not-found")
    return found


def answer_given(statement_id: str) -> tuple[str, bytes] | None:
    """Case number and receipt of a statement that the office has accepted, or None."""
    rows = Statement.objects.filter(statement_id=statement_id).values_list("case_entry__case__number", "receipt__bundle")
    return next(((number, bytes(bundle)) for number, bundle in rows), None)


def neighbours(kid: str, seq: int) -> dict[int, tuple[str, str]]:
    """What is known of a key's chain at ``seq`` and beside it: sequence number -> (statement id, its predecessor's)."""
    rows = Statement.objects.filter(kid=kid, seq__in=(seq - 1, seq, seq + 1)).values_list("seq", "statement_id", "prev")
    return {number: (statement_id, prev) for number, statement_id, prev in rows}


def leaf_of(statement: Statement) -> bytes:
    """The log entry of a stored statement."""
    return log_leaf(
        bytes.fromhex(statement.statement_id), bytes(statement.raw), bytes.fromhex(statement.digest), statement.received
    )


def entries(*, start: int, count: int) -> list[bytes]:
    """Up to ``count`` log entries from ``start`` on.  Raises Refused(proof-range)."""
    if not (0 <= start <= log_size() and 0 <= count <= MOST_ENTRIES):
        raise Refused("proof-range")
    rows = Statement.objects.filter(leaf_index__gte=start, leaf_index__lt=start + count).order_by("leaf_index")
    return [leaf_of(row) for row in rows]


def head() -> tuple[int, bytes, int]:
    """Size, root and time of the log: the root of the first ``size`` entries, the time of the last (0 when empty)."""
    size, received = position()
    return size, tree.root(NODES, size), received


def consistency(*, first: int, second: int) -> list[bytes]:
    """The proof that the log of ``first`` entries begins that of ``second``.  Raises Refused(proof-range)."""
    if not 0 <= first <= second <= log_size():
        raise Refused("proof-range")
    return tree.consistency(NODES, first, second)


def newest_receipt() -> Receipt | None:
    """The receipt over the largest tree."""
    return Receipt.objects.select_related("statement").order_by("-statement_id").first()


def unreferenced_bytes() -> int:
    """How much is stored that no accepted statement names."""
    return Blob.objects.filter(referenced=False).aggregate(total=Sum("size"))["total"] or 0
