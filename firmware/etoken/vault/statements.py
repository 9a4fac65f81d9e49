"""The key's own log: every statement it signed, in sequence, with the receipt that came back for it.

One record holds all of a signature, so a power cut leaves it made or not made, never half.  RAM holds an index from
idempotency key to sequence number.  When flash runs full, the oldest statements that have a receipt go first; one
without a receipt is never dropped.
"""

from biandun_protocol.wire import cbor, merkle
from biandun_protocol.wire import statement as wire
from etoken.vault import records

TYPE_CHECKING = False
if TYPE_CHECKING:
    from etoken.store.journal import Journal

KEEP_RECEIPTED = 64


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

    def statement_id(self) -> bytes:
        """The statement's name (32 bytes)."""
        return wire.statement_id(wire.to_be_signed(self.header, self.purpose, self.digest))

    def statement(self) -> bytes:
        """The statement as it travels."""
        return wire.assemble(self.header, self.digest, self.signature)


class Statements:
    """All statements on the key, the head of its chain, receipts, and the log point last verified."""

    def __init__(self, journal: "Journal") -> None:
        self._journal = journal
        self.load()

    def load(self) -> None:
        """Read the index again."""
        self._by_key: dict[bytes, int] = {}
        self.seq = 0
        self.head = wire.FIRST_PREV
        record = None
        for seq in self._journal.numbers(records.STATEMENT):
            record = Record(seq, self._journal.get(records.STATEMENT, seq))  # type: ignore[arg-type]
            self._by_key[record.idempotency_key] = seq
            if self._journal.get(records.LINK, seq) is None:  # the plug was pulled between the two
                self._journal.put(records.LINK, seq, record.statement_id())
        if record is not None:
            self.seq, self.head = record.seq, record.statement_id()
        raw = self._journal.get(records.LOG_POINT)
        point = cbor.loads(raw) if raw else [0, merkle.EMPTY_ROOT, 0]
        self.log_size: int
        self.log_root: bytes
        self.time_floor: int
        self.log_size, self.log_root, self.time_floor = point  # type: ignore[misc]

    def find(self, idempotency_key: bytes) -> "Record | None":
        """Return the statement signed under an idempotency key."""
        return self.by_seq(self._by_key.get(bytes(idempotency_key), 0))

    def by_id(self, statement_id: bytes) -> "Record | None":
        """Return the statement of that name; looks from the newest back, since receipts come soon."""
        for seq in reversed(self._journal.numbers(records.STATEMENT)):
            record = self.by_seq(seq)
            if record is not None and record.statement_id() == statement_id:
                return record
        return None

    def by_seq(self, seq: int) -> "Record | None":
        """Return the statement with that sequence number."""
        raw = self._journal.get(records.STATEMENT, seq)
        return Record(seq, raw) if raw else None

    def append(self, idempotency_key: bytes, purpose: str, digest: bytes, header: bytes, signature: bytes) -> Record:
        """Commit the next statement of the chain; when this returns it survives a power cut."""
        raw = cbor.dumps([idempotency_key, purpose, digest, header, signature])
        self._journal.put(records.STATEMENT, self.seq + 1, raw)
        record = Record(self.seq + 1, raw)
        self._by_key[record.idempotency_key] = record.seq
        self.seq, self.head = record.seq, record.statement_id()
        self._journal.put(records.LINK, self.seq, self.head)
        return record

    def link(self, seq: int) -> "bytes | None":
        """Return the name of a statement, also of one that is no longer on the key."""
        return self._journal.get(records.LINK, seq)

    def receipt(self, seq: int) -> "tuple[bytes, bytes] | None":
        """Return (receipt statement, receipt payload) kept for a statement."""
        raw = self._journal.get(records.RECEIPT, seq)
        return tuple(cbor.loads(raw)) if raw else None  # type: ignore[return-value,arg-type]

    def receipted(self) -> int:
        """Return the highest sequence number that has a receipt, 0 when there is none."""
        numbers = self._journal.numbers(records.RECEIPT)
        return numbers[-1] if numbers else 0

    def keep_receipt(self, seq: int, statement: bytes, payload: bytes, log_size: int, log_root: bytes, time: int) -> None:
        """Keep a verified receipt and move the log point and the time floor, which never go back."""
        self._journal.put(records.RECEIPT, seq, cbor.dumps([statement, payload]))
        time_floor = max(self.time_floor, time)
        self._journal.put(records.LOG_POINT, 0, cbor.dumps([log_size, log_root, time_floor]))
        self.log_size, self.log_root, self.time_floor = log_size, log_root, time_floor

    def wanted(self, seq: int) -> bool:
        """Is this statement still worth its place?  The newest always are, and all that wait for a receipt."""
        receipted = self._journal.numbers(records.RECEIPT)
        return seq not in receipted or seq == self.seq or seq in receipted[-KEEP_RECEIPTED:]
