"""One turn at the end of the log: what the holder of the write lock has read under it, and what it
is about to write.

Statements that share a commit share a turn.  What several of them need is read once for all, what
they add is written by one text a table at the end.  A statement whose key's chain another one of
the turn has touched sees what that one did: it is written first, and read again.
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
    """A statement whose signature holds, and whose it is.

    ``certificate`` is the newest of its chain, ``named`` the one that the statement names: the
    same, or one before it.
    """

    statement: cose.Statement
    certificate: Certificate
    named: Certificate

    @property
    def name(self) -> str:
        """The statement's name in hexadecimal."""
        return self.statement.id.hex()

    @property
    def chain(self) -> str:
        """The chain that its key pair signs in."""
        return self.certificate.chain

    @property
    def seq(self) -> int:
        """Its number in that chain."""
        return self.statement.header.seq or 0


@dataclass(frozen=True)
class Seen:
    """What the database says of a statement: is it there, may its key sign, what is known around
    its number.
    """

    present: bool
    state: str | None
    known: chain.Known


class Turn:
    """Made by the holder of the write lock, for the statements that it is going to take in."""

    def __init__(self, arrivals: Sequence[Arrival]) -> None:
        self.pending = Pending()
        self.size, self.last = selectors.position()  # leaves, and when the last was received
        self._seen = _look(arrivals)
        self._touched: set[str] = set()  # chains
        self._nodes: dict[Coordinate, bytes] = {}
        self._blobs: dict[str, int] = {}  # digest: when it became evidence

    def face(self, arrival: Arrival, *, reads_cases: bool) -> None:
        """Write, before a statement is attempted, what the turn did before and this one must see:
        of its chain, or of any case.
        """
        touched = arrival.chain in self._touched
        if touched or reads_cases:
            self.write()
        if touched:
            self._seen |= _look([arrival])
        self._touched.add(arrival.chain)

    def seen(self, arrival: Arrival) -> Seen:
        """What stands in the database for this statement, with everything that the turn did before
        it; to be asked once.
        """
        return self._seen.pop(arrival.name)

    @contextmanager
    def attempt(self) -> Generator[None]:
        """Forget what a statement has added when its taking in raises."""
        before = self.size, self.last, dict(self._blobs)
        try:
            with self.pending.attempt():
                yield
        except Exception:
            self.size, self.last, self._blobs = before
            raise

    def load(self, wanted: Iterable[Coordinate]) -> Mapping[Coordinate, bytes]:
        """Nodes of the tree, also those that are not written yet (tree.NodeStore)."""
        places = list(wanted)
        self._nodes |= NODES.load([place for place in places if place not in self._nodes])
        return {place: self._nodes[place] for place in places}

    def add(self, nodes: Mapping[Coordinate, bytes]) -> None:
        """Keep new nodes (tree.NodeStore)."""
        self._nodes |= nodes
        for (level, index), value in nodes.items():
            self.pending.insert(Node, level, index, value)

    def append(
        self, certificate: Certificate, statement: cose.Statement, *, gap: bool, received: int
    ) -> None:
        """Add the statement's row; its nodes are added already."""
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
        """Add a statement's receipt; from now on its blobs, ``attached`` among them, are
        evidence.
        """
        self.pending.insert(Receipt, leaf_index, bundle, tree_size)
        for digest in attached:
            self.pending.insert(Attached, leaf_index, digest)
        self._blobs |= dict.fromkeys(digests, self.last)

    def write(self) -> None:
        """Write what was added so far."""
        blobs, self._blobs = self._blobs, {}
        if blobs:
            kept.reference(blobs)
        self.pending.write()


def _look(arrivals: Sequence[Arrival]) -> dict[str, Seen]:
    """Read it for all with a query for each question; of two that share a chain the second will be
    read again.
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
