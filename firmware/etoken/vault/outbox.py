"""The outbox: packages of signed statements, to be carried to a computer with a network.

A parcel is named by the idempotency key of its statement and is transferred in parts; it is
complete when all parts are stored and its digest was compared.  It is deleted by command, or when
the key has verified the receipt of its statement.  Parts name persons, so they are sealed under the
data key.  See SPEC section 6.6.
"""

from biandun_protocol.wire import cbor
from biandun_protocol.wire.numbers import LIMIT_PARCELS, LIMIT_PIECE
from etoken.crypto.faults import SecretInvalid
from etoken.vault import records

TYPE_CHECKING = False
if TYPE_CHECKING:
    from etoken.store.journal import Journal
    from etoken.vault.keys import Keys

LABEL = b"part "
# bytes of the parcel's digest stored before a part, to tell it from parts of a parcel that was in
# the same place before
MARK = 16
PLACES = 64  # numbers of parts in one place


class Parcel:
    """One parcel; ``parts`` is their number, ``whole`` whether the digest of all was compared."""

    def __init__(self, place: int, raw: bytes) -> None:
        self.place = place
        self.name: bytes
        self.digest: bytes
        self.length: int
        self.whole: bool
        self.name, self.digest, self.length, self.whole = cbor.loads(raw)  # type: ignore[misc]
        self.parts = -(-self.length // LIMIT_PIECE)

    def size_of(self, index: int) -> int:
        """Return the size of a part in bytes."""
        return min(LIMIT_PIECE, self.length - index * LIMIT_PIECE)


class Outbox:
    """Parcels by place."""

    def __init__(self, journal: "Journal", keys: "Keys") -> None:
        self._journal = journal
        self._keys = keys

    def at(self, place: int) -> "Parcel | None":
        """Return the parcel at a place."""
        raw = self._journal.get(records.PARCEL, place)
        return Parcel(place, raw) if raw else None

    def parcels(self) -> "list[Parcel]":
        """Return all parcels."""
        found = [self.at(place) for place in self._journal.numbers(records.PARCEL)]
        return [parcel for parcel in found if parcel is not None]

    def find(self, name: bytes) -> "Parcel | None":
        """Return the parcel of a statement, by its idempotency key."""
        for parcel in self.parcels():
            if parcel.name == name:
                return parcel
        return None

    def begin(self, name: bytes, digest: bytes, length: int) -> "Parcel | None":
        """Store a new parcel in a free place; None when all places are taken."""
        taken = [parcel.place for parcel in self.parcels()]
        for place in range(LIMIT_PARCELS):
            if place not in taken:
                return self._write(place, name, digest, length, False)
        return None

    def close(self, parcel: Parcel) -> None:
        """Mark a parcel as complete: its digest was compared."""
        self._write(parcel.place, parcel.name, parcel.digest, parcel.length, True)

    def _write(self, place: int, name: bytes, digest: bytes, length: int, whole: bool) -> Parcel:
        content: list[object] = [name, digest, length, whole]
        raw = cbor.dumps(content)
        self._journal.put(records.PARCEL, place, raw)
        return Parcel(place, raw)

    def has(self, parcel: Parcel, index: int) -> bool:
        """Return whether this part is stored."""
        return (
            self._journal.peek(records.PART, parcel.place * PLACES + index, MARK)
            == parcel.digest[:MARK]
        )

    def missing(self, parcel: Parcel) -> int:
        """Return the index of the first part that is not stored; their number when all are."""
        for index in range(parcel.parts):
            if not self.has(parcel, index):
                return index
        return parcel.parts

    def missing_bytes(self, parcel: Parcel) -> int:
        """Return how many bytes are not stored."""
        return sum(
            [parcel.size_of(index) for index in range(parcel.parts) if not self.has(parcel, index)]
        )

    def keep(self, parcel: Parcel, index: int, content: bytes) -> None:
        """Store a part.  Raises Locked, StoreFull."""
        label = LABEL + parcel.digest + bytes((index,))
        raw = parcel.digest[:MARK] + self._keys.encrypt(label, content)
        if self._journal.get(records.PART, parcel.place * PLACES + index) != raw:
            self._journal.put(records.PART, parcel.place * PLACES + index, raw)

    def part(self, parcel: Parcel, index: int) -> bytes:
        """Return a part of a parcel.  Raises Locked, SecretInvalid."""
        raw = self._journal.get(records.PART, parcel.place * PLACES + index) or b""
        content = self._keys.decrypt(LABEL + parcel.digest + bytes((index,)), raw[MARK:])
        if content is None:
            raise SecretInvalid
        return content

    def drop(self, name: bytes) -> None:
        """Delete a parcel.

        Its parts are removed by the next compaction; until then none is taken for another parcel's.
        """
        parcel = self.find(name)
        if parcel is None:
            return
        self._journal.put(records.PARCEL, parcel.place, b"")
        for index in range(parcel.parts):
            if self.has(parcel, index):
                self._journal.put(records.PART, parcel.place * PLACES + index, b"")

    def on_compaction(self, number: int) -> bool:
        """Return whether compaction keeps a PART record."""
        parcel = self.at(number // PLACES)
        return (
            parcel is not None
            and self._journal.peek(records.PART, number, MARK) == parcel.digest[:MARK]
        )
