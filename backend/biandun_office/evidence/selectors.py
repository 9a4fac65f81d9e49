"""Reads of the evidence."""

from collections.abc import Iterable, Mapping, Sequence

from django.db.models import QuerySet, Sum

from biandun_office.evidence import tree
from biandun_office.evidence.models import Alert, Blob, Node, Receipt, Statement
from biandun_office.evidence.tree import Coordinate
from biandun_office.platform import sql
from biandun_office.platform.errors import Refused
from biandun_protocol.wire.statement import log_leaf

MOST_ENTRIES = 1000

# also run on a copy of the database: the number of statements, and of blobs that they need
CONTENTS = (
    "SELECT (SELECT COUNT(*) FROM evidence_statement),"
    " (SELECT COUNT(*) FROM evidence_blob WHERE referenced)"
)
_NODE = '(level = %s AND "index" = %s)'
_NODES = 'SELECT level, "index", hash FROM evidence_node WHERE '
_NEWEST = "SELECT leaf_index, received FROM evidence_statement ORDER BY leaf_index DESC LIMIT 1"
_PRESENT = "SELECT statement_id FROM evidence_statement WHERE statement_id IN %l"
_GIVEN = (
    "SELECT evidence_receipt.statement_id, evidence_receipt.bundle FROM evidence_statement"
    " JOIN evidence_receipt ON evidence_receipt.statement_id = evidence_statement.leaf_index"
    " WHERE evidence_statement.statement_id = %s"
)


class DatabaseNodes:
    """The log's nodes in the database (tree.NodeStore)."""

    def load(self, wanted: Iterable[Coordinate]) -> Mapping[Coordinate, bytes]:
        """Load the nodes with one query."""
        places = [number for place in wanted for number in place]
        if not places:
            return {}
        text = _NODES + " OR ".join(_NODE for _ in range(len(places) // 2))
        return {(level, index): bytes(value) for level, index, value in sql.rows(text, *places)}

    def add(self, nodes: Mapping[Coordinate, bytes]) -> None:
        """Insert the nodes with one statement."""
        sql.insert_many(Node, [(level, index, value) for (level, index), value in nodes.items()])


NODES = DatabaseNodes()


def log_size() -> int:
    """The number of log entries."""
    return position()[0]


def position() -> tuple[int, int]:
    """The number of log entries, and when the newest was received (0 for an empty log)."""
    newest = sql.rows(_NEWEST)
    return (newest[0][0] + 1, newest[0][1]) if newest else (0, 0)


def present(statement_ids: Sequence[str]) -> set[str]:
    """Which of these statements are in the log."""
    return {name for (name,) in sql.rows(sql.several(_PRESENT, len(statement_ids)), *statement_ids)}


def statements() -> QuerySet[Statement]:
    """Every statement, in the order of the log."""
    return Statement.objects.order_by("leaf_index")


def statement_by_id(statement_id: str) -> Statement:
    """The statement with its certificate and receipt.  Raises Refused(statement-not-found)."""
    related = ("certificate__device", "receipt")
    found = Statement.objects.select_related(*related).filter(statement_id=statement_id).first()
    if found is None:
        raise Refused("statement-not-found")
    return found


def receipt_given(statement_id: str) -> tuple[int, bytes] | None:
    """Log index and receipt of a statement that was accepted before; None for any other."""
    return next(((leaf, bytes(bundle)) for leaf, bundle in sql.rows(_GIVEN, statement_id)), None)


def leaf_of(statement: Statement) -> bytes:
    """The log entry of a stored statement."""
    return log_leaf(
        bytes.fromhex(statement.statement_id),
        bytes(statement.raw),
        bytes.fromhex(statement.digest),
        statement.received,
    )


def entries(*, start: int, count: int) -> list[bytes]:
    """Up to ``count`` log entries from ``start`` on.  Raises Refused(proof-range)."""
    if not (0 <= start <= log_size() and 0 <= count <= MOST_ENTRIES):
        raise Refused("proof-range")
    rows = Statement.objects.filter(leaf_index__gte=start, leaf_index__lt=start + count).order_by(
        "leaf_index"
    )
    return [leaf_of(row) for row in rows]


def head() -> tuple[int, bytes, int]:
    """Size, root hash and time of the log; the time is that of the newest entry (0 when empty)."""
    size, received = position()
    return size, tree.root(NODES, size), received


def consistency(*, first: int, second: int) -> list[bytes]:
    """The consistency proof between log sizes ``first`` and ``second`` (RFC 9162 section 2.1.4).

    Raises Refused(proof-range).
    """
    if not 0 <= first <= second <= log_size():
        raise Refused("proof-range")
    return tree.consistency(NODES, first, second)


def newest_receipt() -> Receipt | None:
    """The receipt over the largest tree; None for an empty log."""
    return Receipt.objects.select_related("statement").order_by("-statement_id").first()


def unreferenced_bytes() -> int:
    """The total size in bytes of blobs that no accepted statement names."""
    return Blob.objects.filter(referenced=False).aggregate(total=Sum("size"))["total"] or 0


def alerts() -> QuerySet[Alert]:
    """Every alert with the key that it is about, oldest first."""
    return Alert.objects.select_related("certificate__device").all()
