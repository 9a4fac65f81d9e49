"""Checks the stored evidence against itself, starting from the stored statements.

Everything that can be derived from them is computed again and compared.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from biandun_office.evidence import kept, selectors, tree
from biandun_office.evidence.models import ForkEvidence, Node, Statement
from biandun_office.evidence.tree import Coordinate
from biandun_office.office.identity import ISSUER_STATEMENT, ISSUING_CERTIFICATE, Office
from biandun_office.timekeeping.selectors import corrections
from biandun_protocol import cose
from biandun_protocol.certificate import verify_issuer
from biandun_protocol.errors import ProtocolProblem
from biandun_protocol.receipt import Receipt, verify_receipt
from biandun_protocol.wire.merkle import leaf_hash


@dataclass
class _Memory:
    nodes: dict[Coordinate, bytes] = field(default_factory=dict)

    def load(self, wanted: Iterable[Coordinate]) -> Mapping[Coordinate, bytes]:
        return {node: self.nodes[node] for node in wanted}

    def add(self, nodes: Mapping[Coordinate, bytes]) -> None:
        self.nodes.update(nodes)


@dataclass(frozen=True)
class Rebuilt:
    """The log as computed from its statements; ``faults`` are the disagreements, as sentences."""

    size: int
    root: bytes
    faults: list[str]


def rebuild(office: Office) -> Rebuilt:
    """Rebuild the log from the statements and compare it with stored nodes and the newest receipt.

    The receipt is signed, so somebody who can only write to the database cannot forge a matching
    one.
    """
    memory, size, faults = _Memory(), 0, list[str]()
    last, corrected = 0, {check.log_size for check in corrections()}
    for row in Statement.objects.order_by("leaf_index").iterator():
        if row.leaf_index != size:
            faults.append(f"leaf {size} is missing")
        parsed = _parse(row)
        if (
            parsed is None
            or parsed.id.hex() != row.statement_id
            or parsed.digest.hex() != row.digest
        ):
            faults.append(f"statement {row.leaf_index} is not what its row says")
        if row.received < last and size not in corrected:
            faults.append(
                f"statement {row.leaf_index} was received before the one before it, and no correction says why"  # noqa: E501
            )
        last = row.received
        tree.append(memory, size, leaf_hash(selectors.leaf_of(row)))
        size += 1
    faults.extend(_compare_nodes(memory.nodes))
    faults.extend(_compare_receipt(memory, size, office))
    faults.extend(_check_forks())
    faults.extend(_check_office(office))
    return Rebuilt(size, tree.root(memory, size), faults)


def _check_forks() -> list[str]:
    faults: list[str] = []
    for name, raw in ForkEvidence.objects.values_list("statement_id", "raw").iterator():
        try:
            same = kept.read(bytes(raw)).statement.id.hex() == name
        except ProtocolProblem:
            same = False
        if not same:
            faults.append(f"fork {name} is not what its row says")
    return faults


def _check_office(office: Office) -> list[str]:
    """Verify the office's own certificates, on which every receipt and profile depends."""
    try:
        issuer = verify_issuer(office.issuer, office.root_key)
    except ProtocolProblem as problem:
        return [f"{ISSUER_STATEMENT} does not hold: {problem.code}"]
    if issuer.public_key != office.issuing_key.point or issuer.x5t != office.x5t:
        return [f"{ISSUING_CERTIFICATE} is not the certificate that the root names"]
    return []


def _parse(row: Statement) -> cose.Statement | None:
    try:
        return cose.parse(bytes(row.raw), purpose=row.purpose)
    except ProtocolProblem:
        return None


def _compare_nodes(expected: dict[Coordinate, bytes]) -> list[str]:
    faults: list[str] = []
    seen = 0
    for level, index, value in Node.objects.values_list("level", "index", "hash").iterator():
        seen += 1
        if expected.get((level, index)) != bytes(value):
            faults.append(f"node {level}/{index} differs")
    if seen != len(expected):
        faults.append(f"{seen} nodes where {len(expected)} belong")
    return faults


def _compare_receipt(memory: _Memory, size: int, office: Office) -> list[str]:
    newest = selectors.newest_receipt()
    if newest is None:
        return ["the newest receipt is missing"] if size else []
    statement = _parse(newest.statement)
    if statement is None:
        return ["the newest receipt's statement does not parse"]
    try:
        payload = verify_receipt(
            Receipt.decode(bytes(newest.bundle)),
            statement,
            office.issuer_manifest,
            office.algorithm,
        )
    except ProtocolProblem as problem:
        return [f"the newest receipt does not hold: {problem.code}"]
    if payload.tree_size != size or payload.root != tree.root(memory, size):
        return ["the newest receipt's root is not the log's"]
    return []
