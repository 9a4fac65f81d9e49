"""The outbox: packages of statements that this key signed, on their way to somebody with a network.

A parcel is named by the idempotency key of its statement and comes in parts; it is whole when all are there.  It leaves when it is
taken out, or when the key has verified the receipt of its statement.  Parts are sealed under the data key: they name persons.
"""

from biandun_protocol.wire import cbor
from biandun_protocol.wire.numbers import LIMIT_PARCELS, LIMIT_PIECE
from etoken.crypto.faults import SecretInvalid
from etoken.vault import records

TYPE_CHECKING = False
if TYPE_CHECKING:
    from etoken.store.journal import Journal
    from etoken.vault.keys import Keys

MARK = 16  # bytes of the digest that stand before a part: it belongs to this parcel, not to one that was there before
PLACES = 64  # numbers of parts in one place


class Parcel:
    """One parcel; ``parts`` is how many it has."""

    def __init__(self, place: int, raw: bytes) -> None:
        self.place = place
        self.name: bytes
        self.digest: bytes
        self.length: int
        self.name, self.digest, self.length = cbor.loads(raw)  # type: ignore[misc]
        self.parts = -(-self.length // LIMIT_PIECE)

    def size_of(self, index: int) -> int:
        """How many bytes a part has."""
        return min(LIMIT_PIECE, self.length - index * LIMIT_PIECE)


class Outbox:
    """Parcels by place."""

    def __init__(self, journal: "Journal", keys: "Keys") -> None:
        self._journal = journal
        self._keys = keys

    def at(self, place: int) -> "Parcel | None":
        """The parcel at a place."""
        raw = self._journal.get(records.PARCEL, place)
        return Parcel(place, raw) if raw else None

    def parcels(self) -> "list[Parcel]":
        """All of them."""
        found = [self.at(place) for place in self._journal.numbers(records.PARCEL)]
        return [parcel for parcel in found if parcel is not None]

    def find(self, name: bytes) -> "Parcel | None":
        """The parcel of a statement."""
        for parcel in self.parcels():
            if parcel.name == name:
                return parcel
        return None

    def begin(self, name: bytes, digest: bytes, length: int) -> "Parcel | None":
        """Take a place for a parcel, its own when it has one; None when all are taken."""
        mine = self.find(name)
        taken = [parcel.place for parcel in self.parcels()]
        free = [mine.place] if mine else [place for place in range(LIMIT_PARCELS) if place not in taken]
        if not free:
            return None
        content: list[object] = [name, digest, length]
        raw = cbor.dumps(content)
        if self._journal.get(records.PARCEL, free[0]) != raw:
            self._journal.put(records.PARCEL, free[0], raw)
        return Parcel(free[0], raw)

    def missing(self, parcel: Parcel) -> int:
        """The first part that is not there; their number when all are."""
        for index in range(parcel.parts):
            if self._journal.peek(records.PART, parcel.place * PLACES + index, MARK) != parcel.digest[:MARK]:
                return index
        return parcel.parts

    def keep(self, parcel: Parcel, index: int, content: bytes) -> None:
        """Keep a part.  Raises Locked, StoreFull."""
        label = parcel.digest + bytes((index,))
        raw = parcel.digest[:MARK] + self._keys.conceal(label, content)
        if self._journal.get(records.PART, parcel.place * PLACES + index) != raw:
            self._journal.put(records.PART, parcel.place * PLACES + index, raw)

    def part(self, parcel: Parcel, index: int) -> bytes:
        """A part of a parcel.  Raises Locked, SecretInvalid."""
        raw = self._journal.get(records.PART, parcel.place * PLACES + index) or b""
        content = self._keys.reveal(parcel.digest + bytes((index,)), raw[MARK:])
        if content is None:
            raise SecretInvalid
        return content

    def drop(self, name: bytes) -> None:
        """Take a parcel out; its parts go with the next compaction."""
        parcel = self.find(name)
        if parcel is not None:
            self._journal.put(records.PARCEL, parcel.place, b"")

    def fate(self, number: int) -> bool:
        """Does a PART record survive a compaction?"""
        parcel = self.at(number // PLACES)
        return parcel is not None and self._journal.peek(records.PART, number, MARK) == parcel.digest[:MARK]
