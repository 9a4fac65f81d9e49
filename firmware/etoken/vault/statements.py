"""The key's own log: every statement that it signed, in sequence, and the receipts for them.

One record holds all of a signature, so after a power cut it was made or not made, never half.  When
flash runs full, compaction replaces the oldest statements that have a receipt by links: idempotency
key, digest and name, so that nothing is signed twice and gaps can still be closed.  A statement
without a receipt is never dropped, and room for one receipt is always reserved: a key that is full
of statements can still store receipts, after which statements can be dropped.
"""

from biandun_protocol.wire import cbor, merkle
from biandun_protocol.wire import statement as wire
from biandun_protocol.wire.numbers import LIMIT_LINKS
from etoken.heap import tidy
from etoken.store.journal import StoreFull
from etoken.vault import records

TYPE_CHECKING = False
if TYPE_CHECKING:
    from etoken.store.journal import Journal
    from etoken.vault.identity import Identity

KEEP_RECEIPTED = (64, 16, 4, 1)  # how many statements with a receipt are kept, while room runs out
RESERVE = 6 * 1024  # bytes that only a receipt, a log point, a PIN count, a seed or a fault may use
NAMED = 80  # bytes of a LINK record
KEY_AT = 2  # a STATEMENT record begins 85 50: array of five, then the idempotency key


class Record:
    """One signed statement in its parts."""

    def __init__(self, seq: int, raw: bytes) -> None:
        self.seq = seq
        self.idempotency_key: bytes
        self.purpose: str
        self.digest: bytes
        self.header: bytes
        self.signature: bytes
        parts = cbor.loads(raw)
        self.idempotency_key, self.purpose, self.digest, self.header, self.signature = parts  # type: ignore[misc]

    def statement(self) -> bytes:
        """Return the statement as it is transmitted."""
        return wire.assemble(self.header, self.digest, self.signature)


