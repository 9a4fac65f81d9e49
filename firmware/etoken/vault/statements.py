"""The key's own log: every statement it signed, in sequence, with the receipt that came back for
it.

One record holds all of a signature, so a power cut leaves it made or not made, never half.  When
flash runs full, compaction turns the oldest statements that have a receipt into links: idempotency
key, digest and name, so that nothing is signed twice and gaps can still be closed.  A statement
without a receipt is never dropped, and room for one receipt is always kept free: a key that is full
of signatures can still take receipts, and with them becomes less full.
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

KEEP_RECEIPTED = (64, 16, 4, 1)  # statements with a receipt that stay, from roomy to tight
RESERVE = 6 * 1024  # bytes only a receipt, a log point, a PIN count, a seed or a fault may use
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
        """The statement as it travels."""
        return wire.assemble(self.header, self.digest, self.signature)


class Statements:
    """All statements on the key, the head of its chain, receipts, and the log point last
    verified.
    """

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
        self._heard: int  # the sequence number when the office was last heard
        self.log_size, self.log_root, self.time_floor, self._heard = 0, merkle.EMPTY_ROOT, 0, 0
        # what the office has taken back: times up to this one, stated before its log had so many
        # entries
        self._wrong_until, self._wrong_entries = 0, 0
        try:
            self._read_all()
        except Exception:
            if not self._journal.damaged:
                # else: what can be read of a damaged key is given back, the rest is not there
                raise

    def _read_all(self) -> None:
        numbers = self._journal.numbers(records.STATEMENT)
        if numbers:
            record = self.by_seq(numbers[-1])
            if record is not None:
                self.seq, self.head = record.seq, self.name_of(record)
        links = self._journal.numbers(records.LINK)
        # the office has said that the chain goes on after a number that is not here
        if links and links[-1] > self.seq:
            self.seq, self.head = links[-1], self.link(links[-1]) or b""
        raw = self._journal.get(records.LOG_POINT)
        if raw:
            point: list[int] = cbor.loads(raw)  # type: ignore[assignment]
            self.log_size, self.log_root, self.time_floor, self._heard = point[:4]  # type: ignore[assignment]
            if len(point) > 4:
                self._wrong_until, self._wrong_entries = point[4:]

    def name_of(self, record: Record) -> bytes:
        """The name of a statement (32 bytes) in the suite of the anchor that it was signed
        under.
        """
        suite = self._identity.suite
        if suite is None:
            raise ValueError("a statement on a key without an anchor")
        return wire.statement_id(
            suite, wire.to_be_signed(record.header, record.purpose, record.digest)
        )

    def find(self, idempotency_key: bytes) -> "Record | None":
        """Return the statement signed under an idempotency key, from the newest back."""
        for seq in reversed(self._journal.numbers(records.STATEMENT)):
            head = self._journal.peek(records.STATEMENT, seq, KEY_AT + 16)
            if head is not None and head[KEY_AT:] == idempotency_key:
                return self.by_seq(seq)
        return None

    def was_signed(self, idempotency_key: bytes) -> bool:
        """Was a statement that is no longer on the key signed under this idempotency key?"""
        return any(
            self._journal.peek(records.LINK, seq, 16) == idempotency_key
            for seq in self._journal.numbers(records.LINK)
        )

    def by_id(self, statement_id: bytes) -> "Record | None":
        """Return the statement of that name; looks from the newest back, since receipts come
        soon.
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
        """Return the name of a statement, also of one that is no longer on the key."""
        record = self.by_seq(seq)
        if record is not None:
            return self.name_of(record)
        raw = self._journal.get(records.LINK, seq)
        return raw[48:] if raw else None

    def require_room(self, size: int = 2048) -> None:
        """Make sure that another statement fits and still leaves the reserve.  Raises StoreFull."""
        self._make_room(size + RESERVE)
        if not self._journal.has_room(size + RESERVE):
            # overwritten counters and log points may be all that there is to gain
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
        # needs no memory: what is committed is also what is remembered
        self.seq, self.head = seq, name
        return record

    def continue_after(self, seq: int, head: bytes, order: bytes, digest: bytes) -> None:
        """The office's order (its nonce, its digest) says that the chain goes on after ``seq``,
        whose name is ``head``.
        """
        if (seq, head) != (self.seq, self.head):
            self.require_room(NAMED)
            self._journal.put(records.LINK, seq, order + digest + head)
            self.seq, self.head = seq, head

    def receipt(self, seq: int) -> "tuple[bytes, bytes] | None":
        """Return (receipt statement, receipt payload) kept for a statement."""
        raw = self._journal.get(records.RECEIPT, seq)
        return tuple(cbor.loads(raw)) if raw else None  # type: ignore[return-value,arg-type]

    def receipted(self) -> int:
        """Return the highest sequence number that has a receipt, 0 when there is none."""
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
        """Keep a verified receipt of log entry ``index``, and move the log point and the time
        floor, which do not go back by it.

        The log point goes first: a cut in between is made good by the host, which hands the receipt
        in again.
        """
        raw = cbor.dumps([statement, payload])
        self._make_room(len(raw) + 256)
        time_floor = time if self.is_later(time, index) else self.time_floor
        self._put_point(log_size, log_root, time_floor)
        self._journal.put(records.RECEIPT, seq, raw)

    def is_later(self, time: int, index: "int | None" = None) -> bool:
        """Is a time that the office has stated, for entry ``index`` of its log if for one, later
        than the time floor, and not taken back?
        """
        if time <= self.time_floor:
            return False
        return time > self._wrong_until or (index is not None and index >= self._wrong_entries)

    def raise_floor(self, time: int) -> None:
        """The office has stated a time, which may be later than the last one."""
        later = self.is_later(time)
        if later or self._heard != self.seq:
            self._put_point(self.log_size, self.log_root, time if later else self.time_floor)

    def set_floor(self, time: int, until: int, entries: int) -> None:
        """The office takes back what it has stated: the floor is ``time``, and nothing up to
        ``until`` raises it, but entries from ``entries`` on.

        Times that the key has heard itself are taken back, too, whatever the office remembers of
        them.
        """
        self._wrong_until = max(until, self.time_floor, self._wrong_until)
        self._wrong_entries = max(entries, self._wrong_entries)
        self._put_point(self.log_size, self.log_root, time)

    def _put_point(self, log_size: int, log_root: bytes, time_floor: int) -> None:
        """Commit where the log stands and what time it is at least; the office was heard."""
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
    def unheard(self) -> int:
        """How many statements were signed since the office was last heard."""
        return max(self.seq - self._heard, 0)

    def prepare(self) -> None:
        """A compaction begins: the newest LIMIT_LINKS links stay, by their count, since numbers may
        be left out.
        """
        links = self._journal.numbers(records.LINK)[-LIMIT_LINKS:]
        self._links_from = links[0] if links else 0

    def on_compaction(self, kind: int, number: int) -> "tuple[int, bytes] | bool":
        """Return what compaction makes of a STATEMENT, RECEIPT or LINK record: True to keep it,
        False to drop it, or (kind, payload) to write in its place.
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
        """Let receipted statements go, few at first, until ``size`` bytes fit or none is left to
        go.
        """
        for keep in KEEP_RECEIPTED:
            if self._journal.has_room(size):
                return
            if any(seq != self.seq for seq in self._journal.numbers(records.RECEIPT)[:-keep]):
                self._compact(keep)

    def _compact(self, keep: int) -> None:
        self._keep = keep
        self._receipted = self._journal.numbers(records.RECEIPT)
        self._journal.compact()
