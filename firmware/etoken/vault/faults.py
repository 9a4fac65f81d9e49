"""The key's log of its own faults: the last eight of those that stop signing, kept when the cable
is pulled and in a wipe.

It is for the office that gets the key back: what failed, how often, and in which boot.  ``info``
tells how many there were and which was the last.
"""

from biandun_protocol.wire import cbor
from etoken.vault import records

TYPE_CHECKING = False
if TYPE_CHECKING:
    from etoken.store.journal import Journal

KEPT = 8


class Fault:
    """One entry: the ``count``-th fault of this key, its wire error number, and the boot count of
    ``seed`` at that time.
    """

    def __init__(self, raw: bytes) -> None:
        self.count: int
        self.code: int
        self.boots: int
        self.count, self.code, self.boots = cbor.loads(raw)  # type: ignore[misc]


class Faults:
    """A ring: the ``count``-th fault stands at ``count`` modulo eight."""

    def __init__(self, journal: "Journal") -> None:
        self._journal = journal

    def entries(self) -> "list[Fault]":
        """Return what is kept, oldest first."""
        kept = [self._journal.get(records.FAULT, place) for place in range(KEPT)]
        return sorted([Fault(raw) for raw in kept if raw], key=lambda fault: fault.count)

    def last(self) -> "Fault | None":
        """Return the newest entry; its count says how many there have been."""
        entries = self.entries()
        return entries[-1] if entries else None

    def add(self, code: int, boots: int) -> None:
        """Log a fault.  Raises StoreFull, StoreDamaged."""
        last = self.last()
        count = last.count + 1 if last else 1
        self._journal.put(records.FAULT, count % KEPT, cbor.dumps([count, code, boots]))
