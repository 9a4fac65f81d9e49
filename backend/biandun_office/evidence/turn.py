"""The reads and writes of the statements that are entered in one transaction (a turn).

The holder of the write lock makes a turn for them.  What several statements need is read with one
query, and their rows are written with one INSERT per table at the end.  If two statements are of
the same chain, the first is written before the second is entered, and the second's data are read
again.
"""

from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from biandun_office.evidence import chain, kept, selectors
from biandun_office.evidence.chain import Stretch
from biandun_office.evidence.models import Attached, Node, Receipt, Statement
from biandun_office.evidence.selectors import NODES
from biandun_office.evidence.tree import Coordinate
from biandun_office.issuance.models import Certificate
from biandun_office.issuance.selectors import standings_of
from biandun_office.platform.pending import Pending
from biandun_protocol import cose


@dataclass(frozen=True)
class Arrival:
    """A statement with a valid signature, and its certificates.

    ``certificate`` is the newest of its chain, ``named`` the one that the statement names: the same
    one, or an earlier one.
    """

    statement: cose.Statement
    certificate: Certificate
    named: Certificate

    @property
    def name(self) -> str:
        """The statement's id in hexadecimal."""
        return self.statement.id.hex()

    @property
    def chain(self) -> str:
        """The chain that its key pair signs in."""
        return self.certificate.chain

    @property
    def seq(self) -> int:
        """Its sequence number in that chain."""
        return self.statement.header.seq or 0


@dataclass(frozen=True)
class Seen:
    """What the database has about a statement before it is entered.

    Is it ``present`` in the log, the ``state`` of its certificate, and what is known around its
    number.
    """

    present: bool
    state: str | None
    known: chain.Known


class Turn:
    """The reads and writes of one transaction; made by the holder of the write lock."""

    def __init__(self, arrivals: Sequence[Arrival]) -> None:
        self.pending = Pending()
        self.size, self.last = selectors.position()  # log size, time of the newest entry
        self._seen = _look(arrivals)
        self._touched: set[str] = set()  # chains
        self._nodes: dict[Coordinate, bytes] = {}
        self._blobs: dict[str, int] = {}  # digest -> when its statement was received

    def face(self, arrival: Arrival, *, reads_cases: bool) -> None:
        """Before a statement is entered, write what it must be able to read.

        These are earlier statements of its chain in this turn and, with ``reads_cases``, all
        earlier ones.
        """
        touched = arrival.chain in self._touched
        if touched or reads_cases:
            self.write()
        if touched:
            self._seen |= _look([arrival])
        self._touched.add(arrival.chain)

    def seen(self, arrival: Arrival) -> Seen:
        """What the database has about a statement, with this turn's writes; to be called once."""
        return self._seen.pop(arrival.name)

    @contextmanager
    def attempt(self) -> Generator[None]:
        """Drop what a statement has added if the block raises."""
        before = self.size, self.last, dict(self._blobs)
        try:
            with self.pending.attempt():
                yield
        except Exception:
            self.size, self.last, self._blobs = before
            raise

    def load(self, wanted: Iterable[Coordinate]) -> Mapping[Coordinate, bytes]:
        """Nodes of the tree, including those not yet written (tree.NodeStore)."""
        places = list(wanted)
        self._nodes |= NODES.load([place for place in places if place not in self._nodes])
        return {place: self._nodes[place] for place in places}

    def add(self, nodes: Mapping[Coordinate, bytes]) -> None:
        """Add new nodes (tree.NodeStore)."""
        self._nodes |= nodes
        for (level, index), value in nodes.items():
            self.pending.insert(Node, level, index, value)

    def append(
        self, certificate: Certificate, statement: cose.Statement, *, gap: bool, received: int
    ) -> None:
        """Add the row of a statement whose nodes were added before."""
        header = statement.header
        self.pending.insert(
            Statement,
            self.size,
            statement.id.hex(),
            statement.raw,
            statement.digest.hex(),
            header.purpose,
            certificate.pk,
            header.kid.hex(),
            header.uscc,
            header.seq,
            (header.prev or b"").hex(),
            gap,
            received,
        )
        self.size, self.last = self.size + 1, received

    def keep(
        self,
        *,
        leaf_index: int,
        tree_size: int,
        bundle: bytes,
        digests: Sequence[str],
        attached: Sequence[str],
    ) -> None:
        """Add a statement's receipt, and mark its blobs as evidence, ``attached`` among them."""
        self.pending.insert(Receipt, leaf_index, bundle, tree_size)
        for digest in attached:
            self.pending.insert(Attached, leaf_index, digest)
        self._blobs |= dict.fromkeys(digests, self.last)

    def write(self) -> None:
        """Write all rows that were added so far."""
        blobs, self._blobs = self._blobs, {}
        if blobs:
            kept.reference(blobs)
        self.pending.write()


def _look(arrivals: Sequence[Arrival]) -> dict[str, Seen]:
    """Read what is known about each statement, with one query per question.

    Of several statements of one chain only the first is read; ``face`` reads the others.
    """
    if not arrivals:
        return {}
    present = selectors.present([arrival.name for arrival in arrivals])
    first = {arrival.chain: arrival for arrival in reversed(arrivals)}
    standings = standings_of(list(first))
    known = chain.known_of(
        {
            name: Stretch(standings[name].pairs, arrival.seq - 1, arrival.seq)
            for name, arrival in first.items()
        }
    )
    return {
        arrival.name: Seen(arrival.name in present, standings[name].state, known[name])
        for name, arrival in first.items()
    }
