"""The unit card: the office's data about the unit, in sections that are transferred one by one.

Two sides have room for the card in force and for the one that is arriving.  Sections may arrive in
any order and over many days; after the last one a single record puts the new card in force, so
there is always one complete card.  Sections name persons, so they are sealed under the data key;
the office's statement, which contains the unit and digests, is not.
"""

from biandun_protocol.wire import cbor, codec
from biandun_protocol.wire.messages import CardManifest
from etoken.crypto.faults import SecretInvalid
from etoken.vault import records

TYPE_CHECKING = False
if TYPE_CHECKING:
    from etoken.store.journal import Journal
    from etoken.vault.keys import Keys

DIGEST = 32
LABEL = b"card "
PLACES = 64  # numbers of sections on one side


class Side:
    """A card as stored on flash, without its sections; ``side`` is 0 or 1."""

    def __init__(self, raw: bytes) -> None:
        self.statement: bytes
        self.raw_manifest: bytes
        self.side: int
        self.statement, self.raw_manifest, self.side = cbor.loads(raw)  # type: ignore[misc]
        self.manifest = codec.decode(CardManifest, self.raw_manifest)

    def encode(self) -> bytes:
        """Return the bytes of the record."""
        content: list[object] = [self.statement, self.raw_manifest, self.side]
        return cbor.dumps(content)


class Card:
    """The card in force and the one that is arriving."""

    def __init__(self, journal: "Journal", keys: "Keys") -> None:
        self._journal = journal
        self._keys = keys
        self._wanted: "list[tuple[int, list[bytes]]]" = []

    def current(self) -> "Side | None":
        """The card in force."""
        return self._read(records.CARD)

    def arriving(self) -> "Side | None":
        """The announced card, of which sections are missing."""
        return self._read(records.NEXT_CARD)

    def next_side(self, statement: bytes, manifest: bytes) -> Side:
        """Return a newer card for the side that is not in force; the caller has verified it."""
        current = self.current()
        content: list[object] = [statement, manifest, 1 - current.side if current else 0]
        return Side(cbor.dumps(content))

    def begin(self, card: Side) -> None:
        """Store an announced card, replacing any other that was arriving."""
        raw = card.encode()
        if self._journal.get(records.NEXT_CARD) != raw:
            self._journal.put(records.NEXT_CARD, 0, raw)

    def has(self, card: Side, index: int) -> bool:
        """Return whether this section is stored."""
        return (
            self._journal.peek(records.SECTION, card.side * PLACES + index, DIGEST)
            == card.manifest.sections[index]
        )

    def missing(self, card: Side) -> int:
        """Return the index of the first section that is not stored; their number when all are."""
        for index in range(len(card.manifest.sections)):
            if not self.has(card, index):
                return index
        return len(card.manifest.sections)

    def missing_count(self, card: Side) -> int:
        """Return how many sections are not stored."""
        return len(
            [index for index in range(len(card.manifest.sections)) if not self.has(card, index)]
        )

    def keep(self, card: Side, index: int, content: bytes) -> None:
        """Store a section, whose digest the caller has compared.

        Raises Locked, StoreFull.
        """
        digest, number = card.manifest.sections[index], card.side * PLACES + index
        if not self.has(card, index):
            self._journal.put(
                records.SECTION, number, digest + self._keys.encrypt(LABEL + digest, content)
            )

    def put_in_force(self, card: Side) -> None:
        """Put a card in force, all of whose sections are stored."""
        self._journal.put(records.CARD, 0, card.encode())
        self.finish_arrival()

    def finish_arrival(self) -> None:
        """Delete the record of the arriving card."""
        if self._journal.get(records.NEXT_CARD):
            self._journal.put(records.NEXT_CARD, 0, b"")

    def section(self, card: Side, index: int) -> bytes:
        """Return a section of a card.  Raises Locked, SecretInvalid."""
        raw = self._journal.get(records.SECTION, card.side * PLACES + index) or bytes(DIGEST)
        content = self._keys.decrypt(LABEL + raw[:DIGEST], raw[DIGEST:])
        if content is None:
            raise SecretInvalid
        return content

    def prepare(self) -> None:
        """Before a compaction: look up which sections are needed."""
        cards = [card for card in (self.current(), self.arriving()) if card is not None]
        self._wanted = [(card.side, card.manifest.sections) for card in cards]

    def on_compaction(self, number: int) -> bool:
        """Return whether compaction keeps a SECTION record.

        It does for the card in force and for the one that is arriving.
        """
        own, index = divmod(number, PLACES)
        digest = self._journal.peek(records.SECTION, number, DIGEST)
        return any(
            side == own and digest in sections[index : index + 1] for side, sections in self._wanted
        )

    def _read(self, kind: int) -> "Side | None":
        raw = self._journal.get(kind)
        return Side(raw) if raw else None
