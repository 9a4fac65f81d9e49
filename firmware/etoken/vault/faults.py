"""The key's log of its own faults: the last eight that prevented a signature.

It survives power cuts and a wipe.  The office that gets the key back reads from it what failed, how
often, and in which boot.  ``info`` reports how many faults there were and the last one.
"""

from biandun_protocol.wire import cbor
from etoken.vault import records

TYPE_CHECKING = False
if TYPE_CHECKING:
    from etoken.store.journal import Journal

KEPT = 8


class Fault:
    """One entry: the ``count``-th fault of this key, its wire error number, and the boot count.

    The boot count is that of ``seed``.
    """

    def __init__(self, raw: bytes) -> None:
        self.count: int
        self.code: int
        self.boots: int
        self.count, self.code, self.boots = cbor.loads(raw)  # type: ignore[misc]


class Faults:
    """A ring: the ``count``-th fault is stored at ``count`` modulo eight."""

    def __init__(self, journal: "Journal") -> None:
        self._journal = journal

    def entries(self) -> "list[Fault]":
        """Return the entries, oldest first."""
        kept = [self._journal.get(records.FAULT, place) for place in range(KEPT)]
        return sorted([Fault(raw) for raw in kept if raw], key=lambda fault: fault.count)

    def last(self) -> "Fault | None":
        """Return the newest entry; its ``count`` is the number of faults so far."""
        entries = self.entries()
        return entries[-1] if entries else None

    def add(self, code: int, boots: int) -> None:
        """Log a fault.  Raises StoreFull, StoreDamaged."""
        last = self.last()
        count = last.count + 1 if last else 1
        self._journal.put(records.FAULT, count % KEPT, cbor.dumps([count, code, boots]))
