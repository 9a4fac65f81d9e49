"""The audit ring: the last 64 events of this key, for its office (SPEC section 6.7).

    link = SHA-256(link before || CBOR [count, event, boots, seq, detail])        the first follows 32 zero bytes

Each event is linked to the one before.  Events are rare and each results from somebody's action:
PINs set and locked, cards, batches, resets.  Signatures have a chain of their own.  The ring
survives a reset.  An event is written before the action it records, so after a power cut there may
be one event too many, never one too few.  An entry cannot be removed or inserted without breaking
the links, which an office that knows an earlier or later link detects.
"""  # noqa: E501

from hashlib import sha256

from biandun_protocol.wire import cbor
from biandun_protocol.wire.numbers import LIMIT_AUDIT
from etoken.heap import tidy
from etoken.vault import records

TYPE_CHECKING = False
if TYPE_CHECKING:
    from etoken.store.journal import Journal

START = bytes(32)
PLACES = LIMIT_AUDIT + 1


class Event:
    """One entry: the ``count``-th event of this key, and its link (32 bytes)."""

    def __init__(self, raw: bytes) -> None:
        self.count: int
        self.event: int
        self.boots: int
        self.seq: int
        self.detail: int
        self.link: bytes
        self.count, self.event, self.boots, self.seq, self.detail, self.link = cbor.loads(raw)  # type: ignore[misc]

    def fields(self) -> "list[object]":
        """Return the fields that are linked and exported."""
        return [self.count, self.event, self.boots, self.seq, self.detail]


class Audit:
    """The ring: the ``count``-th event is stored at ``count`` modulo 65.

    That is one place more than are exported, for the link before the first exported event.
    """

    def __init__(self, journal: "Journal") -> None:
        self._journal = journal
        self._last: "Event | None" = None
        try:
            self._find_last()
        except Exception:
            if not journal.damaged:
                # a damaged key gives out what can be read
                raise

    def _find_last(self) -> None:
        for number in self._journal.numbers(records.AUDIT):
            event = Event(self._journal.get(records.AUDIT, number) or b"")
            if self._last is None or event.count > self._last.count:
                self._last = event

    def exported(self) -> "tuple[int, bytes]":
        """Return the first exported count, and all exported events as a CBOR array, in order."""
        last = self._last.count if self._last else 0
        first = max(last - LIMIT_AUDIT + 1, 1)
        size = last - first + 1
        out = bytearray(bytes((0x80 | size,)) if size < 24 else bytes((0x98, size)))
        for count in range(first, last + 1):
            event = self._at(count)
            if event is not None:
                out += cbor.dumps(event.fields())
            if count % 8 == 0:
                tidy()
        return first, bytes(out)

    def before(self, first: int) -> bytes:
        """Return the link before the ``first`` exported event (32 bytes)."""
        event = self._at(first - 1) if first > 1 else None
        return event.link if event is not None else START

    def add(self, event: int, boots: int, seq: int, detail: int = 0) -> None:
        """Append an event.  Raises StoreFull, StoreDamaged."""
        count = self._last.count + 1 if self._last else 1
        fields: list[object] = [count, event, boots, seq, detail]
        link = sha256((self._last.link if self._last else START) + cbor.dumps(fields)).digest()
        raw = cbor.dumps(fields + [link])
        self._journal.put(records.AUDIT, count % PLACES, raw)
        self._last = Event(raw)

    def _at(self, count: int) -> "Event | None":
        raw = self._journal.get(records.AUDIT, count % PLACES)
        return Event(raw) if raw else None