class Statements:
    """All statements on the key, the head of its chain, receipts, and the verified log point."""

    def __init__(self, journal: "Journal", identity: "Identity") -> None:
        self._journal = journal
        self._identity = identity
        self._links_from = 0
        self.load()

    def load(self) -> None:
        """Read the head of the chain and the log point again."""
        self._keep = KEEP_RECEIPTED[0]
        self._receipted: "list[int]" = []
        self.seq = 0
        self.head = wire.FIRST_PREV
        self.log_size: int
        self.log_root: bytes
        self.time_floor: int
        self._heard: int  # the sequence number when the office was last verified
        self.log_size, self.log_root, self.time_floor, self._heard = 0, merkle.EMPTY_ROOT, 0, 0
        # times that the office has taken back: up to this one, stated before its log had so many
        # entries
        self._wrong_until, self._wrong_entries = 0, 0
        try:
            self._read_all()
        except Exception:
            if not self._journal.damaged:
                # a damaged key gives out what can be read
                raise

    def _read_all(self) -> None:
        numbers = self._journal.numbers(records.STATEMENT)
        if numbers:
            record = self.by_seq(numbers[-1])
            if record is not None:
                self.seq, self.head = record.seq, self.name_of(record)
        links = self._journal.numbers(records.LINK)
        # by an order of the office the chain continues after a number that is not here
        if links and links[-1] > self.seq:
            self.seq, self.head = links[-1], self.link(links[-1]) or b""
        raw = self._journal.get(records.LOG_POINT)
        if raw:
            point: list[int] = cbor.loads(raw)  # type: ignore[assignment]
            self.log_size, self.log_root, self.time_floor, self._heard = point[:4]  # type: ignore[assignment]
            if len(point) > 4:
                self._wrong_until, self._wrong_entries = point[4:]

    def name_of(self, record: Record) -> bytes:
        """Return the name of a statement (32 bytes) in the suite of the anchor at that time."""
        suite = self._identity.suite
        if suite is None:
            raise ValueError("a statement on a key without an anchor")
        return wire.statement_id(
            suite, wire.to_be_signed(record.header, record.purpose, record.digest)
        )

    def find(self, idempotency_key: bytes) -> "Record | None":
        """Return the statement signed under an idempotency key, looking at the newest first."""
        for seq in reversed(self._journal.numbers(records.STATEMENT)):
            head = self._journal.peek(records.STATEMENT, seq, KEY_AT + 16)
            if head is not None and head[KEY_AT:] == idempotency_key:
                return self.by_seq(seq)
        return None

    def was_signed(self, idempotency_key: bytes) -> bool:
        """Return whether a statement with this idempotency key was signed and has become a link."""
        return any(
            self._journal.peek(records.LINK, seq, 16) == idempotency_key
            for seq in self._journal.numbers(records.LINK)
        )

    def by_id(self, statement_id: bytes) -> "Record | None":
        """Return the statement of that name.

        Looks at the newest first, since a receipt usually comes soon.
        """
        for count, seq in enumerate(reversed(self._journal.numbers(records.STATEMENT))):
            record = self.by_seq(seq)
            if record is not None and self.name_of(record) == statement_id:
                return record
            if count % 16 == 15:
                tidy()
        return None

    def by_seq(self, seq: int) -> "Record | None":
        """Return the statement with that sequence number."""
        raw = self._journal.get(records.STATEMENT, seq)
        return Record(seq, raw) if raw else None

    def link(self, seq: int) -> "bytes | None":
        """Return the name of a statement (32 bytes), also of one that has become a link."""
        record = self.by_seq(seq)
        if record is not None:
            return self.name_of(record)
        raw = self._journal.get(records.LINK, seq)
        return raw[48:] if raw else None

    def require_room(self, size: int = 2048) -> None:
        """Make sure that another statement fits and still leaves the reserve.  Raises StoreFull."""
        self._make_room(size + RESERVE)
        if not self._journal.has_room(size + RESERVE):
            # even if only overwritten counters and log points can be dropped
            self._journal.compact()
            if not self._journal.has_room(size + RESERVE):
                raise StoreFull

    def append(
        self, idempotency_key: bytes, purpose: str, digest: bytes, header: bytes, signature: bytes
    ) -> Record:
        """Commit the next statement of the chain; when this returns it survives a power cut.

        Raises StoreFull.
        """
        raw = cbor.dumps([idempotency_key, purpose, digest, header, signature])
        self.require_room(len(raw))
        seq = self.seq + 1
        record = Record(seq, raw)
        name = self.name_of(record)
        self._journal.put(records.STATEMENT, seq, raw)
        # allocates nothing, so memory and flash agree
        self.seq, self.head = seq, name
        return record

    def continue_after(self, seq: int, head: bytes, order: bytes, digest: bytes) -> None:
        """Continue the chain after ``seq``, whose statement has the name ``head``.

        ``order`` is the nonce of the office's order, ``digest`` that of its manifest.
        """
        if (seq, head) != (self.seq, self.head):
            self.require_room(NAMED)
            self._journal.put(records.LINK, seq, order + digest + head)
            self.seq, self.head = seq, head

    def receipt(self, seq: int) -> "tuple[bytes, bytes] | None":
        """Return (receipt statement, receipt payload) stored for a statement."""
        raw = self._journal.get(records.RECEIPT, seq)
        return tuple(cbor.loads(raw)) if raw else None  # type: ignore[return-value,arg-type]

    def receipted(self) -> int:
        """Return the highest sequence number with a receipt, 0 when there is none."""
        numbers = self._journal.numbers(records.RECEIPT)
        return numbers[-1] if numbers else 0

    def waiting(self) -> int:
        """Return how many statements on the key have no receipt yet."""
        return len(self._journal.numbers(records.STATEMENT)) - len(
            self._journal.numbers(records.RECEIPT)
        )

    def keep_receipt(
        self,
        seq: int,
        statement: bytes,
        payload: bytes,
        log_size: int,
        log_root: bytes,
        time: int,
        index: "int | None" = None,
    ) -> None:
        """Store a verified receipt of log entry ``index`` and advance log point and time floor.

        Neither goes back.  The log point is written first: after a power cut in between the host
        sends the receipt again.
        """
        raw = cbor.dumps([statement, payload])
        self._make_room(len(raw) + 256)
        time_floor = time if self.is_later(time, index) else self.time_floor
        self._put_point(log_size, log_root, time_floor)
        self._journal.put(records.RECEIPT, seq, raw)

    def is_later(self, time: int, index: "int | None" = None) -> bool:
        """Return whether a time stated by the office raises the time floor.

        ``time`` is in seconds since 1970; ``index`` is the log entry that it was stated for, if
        any.  It does when it is later than the floor and was not taken back.
        """
        if time <= self.time_floor:
            return False
        return time > self._wrong_until or (index is not None and index >= self._wrong_entries)

    def raise_floor(self, time: int) -> None:
        """Record a time stated by the office (seconds since 1970), which may raise the floor."""
        later = self.is_later(time)
        if later or self._heard != self.seq:
            self._put_point(self.log_size, self.log_root, time if later else self.time_floor)

    def set_floor(self, time: int, until: int, entries: int) -> None:
        """Set the time floor to ``time``, taking back later times that the office has stated.

        From now on times up to ``until`` do not raise it, except those of log entries from index
        ``entries`` on.  Times that the key has verified itself are taken back as well, even if the
        office no longer knows them.
        """
        self._wrong_until = max(until, self.time_floor, self._wrong_until)
        self._wrong_entries = max(entries, self._wrong_entries)
        self._put_point(self.log_size, self.log_root, time)

    def _put_point(self, log_size: int, log_root: bytes, time_floor: int) -> None:
        """Commit the log point and the time floor, and that the office was verified now."""
        point: "list[object]" = [log_size, log_root, time_floor, self.seq]
        if self._wrong_until:
            point += [self._wrong_until, self._wrong_entries]
        self._journal.put(records.LOG_POINT, 0, cbor.dumps(point))
        self.log_size, self.log_root, self.time_floor, self._heard = (
            log_size,
            log_root,
            time_floor,
            self.seq,
        )

    @property
    def signed_offline(self) -> int:
        """How many statements were signed since the key last verified something from the office."""
        return max(self.seq - self._heard, 0)

    def prepare(self) -> None:
        """Before a compaction: the newest LIMIT_LINKS links are kept.

        They are counted, not computed from numbers, because an order may have left numbers out.
        """
        links = self._journal.numbers(records.LINK)[-LIMIT_LINKS:]
        self._links_from = links[0] if links else 0

    def on_compaction(self, kind: int, number: int) -> "tuple[int, bytes] | bool":
        """Return what compaction makes of a STATEMENT, RECEIPT or LINK record.

        True keeps it, False drops it, (kind, payload) is written in its place.
        """
        if kind == records.LINK:
            return number >= self._links_from
        if (
            number == self.seq
            or number not in self._receipted
            or number in self._receipted[-self._keep :]
        ):
            return True
        if kind == records.RECEIPT:
            return False
        record = self.by_seq(number)
        if record is None:
            return False
        return records.LINK, record.idempotency_key + record.digest + self.name_of(record)

    def _make_room(self, size: int) -> None:
        """Turn receipted statements into links, few at first, until ``size`` bytes fit."""
        for keep in KEEP_RECEIPTED:
            if self._journal.has_room(size):
                return
            if any(seq != self.seq for seq in self._journal.numbers(records.RECEIPT)[:-keep]):
                self._compact(keep)

    def _compact(self, keep: int) -> None:
        self._keep = keep
        self._receipted = self._journal.numbers(records.RECEIPT)
        self._journal.compact()
